//! Random numbers: what the recorded run drew becomes an input.

use super::call::Keywords;
use super::eval::{Eval, R};
use super::value::{Kind, Value};
use crate::hir::Type;

impl<'a> Eval<'a> {
    /// A value drawn from a random generator becomes an input.
    pub fn random_draw(&mut self, name: &str, args: &[Value], kwargs: &Keywords) -> R<Value> {
        let makes = name.ends_with("default_rng") || name.ends_with("RandomState");
        let seed = args.first().or(kwargs.iter().find(|(k, _)| &**k == "seed").map(|(_, v)| v));
        if makes && !self.script && matches!(seed, None | Some(Value::None)) {
            return self.refuse_help(
                "PM0145",
                "this generator is seeded by the operating system: no two calls give the same result",
                "give it a seed, or pass the generator's numbers in as an argument",
            );
        }
        if makes {
            return Ok(Value::Library("numpy.random.generator".into()));
        }
        if name.ends_with(".seed") {
            return Ok(Value::None);
        }
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
