//! Instructions over streams, one by one.

use super::prefix;
use super::words::{name, reason, unreachable};
use super::{Access, Kind, Len, Maker, Reason, defined, effects, has_length, lengths_within, loops, uses};
use crate::dtype::DType;
use crate::hir::{Binary, Dim, Inst, Op, Type, ValueId};

impl<'m> Maker<'m> {
    pub(super) fn kind(&self, v: ValueId) -> Kind {
        let missing = || Kind::Cannot(reason("a value that is defined nowhere", None));
        self.kinds.get(&v).cloned().unwrap_or_else(missing)
    }

    pub(super) fn inst(&mut self, inst: &'m Inst) {
        let mut used = Vec::new();
        uses(self.func, inst, &mut used);
        let inner = defined(inst);
        used.retain(|v| !inner.contains(v));
        let kinds: Vec<Kind> = used.iter().map(|v| self.kind(*v)).collect();
        // what is already out of reach stays so
        let cannot = kinds.iter().find_map(|k| if let Kind::Cannot(r) = k { Some(r.clone()) } else { None });
        let done = match cannot {
            Some(r) => Err(r),
            None => self.translate(inst, &kinds),
        };
        if let Err(r) = done {
            if effects(inst) {
                self.errors.push(r.clone());
            }
            for v in &inst.results {
                self.kinds.insert(*v, Kind::Cannot(r.clone()));
            }
        }
    }

