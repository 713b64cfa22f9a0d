//! Diagnostics as text for a terminal, as JSON lines and as SARIF. Strings come out; nothing is printed here.
//!
//! A span that points outside its file, or into the middle of a character, is a defect of whoever made it, but
//! the diagnostic still matters: it is clamped to the file and widened to whole characters. A span into a file
//! the map does not hold is left out of the text, and has no file in JSON.

use crate::diagnostics::{Diagnostic, Severity, SourceFile, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet, normalize_untrusted_str};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

/// Text for a person, one diagnostic after the other with a blank line between them: code, message, source with
/// labels, notes, help and the suggested change. `color` adds ANSI escape codes; those in sources and messages
/// are made visible, never passed on.
pub fn render_text(diagnostics: &[Diagnostic], sources: &SourceMap, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&groups(diagnostic, sources)));
        text.push('\n');
    }
    text
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
        Severity::Bug => Level::ERROR.with_name("defect in Proofmark"),
    };
    let title = level.primary_title(visible(&diagnostic.message));
    let mut main = Group::with_title(title.id(visible(&diagnostic.code)));
    // One snippet per file, in the order the labels name them, so that the primary file comes first.
    let mut files = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    for id in files {
        let Some(file) = sources.files().get(id.0 as usize) else { continue };
        let mut snippet = Snippet::source(source_text(file)).path(visible(&file.name));
        for (i, label) in diagnostic.labels.iter().enumerate().filter(|(_, label)| label.span.file == id) {
            let kind = if i == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = (!label.text.is_empty()).then(|| visible(&label.text));
            snippet = snippet.annotation(kind.span(within(file, label.span)).label(text));
        }
        main = main.element(snippet);
    }
    for note in &diagnostic.notes {
        main = main.element(Level::NOTE.message(visible(note)));
    }
    if let Some(help) = &diagnostic.help {
        main = main.element(Level::HELP.message(visible(help)));
    }
    let mut groups = vec![main];
    if let Some(suggestion) = &diagnostic.suggestion
        && let Some(file) = sources.files().get(suggestion.span.file.0 as usize)
    {
        let patch = Patch::new(within(file, suggestion.span), visible(&suggestion.replacement));
        let snippet = Snippet::source(source_text(file)).path(visible(&file.name)).patch(patch);
        groups.push(Level::HELP.secondary_title("suggested change").element(snippet));
    }
    groups
}

/// The text with every control character but the line feed made visible.
fn visible(text: &str) -> String {
    normalize_untrusted_str(text).replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
}

/// A source for the snippet, which makes visible all control characters but those of the C1 block, which
/// terminals obey too. They become middle dots, of the same length in UTF-8, so that byte offsets hold.
fn source_text(file: &SourceFile) -> Cow<'_, str> {
    let c1 = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
    if file.text.contains(c1) { file.text.replace(c1, "\u{b7}").into() } else { Cow::Borrowed(&file.text) }
}

