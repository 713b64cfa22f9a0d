//! The golden model on the vectors: the interpreter's results, the tolerance each of them has, and how they compare
//! with CPython's.

use super::compare::{Errors, first_difference};
use super::state;
use super::tolerance::{Agreement, EXECUTIONS, SPREAD_FACTOR, Tolerance, WIDE_EXECUTIONS};
use super::vectors::{self, Ports, Sequence, port};
use crate::cancel::Cancel;
use proofmark_silicon::dtype::DType;
use proofmark_silicon::hir::{Fault, Module};
use proofmark_silicon::interp::{Decision, INTERNAL, Machine, Perturbation, STEP_LIMIT, Stand, Tensor};
use proofmark_silicon::translation::Translation;
use std::collections::BTreeMap;

/// Work of a sequence (instructions and elements) beyond which it gets half the perturbed executions, and a third beyond
/// ten times as much: the tolerance can only become smaller by that.
pub const HEAVY: u64 = 20_000_000;
/// Work that generated sequences may take together; what is left out is said. Counted, not timed, so that two
/// translations agree.
pub const GENERATED_WORK: u64 = 400_000_000;
/// Instructions one call of the golden model may take.
pub const CALL_STEPS: u64 = 4_000_000_000;

/// What a design did with a call: output ports, `name.after` of arguments written into and `state.name` of attributes, or
/// the fault.
pub type Outcome = Result<Ports, Fault>;

/// Outcomes of a sequence, and what it cost.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// One per call.
    pub outcomes: Vec<Outcome>,
    /// Instructions and elements.
    pub work: u64,
    /// Branches that hang on a float comparison, with their smallest margins.
    pub decisions: Vec<Decision>,
}

/// The golden model of a module. A call of it ends at [`CALL_STEPS`] and when the work it is for is cancelled.
pub fn machine(module: &Module) -> Machine<'_> {
    Machine::new(module).step_limit(CALL_STEPS).stop_when(Cancel::current().flag())
}

/// Runs a sequence from the initial state.
pub fn run(machine: &mut Machine<'_>, t: &Translation, sequence: &Sequence) -> Trail {
    machine.init();
    let mut trail = Trail::default();
    for (i, call) in sequence.calls.iter().enumerate() {
        let result = machine.call(&t.entries[call.entry].name, &call.inputs);
        let held = match state::watched(t, sequence.calls.len(), i) {
            true => state::observed(&t.state, &state::fields(t, machine.module(), machine.state())),
            false => Ports::new(),
        };
        trail.work += call.inputs.iter().map(|(_, t)| t.len() as u64).sum::<u64>();
        trail.outcomes.push(result.map(|r| {
            trail.work += r.steps + r.outputs.iter().map(|(_, t)| t.len() as u64).sum::<u64>();
            trail.decisions.extend(r.decisions);
            let mut ports = r.outputs;
            ports.extend(r.mutated.into_iter().map(|(name, t)| (vectors::after(&name), t)));
            ports.extend(held);
            ports
        }));
    }
    trail
}

/// The first difference between two trails, bit for bit, in words.
pub fn difference(a: &Trail, b: &Trail) -> Option<(usize, String)> {
    a.outcomes.iter().zip(&b.outcomes).enumerate().find_map(|(i, (a, b))| outcome_difference(a, b).map(|d| (i, d)))
}

/// The first difference between two outcomes, bit for bit but for NaN payloads, in words.
pub fn outcome_difference(a: &Outcome, b: &Outcome) -> Option<String> {
    match (a, b) {
        (Err(a), Err(b)) if a.exception == b.exception => None,
        (Err(a), Err(b)) => Some(format!("{}: {}, not {}: {}", b.exception, b.message, a.exception, a.message)),
        (Ok(_), Err(b)) => Some(format!("stops with {}: {}, where a result is due", b.exception, b.message)),
        (Err(a), Ok(_)) => Some(format!("gives a result where {}: {} is due", a.exception, a.message)),
        (Ok(a), Ok(b)) => {
            if a.len() != b.len() {
                return Some(format!("gives {} ports, not {}", b.len(), a.len()));
            }
            a.iter().find_map(|(name, x)| {
                let Some(y) = port(b, name) else { return Some(format!("port `{name}` is missing")) };
                if x.shape != y.shape || x.dtype != y.dtype {
                    return Some(format!("`{name}` is {}{:?}, not {}{:?}", y.dtype, y.shape, x.dtype, x.shape));
                }
                let i = first_difference(x, y)?;
                Some(format!("`{name}` differs at element {i}: {}, not {}", element(y, i), element(x, i)))
            })
        }
    }
}

