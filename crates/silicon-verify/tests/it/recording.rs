//! What a recording holds.

use crate::support::*;
use proofmark_silicon::oracle::PyValue;
use proofmark_silicon_verify::oracle::OracleError;

#[test]
fn a_function_is_recorded_with_bound_arguments() {
    let recording = record(
        "import numpy as np\nGAIN = 2.0\n\ndef scale(x, gain=GAIN, *rest, mode='full', **more):\n    return x * gain\n",
        "import numpy as np\nfrom src import scale\nprint('hello')\nscale(np.arange(3.0))\n\
         scale(np.ones(2), 3, 4, 5, mode='same', extra=1)\n",
        "scale",
    )
    .unwrap();
    assert_eq!(recording.calls.len(), 2);
    assert_eq!(recording.stdout, "hello\n");
    let PyValue::Function { module, qualname, file, line, defaults, kwdefaults, .. } = &recording.entry else {
        panic!("{:?}", recording.entry)
    };
    assert_eq!((module.as_str(), qualname.as_str(), file.as_str(), *line), ("src", "scale", "src.py", 4));
    assert_eq!((defaults.as_slice(), kwdefaults.len()), (&[float(2.0)][..], 1));
    let names: Vec<_> = recording.calls[0].args.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["x", "gain", "rest", "mode", "more"]);
    assert_eq!(recording.calls[0].args[1].1, float(2.0));
    assert_eq!(recording.calls[1].args[1].1, int(3));
    assert_eq!(recording.calls[1].args[2].1, PyValue::Tuple { v: vec![int(4), int(5)], names: vec![] });
    assert_eq!(doubles(recording.calls[0].result.as_ref().unwrap()), [0.0, 2.0, 4.0]);
    assert_eq!(*global(&recording, "src", "GAIN"), float(2.0));
    assert!(matches!(global(&recording, "src", "np"), PyValue::Module { v } if v == "numpy"));
    assert_eq!(recording.versions[0].0, "python");
    assert_eq!(recording.versions[1].0, "numpy");
}

#[test]
fn nested_and_recursive_calls_are_not_recorded() {
    let recording = record(
        "def fact(n):\n    return 1 if n == 0 else n * fact(n - 1)\n",
        "import src\nsrc.fact(5)\n[src.fact(i) for i in (2, 3)]\n",
        "fact",
    )
    .unwrap();
    let results: Vec<_> = recording.calls.iter().map(|c| c.result.clone().unwrap()).collect();
    assert_eq!(results, [int(120), int(2), int(6)]);
}

#[test]
fn a_source_that_is_its_own_bench() {
    let recording = record_alone(
        "'''Doc.'''\nfrom __future__ import annotations\nTABLE = [1, 2]\n\ndef pick(i: int) -> int:\n    return TABLE[i]\n\n\
         if __name__ == '__main__':\n    TABLE.append(3)\n    print(pick(2))\n",
        "pick",
    )
    .unwrap();
    assert_eq!(recording.calls.len(), 1);
    assert_eq!(recording.calls[0].result, Ok(int(3)));
    assert_eq!(recording.modules[0].module, "__main__");
    // The globals are those just before the first call.
    assert!(matches!(global(&recording, "__main__", "TABLE"), PyValue::List { v, .. } if v.len() == 3));
}

