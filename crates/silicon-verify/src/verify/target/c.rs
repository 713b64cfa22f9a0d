//! C99: built by every compiler there is, warning-free; the same bits at every optimisation level; clean under the
//! sanitizers; findings of the MISRA addon listed.

use super::{Driver, RunFailure, TargetRun, call, must_succeed, same_results, write_files};
use crate::tool::{Output, Tool, ToolError};
use crate::verify::vectors::Sequence;
use proofmark_evidence::check::{Check, Verdict};
use proofmark_silicon::lir::Program;
use proofmark_silicon::translation::Translation;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Warnings that must not occur.
pub const WARNINGS: [&str; 6] = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror"];
/// The language, and no contraction of a*b+c that the source does not write out.
pub const LANGUAGE: [&str; 2] = ["-std=c99", "-ffp-contract=off"];

/// The generated files of the target and its driver, laid out in a folder.
#[derive(Debug)]
pub struct Sources {
    /// The folder.
    pub folder: PathBuf,
    /// `.c` files of the design.
    pub(super) units: Vec<String>,
}

impl Sources {
    /// Writes the design's files and the driver `main.c`.
    ///
    /// # Errors
    /// From the file system.
    pub fn lay_out(folder: PathBuf, files: &BTreeMap<String, String>, driver: &str) -> std::io::Result<Sources> {
        write_files(&folder, files)?;
        std::fs::write(folder.join("main.c"), driver)?;
        let units = files.keys().filter(|f| f.ends_with(".c")).cloned().collect();
        Ok(Sources { folder, units })
    }

    /// Compiles the design with its warnings as errors and links it with the driver. Gives the executable's path.
    ///
    /// # Errors
    /// [`ToolError`].
    pub fn build(&self, compiler: &Tool, name: &str, flags: &[&str]) -> Result<(Output, Driver), ToolError> {
        let mut objects = Vec::new();
        let words = |list: &[&str]| list.iter().map(|w| w.to_string()).collect::<Vec<_>>();
        for unit in &self.units {
            let object = format!("{name}-{}.o", unit.replace(['/', '.'], "-"));
            let mut arguments = words(&LANGUAGE);
            arguments.extend(words(&WARNINGS));
            arguments.extend(words(flags));
            arguments.extend(["-c".into(), unit.clone(), "-o".into(), object.clone()]);
            let output = call(compiler, &arguments, &self.folder)?;
            if !output.success() {
                return Ok((output, Driver { program: PathBuf::new(), emulator: None }));
            }
            objects.push(object);
        }
        // The driver uses C11's aligned_alloc and is not part of what is checked.
        let mut arguments = words(&["-std=c11", "-O1", "main.c"]);
        arguments.extend(objects);
        arguments.extend(words(flags));
        arguments.extend(["-o".into(), name.into(), "-lm".into()]);
        let output = call(compiler, &arguments, &self.folder)?;
        Ok((output, Driver { program: self.folder.join(name), emulator: None }))
    }
}

/// What is built besides the reference build.
struct Variant {
    id: &'static str,
    title: &'static str,
    compiler: &'static str,
    name: &'static str,
    flags: &'static [&'static str],
}

const VARIANTS: [Variant; 7] = [
    Variant {
        id: "c.bits.gcc-O0",
        title: "gcc -O0 gives the same bits",
        compiler: "gcc",
        name: "gcc-O0",
        flags: &["-O0"],
    },
    Variant {
        id: "c.bits.gcc-O3",
        title: "gcc -O3 gives the same bits",
        compiler: "gcc",
        name: "gcc-O3",
        flags: &["-O3"],
    },
    Variant {
        id: "c.bits.gcc-native",
        title: "gcc -O3 for the processor at hand gives the same bits",
        compiler: "gcc",
        name: "gcc-native",
        flags: &["-O3", "-march=native"],
    },
    Variant {
        id: "c.bits.clang-O0",
        title: "clang -O0 gives the same bits",
        compiler: "clang",
        name: "clang-O0",
        flags: &["-O0"],
    },
    Variant {
        id: "c.bits.clang-O2",
        title: "clang -O2 gives the same bits",
        compiler: "clang",
        name: "clang-O2",
        flags: &["-O2"],
    },
    Variant {
        id: "c.bits.clang-O3",
        title: "clang -O3 gives the same bits",
        compiler: "clang",
        name: "clang-O3",
        flags: &["-O3"],
    },
    Variant {
        id: "c.bits.clang-native",
        title: "clang -O3 for the processor at hand gives the same bits",
        compiler: "clang",
        name: "clang-native",
        flags: &["-O3", "-march=native"],
    },
];

const SANITIZE: [&str; 5] = [
    "-O1",
    "-g",
    "-fsanitize=address,undefined,float-cast-overflow",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
];

