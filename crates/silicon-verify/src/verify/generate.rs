//! Vectors beyond the bench's: other values, extremes, denormals, NaN and infinities, other lengths, other splits of
//! a stream. Each is made from a recorded call, so types, structure and fixed arguments stay those of the translation.
//! The same recording gives the same vectors.

use super::ports;
use super::vectors::{Call, Ports, Sequence, entry_ports, port};
use crate::oracle::{ReferenceCall, ReferenceRequest};
use proofmark_silicon::dtype::{DType, Scalar};
use proofmark_silicon::hir::{Atom, Dim, Module, ParamRole};
use proofmark_silicon::interp::Tensor;
use proofmark_silicon::translation::Translation;
use std::collections::BTreeMap;

/// Most sequences made.
pub const MAX_SEQUENCES: usize = 64;
/// Most elements of all of them together.
pub const MAX_ELEMENTS: usize = 1 << 21;
/// Most elements of a recorded call that others are made from; longer arrays are cut where a length allows it.
const MAX_TEMPLATE: usize = 1 << 16;

/// SplitMix64: small, seeded, the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// In [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    /// Normal, by the sum of twelve uniform values: no library function, so the same bits everywhere.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Observed range of a port over the recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed {
    /// Least integer; above `high` for a float port.
    pub(super) low: i128,
    /// Greatest integer.
    pub(super) high: i128,
    /// Root mean square magnitude, 1 when there is none.
    pub(super) rms: f64,
    /// Every vector of it with at least four elements ascends, and there is one: it may have to.
    pub(super) ascends: bool,
}

/// What is done to the inputs of a recorded call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Normal,
    Uniform,
    Permuted,
    Large,
    Small,
    Zeros,
    NegativeZeros,
    Denormals,
    OneNan,
    OneInfinity,
    OneNegativeInfinity,
    Extremes,
}

const CHANGES: [(Change, &str); 12] = [
    (Change::Normal, "normal"),
    (Change::Uniform, "uniform"),
    (Change::Permuted, "permuted"),
    (Change::Zeros, "zeros"),
    (Change::NegativeZeros, "negative-zeros"),
    (Change::OneNan, "one-nan"),
    (Change::OneInfinity, "one-infinity"),
    (Change::OneNegativeInfinity, "one-negative-infinity"),
    (Change::Denormals, "denormals"),
    (Change::Large, "large"),
    (Change::Small, "small"),
    (Change::Extremes, "extremes"),
];

/// Sequences without a reference yet, and what could not be varied.
pub fn generate(t: &Translation, recorded: &[Sequence]) -> (Vec<Sequence>, Vec<String>) {
    let mut made =
        Maker { t, random: Random(0x00C0_FFEE), observed: observe(recorded), sequences: Vec::new(), elements: 0 };
    let mut not_shown = Vec::new();
    for (index, info) in t.entries.iter().enumerate() {
        if !info.draws.is_empty() {
            not_shown.push(format!("`{}` draws random numbers: no vectors were generated for it", info.source_name));
            continue;
        }
        if info.args.is_empty() {
            continue;
        }
        made.entry(index, recorded);
    }
    for ((entry, name), _) in made.observed.iter().filter(|(_, o)| o.ascends) {
        not_shown.push(format!(
            "`{}` with values of `{name}` that do not ascend: they do in every recorded call, and so in the generated ones",
            t.entries[*entry].source_name
        ));
    }
    made.splits(recorded);
    (made.sequences, not_shown)
}

/// The request that gives a sequence its reference.
pub fn request(t: &Translation, sequence: &Sequence) -> ReferenceRequest {
    let call = |c: &Call| ReferenceCall { name: t.entries[c.entry].source_name.clone(), args: c.args.clone() };
    let calls = sequence.calls.iter().map(call).collect();
    ReferenceRequest { instance: sequence.instance, calls, state: super::state::wanted(t) }
}

