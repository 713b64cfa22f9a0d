//! `raise` and `try`.

use super::eval::{Eval, R, Raised, Stop};
use super::merge::Flow;
use super::state::Cell;
use super::value::Value;
use ruff_python_ast::{self as ast, Expr};

impl<'a> Eval<'a> {
    pub(super) fn raise_statement(&mut self, r: &'a ast::StmtRaise) -> R<Flow> {
        let Some(exc) = &r.exc else {
            return self.refuse("PM0103", "a bare `raise` is not supported");
        };
        let (name, message) = match &**exc {
            Expr::Call(c) => {
                let message = match c.arguments.args.first() {
                    Some(e) => self.message_of(e).unwrap_or_default(),
                    None => String::new(),
                };
                (self.exception_name(&c.func)?, message)
            }
            e => (self.exception_name(e)?, String::new()),
        };
        self.span = self.span_of(r.range);
        let in_prelude = self.frame().file.is_prelude;
        Err(Stop::Raised(Raised {
            is_refusal: in_prelude && name == "NotImplementedError",
            type_name: name,
            message,
            span: self.user_span(),
        }))
    }
    /// Text of an exception's message, dynamic parts left out.
    fn message_of(&mut self, e: &'a Expr) -> Option<String> {
        match e {
            Expr::StringLiteral(s) => Some(s.value.to_str().to_string()),
            Expr::FString(f) => {
                let mut out = String::new();
                for el in f.value.elements() {
                    match el {
                        ast::InterpolatedStringElement::Literal(l) => out.push_str(&l.value),
                        ast::InterpolatedStringElement::Interpolation(_) => out.push('…'),
                    }
                }
                Some(out)
            }
            e => match self.static_trial(|ev| ev.expr(e)) {
                Ok(Some(Value::Str(s))) => Some(s.to_string()),
                _ => None,
            },
        }
    }
    fn exception_name(&mut self, e: &'a Expr) -> R<String> {
        Ok(match self.expr(e)? {
            Value::Library(n) => n.rsplit('.').next().unwrap_or(&n).to_string(),
            Value::Class(c) => c.name.to_string(),
            Value::Object(o) => match self.heap.get(o) {
                Cell::Object { class, .. } => class.name.to_string(),
                _ => "Exception".into(),
            },
            v => {
                let what = v.describe();
                return self.refuse("PM0103", format!("raising {what} is not supported"));
            }
        })
    }
    pub(super) fn try_statement(&mut self, t: &'a ast::StmtTry) -> R<Flow> {
        let heap = self.heap.clone();
        let frames = self.frames.len();
        let checks = self.checks;
        let out = self.block(&t.body);
        let flow = match out {
            Ok(flow) => {
                if self.checks > checks && !t.handlers.is_empty() {
                    self.span = self.span_of(t.range);
                    return self.refuse_help(
                        "PM0138",
                        "whether this `try` body raises depends on data",
                        "test for the condition with `if` instead of catching the exception",
                    );
                }
                if matches!(flow, Flow::Normal) { self.block(&t.orelse)? } else { flow }
            }
            Err(Stop::Raised(r)) if !r.is_refusal => {
                if self.checks > checks {
                    return self.refuse("PM0138", "whether this `try` body raises depends on data");
                }
                let _ = heap;
                self.frames.truncate(frames);
                let mut handled = None;
                for ast::ExceptHandler::ExceptHandler(h) in &t.handlers {
                    let matches = match &h.type_ {
                        None => true,
                        Some(e) => {
                            let mut names = Vec::new();
                            match &**e {
                                Expr::Tuple(t) => {
                                    for x in &t.elts {
                                        names.push(self.exception_name(x)?);
                                    }
                                }
                                e => names.push(self.exception_name(e)?),
                            }
                            names.iter().any(|n| exception_is(&r.type_name, n))
                        }
                    };
                    if matches {
                        if let Some(n) = &h.name {
                            self.set_variable(n.as_str(), Value::str(&r.message));
                        }
                        handled = Some(self.block(&h.body)?);
                        break;
                    }
                }
                match handled {
                    Some(f) => f,
                    None => return Err(Stop::Raised(r)),
                }
            }
            Err(e) => return Err(e),
        };
        let last = self.block(&t.finalbody)?;
        Ok(if matches!(last, Flow::Normal) { flow } else { last })
    }
}

/// Whether an exception of class `name` is caught by `except handler`.
fn exception_is(name: &str, handler: &str) -> bool {
    if name == handler || handler == "Exception" || handler == "BaseException" {
        return true;
    }
    let bases: &[&str] = match name {
        "IndexError" | "KeyError" => &["LookupError"],
        "ZeroDivisionError" | "OverflowError" | "FloatingPointError" => &["ArithmeticError"],
        "LinAlgError" => &["ValueError"],
        "UnboundLocalError" => &["NameError"],
        "NotImplementedError" | "RecursionError" => &["RuntimeError"],
        "ModuleNotFoundError" => &["ImportError"],
        "UFuncTypeError" | "_UFuncOutputCastingError" => &["TypeError"],
        _ => &[],
    };
    bases.contains(&handler)
}
