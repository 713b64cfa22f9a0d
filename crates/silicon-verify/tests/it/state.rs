//! The attributes of objects: recorded, compared after each call, and set by the bench between two calls.

use crate::support::{Project, array, doubles, float, int, named, record};
use proofmark_evidence::check::{ClaimLevel, Sandbox, Verdict};
use proofmark_silicon::dtype::DType;
use proofmark_silicon::front::python::translate;
use proofmark_silicon::hir::{Module, Op};
use proofmark_silicon::oracle::{PyValue, Recording};
use proofmark_silicon::translation::{Numeric, Options, Outcome, StateTree};
use proofmark_silicon_verify::verify::evidence::Evidence;
use proofmark_silicon_verify::verify::pipeline::{Request, Target, verify};
use proofmark_silicon_verify::verify::report;

const METER: &str = "import numpy as np\n\nclass Meter:\n    def __init__(self):\n        self.level = 0.0\n        \
self.blocks = 0\n        self.recent = np.zeros(3)\n        self.gain = 2.0\n\n    def update(self, x):\n        \
self.level = 0.75 * self.level + 0.25 * x\n        self.blocks = self.blocks + 3\n        \
self.recent[:-1] = self.recent[1:]\n        self.recent[-1] = self.gain * x\n";
const BENCH: &str = "from src import Meter\nm = Meter()\nfor k in range(6):\n    m.update(0.1 * k - 0.2)\n";

/// Records, translates, lets `change` spoil the translation, and verifies for C.
fn evidence(source: &str, bench: &str, entry: &str, change: impl Fn(&mut Outcome)) -> Evidence {
    let project = Project::new(&[("src.py", source), ("bench.py", bench)]);
    let mut oracle = project.start(entry);
    let recording = oracle.record().unwrap();
    let options = Options { entry: entry.into(), file: "src.py".into(), ..Options::default() };
    let mut outcome = translate(&recording, &mut oracle, &options);
    change(&mut outcome);
    let translation = outcome.translation.unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics));
    let scratch = tempfile::tempdir().unwrap();
    verify(Request {
        translation: &translation,
        recording: Some(&recording),
        oracle: Some(&mut oracle),
        sources: &outcome.sources,
        targets: &[Target::C],
        entry,
        numeric: Numeric::F64,
        version: "0.0.0",
        sandbox: Sandbox::Bubblewrap,
        scratch: scratch.path(),
        progress: &mut |_| {},
    })
    .unwrap()
}

fn reason(e: &Evidence, id: &str) -> String {
    let check = e.checks.checks.iter().find(|c| c.id == id).unwrap_or_else(|| panic!("no check {id}"));
    assert_eq!(check.verdict, Verdict::Fail, "{id}: {check:?}");
    check.reason.clone()
}

fn spoiled(outcome: &mut Outcome, change: impl Fn(&mut Op) -> bool) {
    fn module(m: &mut Module, change: &impl Fn(&mut Op) -> bool) -> usize {
        let insts = m.entries.iter_mut().flat_map(|e| &mut e.func.body.body);
        insts.map(|i| usize::from(change(&mut i.op))).sum()
    }
    let t = outcome.translation.as_mut().unwrap();
    assert_eq!(module(&mut t.module, &change), 1, "one place to spoil");
}

#[test]
fn a_design_whose_only_outcome_is_its_state_is_compared() {
    let e = evidence(METER, BENCH, "Meter", |_| {});
    let failed: Vec<_> = e.checks.checks.iter().filter(|c| c.verdict == Verdict::Fail).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(e.checks.claims[0].level >= ClaimLevel::Stressed, "{:#?}", e.checks.claims);
    let compared: Vec<&str> = e.checks.tolerances.iter().map(|t| t.output.as_str()).collect();
    assert_eq!(compared, ["state.blocks", "state.level", "state.recent"]);
    assert!(report::html(&e.checks, &e).contains("state.recent"));
    // faults that only the state shows
    let m = e.mutation.as_ref().unwrap();
    assert!(m.killed > 0 && m.score() > 0.5, "{m:?}");
    let index = String::from_utf8(e.files["vectors/index.json"].clone()).unwrap();
    assert!(index.contains("vectors/recorded-0/5/expected.state.level.npy"), "{index}");
}

