//! A public function: its ports, named lengths and interface order, and what happens before and after its body.

use super::bounds::Bounds;
use super::plan::Plan;
use super::storage::{Fixed, Layout, layout};
use super::{Cx, Faults, Lower, limits, signal, sort};
use crate::hir::{self, Atom, Dim, Func, LengthId, Module, Op, ParamRole, Region, ResultRole, Type, ValueId};
use crate::lir::build::Builder;
use crate::lir::{ApiParam, Direction, Entry, Expr, Out, Port, StmtKind, Ty};
use proofmark_base::diagnostics::{Diagnostic, Severity};
use std::collections::{BTreeMap, BTreeSet, HashMap};

fn unbounded(func: &Func, v: ValueId) -> Diagnostic {
    let data = &func.values[v.0 as usize];
    let name = data.name.clone().unwrap_or_else(|| format!("%{}", v.0));
    let d = Diagnostic::error("PM0601", format!("the length of `{name}` has no upper bound known before the call"))
        .note("the generated code allocates nothing, so every buffer needs a largest size")
        .help("bound the length, for example by the length of an input");
    match data.span {
        Some(s) => d.at(s, "its size depends on run-time values"),
        None => d,
    }
}

/// Named lengths a dimension mentions.
fn mentioned(d: &Dim, out: &mut BTreeSet<LengthId>) {
    fn atom(a: &Atom, out: &mut BTreeSet<LengthId>) {
        match a {
            Atom::Length(l) => {
                out.insert(*l);
            }
            Atom::Value(_) => {}
            Atom::Div(d, _) => mentioned(d, out),
            Atom::Product(f) => f.iter().for_each(|a| atom(a, out)),
            Atom::Max(a, b) | Atom::Min(a, b) => {
                mentioned(a, out);
                mentioned(b, out);
            }
        }
    }
    d.terms.iter().for_each(|(a, _)| atom(a, out));
}

fn all_lengths(func: &Func) -> BTreeSet<LengthId> {
    fn region(r: &Region, out: &mut BTreeSet<LengthId>) {
        for i in &r.body {
            if let Op::Dim(d) = &i.op {
                mentioned(d, out);
            }
            i.regions().into_iter().for_each(|r| region(r, out));
        }
    }
    let mut out = BTreeSet::new();
    for v in &func.values {
        v.ty.shape.iter().for_each(|d| mentioned(d, &mut out));
    }
    for (lo, hi) in func.bounds.values() {
        for d in lo.iter().chain(hi) {
            mentioned(d, &mut out);
        }
    }
    region(&func.body, &mut out);
    out
}

struct Interface {
    ports: Vec<Port>,
    outs: Vec<Out>,
    params: Vec<ApiParam>,
    lengths: Vec<LengthId>,
    /// Where tensor parameters and results live.
    from: Vec<Option<Fixed>>,
    to: Vec<Option<Fixed>>,
    /// Index into `outs` of scalar results.
    scalar_out: Vec<Option<usize>>,
}