/// An element in words, with its bits where they matter.
pub fn element(t: &Tensor, index: usize) -> String {
    match t.get(index) {
        None => "nothing".into(),
        Some(s) => match s.as_int() {
            Some(v) => v.to_string(),
            None if s.dtype.is_complex() => format!("{:e}{:+e}j", s.real_f64(), s.imag_f64()),
            None => format!("{:e}", s.real_f64()),
        },
    }
}

/// How a fault relates to CPython's behaviour.
fn refuses(fault: &Fault) -> bool {
    // Checked int64 arithmetic has no exception in Python, whose ints have no limit: the design says it cannot go on.
    fault.exception == "Unsupported" || (fault.exception == "OverflowError" && fault.message.contains("64 bits"))
}

/// A finding about one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Sequence name.
    pub sequence: String,
    /// Index of the call in it.
    pub call: usize,
    /// Port, where it is about one.
    pub port: Option<String>,
    /// What was found.
    pub text: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, call {}: {}", self.sequence, self.call, self.text)
    }
}

/// How outcomes compare with CPython over a set of sequences.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Values off by more than rounding explains.
    pub off: Vec<Finding>,
    /// Values that rounding could have changed.
    pub undecided: Vec<Finding>,
    /// Result trees of another structure or type.
    pub structure: Vec<Finding>,
    /// Arguments changed on one side only.
    pub arguments: Vec<Finding>,
    /// Exceptions on one side only, or of another class.
    pub exceptions: Vec<Finding>,
    /// Calls that the design refuses by a status of its own.
    pub refused: Vec<Finding>,
    /// Calls compared.
    pub calls: usize,
    /// Calls on which both raise.
    pub raised: usize,
    /// Errors per port (`entry.port`).
    pub ports: BTreeMap<String, PortFigures>,
}

/// Figures of a port over all calls compared.
#[derive(Clone, Debug, Default)]
pub struct PortFigures {
    /// Errors.
    pub errors: Errors,
    /// Largest tolerance of a call.
    pub tolerance: f64,
    /// Largest spread of a call.
    pub spread: f64,
    /// Largest reference magnitude.
    pub peak: f64,
    /// Largest error as a part of its call's tolerance.
    pub worst: f64,
}

impl PortFigures {
    fn merge(&mut self, other: &PortFigures) {
        self.errors.merge(&other.errors);
        self.tolerance = self.tolerance.max(other.tolerance);
        self.spread = self.spread.max(other.spread);
        self.peak = self.peak.max(other.peak);
        let unknown = self.worst.is_nan() || other.worst.is_nan();
        self.worst = if unknown { f64::NAN } else { self.worst.max(other.worst) };
    }
}

impl Comparison {
    /// Takes in the comparison of other sequences.
    pub fn merge(&mut self, other: Comparison) {
        let Comparison { off, undecided, structure, arguments, exceptions, refused, calls, raised, ports } = other;
        self.off.extend(off);
        self.undecided.extend(undecided);
        self.structure.extend(structure);
        self.arguments.extend(arguments);
        self.exceptions.extend(exceptions);
        self.refused.extend(refused);
        self.calls += calls;
        self.raised += raised;
        for (name, figures) in &ports {
            self.ports.entry(name.clone()).or_default().merge(figures);
        }
    }
    /// Whether nothing speaks against agreement.
    pub fn agrees(&self) -> bool {
        self.fails() == 0 && self.undecided.is_empty() && self.refused.is_empty()
    }
    /// Number of findings that are failures.
    pub fn fails(&self) -> usize {
        self.off.len() + self.structure.len() + self.arguments.len() + self.exceptions.len()
    }
}

