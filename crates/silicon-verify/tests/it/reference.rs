//! Reference results on fresh copies of the recorded program.

use crate::support::*;
use proofmark_silicon::oracle::PyValue;
use proofmark_silicon_verify::oracle::{OracleError, ReferenceCall, ReferenceRequest};

fn call(name: &str, args: &[(&str, PyValue)]) -> ReferenceCall {
    let args = args.iter().map(|(n, v)| (n.to_string(), v.clone())).collect();
    ReferenceCall { name: name.into(), args }
}

#[test]
fn functions_start_from_the_first_call_each_time() {
    let project = Project::new(&[
        (
            "src.py",
            "CACHE = []\n\ndef f(x, scale=2, *rest, extra=0, **more):\n    CACHE.append(1)\n    x[0] = 100.0\n    \
             return x.sum() * scale + len(CACHE) + sum(rest) + extra + sum(more.values())\n",
        ),
        ("bench.py", "import numpy as np, src\nsrc.CACHE.append(0)\nfor _ in range(3):\n    src.f(np.ones(2))\n"),
    ]);
    let mut oracle = project.start("f");
    let recording = oracle.record().unwrap();
    assert_eq!(recording.calls.len(), 3);
    let x = array(&[1.0, 2.0]);
    let request = |calls| ReferenceRequest { instance: None, calls, state: vec![] };
    let rest = PyValue::Tuple { v: vec![int(10), int(20)], names: vec![] };
    let more = PyValue::Dict { v: vec![(PyValue::Str { v: "k".into() }, int(1000))], id: 0 };
    let answers = oracle
        .reference(&[
            request(vec![call("f", &[("x", x.clone())]), call("f", &[("x", x.clone()), ("scale", int(1))])]),
            request(vec![call("f", &[("x", x.clone())])]),
            request(vec![call("f", &[("x", x.clone()), ("scale", int(0)), ("rest", rest), ("more", more)])]),
            request(vec![call("f", &[("x", int(1))]), call("f", &[("x", x.clone()), ("extra", float(0.5))])]),
        ])
        .unwrap();
    let value = |i: usize, j: usize| match answers[i][j].result.as_ref().unwrap() {
        PyValue::Scalar { data, .. } => f64::from_le_bytes(data.0.as_slice().try_into().unwrap()),
        other => panic!("{other:?}"),
    };
    // One entry in CACHE from the bench, one from this call; state carries over within a request only.
    assert_eq!((value(0, 0), value(0, 1)), (206.0, 105.0));
    assert_eq!(value(1, 0), 206.0);
    assert_eq!(value(2, 0), 1032.0);
    assert_eq!(answers[3][0].result.as_ref().unwrap_err().type_name, "TypeError");
    assert_eq!(value(3, 1), 207.5, "the failed call has left its mark in CACHE");
    assert_eq!(doubles(&answers[0][0].args_after[0].1), [100.0, 2.0]);
    assert_eq!(doubles(&x), [1.0, 2.0]);
}

#[test]
fn instances_start_as_they_were_before_their_first_call() {
    let project = Project::new(&[
        (
            "src.py",
            "class Acc:\n    def __init__(self, start):\n        self.total = start\n    \
             def add(self, x):\n        self.total += x\n        return self.total\n    def clear(self):\n        self.total = 0\n",
        ),
        (
            "bench.py",
            "from src import Acc\na = Acc(1)\na.add(1)\na.add(1)\nb = Acc(10)\nb.total = 50\nb.add(1)\na.clear()\n",
        ),
    ]);
    let mut oracle = project.start("Acc");
    let recording = oracle.record().unwrap();
    let steps = |instance| ReferenceRequest {
        instance: Some(instance),
        calls: vec![call("add", &[("x", int(5))]), call("clear", &[]), call("add", &[("x", int(2))])],
        state: vec!["total".into()],
    };
    let answers = oracle.reference(&[steps(0), steps(1), steps(0)]).unwrap();
    let results: Vec<Vec<_>> = answers.iter().map(|a| a.iter().map(|r| r.result.clone().unwrap()).collect()).collect();
    assert_eq!(results[0], [int(6), PyValue::None, int(2)]);
    assert_eq!(results[1], [int(55), PyValue::None, int(2)]);
    assert_eq!(results[2], results[0]);
    let totals: Vec<_> = answers[1].iter().map(|r| r.state.clone()).collect();
    assert_eq!(totals, [55, 0, 2].map(|v| vec![("total".to_string(), int(v))]));
    // What was recorded, computed again.
    let recorded: Vec<_> = recording.calls.iter().filter(|c| c.instance == Some(0)).collect();
    let calls = recorded.iter().map(|c| ReferenceCall { name: c.name.clone(), args: c.args.clone() }).collect();
    let again = oracle.reference(&[ReferenceRequest { instance: Some(0), calls, state: vec![] }]).unwrap();
    for (call, result) in recorded.iter().zip(&again[0]) {
        assert_eq!(call.result, result.result);
    }
}