fn interface(module: &Module, e: &hir::Entry, bounds: &Bounds) -> Result<Interface, Vec<Diagnostic>> {
    let func = &e.func;
    let mut f = Interface {
        ports: Vec::new(),
        outs: Vec::new(),
        params: Vec::new(),
        lengths: Vec::new(),
        from: Vec::new(),
        to: Vec::new(),
        scalar_out: Vec::new(),
    };
    let mutated: BTreeSet<&str> =
        e.results.iter().filter_map(|r| if let ResultRole::Mutated(n) = r { Some(n.as_str()) } else { None }).collect();
    let port = |name: &str, direction, ty: &Type, v: ValueId| -> Result<Port, Vec<Diagnostic>> {
        let mut shape = Vec::new();
        for d in &ty.shape {
            shape.push(bounds.extent(d).ok_or_else(|| vec![unbounded(func, v)])?);
        }
        let dynamic = ty.shape.iter().map(Dim::is_dynamic).collect();
        Ok(Port { name: name.to_string(), direction, dtype: ty.dtype, shape, dynamic, vars: Vec::new() })
    };
    for (role, p) in e.params.iter().zip(&func.body.params) {
        let ty = func.ty(*p);
        match role {
            ParamRole::State(s) => f.from.push((ty.rank() > 0).then_some(Fixed::State(*s))),
            ParamRole::Input(name) => {
                let direction = if mutated.contains(name.as_str()) { Direction::InOut } else { Direction::In };
                if direction == Direction::InOut && ty.rank() == 0 {
                    let d = Diagnostic::new("PM0600", Severity::Bug, format!("scalar input `{name}` cannot change"));
                    return Err(vec![d]);
                }
                f.ports.push(port(name, direction, ty, *p)?);
                let i = f.ports.len() - 1;
                f.params.push(ApiParam::Port(i));
                let mut fresh = BTreeSet::new();
                ty.shape.iter().for_each(|d| mentioned(d, &mut fresh));
                for l in fresh {
                    if !f.lengths.contains(&l) {
                        f.lengths.push(l);
                        f.params.push(ApiParam::Length(l));
                    }
                }
                f.from.push((ty.rank() > 0).then_some(Fixed::Port(i)));
            }
        }
    }
    for l in all_lengths(func) {
        if !f.lengths.contains(&l) && (l.0 as usize) < module.lengths.len() {
            f.lengths.push(l);
            f.params.push(ApiParam::Length(l));
        }
    }
    for (role, r) in e.results.iter().zip(&func.body.results) {
        let ty = func.ty(*r);
        let mut scalar = None;
        let to = match role {
            ResultRole::State(s) => (ty.rank() > 0).then_some(Fixed::State(*s)),
            ResultRole::Mutated(name) => f.ports.iter().position(|p| p.name == *name).map(Fixed::Port),
            ResultRole::Output(name) => {
                let mut p = port(name, Direction::Out, ty, *r)?;
                // a port of the same name as an input keeps both apart
                while f.ports.iter().any(|q| q.name == p.name) {
                    p.name.push_str("_out");
                }
                f.ports.push(p);
                let i = f.ports.len() - 1;
                f.params.push(ApiParam::Port(i));
                if ty.rank() == 0 {
                    f.outs.push(Out::Value(i));
                    scalar = Some(f.outs.len() - 1);
                    None
                } else {
                    for (k, d) in ty.shape.iter().enumerate() {
                        if d.is_dynamic() {
                            f.outs.push(Out::Length(i, k));
                            f.params.push(ApiParam::Out(f.outs.len() - 1));
                        }
                    }
                    Some(Fixed::Port(i))
                }
            }
        };
        f.to.push(to);
        f.scalar_out.push(scalar);
    }
    Ok(f)
}

pub(super) fn lower_entry(module: &Module, e: &hir::Entry, faults: &mut Faults) -> Result<Entry, Vec<Diagnostic>> {
    let func = &e.func;
    let bounds = Bounds::new(func, limits(module));
    let mut face = interface(module, e, &bounds)?;
    let plan = Plan::new(module, func);
    let scratch = |i: &hir::Inst| match i.op {
        Op::Fir { .. } => signal::scratch(func, i),
        _ => sort::scratch(func, i),
    };
    let layout: Layout =
        layout(func, &plan, &bounds, &face.from, &face.to, &scratch).map_err(|v| vec![unbounded(func, v)])?;
    let mut l = Lower {
        module,
        func,
        plan,
        bounds,
        layout,
        b: Builder::new(),
        scalars: BTreeMap::new(),
        lengths: BTreeMap::new(),
        places: BTreeMap::new(),
        tables: BTreeMap::new(),
        port_reals: face.ports.iter().map(|p| p.capacity().scale(p.parts() as i64)).collect(),
        memo: vec![HashMap::new()],
        faults,
        errors: Vec::new(),
    };
    let mut lengths = Vec::new();
    for id in &face.lengths {
        let v = l.b.new_var(Ty::I64, Some(module.lengths[id.0 as usize].name.clone()));
        let e = l.b.var(v);
        l.lengths.insert(*id, e);
        lengths.push((*id, v));
    }
    l.bind_params(e, &mut face.ports);
    l.region(&func.body);
    l.finish_entry(e, &face);
    if !l.errors.is_empty() {
        return Err(l.errors);
    }
    let span = func.body.body.iter().find_map(|i| i.span);
    Ok(Entry {
        name: func.name.clone(),
        ports: face.ports,
        outs: face.outs,
        params: face.params,
        lengths,
        body: l.b.finish(),
        span,
    })
}