/// Tolerances of the output ports of each call of a sequence.
pub type Tolerances = Vec<BTreeMap<String, Tolerance>>;

/// Everything known of a sequence besides its inputs.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Golden outcomes.
    pub trail: Trail,
    /// Reference values by port of each call; none where CPython raised or there is no reference.
    pub expected: Vec<Option<vectors::Expected>>,
    /// Tolerances of each call.
    pub tolerances: Tolerances,
    /// Whether some execution of each call stops with a fault, or not, where the golden model does the opposite.
    pub stop_moves: Vec<bool>,
}

/// What is judged with what.
#[derive(Clone, Copy, Debug)]
pub struct Model<'m> {
    /// As the front end gave it, for how NaN and infinities may pass through.
    pub read: &'m Module,
    /// After the passes: the golden model.
    pub made: &'m Module,
    /// Whether inputs and tables were rounded to float32: the executions move them too.
    pub narrow: bool,
}

impl Model<'_> {
    fn execution(&self, t: &Translation, sequence: &Sequence, seed: u64, ulps: u64) -> Trail {
        let how = Perturbation::Rounding { seed, ulps };
        if !self.narrow {
            return run(&mut machine(self.made).perturbed(how), t, sequence);
        }
        let module = shaken_tables(self.made, seed);
        let sequence = shaken_inputs(sequence, seed);
        run(&mut machine(&module).perturbed(how), t, &sequence)
    }

    /// Runs golden model and perturbed executions over a sequence and takes the reference apart.
    ///
    /// `scales` gives the largest reference magnitude of each port (`entry.port`) over the calls the sequence belongs
    /// to.
    pub fn judge(&self, t: &Translation, sequence: &Sequence, scales: &Scales) -> Judged {
        let trail = run(&mut machine(self.made), t, sequence);
        // Perturbing a program without inexact operations changes nothing; integers only would be an example.
        let executions = match trail.work {
            w if w > 10 * HEAVY => EXECUTIONS / 3,
            w if w > HEAVY => EXECUTIONS / 2,
            _ => EXECUTIONS,
        };
        let shaken: Vec<Trail> = (0..executions as u64).map(|k| self.execution(t, sequence, 0x5EED + k, 1)).collect();
        let stop_moves = vec![false; sequence.calls.len()];
        let mut judged = Judged { trail, expected: Vec::new(), tolerances: Vec::new(), stop_moves };
        let mut scales = scales.clone();
        let expected = add_scales(self.made, t, sequence, self.narrow, &mut scales);
        for ((i, call), expected) in sequence.calls.iter().enumerate().zip(expected) {
            let mut tolerances = BTreeMap::new();
            if let Ok(ports) = &judged.trail.outcomes[i] {
                for (name, plain) in ports {
                    let reference = expected.as_ref().and_then(|e| port(&e.ports, name)).unwrap_or(plain);
                    let full = format!("{}.{name}", t.entries[call.entry].name);
                    let scale = scales.get(&full).copied().unwrap_or(0.0);
                    let runs = values(&shaken, i, name);
                    tolerances.insert(name.clone(), Tolerance::derive(reference, plain, &runs, scale));
                }
            }
            judged.expected.push(expected);
            judged.tolerances.push(tolerances);
        }
        self.explain(t, sequence, &mut judged);
        judged
    }

    /// Where the golden model is off, looks whether that is a decision which rounding of the tolerance's size changes,
    /// or a NaN or infinity which the definition does not place.
    fn explain(&self, t: &Translation, sequence: &Sequence, judged: &mut Judged) {
        let mut found = Comparison::default();
        compare(t, sequence, judged, &judged.trail.outcomes, &mut found);
        if found.off.is_empty() && found.exceptions.is_empty() {
            return;
        }
        let wide = (0..WIDE_EXECUTIONS as u64).map(|k| self.execution(t, sequence, 0x31DE + k, SPREAD_FACTOR as u64));
        let mut others: Vec<Trail> = wide.collect();
        others.extend(Stand::ALL.map(|stand| {
            let how = Perturbation::Specials(stand);
            run(&mut machine(self.read).perturbed(how), t, sequence)
        }));
        let mut read = machine(self.read);
        others.push(run(&mut read, t, sequence));
        for (i, tolerances) in judged.tolerances.iter_mut().enumerate() {
            let stops = |t: &Trail| t.outcomes[i].as_ref().err().map(|f| f.exception.clone());
            judged.stop_moves[i] |= others.iter().any(|o| stops(o) != stops(&judged.trail));
            let Ok(ports) = &judged.trail.outcomes[i] else { continue };
            for (name, tolerance) in tolerances {
                if let Some(plain) = port(ports, name) {
                    tolerance.explain(plain, &values(&others, i, name));
                }
            }
        }
    }
}