/// Ranges of the input ports by entry and name.
pub(super) fn observe(recorded: &[Sequence]) -> BTreeMap<(usize, String), Observed> {
    let mut found: BTreeMap<(usize, String), (Observed, f64, usize)> = BTreeMap::new();
    for call in recorded.iter().flat_map(|s| &s.calls) {
        for (name, t) in &call.inputs {
            let start = (Observed { low: i128::MAX, high: i128::MIN, rms: 1.0, ascends: false }, 0.0, 0);
            let known = found.contains_key(&(call.entry, name.clone()));
            let (o, energy, count) = found.entry((call.entry, name.clone())).or_insert(start);
            if t.len() >= 4 {
                o.ascends = ascends(t) && (o.ascends || !known);
            }
            for s in (0..t.len()).filter_map(|i| t.get(i)) {
                if let Some(v) = s.as_int() {
                    (o.low, o.high) = (o.low.min(v), o.high.max(v));
                }
                let m = super::compare::magnitude(s);
                *energy += m * m;
                *count += 1;
            }
        }
    }
    let rms = |energy: f64, n: usize| if energy > 0.0 && energy.is_finite() { (energy / n as f64).sqrt() } else { 1.0 };
    found.into_iter().map(|(k, (o, energy, n))| (k, Observed { rms: rms(energy, n), ..o })).collect()
}

/// Whether a vector never descends, and is not constant.
fn ascends(t: &Tensor) -> bool {
    let value = |i: usize| t.get(i).filter(|s| !s.dtype.is_complex()).map(|s| s.real_f64());
    let pairs =
        |test: fn(f64, f64) -> bool| move |i: usize| value(i - 1).zip(value(i)).is_some_and(|(a, b)| test(a, b));
    t.shape.len() == 1 && (1..t.len()).all(pairs(|a, b| a <= b)) && (1..t.len()).any(pairs(|a, b| a < b))
}

/// The vector with its elements in ascending order; none where one of them has no place in it.
pub(super) fn ascending(t: &Tensor) -> Option<Tensor> {
    let mut cells: Vec<Scalar> = (0..t.len()).filter_map(|i| t.get(i)).collect();
    if cells.iter().any(|c| !c.real_f64().is_finite()) {
        return None;
    }
    cells.sort_by(|a, b| a.real_f64().total_cmp(&b.real_f64()));
    let data: Vec<u8> = cells.into_iter().flat_map(Scalar::to_le_bytes).collect();
    Tensor::from_le_bytes(t.dtype, &t.shape, &data)
}

struct Maker<'a> {
    t: &'a Translation,
    random: Random,
    observed: BTreeMap<(usize, String), Observed>,
    sequences: Vec<Sequence>,
    elements: usize,
}

