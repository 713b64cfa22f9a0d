//! A stream with something fixed in front of it: `np.concatenate([zeros, x[:-3]])`, `np.diff(x, prepend=0)`. The history
//! of the stream starts with what stands in front.

use super::{Access, Kind, Len, Maker, Reason, name, reason, unreachable};
use crate::hir::{Dim, Inst, Op, ValueId};

/// A fixed vector and the stream that follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefixed {
    /// The vector in front, in the entry, and its extent.
    fixed: ValueId,
    k: i64,
    /// The stream.
    len: Len,
    block: ValueId,
}

/// A `Concat` of a fixed vector and a stream. If all of it together is longer than the stream that blocks can make, what
/// becomes of it depends on the slices taken.
pub(super) fn concat(m: &mut Maker<'_>, inst: &Inst) -> Result<(), Reason> {
    let refuse = || Err(reason(format!("{} over the time axis", name(&inst.op)), inst.span));
    let [fixed, after] = inst.args.as_slice() else { return refuse() };
    let (Kind::Fixed, Some(k), Some((len, block))) = (m.kind(*fixed), m.sized(*fixed), m.stream_of(*after)) else {
        return refuse();
    };
    let p = Prefixed { fixed: *fixed, k, len, block };
    match m.func.ty(inst.results[0]).shape.as_slice() {
        [d] => match Len::of(d, m.n) {
            Some(out) => stream(m, inst, p, out),
            None => {
                m.kinds.insert(inst.results[0], Kind::Prefixed(p));
                Ok(())
            }
        },
        _ => refuse(),
    }
}

/// A slice of such a vector: of the stream alone, or of all of it from its start.
pub(super) fn slice(m: &mut Maker<'_>, inst: &Inst, p: Prefixed, (start, step): (i64, i64)) -> Result<(), Reason> {
    let refuse = |what: &str| Err(reason(what, inst.span));
    let out = match m.func.ty(inst.results[0]).shape.as_slice() {
        [d] => Len::of(d, m.n),
        _ => None,
    };
    let Some(out) = out else { return refuse("a slice that needs a flush or keeps no steady rate") };
    if start >= p.k {
        return m.slice_of(inst, (p.len, p.block), (start - p.k, step), out);
    }
    if start != 0 || step != 1 {
        return refuse("a slice that begins within what stands in front of a stream");
    }
    stream(m, inst, p, out)
}

fn stream(m: &mut Maker<'_>, inst: &Inst, p: Prefixed, out: Len) -> Result<(), Reason> {
    let access = Access { scale: 1, low: -p.k, high: -p.k, from: 0 };
    let back = out.history(p.len, access).map_err(|u| unreachable(u, name(&Op::Concat { axis: 0 }), inst))?;
    if back > p.k {
        return Err(reason("a slice that falls behind its stream", inst.span));
    }
    let (kept, field) = m.carry(p.fixed, (Len::EACH, 0));
    let count = m.count(p.len);
    let ext = m.joined(kept, p.block, &count, p.k);
    m.keep_last(field, ext, &count, p.k);
    // the vector's first element is at first that of what stands in front, then lies as far back as the stream is long
    let (done, had) = (m.before(out), m.before(p.len));
    let from = m.dim(Dim::from(done).sub(&Dim::from(had)));
    let count = m.count(out);
    let y = m.slice(ext, from, 1, count, inst.span);
    m.kinds.insert(inst.results[0], Kind::Stream(out, y));
    Ok(())
}