/// The span's bytes, clamped to the file and widened to whole characters.
fn within(file: &SourceFile, span: Span) -> Range<usize> {
    let text = &file.text;
    let mut start = (span.start as usize).min(text.len());
    let mut end = (span.end as usize).clamp(start, text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// Where a span lies. Lines and columns count from 1, columns in characters; byte offsets from 0, end exclusive.
#[derive(Serialize)]
struct Place<'a> {
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    byte_start: u32,
    byte_end: u32,
}

impl<'a> Place<'a> {
    fn of(span: Span, sources: &'a SourceMap) -> Self {
        let Some(file) = sources.files().get(span.file.0 as usize) else {
            let (byte_start, byte_end) = (span.start, span.end);
            return Place {
                file: None,
                line: None,
                column: None,
                end_line: None,
                end_column: None,
                byte_start,
                byte_end,
            };
        };
        let range = within(file, span);
        let (byte_start, byte_end) = (range.start as u32, range.end as u32);
        let (line, column) = sources.line_column(span.file, byte_start);
        let (end_line, end_column) = sources.line_column(span.file, byte_end);
        Place {
            file: Some(&file.name),
            line: Some(line),
            column: Some(column),
            end_line: Some(end_line),
            end_column: Some(end_column),
            byte_start,
            byte_end,
        }
    }

    /// SARIF `physicalLocation`, for a place in a known file.
    fn physical(&self) -> Option<Value> {
        Some(json!({ "artifactLocation": { "uri": uri(self.file?) }, "region": self.region() }))
    }

    fn region(&self) -> Value {
        json!({
            "startLine": self.line, "startColumn": self.column, "endLine": self.end_line, "endColumn": self.end_column,
            "byteOffset": self.byte_start, "byteLength": self.byte_end - self.byte_start,
        })
    }
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    primary: bool,
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonSuggestion<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    labels: Vec<JsonLabel<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    suggestion: Option<JsonSuggestion<'a>>,
    documentation: String,
}

/// One JSON object per diagnostic, each on a line of its own. Every field is always there:
///
/// `code`, `severity` (`note`, `warning`, `error`, `bug`), `message`, `labels` (each `primary`, `file`, `line`,
/// `column`, `end_line`, `end_column`, `byte_start`, `byte_end`, `text`), `notes`, `help`, `suggestion` (the
/// fields of a place and `replacement`), `documentation`. Lines and columns count from 1, columns in characters.
pub fn render_json(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let labels = diagnostic.labels.iter().enumerate();
        let line = JsonDiagnostic {
            code: &diagnostic.code,
            severity: diagnostic.severity,
            message: &diagnostic.message,
            labels: labels
                .map(|(i, l)| JsonLabel { primary: i == 0, place: Place::of(l.span, sources), text: &l.text })
                .collect(),
            notes: &diagnostic.notes,
            help: diagnostic.help.as_deref(),
            suggestion: diagnostic
                .suggestion
                .as_ref()
                .map(|s| JsonSuggestion { place: Place::of(s.span, sources), replacement: &s.replacement }),
            documentation: documentation(&diagnostic.code),
        };
        text.push_str(&serde_json::to_string(&line).expect("string keys and infallible serializers"));
        text.push('\n');
    }
    text
}

/// A SARIF 2.1.0 document (OASIS) with one run. A code is a rule; the first label is the location, the others
/// are related locations; notes and help stand in the message.
pub fn render_sarif(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let codes: BTreeSet<&str> = diagnostics.iter().map(|d| d.code.as_str()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code, "helpUri": documentation(code) })).collect();
    let results: Vec<Value> = diagnostics.iter().map(|d| sarif_result(d, &codes, sources)).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "proofmark", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn sarif_result(diagnostic: &Diagnostic, codes: &[&str], sources: &SourceMap) -> Value {
    let level = match diagnostic.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error | Severity::Bug => "error",
    };
    let mut message = diagnostic.message.clone();
    for note in &diagnostic.notes {
        message.push_str(&format!("\nnote: {note}"));
    }
    if let Some(help) = &diagnostic.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let places: Vec<(usize, Value)> = diagnostic
        .labels
        .iter()
        .enumerate()
        .filter_map(|(i, label)| {
            let mut location = json!({ "physicalLocation": Place::of(label.span, sources).physical()? });
            if !label.text.is_empty() {
                location["message"] = json!({ "text": label.text });
            }
            Some((i, location))
        })
        .collect();
    let (primary, related): (Vec<_>, Vec<_>) = places.into_iter().partition(|(i, _)| *i == 0);
    let values = |places: Vec<(usize, Value)>| places.into_iter().map(|(_, v)| v).collect::<Vec<_>>();
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": codes.iter().position(|c| *c == diagnostic.code),
        "level": level,
        "message": { "text": message },
        "locations": values(primary),
    });
    let mut related = values(related);
    // The schema wants related locations unique; equal ones are few, and not always neighbours.
    let mut seen = Vec::new();
    related.retain(|location| {
        !seen.contains(location) && {
            seen.push(location.clone());
            true
        }
    });
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if diagnostic.severity == Severity::Bug {
        result["properties"] = json!({ "severity": "bug" });
    }
    if let Some(suggestion) = &diagnostic.suggestion {
        let place = Place::of(suggestion.span, sources);
        if let Some(file) = place.file {
            let replacement =
                json!({ "deletedRegion": place.region(), "insertedContent": { "text": suggestion.replacement } });
            let change = json!({ "artifactLocation": { "uri": uri(file) }, "replacements": [replacement] });
            result["fixes"] = json!([{ "description": { "text": "suggested change" }, "artifactChanges": [change] }]);
        }
    }
    result
}

