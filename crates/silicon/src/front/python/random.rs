//! Random numbers: what the recorded run drew becomes an input.

use super::call::Keywords;
use super::eval::{Eval, R};
use super::value::{Kind, Value};
use crate::hir::Type;

impl<'a> Eval<'a> {
    /// A value drawn from a random generator becomes an input.
    pub fn random_draw(&mut self, name: &str, args: &[Value], _kwargs: &Keywords) -> R<Value> {
        if name.ends_with(".seed") || name.ends_with("default_rng") || name.ends_with("RandomState") {
            return Ok(if name.ends_with(".seed") {
                Value::None
            } else {
                Value::Library("numpy.random.generator".into())
            });
        }
        let _ = args;
        if self.loop_depth > 0 {
            return self.refuse_help(
                "PM0145",
                "random numbers are drawn inside a loop that runs at run time",
                "draw all numbers before the loop, or pass them in as an argument",
            );
        }
        if self.static_only > 0 {
            return Err(super::eval::Stop::NeedsEmission);
        }
        let Some((drawn, value)) = self.draws.pop_front() else {
            return self.refuse("PM0145", format!("`{name}` was not called in the recorded run"));
        };
        let short = name.rsplit('.').next().unwrap_or(name);
        if drawn.rsplit('.').next() != Some(short) {
            return self.refuse("PM0145", format!("the recorded run drew `{drawn}` here, not `{name}`"));
        }
        let v = self.import(&value, false)?;
        let at = self.random_inputs.len();
        let port = format!("draw{at}");
        let (ty, python) = match &v {
            Value::Array(a) => (a.ty.clone(), false),
            v => match self.number_dtype(v) {
                Some(d) => (Type::scalar(d), !Self::is_numpy(v)),
                None => return self.refuse("PM0145", "this kind of random draw is not supported"),
            },
        };
        let id = self.func.new_value(ty.clone(), self.user_span());
        self.random_inputs.push((port, id, ty.clone()));
        if ty.rank() > 0 {
            return Ok(self.new_array(id));
        }
        Ok(self.scalar(id, if python { Kind::Py } else { Kind::Np }))
    }
}