/// A port's value in a call of several executions; none where one stopped with a fault.
fn values(trails: &[Trail], call: usize, name: &str) -> Vec<Option<Tensor>> {
    trails.iter().map(|s| s.outcomes[call].as_ref().ok().and_then(|p| port(p, name)).cloned()).collect()
}

/// Largest reference magnitude of each port (`entry.port`).
pub type Scales = BTreeMap<String, f64>;

/// Takes the references of a sequence apart and their magnitudes in.
pub fn add_scales(
    module: &Module,
    t: &Translation,
    sequence: &Sequence,
    narrow: bool,
    scales: &mut Scales,
) -> Vec<Option<vectors::Expected>> {
    let mut all = Vec::new();
    for (i, call) in sequence.calls.iter().enumerate() {
        let info = &t.entries[call.entry];
        let mut expected = vectors::expected(module, info, call, narrow);
        if let Some(e) = &mut expected {
            state::expect(t, sequence, i, narrow, e);
        }
        for (name, t) in expected.iter().flat_map(|e| &e.ports) {
            let scale = scales.entry(format!("{}.{name}", info.name)).or_insert(0.0);
            *scale = scale.max(super::tolerance::peak(t));
        }
        all.push(expected);
    }
    all
}

/// The tensor with every finite nonzero float32 part moved by -1, 0 or +1 unit in the last place.
fn shaken(t: &Tensor, random: &mut u64) -> Tensor {
    if t.dtype.real() != DType::Float32 {
        return t.clone();
    }
    let mut data = t.to_le_bytes();
    for part in data.chunks_exact_mut(4) {
        // Xorshift (Marsaglia 2003): any spread over three values will do.
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let v = f32::from_le_bytes([part[0], part[1], part[2], part[3]]);
        if v.is_finite() && v != 0.0 {
            let moved = match *random % 3 {
                0 => v.next_down(),
                1 => v.next_up(),
                _ => v,
            };
            part.copy_from_slice(&moved.to_le_bytes());
        }
    }
    Tensor::from_le_bytes(t.dtype, &t.shape, &data).unwrap_or_else(|| t.clone())
}

fn shaken_tables(module: &Module, seed: u64) -> Module {
    let mut random = seed;
    let mut module = module.clone();
    for table in &mut module.tables {
        if let Some(t) = Tensor::from_le_bytes(table.dtype, &table.shape, &table.data) {
            table.data = shaken(&t, &mut random).to_le_bytes();
        }
    }
    module
}

fn shaken_inputs(sequence: &Sequence, seed: u64) -> Sequence {
    let mut random = seed ^ 0x9E37_79B9;
    let mut sequence = sequence.clone();
    for (_, t) in sequence.calls.iter_mut().flat_map(|c| &mut c.inputs) {
        *t = shaken(t, &mut random);
    }
    sequence
}

