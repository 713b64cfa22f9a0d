//! Links of the Markdown files that point into the repository.

use crate::sources::Source;
use std::collections::BTreeSet;

/// Targets of `[text](target)` in `text`, code left out, with their line numbers.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // The odd pieces between back quotes are code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
        for (at, _) in prose.match_indices("](") {
            let rest = prose.get(at + 2..).unwrap_or_default();
            if let Some(target) = rest.split(')').next() {
                found.push((number + 1, target.to_string()));
            }
        }
    }
    found
}

/// The path `target` names, seen from the file `from`; `None` when it leaves the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Links to files or folders that are not there.
pub fn broken(texts: &[Source], paths: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    for source in texts.iter().filter(|s| s.path.ends_with(".md")) {
        for (line, target) in targets(&source.text) {
            let file = target.split(['#', ' ']).next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            let there = resolve(&source.path, file).is_some_and(|path| {
                paths.contains(&path)
                    || path.is_empty()
                    || paths.range(format!("{path}/")..).next().is_some_and(|p| p.starts_with(&format!("{path}/")))
            });
            if !there {
                problems.push(format!("{}:{line}: link to `{target}`, which is not there", source.path));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_resolve_from_their_own_folder() {
        let page = |text: &str| vec![Source { path: "docs/a/b.md".into(), text: text.into() }];
        let paths: BTreeSet<String> = ["README.md", "docs/a/c.md"].map(String::from).into();
        assert!(
            broken(&page("[c](c.md#x) [r](../../README.md) [d](../a) [web](https://example.org/x)"), &paths).is_empty()
        );
        assert!(broken(&page("`[c](gone.md)`\n```\n[c](gone.md)\n```"), &paths).is_empty());
        assert_eq!(broken(&page("text\n[c](gone.md) [up](../../../x)"), &paths).len(), 2);
    }
}
