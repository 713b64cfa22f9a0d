//! Random programs: each is made from a seed, run by CPython, the golden model, C and Rust, and cut down when they
//! disagree.

use crate::batch::run_file;
use crate::corpus::Verdict;
use crate::targets::Tools;
use std::path::Path;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// What an expression is: a scalar, or an array of as many elements as the arguments have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Float,
    Int,
    Complex,
    Bool,
    Floats,
    Floats32,
    Complexes,
    Complexes64,
    Ints,
    Shorts,
    Bytes,
    /// Two-dimensional, 3 by the length.
    Rows,
}

use Kind::*;

const ARRAYS: [Kind; 7] = [Floats, Floats32, Complexes, Complexes64, Ints, Shorts, Bytes];
/// Slices; two arrays cut by the same one have the same length.
const SLICES: [&str; 10] = ["1:", ":-1", "::2", "::-1", "2:7", "-5:", "1:-1:3", "6:1:-2", ":", "3:100"];

struct Maker {
    random: Random,
    vars: Vec<(String, Kind)>,
    lines: Vec<String>,
    indent: usize,
    fresh: usize,
    with_class: bool,
    /// Arrays of other shapes, to be returned.
    views: Vec<String>,
}

/// The program of a seed.
pub fn program(seed: u64) -> String {
    let mut m = Maker {
        random: Random(seed),
        vars: vec![],
        lines: vec![],
        indent: 1,
        fresh: 0,
        with_class: false,
        views: vec![],
    };
    m.with_class = m.random.below(3) == 0;
    for (name, kind) in [
        ("x", Floats),
        ("y", Floats32),
        ("z", Complexes),
        ("c", Complexes64),
        ("u", Ints),
        ("w", Shorts),
        ("b", Bytes),
        ("g", Float),
        ("k", Int),
    ] {
        m.vars.push((name.into(), kind));
    }
    if m.with_class {
        m.line("acc = Smoother(0.25)");
    }
    for _ in 0..2 + m.random.below(4) {
        m.statement(2);
    }
    let mut results: Vec<String> = Vec::new();
    let candidates: Vec<String> = m.vars.iter().map(|v| v.0.clone()).collect();
    for name in candidates.iter().rev().take(4) {
        results.push(name.clone());
    }
    results.extend(m.views.clone());
    results.push("x".into());
    m.line(&format!("return {}", results.join(", ")));
    let body = m.lines.join("\n");
    format!(
        "# Random program {seed}.\n# family: indexing\n# entry: f\n# compare: derived\nimport numpy as np\nfrom scipy import signal\n\n\
def helper(v, gain=0.5, offset=0):\n    if gain > 1.0:\n        return v / gain\n    return v * gain + offset\n\n\
class Smoother:\n    def __init__(self, a):\n        self.a = a\n        self.state = 0.0\n        self.count = 0\n\n    def step(self, v):\n        self.state += self.a * (v - self.state)\n        self.count += 1\n        return self.state\n\n\
def f(x, y, z, c, u, w, b, g, k):\n    n = len(x)\n{body}\n\n\
if __name__ == \"__main__\":\n    rng = np.random.default_rng({})\n    for n in (12, 9):\n        f(rng.standard_normal(n), rng.standard_normal(n).astype(np.float32), rng.standard_normal(n) + 1j * rng.standard_normal(n),\n          (rng.standard_normal(n) - 1j * rng.standard_normal(n)).astype(np.complex64), rng.integers(-50, 50, n),\n          rng.integers(-300, 300, n).astype(np.int16), rng.integers(0, 256, n).astype(np.uint8), float(rng.uniform(0.3, 2)), int(rng.integers(-9, 9)))\n",
        seed % 1000
    )
}

