//! What a bench does to the entry's object between two calls: an attribute that it sets becomes an entry of its own,
//! `set_NAME`, and what no entry can repeat is refused.

use super::entry::Signature;
use super::eval::{Eval, R};
use super::recorded::identifier;
use super::value::Value;
use crate::oracle::Recording;
use proofmark_base::diagnostics::Span;
use std::rc::Rc;

/// The dotted name of the attribute that a recorded call sets; `None` for a call of a method.
pub(super) fn attribute_set(call: &str) -> Option<&str> {
    call.strip_suffix('=')
}

/// The name of the entry for calls of that name.
pub(super) fn entry_name(rec: &Recording, call: &str) -> String {
    let Some(path) = attribute_set(call) else { return identifier(call) };
    let mut name = identifier(&format!("set_{path}"));
    while rec.calls.iter().any(|c| c.name == name) {
        name.push('_');
    }
    name
}

impl Eval<'_> {
    /// Refuses changes from outside that no call of an entry repeats.
    pub(super) fn refuse_outside(&mut self, rec: &Recording, instances: &[usize]) -> R<()> {
        let Some(change) = rec.outside.iter().find(|c| instances.contains(&c.0)) else { return Ok(()) };
        let (file, line, exact) = &change.2;
        self.span = self.line_span(file, *line).or(self.span);
        let place = if *exact { "at" } else { "before the call at" };
        self.refuse_help(
            "PM0168",
            format!("`{}` is changed between two calls ({place} {file}:{line}) and {}", change.1, change.3),
            "set attributes to numbers and arrays of their own, or give the class a method that makes the change",
        )
    }

    /// The place in the bench where the attribute of a signature is set, and the object it belongs to with its last name.
    pub(super) fn set_from_outside(
        &mut self,
        rec: &Recording,
        s: &Signature,
        object: &Value,
        args: &[(Rc<str>, Value)],
    ) -> R<Value> {
        let at = s.covered.first().and_then(|k| rec.calls[*k].at.clone());
        if let Some((file, line, _)) = at {
            self.span = self.line_span(&file, line).or(self.span);
        }
        let path = attribute_set(&s.name).unwrap_or_default();
        let (owners, name) = path.rsplit_once('.').map_or((None, path), |(o, n)| (Some(o), n));
        let mut owner = object.clone();
        for part in owners.into_iter().flat_map(|o| o.split('.')) {
            owner = self.attribute(&owner, part)?;
        }
        let Some((_, value)) = args.first() else {
            return self.refuse("PM0999", "internal error: an attribute is set to nothing");
        };
        self.set_attribute(&owner, name, value.clone())?;
        Ok(Value::None)
    }

    fn line_span(&mut self, file: &str, line: u32) -> Option<Span> {
        let parsed = self.load(file).ok()?;
        let before: usize = parsed.text.split_inclusive('\n').take((line as usize).checked_sub(1)?).map(str::len).sum();
        let text = parsed.text[before..].lines().next()?;
        let start = before + text.len() - text.trim_start().len();
        Some(Span { file: parsed.id, start: start as u32, end: (before + text.trim_end().len()) as u32 })
    }
}
