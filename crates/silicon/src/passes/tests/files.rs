//! `tests/hir/<pass>/*.hir`: a module, a line of dashes, the module after the pass. `BLESS=1` writes the second part.
//! Lines that start with `# option` before the module set options.

use crate::dtype::DType;
use crate::hir::{FuncId, Module, check, parse};
use crate::passes::{ALL, ORDER, PassOptions, find, run_one};
use std::fs;
use std::path::{Path, PathBuf};

const DASHES: &str = "----\n";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

fn bless() -> bool {
    std::env::var_os("BLESS").is_some_and(|v| v == "1")
}

fn files(pass: &'static str) {
    let dir = folder("tests/hir").join(pass);
    let mut paths: Vec<PathBuf> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no tests of {pass}");
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let (input, expected) = text.split_once(DASHES).unwrap_or((&text, ""));
        let head: String = input.lines().take_while(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
        let module = parse(&input[head.len()..]).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut module = check(module).unwrap_or_else(|e| panic!("{}: {}", path.display(), e[0])).into_inner();
        let mut hook = |m: &mut Module, f: &str, d: DType| -> Option<FuncId> {
            let wanted = format!("numpy_{f}_{}", crate::passes::suffix(d)?);
            m.kernels.iter().position(|k| k.name == wanted).map(|i| FuncId(i as u32))
        };
        let mut options = PassOptions {
            finite_math_signs: head.contains("# option finite_math_signs"),
            narrow: head.contains("# option narrow"),
            kernel: head.contains("# option hook").then_some(&mut hook as _),
            ..PassOptions::default()
        };
        let before = module.to_string();
        let report = run_one(find(pass).unwrap(), &mut module, &mut options);
        let notes: String = report.notes.iter().map(|n| format!("# note: {n}\n")).collect();
        let got = format!("# {} changes\n{notes}{module}", report.changed);
        assert_eq!(report.changed > 0, before != module.to_string(), "{}: changes and their count", path.display());
        if bless() {
            fs::write(&path, format!("{input}{DASHES}{got}")).unwrap();
        } else {
            assert_eq!(got, expected, "{}", path.display());
        }
        check(module).unwrap_or_else(|e| panic!("{} after the pass: {}", path.display(), e[0]));
    }
}

#[test]
fn every_pass_does_what_its_files_say() {
    ALL.iter().for_each(|p| files(p.name));
}

#[test]
fn every_pass_runs_and_is_documented() {
    assert!(ALL.iter().all(|p| ORDER.contains(&p.name)) && ORDER.iter().all(|n| find(n).is_some()));
    let mut text = String::from(
        "# Passes\n\nWhat happens to the HIR between the front end and lowering. Each pass is one file in \
         `crates/silicon/src/passes/`, named as here; `--skip-pass NAME` leaves one out. This file is written by the \
         test `every_pass_runs_and_is_documented` with `BLESS=1`.\n\n| pass | keeps every bit | what it does |\n|---|---|---|\n",
    );
    for p in ALL {
        let exact = if p.value_changing { "no" } else { "yes" };
        text += &format!("| `{}` | {exact} | {} |\n", p.name, p.description);
    }
    text += &format!("\nOrder: {}.\n\n", ORDER.join(", "));
    text += "Whether a convolution is computed directly or by FFT is not a pass: it changes rounding and calls the FFT \
             of the prelude, so the prelude decides by the lengths, as SciPy's `choose_conv_method` does. Fusion of \
             elementwise chains and buffers updated in place are decided in lowering (`lower/plan.rs`).\n";
    let path = folder("docs/passes.md");
    if bless() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "run with BLESS=1");
}
