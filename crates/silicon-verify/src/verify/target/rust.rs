//! Rust: compiled as `no_std` without a warning, clean under clippy, run on the vectors. `rustc` is called directly:
//! the generated crate has no dependencies, and nothing is asked of a registry.

use super::{Driver, TargetRun, call, must_succeed, write_files};
use crate::tool::{Output, Tool, ToolError};
use crate::verify::vectors::Sequence;
use proofmark_evidence::check::{Check, Verdict};
use proofmark_silicon::lir::Program;
use proofmark_silicon::translation::Translation;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The feature that uses the standard library's float functions; without it the crate is `no_std` and brings its own.
const STD: [&str; 2] = ["--cfg", "feature=\"std\""];
/// Targets without an operating system that `no_std` is tried on, when installed.
const BARE: &str = "thumbv7em-none-eabihf";

/// Builds the crate, lints it and runs all vectors. `files` has `src/lib.rs`; `driver` is the text of a `main.rs`
/// that uses the crate by `name`.
pub fn verify(
    files: &BTreeMap<String, String>,
    driver_text: &str,
    name: &str,
    program: &Program,
    t: &Translation,
    sequences: &[Sequence],
    scratch: &Path,
) -> TargetRun {
    let mut run = TargetRun::default();
    let folder = scratch.join("rust");
    let laid_out = write_files(&folder, files).and_then(|()| std::fs::write(folder.join("driver.rs"), driver_text));
    let (build_id, title) = ("rust.build", "rustc compiles it without a warning");
    if let Err(e) = laid_out {
        run.checks.push(Check::new(build_id, title, Verdict::Inconclusive, e.to_string()).target("rust"));
        return run;
    }
    let Some(rustc) = Tool::find("rustc") else {
        run.checks.push(Check::new(build_id, title, Verdict::Skipped, "rustc is not installed").target("rust"));
        return run;
    };
    run.tools.push(rustc.clone());
    let library = |output: &str, extra: &[&str]| library(name, output, extra);
    let std = [STD[0], STD[1]];
    let rlib = format!("lib{name}.rlib");
    let output = call(&rustc, &library(&rlib, &std), &folder);
    let check = must_succeed(build_id, title, "rust", &output, &folder);
    let built = check.verdict == Verdict::Pass;
    run.checks.push(check);
    if !built {
        return run;
    }
    let text = files.get("src/lib.rs").map_or("", String::as_str);
    let (id, title) = ("rust.no_std", "needs no operating system (`no_std`) and forbids `unsafe`");
    run.checks.push(if !text.contains("no_std") || !text.contains("#![forbid(unsafe_code)]") {
        let reason = "the crate does not say `no_std` and `#![forbid(unsafe_code)]`";
        Check::new(id, title, Verdict::Fail, reason).target("rust")
    } else {
        let output = call(&rustc, &library("bare.rlib", &["--target", BARE]), &folder);
        let absent =
            output.as_ref().is_ok_and(|o| !o.success() && String::from_utf8_lossy(&o.stderr).contains("E0463"));
        match absent {
            // without the bare target's library, the host's: the crate still may not name `std`
            true => must_succeed(id, title, "rust", &call(&rustc, &library("nostd.rlib", &[]), &folder), &folder)
                .figure("built_for", "the host; no bare target is installed"),
            false => must_succeed(id, title, "rust", &output, &folder).figure("built_for", BARE),
        }
    });
    let (id, title) = ("rust.clippy", "clippy has no finding");
    run.checks.push(match Tool::find("clippy-driver") {
        None => Check::new(id, title, Verdict::Skipped, "clippy-driver is not installed").target("rust"),
        Some(clippy) => {
            run.tools.push(clippy.clone());
            must_succeed(id, title, "rust", &lint(&clippy, &rustc, name, &folder), &folder)
        }
    });
    let output = call(&rustc, &driver_arguments(name, &rlib), &folder);
    if !output.as_ref().is_ok_and(|o| o.success()) {
        let mut check = must_succeed("rust.run", "it runs on all vectors", "rust", &output, &folder);
        check.reason = format!("the test driver does not compile: {}", check.reason);
        run.checks.push(check);
        return run;
    }
    let driver = Driver { program: folder.join("driver"), emulator: None };
    let outcomes = match driver.run(program, t, sequences.iter(), scratch) {
        Ok(outcomes) => outcomes,
        Err(failure) => {
            let check = Check::new("rust.run", "it runs on all vectors", Verdict::Fail, failure.to_string());
            run.checks.push(check.target("rust"));
            return run;
        }
    };
    let (id, title) = ("rust.bits.no_std", "the `no_std` build gives the same bits");
    let bare = || -> Result<Driver, String> {
        let folder = scratch.join("rust-no-std");
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let program = build(&rustc, files, driver_text, name, &folder, &[])?;
        Ok(Driver { program, emulator: None })
    };
    run.checks.push(match bare() {
        Ok(bare) => super::same_results(
            id,
            title,
            "rust",
            &outcomes,
            bare.run(program, t, sequences.iter(), scratch),
            sequences,
        ),
        Err(why) => Check::new(id, title, Verdict::Fail, why).target("rust"),
    });
    run.outcomes = Some(outcomes);
    run
}

/// Arguments that compile the crate.
fn library(name: &str, output: &str, extra: &[&str]) -> Vec<String> {
    let mut words = vec!["--edition=2024", "--crate-type=rlib", "-Dwarnings", "-Copt-level=3", "--crate-name", name];
    words.extend(extra);
    words.extend(["src/lib.rs", "-o", output]);
    words.into_iter().map(str::to_string).collect()
}

/// Arguments that compile the driver against it.
fn driver_arguments(name: &str, rlib: &str) -> Vec<String> {
    let words = ["--edition=2024", "-Copt-level=1", "driver.rs", "-o", "driver", "--extern"].map(str::to_string);
    words.into_iter().chain([format!("{name}={rlib}")]).collect()
}

/// Builds crate and driver in a folder and gives the driver's path.
///
/// # Errors
/// What the compiler said.
pub fn build_driver(
    rustc: &Tool,
    files: &BTreeMap<String, String>,
    driver: &str,
    name: &str,
    folder: &Path,
) -> Result<PathBuf, String> {
    build(rustc, files, driver, name, folder, &STD)
}

/// Runs clippy on the crate laid out in a folder.
///
/// # Errors
/// When it cannot be run.
pub fn lint(clippy: &Tool, rustc: &Tool, name: &str, folder: &Path) -> Result<Output, ToolError> {
    let mut arguments = library(name, "linted.rmeta", &[STD[0], STD[1], "-Dclippy::all", "--emit=metadata"]);
    // the linter needs the compiler's library folder
    if let Ok(root) = call(rustc, &["--print=sysroot".to_string()], folder) {
        arguments.extend(["--sysroot".to_string(), super::excerpt(&root.stdout, 1)]);
    }
    call(clippy, &arguments, folder)
}

fn build(
    rustc: &Tool,
    files: &BTreeMap<String, String>,
    driver: &str,
    name: &str,
    folder: &Path,
    features: &[&str],
) -> Result<PathBuf, String> {
    let written = write_files(folder, files).and_then(|()| std::fs::write(folder.join("driver.rs"), driver));
    written.map_err(|e| e.to_string())?;
    let rlib = format!("lib{name}.rlib");
    for arguments in [library(name, &rlib, features), driver_arguments(name, &rlib)] {
        let output = call(rustc, &arguments, folder).map_err(|e| e.to_string())?;
        if !output.success() {
            return Err(super::excerpt(&output.stderr, 20));
        }
    }
    Ok(folder.join("driver"))
}
