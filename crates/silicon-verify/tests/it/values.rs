//! Values across the wire, through `eval`.

use crate::support::*;
use proofmark_silicon::oracle::{DType, Oracle, PyValue};

fn oracle() -> proofmark_silicon_verify::oracle::CPythonOracle {
    Project::new(&[("src.py", "def f():\n    pass\n")]).start("f")
}

#[test]
fn expressions_are_evaluated() {
    let mut oracle = oracle();
    let taps = oracle.eval("scipy.signal.firwin(a0, a1)", &[int(5), float(0.25)]).unwrap();
    assert_eq!(doubles(&taps).len(), 5);
    assert_eq!(
        oracle.eval("a0 ** a1", &[int(7), int(100)]).unwrap(),
        PyValue::Int { v: (0..100).fold("1".into(), times_seven) }
    );
    let wrong = oracle.eval("math.sqrt(a0)", &[int(-1)]).unwrap_err();
    assert_eq!(wrong.type_name, "ValueError");
    let unknown = oracle.eval("nothing.at.all", &[]).unwrap_err();
    assert_eq!(unknown.type_name, "NameError");
    assert_eq!(oracle.eval("len(a0)", &[array(&[1.0, 2.0])]).unwrap(), int(2));
}

/// Decimal text times seven, by hand.
fn times_seven(text: String, _: i32) -> String {
    let (mut carry, mut digits) = (0, Vec::new());
    for digit in text.bytes().rev() {
        carry += u32::from(digit - b'0') * 7;
        digits.push(char::from(b'0' + (carry % 10) as u8));
        carry /= 10;
    }
    if carry > 0 {
        digits.push(char::from(b'0' + carry as u8));
    }
    digits.iter().rev().collect()
}

#[test]
fn no_evaluation_affects_the_next() {
    let mut oracle = oracle();
    let draw = "numpy.random.rand()";
    let first = oracle.eval("[numpy.random.seed(5), numpy.random.rand()][1]", &[]).unwrap();
    assert_eq!(oracle.eval("setattr(numpy, 'pi', 3)", &[]), Ok(PyValue::None));
    assert_eq!(oracle.eval("np.pi", &[]).unwrap(), float(std::f64::consts::PI));
    assert_ne!(oracle.eval(draw, &[]).unwrap(), first);
    // The process that dies in an evaluation is not the one that answers the next.
    assert_eq!(oracle.eval("__import__('os').abort()", &[]).unwrap_err().type_name, "OracleError");
    assert_eq!(oracle.eval("1 + 1", &[]).unwrap(), int(2));
}

#[test]
fn python_and_numpy_scalars_stay_apart() {
    let mut oracle = oracle();
    assert_eq!(oracle.eval("1.5", &[]).unwrap(), float(1.5));
    assert!(matches!(oracle.eval("np.float64(1.5)", &[]), Ok(PyValue::Scalar { dtype: DType::Float64, .. })));
    assert!(matches!(oracle.eval("np.int64(1) + 1", &[]), Ok(PyValue::Scalar { dtype: DType::Int64, .. })));
    assert_eq!(oracle.eval("True", &[]).unwrap(), PyValue::Bool { v: true });
    let np_true = oracle.eval("np.bool_(True)", &[]).unwrap();
    assert!(matches!(&np_true, PyValue::Scalar { dtype: DType::Bool, data } if data.0 == [1]));
    assert_eq!(oracle.eval("type(a0) is np.bool_", &[np_true]).unwrap(), PyValue::Bool { v: true });
    assert_eq!(oracle.eval("np.float32", &[]).unwrap(), PyValue::Dtype { v: DType::Float32 });
    assert_eq!(oracle.eval("np.dtype('>f4').newbyteorder('=')", &[]).unwrap(), PyValue::Dtype { v: DType::Float32 });
    assert_eq!(oracle.eval("float('nan')", &[]).unwrap(), PyValue::Float { v: "7ff8000000000000".into() });
    assert_eq!(oracle.eval("-0.0", &[]).unwrap(), PyValue::Float { v: "8000000000000000".into() });
}

