//! `for` and `while`: which loops run at translation time, and what follows a loop that was left early.

use super::eval::{Eval, R, Stop};
use super::loops::LoopKind;
use super::merge::Flow;
use super::ops::Truth;
use super::value::Value;
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::TextRange;
use std::rc::Rc;

/// Most rounds of a loop that is written out only so that the sizes in it become known.
const STAGES: usize = 16;

impl<'a> Eval<'a> {
    /// Runs a loop over known items, one after the other.
    fn unroll(
        &mut self,
        count: usize,
        bind: &mut dyn FnMut(&mut Self, &Dim) -> R<()>,
        body: &mut dyn FnMut(&mut Self) -> R<Flow>,
        at: usize,
    ) -> R<Flow> {
        for k in at..count {
            bind(self, &Dim::from(k))?;
            match body(self)? {
                Flow::Normal | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Break),
                Flow::Return => return Ok(Flow::Return),
                Flow::Mixed(ctl, set) => {
                    let code = if set & 8 != 0 {
                        let three = self.constant(Scalar::i64(3))?;
                        let zero = self.constant(Scalar::i64(0))?;
                        let again = self.emit(Op::Binary(Binary::Eq), vec![ctl, three], Type::scalar(DType::Bool))?;
                        self.emit(Op::Select, vec![again, zero, ctl], Type::scalar(DType::Int64))?
                    } else {
                        ctl
                    };
                    let set = (set & !8) | if set & 8 != 0 { 1 } else { 0 };
                    if set & !1 == 0 {
                        continue;
                    }
                    if k + 1 == count || set & 1 == 0 {
                        return Ok(Flow::Mixed(code, set));
                    }
                    let zero = self.constant(Scalar::i64(0))?;
                    let go = self.emit(Op::Binary(Binary::Eq), vec![code, zero], Type::scalar(DType::Bool))?;
                    let left = Flow::Mixed(code, set & !1);
                    return self.branch(go, |ev| ev.unroll(count, bind, body, k + 1), |_| Ok(left));
                }
            }
        }
        Ok(Flow::Normal)
    }

    pub(super) fn for_statement(&mut self, f: &'a ast::StmtFor) -> R<Flow> {
        if f.is_async {
            return self.refuse("PM0105", "`async for` is not supported");
        }
        let iterable = self.expr(&f.iter)?;
        let iterable = self.settle(&iterable)?;
        self.span = self.span_of(f.range);
        let temporaries = self.temporaries(f.range, &f.body, Some(&f.target));
        let target = &f.target;
        let body_stmts = &f.body;
        let source = iterable.clone();
        let mut bind = |ev: &mut Self, i: &Dim| -> R<()> {
            let v = ev.iter_item(&source, i)?;
            ev.assign(target, v)
        };
        let mut body = |ev: &mut Self| ev.block(body_stmts);
        let flow = self.run_loop(&iterable, &temporaries, &mut bind, &mut body)?;
        self.after_loop(flow, &f.orelse)
    }
    /// A loop over an iterable, unrolled or dynamic; the flow still holds `break`.
    pub fn run_loop(
        &mut self,
        iterable: &Value,
        temporaries: &[Rc<str>],
        bind: &mut dyn FnMut(&mut Self, &Dim) -> R<()>,
        body: &mut dyn FnMut(&mut Self) -> R<Flow>,
    ) -> R<Flow> {
        let len = self.iter_len(iterable)?;
        let known = len.as_const().and_then(|n| usize::try_from(n).ok());
        if known == Some(0) {
            return Ok(Flow::Normal);
        }
        if let Some(n) = known {
            if self.static_only > 0 {
                return self.unroll(n, bind, body, 0);
            }
            let done = self.static_trial(|ev| ev.unroll(n, bind, body, 0))?;
            if let Some(flow) = done {
                return Ok(flow);
            }
            if n <= 4 || !self.iterates_uniformly(iterable) {
                return self.unroll(n, bind, body, 0);
            }
        } else if self.static_only > 0 {
            return Err(Stop::NeedsEmission);
        }
        // a loop that runs only a few times and makes arrays whose sizes follow its variable
        let few = known.filter(|n| *n <= STAGES && self.loop_depth == 0);
        let extents = self.dynamic_extents;
        let mut sized = false;
        let mut dynamic = self.attempt_or_roll_back(|ev| {
            let flow = ev.counted_loop(iterable, &len, 0, temporaries, bind, body)?;
            sized = few.is_some() && ev.dynamic_extents > extents;
            if sized { ev.refuse("PM0140", "sizes follow the variable of this loop") } else { Ok(flow) }
        })?;
        if let (true, Some(n)) = (sized, few) {
            // stage by stage, if that makes every size known
            let extents = self.dynamic_extents;
            let stages = self.attempt_or_roll_back(|ev| {
                let flow = ev.unroll(n, bind, body, 0)?;
                if ev.dynamic_extents > extents {
                    return ev.refuse("PM0140", "sizes depend on data");
                }
                Ok(flow)
            })?;
            if let Ok(flow) = stages {
                return Ok(flow);
            }
            dynamic = self.attempt_or_roll_back(|ev| ev.counted_loop(iterable, &len, 0, temporaries, bind, body))?;
        }
        match dynamic {
            Ok(flow) => Ok(flow),
            Err(stop) => {
                self.range_value = None;
                if matches!(&stop, Stop::Refused(d) if d.code == "PM0132" || d.code == "PM0135")
                    && let Ok(flow) =
                        self.attempt_or_roll_back(|ev| ev.peeled_loop(iterable, &len, temporaries, bind, body))?
                {
                    return Ok(flow);
                }
                self.range_value = None;
                match known {
                    Some(n) if n <= 600 => match self.unroll(n, bind, body, 0) {
                        // the first reason is the more telling one
                        Err(Stop::Refused(d)) if d.code == "PM0190" => Err(stop),
                        other => other,
                    },
                    _ => Err(stop),
                }
            }
        }
    }
    /// The first round apart, then the others as one loop: variables that start as one type and go on as another
    /// (`phase = 0`, then a float32) have one type in all the others.
    fn peeled_loop(
        &mut self,
        iterable: &Value,
        len: &Dim,
        temporaries: &[Rc<str>],
        bind: &mut dyn FnMut(&mut Self, &Dim) -> R<()>,
        body: &mut dyn FnMut(&mut Self) -> R<Flow>,
    ) -> R<Flow> {
        let some = self.proves_le(&Dim::from(1i64), len);
        let mut rounds = |ev: &mut Self| -> R<Flow> {
            bind(ev, &Dim::from(0i64))?;
            match body(ev)? {
                Flow::Normal | Flow::Continue => ev.counted_loop(iterable, len, 1, temporaries, bind, body),
                _ => ev.refuse("PM0135", "the first round may leave this loop"),
            }
        };
        if some {
            return rounds(self);
        }
        let (n, zero) = (self.dim_value(len)?, self.constant(Scalar::i64(0))?);
        let some = self.emit(Op::Binary(Binary::Gt), vec![n, zero], Type::scalar(DType::Bool))?;
        self.branch(some, rounds, |_| Ok(Flow::Normal))
    }
    /// One loop that runs at run time; `first` rounds were run before it.
    fn counted_loop(
        &mut self,
        iterable: &Value,
        len: &Dim,
        first: i64,
        temporaries: &[Rc<str>],
        bind: &mut dyn FnMut(&mut Self, &Dim) -> R<()>,
        body: &mut dyn FnMut(&mut Self) -> R<Flow>,
    ) -> R<Flow> {
        // loops over a range count in the range itself, so that bounds are seen
        let range = match iterable {
            Value::Range(r) if self.known_int(&r[2]).is_some() => Some(r.clone()),
            _ => None,
        };
        let (lo, hi, step) = match &range {
            Some(r) => {
                let step = self.known_int(&r[2]).unwrap_or(1) as i64;
                (self.dim_of(&r[0])?.offset(first * step), self.dim_of(&r[1])?, step)
            }
            None => (Dim::from(first), len.clone(), 1),
        };
        let mut by_range = |ev: &mut Self, i: &Dim| -> R<()> {
            match &range {
                Some(_) => {
                    // position of the value in the range
                    ev.range_value = Some(i.clone());
                    let out = bind(ev, &Dim::from(0i64));
                    ev.range_value = None;
                    out
                }
                None => bind(ev, i),
            }
        };
        self.dynamic_loop(LoopKind::Count { lo, hi, step, bind: &mut by_range }, temporaries, body)
    }
    pub(super) fn after_loop(&mut self, flow: Flow, orelse: &'a [Stmt]) -> R<Flow> {
        match flow {
            Flow::Break => Ok(Flow::Normal),
            Flow::Return => Ok(Flow::Return),
            Flow::Normal | Flow::Continue => self.block(orelse),
            Flow::Mixed(ctl, set) => {
                let mut flow = Flow::Mixed(ctl, set);
                if !orelse.is_empty() && set & 1 != 0 {
                    let zero = self.constant(Scalar::i64(0))?;
                    let go = self.emit(Op::Binary(Binary::Eq), vec![ctl, zero], Type::scalar(DType::Bool))?;
                    let left = Flow::Mixed(ctl, set & !1);
                    flow = if set == 1 {
                        self.block(orelse)?
                    } else {
                        self.branch(go, |ev| ev.block(orelse), |_| Ok(left))?
                    };
                }
                let Flow::Mixed(ctl, set) = flow else { return Ok(flow) };
                if set & 4 != 0 {
                    // a break ends here
                    if set & !(1 | 4) == 0 {
                        return Ok(Flow::Normal);
                    }
                    let two = self.constant(Scalar::i64(2))?;
                    let zero = self.constant(Scalar::i64(0))?;
                    let broke = self.emit(Op::Binary(Binary::Eq), vec![ctl, two], Type::scalar(DType::Bool))?;
                    let code = self.emit(Op::Select, vec![broke, zero, ctl], Type::scalar(DType::Int64))?;
                    return Ok(Flow::Mixed(code, (set & !4) | 1));
                }
                if set & !1 == 0 { Ok(Flow::Normal) } else { Ok(Flow::Mixed(ctl, set)) }
            }
        }
    }

    pub(super) fn while_statement(&mut self, w: &'a ast::StmtWhile) -> R<Flow> {
        let temporaries = self.temporaries(w.range, &w.body, None);
        let test = &w.test;
        let body = &w.body;
        let mut rounds = 0usize;
        let mut unroll_budget = 0usize;
        let mut reason: Option<Stop> = None;
        loop {
            // known rounds run at translation time
            self.span = self.span_of(w.range);
            let known = {
                let step = |ev: &mut Self| -> R<Option<Flow>> {
                    match ev.condition(test)? {
                        Truth::Known(false) => Ok(None),
                        Truth::Known(true) => ev.block(body).map(Some),
                        Truth::Dyn(_) => Err(Stop::NeedsEmission),
                    }
                };
                if unroll_budget > 0 {
                    unroll_budget -= 1;
                    match self.condition(test)? {
                        Truth::Known(false) => Some(None),
                        Truth::Known(true) => Some(Some(self.block(body)?)),
                        Truth::Dyn(_) => None,
                    }
                } else {
                    self.static_trial(step)?
                }
            };
            match known {
                Some(None) => return self.after_loop(Flow::Normal, &w.orelse),
                Some(Some(Flow::Normal | Flow::Continue)) => {
                    rounds += 1;
                    if rounds > 2_000_000 {
                        return self
                            .refuse("PM0190", "a loop known at translation time runs more than 2,000,000 rounds");
                    }
                    continue;
                }
                Some(Some(f @ (Flow::Break | Flow::Return))) => return self.after_loop(f, &w.orelse),
                Some(Some(Flow::Mixed(..))) => {
                    if let Some(stop) = reason {
                        return Err(stop);
                    }
                    return self.refuse_help(
                        "PM0137",
                        "this `while` loop ends early depending on data and cannot run at run time either",
                        "write it as a `for` loop with a bound",
                    );
                }
                None => {}
            }
            let dynamic = self.attempt_or_roll_back(|ev| {
                let mut t = |ev: &mut Self| {
                    Ok(match ev.condition(test)? {
                        Truth::Known(b) => Value::Bool(b),
                        Truth::Dyn(c) => ev.scalar(c, super::value::Kind::Py),
                    })
                };
                let mut b = |ev: &mut Self| ev.block(body);
                ev.dynamic_loop(LoopKind::Test { test: &mut t }, &temporaries, &mut b)
            })?;
            match dynamic {
                Ok(flow) => return self.after_loop(flow, &w.orelse),
                Err(stop) => {
                    // perhaps the condition is known after all: unroll a few rounds
                    if rounds >= 64 || unroll_budget > 0 {
                        return Err(stop);
                    }
                    match self.condition(test)? {
                        Truth::Known(true) => {
                            unroll_budget = 64;
                            rounds = 64;
                            reason = Some(stop);
                        }
                        _ => return Err(stop),
                    }
                }
            }
        }
    }

    /// Variables of the current function that a loop assigns before any use in each round and that nothing outside the
    /// loop reads: they need not be carried.
    fn temporaries(&self, range: TextRange, body: &'a [Stmt], target: Option<&'a Expr>) -> Vec<Rc<str>> {
        let Some(def) = self.frame().def else { return Vec::new() };
        let info = self.functions[def.0 as usize];
        let all = match info.code {
            super::eval::Code::Def(d) => super::names::uses(&d.body),
            super::eval::Code::Lambda(_) => return Vec::new(),
        };
        let mut first: std::collections::BTreeMap<&str, (u32, bool)> = Default::default();
        let top = super::names::top_level_stores(body, target);
        for u in &all {
            if range.contains(u.at) && !first.contains_key(u.name) {
                first.insert(u.name, (u.at.to_u32(), u.is_store));
            }
        }
        top.into_iter()
            .filter(|(name, at)| {
                let outside = all.iter().any(|u| u.name == *name && !u.is_store && !range.contains(u.at));
                let captured = all.iter().any(|u| u.name == *name && u.is_captured);
                // evaluation order within one assignment: the value is read before the target is written
                let early = all.iter().any(|u| u.name == *name && !u.is_store && range.contains(u.at) && u.order < *at);
                !outside && !captured && !early
            })
            .map(|(name, _)| Rc::from(name))
            .collect()
    }
}