impl Maker<'_> {
    fn entry(&mut self, entry: usize, recorded: &[Sequence]) {
        let mut calls: Vec<(&Sequence, &Call)> = recorded
            .iter()
            .flat_map(|s| s.calls.iter().map(move |c| (s, c)))
            .filter(|(_, c)| c.entry == entry && c.reference.as_ref().is_some_and(|r| r.result.is_ok()))
            .collect();
        calls.sort_by_key(|(_, c)| c.inputs.iter().map(|(_, t)| t.len()).sum::<usize>());
        let Some((sequence, call)) =
            calls.iter().rev().find(|(_, c)| size(c) <= MAX_TEMPLATE).or(calls.first()).copied()
        else {
            return;
        };
        let instance = sequence.instance;
        for lengths in self.lengths(call) {
            let Some(inputs) = resized(self.t, &self.observed, call, &lengths) else { continue };
            let text = lengths.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(",");
            self.push(call, instance, inputs, &format!("length {text}"));
        }
        // Wide arrays are cut to what a vector set can afford, where a length allows it.
        let template = self.affordable(call);
        for (change, name) in CHANGES {
            if let Some(inputs) = self.changed(entry, &template, change) {
                self.push(call, instance, inputs, name);
            }
        }
        // values of one port at a time, so that no port hides another
        let names: Vec<String> = template.iter().map(|(n, _)| n.clone()).collect();
        for only in names.iter().filter(|_| names.len() > 1) {
            for (change, name) in [(Change::Normal, "normal"), (Change::Permuted, "permuted")] {
                let Some(all) = self.changed(entry, &template, change) else { continue };
                let pick = |(n, t): &(String, Tensor)| {
                    let new = if n == only { port(&all, n).unwrap_or(t) } else { t };
                    (n.clone(), new.clone())
                };
                let inputs = template.iter().map(pick).collect();
                self.push(call, instance, inputs, &format!("{name} {only}"));
            }
        }
    }

    fn affordable(&self, call: &Call) -> Ports {
        if size(call) <= MAX_TEMPLATE {
            return call.inputs.clone();
        }
        let cut: BTreeMap<String, i64> = named(self.t, call).into_iter().map(|(n, v)| (n, v.min(4097))).collect();
        resized(self.t, &self.observed, call, &cut).unwrap_or_else(|| call.inputs.clone())
    }

    /// Adds a sequence of one call if its size can be afforded and it is not one of the vectors already.
    fn push(&mut self, template: &Call, instance: Option<usize>, inputs: Ports, what: &str) {
        let Some(call) = with_inputs(self.t, template, inputs) else { return };
        self.keep(Sequence { name: String::new(), what: what.into(), instance, calls: vec![call] });
    }

    fn keep(&mut self, mut sequence: Sequence) {
        let size = sequence.elements();
        let same = |other: &Sequence| {
            other.calls.len() == sequence.calls.len()
                && other.calls.iter().zip(&sequence.calls).all(|(a, b)| {
                    a.entry == b.entry && a.inputs.iter().zip(&b.inputs).all(|((_, x), (_, y))| x.same_bits(y))
                })
        };
        let full = self.sequences.len() >= MAX_SEQUENCES || self.elements + size > MAX_ELEMENTS;
        if full || self.sequences.iter().any(same) {
            return;
        }
        self.elements += size;
        sequence.name = format!("generated-{}", self.sequences.len());
        self.sequences.push(sequence);
    }

    /// Values for the named lengths of a call: each at its least, one, two and an odd number, the others as recorded.
    fn lengths(&self, call: &Call) -> Vec<BTreeMap<String, i64>> {
        let now = named(self.t, call);
        let mut all = Vec::new();
        for (name, recorded) in &now {
            let Some(length) = self.t.module.lengths.iter().find(|l| l.name == *name) else { continue };
            let odd = (recorded / 2) | 1;
            let mut seen = Vec::new();
            for v in [0, 1, 2, 3, odd.min(1001), length.min, length.min + 1] {
                if v >= length.min && length.max.is_none_or(|m| v <= m) && v != *recorded && !seen.contains(&v) {
                    seen.push(v);
                    let mut values = now.clone();
                    values.insert(name.clone(), v);
                    all.push(values);
                }
            }
        }
        all
    }

    /// The inputs with other values; `None` when the change means nothing for any of them.
    fn changed(&mut self, entry: usize, inputs: &Ports, change: Change) -> Option<Ports> {
        let mut out = Ports::new();
        let mut any = false;
        for (name, t) in inputs {
            let observed = self.observed.get(&(entry, name.clone())).copied();
            let new = observed.and_then(|o| self.values(t, o, change));
            let new = if observed.is_some_and(|o| o.ascends) { new.and_then(|t| ascending(&t)) } else { new };
            any |= new.is_some();
            out.push((name.clone(), new.unwrap_or_else(|| t.clone())));
        }
        any.then_some(out)
    }

    fn values(&mut self, t: &Tensor, o: Observed, change: Change) -> Option<Tensor> {
        let mut cells: Vec<Scalar> = (0..t.len()).filter_map(|i| t.get(i)).collect();
        if cells.is_empty() {
            return None;
        }
        let d = t.dtype;
        if change == Change::Permuted {
            if cells.len() < 2 {
                return None;
            }
            for i in (1..cells.len()).rev() {
                let j = self.random.below(i + 1);
                cells.swap(i, j);
            }
        } else if let (true, Change::Normal | Change::Uniform) = (o.low <= o.high, change) {
            // integers stay in the range the bench showed: what lies beyond may mean something else
            let span = o.high - o.low + 1;
            for c in &mut cells {
                *c = Scalar::int(d, o.low + i128::from(self.random.next()) % span);
            }
        } else if o.low <= o.high {
            let value = match change {
                Change::Zeros if o.low <= 0 && o.high >= 0 => 0,
                Change::Small => o.low,
                Change::Large => o.high,
                _ => return None,
            };
            cells.fill(Scalar::int(d, value));
        } else {
            let single = d.real() == DType::Float32;
            let one = self.random.below(cells.len());
            for (i, c) in cells.iter_mut().enumerate() {
                let (re, im) = (c.real_f64(), c.imag_f64());
                let draw = |scale: f64, r: &mut Random| match change {
                    Change::Uniform => scale * (2.0 * r.unit() - 1.0) * 2.0,
                    _ => scale * r.normal(),
                };
                let tiny = if single { f64::from(f32::from_bits(3)) } else { f64::from_bits(3) };
                let huge = if single { f64::from(f32::MAX) } else { f64::MAX };
                let power = if single { 1e12 } else { 1e90 };
                *c = match change {
                    Change::Normal | Change::Uniform => {
                        let re = draw(o.rms, &mut self.random);
                        Scalar::float(d, re, draw(o.rms, &mut self.random))
                    }
                    Change::Large => Scalar::float(d, re * power, im * power),
                    Change::Small => Scalar::float(d, re / power, im / power),
                    Change::Zeros => Scalar::zero(d),
                    Change::NegativeZeros => Scalar::float(d, -0.0, -0.0),
                    Change::Denormals => {
                        let k = self.random.below(1000) as f64;
                        Scalar::float(d, tiny * k, -tiny * (k + 1.0))
                    }
                    Change::Extremes => Scalar::float(d, if i % 2 == 0 { huge } else { -huge }, 0.0),
                    Change::OneNan if i == one => Scalar::float(d, f64::NAN, im),
                    Change::OneInfinity if i == one => Scalar::float(d, f64::INFINITY, im),
                    Change::OneNegativeInfinity if i == one => Scalar::float(d, f64::NEG_INFINITY, im),
                    _ => *c,
                };
            }
        }
        let data: Vec<u8> = cells.into_iter().flat_map(Scalar::to_le_bytes).collect();
        Tensor::from_le_bytes(d, &t.shape, &data)
    }

    /// Streams cut at other places: neighbouring calls of one method joined, and single calls cut in two.
    fn splits(&mut self, recorded: &[Sequence]) {
        if self.t.module.state.is_empty() {
            return;
        }
        for sequence in recorded
            .iter()
            .filter(|s| s.calls.iter().all(|c| c.reference.as_ref().is_some_and(|r| r.result.is_ok())))
            .take(4)
        {
            for (what, parts) in [("first call split", [1usize, 3]), ("calls split in half", [1, 2])] {
                let mut calls = Vec::new();
                let mut any = false;
                for (i, call) in sequence.calls.iter().enumerate().take(8) {
                    let cut = (i == 0 || parts[1] == 2).then(|| self.halves(call, parts[0], parts[1])).flatten();
                    any |= cut.is_some();
                    match cut {
                        Some((a, b)) => calls.extend([a, b]),
                        None => calls.push(Call { reference: None, recorded: None, ..call.clone() }),
                    }
                }
                if any {
                    self.keep(Sequence { name: String::new(), what: what.into(), instance: sequence.instance, calls });
                }
            }
        }
    }

    /// A call as two, the arrays that share the call's one named length cut at `num/den` of it.
    fn halves(&self, call: &Call, num: usize, den: usize) -> Option<(Call, Call)> {
        let lengths = named(self.t, call);
        let (name, n) = lengths.iter().next().filter(|_| lengths.len() == 1)?;
        let info = &self.t.entries[call.entry];
        let shapes = shapes(&self.t.module, &info.name)?;
        let at = (*n as usize) * num / den;
        if at == 0 || at >= *n as usize {
            return None;
        }
        let id = self.t.module.lengths.iter().position(|l| l.name == *name)?;
        let plain = Dim::from(proofmark_silicon::hir::LengthId(id as u32));
        let part = |from: usize, to: usize| -> Option<Call> {
            let mut inputs = Ports::new();
            for (name, t) in &call.inputs {
                let dims = &shapes.iter().find(|(n, _)| n == name)?.1;
                match dims.as_slice() {
                    [d] if *d == plain => {
                        let data = t.to_le_bytes();
                        let size = t.dtype.size();
                        let cut = Tensor::from_le_bytes(t.dtype, &[to - from], &data[from * size..to * size])?;
                        inputs.push((name.clone(), cut));
                    }
                    dims if dims.iter().all(|d| d.as_const().is_some()) => inputs.push((name.clone(), t.clone())),
                    _ => return None,
                }
            }
            let mut args = Vec::new();
            for (name, tree) in &info.args {
                let value = call.args.iter().find(|(n, _)| n == name).map(|(_, v)| v)?;
                args.push((name.clone(), ports::rebuilt(tree, value, &|p| port(&inputs, p).cloned())?));
            }
            Some(Call { entry: call.entry, inputs, args, reference: None, recorded: None })
        };
        Some((part(0, at)?, part(at, *n as usize)?))
    }
}

