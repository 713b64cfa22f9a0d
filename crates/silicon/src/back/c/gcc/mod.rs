//! What versions of gcc get wrong, and what keeps a file from it: each analysis says whether a program could be
//! affected, and then the file takes the part of the optimiser out that is to blame. Found by comparing builds; every
//! program of `tests/run` is built at several levels, and with the instructions of the machine it runs on.

mod contraction;
mod rounding;
mod squares;

use crate::lir::Program;

/// Lines for gcc only.
pub(super) fn guards(program: &Program) -> Vec<&'static str> {
    let mut lines = Vec::new();
    if contraction::possible(program) {
        // GCC PR 107647: a vectoriser pattern ignores -ffp-contract=off
        lines.push("#if __GNUC__ == 12 && __GNUC_MINOR__ < 3 && (defined(__x86_64__) || defined(__i386__))");
        lines.push("/* this version contracts even so: keep it from fused instructions */");
        lines.push("#pragma GCC target(\"no-fma,no-fma4,no-avx512f\")");
        lines
            .push("#elif (__GNUC__ == 11 || (__GNUC__ == 12 && __GNUC_MINOR__ < 3)) && defined(__ARM_FEATURE_COMPLEX)");
        lines.push(
            "#error \"this version of gcc contracts complex products: use 12.3 or later, or a target without FCMA\"",
        );
        lines.push("#endif");
    }
    if squares::possible(program) {
        lines.push(
            "/* at -O3 gcc 12 loses squares of integers that replace what is squared, in a loop that is repeated */",
        );
        lines.push("#pragma GCC optimize(\"no-tree-loop-im\")");
    }
    if rounding::possible(program) {
        lines.push("/* gcc 12 drops the rounding of vectors from double to float and back, outside of loops */");
        lines.push("#pragma GCC optimize(\"no-tree-slp-vectorize\")");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::guards;
    use crate::hir::{check, parse};

    /// The guards of an entry from `x` (and `k`) to `y`.
    fn of(signature: &str, body: &str) -> String {
        let text = format!("module \"m\"\nlength \"n\" 1 ..\nentry {signature} {{\n{body}}}\n");
        let module = check(parse(&text).unwrap()).unwrap_or_else(|e| panic!("{}", e[0]));
        guards(&crate::lower::lower(&module).unwrap()).join("\n")
    }

    #[test]
    fn float64_values_that_go_through_float32() {
        let signature = "(input \"x\") -> (output \"y\") func \"f\"(%0: float64[$0])";
        let there = "  %1: float32[$0] = cast(%0)\n";
        let hit = |body: &str| of(signature, &format!("{there}{body}")).contains("no-tree-slp-vectorize");
        assert!(hit("  %2: float64[$0] = cast(%1)\n  yield %2\n"));
        // through memory, and through a choice
        assert!(hit(
            "  %2: int64 = const[int64 0]\n  %3: float32 = extract(%1, %2)\n  %4: float32[$0] = insert(%1, %3, %2)\n  %5: float64[$0] = cast(%4)\n  yield %5\n"
        ));
        assert!(hit(
            "  %2: bool[$0] = lt(%0, %0)\n  %3: float32[$0] = neg(%1)\n  %4: float32[$0] = select(%2, %1, %3)\n  %5: float64[$0] = cast(%4)\n  yield %5\n"
        ));
        assert!(!hit("  %2: float32[$0] = mul(%1, %1)\n  %3: float64[$0] = cast(%2)\n  yield %3\n"));
        assert!(!hit("  yield %1\n"));
    }

    #[test]
    fn squares_in_place() {
        let looped = |ty: &str, op: &str| {
            let signature = format!("(input \"x\", input \"k\") -> (output \"y\") func \"f\"(%0: {ty}[$0], %1: int64)");
            let body = format!(
                "  %2: int64 = const[int64 0]\n  %3: {ty}[$0] = for[1](%2, %1, %0) body(%4: int64, %5: {ty}[$0]) {{\n    \
                 %6: {ty}[$0] = {op}\n    yield %6\n  }}\n  yield %3\n"
            );
            of(&signature, &body).contains("no-tree-loop-im")
        };
        for ty in ["int8", "int16", "int32", "int64"] {
            assert!(looped(ty, "mul(%5, %5)"), "{ty}");
        }
        assert!(!looped("int16", "add(%5, %5)") && !looped("int16", "mul(%5, %0)"));
        assert!(!looped("uint16", "mul(%5, %5)") && !looped("float64", "mul(%5, %5)"));
    }

    #[test]
    fn sums_and_differences_of_products_side_by_side() {
        let product = |ty: &str| {
            let signature = format!("(input \"x\") -> (output \"y\") func \"f\"(%0: {ty})");
            of(&signature, &format!("  %1: {ty} = mul(%0, %0)\n  yield %1\n")).contains("no-fma")
        };
        assert!(product("complex128") && product("complex64") && !product("float64"));
        let array = "(input \"x\") -> (output \"y\") func \"f\"(%0: complex128[$0])";
        assert!(of(array, "  %1: complex128[$0] = mul(%0, %0)\n  yield %1\n").contains("no-fma"));
        assert!(of(array, "  %1: complex128[$0] = add(%0, %0)\n  yield %1\n").is_empty());
    }
}
