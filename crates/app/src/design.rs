//! A bundle opened to be run: its files, its optimised program, and a driver of its generated code.

use crate::failure::Failure;
use crate::output;
use proofmark_base::digest::Digest;
use proofmark_evidence::FileSet;
use proofmark_evidence::check::Checks;
use proofmark_silicon::hir::{self, Checked, Module};
use proofmark_silicon::lir::Program;
use proofmark_silicon_verify::tool::Tool;
use proofmark_silicon_verify::verify::bundle::{HIR, MANIFEST};
use proofmark_silicon_verify::verify::pipeline::{self, Emitted, Target};
use proofmark_silicon_verify::verify::target::{Driver, c, excerpt, rust};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An opened bundle.
pub struct Design {
    /// Every file.
    pub files: FileSet,
    /// Checks and claims.
    pub checks: Checks,
    /// The program every target was printed from.
    pub module: Checked<Module>,
    /// The same lowered.
    pub program: Program,
    /// Block forms by entry.
    pub blocks: Vec<BlockForm>,
    /// Folder in a target's folder where its code lies, for a block form.
    folder: Option<String>,
}

/// What the manifest says of an entry's block form.
#[derive(Clone, Debug)]
pub struct BlockForm {
    /// The entry of whole arrays.
    pub entry: String,
    /// Samples from which on it does what the whole call does.
    pub least: usize,
    /// Name and path of its module, or why there is none.
    pub form: Result<(String, String), Vec<String>>,
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::usage("PM0222", format!("{} is not a usable bundle: {why}", path.display()))
}

/// Opens a bundle. A signed bundle whose files are not those that were signed is refused.
///
/// # Errors
/// PM0222, PM0303.
pub fn open(path: &Path) -> Result<Design, Failure> {
    let files = output::read(path)?;
    let checks =
        files.get(proofmark_evidence::bundle::CHECKS).ok_or_else(|| unusable(path, "it has no checks.json"))?;
    let checks = Checks::from_bytes(checks).map_err(|e| unusable(path, e))?;
    if files.contains_key(proofmark_evidence::bundle::ENVELOPE) {
        let found = proofmark_evidence::bundle::verify(&files, &[]);
        if !found.passed() {
            let mut failure = Failure::new(
                crate::failure::FAILED,
                proofmark_base::diagnostics::Diagnostic::error(
                    "PM0303",
                    format!("the bundle {} was changed", path.display()),
                ),
            );
            for f in found.findings.iter().take(8) {
                failure = failure.note(f.to_string());
            }
            return Err(failure);
        }
    }
    let (module, program) = module(&files, HIR).map_err(|why| unusable(path, why))?;
    let blocks = block_forms(&files).map_err(|why| unusable(path, why))?;
    Ok(Design { files, checks, module, program, blocks, folder: None })
}

/// A module of the bundle, and the same lowered.
fn module(files: &FileSet, path: &str) -> Result<(Checked<Module>, Program), String> {
    let text = files.get(path).ok_or_else(|| format!("it has no {path}"))?;
    let text = std::str::from_utf8(text).map_err(|e| format!("{path}: {e}"))?;
    let module = hir::parse(text).map_err(|e| format!("{path}: {e}"))?;
    let module =
        hir::check(module).map_err(|e| format!("{path}: {}", e.first().map_or(String::new(), ToString::to_string)))?;
    let program =
        proofmark_silicon::lower::lower(&module).map_err(|d| d.first().map_or(String::new(), |d| d.message.clone()))?;
    Ok((module, program))
}

/// What the manifest says of block forms; nothing where it is of a version that knows none.
fn block_forms(files: &FileSet) -> Result<Vec<BlockForm>, String> {
    let Some(bytes) = files.get(MANIFEST) else { return Ok(Vec::new()) };
    let manifest: Value = serde_json::from_slice(bytes).map_err(|e| format!("{MANIFEST}: {e}"))?;
    let text = |v: &Value| v.as_str().map(str::to_string);
    let mut found = Vec::new();
    for e in manifest["entries"].as_array().into_iter().flatten() {
        let block = &e["block"];
        let Some(entry) = text(&e["name"]).filter(|_| block.is_object()) else { continue };
        let form = match (text(&block["form"]["name"]), text(&block["form"]["hir"])) {
            (Some(name), Some(hir)) => Ok((name, hir)),
            _ => Err(block["reasons"].as_array().into_iter().flatten().filter_map(text).collect()),
        };
        let least = block["form"]["least_samples"].as_u64().unwrap_or(0) as usize;
        found.push(BlockForm { entry, least, form });
    }
    Ok(found)
}

impl Design {
    /// The block form of an entry, as a design of its own.
    ///
    /// # Errors
    /// PM0221 with the reasons where there is none, PM0222.
    pub fn block(&self, entry: &str) -> Result<Design, Failure> {
        let none = |why: &str| Failure::usage("PM0221", format!("`{entry}` cannot be run in blocks: {why}"));
        let Some(block) = self.blocks.iter().find(|b| b.entry == entry) else {
            return Err(none("the bundle says nothing of a block form").help("translate again, or leave out `--block`"));
        };
        let (name, hir) = block.form.as_ref().map_err(|reasons| {
            let mut failure =
                none("it keeps nothing from call to call and has no block form").help("leave out `--block`");
            for r in reasons {
                failure = failure.note(r.clone());
            }
            failure
        })?;
        let (module, program) = module(&self.files, hir).map_err(|why| {
            Failure::usage("PM0222", format!("the bundle's block form of `{entry}` is not usable: {why}"))
        })?;
        Ok(Design {
            files: self.files.clone(),
            checks: self.checks.clone(),
            module,
            program,
            blocks: Vec::new(),
            folder: Some(name.clone()),
        })
    }

