//! Small static functions the generated C needs where an operator would be undefined or would be evaluated twice.
//! Only those used are emitted.

use super::expr::{c_type, unsigned};
use crate::lir::Ty;
use std::collections::BTreeMap;

/// The helpers needed so far.
#[derive(Default)]
pub(super) struct Helpers {
    text: BTreeMap<String, String>,
}

fn suffix(ty: Ty) -> &'static str {
    match ty {
        Ty::Bool => "bool",
        Ty::I8 => "i8",
        Ty::I16 => "i16",
        Ty::I32 => "i32",
        Ty::I64 => "i64",
        Ty::U8 => "u8",
        Ty::U16 => "u16",
        Ty::U32 => "u32",
        Ty::U64 => "u64",
        Ty::F32 => "f32",
        Ty::F64 => "f64",
    }
}

impl Helpers {
    /// Asks for a helper and gives its name.
    pub(super) fn need(&mut self, what: &str, ty: Ty) -> String {
        let name = match what {
            "index_div" | "index_mod" => format!("pm_{what}"),
            _ => format!("pm_{what}_{}", suffix(ty)),
        };
        if !self.text.contains_key(&name) {
            let body = definition(what, &name, ty);
            self.text.insert(name.clone(), body);
        }
        name
    }
    /// All of them, in order of name.
    pub(super) fn text(&self) -> impl Iterator<Item = &str> {
        self.text.values().map(String::as_str)
    }
}