/// Compares outcomes (of the golden model or of a target) with CPython.
pub fn compare(t: &Translation, sequence: &Sequence, judged: &Judged, outcomes: &[Outcome], into: &mut Comparison) {
    for (i, (call, outcome)) in sequence.calls.iter().zip(outcomes).enumerate() {
        let Some(reference) = &call.reference else { continue };
        let finding = |port: Option<&str>, text: String| Finding {
            sequence: sequence.name.clone(),
            call: i,
            port: port.map(str::to_string),
            text,
        };
        into.calls += 1;
        // After a call that ended early the state of the two need not agree any more.
        let ended = reference.result.is_err() || outcome.is_err();
        match (&reference.result, outcome) {
            (Err(exception), Err(fault)) if exception.type_name == fault.exception => into.raised += 1,
            (_, Err(fault)) if fault.exception == INTERNAL || fault.exception == STEP_LIMIT => {
                into.off.push(finding(None, format!("{}: {}", fault.exception, fault.message)));
            }
            (_, Err(fault)) if refuses(fault) => {
                into.refused.push(finding(None, format!("refused: {}", fault.message)));
            }
            _ if judged.stop_moves[i] && reference.result.is_err() != outcome.is_err() => {
                into.undecided.push(finding(None, "rounding, or the way of a NaN, decides whether it stops".into()));
            }
            (Err(exception), Err(fault)) => into.exceptions.push(finding(
                None,
                format!("CPython raised {}, the translation stops with {}", exception.type_name, fault.exception),
            )),
            (Ok(_), Err(fault)) => into.exceptions.push(finding(
                None,
                format!("CPython gave a result, the translation stops with {}: {}", fault.exception, fault.message),
            )),
            (Err(exception), Ok(_)) => into.exceptions.push(finding(
                None,
                format!("CPython raised {}: {}; the translation gave a result", exception.type_name, exception.message),
            )),
            (Ok(_), Ok(ports)) => {
                let Some(expected) = &judged.expected[i] else { continue };
                into.structure.extend(expected.structure.iter().map(|s| finding(None, s.clone())));
                into.arguments.extend(expected.arguments.iter().map(|s| finding(None, s.clone())));
                for (name, want) in &expected.ports {
                    let full = format!("{}.{name}", t.entries[call.entry].name);
                    let Some((got, tolerance)) = port(ports, name).zip(judged.tolerances[i].get(name)) else {
                        into.structure.push(finding(Some(name), format!("port `{name}` has no value")));
                        continue;
                    };
                    let figures = into.ports.entry(full).or_default();
                    figures.tolerance = figures.tolerance.max(tolerance.abs);
                    figures.spread = figures.spread.max(tolerance.spread);
                    figures.peak = figures.peak.max(tolerance.peak);
                    let what = |i: usize, e: &Errors| {
                        format!(
                            "`{name}` at element {i}: CPython {}, translation {}; largest error {:.3e}, tolerance {:.3e}",
                            element(want, i),
                            element(got, i),
                            e.max_abs,
                            tolerance.abs
                        )
                    };
                    let errors = match tolerance.judge(want, got) {
                        Agreement::Within(e) => e,
                        Agreement::Undecided(e, at) => {
                            into.undecided.push(finding(Some(name), what(at, &e)));
                            e
                        }
                        Agreement::Off(e, at) => {
                            into.off.push(finding(Some(name), what(at, &e)));
                            e
                        }
                        Agreement::Shape(moves) => {
                            let text = format!("`{name}` has extents {:?}, CPython's {:?}", got.shape, want.shape);
                            let list = if moves { &mut into.undecided } else { &mut into.off };
                            list.push(finding(Some(name), text));
                            continue;
                        }
                    };
                    if tolerance.abs > 0.0 {
                        let part = errors.max_abs / tolerance.abs;
                        figures.worst = if part.is_nan() { f64::NAN } else { figures.worst.max(part) };
                    }
                    figures.errors.merge(&errors);
                }
            }
        }
        if ended && !t.module.state.is_empty() {
            break;
        }
    }
}