#[test]
fn a_design_that_keeps_a_wrong_state_is_withheld() {
    let e = evidence(METER, BENCH, "Meter", |o| {
        spoiled(o, |op| match op {
            Op::Const(s) if s.dtype == DType::Int64 && s.as_int() == Some(3) => {
                *s = proofmark_silicon::dtype::Scalar::i64(4);
                true
            }
            _ => false,
        });
    });
    assert!(reason(&e, "golden.recorded").contains("`state.blocks`"), "{:#?}", e.checks.checks);
    assert!(reason(&e, "c.recorded").contains("`state.blocks`"));
    assert_eq!(e.checks.claims[0].level, ClaimLevel::None);
    // within the tolerance of nothing: a factor off by a part in a million
    let e = evidence(METER, BENCH, "Meter", |o| {
        spoiled(o, |op| match op {
            Op::Const(s) if s.dtype == DType::Float64 && s.real_f64() == 0.75 => {
                *s = proofmark_silicon::dtype::Scalar::float(DType::Float64, 0.75000075, 0.0);
                true
            }
            _ => false,
        });
    });
    assert!(reason(&e, "golden.recorded").contains("`state.level`"));
}

#[test]
fn an_attribute_taken_as_fixed_must_stay_as_it_is() {
    let e = evidence(METER, BENCH, "Meter", |o| {
        let trees = &mut o.translation.as_mut().unwrap().state;
        trees.iter_mut().filter(|(n, _)| n == "recent").for_each(|(_, t)| *t = StateTree::Unchanged);
    });
    assert!(reason(&e, "golden.structure").contains("`self.recent` changes in CPython"));
    let e = evidence(METER, BENCH, "Meter", |o| {
        o.translation.as_mut().unwrap().state.retain(|(n, _)| n != "blocks");
    });
    // known before the first call, so nobody's to invent; its field is still compared between golden model and C
    assert!(e.checks.not_shown.iter().any(|t| t.contains("`blocks`: state that is no attribute")), "{:#?}", e.checks);
}

#[test]
fn attributes_without_one_type_are_listed() {
    let source = "class Last:\n    def __init__(self):\n        self.seen = None\n        self.total = 0.0\n\n    \
                  def put(self, x):\n        self.seen = x\n        self.total += x\n        return self.total\n";
    let bench = "from src import Last\nk = Last()\nfor v in (1.5, 2.5, -4.0):\n    k.put(v)\n";
    let e = evidence(source, bench, "Last", |_| {});
    assert!(e.checks.claims[0].level >= ClaimLevel::Tested, "{:#?}", e.checks);
    assert!(e.checks.not_shown.iter().any(|t| t.contains("the value of `self.seen` after a call")), "{:#?}", e.checks);
}

fn calls(recording: &Recording) -> Vec<&str> {
    recording.calls.iter().map(|c| c.name.as_str()).collect()
}

const KNOB: &str = "import numpy as np\n\nclass Inner:\n    def __init__(self):\n        self.rise = 1.0\n\nclass Knob:\n    \
def __init__(self):\n        self.gain = 1.0\n        self.taps = np.ones(2)\n        self.inner = Inner()\n        \
self.title = 'a'\n        self._cut = 1.0\n        self.count = 0\n\n    @property\n    def cut(self):\n        \
return self._cut\n\n    @cut.setter\n    def cut(self, hz):\n        self._cut = 2.0 * hz\n\n    def run(self, x):\n        \
self.count += 1\n        return self.gain * x * self._cut + self.inner.rise + self.taps[0]\n";