impl Maker {
    fn line(&mut self, text: &str) {
        self.lines.push(format!("{}{text}", "    ".repeat(self.indent)));
    }
    fn name(&mut self) -> String {
        self.fresh += 1;
        format!("v{}", self.fresh)
    }
    fn var(&mut self, kind: Kind) -> Option<String> {
        let found: Vec<String> = self.vars.iter().filter(|v| v.1 == kind).map(|v| v.0.clone()).collect();
        if found.is_empty() { None } else { Some(found[self.random.below(found.len())].clone()) }
    }
    fn array(&mut self) -> (String, Kind) {
        let kind = ARRAYS[self.random.below(ARRAYS.len())];
        (self.var(kind).unwrap_or_else(|| "x".into()), kind)
    }
    fn index(&mut self) -> String {
        match self.random.below(5) {
            0 => "0".into(),
            1 => "-1".into(),
            2 => format!("{}", self.random.below(8)),
            3 => format!("-{}", 1 + self.random.below(8)),
            _ => format!("({}) % n", self.expr(Int, 1)),
        }
    }
    /// An expression of a kind; `depth` bounds its nesting.
    fn expr(&mut self, kind: Kind, depth: usize) -> String {
        if depth == 0 || self.random.below(5) == 0 {
            if self.random.below(4) > 0
                && let Some(v) = self.var(kind)
            {
                return v;
            }
            return self.leaf(kind);
        }
        let d = depth - 1;
        let r = &mut self.random;
        match kind {
            Float => match r.below(9) {
                0 => {
                    let op = r.pick(&["+", "-", "*"]);
                    format!("({} {op} {})", self.expr(Float, d), self.expr(Float, d))
                }
                1 => format!("({} / (1.5 + abs({})))", self.expr(Float, d), self.expr(Float, d)),
                2 => {
                    let f = r.pick(&["np.sum", "np.mean", "np.max", "np.min", "np.std", "np.median", "np.ptp"]);
                    format!("{f}({})", self.expr(Floats, d))
                }
                3 => format!("np.dot({}, {})", self.expr(Floats, d), self.expr(Floats, d)),
                4 => format!("{}[{}]", self.var(Floats).unwrap_or("x".into()), self.index()),
                5 => format!("helper({}, {})", self.expr(Float, d), self.leaf(Float)),
                6 => format!("float({})", self.expr(Int, d)),
                7 => format!("({} if {} else {})", self.expr(Float, d), self.expr(Bool, d), self.expr(Float, d)),
                _ if self.with_class => format!("acc.step({})", self.expr(Float, d)),
                _ => format!("np.sin({})", self.expr(Float, d)),
            },
            Int => match r.below(9) {
                0 => {
                    let op = r.pick(&["+", "-", "&", "|", "^"]);
                    format!("({} {op} {})", self.small(d), self.small(d))
                }
                1 => {
                    let (op, by) = (r.pick(&["//", "%"]), r.pick(&["3", "-3", "7", "-5", "2"]));
                    format!("({} {op} {by})", self.small(d))
                }
                2 => {
                    let by = r.below(5);
                    format!("({} >> {by})", self.small(d))
                }
                3 => format!("({} * {})", self.small(d), self.leaf(Int)),
                4 => {
                    let f = r.pick(&["np.argmax", "np.argmin"]);
                    format!("int({f}({}))", self.expr(Floats, d))
                }
                5 => format!("int({}[{}])", self.var(Ints).unwrap_or("u".into()), self.index()),
                6 => format!("int(np.sum({} > {}))", self.expr(Floats, d), self.leaf(Float)),
                7 => format!("min({}, {})", self.small(d), self.small(d)),
                _ => "n".into(),
            },
            Complex => match r.below(4) {
                0 => format!("({} * {})", self.expr(Complex, d), self.expr(Complex, d)),
                1 => format!("np.sum({})", self.expr(Complexes, d)),
                2 => format!("complex({}, {})", self.expr(Float, d), self.expr(Float, d)),
                _ => format!("{}[{}]", self.var(Complexes).unwrap_or("z".into()), self.index()),
            },
            Bool => match r.below(5) {
                0 => format!("({} and {})", self.expr(Bool, d), self.expr(Bool, d)),
                1 => format!("(not {})", self.expr(Bool, d)),
                2 => {
                    let op = r.pick(&["<", ">=", "==", "!="]);
                    format!("({} {op} {})", self.expr(Int, d), self.expr(Int, d))
                }
                _ => {
                    let op = r.pick(&["<", ">"]);
                    format!("({} {op} {})", self.expr(Float, d), self.expr(Float, d))
                }
            },
            Floats => match r.below(13) {
                0 | 1 => {
                    let op = r.pick(&["+", "-", "*"]);
                    format!("({} {op} {})", self.expr(Floats, d), self.expr(Floats, d))
                }
                2 => {
                    let f = r.pick(&["np.sin", "np.abs", "np.floor", "np.tanh", "np.sort", "np.cumsum", "np.square"]);
                    format!("{f}({})", self.expr(Floats, d))
                }
                3 => format!(
                    "np.where({} > {}, {}, {})",
                    self.expr(Floats, d),
                    self.leaf(Float),
                    self.expr(Floats, d),
                    self.expr(Floats, d)
                ),
                4 => {
                    let part = r.pick(&["real", "imag"]);
                    format!("np.fft.fft({}).{part}", self.expr(Floats, d))
                }
                5 => format!("signal.lfilter([0.5, 0.25], [1.0, -0.3], {})", self.expr(Floats, d)),
                6 => format!("np.convolve({}, [0.25, 0.5, 0.25])[1:-1]", self.expr(Floats, d)),
                7 => format!("np.roll({}, {})", self.expr(Floats, d), self.leaf(Int)),
                8 => format!("({} + {})", self.expr(Floats32, d), self.expr(Ints, d)),
                9 => format!("({} * {})", self.expr(Floats, d), self.expr(Float, d)),
                10 => {
                    let part = r.pick(&["np.abs", "np.real", "np.imag"]);
                    format!("{part}({})", self.expr(Complexes, d))
                }
                11 => {
                    let f = r.pick(&["np.sum", "np.max", "np.mean"]);
                    format!("{f}({}, axis=0)", self.expr(Rows, d))
                }
                _ => format!("helper({}, offset={})", self.expr(Floats, d), self.leaf(Float)),
            },
            Floats32 => match r.below(4) {
                0 => {
                    let op = r.pick(&["+", "-", "*"]);
                    format!("({} {op} {})", self.expr(Floats32, d), self.expr(Floats32, d))
                }
                1 => format!("({} * {})", self.expr(Floats32, d), self.leaf(Float)),
                2 => format!("({}).astype(np.float32)", self.expr(Floats, d)),
                _ => {
                    let f = r.pick(&["np.abs", "np.square", "np.cumsum"]);
                    format!("{f}({})", self.expr(Floats32, d))
                }
            },
            Complexes => match r.below(5) {
                0 => format!("({} * {})", self.expr(Complexes, d), self.expr(Complexes, d)),
                1 => format!("({} + 1j * {})", self.expr(Floats, d), self.expr(Floats, d)),
                2 => {
                    let f = r.pick(&["np.fft.fft", "np.fft.ifft", "np.conj", "np.cumsum"]);
                    format!("{f}({})", self.expr(Complexes, d))
                }
                3 => format!("({} - {})", self.expr(Complexes, d), self.expr(Complex, d)),
                _ => format!("({} * {})", self.expr(Complexes64, d), self.expr(Floats, d)),
            },
            Complexes64 => match r.below(3) {
                0 => format!("({} + {})", self.expr(Complexes64, d), self.expr(Complexes64, d)),
                1 => format!("({} * {})", self.expr(Complexes64, d), self.expr(Floats32, d)),
                _ => format!("np.conj({})", self.expr(Complexes64, d)),
            },
            Ints => match r.below(7) {
                0 | 1 => {
                    let op = r.pick(&["+", "-", "*", "&", "|", "^"]);
                    format!("({} {op} {})", self.expr(Ints, d), self.expr(Ints, d))
                }
                2 => {
                    let (op, by) = (r.pick(&["//", "%"]), r.pick(&["3", "-3", "7", "-5", "2"]));
                    format!("({} {op} {by})", self.expr(Ints, d))
                }
                3 => {
                    let by = r.below(6);
                    let op = r.pick(&[">>", "<<"]);
                    format!("({} {op} {by})", self.expr(Ints, d))
                }
                4 => format!("np.cumsum({})", self.expr(Shorts, d)),
                5 => format!("np.argsort({}, kind=\"stable\")", self.expr(Ints, d)),
                _ => format!("({}).astype(np.int64)", self.expr(Shorts, d)),
            },
            Shorts | Bytes => {
                let op = r.pick(&["+", "-", "*", "&", "^", "//", "%"]);
                let other = if op == "//" || op == "%" { "7".to_string() } else { self.expr(kind, d) };
                format!("({} {op} {other})", self.expr(kind, d))
            }
            Rows => match r.below(3) {
                0 => {
                    format!("np.stack([{}, {}, {}])", self.expr(Floats, d), self.expr(Floats, d), self.expr(Floats, d))
                }
                1 => format!("({} - {})", self.expr(Rows, d), self.expr(Floats, d)),
                _ => format!("np.outer([1.0, -2.0, 0.5], {})", self.expr(Floats, d)),
            },
        }
    }
    /// An int of few bits.
    fn small(&mut self, d: usize) -> String {
        match self.random.below(3) {
            0 => self.leaf(Int),
            1 => "k".into(),
            _ => format!("({} % 1000)", self.expr(Int, d)),
        }
    }
    fn leaf(&mut self, kind: Kind) -> String {
        let r = &mut self.random;
        match kind {
            Float => r.pick(&["0.5", "-1.25", "2.0", "0.1", "3.7", "g"]).into(),
            Int => r.pick(&["0", "1", "-2", "3", "5", "-7", "k"]).into(),
            Complex => r.pick(&["1j", "(0.5-2j)"]).into(),
            Bool => r.pick(&["k > 0", "g < 1.0", "n % 2 == 0"]).into(),
            Floats => r.pick(&["x", "x", "np.zeros(n)", "np.arange(n) * 0.5", "np.ones(n)"]).into(),
            Floats32 => "y".into(),
            Complexes => "z".into(),
            Complexes64 => "c".into(),
            Ints => r.pick(&["u", "np.arange(n)"]).into(),
            Shorts => "w".into(),
            Bytes => "b".into(),
            Rows => "np.outer([0.5, 1.0, -1.0], x)".into(),
        }
    }
    /// A scalar that can be stored in an array of a kind.
    fn element(&mut self, kind: Kind) -> String {
        match kind {
            Complexes | Complexes64 => self.expr(Complex, 1),
            Ints => self.small(1),
            Shorts | Bytes => format!("({}) % 100", self.small(1)),
            _ => self.expr(Float, 2),
        }
    }
    fn block(&mut self, depth: usize) {
        let vars = self.vars.len();
        self.indent += 1;
        for _ in 0..1 + self.random.below(3) {
            self.statement(depth);
        }
        self.indent -= 1;
        // names bound only here may be unbound after it
        self.vars.truncate(vars);
    }
    fn statement(&mut self, depth: usize) {
        match self.random.below(if depth == 0 { 9 } else { 14 }) {
            0 | 1 => {
                let kinds =
                    [Float, Int, Complex, Floats, Floats, Floats32, Complexes, Complexes64, Ints, Shorts, Bytes, Rows];
                let kind = kinds[self.random.below(kinds.len())];
                let (name, value) = (self.name(), self.expr(kind, 3));
                self.line(&format!("{name} = {value}"));
                self.vars.push((name, kind));
            }
            2 => {
                let (a, kind) = self.array();
                let (i, v) = (self.index(), self.element(kind));
                self.line(&format!("{a}[{i}] = {v}"));
            }
            3 => {
                let (a, kind) = self.array();
                let (s, v) = (SLICES[self.random.below(SLICES.len())], self.expr(kind, 2));
                let op = self.random.pick(&["=", "=", "+=", "-=", "*="]);
                self.line(&format!("{a}[{s}] {op} ({v})[{s}]"));
            }
            4 => {
                let (a, kind) = self.array();
                let (s, v) = (SLICES[self.random.below(SLICES.len())], self.element(kind));
                self.line(&format!("{a}[{s}] = {v}"));
            }
            5 => {
                let (a, kind) = self.array();
                let (s, name, v) = (SLICES[self.random.below(SLICES.len())], self.name(), self.element(kind));
                self.line(&format!("{name} = {a}[{s}]"));
                match self.random.below(3) {
                    0 => self.line(&format!("{name}[0] = {v}")),
                    1 => self.line(&format!("{name} += {name}[::-1]")),
                    _ => self.line(&format!("{name}[-1] += {a}[0]")),
                }
            }
            6 => {
                let (a, kind) = self.array();
                let v = self.expr(kind, 2);
                let op = self.random.pick(&["+=", "-=", "*="]);
                self.line(&format!("{a} {op} {v}"));
            }
            7 => {
                let (name, rows) = (self.name(), self.expr(Rows, 2));
                let (i, s) = (self.random.below(3), SLICES[self.random.below(SLICES.len())]);
                self.line(&format!("{name} = {rows} + 0.0"));
                let v = self.expr(Float, 1);
                self.line(&format!("{name}[{i}, {s}] = {v}"));
                self.line(&format!("{name}[1:, {i}] *= 2.0"));
                self.vars.push((name, Rows));
            }
            8 => self.view_and_store(),
            9 => {
                let c = self.expr(Bool, 2);
                self.line(&format!("if {c}:"));
                self.block(depth - 1);
                if self.random.below(2) == 0 {
                    self.line("else:");
                    self.block(depth - 1);
                }
            }
            10 | 11 => {
                let i = self.name();
                let range = self.random.pick(&["range(n)", "range(1, n)", "range(n - 1, 0, -2)", "range(4)"]);
                self.line(&format!("for {i} in {range}:"));
                self.vars.push((i.clone(), Int));
                self.indent += 1;
                match self.random.below(4) {
                    0 => {
                        let c = self.expr(Bool, 1);
                        let word = self.random.pick(&["break", "continue"]);
                        self.line(&format!("if {c} and {i} > 2:"));
                        self.line(&format!("    {word}"));
                    }
                    1 => self.line(&format!("x[{i}] = 0.5 * x[{i} - 1] + g")),
                    _ => {
                        let (a, kind) = self.array();
                        let v = self.element(kind);
                        self.line(&format!("{a}[{i}] = {v}"));
                    }
                }
                self.indent -= 1;
                self.block(depth - 1);
                self.vars.retain(|v| v.0 != i);
            }
            12 => {
                let i = self.name();
                let c = self.expr(Bool, 1);
                self.line(&format!("{i} = 0"));
                self.line(&format!("while {i} < 6 and not ({c} and {i} == 3):"));
                self.line(&format!("    {i} += 1"));
                self.block(depth - 1);
            }
            _ => {
                let (list, i, name) = (self.name(), self.name(), self.name());
                let v = self.expr(Float, 1);
                self.line(&format!("{list} = []"));
                self.line(&format!("for {i} in range(n):"));
                self.line(&format!("    {list}.append(x[{i}] + {v})"));
                self.line(&format!("{name} = np.array({list})"));
                self.vars.push((name, Floats));
            }
        }
    }
}