impl<'m> Lower<'m> {
    fn state_buffer(&mut self, field: usize) -> super::Buf {
        let dtype = self.module.state[field].ty.dtype;
        self.place(super::Place::Fixed(Fixed::State(field)), dtype)
    }

    fn bind_params(&mut self, e: &hir::Entry, ports: &mut [Port]) {
        for (role, p) in e.params.iter().zip(&self.func.body.params) {
            let ty = self.func.ty(*p);
            if ty.rank() > 0 {
                continue;
            }
            match role {
                ParamRole::State(s) => {
                    let buf = self.state_buffer(*s);
                    let cx = self.load(buf, ty.dtype, Expr::int(0));
                    self.bind(*p, cx);
                }
                ParamRole::Input(name) => {
                    let parts: &[&str] = if ty.dtype.is_complex() { &["_re", "_im"] } else { &[""] };
                    let vars: Vec<_> =
                        parts.iter().map(|s| self.b.new_var(Ty::of(ty.dtype), Some(format!("{name}{s}")))).collect();
                    let cx = Cx { re: self.b.var(vars[0]), im: vars.get(1).map(|v| self.b.var(*v)) };
                    self.scalars.insert(*p, cx);
                    if let Some(port) = ports.iter_mut().find(|q| q.name == *name) {
                        port.vars = vars;
                    }
                }
            }
        }
    }

    fn finish_entry(&mut self, e: &hir::Entry, face: &Interface) {
        let results = &self.func.body.results;
        let mut moves = Vec::new();
        for (r, to) in results.iter().zip(&face.to) {
            if let Some(f) = to {
                let dtype = self.func.ty(*r).dtype;
                let dst = self.place(super::Place::Fixed(*f), dtype);
                let src = self.buffer(*r);
                moves.extend(self.moves(dst, src, *r));
            }
        }
        self.parallel_copy(moves);
        for (role, r) in e.results.iter().zip(results) {
            if let (ResultRole::State(s), 0) = (role, self.func.ty(*r).rank()) {
                // a field that this entry leaves as it is
                let mut given = e.params.iter().zip(&self.func.body.params);
                if given.any(|(role, p)| *role == ParamRole::State(*s) && p == r) {
                    continue;
                }
                let buf = self.state_buffer(*s);
                let value = self.scalar(*r);
                self.store(buf, Expr::int(0), value);
            }
        }
        let mut set = vec![Vec::new(); face.outs.len()];
        for (k, r) in results.iter().enumerate() {
            if let Some(out) = face.scalar_out[k] {
                set[out] = self.scalar(*r).parts();
            }
            if let (Some(Fixed::Port(p)), ResultRole::Output(_)) = (face.to[k], &e.results[k]) {
                for (i, out) in face.outs.iter().enumerate() {
                    if let Out::Length(q, axis) = out
                        && *q == p
                    {
                        let d = self.func.ty(*r).shape[*axis].clone();
                        set[i] = vec![self.dim(&d)];
                    }
                }
            }
        }
        for (i, values) in set.into_iter().enumerate() {
            self.b.push(StmtKind::SetOut(i, values));
        }
    }
}
