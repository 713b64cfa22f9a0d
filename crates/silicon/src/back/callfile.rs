//! The files that drive generated code, whatever its language. Everything is little-endian.
//!
//! *Calls*: `PMC1`, u32 count, then per call: u32 entry index (`0xffff_ffff`: put the state as before the first call,
//! nothing follows; `0xffff_fffe`: give the state back, nothing follows); u32 number of named lengths and each as u64; u32 number of input ports (in port order) and each
//! as u64 byte count and C-order elements.
//!
//! *Results*: `PMR1`, then per call of an entry: u32 status; when it is 0, for each output or changed input (in port
//! order): u32 rank, each extent as u64, and the elements. Per state given back: the elements of each field, in order.

use crate::dtype::DType;
use crate::hir::Dim;
use crate::lir::{Direction, Program};
use std::collections::BTreeMap;

/// Entry index that stands for initialisation.
pub const INIT: u32 = u32::MAX;
/// Entry index that asks for the state.
pub const STATE: u32 = u32::MAX - 1;

/// An array with its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub shape: Vec<usize>,
    /// C-order little-endian elements.
    pub data: Vec<u8>,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Puts the state as before the first call.
    Init,
    /// Gives the state back as the call before left it.
    State,
    /// Calls an entry.
    Entry {
        /// Index into [`Program::entries`].
        entry: usize,
        /// Value of every named length, in [`crate::lir::Entry::lengths`] order.
        lengths: Vec<u64>,
        /// Elements of every input port.
        inputs: Vec<Vec<u8>>,
    },
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Status code.
    pub status: u32,
    /// Output ports and changed inputs in port order; empty unless the status is 0.
    pub outputs: Vec<Array>,
    /// State fields in the program's order, where they were asked for after the call.
    pub state: Vec<Array>,
}

/// Makes a call from input arrays, finding the named lengths from their shapes.
/// Errors say which port does not fit.
pub fn call(program: &Program, entry: usize, inputs: &[Array]) -> Result<Call, String> {
    let e = program.entries.get(entry).ok_or_else(|| format!("there is no entry {entry}"))?;
    let ports: Vec<_> = e.ports.iter().filter(|p| p.direction != Direction::Out).collect();
    if ports.len() != inputs.len() {
        return Err(format!("`{}` takes {} inputs, not {}", e.name, ports.len(), inputs.len()));
    }
    let mut known: BTreeMap<u32, i64> = BTreeMap::new();
    for (p, a) in ports.iter().zip(inputs) {
        if p.dtype != a.dtype || p.shape.len() != a.shape.len() {
            return Err(format!("`{}` is {} with {} axes", p.name, p.dtype, p.shape.len()));
        }
        for (d, n) in p.shape.iter().zip(&a.shape) {
            if let [(crate::hir::Atom::Length(l), c)] = &d.terms[..] {
                let rest = *n as i64 - d.constant;
                if *c > 0 && rest >= 0 && rest % c == 0 {
                    known.entry(l.0).or_insert(rest / c);
                }
            }
        }
    }
    let value = |d: &Dim| {
        d.evaluate(&|a| match a {
            crate::hir::Atom::Length(l) => known.get(&l.0).copied().unwrap_or(0),
            _ => 0,
        })
    };
    for (p, a) in ports.iter().zip(inputs) {
        for (d, n) in p.shape.iter().zip(&a.shape) {
            if value(d) != *n as i64 {
                return Err(format!("`{}` has the shape {:?}, which does not fit", p.name, a.shape));
            }
        }
        if a.data.len() != a.shape.iter().product::<usize>() * a.dtype.size() {
            return Err(format!("`{}` has {} bytes for the shape {:?}", p.name, a.data.len(), a.shape));
        }
    }
    Ok(Call::Entry {
        entry,
        lengths: e.lengths.iter().map(|(l, _)| known.get(&l.0).copied().unwrap_or(0) as u64).collect(),
        inputs: inputs.iter().map(|a| a.data.clone()).collect(),
    })
}

/// Writes a call file.
pub fn encode(calls: &[Call]) -> Vec<u8> {
    let mut out = b"PMC1".to_vec();
    let word = |out: &mut Vec<u8>, v: u32| out.extend_from_slice(&v.to_le_bytes());
    word(&mut out, calls.len() as u32);
    for c in calls {
        match c {
            Call::Init => word(&mut out, INIT),
            Call::State => word(&mut out, STATE),
            Call::Entry { entry, lengths, inputs } => {
                word(&mut out, *entry as u32);
                word(&mut out, lengths.len() as u32);
                lengths.iter().for_each(|l| out.extend_from_slice(&l.to_le_bytes()));
                word(&mut out, inputs.len() as u32);
                for i in inputs {
                    out.extend_from_slice(&(i.len() as u64).to_le_bytes());
                    out.extend_from_slice(i);
                }
            }
        }
    }
    out
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, n: usize) -> Result<&[u8], String> {
        if self.0.len() < n {
            return Err("the result file ends too early".to_string());
        }
        let (head, rest) = self.0.split_at(n);
        self.0 = rest;
        Ok(head)
    }
    fn number(&mut self, bytes: usize) -> Result<u64, String> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |acc, b| acc << 8 | u64::from(*b)))
    }
}

/// Reads a result file: one outcome per call of an entry. Errors when the file is cut short or does not fit the calls.
pub fn decode(program: &Program, calls: &[Call], bytes: &[u8]) -> Result<Vec<Outcome>, String> {
    let mut r = Reader(bytes);
    if r.take(4)? != b"PMR1" {
        return Err("not a result file".to_string());
    }
    let mut out: Vec<Outcome> = Vec::new();
    for c in calls {
        let entry = match c {
            Call::Entry { entry, .. } => entry,
            Call::Init => continue,
            Call::State => {
                let last = out.last_mut().ok_or("the state is asked for before any call")?;
                for f in &program.state {
                    let n = f.shape.iter().product::<usize>() * f.dtype.size();
                    let data = r.take(n)?.to_vec();
                    last.state.push(Array { dtype: f.dtype, shape: f.shape.clone(), data });
                }
                continue;
            }
        };
        let e = &program.entries[*entry];
        let status = r.number(4)? as u32;
        let mut outputs = Vec::new();
        if status == crate::lir::OK {
            for p in e.ports.iter().filter(|p| p.direction != Direction::In) {
                let rank = r.number(4)? as usize;
                if rank != p.shape.len() {
                    return Err(format!("`{}` came back with {rank} axes", p.name));
                }
                let mut shape = Vec::new();
                for _ in 0..rank {
                    shape.push(r.number(8)? as usize);
                }
                let n = shape.iter().try_fold(p.dtype.size(), |a, k| a.checked_mul(*k));
                let data = r.take(n.ok_or("an extent is too large")?)?.to_vec();
                outputs.push(Array { dtype: p.dtype, shape, data });
            }
        }
        out.push(Outcome { status, outputs, state: Vec::new() });
    }
    if !r.0.is_empty() {
        return Err(format!("{} bytes are left over", r.0.len()));
    }
    Ok(out)
}
