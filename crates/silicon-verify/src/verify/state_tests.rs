//! Attributes out of state fields and out of Python values.

use super::*;
use proofmark_silicon::dtype::DType;
use proofmark_silicon::dtype::Scalar;
use proofmark_silicon::oracle::Bytes;

fn scalar(s: Scalar) -> Tensor {
    Tensor::scalar(s)
}
fn floats(v: &[f64]) -> Tensor {
    Tensor::from_f64(&[v.len()], v.to_vec()).unwrap()
}
fn field(name: &str, kind: LeafKind) -> StateTree {
    StateTree::Field { field: name.into(), kind }
}
fn text(v: &str) -> PyValue {
    PyValue::Str { v: v.into() }
}
fn object(id: u64, attrs: Vec<(&str, PyValue)>) -> PyValue {
    let class = PyValue::Class {
        module: "m".into(),
        qualname: "C".into(),
        file: "m.py".into(),
        line: 1,
        bases: vec![],
        attrs: vec![("limit".into(), PyValue::Int { v: "7".into() })],
    };
    let attrs = attrs.into_iter().map(|(n, v)| (n.to_string(), v)).collect();
    PyValue::Object { class: Box::new(class), id, attrs }
}

#[test]
fn fields_make_up_attributes() {
    let trees = vec![
        ("log".to_string(), StateTree::List { items: "log_0".into(), length: "log_1".into() }),
        (
            "last".to_string(),
            StateTree::Maybe { bound: "last_0".into(), value: Box::new(field("last_1", LeafKind::Python)) },
        ),
        ("pair".to_string(), StateTree::Items { items: vec![StateTree::Unchanged, field("p", LeafKind::Either)] }),
        (
            "inner".to_string(),
            StateTree::Object { attrs: vec![("mode".into(), StateTree::Label { index: "m".into(), options: vec![] })] },
        ),
    ];
    let mut fields = vec![
        ("log_0".to_string(), floats(&[1.0, 2.0, 9.0])),
        ("log_1".to_string(), scalar(Scalar::i64(2))),
        ("last_0".to_string(), scalar(Scalar::bool(false))),
        ("last_1".to_string(), scalar(Scalar::i64(5))),
        ("p".to_string(), scalar(Scalar::i64(3))),
        ("m".to_string(), scalar(Scalar::i64(1))),
        ("counter".to_string(), scalar(Scalar::i64(8))),
    ];
    let names = |ports: &Ports| ports.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
    let ports = observed(&trees, &fields);
    let always = ["state.log", "state.last.is_set", "state.pair.1", "state.inner.mode", "state.counter"];
    assert_eq!(names(&ports), always, "what stands in for a value that is not set is not seen");
    assert_eq!(port(&ports, "state.log").unwrap(), &floats(&[1.0, 2.0]), "no more of a list than it has items");
    fields[2].1 = scalar(Scalar::bool(true));
    assert!(names(&observed(&trees, &fields)).contains(&"state.last".to_string()));
}

#[test]
fn recorded_objects_are_flat_and_change_call_by_call() {
    let inner = object(2, vec![("rise", text("x"))]);
    let outer = object(1, vec![("a", inner), ("b", object(2, vec![])), ("me", object(1, vec![]))]);
    let flat = attributes(&outer);
    let names: Vec<&str> = flat.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["a.limit", "a.rise", "b.limit", "b.rise", "limit", "me"],
        "one object under two names is in both"
    );
    let call = |state: Option<Vec<(String, PyValue)>>| proofmark_silicon::oracle::RecordedCall {
        instance: Some(0),
        name: "f".into(),
        args: vec![],
        args_after: vec![],
        draws: vec![],
        result: Ok(PyValue::None),
        state,
        at: None,
    };
    let recording = Recording {
        entry: PyValue::None,
        calls: vec![call(Some(vec![("a.rise".into(), text("y"))])), call(Some(vec![])), call(None), call(Some(vec![]))],
        instances: vec![outer],
        outside: vec![],
        modules: vec![],
        script_results: vec![],
        script_draws: vec![],
        versions: vec![],
        stdout: String::new(),
    };
    let held = recorded(&recording);
    let rise = |k: usize| held[k].as_ref().map(|h| (*h.now["a.rise"]).clone());
    assert_eq!((rise(0), rise(1)), (Some(text("y")), Some(text("y"))));
    assert_eq!((rise(2), rise(3)), (None, None), "once lost, it is not known any more");
    assert_eq!(*held[1].as_ref().unwrap().first["a.rise"], text("x"));
}