#[test]
fn what_the_bench_sets_between_calls_is_recorded_as_a_call() {
    let r = record(
        KNOB,
        "from src import Knob\nk = Knob()\nk.gain = 3.0\nk.cut = 5.0\nk.run(1.0)\nk.gain = 0.5\nk.taps[1] = 7.0\n\
         k.title = 'b'\nk.run(1.0)\nk.inner.rise = 4.0\nk.cut = 6.0\nk.run(2.0)\nk.run(2.0)\n",
        "Knob",
    )
    .unwrap();
    assert_eq!(calls(&r), ["run", "gain=", "taps=", "run", "inner.rise=", "cut=", "run", "run"]);
    let PyValue::Object { attrs, .. } = &r.instances[0] else { panic!() };
    assert_eq!((named(attrs, "gain"), named(attrs, "_cut")), (&float(3.0), &float(10.0)), "configuration, not a call");
    assert_eq!(r.calls[1].args[0].1, float(0.5));
    assert_eq!(r.calls[1].at, Some(("bench.py".into(), 9, false)), "two lines set it: that of the call is told");
    assert_eq!(r.calls[4].at, Some(("bench.py".into(), 10, true)));
    assert_eq!(doubles(&r.calls[2].args[0].1), [1.0, 7.0]);
    assert_eq!(r.calls[5].args, [("hz".to_string(), float(6.0))], "a property takes what it is given");
    // what a call changes, and nothing else
    let state = |k: usize| r.calls[k].state.as_ref().unwrap().clone();
    assert_eq!(state(0), [("count".to_string(), int(1))]);
    assert_eq!(state(5), [("_cut".to_string(), float(12.0))]);
    assert_eq!(state(6), [("count".to_string(), int(3))]);
    assert!(r.outside.is_empty());
}

#[test]
fn what_no_call_can_repeat_is_told() {
    let cases = [
        ("k.inner = None\n", "inner", "it is deleted"),
        ("del k.gain\n", "gain", "it is deleted"),
        ("k.gain = k\n", "gain", "it becomes a Knob"),
        ("k.gain = k.taps\n", "gain", "it shares its memory with `taps`"),
    ];
    for (line, name, why) in cases {
        let bench = format!(
            "from src import Knob\nk = Knob()\nk.run(1.0)\n{line}try:\n    k.run(1.0)\nexcept Exception:\n    pass\n"
        );
        let r = record(KNOB, &bench, "Knob").unwrap();
        let found =
            r.outside.iter().find(|o| o.1.starts_with(name)).unwrap_or_else(|| panic!("{line}: {:?}", r.outside));
        assert!(found.3.contains(why), "{line}: {found:?}");
    }
}

#[test]
fn references_set_attributes_and_give_them_back() {
    let project = Project::new(&[("src.py", KNOB), ("bench.py", "from src import Knob\nk = Knob()\nk.run(1.0)\n")]);
    let mut oracle = project.start("Knob");
    oracle.record().unwrap();
    let call = |name: &str, arg: &str, v: PyValue| proofmark_silicon_verify::oracle::ReferenceCall {
        name: name.into(),
        args: vec![(arg.into(), v)],
    };
    let request = proofmark_silicon_verify::oracle::ReferenceRequest {
        instance: Some(0),
        calls: vec![
            call("inner.rise=", "value", float(2.0)),
            call("cut=", "hz", float(3.0)),
            call("taps=", "value", array(&[0.5, 0.5])),
            call("run", "x", float(1.0)),
        ],
        state: vec!["inner.rise".into(), "count".into(), "absent".into()],
    };
    let answers = oracle.reference(&[request]).unwrap().remove(0);
    assert!(matches!(&answers[3].result, Ok(PyValue::Scalar { data, .. }) if data.0 == 8.5f64.to_le_bytes()));
    assert_eq!(answers[3].state[..2], [("inner.rise".to_string(), float(2.0)), ("count".to_string(), int(1))]);
    assert!(matches!(&answers[3].state[2].1, PyValue::Opaque { type_name, .. } if type_name == "<deleted>"));
}

#[test]
fn too_much_state_is_left_out_and_told() {
    let project = Project::new(&[
        (
            "src.py",
            "import numpy as np\n\nclass Big:\n    def __init__(self):\n        self.z = np.zeros(40000)\n\n    \
             def step(self, x):\n        self.z[0] += x\n        return self.z[0]\n",
        ),
        ("bench.py", "from src import Big\nb = Big()\nfor k in range(20):\n    b.step(1.0)\n"),
    ]);
    let mut options = project.options("Big");
    options.limits.recorded = 8 << 20;
    let r = proofmark_silicon_verify::oracle::CPythonOracle::start(options).unwrap().record().unwrap();
    assert_eq!(r.calls.len(), 20);
    assert!(r.calls[0].state.is_some() && r.calls[19].state.is_none());
    let known = proofmark_silicon_verify::verify::state::recorded(&r);
    assert!(known[0].is_some() && known[19].is_none());
}