#[test]
fn arrays_travel_in_c_order_and_little_endian() {
    let mut oracle = oracle();
    let transposed = oracle.eval("np.arange(6.0).reshape(2, 3).T", &[]).unwrap();
    assert_eq!(doubles(&transposed), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_ne!(identity(&transposed).1, 0, "a view tells its base");
    assert_eq!(doubles(&oracle.eval("np.array([1, 2], '>f8')", &[]).unwrap()), [1.0, 2.0]);
    assert!(matches!(oracle.eval("np.array(3.0)", &[]), Ok(PyValue::Ndarray { shape, .. }) if shape.is_empty()));
    assert_eq!(doubles(&oracle.eval("a0[::-1]", &[array(&[1.0, 2.0, 3.0])]).unwrap()), [3.0, 2.0, 1.0]);
    for opaque in
        ["np.matrix([[1.0]])", "np.array([None])", "np.zeros(2, 'i4,f8')", "np.float16(1)", "np.ma.array([1.0])"]
    {
        assert!(matches!(oracle.eval(opaque, &[]), Ok(PyValue::Opaque { .. })), "{opaque}");
    }
}

#[test]
fn containers_and_identity() {
    let mut oracle = oracle();
    let PyValue::Tuple { v, .. } = oracle.eval("(lambda x: ([x, x], {'k': x}, {3, 1, 2}))([1])", &[]).unwrap() else {
        panic!()
    };
    let PyValue::List { v: items, .. } = &v[0] else { panic!() };
    assert_eq!(items[0], items[1]);
    let PyValue::Dict { v: entries, .. } = &v[1] else { panic!() };
    assert_eq!(identity(&entries[0].1), identity(&items[0]));
    assert!(matches!(&v[2], PyValue::Set { v, .. } if *v == [int(1), int(2), int(3)]));
    // Within an argument the same number is the same object; numbers of different answers have nothing to do with
    // each other, so between arguments they do not count.
    let one = |n| PyValue::List { v: vec![int(n)], id: 9 };
    let both = PyValue::Tuple { v: vec![one(1), one(1)], names: vec![] };
    assert_eq!(oracle.eval("a0[0] is a0[1]", &[both]).unwrap(), PyValue::Bool { v: true });
    assert_eq!(oracle.eval("a0 + a1", &[one(1), one(2)]).unwrap(), oracle.eval("[1, 2]", &[]).unwrap());
    let svd =
        oracle.eval("np.linalg.svd(a0)", &[PyValue::List { v: vec![PyValue::List { v: vec![int(1)], id: 2 }], id: 1 }]);
    assert!(matches!(svd, Ok(PyValue::Tuple { names, .. }) if names == ["U", "S", "Vh"]));
    let mut nested = "1".to_string();
    for _ in 0..200 {
        nested = format!("[{nested}]");
    }
    assert!(oracle.eval(&nested, &[]).is_ok(), "what is too deep for the wire ends in an opaque value");
    assert!(matches!(oracle.eval("(lambda l: l.append(l) or l)([])", &[]),
        Ok(PyValue::List { v, .. }) if matches!(v[0], PyValue::Opaque { .. })));
}

#[test]
fn opaque_results_can_be_handed_back() {
    let mut oracle = oracle();
    let rng = oracle.eval("np.random.default_rng(a0)", &[int(4)]).unwrap();
    let first = oracle.eval("a0.normal()", std::slice::from_ref(&rng)).unwrap();
    assert_eq!(oracle.eval("a0.normal() + 0 * a1", &[rng.clone(), int(1)]).unwrap(), first, "each use starts afresh");
    let inner = oracle.eval("[a0, a0.bit_generator]", &[rng]).unwrap();
    let PyValue::List { v, .. } = inner else { panic!() };
    let name = oracle.eval("type(a0).__name__", &[v[1].clone()]).unwrap();
    assert_eq!(name, PyValue::Str { v: "PCG64".into() });
}

#[test]
fn recorded_objects_can_be_handed_back() {
    let project = Project::new(&[
        (
            "src.py",
            "class G:\n    def __init__(self, k):\n        self.k = k\n\nP = G(3)\n\ndef twice(x):\n    return 2 * x\n\ndef f(x):\n    return x\n",
        ),
        (
            "bench.py",
            "import src, numpy as np\nsrc.f(np.random.default_rng(1))\nsrc.f(src.P)\nsrc.f(src.twice)\nsrc.f(lambda x: x + 1)\n",
        ),
    ]);
    let mut oracle = project.start("f");
    let recording = oracle.record().unwrap();
    let argument = |i: usize| recording.calls[i].args[0].1.clone();
    let draw = oracle.eval("a0.normal()", &[argument(0)]).unwrap();
    assert_eq!(oracle.eval("np.random.default_rng(1).normal()", &[]).unwrap(), draw);
    assert_eq!(oracle.eval("a0.k", &[argument(1)]).unwrap(), int(3));
    assert_eq!(oracle.eval("a0(4)", &[argument(2)]).unwrap(), int(8));
    assert_eq!(oracle.eval("a0(4)", &[argument(3)]).unwrap(), int(5));
}

#[test]
fn classes_of_values() {
    let recording = record(
        "import dataclasses, enum, collections, functools, types\n\nclass Mode(enum.Enum):\n    A = 'a'\n    B = 'b'\n\n\
         class Level(enum.IntEnum):\n    LOW = 1\n\nclass Kind(str, enum.Enum):\n    FULL = 'full'\n\n@dataclasses.dataclass\nclass Point:\n    x: int\n    y: int = 2\n\n\
         class Slots:\n    __slots__ = ('p',)\n    def __init__(self):\n        self.p = 1\n\n\
         class Mine(list):\n    pass\n\nPair = collections.namedtuple('Pair', 'i q')\n\ndef f(*x):\n    pass\n",
        "import src, functools, types\nme = src.Point(1)\nme.me = me\n\
         src.f(src.Mode.A, src.Level.LOW, src.Point(1), src.Slots(), src.Mine(), src.Pair(1, 2), \
         functools.partial(max, 1), types.SimpleNamespace(z=1), me, me, src.Mode, src.Kind.FULL)\n",
        "f",
    )
    .unwrap();
    let PyValue::Tuple { v, .. } = &recording.calls[0].args[0].1 else { panic!() };
    let attrs = |i: usize| match &v[i] {
        PyValue::Object { attrs, .. } => attrs.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(*named(&attrs(0), "value"), PyValue::Str { v: "a".into() });
    assert_eq!(v[1], int(1));
    assert_eq!(attrs(2), [("x".to_string(), int(1)), ("y".to_string(), int(2))]);
    assert_eq!(attrs(3), [("p".to_string(), int(1))]);
    assert!(matches!(v[4], PyValue::Opaque { .. }));
    assert!(matches!(&v[5], PyValue::Tuple { names, .. } if names == &["i", "q"]));
    assert!(matches!(v[6], PyValue::Opaque { .. }));
    assert_eq!(attrs(7), [("z".to_string(), int(1))]);
    assert!(attrs(9).is_empty() && identity(&v[8]) == identity(&v[9]), "attributes are given once");
    assert_eq!(v[11], PyValue::Str { v: "full".into() });
    assert!(matches!(&v[10], PyValue::Class { attrs, line: 3, .. } if attrs.len() == 2));
}

#[test]
fn only_files_of_the_project_are_given() {
    let project = Project::new(&[("src.py", "def f():\n    pass\n")]);
    let mut oracle = project.start("f");
    assert!(oracle.source("src.py").unwrap().starts_with("def f"));
    assert_eq!(oracle.source("../../etc/passwd"), None);
    assert_eq!(oracle.source("/etc/passwd"), None);
}
