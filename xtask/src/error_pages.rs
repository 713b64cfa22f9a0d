//! The pages of docs/errors: one for each diagnostic code, each with a failing and a fixed example, and one for the codes of
//! the server.

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

/// The page of the server's codes.
const SERVER: &str = "docs/errors/server.md";

/// Whether a text is the code of an error: words of lower-case letters and digits, one dot.
fn is_code(text: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    text.split_once('.').is_some_and(|(a, b)| word(a) && word(b))
}

/// Codes of the errors that Rust code makes by their constructors.
fn made(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split("Error::").skip(1) {
        let Some((constructor, rest)) = rest.split_once('(') else { continue };
        let mut rest = rest.trim_start();
        if rest.starts_with("Kind::") {
            rest = rest.split_once(',').map_or("", |(_, rest)| rest.trim_start());
        }
        let Some((text, _)) = rest.strip_prefix('"').and_then(|r| r.split_once('"')) else { continue };
        match constructor {
            "new" | "invalid" | "unavailable" if is_code(text) => drop(found.insert(text.to_string())),
            "not_found" => drop(found.insert(format!("{text}.not-found"))),
            _ => {}
        }
    }
    found
}

/// Codes that the page lacks, and rows for codes that nothing gives.
pub fn check_server(texts: &[Source]) -> Vec<String> {
    let Some(page) = texts.iter().find(|s| s.path == SERVER) else { return vec![format!("{SERVER} is missing")] };
    let row = |line: &'_ str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_string());
    let listed: Vec<String> = page.text.lines().filter_map(row).collect();
    let mut problems = Vec::new();
    if !listed.is_sorted() {
        problems.push(format!("{SERVER}: its rows are not sorted by code"));
    }
    let (mut used, mut quoted) = (BTreeSet::new(), BTreeSet::from(["bug".to_string()]));
    for source in texts {
        let Some(code) = source.product_code() else { continue };
        for one in made(code) {
            if !listed.contains(&one) && used.insert(one.clone()) {
                problems.push(format!("{}: {SERVER} does not list `{one}`", source.path));
            }
            quoted.insert(one);
        }
        quoted.extend(code.split('"').filter(|t| is_code(t)).map(str::to_string));
    }
    let unused = listed.iter().filter(|code| !quoted.contains(*code));
    problems.extend(unused.map(|code| format!("{SERVER}: nothing gives `{code}`")));
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

    #[test]
    fn codes_of_the_server_and_their_page_belong_together() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let code = "Error::new(\n    Kind::Conflict,\n    \"run.state\", text)\nError::not_found(\"run\")\nwrong(\"token.many\")\nError::bug(\"a.b is no code\")";
        let code = || source("crates/x/src/a.rs", code);
        let whole = "| `bug` | 500 |\n| `run.not-found` | 404 |\n| `run.state` | 409 |\n| `token.many` | 409 |\n";
        assert!(check_server(&[code(), source(SERVER, whole)]).is_empty());
        let found = check_server(&[code(), source(SERVER, "| `run.state` | 409 |\n| `run.gone` | 404 |\n")]);
        assert_eq!(
            found,
            [
                format!("{SERVER}: its rows are not sorted by code"),
                format!("crates/x/src/a.rs: {SERVER} does not list `run.not-found`"),
                format!("{SERVER}: nothing gives `run.gone`"),
            ]
        );
    }
}
