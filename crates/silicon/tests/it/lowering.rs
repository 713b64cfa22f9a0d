//! Every program of [`crate::programs`] in the interpreter, in C and in Rust.

use crate::programs::{self, Case};
use crate::toolchain::{calls, interpret, run_c, same};
use proofmark_silicon::hir::check;
use proofmark_silicon::lower::lower;

fn each(
    f: impl Fn(
        &str,
        &proofmark_silicon::lir::Program,
        &[proofmark_silicon::back::callfile::Call],
        &[proofmark_silicon::back::callfile::Outcome],
    ),
) {
    let only = std::env::var("ONLY").ok();
    for Case { module, steps } in programs::all() {
        let name = module.name.clone();
        if only.as_ref().is_some_and(|o| *o != name) {
            continue;
        }
        let module = check(module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let program = lower(&module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let expected = interpret(&module, &program, &steps);
        let calls = calls(&program, &steps, &expected);
        f(&name, &program, &calls, &expected);
    }
}

#[test]
fn c_equals_the_interpreter() {
    each(|name, program, calls, expected| {
        let asan = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
        same(expected, &run_c(program, calls, "gcc", &asan), &format!("{name}, gcc with sanitizers"));
        same(expected, &run_c(program, calls, "gcc", &["-O3", "-march=native"]), &format!("{name}, gcc -O3"));
        same(expected, &run_c(program, calls, "clang", &["-O2"]), &format!("{name}, clang -O2"));
    });
}
