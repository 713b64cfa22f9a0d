//! Candidates for vectors that show a fault which the others miss: recorded calls with values scaled, levelled, held,
//! spread over all magnitudes, cut to odd lengths, or changed in a few places near each other. Seeded: the same
//! recording gives the same candidates.

use super::generate::{self, Observed, Random, ascending, named, resized, with_inputs};
use super::vectors::{Call, Ports, Sequence, port};
use proofmark_silicon::dtype::{DType, Scalar};
use proofmark_silicon::interp::Tensor;
use proofmark_silicon::translation::Translation;
use std::collections::BTreeMap;

/// Most elements of a template; the shortest is taken when all are longer.
const MAX_TEMPLATE: usize = 1 << 16;
/// Templates per entry.
const TEMPLATES: usize = 3;
/// Calls of a sequence that is a template.
const CALLS: usize = 6;
/// Longest named length of a shortened call.
const SHORT: i64 = 400;

/// How the values of one port are changed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// All by one power of two, or one special value for a scalar.
    Scaled,
    /// Each by a power of two of its own.
    Spread,
    /// Of a few values only, so that many are equal.
    Levels,
    /// Runs of equal values.
    Held,
    /// Random values of the observed size.
    Fresh,
    /// A stretch moved to the beginning, to the end, or all of it turned round.
    Moved,
    /// A few elements near each other: swapped for a neighbour's value, a random one, another scale or sign.
    Local,
}

const WAYS: [Way; 7] = [Way::Scaled, Way::Spread, Way::Levels, Way::Moved, Way::Held, Way::Fresh, Way::Local];

/// Makes candidates.
pub(super) struct Source<'a> {
    t: &'a Translation,
    random: Random,
    observed: BTreeMap<(usize, String), Observed>,
    templates: Vec<Sequence>,
    /// Of each template, places where a change of values changes a result.
    focus: Vec<Vec<Place>>,
    /// Places at which the last candidate was changed, with its template.
    touched: (usize, Vec<Place>),
    made: usize,
}

/// Call, port and first element.
type Place = (usize, usize, usize);

/// Elements of a port from which on it is worth knowing which of them matter.
const LONG: usize = 4096;
/// Elements of a call beyond which finding that out takes too long.
const TOO_LONG: usize = 1 << 17;
/// Parts that a long port is divided into to find out.
const PARTS: usize = 1024;

