//! Test vectors: sequences of calls with the inputs by port and what CPython made of them. Recorded ones come from
//! the user's bench; `generate` makes more.

use super::ports::{self, PortType};
use super::state::Held;
use crate::oracle::ReferenceResult;
use proofmark_silicon::hir::{Entry, Module, ParamRole, ResultRole};
use proofmark_silicon::interp::Tensor;
use proofmark_silicon::oracle::{PyException, PyValue, RecordedCall, Recording};
use proofmark_silicon::translation::{ArgTree, EntryInfo, ResultTree, Translation};

/// Values by port name.
pub type Ports = Vec<(String, Tensor)>;

/// The value of a port.
pub fn port<'a>(ports: &'a Ports, name: &str) -> Option<&'a Tensor> {
    ports.iter().find(|(n, _)| n == name).map(|(_, t)| t)
}

/// What CPython did with a call.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Result or exception.
    pub result: Result<PyValue, PyException>,
    /// Arguments after the call.
    pub args_after: Vec<(String, PyValue)>,
    /// The object after the call; none where it is not known, or there is no object.
    pub state: Option<Held>,
}

impl From<ReferenceResult> for Reference {
    fn from(r: ReferenceResult) -> Reference {
        let now: super::state::Attributes = r.state.into_iter().map(|(n, v)| (n, v.into())).collect();
        let state = (!now.is_empty()).then(|| Held { now, ..Held::default() });
        Reference { result: r.result, args_after: r.args_after, state }
    }
}

/// One call of an entry.
#[derive(Clone, Debug)]
pub struct Call {
    /// Index into [`Translation::entries`].
    pub entry: usize,
    /// Input ports.
    pub inputs: Ports,
    /// Arguments as Python has them.
    pub args: Vec<(String, PyValue)>,
    /// What CPython did; none when there is no reference.
    pub reference: Option<Reference>,
    /// Index into the recording, for a recorded call.
    pub recorded: Option<usize>,
}

/// Calls on one freshly initialised design, in order.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Unique, usable as a file name: `recorded-0`, `generated-12`.
    pub name: String,
    /// What it exercises: `recorded`, `normal`, `denormals`, ...
    pub what: String,
    /// Instance of the recording, for a class entry.
    pub instance: Option<usize>,
    /// The calls.
    pub calls: Vec<Call>,
}

impl Sequence {
    /// Whether it comes from the user's bench.
    pub fn is_recorded(&self) -> bool {
        self.calls.iter().all(|c| c.recorded.is_some())
    }
    /// Elements of all inputs: the measure of its size.
    pub fn elements(&self) -> usize {
        self.calls.iter().flat_map(|c| &c.inputs).map(|(_, t)| t.len()).sum()
    }
}

/// The types of an entry's ports.
#[derive(Clone, Debug, Default)]
pub struct EntryPorts {
    /// Inputs, in order.
    pub inputs: Vec<(String, PortType)>,
    /// Outputs, in order.
    pub outputs: Vec<(String, PortType)>,
    /// Inputs that the program writes into.
    pub mutated: Vec<String>,
}

/// Ports of the module's entry of that name.
pub fn entry_ports(module: &Module, name: &str) -> Option<EntryPorts> {
    module.entries.iter().find(|e| e.func.name == name).map(ports_of)
}

fn ports_of(entry: &Entry) -> EntryPorts {
    let func = &entry.func;
    let ty = |v| {
        let t = func.ty(v);
        PortType { dtype: t.dtype, rank: t.rank() }
    };
    let mut found = EntryPorts::default();
    for (role, v) in entry.params.iter().zip(&func.body.params) {
        if let ParamRole::Input(name) = role {
            found.inputs.push((name.clone(), ty(*v)));
        }
    }
    for (role, v) in entry.results.iter().zip(&func.body.results) {
        match role {
            ResultRole::Output(name) => found.outputs.push((name.clone(), ty(*v))),
            ResultRole::Mutated(name) => found.mutated.push(name.clone()),
            ResultRole::State(_) => {}
        }
    }
    found
}

/// What the recording gives.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Sequences of covered calls.
    pub sequences: Vec<Sequence>,
    /// Calls that show nothing of the translation, with the reason.
    pub not_shown: Vec<String>,
    /// Calls said to be covered whose arguments do not fit the ports: a defect of ours.
    pub problems: Vec<String>,
}

