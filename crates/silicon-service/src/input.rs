//! What a run of `silicon.translate` works on.

use proofmark_base::error::{Error, Result};
use proofmark_kernel::artifact::{self, ArtifactId};
use proofmark_kernel::organization;
use proofmark_platform_service::workflows::Workflow;
use proofmark_silicon::translation::Numeric;
use proofmark_silicon_verify::translate::target_list;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Name of the workflow.
pub const TRANSLATE: &str = "silicon.translate";
/// The queue on which its runs begin: unlimited, for a run may wait for people while it holds its place.
pub const RUNS: &str = "silicon";

/// A file of the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// The artifact that holds it.
    pub artifact: ArtifactId,
    /// Where it belongs, relative to the project's folder.
    pub path: String,
}

/// A translation as asked for. What is not said comes from `proofmark.toml` beside the source, as on the command line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Single files of the project's folder; in place of `archive`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceFile>,
    /// The project's folder as a ZIP archive; in place of `sources`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ArtifactId>,
    /// The source file, relative to the folder.
    pub file: String,
    /// The script that calls it, relative to the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bench: Option<String>,
    /// Function, class, `Class.method` or `script:name1,name2`; the only public one of the file if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Declared arguments in place of a bench: `x=complex64[n]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Names of targets: `c`, `rust`.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Working precision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numeric: Option<Numeric>,
    /// Fused multiply-add where the golden model defines it.
    #[serde(default)]
    pub fma: bool,
    /// Ask for approval once the evidence is there, and release under this name once it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

/// Most single files.
const MOST_FILES: usize = 1_000;

impl Input {
    /// Reads what a caller sent.
    ///
    /// # Errors
    /// `silicon.input` with every place that is wrong.
    pub fn read(value: Value) -> Result<Input> {
        let input: Input = serde_path_to_error::deserialize(value).map_err(|e| {
            let path = e.path().to_string();
            let at = if path == "." { "/input".to_string() } else { format!("/input/{}", pointer(&path)) };
            Error::invalid("silicon.input", "this input does not have the form of a translation")
                .at(at, e.into_inner().to_string())
        })?;
        input.check()?;
        Ok(input)
    }

    fn check(&self) -> Result<()> {
        let mut error = Error::invalid("silicon.input", "this input cannot be translated");
        match (self.archive, self.sources.len()) {
            (Some(_), 0) => {}
            (None, 1..=MOST_FILES) => {}
            (None, 0) => error = error.at("/input", "give `sources` or `archive`"),
            (None, _) => error = error.at("/input/sources", "more than 1000 files: send an archive"),
            (Some(_), _) => error = error.at("/input", "give `sources` or `archive`, not both"),
        }
        let mut seen = BTreeSet::new();
        for (i, source) in self.sources.iter().enumerate() {
            let at = format!("/input/sources/{i}/path");
            if let Err(e) = artifact::path(&source.path) {
                error = error.at(at, why(&e));
            } else if !seen.insert(source.path.to_lowercase()) {
                error = error.at(at, "two files of that path, or of paths that differ in case only");
            }
        }
        let file = [("/input/file", Some(&self.file)), ("/input/bench", self.bench.as_ref())];
        for (at, path) in file {
            let Some(path) = path else { continue };
            if let Err(e) = artifact::path(path) {
                error = error.at(at, why(&e));
            } else if !self.sources.is_empty() && !self.sources.iter().any(|s| s.path == *path) {
                error = error.at(at, "none of the sources has this path");
            }
        }
        if !self.targets.is_empty()
            && let Err(refusal) = target_list(&self.targets)
        {
            let said = refusal.diagnostics.first();
            let text = said.map(|d| format!("{}; {}", d.message, d.help.as_deref().unwrap_or_default()));
            error = error.at("/input/targets", text.unwrap_or_default());
        }
        if self.bench.is_some() && !self.args.is_empty() {
            error = error.at("/input/args", "arguments are declared in place of a bench: give one of them");
        }
        for (at, text) in [
            ("/input/entry", self.entry.as_deref()),
            ("/input/args", self.args.iter().map(String::as_str).max_by_key(|a| a.len())),
        ] {
            if text.is_some_and(|t| t.is_empty() || t.len() > 1_000) {
                error = error.at(at, "1 to 1000 bytes");
            }
        }
        if let Some(Err(e)) = self.release.as_deref().map(organization::name) {
            error = error.at("/input/release", why(&e));
        }
        if error.places.is_empty() { Ok(()) } else { Err(error) }
    }
}

/// The first thing that an error says of a place.
fn why(e: &Error) -> String {
    e.places.first().map_or_else(|| e.detail.clone(), |p| p.message.clone())
}

/// `a.b[2]` as the JSON pointer `a/b/2`.
fn pointer(path: &str) -> String {
    path.replace('~', "~0").replace('/', "~1").replace("].", "/").replace(['.', '['], "/").replace(']', "")
}

/// `silicon.translate` as the platform's use cases see it.
pub struct Translate;

impl Workflow for Translate {
    fn name(&self) -> &'static str {
        TRANSLATE
    }

    fn queue(&self) -> &'static str {
        RUNS
    }

    fn accept(&self, input: Value) -> Result<Value> {
        let input = Input::read(input)?;
        serde_json::to_value(input).map_err(|e| Error::bug("an input has no JSON form").because(e))
    }

    fn recorded_as(&self, step: &str) -> String {
        crate::workflow::recorded_as(step)
    }

    fn artifacts(&self, input: &Value) -> Vec<ArtifactId> {
        match serde_json::from_value::<Input>(input.clone()) {
            Ok(input) => input.archive.into_iter().chain(input.sources.iter().map(|s| s.artifact)).collect(),
            Err(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn places(value: Value) -> Vec<String> {
        Input::read(value).unwrap_err().places.into_iter().map(|p| p.at).collect()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let id = ArtifactId::from_bits(1).to_string();
        let good = json!({"archive": id, "file": "a/b.py", "bench": "bench.py", "targets": ["c"]});
        let read = Translate.accept(good).unwrap();
        assert_eq!(Translate.artifacts(&read), [ArtifactId::from_bits(1)]);
        assert_eq!(
            Translate.accept(read.clone()).unwrap(),
            read,
            "what was accepted is accepted again: a retry sends it"
        );
        assert_eq!(places(json!({"file": "a.py"})), ["/input"]);
        assert_eq!(places(json!([])), ["/input"]);
        assert_eq!(places(json!({"archive": id, "file": "a.py", "colour": 1})), ["/input/colour"]);
        assert_eq!(places(json!({"archive": "x", "file": "a.py"})), ["/input/archive"]);
        assert_eq!(
            places(json!({"archive": id, "file": "../a.py", "targets": ["vhdl"]})),
            ["/input/file", "/input/targets"]
        );
        let two = json!([{"artifact": id, "path": "a.py"}, {"artifact": id, "path": "A.py"}]);
        assert_eq!(places(json!({"sources": two, "file": "b.py"})), ["/input/sources/1/path", "/input/file"]);
        let bad = json!([{"artifact": id, "path": 3}]);
        assert_eq!(places(json!({"sources": bad, "file": "b.py"})), ["/input/sources/0/path"]);
        assert_eq!(places(json!({"archive": id, "file": "a.py", "bench": "b.py", "args": ["x=f8"]})), ["/input/args"]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_panics(keys in prop::collection::btree_map("[a-z]{1,8}", "\\PC{0,12}", 0..6)) {
            let _ = Input::read(json!(keys));
        }
    }
}