fn definition(what: &str, name: &str, ty: Ty) -> String {
    let t = c_type(ty);
    let u = unsigned(ty);
    let bits = ty.size() * 8;
    let two = format!("static inline {t} {name}({t} a, {t} b)");
    match what {
        "abs" => format!(
            "/* |a|; the smallest value stays */\nstatic inline {t} {name}({t} a)\n{{\n    return ({t})(a < 0 ? ({t})(0U - ({u})a) : a);\n}}"
        ),
        "probe" => {
            let differ = match ty.is_float() {
                true => "!(a == b && signbit(a) == signbit(b)) && !(a != a && b != b)",
                false => "a != b",
            };
            format!(
                "static inline {t} {name}(int id, {t} a, {t} b)\n{{\n    if (pm_mutant == id) {{\n        pm_seen[0] += 1;\n        pm_seen[1] += ({differ}) ? 1 : 0;\n    }}\n    return a;\n}}"
            )
        }
        "isnan" => format!("static inline bool {name}({t} a)\n{{\n    return a != a;\n}}"),
        "bits" => {
            let i = if ty == Ty::F32 { "uint32_t" } else { "uint64_t" };
            format!(
                "static inline {i} {name}({t} a)\n{{\n    union {{\n        {t} value;\n        {i} bits;\n    }} both;\n    both.value = a;\n    return both.bits;\n}}"
            )
        }
        "from_bits" => {
            let i = if ty == Ty::F32 { "uint32_t" } else { "uint64_t" };
            format!(
                "static inline {t} {name}({i} a)\n{{\n    union {{\n        {i} bits;\n        {t} value;\n    }} both;\n    both.bits = a;\n    return both.value;\n}}"
            )
        }
        "select" => {
            let i = if ty == Ty::F32 { "uint32_t" } else { "uint64_t" };
            format!(
                "/* c ? a : b without a branch */\nstatic inline {t} {name}(bool c, {t} a, {t} b)\n{{\n    union {{\n        {t} value;\n        {i} bits;\n    }} x, y;\n    const {i} mask = ({i})0 - ({i})c;\n    x.value = a;\n    y.value = b;\n    x.bits = (x.bits & mask) | (y.bits & ~mask);\n    return x.value;\n}}"
            )
        }
        "to_i64" => format!(
            "/* truncates; out of range and NaN give the smallest value */\nstatic inline int64_t {name}(double a)\n{{\n    return (a >= -9223372036854775808.0 && a < 9223372036854775808.0) ? (int64_t)a : INT64_MIN;\n}}"
        ),
        "to_i32" => format!(
            "/* truncates; out of range and NaN give the smallest value */\nstatic inline int32_t {name}(double a)\n{{\n    return (a > -2147483649.0 && a < 2147483648.0) ? (int32_t)a : INT32_MIN;\n}}"
        ),
        "index_div" => format!(
            "/* floor(a / b), b > 0 */\nstatic inline int64_t {name}(int64_t a, int64_t b)\n{{\n    return a / b - (a % b < 0 ? 1 : 0);\n}}"
        ),
        "index_mod" => format!(
            "/* a - b * floor(a / b), b > 0 */\nstatic inline int64_t {name}(int64_t a, int64_t b)\n{{\n    const int64_t r = a % b;\n    return r < 0 ? r + b : r;\n}}"
        ),
        "floor_div" if ty.is_signed() => format!(
            "/* floor(a / b); 0 for b = 0 */\n{two}\n{{\n    if (b == 0) {{\n        return 0;\n    }}\n    if (b == -1) {{\n        return ({t})(0U - ({u})a);\n    }}\n    const {t} r = ({t})(a % b);\n    return ({t})(a / b - ((r != 0 && (r < 0) != (b < 0)) ? 1 : 0));\n}}"
        ),
        "floor_mod" if ty.is_signed() => format!(
            "/* remainder with the sign of b; 0 for b = 0 */\n{two}\n{{\n    if (b == 0 || b == -1) {{\n        return 0;\n    }}\n    const {t} r = ({t})(a % b);\n    return ({t})((r != 0 && (r < 0) != (b < 0)) ? r + b : r);\n}}"
        ),
        "floor_div" => format!("/* a / b; 0 for b = 0 */\n{two}\n{{\n    return ({t})(b == 0 ? 0 : a / b);\n}}"),
        "floor_mod" => format!("/* a % b; 0 for b = 0 */\n{two}\n{{\n    return ({t})(b == 0 ? 0 : a % b);\n}}"),
        "min" | "max" if ty.is_float() => {
            let op = if what == "min" { "<=" } else { ">=" };
            format!(
                "/* NaN if either is; of equals the first */\n{two}\n{{\n    return ((a {op} b) | (a != a)) ? a : b;\n}}"
            )
        }
        "min" | "max" => {
            let op = if what == "min" { "<=" } else { ">=" };
            format!("{two}\n{{\n    return ({t})(a {op} b ? a : b);\n}}")
        }
        "shl" => {
            let out = if ty.is_signed() { format!("b < 0 || b >= {bits}") } else { format!("b >= {bits}U") };
            format!("/* 0 once all bits are out */\n{two}\n{{\n    return ({t})(({out}) ? 0U : ({u})a << b);\n}}")
        }
        "shr" if ty.is_signed() => format!(
            "/* arithmetic */\n{two}\n{{\n    const int n = (b < 0 || b >= {bits}) ? {} : (int)b;\n    return ({t})(a < 0 ? ~(~a >> n) : (a >> n));\n}}",
            bits - 1
        ),
        "shr" => format!("{two}\n{{\n    return ({t})(b >= {bits}U ? 0 : a >> b);\n}}"),
        "add_overflows" => format!(
            "static inline bool {name}(int64_t a, int64_t b)\n{{\n    return (b > 0 && a > INT64_MAX - b) || (b < 0 && a < INT64_MIN - b);\n}}"
        ),
        "sub_overflows" => format!(
            "static inline bool {name}(int64_t a, int64_t b)\n{{\n    return (b < 0 && a > INT64_MAX + b) || (b > 0 && a < INT64_MIN + b);\n}}"
        ),
        "mul_overflows" => format!(
            "static inline bool {name}(int64_t a, int64_t b)\n{{\n    if (a > 0) {{\n        return b > 0 ? a > INT64_MAX / b : b < INT64_MIN / a;\n    }}\n    if (a < 0) {{\n        return b > 0 ? a < INT64_MIN / b : (b != 0 && a < INT64_MAX / b);\n    }}\n    return false;\n}}"
        ),
        other => format!("#error \"no helper {other}\""),
    }
}