/// The call with other inputs, without a reference.
pub(super) fn with_inputs(t: &Translation, template: &Call, inputs: Ports) -> Option<Call> {
    let mut args = Vec::new();
    for (name, tree) in &t.entries[template.entry].args {
        let value = template.args.iter().find(|(n, _)| n == name).map(|(_, v)| v)?;
        args.push((name.clone(), ports::rebuilt(tree, value, &|p| port(&inputs, p).cloned())?));
    }
    Some(Call { entry: template.entry, inputs, args, reference: None, recorded: None })
}

fn size(call: &Call) -> usize {
    call.inputs.iter().map(|(_, t)| t.len()).sum()
}

/// The inputs with other lengths: values repeated or cut along each axis.
pub(super) fn resized(
    t: &Translation,
    observed: &BTreeMap<(usize, String), Observed>,
    call: &Call,
    lengths: &BTreeMap<String, i64>,
) -> Option<Ports> {
    let shapes = shapes(&t.module, &t.entries[call.entry].name)?;
    call.inputs
        .iter()
        .map(|(name, old)| {
            let dims = &shapes.iter().find(|(n, _)| n == name)?.1;
            let shape: Option<Vec<usize>> = dims.iter().map(|d| extent(&t.module, d, lengths)).collect();
            let shape = shape?;
            let count = shape.iter().try_fold(1usize, |a, d| a.checked_mul(*d)).filter(|n| *n <= MAX_ELEMENTS)?;
            if count > 0 && old.is_empty() {
                return None;
            }
            let source = old.to_le_bytes();
            let size = old.dtype.size();
            let mut data = Vec::with_capacity(count * size);
            for i in 0..count {
                // the element at the same place, wrapped around in each axis
                let (mut rest, mut at, mut stride) = (i, 0, 1);
                for (new, old) in shape.iter().zip(&old.shape).rev() {
                    at += (rest % new) % old * stride;
                    rest /= new;
                    stride *= old;
                }
                data.extend_from_slice(&source[at * size..(at + 1) * size]);
            }
            let resized = Tensor::from_le_bytes(old.dtype, &shape, &data)?;
            let ordered = observed.get(&(call.entry, name.clone())).is_some_and(|o| o.ascends);
            Some((name.clone(), if ordered { ascending(&resized)? } else { resized }))
        })
        .collect()
}

