//! Which names a function's code reads and writes, and where: what decides whether a loop must carry a variable.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprContext, Stmt};
use ruff_text_size::{Ranged, TextSize};

/// One occurrence of a name.
pub struct Use<'a> {
    /// The name.
    pub name: &'a str,
    /// Where.
    pub at: TextSize,
    /// Position in evaluation order, roughly: the end of the statement for stores of an assignment.
    pub order: u32,
    /// Written (read otherwise).
    pub is_store: bool,
    /// Inside a nested function or comprehension.
    pub is_captured: bool,
}

struct Collect<'a> {
    out: Vec<Use<'a>>,
    nested: u32,
}

impl<'a> Visitor<'a> for Collect<'a> {
    fn visit_stmt(&mut self, s: &'a Stmt) {
        match s {
            Stmt::FunctionDef(f) => {
                self.out.push(Use {
                    name: f.name.as_str(),
                    at: s.start(),
                    order: s.start().to_u32(),
                    is_store: true,
                    is_captured: false,
                });
                self.nested += 1;
                visitor::walk_stmt(self, s);
                self.nested -= 1;
            }
            Stmt::AugAssign(a) => {
                // reads its target too
                if let Expr::Name(n) = &*a.target {
                    self.out.push(Use {
                        name: n.id.as_str(),
                        at: n.start(),
                        order: n.start().to_u32(),
                        is_store: false,
                        is_captured: self.nested > 0,
                    });
                }
                visitor::walk_stmt(self, s);
            }
            _ => visitor::walk_stmt(self, s),
        }
    }
    fn visit_expr(&mut self, e: &'a Expr) {
        match e {
            Expr::Name(n) => self.out.push(Use {
                name: n.id.as_str(),
                at: n.start(),
                order: n.start().to_u32(),
                is_store: matches!(n.ctx, ExprContext::Store | ExprContext::Del),
                is_captured: self.nested > 0,
            }),
            Expr::Lambda(_) => {
                self.nested += 1;
                visitor::walk_expr(self, e);
                self.nested -= 1;
            }
            _ => visitor::walk_expr(self, e),
        }
    }
}

/// Every occurrence of a name in a block, in source order.
pub fn uses(body: &[Stmt]) -> Vec<Use<'_>> {
    let mut c = Collect { out: Vec::new(), nested: 0 };
    c.visit_body(body);
    c.out
}

/// Names stored by statements that run in every round: the loop's targets and the plain assignments at the top level of
/// the body (up to the first statement that may leave the round early), with the position from which they are bound.
pub fn top_level_stores<'a>(body: &'a [Stmt], target: Option<&'a Expr>) -> Vec<(&'a str, u32)> {
    fn targets<'a>(e: &'a Expr, at: u32, out: &mut Vec<(&'a str, u32)>) {
        match e {
            Expr::Name(n) if !out.iter().any(|(x, _)| *x == n.id.as_str()) => {
                out.push((n.id.as_str(), at));
            }
            Expr::Tuple(t) => t.elts.iter().for_each(|x| targets(x, at, out)),
            Expr::List(t) => t.elts.iter().for_each(|x| targets(x, at, out)),
            Expr::Starred(s) => targets(&s.value, at, out),
            _ => {}
        }
    }
    let mut out = Vec::new();
    if let Some(t) = target {
        targets(t, t.start().to_u32(), &mut out);
    }
    for s in body {
        match s {
            Stmt::Assign(a) => a.targets.iter().for_each(|t| targets(t, a.end().to_u32(), &mut out)),
            Stmt::AnnAssign(a) if a.value.is_some() => targets(&a.target, a.end().to_u32(), &mut out),
            Stmt::For(f) => {
                // an inner loop may run zero times: its target is not bound for certain
                let _ = f;
            }
            _ => {}
        }
    }
    out
}

/// Whether a function body is a generator.
pub fn yields(body: &[Stmt]) -> bool {
    struct Find(bool);
    impl<'a> Visitor<'a> for Find {
        fn visit_stmt(&mut self, s: &'a Stmt) {
            if !matches!(s, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
                visitor::walk_stmt(self, s);
            }
        }
        fn visit_expr(&mut self, e: &'a Expr) {
            match e {
                Expr::Yield(_) | Expr::YieldFrom(_) | Expr::Await(_) => self.0 = true,
                Expr::Lambda(_) => {}
                e => visitor::walk_expr(self, e),
            }
        }
    }
    let mut f = Find(false);
    f.visit_body(body);
    f.0
}

fn line_of(text: &str, at: TextSize) -> u32 {
    text.as_bytes()[..at.to_usize().min(text.len())].iter().filter(|b| **b == b'\n').count() as u32 + 1
}

/// A function by qualified name and line (the line decides between several of one name).
pub fn find_function<'a>(body: &'a [Stmt], text: &str, qualname: &str, line: u32) -> Option<super::eval::Code<'a>> {
    use super::eval::Code;
    struct Find<'a, 't> {
        text: &'t str,
        name: &'t str,
        line: u32,
        best: Option<(u32, Code<'a>)>,
    }
    impl<'a> Find<'a, '_> {
        fn offer(&mut self, at: u32, code: Code<'a>) {
            let far = at.abs_diff(self.line);
            if self.best.as_ref().is_none_or(|(b, _)| far < *b) {
                self.best = Some((far, code));
            }
        }
    }
    impl<'a> Visitor<'a> for Find<'a, '_> {
        fn visit_stmt(&mut self, s: &'a Stmt) {
            if let Stmt::FunctionDef(d) = s
                && d.name.as_str() == self.name
            {
                self.offer(line_of(self.text, d.name.start()), Code::Def(d));
            }
            visitor::walk_stmt(self, s);
        }
        fn visit_expr(&mut self, e: &'a Expr) {
            if let Expr::Lambda(l) = e
                && self.name == "<lambda>"
            {
                self.offer(line_of(self.text, l.start()), Code::Lambda(l));
            }
            visitor::walk_expr(self, e);
        }
    }
    let name = qualname.rsplit('.').next().unwrap_or(qualname);
    let mut f = Find { text, name, line, best: None };
    f.visit_body(body);
    f.best.map(|(_, c)| c)
}

/// A class by qualified name and line.
pub fn find_class<'a>(
    body: &'a [Stmt],
    text: &str,
    qualname: &str,
    line: u32,
) -> Option<&'a ruff_python_ast::StmtClassDef> {
    struct Find<'a, 't> {
        text: &'t str,
        name: &'t str,
        line: u32,
        best: Option<(u32, &'a ruff_python_ast::StmtClassDef)>,
    }
    impl<'a> Visitor<'a> for Find<'a, '_> {
        fn visit_stmt(&mut self, s: &'a Stmt) {
            if let Stmt::ClassDef(d) = s
                && d.name.as_str() == self.name
            {
                let far = line_of(self.text, d.name.start()).abs_diff(self.line);
                if self.best.is_none_or(|(b, _)| far < b) {
                    self.best = Some((far, d));
                }
            }
            visitor::walk_stmt(self, s);
        }
    }
    let name = qualname.rsplit('.').next().unwrap_or(qualname);
    let mut f = Find { text, name, line, best: None };
    f.visit_body(body);
    f.best.map(|(_, c)| c)
}