impl Maker {
    /// An array seen through some steps, each of them a view or a copy, and a store into what comes out.
    fn view_and_store(&mut self) {
        const PLAIN: [&str; 10] = [
            "{}[::2]",
            "{}[1:]",
            "{}[::-1]",
            "{}.reshape(-1)",
            "{}.ravel()",
            "{}[None, :]",
            "{}.reshape(-1, 1)",
            "np.flip({})",
            "np.atleast_2d({})",
            "np.ascontiguousarray({})",
        ];
        const ROWS: [&str; 15] = [
            "{}.T",
            "{}[1:]",
            "{}[:, 1:]",
            "{}[:, ::2]",
            "{}[::-1]",
            "{}.swapaxes(0, 1)",
            "{}.ravel()",
            "{}.ravel(order=\"F\")",
            "{}.reshape(-1)",
            "{}.flatten()",
            "{}[1]",
            "{}[:, 1]",
            "np.flipud({})",
            "np.rot90({})",
            "np.moveaxis({}, 0, 1)",
        ];
        let (mut text, kind, mut rank) = match self.var(Rows) {
            Some(rows) if self.random.below(3) > 0 => (rows, Floats, 2),
            _ => {
                let (a, kind) = self.array();
                (a, kind, 1)
            }
        };
        let store_into_base = format!("{text}{} = ", if rank == 2 { "[1, 1]" } else { "[1]" });
        for _ in 0..1 + self.random.below(3) {
            let step = if rank == 2 { self.random.pick(&ROWS) } else { self.random.pick(&PLAIN) };
            // no index beyond what is there
            if text.contains("None") || text.contains("atleast") || text.contains("(-1, 1)") {
                continue;
            }
            rank = match step {
                "{}[None, :]" | "{}.reshape(-1, 1)" | "np.atleast_2d({})" => 2,
                "{}.ravel()" | "{}.ravel(order=\"F\")" | "{}.reshape(-1)" | "{}.flatten()" | "{}[:, 1]" => 1,
                "{}[1]" if rank == 2 => 1,
                _ => rank,
            };
            text = step.replace("{}", &text);
        }
        let (name, v, w) = (self.name(), self.element(kind), self.element(kind));
        self.line(&format!("{name} = {text}"));
        match self.random.below(4) {
            0 => self.line(&format!("{name}[-1:] = {v}")),
            1 => self.line(&format!("{name} *= 2")),
            2 => self.line(&format!("{name}[:1] += {name}[-1:]")),
            _ => self.line(&format!("{store_into_base}{w}")),
        }
        if self.indent == 1 {
            self.views.push(name);
        }
    }
}