impl<'a> Source<'a> {
    /// From recorded sequences.
    pub(super) fn new(t: &'a Translation, recorded: &[Sequence]) -> Source<'a> {
        let good = |c: &Call| {
            let info = &t.entries[c.entry];
            info.draws.is_empty() && !info.args.is_empty() && c.reference.as_ref().is_some_and(|r| r.result.is_ok())
        };
        let mut templates: Vec<Sequence> = Vec::new();
        let mut usable: Vec<Sequence> = recorded
            .iter()
            .map(|s| Sequence {
                calls: s.calls.iter().take_while(|c| good(c)).take(CALLS).cloned().collect(),
                ..s.clone()
            })
            .filter(|s| !s.calls.is_empty())
            .collect();
        usable.sort_by_key(Sequence::elements);
        for entry in 0..t.entries.len() {
            let mut with: Vec<&Sequence> = usable.iter().filter(|s| s.calls.iter().any(|c| c.entry == entry)).collect();
            let fit = with.iter().filter(|s| s.elements() <= MAX_TEMPLATE).count();
            with.truncate(fit.max(1));
            // from the short to the long
            for k in 0..TEMPLATES.min(with.len()) {
                templates.push(with[k * (with.len() - 1) / TEMPLATES.min(with.len()).saturating_sub(1).max(1)].clone());
            }
        }
        let focus = vec![Vec::new(); templates.len()];
        let observed = generate::observe(recorded);
        Source { t, random: Random(0x0D15_EA5E), observed, templates, focus, touched: (0, Vec::new()), made: 0 }
    }

    /// The templates with long inputs, and the parts that these are divided into.
    pub(super) fn parts(&self) -> Vec<(usize, Sequence, Vec<Place>)> {
        let mut all = Vec::new();
        for (k, template) in self.templates.iter().enumerate() {
            let mut parts = Vec::new();
            for (c, call) in template.calls.iter().enumerate() {
                // short candidates are made of what can be cut
                if !named(self.t, call).is_empty() {
                    continue;
                }
                for (p, (_, t)) in call.inputs.iter().enumerate() {
                    if t.len() >= LONG && t.len() <= TOO_LONG {
                        let width = part(t.len());
                        parts.extend((0..t.len()).step_by(width).map(|start| (c, p, start)));
                    }
                }
            }
            if !parts.is_empty() {
                all.push((k, template.clone(), parts));
            }
        }
        all
    }

    /// A template with other values in one part.
    pub(super) fn with_part(&mut self, template: &Sequence, (c, p, start): Place) -> Sequence {
        let call = &template.calls[c];
        let (name, t) = &call.inputs[p];
        let mut copy = template.clone();
        copy.calls.iter_mut().for_each(|c| (c.args, c.reference) = (Vec::new(), None));
        if let Some(o) = self.observed.get(&(call.entry, name.clone())).copied() {
            let mut cells: Vec<Scalar> = (0..t.len()).filter_map(|i| t.get(i)).collect();
            for cell in cells.iter_mut().skip(start).take(part(t.len())) {
                *cell = self.fresh(t.dtype, o);
            }
            let data: Vec<u8> = cells.into_iter().flat_map(Scalar::to_le_bytes).collect();
            copy.calls[c].inputs[p].1 = Tensor::from_le_bytes(t.dtype, &t.shape, &data).unwrap_or_else(|| t.clone());
        }
        copy
    }

    /// Looks there more often when it changes a few elements of that template.
    pub(super) fn look_at(&mut self, template: usize, places: impl IntoIterator<Item = Place>) {
        self.focus[template].extend(places);
    }

    /// Where the last candidate was changed, and its template.
    pub(super) fn touched(&self) -> (usize, Vec<Place>) {
        self.touched.clone()
    }

    /// The next candidate; `None` if this one came to nothing.
    pub(super) fn next(&mut self) -> Option<Sequence> {
        if self.templates.is_empty() {
            return None;
        }
        let k = self.random.below(self.templates.len());
        let template = self.templates[k].clone();
        self.made += 1;
        self.touched = (k, Vec::new());
        let way = match self.focus[k].is_empty() {
            false if self.made % 4 == 1 => Way::Moved,
            false if self.made % 4 > 1 => Way::Local,
            _ => WAYS[self.made % WAYS.len()],
        };
        let short = self.random.below(16) > 0;
        let all = self.random.below(2) == 0;
        let one = self.random.below(template.calls.len());
        let mut calls = Vec::new();
        for (i, call) in template.calls.iter().enumerate() {
            if !all && i != one {
                calls.push(Call { reference: None, recorded: None, ..call.clone() });
                continue;
            }
            let inputs = match self.shortened(call).filter(|_| short) {
                Some(inputs) => inputs,
                None => call.inputs.clone(),
            };
            let inputs = self.changed((k, i), call.entry, inputs, way)?;
            calls.push(with_inputs(self.t, call, inputs)?);
        }
        Some(Sequence {
            name: String::new(),
            what: format!("{way:?}").to_lowercase(),
            instance: template.instance,
            calls,
        })
    }

    /// The inputs cut to random lengths.
    fn shortened(&mut self, call: &Call) -> Option<Ports> {
        let mut lengths = named(self.t, call);
        if lengths.is_empty() {
            return None;
        }
        for (name, v) in &mut lengths {
            let length = self.t.module.lengths.iter().find(|l| l.name == *name)?;
            let most = (*v).min(SHORT).min(length.max.unwrap_or(i64::MAX));
            let least = length.min.max(1);
            if most > least {
                *v = least + self.random.below((most - least + 1) as usize) as i64;
            }
        }
        resized(self.t, &self.observed, call, &lengths)
    }

    /// One port or all of them with other values.
    fn changed(&mut self, (k, call): (usize, usize), entry: usize, inputs: Ports, way: Way) -> Option<Ports> {
        let one = match self.random.below(3) {
            0 => None,
            _ => Some(self.random.below(inputs.len())),
        };
        let mut out = Ports::new();
        for (i, (name, t)) in inputs.iter().enumerate() {
            let observed = self.observed.get(&(entry, name.clone())).copied();
            let new = match observed.filter(|_| one.is_none_or(|k| k == i)) {
                Some(o) => {
                    self.values((k, call, i), t, o, way).and_then(|t| if o.ascends { ascending(&t) } else { Some(t) })
                }
                None => None,
            };
            out.push((name.clone(), new.unwrap_or_else(|| t.clone())));
        }
        Some(out).filter(|o| o.iter().any(|(n, t)| port(&inputs, n).is_some_and(|old| !old.same_bits(t))))
    }

    fn values(&mut self, at: Place, t: &Tensor, o: Observed, way: Way) -> Option<Tensor> {
        let mut cells: Vec<Scalar> = (0..t.len()).filter_map(|i| t.get(i)).collect();
        if cells.is_empty() || t.dtype == DType::Bool {
            return None;
        }
        let d = t.dtype;
        let integer = o.low <= o.high;
        match way {
            Way::Scaled if integer => {
                let v = self.random.below(cells.len());
                let v = cells[v];
                cells.fill(v);
            }
            Way::Scaled if cells.len() == 1 && self.random.below(3) == 0 => {
                let special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-3, -3.0, 1e5, -1e7];
                let v = special[self.random.below(special.len())];
                cells[0] = Scalar::float(d, v, 0.0);
            }
            Way::Scaled => {
                let by = self.power(d);
                cells.iter_mut().for_each(|c| *c = scaled(*c, by));
            }
            Way::Spread if !integer => {
                let wide = self.random.below(3);
                for c in &mut cells {
                    let by = self.power_within([8, 40, 400][wide], d);
                    *c = scaled(self.fresh(d, o), by);
                }
            }
            Way::Levels => {
                let n = 2 + self.random.below(3);
                let mut levels: Vec<Scalar> = (0..n).map(|_| self.fresh(d, o)).collect();
                if !integer {
                    levels[0] = Scalar::zero(d);
                    let opposite = scaled(levels[1], -1.0);
                    levels.push(opposite);
                }
                cells.iter_mut().for_each(|c| *c = levels[self.random.below(levels.len())]);
            }
            Way::Held => {
                let keep = [2, 4, 16][self.random.below(3)];
                for i in 1..cells.len() {
                    if self.random.below(keep) > 0 {
                        cells[i] = cells[i - 1];
                    }
                }
            }
            Way::Spread | Way::Fresh => {
                for c in &mut cells {
                    *c = self.fresh(d, o);
                }
            }
            Way::Moved => {
                let (n, near) = (cells.len(), self.near(at, cells.len()));
                let long = 1 + self.random.below((n / 2).max(1));
                let end = (near + self.random.below(part(n))).clamp(1, n);
                let long = long.min(end);
                match self.random.below(3) {
                    0 => cells.copy_within(end - long..end, n - long),
                    1 => cells.copy_within(end - long..end, 0),
                    _ => cells.rotate_left(end % n),
                }
            }
            Way::Local => self.local(at, &mut cells, d, o),
        }
        let data: Vec<u8> = cells.into_iter().flat_map(Scalar::to_le_bytes).collect();
        Tensor::from_le_bytes(d, &t.shape, &data)
    }

