//! The pages of docs/errors: one for each diagnostic code, each with a failing and a fixed example.

use crate::sources::Source;
use std::collections::{BTreeMap, BTreeSet};

/// Codes from here on mean a fault of the translator: there is no example to give.
const BUGS: &str = "PM0900";

/// Every quoted code (`PM` and four digits) in `text`.
fn codes(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for piece in text.split('"') {
        if let Some(digits) = piece.strip_prefix("PM")
            && digits.len() == 4
            && digits.bytes().all(|b| b.is_ascii_digit())
        {
            found.insert(piece.to_string());
        }
    }
    found
}

/// Codes without a page, pages without a code, pages without what they must hold.
pub fn check(texts: &[Source]) -> Vec<String> {
    let mut used: BTreeMap<String, &str> = BTreeMap::new();
    for source in texts {
        for code in source.product_code().map(codes).unwrap_or_default() {
            used.entry(code).or_insert(&source.path);
        }
    }
    let mut pages: BTreeMap<&str, &Source> = BTreeMap::new();
    for source in texts {
        let name = source.path.strip_prefix("docs/errors/").and_then(|p| p.strip_suffix(".md"));
        if let Some(code) = name.filter(|n| n.starts_with("PM")) {
            pages.insert(code, source);
        }
    }
    let mut problems = Vec::new();
    for (code, path) in &used {
        if !pages.contains_key(code.as_str()) {
            problems.push(format!("{path}: {code} has no page docs/errors/{code}.md"));
        }
    }
    let list = texts.iter().find(|s| s.path == "docs/errors/README.md").map_or("", |s| &s.text);
    for (code, page) in &pages {
        if !used.contains_key(*code) {
            problems.push(format!("{}: nothing gives this code", page.path));
        }
        if !list.contains(&format!("({code}.md)")) {
            problems.push(format!("docs/errors/README.md: does not list {code}"));
        }
        if !page.text.starts_with(&format!("# {code}: ")) {
            problems.push(format!("{}: does not begin with `# {code}: `", page.path));
        }
        let examples = page.text.contains("```python failing\n") && page.text.contains("```python fixed\n");
        if *code < BUGS && !examples && !page.text.contains("\nNo example: ") {
            problems.push(format!(
                "{}: needs a `python failing` and a `python fixed` block, or `No example: WHY`",
                page.path
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_pages_belong_together() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let page = "# PM0101: x\n```python failing\n```\n```python fixed\n```\n";
        let list = source("docs/errors/README.md", "[PM0101](PM0101.md)");
        let code = source("crates/silicon/src/a.rs", "refuse(\"PM0101\")\n#[cfg(test)]\nmod tests {\n\"PM0102\"\n}\n");
        assert!(check(&[list, code, source("docs/errors/PM0101.md", page)]).is_empty());
        let code = source("crates/silicon/src/a.rs", "refuse(\"PM0102\")");
        assert_eq!(check(&[code]).len(), 1);
        assert_eq!(check(&[source("docs/errors/PM0101.md", "# PM0101: x\n")]).len(), 3);
    }
}