/// Builds the design with every tool there is and runs all vectors.
pub fn verify(
    files: &BTreeMap<String, String>,
    driver: &str,
    program: &Program,
    t: &Translation,
    sequences: &[Sequence],
    scratch: &Path,
) -> TargetRun {
    let mut run = TargetRun::default();
    let folder = scratch.join("c");
    let sources = match Sources::lay_out(folder, files, driver) {
        Ok(s) => s,
        Err(e) => {
            let check =
                Check::new("c.build.gcc", "gcc compiles it without a warning", Verdict::Inconclusive, e.to_string());
            run.checks.push(check.target("c"));
            return run;
        }
    };
    let find = |name: &str| Tool::find(name);
    let compilers: BTreeMap<&str, Option<Tool>> = ["gcc", "clang"].map(|n| (n, find(n))).into();
    let mut reference: Option<Driver> = None;
    for (name, tool) in ["gcc", "clang"].map(|n| (n, &compilers[n])) {
        let (id, title) = (format!("c.build.{name}"), format!("{name} compiles it without a warning"));
        let Some(tool) = tool else {
            run.checks.push(Check::new(&id, &title, Verdict::Skipped, format!("{name} is not installed")).target("c"));
            continue;
        };
        run.tools.push(tool.clone());
        let built = sources.build(tool, &format!("{name}-reference"), &["-O2"]);
        let (output, made) = match built {
            Ok((o, d)) => (Ok(o), Some(d)),
            Err(e) => (Err(e), None),
        };
        let check = must_succeed(&id, &title, "c", &output, &sources.folder).figure("flags", flags_text());
        if check.verdict == Verdict::Pass && reference.is_none() {
            reference = made;
        }
        run.checks.push(check);
    }
    let Some(reference) = reference else { return run };
    let outcomes = match reference.run(program, t, sequences.iter(), scratch) {
        Ok(outcomes) => outcomes,
        Err(failure) => {
            let culprit = culprit(&reference, program, t, sequences, scratch)
                .map_or(String::new(), |s| format!(" (on {})", s.name));
            let check = Check::new("c.run", "it runs on all vectors", Verdict::Fail, format!("{failure}{culprit}"));
            run.checks.push(check.target("c"));
            return run;
        }
    };
    for v in VARIANTS {
        let Some(tool) = &compilers[v.compiler] else {
            run.checks.push(
                Check::new(v.id, v.title, Verdict::Skipped, format!("{} is not installed", v.compiler)).target("c"),
            );
            continue;
        };
        run.checks
            .push(variant(&sources, tool, v.id, v.title, v.name, v.flags, &outcomes, program, t, sequences, scratch));
    }
    sanitize(&sources, &compilers, program, t, sequences, scratch, &mut run);
    cppcheck(&sources, &mut run);
    aarch64(&sources, &outcomes, program, t, sequences, scratch, &mut run);
    super::eva::eva(&sources, program, t, sequences, &mut run);
    run.outcomes = Some(outcomes);
    run
}

fn flags_text() -> String {
    [LANGUAGE.as_slice(), &["-O2"], WARNINGS.as_slice()].concat().join(" ")
}

/// The first sequence on which the driver fails by itself.
fn culprit<'a>(
    driver: &Driver,
    program: &Program,
    t: &Translation,
    sequences: &'a [Sequence],
    scratch: &Path,
) -> Option<&'a Sequence> {
    sequences.iter().find(|s| driver.run(program, t, std::iter::once(*s), scratch).is_err())
}

#[allow(clippy::too_many_arguments)]
fn variant(
    sources: &Sources,
    tool: &Tool,
    id: &str,
    title: &str,
    name: &str,
    flags: &[&str],
    reference: &[Vec<super::Outcome>],
    program: &Program,
    t: &Translation,
    sequences: &[Sequence],
    scratch: &Path,
) -> Check {
    match sources.build(tool, name, flags) {
        Ok((output, driver)) if output.success() => {
            same_results(id, title, "c", reference, driver.run(program, t, sequences.iter(), scratch), sequences)
        }
        Ok((output, _)) => must_succeed(id, title, "c", &Ok(output), &sources.folder),
        Err(e) => must_succeed(id, title, "c", &Err(e), &sources.folder),
    }
}