/// Where a code is explained, relative to the project's root.
fn documentation(code: &str) -> String {
    format!("docs/errors/{code}.md")
}

/// A path as URI reference (RFC 3986): all but unreserved characters and `/` percent-encoded.
fn uri(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(byte as char),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{FileId, Suggestion};
    use proptest::prelude::*;

    /// `y = x.foo(1)` in the second line, with a character of two bytes before it.
    fn sample() -> (SourceMap, Diagnostic) {
        let mut sources = SourceMap::default();
        let file = sources.add("src/my file.py", "# \u{b5}s\ny = x.foo(1)\n");
        let other = sources.add("bench.py", "run(x)\n");
        let at = |file, start, end| Span { file, start, end };
        let mut diagnostic = Diagnostic::error("PM0101", "`foo` is not known")
            .at(at(file, 12, 15), "no such method")
            .at(at(other, 0, 6), "called from here")
            .note("`x` is a float64 array")
            .help("write it out");
        diagnostic.suggestion = Some(Suggestion { span: at(file, 10, 18), replacement: "bar(x)".to_string() });
        (sources, diagnostic)
    }

    #[test]
    fn text_shows_every_part() {
        let (sources, diagnostic) = sample();
        let text = render_text(&[diagnostic.clone(), diagnostic.clone()], &sources, false);
        for part in [
            "error[PM0101]: `foo` is not known",
            "src/my file.py:2:7",
            "^^^ no such method",
            "bench.py:1:1",
            "called from here",
            "note: `x` is a float64 array",
            "help: write it out",
            "suggested change",
            "bar(x)",
        ] {
            assert_eq!(text.matches(part).count(), 2, "{part:?} in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
        assert!(render_text(&[diagnostic], &sources, true).contains('\u{1b}'));
        let bug = Diagnostic::new("PM9001", Severity::Bug, "\u{1b}[31mlost a value").note("\u{1b}[2J");
        let text = render_text(&[bug], &sources, false);
        assert!(text.contains("defect in Proofmark[PM9001]") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn json_gives_places() {
        let (sources, diagnostic) = sample();
        let text = render_json(&[diagnostic], &sources);
        assert_eq!(text.lines().count(), 1);
        let value: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "code": "PM0101", "severity": "error", "message": "`foo` is not known",
            "labels": [
                { "primary": true, "file": "src/my file.py", "line": 2, "column": 7, "end_line": 2, "end_column": 10,
                  "byte_start": 12, "byte_end": 15, "text": "no such method" },
                { "primary": false, "file": "bench.py", "line": 1, "column": 1, "end_line": 1, "end_column": 7,
                  "byte_start": 0, "byte_end": 6, "text": "called from here" },
            ],
            "notes": ["`x` is a float64 array"], "help": "write it out",
            "suggestion": { "file": "src/my file.py", "line": 2, "column": 5, "end_line": 2, "end_column": 13,
                            "byte_start": 10, "byte_end": 18, "replacement": "bar(x)" },
            "documentation": "docs/errors/PM0101.md",
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn sarif_gives_rules_places_and_fixes() {
        let (sources, diagnostic) = sample();
        let repeated = diagnostic.labels[1].clone();
        let diagnostic = diagnostic.at(repeated.span, repeated.text);
        let second = Diagnostic::new("PM0001", Severity::Warning, "nothing to do");
        let value: Value = serde_json::from_str(&render_sarif(&[diagnostic, second], &sources)).unwrap();
        let run = &value["runs"][0];
        assert_eq!(
            (&value["version"], &run["tool"]["driver"]["version"]),
            (&json!("2.1.0"), &json!(env!("CARGO_PKG_VERSION")))
        );
        let ids: Vec<_> = run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|r| &r["id"]).collect();
        assert_eq!(ids, ["PM0001", "PM0101"]);
        assert_eq!(run["tool"]["driver"]["rules"][1]["helpUri"], "docs/errors/PM0101.md");
        let result = &run["results"][0];
        assert_eq!((&result["ruleId"], &result["ruleIndex"]), (&json!("PM0101"), &json!(1)));
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "src/my%20file.py");
        assert_eq!(
            location["region"],
            json!({ "startLine": 2, "startColumn": 7, "endLine": 2, "endColumn": 10, "byteOffset": 12, "byteLength": 3 })
        );
        assert_eq!(result["relatedLocations"][0]["message"]["text"], "called from here");
        assert_eq!(result["relatedLocations"].as_array().unwrap().len(), 1, "each place once");
        let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(replacement["insertedContent"]["text"], "bar(x)");
        assert_eq!(replacement["deletedRegion"]["byteOffset"], 10);
        assert_eq!((&run["results"][1]["level"], &run["results"][1]["locations"]), (&json!("warning"), &json!([])));
    }

    #[test]
    fn spans_are_widened_to_whole_characters() {
        let (sources, _) = sample();
        let file = &sources.files()[0];
        let range = |start, end| within(file, Span { file: FileId(0), start, end });
        assert_eq!(range(3, 3), 2..4);
        assert_eq!(range(0, 3), 0..4);
        assert_eq!(range(9, 4), 9..9);
        assert_eq!(range(1000, u32::MAX), file.text.len()..file.text.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn rendering_never_panics(
            texts in prop::collection::vec("[a\u{e9}\u{4e2d}\u{1f600}\u{301}\u{200d} \t\r\n\0\u{1b}\u{9b}]{0,24}", 1..3),
            labels in prop::collection::vec((0u32..4, prop_oneof![0u32..90, any::<u32>()], prop_oneof![0u32..90, any::<u32>()], ".{0,6}"), 0..5),
            patch in prop::option::of((0u32..4, 0u32..90, prop_oneof![0u32..90, any::<u32>()], "[a\u{e9}\r\n\t\u{1b}\u{1f600}]{0,12}")),
            message in "(.|\n){0,20}",
            note in "(.|\n){0,20}",
        ) {
            let mut sources = SourceMap::default();
            for (i, text) in texts.iter().enumerate() {
                sources.add(&format!("{i}.py"), text);
            }
            let mut diagnostic = Diagnostic::error("PM0001", message).note(note.clone()).help(note);
            for (file, start, end, text) in labels {
                diagnostic = diagnostic.at(Span { file: FileId(file), start, end }, text);
            }
            diagnostic.suggestion = patch.map(|(file, start, end, replacement)| {
                Suggestion { span: Span { file: FileId(file), start, end }, replacement }
            });
            for color in [false, true] {
                prop_assert!(render_text(std::slice::from_ref(&diagnostic), &sources, color).contains("PM0001"));
            }
            let plain = render_text(std::slice::from_ref(&diagnostic), &sources, false);
            prop_assert!(!plain.contains(|c: char| c.is_control() && c != '\n'));
            let line = render_json(std::slice::from_ref(&diagnostic), &sources);
            prop_assert_eq!(line.lines().count(), 1);
            serde_json::from_str::<Value>(&line).unwrap();
            serde_json::from_str::<Value>(&render_sarif(&[diagnostic], &sources)).unwrap();
        }
    }
}