/// The recorded calls as sequences: each call by itself when the design has no state, otherwise one sequence per
/// instance, cut short where a call is not covered or raised, for after that the state is not that of the recording.
pub fn recorded(translation: &Translation, recording: &Recording, narrow: bool) -> Recorded {
    let mut found = Recorded::default();
    let stateless = translation.module.state.is_empty();
    let mut cut: Vec<Option<usize>> = Vec::new();
    let mut left_out = 0;
    let states = super::state::recorded(recording);
    for (i, call) in recording.calls.iter().enumerate() {
        let reason = |text: &str| format!("call {i} of `{}`: {text}", call.name);
        if let Some(instance) = call.instance
            && !translation.covered_instances.contains(&instance)
        {
            found.not_shown.push(reason("its object is configured in another way"));
            continue;
        }
        if cut.contains(&call.instance) {
            left_out += 1;
            continue;
        }
        let Some(entry) = translation.entries.iter().position(|e| e.covered_calls.contains(&i)) else {
            let mut why = translation.entries.iter().flat_map(|e| &e.uncovered_calls);
            let why = why.find(|(k, _)| *k == i).map_or("another form of call", |(_, why)| why.as_str());
            found.not_shown.push(reason(why));
            if !stateless {
                cut.push(call.instance);
            }
            continue;
        };
        let made = match inputs_of(translation, entry, call, narrow) {
            Ok(made) => made,
            Err(problem) => {
                found.problems.push(reason(&problem));
                continue;
            }
        };
        let raised = call.result.is_err();
        let call = Call {
            entry,
            inputs: made,
            args: call.args.clone(),
            reference: Some(Reference {
                result: call.result.clone(),
                args_after: call.args_after.clone(),
                state: states[i].clone(),
            }),
            recorded: Some(i),
        };
        let instance = recording.calls[i].instance;
        match found.sequences.iter_mut().find(|s| !stateless && s.instance == instance) {
            Some(sequence) => sequence.calls.push(call),
            None => {
                let name = format!("recorded-{}", found.sequences.len());
                found.sequences.push(Sequence { name, what: "recorded".into(), instance, calls: vec![call] });
            }
        }
        if raised && !stateless {
            cut.push(instance);
        }
    }
    if left_out > 0 {
        found.not_shown.push(format!(
            "{left_out} recorded call(s) follow one that raised or is not covered, so their state is not known"
        ));
    }
    script(translation, recording, narrow, &mut found);
    found
}

fn inputs_of(t: &Translation, entry: usize, call: &RecordedCall, narrow: bool) -> Result<Ports, String> {
    let info = &t.entries[entry];
    let types = entry_ports(&t.module, &info.name).ok_or_else(|| format!("no entry `{}`", info.name))?;
    let mut made = Ports::new();
    for (name, tree) in &info.args {
        let value = call.args.iter().find(|(n, _)| n == name).map(|(_, v)| v);
        let value = value.ok_or_else(|| format!("`{name}` was not recorded"))?;
        ports::inputs(tree, value, name, &mut |port, v| take(&types, &mut made, port, v, narrow))?;
    }
    for (port, draw) in &info.draws {
        let (_, value) = call.draws.get(*draw).ok_or_else(|| format!("draw {draw} was not recorded"))?;
        take(&types, &mut made, port, value, narrow)?;
    }
    Ok(made)
}

fn take(types: &EntryPorts, made: &mut Ports, port: &str, v: &PyValue, narrow: bool) -> Result<(), String> {
    let (_, ty) = types.inputs.iter().find(|(n, _)| n == port).ok_or_else(|| format!("no input port `{port}`"))?;
    let tensor = ports::input(v, *ty, narrow)?;
    match made.iter().find(|(n, _)| n == port) {
        Some((_, other)) if !other.same_bits(&tensor) => Err(format!("port `{port}` is given two values")),
        Some(_) => Ok(()),
        None => {
            made.push((port.to_string(), tensor));
            Ok(())
        }
    }
}