    /// Generated files of a target, by path in its folder.
    ///
    /// # Errors
    /// PM0219 when the bundle does not hold it.
    pub fn generated(&self, target: Target) -> Result<BTreeMap<String, String>, Failure> {
        let folder = match &self.folder {
            None => format!("{}/", target.name()),
            Some(block) => format!("{}/{block}/", target.name()),
        };
        // the folders of block forms lie in that of the whole-array code
        let others: Vec<String> =
            self.blocks.iter().filter_map(|b| b.form.as_ref().ok()).map(|(name, _)| format!("{name}/")).collect();
        let files: BTreeMap<String, String> = self
            .files
            .iter()
            .filter_map(|(p, b)| Some((p.strip_prefix(&folder)?.to_string(), String::from_utf8(b.clone()).ok()?)))
            .filter(|(p, _)| !others.iter().any(|o| p.starts_with(o)))
            .collect();
        if files.is_empty() {
            let what = self.folder.as_ref().map_or(String::new(), |block| format!(" of the block form `{block}`"));
            let message = format!("the bundle holds no code{what} for target `{}`", target.name());
            let failure = Failure::usage("PM0219", message);
            let withheld = self.checks.claims.iter().any(|c| c.target == target.name());
            let help = if withheld { "it was withheld: see report.html" } else { "translate again with this target" };
            return Err(failure.help(help));
        }
        Ok(files)
    }

    /// Builds a driver of the target's code, or finds it among those built before.
    ///
    /// # Errors
    /// PM0219, PM0223.
    pub fn driver(&self, target: Target) -> Result<Driver, Failure> {
        let files = self.generated(target)?;
        let emitted = self.emitted(target)?;
        self.build(target, &files, &emitted.driver, &["-O2"])
    }

    /// The code and driver that this Proofmark prints for the design.
    ///
    /// # Errors
    /// What the target cannot express.
    pub fn emitted(&self, target: Target) -> Result<Emitted, Failure> {
        pipeline::emit(target, &self.program, &self.module).map_err(|diagnostics| Failure {
            diagnostics,
            sources: Default::default(),
            status: crate::failure::USAGE,
        })
    }

    /// Builds the target's code with the given main program; the flags are for C.
    ///
    /// # Errors
    /// PM0223.
    pub fn build(
        &self,
        target: Target,
        files: &BTreeMap<String, String>,
        main: &str,
        flags: &[&str],
    ) -> Result<Driver, Failure> {
        let names: &[&str] = if target == Target::C { &["gcc", "clang"] } else { &["rustc"] };
        let tool = names.iter().find_map(|n| Tool::find(n)).ok_or_else(|| {
            Failure::usage(
                "PM0223",
                format!("no compiler for target `{}`: {} is not installed", target.name(), names.join(" or ")),
            )
        })?;
        let mut set: FileSet = files.iter().map(|(p, t)| (p.clone(), t.clone().into_bytes())).collect();
        set.insert("main".into(), main.as_bytes().to_vec());
        let how = format!("{} {} {}", tool.path.display(), tool.version, flags.join(" "));
        set.insert("compiler".into(), how.into_bytes());
        let digest = Digest::of_files(&set).to_string();
        let folder = cache().join(&digest[..32]);
        let program = folder.join("driver");
        if program.is_file() {
            return Ok(Driver { program, emulator: None });
        }
        let scratch = output::scratch()?;
        let failed = |why: String| Failure::bug(format!("generated code does not build\n{why}"));
        let built = match target {
            Target::C => {
                let sources = c::Sources::lay_out(scratch.path().to_path_buf(), files, main)
                    .map_err(|e| failed(e.to_string()))?;
                let (output, driver) = sources.build(&tool, "driver", flags).map_err(|e| failed(e.to_string()))?;
                if !output.success() {
                    return Err(failed(excerpt(&output.stderr, 20)));
                }
                driver.program
            }
            Target::Rust => {
                let name = proofmark_silicon::back::rust::crate_name(&self.program);
                rust::build_driver(&tool, files, main, &name, scratch.path()).map_err(failed)?
            }
        };
        // Two runs may build at the same time; what is moved last stands, and both are the same.
        let keep = || -> std::io::Result<()> {
            std::fs::create_dir_all(&folder)?;
            let part = folder.join(format!("driver.{}", std::process::id()));
            std::fs::copy(&built, &part)?;
            std::fs::rename(part, &program)
        };
        keep().map_err(|e| Failure::usage("PM0213", format!("{} cannot be written: {e}", folder.display())))?;
        Ok(Driver { program, emulator: None })
    }
}

fn cache() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").filter(|p| p.is_absolute()).or_else(|| set("HOME").map(|h| h.join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("proofmark/drivers")
}

/// The target of a name.
///
/// # Errors
/// PM0219.
pub fn target(name: &str) -> Result<Target, Failure> {
    Target::from_name(name).ok_or_else(|| {
        let known = Target::ALL.map(Target::name).join(", ");
        Failure::usage("PM0219", format!("there is no target `{name}`")).help(format!("the targets are {known}"))
    })
}