/// Declared extents of an entry's inputs.
pub fn shapes(module: &Module, entry: &str) -> Option<Vec<(String, Vec<Dim>)>> {
    let entry = module.entries.iter().find(|e| e.func.name == entry)?;
    let ports = entry.params.iter().zip(&entry.func.body.params).filter_map(|(role, v)| match role {
        ParamRole::Input(name) => Some((name.clone(), entry.func.ty(*v).shape.clone())),
        ParamRole::State(_) => None,
    });
    Some(ports.collect())
}

fn extent(module: &Module, d: &Dim, lengths: &BTreeMap<String, i64>) -> Option<usize> {
    let mut known = true;
    d.for_each_value(&mut |_| known = false);
    let leaf = |a: &Atom| match a {
        Atom::Length(l) => module.lengths.get(l.0 as usize).and_then(|l| lengths.get(&l.name)).copied().unwrap_or(-1),
        _ => -1,
    };
    let value = known.then(|| d.evaluate(&leaf))?;
    usize::try_from(value).ok()
}

/// The named lengths of a call, from the axes that are a length itself.
pub fn named(t: &Translation, call: &Call) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for (name, dims) in shapes(&t.module, &t.entries[call.entry].name).unwrap_or_default() {
        let Some(tensor) = port(&call.inputs, &name) else { continue };
        for (d, extent) in dims.iter().zip(&tensor.shape) {
            if let ([(Atom::Length(l), c)], Some(length)) = (d.terms.as_slice(), length_of(&t.module, d))
                && *c != 0
                && l.0 as usize == length
            {
                let value = (*extent as i64 - d.constant) / c;
                found.entry(t.module.lengths[length].name.clone()).or_insert(value);
            }
        }
    }
    found
}