/// Runs a program's text.
pub fn run(text: &str, tools: Option<&Tools>) -> Verdict {
    let Ok(folder) = tempfile::tempdir() else { return Verdict::Bench("no folder".into()) };
    let file = folder.path().join("program.py");
    if std::fs::write(&file, text).is_err() {
        return Verdict::Bench("the program cannot be written".into());
    }
    run_file(&file, tools)
}

/// Whether a verdict is a finding.
pub fn fails(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Wrong(..) | Verdict::Bug(..))
}

/// Removes statements, with the blocks under them, as long as the program still fails in the same stage.
pub fn minimise(text: &str, tools: Option<&Tools>, tries: usize) -> String {
    let stage = |v: &Verdict| match v {
        Verdict::Wrong(s, _) => Some((true, *s)),
        Verdict::Bug(s, _) => Some((false, *s)),
        _ => None,
    };
    let due = stage(&run(text, tools));
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    let mut left = tries;
    let depth = |l: &String| l.len() - l.trim_start().len();
    let mut changed = true;
    while changed && left > 0 {
        changed = false;
        let mut i = lines.iter().position(|l| l.starts_with("def f(")).map_or(0, |p| p + 1);
        while i < lines.len() && !lines[i].starts_with("if __name__") && left > 0 {
            if lines[i].trim().is_empty() || lines[i].trim_start().starts_with("return") {
                i += 1;
                continue;
            }
            let own = depth(&lines[i]);
            let mut end = i + 1;
            while end < lines.len() && !lines[end].trim().is_empty() && depth(&lines[end]) > own {
                end += 1;
            }
            let mut shorter = lines.clone();
            shorter.drain(i..end);
            left -= 1;
            if stage(&run(&(shorter.join("\n") + "\n"), tools)) == due {
                lines = shorter;
                changed = true;
            } else {
                i += 1;
            }
        }
    }
    lines.join("\n") + "\n"
}

/// Writes a crasher beside the corpus.
///
/// # Errors
/// From the file system.
pub fn keep(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(format!("{name}.py")), text)
}
