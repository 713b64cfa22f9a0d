//! The search for inputs that show the faults which all vectors miss.

use super::{Batch, Said, Seeded, Seen, Until, other};
use crate::verify::compare::first_difference;
use crate::verify::directed::Source;
use crate::verify::golden::Outcome;
use crate::verify::pipeline::Vectors;
use crate::verify::vectors::Sequence;
use std::collections::{BTreeMap, BTreeSet};

/// Cost of all runs together: elements of inputs and the golden model's work, weighed as compiled code roughly takes
/// them; counted, not timed, so that two translations agree.
const COST: u64 = 12_000_000_000;
/// Cost of one run of a batch of candidates.
const BATCH: u64 = 100_000_000;
/// Cost of finding out where in one template values matter; where it costs more they are taken to matter everywhere.
const FOCUS: u64 = 1_500_000_000;
/// Elements of one batch.
const ELEMENTS: usize = 1 << 21;
/// Candidates of one batch.
const CANDIDATES: usize = 400;
/// Most batches.
const BATCHES: usize = 60;
/// Batches in a row without a find after which the search ends.
const BARREN: usize = 12;
/// Most vectors found.
const FOUND: usize = 40;

impl Seeded<'_> {
    /// Inputs that show a surviving fault, fewest first found; they have no references yet.
    ///
    /// # Errors
    /// Why candidates could not be run.
    pub(in crate::verify) fn search(&self, all: &Vectors<'_>) -> Result<Vec<Sequence>, String> {
        let mut found: Vec<Sequence> = Vec::new();
        if !self.exact || self.survived.is_empty() {
            return Ok(found);
        }
        let mut source = Source::new(all.t, &all.sequences[..all.recorded]);
        // work per element of an input, from the recording
        let work: u64 = all.judged[..all.recorded].iter().map(|j| j.trail.work).sum();
        let elements: usize = all.sequences[..all.recorded].iter().map(Sequence::elements).sum();
        let cost = 8 + work / elements.max(1) as u64 / 16;
        let mut left: BTreeSet<usize> = self.survived.clone();
        self.focus(&mut source, all, cost)?;
        let (mut spent, mut barren) = (0u64, 0);
        for round in 0..BATCHES {
            if spent > COST || left.is_empty() || barren >= BARREN || found.len() >= FOUND {
                break;
            }
            let (mut candidates, mut touched) = (Vec::new(), Vec::new());
            let mut sum = 0;
            for _ in 0..2 * CANDIDATES {
                if candidates.len() >= CANDIDATES || sum as u64 * cost > BATCH || sum > ELEMENTS {
                    break;
                }
                if let Some(c) = source.next() {
                    sum += c.elements();
                    candidates.push(c);
                    touched.push(source.touched());
                }
            }
            if candidates.is_empty() {
                break;
            }
            let references: Vec<&Sequence> = candidates.iter().collect();
            let ids: Vec<u32> = left.iter().map(|i| self.chosen[*i].id).collect();
            let name = format!("candidates-{round}.bin");
            let (batch, said) = self.batch(&self.plain, &name, all.t, &references, (&ids, Until::All))?;
            spent += (left.len() as u64 + 1) * sum as u64 * cost;
            let shown = self.shown(&batch, &said, &left)?;
            let _ = std::fs::remove_file(&batch.path);
            let before = left.len();
            // greedily the candidate that shows most, the smaller first
            while found.len() < FOUND {
                let best = (0..candidates.len())
                    .map(|c| (shown.iter().filter(|(m, by)| left.contains(*m) && by.contains(&c)).count(), c))
                    .max_by_key(|(n, c)| (*n, std::cmp::Reverse((candidates[*c].elements(), *c))));
                let Some((1.., c)) = best else { break };
                left.retain(|m| !shown.get(m).is_some_and(|by| by.contains(&c)));
                // where one was found there may be more
                let (template, places) = touched[c].clone();
                source.look_at(template, places.iter().chain(&places).copied());
                let what = format!("directed: {}", candidates[c].what);
                let name = format!("directed-{}", found.len());
                found.push(Sequence { name, what, ..candidates[c].clone() });
            }
            barren = if left.len() == before { barren + 1 } else { 0 };
        }
        Ok(found)
    }

    /// Finds out where in long inputs values matter.
    fn focus(&self, source: &mut Source<'_>, all: &Vectors<'_>, cost: u64) -> Result<(), String> {
        for (k, template, parts) in source.parts() {
            if (parts.len() * template.elements()) as u64 * cost > FOCUS {
                continue;
            }
            for chunk in parts.chunks((ELEMENTS / template.elements().max(1)).max(1)) {
                let copies: Vec<Sequence> = chunk.iter().map(|place| source.with_part(&template, *place)).collect();
                let with: Vec<&Sequence> = std::iter::once(&template).chain(&copies).collect();
                let (batch, _) = self.batch(&self.plain, "parts.bin", all.t, &with, (&[], Until::All))?;
                let outcomes = batch.calls.outcomes(self.program, &batch.base)?;
                let matters = outcomes.iter().skip(1).zip(chunk).filter(|(o, _)| apart(&outcomes[0], o));
                source.look_at(k, matters.map(|(_, place)| *place));
            }
        }
        Ok(())
    }

    /// Which candidates of a batch show which fault.
    fn shown(
        &self,
        batch: &Batch,
        said: &BTreeMap<u32, Said>,
        left: &BTreeSet<usize>,
    ) -> Result<BTreeMap<usize, BTreeSet<usize>>, String> {
        let mut all = BTreeMap::new();
        let mut base = None;
        for i in left {
            let id = self.chosen[*i].id;
            let Some(said) = said.get(&id) else { continue };
            let digits = said.sequences.iter().enumerate();
            let mut by: BTreeSet<usize> = digits.filter(|(_, d)| **d == b'1').map(|(c, _)| c).collect();
            if !said.ended {
                // the one at which it crashed or looped
                by.insert(said.sequences.len());
            }
            if said.sequences.contains(&b'2')
                && let Seen::Other(outcomes) = self.look(&self.plain, batch, id)?
            {
                let base = match &mut base {
                    Some(base) => base,
                    none => none.insert(batch.calls.outcomes(self.program, &batch.base)?),
                };
                let each = base.iter().zip(&outcomes).enumerate();
                by.extend(each.filter(|(_, (a, b))| apart(a, b)).map(|(c, _)| c));
            }
            all.insert(*i, by);
        }
        Ok(all)
    }
}

/// Whether the calls of a sequence have other results.
fn apart(a: &[Outcome], b: &[Outcome]) -> bool {
    a.iter().zip(b).any(|(a, b)| other(a, b, |_, a, b| first_difference(a, b).is_some()))
}