#[test]
fn what_cannot_be_rebuilt_is_refused() {
    let project = Project::new(&[
        ("src.py", "def f(x, y=None):\n    x += 1\n    return x, y\n\ndef loop(n):\n    while n:\n        pass\n"),
        (
            "bench.py",
            "import numpy as np, src, io\nx = np.arange(4.0)\nsrc.f(x[1:], x[:3])\nsrc.f(io.StringIO, io.StringIO())\n",
        ),
    ]);
    let mut options = project.options("f");
    options.limits.evaluation = std::time::Duration::from_secs(2);
    let mut oracle = proofmark_silicon_verify::oracle::CPythonOracle::start(options).unwrap();
    assert!(matches!(oracle.reference(&[request(None, vec![call("f", &[])])]), Err(OracleError::Refused { .. })));
    let recording = oracle.record();
    // The bench ends with an error of its own (a class cannot be added to), and yet there is a recording.
    let recording = match recording {
        Err(OracleError::Raised { exception, partial }) => {
            assert_eq!(exception.type_name, "TypeError");
            assert_eq!(exception.trace, [("bench.py".to_string(), 4), ("src.py".to_string(), 2)]);
            partial
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(recording.calls.len(), 2);
    let refused = |oracle: &mut proofmark_silicon_verify::oracle::CPythonOracle, calls| {
        matches!(oracle.reference(&[request(None, calls)]), Err(OracleError::Refused { .. }))
    };
    let overlapping =
        call("f", &[("x", recording.calls[0].args[0].1.clone()), ("y", recording.calls[0].args[1].1.clone())]);
    assert!(refused(&mut oracle, vec![overlapping]), "arrays that share memory");
    assert!(refused(&mut oracle, vec![call("f", &[("x", recording.calls[1].args[1].1.clone())])]), "an opaque object");
    assert!(refused(&mut oracle, vec![call("g", &[])]), "not the entry");
    assert!(refused(&mut oracle, vec![call("f", &[("z", int(1))])]), "not a parameter");
    let list = |n| PyValue::List { v: vec![int(n)], id: 5 };
    assert!(refused(&mut oracle, vec![call("f", &[("x", list(1)), ("y", list(2))])]), "one identity, two values");
    let fine = oracle.reference(&[request(None, vec![call("f", &[("x", int(1))])])]).unwrap();
    assert!(fine[0][0].result.is_ok());
}

fn request(instance: Option<usize>, calls: Vec<ReferenceCall>) -> ReferenceRequest {
    ReferenceRequest { instance, calls, state: vec![] }
}

#[test]
fn a_reference_that_hangs_or_dies_is_stopped() {
    let project = Project::new(&[
        (
            "src.py",
            "import os\n\ndef f(n):\n    while n == 1:\n        pass\n    if n == 2:\n        os.abort()\n    return n\n",
        ),
        ("bench.py", "import src\nsrc.f(0)\n"),
    ]);
    let mut options = project.options("f");
    options.limits.evaluation = std::time::Duration::from_secs(1);
    let mut oracle = proofmark_silicon_verify::oracle::CPythonOracle::start(options).unwrap();
    oracle.record().unwrap();
    let ask = |n| [request(None, vec![call("f", &[("n", int(n))])])];
    assert!(matches!(oracle.reference(&ask(1)), Err(OracleError::Timeout { partial: None, .. })));
    assert!(matches!(oracle.reference(&ask(2)), Err(OracleError::Crashed { how, .. }) if how == "SIGABRT"));
    assert_eq!(oracle.reference(&ask(3)).unwrap()[0][0].result, Ok(int(3)));
}
