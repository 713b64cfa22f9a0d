//! `docs/supported.md`: the library functions that have a definition, taken from the prelude's own lines.

use crate::sources::{self, Source};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const PAGE: &str = "docs/supported.md";

const HEAD: &str = "\
# Supported functions

<!-- Written by `cargo xtask supported`. -->

With **constant** arguments any function of any library may be called: CPython evaluates it once, and its result becomes a constant. That is
how filters are designed, windows made and tables filled. This page lists what may be called on values that the generated code **computes**.
Arguments that are not supported, such as an unusual `axis` or `mode`, are refused where they are used ([PM0118](errors/PM0118.md)).

Of Python itself: arithmetic, comparison and bit operators on numbers and arrays, every form of indexing and slicing, and the builtins and methods
of numbers, lists, tuples, dicts with known keys, and arrays.

";

/// Names that the front end defines itself (`front/python/library.rs`), not the prelude.
const NATIVE: &str = "\
numpy: absolute add all amax amin any arange argmax argmin argsort array asanyarray asarray ascontiguousarray bitwise_and bitwise_not \
bitwise_or bitwise_xor broadcast_arrays broadcast_shapes broadcast_to ceil concatenate conj conjugate copysign cumprod cumsum divide dot empty \
empty_like equal expand_dims fabs floor fmod full full_like greater greater_equal imag invert iscomplexobj isinf isnan isrealobj left_shift less \
less_equal matmul max maximum min minimum mod multiply ndim negative nonzero not_equal ones ones_like pow power prod ravel real remainder reshape \
right_shift rint shape signbit size sort sqrt squeeze subtract sum take transpose true_divide trunc where zeros zeros_like floor_divide abs";

/// Writes the page. Always succeeds if files can be read and written.
pub fn run() -> Result<bool> {
    std::fs::write(sources::root().join(PAGE), page(&sources::texts()?))?;
    Ok(true)
}

/// A page that does not say what the prelude says.
pub fn check(texts: &[Source]) -> Vec<String> {
    let there = texts.iter().find(|s| s.path == PAGE).map_or("", |s| &s.text);
    if there == page(texts) { Vec::new() } else { vec![format!("{PAGE}: is out of date: run `cargo xtask supported`")] }
}

fn page(texts: &[Source]) -> String {
    let mut spaces: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |name: &str| {
        if let Some((space, function)) = name.rsplit_once('.')
            && !space.starts_with('_')
        {
            spaces.entry(space.to_string()).or_default().insert(function.to_string());
        }
    };
    for line in NATIVE.lines() {
        if let Some((space, names)) = line.split_once(": ") {
            names.split_whitespace().for_each(|name| add(&format!("{space}.{name}")));
        }
    }
    for source in texts.iter().filter(|s| s.path.starts_with("crates/silicon/src/prelude/")) {
        for line in source.text.lines() {
            let bound = line.strip_prefix("# binds:").or_else(|| line.strip_prefix("# kernel:"));
            bound.into_iter().flat_map(|names| names.split(',')).for_each(|name| add(name.trim()));
        }
    }
    let mut text = HEAD.to_string();
    for (space, names) in spaces {
        let _ = write!(text, "## {space}\n\n");
        let mut width = 0;
        for name in names {
            if width + name.len() > 130 {
                text.push('\n');
                width = 0;
            } else if width > 0 {
                text.push(' ');
            }
            let _ = write!(text, "`{name}`");
            width += name.len() + 3;
        }
        text.push_str("\n\n");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_follows_the_prelude() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let prelude = source("crates/silicon/src/prelude/a.py", "# binds: numpy.fft.fft, scipy.fft.fft\ndef fft(x):\n");
        let text = page(&[prelude]);
        assert!(text.contains("## scipy.fft\n\n`fft`\n"));
        let prelude = || source("crates/silicon/src/prelude/a.py", "# kernel: math.sin\n");
        assert!(check(&[prelude(), source(PAGE, &page(&[prelude()]))]).is_empty());
        assert_eq!(check(&[prelude(), source(PAGE, &text)]).len(), 1);
    }
}