/// A script has no calls: its named results are compared as if a call had returned them.
fn script(translation: &Translation, recording: &Recording, narrow: bool, found: &mut Recorded) {
    let (Some(info), false) = (translation.entries.first(), recording.script_results.is_empty()) else { return };
    let Some(types) = entry_ports(&translation.module, &info.name) else { return };
    let mut inputs = Ports::new();
    for (port, draw) in &info.draws {
        let value = recording.script_draws.get(*draw).ok_or_else(|| "was not recorded".to_string());
        if let Err(e) = value.and_then(|(_, _, v)| take(&types, &mut inputs, port, v, narrow)) {
            found.problems.push(format!("draw {draw} of the script: {e}"));
            return;
        }
    }
    let values = || recording.script_results.iter().map(|(_, v)| v.clone()).collect::<Vec<_>>();
    let result = match &info.result {
        ResultTree::Tuple { .. } => PyValue::Tuple { v: values(), names: Vec::new() },
        ResultTree::List { .. } => PyValue::List { v: values(), id: 0 },
        ResultTree::Dict { .. } => PyValue::Dict {
            v: recording.script_results.iter().map(|(n, v)| (PyValue::Str { v: n.clone() }, v.clone())).collect(),
            id: 0,
        },
        _ if recording.script_results.len() == 1 => recording.script_results[0].1.clone(),
        _ => {
            found.problems.push("the script's results do not have the form the translation says".into());
            return;
        }
    };
    found.sequences.push(Sequence {
        name: format!("recorded-{}", found.sequences.len()),
        what: "recorded".into(),
        instance: None,
        calls: vec![Call {
            entry: 0,
            inputs,
            args: Vec::new(),
            reference: Some(Reference { result: Ok(result), args_after: Vec::new(), state: None }),
            recorded: Some(0),
        }],
    });
}

/// What CPython's result says the ports must hold.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Output ports, and `name.after` for arguments the program writes into.
    pub ports: Ports,
    /// Differences of structure, kind or type in the result.
    pub structure: Vec<String>,
    /// Arguments that CPython changed and the translation does not know of, or the other way round.
    pub arguments: Vec<String>,
}

/// The name under which the contents of an argument after the call are compared.
pub fn after(port: &str) -> String {
    format!("{port}.after")
}

/// Takes the reference of a call that returned apart.
pub fn expected(module: &Module, info: &EntryInfo, call: &Call, narrow: bool) -> Option<Expected> {
    let reference = call.reference.as_ref()?;
    let result = reference.result.as_ref().ok()?;
    let types = entry_ports(module, &info.name)?;
    let of = |name: &str| types.outputs.iter().find(|(n, _)| n == name).map(|(_, t)| *t);
    let found = ports::expected(&info.result, result, &reference.args_after, &of, narrow);
    let mut expected = Expected { ports: found.ports, structure: found.problems, arguments: Vec::new() };
    for (name, tree) in &info.args {
        let before = call.args.iter().find(|(n, _)| n == name).map(|(_, v)| v);
        let now = reference.args_after.iter().find(|(n, _)| n == name).map(|(_, v)| v);
        let (Some(before), Some(now)) = (before, now) else {
            expected.arguments.push(format!("`{name}` was not recorded before and after the call"));
            continue;
        };
        let mut changed = Vec::new();
        if let Err(problem) = changes(tree, before, now, name, &mut changed) {
            expected.arguments.push(problem);
            continue;
        }
        for port in changed.iter().filter(|p| !types.mutated.contains(p)) {
            expected.arguments.push(format!("CPython changed `{name}` (port `{port}`), the translation does not"));
        }
        let mut now_ports = Ports::new();
        let read = ports::inputs(tree, now, name, &mut |port, v| match types.mutated.iter().any(|m| m == port) {
            true => take(&types, &mut now_ports, port, v, narrow),
            false => Ok(()),
        });
        if let Err(problem) = read {
            expected.arguments.push(format!("after the call, {problem}"));
        }
        expected.ports.extend(now_ports.into_iter().map(|(port, t)| (after(&port), t)));
    }
    Some(expected)
}

/// Ports whose values differ before and after a call.
fn changes(tree: &ArgTree, before: &PyValue, now: &PyValue, path: &str, found: &mut Vec<String>) -> Result<(), String> {
    match (tree, before, now) {
        (ArgTree::Input { port }, a, b) => {
            if !ports::same(a, b) {
                found.push(port.clone());
            }
            Ok(())
        }
        (
            ArgTree::Sequence { items },
            PyValue::Tuple { v: a, .. } | PyValue::List { v: a, .. },
            PyValue::Tuple { v: b, .. } | PyValue::List { v: b, .. },
        ) if items.len() == a.len() && a.len() == b.len() => items
            .iter()
            .zip(a.iter().zip(b))
            .enumerate()
            .try_for_each(|(i, (t, (a, b)))| changes(t, a, b, &format!("{path}[{i}]"), found)),
        (_, a, b) if ports::same(a, b) => Ok(()),
        _ => Err(format!("CPython changed `{path}`, which the translation takes as fixed")),
    }
}