fn sanitize(
    sources: &Sources,
    compilers: &BTreeMap<&str, Option<Tool>>,
    program: &Program,
    t: &Translation,
    sequences: &[Sequence],
    scratch: &Path,
    run: &mut TargetRun,
) {
    let (id, title) = ("c.sanitize", "no finding of AddressSanitizer or UndefinedBehaviorSanitizer on any vector");
    let check = |verdict, reason: String| Check::new(id, title, verdict, reason).target("c");
    let mut reason = "neither gcc nor clang is installed".to_string();
    for tool in ["gcc", "clang"].iter().filter_map(|n| compilers[n].as_ref()) {
        let (output, driver) = match sources.build(tool, "sanitized", &SANITIZE) {
            Ok(built) => built,
            Err(e) => {
                reason = e.to_string();
                continue;
            }
        };
        if !output.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            // A compiler without its sanitizer libraries says so when linking.
            if text.contains("asan") || text.contains("ubsan") {
                reason = format!("{} comes without its sanitizer libraries", tool.name);
                continue;
            }
            run.checks.push(must_succeed(id, title, "c", &Ok(output), &sources.folder));
            return;
        }
        let made = match driver.run(program, t, sequences.iter(), scratch) {
            Ok(_) => check(Verdict::Pass, String::new()).figure("compiler", tool.name.clone()),
            Err(RunFailure::Crashed(how)) => {
                let at = culprit(&driver, program, t, sequences, scratch)
                    .map_or(String::new(), |s| format!("on {}: ", s.name));
                check(Verdict::Fail, at + &super::without_path(&how, &sources.folder))
            }
            Err(failure) => check(Verdict::Inconclusive, failure.to_string()),
        };
        run.checks.push(made);
        return;
    }
    run.checks.push(check(Verdict::Skipped, reason));
}

/// Findings of cppcheck; those of the MISRA addon are listed, not judged, for MISRA leaves deviations to the project.
fn cppcheck(sources: &Sources, run: &mut TargetRun) {
    let (id, title) = ("c.cppcheck", "cppcheck finds no error; findings of its MISRA C:2012 addon are listed");
    let Some(tool) = Tool::find("cppcheck") else {
        run.checks.push(Check::new(id, title, Verdict::Skipped, "cppcheck is not installed").target("c"));
        return;
    };
    run.tools.push(tool.clone());
    let mut arguments: Vec<String> = [
        "--std=c99",
        "--addon=misra",
        "--enable=warning,portability",
        "--quiet",
        "--template={file}:{line}: {severity} {id}: {message}",
    ]
    .map(str::to_string)
    .to_vec();
    arguments.extend(sources.units.iter().cloned());
    let output = call(&tool, &arguments, &sources.folder);
    let check = match output {
        Ok(o) if o.success() => {
            let text = super::without_path(&String::from_utf8_lossy(&o.stderr), &sources.folder);
            let mut lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
            lines.sort_unstable();
            let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
            for rule in
                lines.iter().filter_map(|l| l.split_once("misra-c2012-")).filter_map(|(_, r)| r.split(':').next())
            {
                *rules.entry(rule).or_default() += 1;
            }
            let errors: Vec<&str> =
                lines.iter().copied().filter(|l| l.contains(": error ") && !l.contains("misra-")).collect();
            let path = "analysis/cppcheck.txt";
            run.files.insert(path.into(), format!("{}\n", lines.join("\n")).into_bytes());
            let (verdict, reason) = match errors.is_empty() {
                true => (Verdict::Pass, String::new()),
                false => (Verdict::Fail, errors.join("\n")),
            };
            let listed: Vec<String> = rules.iter().map(|(r, n)| format!("{r} ({n})")).collect();
            Check::new(id, title, verdict, reason)
                .figure("misra_findings", rules.values().sum::<usize>() as f64)
                .figure("misra_rules", listed.join(", "))
                .support(path)
                .target("c")
        }
        other => {
            let mut check = must_succeed(id, title, "c", &other, &sources.folder);
            check.verdict = Verdict::Inconclusive;
            check
        }
    };
    run.checks.push(check);
}

fn aarch64(
    sources: &Sources,
    reference: &[Vec<super::Outcome>],
    program: &Program,
    t: &Translation,
    sequences: &[Sequence],
    scratch: &Path,
    run: &mut TargetRun,
) {
    let (id, title) = ("c.bits.aarch64", "aarch64 code under QEMU gives the same bits");
    let (Some(compiler), Some(emulator)) = (Tool::find("aarch64-linux-gnu-gcc"), Tool::find("qemu-aarch64")) else {
        let reason = "aarch64-linux-gnu-gcc or qemu-aarch64 is not installed";
        run.checks.push(Check::new(id, title, Verdict::Skipped, reason).target("c"));
        return;
    };
    run.tools.extend([compiler.clone(), emulator.clone()]);
    let check = match sources.build(&compiler, "aarch64", &["-O2", "-static"]) {
        Ok((output, mut driver)) if output.success() => {
            driver.emulator = Some(emulator.path);
            same_results(id, title, "c", reference, driver.run(program, t, sequences.iter(), scratch), sequences)
        }
        Ok((output, _)) => must_succeed(id, title, "c", &Ok(output), &sources.folder),
        Err(e) => must_succeed(id, title, "c", &Err(e), &sources.folder),
    };
    run.checks.push(check);
}