fn length_of(module: &Module, d: &Dim) -> Option<usize> {
    match d.terms.as_slice() {
        [(Atom::Length(l), _)] if (l.0 as usize) < module.lengths.len() => Some(l.0 as usize),
        _ => None,
    }
}

/// Inputs without a reference, for a program that has no bench: normal values, ranges unknown.
pub fn synthetic(t: &Translation) -> Vec<Sequence> {
    let mut random = Random(0x00C0_FFEE);
    let mut made = Vec::new();
    for (entry, info) in t.entries.iter().enumerate() {
        let (Some(shapes), Some(types)) = (shapes(&t.module, &info.name), entry_ports(&t.module, &info.name)) else {
            continue;
        };
        for n in [64i64, 33, 1] {
            let lengths =
                t.module.lengths.iter().map(|l| (l.name.clone(), n.max(l.min).min(l.max.unwrap_or(i64::MAX))));
            let lengths: BTreeMap<String, i64> = lengths.collect();
            let mut inputs = Ports::new();
            for (name, dims) in &shapes {
                let shape: Option<Vec<usize>> = dims.iter().map(|d| extent(&t.module, d, &lengths)).collect();
                let ty = types.inputs.iter().find(|(n, _)| n == name).map(|(_, t)| *t);
                let (Some(shape), Some(ty)) = (shape, ty) else { continue };
                let count: usize = shape.iter().product();
                let data: Vec<u8> = (0..count)
                    .flat_map(|_| {
                        let s = match ty.dtype.int_range() {
                            Some(_) => Scalar::int(ty.dtype, i128::from(random.next() % 100)),
                            None => Scalar::float(ty.dtype, random.normal(), random.normal()),
                        };
                        s.to_le_bytes()
                    })
                    .collect();
                inputs.extend(Tensor::from_le_bytes(ty.dtype, &shape, &data).map(|t| (name.clone(), t)));
            }
            if inputs.len() == shapes.len() {
                let call = Call { entry, inputs, args: Vec::new(), reference: None, recorded: None };
                let name = format!("synthetic-{}", made.len());
                made.push(Sequence { name, what: "synthetic".into(), instance: None, calls: vec![call] });
            }
        }
    }
    made
}