#[test]
fn arguments_written_into_show_afterwards() {
    let recording = record(
        "def clear(x, out):\n    out[:] = x\n    x[0] = 9\n    return out\n",
        "import numpy as np, src\nbuffer = np.zeros(4)\nx = np.arange(4.0)\nsrc.clear(x, buffer)\nsrc.clear(x, x[:])\n",
        "clear",
    )
    .unwrap();
    let call = &recording.calls[0];
    assert_eq!(doubles(named(&call.args, "out")), [0.0; 4]);
    assert_eq!(doubles(named(&call.args_after, "out")), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(doubles(named(&call.args_after, "x")), [9.0, 1.0, 2.0, 3.0]);
    // The result is the very argument.
    assert_eq!(identity(call.result.as_ref().unwrap()), identity(named(&call.args, "out")));
    // `x[:]` is a view onto `x`.
    let second = &recording.calls[1];
    assert_eq!(identity(named(&second.args, "out")).1, identity(named(&second.args, "x")).0);
    assert_ne!(identity(named(&second.args, "out")).0, identity(named(&second.args, "x")).0);
}

#[test]
fn a_class_is_recorded_by_instance() {
    let recording = record(
        "import numpy as np\n\nclass Base:\n    limit = 4\n    def reset(self):\n        self.z = np.zeros(2)\n\n\
         class Filter(Base):\n    def __init__(self, k):\n        self.k = k\n        self.reset()\n    \
         def step(self, x):\n        self.z[0] += self._gain() * x\n        self.inner(x)\n        return self.z[0]\n    \
         def _gain(self):\n        return self.k\n    def inner(self, x):\n        pass\n    \
         @property\n    def state(self):\n        return self.z\n",
        "from src import Filter\na = Filter(2)\na.step(1.0)\nb = Filter(3)\na.step(2.0)\nb.step(1.0)\nb.reset()\n",
        "Filter",
    )
    .unwrap();
    let calls: Vec<_> = recording.calls.iter().map(|c| (c.instance, c.name.as_str())).collect();
    assert_eq!(calls, [(Some(0), "step"), (Some(0), "step"), (Some(1), "step"), (Some(1), "reset")]);
    assert_eq!(recording.calls[0].args.len(), 1, "self is not among the arguments");
    assert_eq!(recording.instances.len(), 2);
    let PyValue::Object { class, attrs, .. } = &recording.instances[0] else { panic!() };
    assert_eq!(named(attrs, "k"), &int(2));
    assert_eq!(doubles(named(attrs, "z")), [0.0, 0.0], "the instance is as before its first call");
    let PyValue::Class { qualname, bases, line, .. } = &**class else { panic!() };
    assert_eq!((qualname.as_str(), *line), ("Filter", 8));
    assert!(matches!(&bases[0], PyValue::Class { attrs, .. } if attrs == &[("limit".to_string(), int(4))]));
    assert!(matches!(&recording.entry, PyValue::Class { qualname, .. } if qualname == "Filter"));
}

#[test]
fn one_method_of_a_class() {
    let source = "class A:\n    def f(self, x):\n        return x + 1\n    def g(self):\n        return self.f(1)\n";
    let recording = record(source, "import src\na = src.A()\na.g()\na.f(5)\n", "A.f").unwrap();
    // Called by g, which is not recorded, and by the bench.
    assert_eq!(recording.calls.len(), 2);
    assert!(matches!(&recording.entry, PyValue::Method { object, function }
        if matches!(&**object, PyValue::Class { .. }) && matches!(&**function, PyValue::Function { qualname, .. } if qualname == "A.f")));
}

#[test]
fn exceptions_are_results() {
    let recording = record(
        "def check(x):\n    if x < 0:\n        raise ValueError('negative: %d' % x)\n    return x\n",
        "from src import check\ntry:\n    check(-1)\nexcept ValueError:\n    pass\ncheck(1)\n",
        "check",
    )
    .unwrap();
    let error = recording.calls[0].result.as_ref().unwrap_err();
    assert_eq!((error.type_name.as_str(), error.message.as_str()), ("ValueError", "negative: -1"));
    assert_eq!(error.trace, [("src.py".to_string(), 3)]);
    assert_eq!(recording.calls[1].result, Ok(int(1)));
}

#[test]
fn functions_closures_and_lambdas() {
    let recording = record(
        "import functools\n\ndef make(k):\n    def inner(x, y=k):\n        return x + k\n    return inner\n\n\
         ADD = make(3)\nTWICE = lambda v: 2 * v\n\n@functools.lru_cache(None)\ndef cached(n):\n    return n\n\n\
         def apply(f, x):\n    return f(x)\n",
        "import src, math, numpy as np\nsrc.apply(src.ADD, 1)\nsrc.apply(src.TWICE, 2)\nsrc.apply(math.sqrt, 4)\n\
         src.apply(np.fft.fft, [1.0])\nsrc.apply(np.sin, 0.0)\n",
        "apply",
    )
    .unwrap();
    let first = |i: usize| recording.calls[i].args[0].1.clone();
    let PyValue::Function { qualname, line, closure, defaults, .. } = first(0) else { panic!() };
    assert_eq!((qualname.as_str(), line), ("make.<locals>.inner", 4));
    assert_eq!((closure, defaults), (vec![("k".to_string(), int(3))], vec![int(3)]));
    assert!(matches!(first(1), PyValue::Function { qualname, line: 9, .. } if qualname == "<lambda>"));
    assert_eq!(first(2), PyValue::Library { v: "math.sqrt".into() });
    assert_eq!(first(3), PyValue::Library { v: "numpy.fft.fft".into() });
    assert_eq!(first(4), PyValue::Library { v: "numpy.sin".into() });
    // The decorator's line is 11, the function's 12.
    assert!(matches!(global(&recording, "src", "cached"), PyValue::Function { line: 12, .. }));
    // The wrapper of the recorder does not show.
    assert!(matches!(global(&recording, "src", "apply"), PyValue::Function { line: 15, .. }));
}

#[test]
fn a_script_gives_its_variables_and_draws() {
    let project = Project::new(&[
        ("helper.py", "K = 3\n"),
        (
            "src.py",
            "import numpy as np\nimport helper\nrng = np.random.default_rng(1)\nnoise = rng.normal(size=2)\n\
             u = np.random.rand()\nout = noise * helper.K\ncount = 7\n",
        ),
    ]);
    let recording = project.start("script:out,count").record().unwrap();
    assert_eq!(recording.script_results.len(), 2);
    assert_eq!(named(&recording.script_results, "count"), &int(7));
    let draws: Vec<_> = recording.script_draws.iter().map(|(n, l, _)| (n.as_str(), *l)).collect();
    assert_eq!(draws, [("numpy.random.Generator.normal", 4), ("numpy.random.rand", 5)]);
    let noise = doubles(&recording.script_draws[0].2);
    let expected: Vec<_> = noise.iter().map(|v| v * 3.0).collect();
    assert_eq!(doubles(named(&recording.script_results, "out")), expected);
    assert_eq!(*global(&recording, "helper", "K"), int(3));
    match project.start("script:nothing").record() {
        Err(OracleError::EntryNotFound { name, candidates }) => {
            assert_eq!(name, "nothing");
            assert!(candidates.contains(&"out".to_string()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn draws_inside_a_call_are_logged_in_order() {
    let recording = record(
        "import random\nimport numpy as np\n\ndef noisy(rng, x):\n    x = x + rng.normal() + np.random.randint(5)\n    \
         np.random.shuffle(x)\n    return x * random.random() + random.gauss(0, 1)\n",
        "import numpy as np, src\nrng = np.random.default_rng(3)\nrng.normal()\nsrc.noisy(rng, np.arange(3.0))\n",
        "noisy",
    )
    .unwrap();
    let call = &recording.calls[0];
    let names: Vec<_> = call.draws.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(
        names,
        [
            "numpy.random.Generator.normal",
            "numpy.random.randint",
            "numpy.random.shuffle",
            "random.random",
            "random.gauss"
        ]
    );
    assert!(matches!(&call.args[0].1, PyValue::Opaque { type_name, .. } if type_name == "Generator"));
}

#[test]
fn recording_twice_gives_the_same() {
    let source =
        "import numpy as np\nimport random\nSET = {'b', 'a', 'c'}\n\ndef f(x):\n    return x + np.random.rand(), SET\n";
    let bench = "import src, numpy as np\nnp.random.seed(0)\nsrc.f(np.ones(2))\n";
    let project = Project::new(&[("src.py", source), ("bench.py", bench)]);
    let first = serde_json::to_string(&project.start("f").record().unwrap()).unwrap();
    let second = serde_json::to_string(&project.start("f").record().unwrap()).unwrap();
    assert_eq!(first, second);
}

#[test]
fn plotting_does_no_harm() {
    let recording = record(
        "def f(x):\n    return x\n",
        "import matplotlib.pyplot as plt\nfrom src import f\nfig, (a, b) = plt.subplots(2, 1)\nline, = a.plot([1, 2])\n\
         f(1)\nplt.savefig('out.png')\nplt.show()\n",
        "f",
    )
    .unwrap();
    assert_eq!(recording.calls.len(), 1);
}

#[test]
fn packages_and_benches_in_other_folders() {
    let project = Project::new(&[
        ("radio/__init__.py", ""),
        ("radio/table.py", "TAPS = [1.0, 2.0]\n"),
        ("radio/dsp.py", "from .table import TAPS\n\ndef gain(x):\n    return x * TAPS[1]\n"),
        ("tests/common.py", "VALUE = 4.0\n"),
        (
            "tests/run.py",
            "from common import VALUE\nfrom radio.dsp import gain\nprint(open('data.txt').read())\ngain(VALUE)\n",
        ),
        ("tests/data.txt", "here"),
    ]);
    let mut options = project.options("gain");
    options.source_file = "radio/dsp.py".into();
    options.bench_file = Some("tests/run.py".into());
    let recording =
        proofmark_silicon_verify::oracle::CPythonOracle::start(options).and_then(|mut o| o.record()).unwrap();
    assert_eq!(recording.calls[0].result, Ok(float(8.0)));
    assert!(
        matches!(&recording.entry, PyValue::Function { module, file, .. } if module == "radio.dsp" && file == "radio/dsp.py")
    );
    let modules: Vec<_> = recording.modules.iter().map(|m| (m.module.as_str(), m.file.as_str())).collect();
    assert_eq!(
        modules,
        [
            ("__main__", "tests/run.py"),
            ("common", "tests/common.py"),
            ("radio", "radio/__init__.py"),
            ("radio.dsp", "radio/dsp.py"),
            ("radio.table", "radio/table.py"),
        ]
    );
    assert_eq!(recording.stdout, "here\n");
}

#[test]
fn a_source_that_calls_at_module_level() {
    let recording = record_alone(
        "import functools\n\n@functools.lru_cache(maxsize=None)\ndef f(x):\n    return x + 1\n\ny = f(1)\nz = f(y)\nif z:\n    f(7)\n",
        "f",
    )
    .unwrap();
    let results: Vec<_> = recording.calls.iter().map(|c| c.result.clone().unwrap()).collect();
    assert_eq!(results, [int(2), int(3), int(8)]);
    assert!(matches!(recording.entry, PyValue::Function { line: 4, .. }));
}

#[test]
fn properties_and_operators_are_not_calls_from_outside() {
    let recording = record(
        "class V:\n    def __init__(self):\n        self.n = 0\n    def bump(self):\n        self.n += 1\n        return self.n\n    \
         @property\n    def next(self):\n        return self.bump()\n    def __add__(self, other):\n        self.bump()\n        return self\n    \
         @staticmethod\n    def twice(x):\n        return 2 * x\n    def __call__(self, x):\n        return self.bump() + x\n",
        "from src import V\nv = V()\nv.next\nv + 1\nv.bump()\nv(10)\n",
        "V",
    )
    .unwrap();
    let calls: Vec<_> = recording.calls.iter().map(|c| (c.name.as_str(), c.result.clone().unwrap())).collect();
    assert_eq!(calls, [("bump", int(3)), ("__call__", int(14))]);
}

#[test]
fn a_static_method() {
    let source = "class A:\n    @staticmethod\n    def twice(x):\n        return 2 * x\n";
    let recording = record(source, "from src import A\nA.twice(2)\nA().twice(3)\n", "A.twice").unwrap();
    let calls: Vec<_> = recording.calls.iter().map(|c| (c.instance, c.result.clone().unwrap())).collect();
    assert_eq!(calls, [(None, int(4)), (None, int(6))]);
    assert!(matches!(recording.entry, PyValue::Function { qualname, line: 3, .. } if qualname == "A.twice"));
}

#[test]
fn a_thread_of_the_bench_does_not_hold_things_up() {
    let recording = record(
        "def f(x):\n    return x\n",
        "import threading, time, src\ndef spin():\n    while True:\n        time.sleep(0.01)\n\
         threading.Thread(target=spin).start()\nsrc.f(1)\n",
        "f",
    )
    .unwrap();
    assert_eq!(recording.calls.len(), 1);
}

#[test]
fn unseeded_generators_give_the_same_each_time() {
    let source = "import random\nimport numpy as np\n\ndef f(rng, old):\n    return (rng.normal(), old.rand(), np.random.rand(), \
                  random.random(), random.Random().random(), np.random.default_rng(7).normal())\n";
    let bench = "import copy, src, numpy as np\nrng, old = np.random.default_rng(), np.random.RandomState()\n\
                 src.f(rng, old)\na = src.f(copy.deepcopy(rng), copy.deepcopy(old))\nb = src.f(rng, old)\nassert a[:2] == b[:2]\n\
                 np.random.seed(3)\nc = np.random.rand()\nassert c == np.random.RandomState(3).rand() == 0.5507979025745755\n\
                 assert isinstance(rng, np.random.Generator) and isinstance(old, np.random.RandomState)\n";
    let project = Project::new(&[("src.py", source), ("bench.py", bench)]);
    let first = project.start("f").record().unwrap();
    let second = project.start("f").record().unwrap();
    assert_eq!(first.calls, second.calls);
    assert_eq!(first.calls[0].draws.len(), 6);
    let PyValue::Tuple { v, .. } = first.calls[0].result.as_ref().unwrap() else { panic!() };
    // numpy.random.default_rng(7).normal()
    assert_eq!(v[5], float(0.0012301533574825742));
    for (i, a) in v.iter().enumerate() {
        assert!(v[i + 1..].iter().all(|b| a != b), "seeds of ours differ from each other");
    }
}

#[test]
fn project_files_named_like_library_modules() {
    let project = Project::new(&[
        ("src.py", "import signal, queue\n\ndef f():\n    return signal.FS + queue.SIZE\n"),
        ("signal.py", "FS = 48000\n"),
        ("queue.py", "SIZE = 1\n"),
        ("bench.py", "import numpy, src\nsrc.f()\n"),
    ]);
    let recording = project.start("f").record().unwrap();
    assert_eq!(recording.calls[0].result, Ok(int(48001)));
}