    fn translate(&mut self, inst: &'m Inst, kinds: &[Kind]) -> Result<(), Reason> {
        let span = inst.span;
        let refuse = |what: &str| Err(reason(what, span));
        if let Op::Dim(d) = &inst.op
            && has_length(&Type { dtype: DType::Int64, shape: vec![d.clone()] })
        {
            if d.is_dynamic() {
                return refuse("a length that depends on the data");
            }
            self.kinds.insert(inst.results[0], Kind::Extent(d.clone()));
            return Ok(());
        }
        if let (Op::Check(_), Some(Op::Const(s))) =
            (&inst.op, inst.args.first().and_then(|v| self.defs.get(v)).map(|i| &i.op))
            && s.re == 0
        {
            return refuse("a check of the length that no long stream passes");
        }
        let fixed = kinds.iter().all(|k| matches!(k, Kind::Fixed));
        if fixed && !lengths_within(self.func, inst) {
            loops::clone(self, inst);
            inst.results.iter().for_each(|v| {
                self.kinds.insert(*v, Kind::Fixed);
            });
            return Ok(());
        }
        if let Op::For { step, body } = &inst.op {
            return loops::stream(self, inst, *step, body);
        }
        if let Some(done) = self.extent(inst) {
            return done;
        }
        if kinds.iter().any(|k| matches!(k, Kind::Prefixed(_))) && !matches!(inst.op, Op::Slice { .. }) {
            return refuse("a stream with something in front of it: its end needs a flush");
        }
        if kinds.iter().any(|k| matches!(k, Kind::Extent(_))) {
            return refuse("a result that depends on the length of the whole stream");
        }
        let len = |m: &Maker<'_>, v: ValueId| match m.func.ty(v).shape.as_slice() {
            [d] => Len::of(d, m.n).ok_or_else(|| {
                let what = name(&inst.op);
                reason(format!("{what} makes a vector whose extent needs a flush or is no steady rate"), span)
            }),
            _ => Err(reason(format!("{} makes something other than a vector over time", name(&inst.op)), span)),
        };
        match &inst.op {
            Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) | Op::Broadcast | Op::Reshape => {
                let out = len(self, inst.results[0])?;
                let mut args = Vec::new();
                for a in &inst.args {
                    match self.kind(*a) {
                        Kind::Stream(l, v) if l == out => args.push(v),
                        Kind::Stream(..) => return refuse("streams of different lengths in one operation"),
                        _ => {
                            let shape = &self.func.ty(*a).shape;
                            let stretches = shape.len() <= 1 && shape.iter().all(|d| d.as_const() == Some(1));
                            if !stretches || inst.op == Op::Reshape {
                                return refuse("an array of a fixed size is spread over time");
                            }
                            args.push(self.mapped[a]);
                        }
                    }
                }
                let count = self.count(out);
                let mut results = Vec::new();
                for r in &inst.results {
                    let ty = Type { dtype: self.func.ty(*r).dtype, shape: vec![count.clone()] };
                    let v = self.out.new_value(ty, self.func.values[r.0 as usize].span);
                    self.kinds.insert(*r, Kind::Stream(out, v));
                    results.push(v);
                }
                self.push(Inst { op: inst.op.clone(), args, results, span });
                Ok(())
            }
            Op::Iota => {
                let out = len(self, inst.results[0])?;
                let ty = Type { dtype: DType::Int64, shape: vec![self.count(out)] };
                let local = self.emit(Op::Iota, &[], ty.clone(), span);
                let before = self.before(out);
                self.absolute = true;
                let v = self.emit(Op::Binary(Binary::Add), &[local, before], ty, span);
                self.kinds.insert(inst.results[0], Kind::Stream(out, v));
                Ok(())
            }
            Op::Slice { steps } => {
                let whole = self.kind(inst.args[0]);
                let (Some(start), [step]) = (inst.args.get(1).and_then(|s| self.known(*s)), steps.as_slice()) else {
                    return refuse("a slice whose start is not constant");
                };
                if *step < 1 {
                    return refuse("a slice that runs backwards in time");
                }
                match whole {
                    Kind::Prefixed(p) => prefix::slice(self, inst, p, (start, *step)),
                    Kind::Stream(x, v) => {
                        let out = len(self, inst.results[0])?;
                        self.slice_of(inst, (x, v), (start, *step), out)
                    }
                    _ => refuse("a slice at a moving place"),
                }
            }
            Op::Concat { axis: 0 } => prefix::concat(self, inst),
            Op::Fir { up, down } => self.fir(inst, *up, *down, len(self, inst.results[0])?),
            Op::Sosfilt => {
                let Some((x, v)) = self.stream_of(inst.args[1]) else { return refuse("biquads that change in time") };
                let (sos, zi) = (inst.args[0], inst.args[2]);
                if !matches!((self.kind(sos), self.kind(zi)), (Kind::Fixed, Kind::Fixed)) || self.sized(zi).is_none() {
                    return refuse("biquads that change in time");
                }
                let (z, field) = self.carry(zi, (x, 0));
                let (ty, zty) = (self.out.ty(v).clone(), self.out.ty(z).clone());
                let y = self.out.new_value(ty, span);
                let zf = self.out.new_value(zty, span);
                self.push(Inst { op: Op::Sosfilt, args: vec![self.mapped[&sos], v, z], results: vec![y, zf], span });
                self.after[field] = zf;
                self.kinds.insert(inst.results[0], Kind::Stream(x, y));
                self.kinds.insert(inst.results[1], Kind::Cannot(reason("the final state of a filter", span)));
                Ok(())
            }
            Op::Scan { .. } => {
                let Some((x, v)) = self.stream_of(inst.args[0]) else { return refuse("a running sum over other axes") };
                // the running value goes in front of the block, but for the first one: 0 + x is not x where x is -0
                let dtype = self.out.ty(v).dtype;
                let (kept, field) = self.memory(dtype, 1);
                let count = self.count(x);
                let ext = self.joined(kept, v, &count, 1);
                let (valid, ext) = self.valid(ext, x, 1);
                let ty = self.out.ty(ext).clone();
                let run = self.emit(inst.op.clone(), &[ext], ty, span);
                let y = self.slice(run, valid, 1, count.clone(), span);
                let ends = self.joined(kept, y, &count, 1);
                self.keep_last(field, ends, &count, 1);
                self.kinds.insert(inst.results[0], Kind::Stream(x, y));
                Ok(())
            }
            op => Err(reason(format!("{} over the time axis", name(op)), span)),
        }
    }

    /// Elements `start, start + step, ...` of a stream.
    pub(super) fn slice_of(
        &mut self,
        inst: &Inst,
        (x, v): (Len, ValueId),
        (start, step): (i64, i64),
        out: Len,
    ) -> Result<(), Reason> {
        let access = Access { scale: step, low: start, high: start, from: 0 };
        let h = out.history(x, access).map_err(|u| unreachable(u, "a slice", inst))?;
        let ext = self.history(v, x, h);
        let (done, had) = (self.before(out), self.before(x));
        let from = self.dim(Dim::from(done).scale(step).sub(&Dim::from(had)).offset(start + h));
        let count = self.count(out);
        let y = self.slice(ext, from, step, count, inst.span);
        self.kinds.insert(inst.results[0], Kind::Stream(out, y));
        Ok(())
    }

    pub(super) fn stream_of(&self, v: ValueId) -> Option<(Len, ValueId)> {
        if let Kind::Stream(l, v) = self.kind(v) { Some((l, v)) } else { None }
    }
    /// Number of elements, if all extents are constants.
    pub(super) fn sized(&self, v: ValueId) -> Option<i64> {
        self.func.ty(v).shape.iter().try_fold(1i64, |a, d| a.checked_mul(d.as_const()?))
    }

    /// Of a stream with `h` elements of history in front those that exist: how many of the `h`, and the vector.
    fn valid(&mut self, ext: ValueId, len: Len, h: i64) -> (ValueId, ValueId) {
        let before = self.before(len);
        let valid = self.dim(Dim::from(before).minimum(&Dim::from(h)));
        self.out.bounds.insert(valid, (Some(Dim::from(0i64)), Some(Dim::from(h))));
        let start = self.dim(Dim::from(h).sub(&Dim::from(valid)));
        let count = self.count(len).add(&Dim::from(valid));
        (valid, self.slice(ext, start, 1, count, None))
    }

    fn fir(&mut self, inst: &'m Inst, up: i64, down: i64, out: Len) -> Result<(), Reason> {
        let refuse = |what: &str| Err(reason(what, inst.span));
        let Some((x, v)) = self.stream_of(inst.args[0]) else { return refuse("a FIR whose taps are the stream") };
        if up != 1 {
            return refuse("a FIR that raises the sample rate");
        }
        let (taps, start) = (inst.args[1], self.known(inst.args[2]));
        let (Kind::Fixed, Some(k), Some(start)) = (self.kind(taps), self.sized(taps), start) else {
            return refuse("a FIR whose taps or start change");
        };
        // without taps nothing is read
        let access = Access { scale: down, low: start - (k - 1).max(0), high: start, from: 0 };
        let h = out.history(x, access).map_err(|u| unreachable(u, "a FIR", inst))?;
        let ext = self.history(v, x, h);
        // at the start of the stream the FIR must see where it begins: skipping taps is not adding products with 0
        let (valid, ext) = if h > 0 {
            let (valid, ext) = self.valid(ext, x, h);
            (Dim::from(valid), ext)
        } else {
            (Dim::default(), ext)
        };
        let (done, had) = (self.before(out), self.before(x));
        let from = self.dim(Dim::from(done).scale(down).sub(&Dim::from(had)).add(&valid).offset(start));
        let ty = Type { dtype: self.out.ty(v).dtype, shape: vec![self.count(out)] };
        let y = self.emit(inst.op.clone(), &[ext, self.mapped[&taps], from], ty, inst.span);
        self.kinds.insert(inst.results[0], Kind::Stream(out, y));
        Ok(())
    }

    /// Sums of a dimension of the whole call and a constant stay dimensions.
    fn extent(&mut self, inst: &'m Inst) -> Option<Result<(), Reason>> {
        let [a, b] = inst.args.as_slice() else { return None };
        let value = |v: &ValueId| match self.kinds.get(v) {
            Some(Kind::Extent(d)) => Some(d.clone()),
            _ => self.known(*v).map(Dim::from),
        };
        let (a, b) = (value(a)?, value(b)?);
        let d = match &inst.op {
            Op::Binary(Binary::Add | Binary::AddChecked) => a.add(&b),
            Op::Binary(Binary::Sub | Binary::SubChecked) => a.sub(&b),
            _ => return None,
        };
        self.kinds.insert(inst.results[0], Kind::Extent(d));
        Some(Ok(()))
    }
}