    /// An element, in most cases in a part that matters. `at`: template, call and port.
    fn near(&mut self, (k, call, port): Place, len: usize) -> usize {
        let known = self.focus[k].iter().filter(|(c, p, s)| (*c, *p) == (call, port) && *s < len).count();
        if known == 0 || self.random.below(8) == 0 {
            return self.random.below(len);
        }
        let one = self.random.below(known);
        let mut parts = self.focus[k].iter().filter(|(c, p, s)| (*c, *p) == (call, port) && *s < len);
        parts.nth(one).map_or(0, |f| f.2)
    }

    /// Changes a few elements near each other, in some places. `at`: template, call and port.
    fn local(&mut self, at: Place, cells: &mut [Scalar], d: DType, o: Observed) {
        let (k, call, port) = at;
        let integer = o.low <= o.high;
        let known = !self.focus[k].is_empty();
        for _ in 0..1 + self.random.below(2 + cells.len() / if known { 2000 } else { 300 }) {
            let window = [8, 16, 40][self.random.below(3)];
            let start = self.near(at, cells.len());
            self.touched.1.push((call, port, start));
            for _ in 0..1 + self.random.below(3) {
                let i = (start + self.random.below(window)) % cells.len();
                // complex samples are often stored as two reals in a row
                let group = 1 + self.random.below(2);
                let i = i / group * group;
                let from = i + self.random.below(17) * group;
                let what = self.random.below(4);
                let value = self.fresh(d, o);
                for g in 0..group {
                    let (at, from) = (i + g, from.saturating_sub(8 * group) + g);
                    if at >= cells.len() || from >= cells.len() {
                        continue;
                    }
                    cells[at] = match what {
                        0 | 1 => cells[from],
                        2 if !integer => scaled(cells[at], [-1.0, 0.0, 2.0, 0.5][self.random.below(4)]),
                        2 => Scalar::int(d, if self.random.below(2) == 0 { o.low } else { o.high }),
                        _ => value,
                    };
                }
            }
        }
    }

    /// A value of the observed size.
    fn fresh(&mut self, d: DType, o: Observed) -> Scalar {
        if o.low <= o.high {
            let span = o.high - o.low + 1;
            return Scalar::int(d, o.low + i128::from(self.random.next()) % span);
        }
        let re = o.rms * self.random.normal();
        Scalar::float(d, re, o.rms * self.random.normal())
    }

    fn power(&mut self, d: DType) -> f64 {
        let most = [4, 30, 60, 400][self.random.below(4)];
        self.power_within(most, d)
    }

    /// 2 to a random power of at most that size, at most what the type can hold.
    fn power_within(&mut self, most: i32, d: DType) -> f64 {
        let most = if d.real() == DType::Float32 { most.min(60) } else { most };
        let e = self.random.below(2 * most as usize + 1) as i32 - most;
        2f64.powi(e)
    }
}

/// Elements of a part.
fn part(len: usize) -> usize {
    len.div_ceil(PARTS).max(16)
}

fn scaled(c: Scalar, by: f64) -> Scalar {
    Scalar::float(c.dtype, c.real_f64() * by, c.imag_f64() * by)
}