/// What a tree expects of attributes, and the problems found, for a module with a float64 field `f` and an int64 field `i`.
fn expected(tree: StateTree, first: PyValue, now: PyValue) -> (Ports, Vec<String>) {
    let state = |name: &str, dtype| proofmark_silicon::hir::StateField {
        name: name.into(),
        ty: proofmark_silicon::hir::Type::scalar(dtype),
        init: proofmark_silicon::hir::TableId(0),
    };
    use proofmark_silicon::dtype::DType::{Float64, Int64};
    let module = Module { state: vec![state("f", Float64), state("i", Int64)], ..Module::default() };
    let one = |v| Attributes::from([("x".to_string(), Arc::new(v))]);
    let held = Held { now: one(now), first: Arc::new(one(first)) };
    let mut into = Expected::default();
    Walk { module: &module, held: &held, narrow: false, into: &mut into }.attribute(&tree, "x", Place::Attribute);
    (into.ports, into.structure)
}

#[test]
fn python_values_become_what_the_fields_must_hold() {
    let int = |v: &str| PyValue::Int { v: v.into() };
    let float = |v: f64| PyValue::Float { v: format!("{:016x}", v.to_bits()) };
    let (ports, problems) = expected(field("f", LeafKind::Python), int("0"), float(2.5));
    assert_eq!((ports[0].1.clone(), problems.len()), (scalar(Scalar::float(DType::Float64, 2.5, 0.0)), 0));
    // an int in a float's place is the same number, unless it has too many digits
    assert_eq!(expected(field("f", LeafKind::Python), int("0"), int("3")).1, Vec::<String>::new());
    assert_eq!(expected(field("f", LeafKind::Python), int("0"), int("9007199254740993")).1.len(), 1);
    assert_eq!(expected(field("i", LeafKind::Python), int("0"), float(1.0)).1.len(), 1);
    let numpy = PyValue::Scalar { dtype: DType::Float64, data: Bytes(1f64.to_le_bytes().to_vec()) };
    assert_eq!(expected(field("f", LeafKind::Python), int("0"), numpy).1.len(), 1, "NumPy's numbers are another kind");
    let label = StateTree::Label { index: "i".into(), options: vec![text("on"), text("off")] };
    assert_eq!(expected(label.clone(), text("on"), text("off")).0[0].1, scalar(Scalar::i64(1)));
    assert_eq!(expected(label, text("on"), text("out")).1.len(), 1);
    assert_eq!(expected(StateTree::Unchanged, int("1"), int("1")).1.len(), 0);
    assert!(expected(StateTree::Unchanged, int("1"), int("2")).1[0].contains("`self.x` changes in CPython"));
    let items = StateTree::Items { items: vec![field("f", LeafKind::Python)] };
    let tuple = |n: usize| PyValue::Tuple { v: vec![float(1.0); n], names: vec![] };
    assert_eq!(expected(items.clone(), tuple(1), tuple(1)).0[0].0, "state.x.0");
    assert_eq!(expected(items, tuple(1), tuple(2)).1.len(), 1);
}

#[test]
fn of_long_sequences_calls_are_chosen_evenly() {
    let chosen: Vec<usize> = (0..100).filter(|i| kept(100, *i)).collect();
    assert!(chosen.len() <= KEPT + 1 && chosen.last() == Some(&99), "{chosen:?}");
    assert_eq!((0..5).filter(|i| kept(5, *i)).count(), 5);
}
