//! What versions of gcc get wrong, and what keeps a file from it: each analysis says whether a program could be
//! affected, and then the file takes the part of the optimiser out that is to blame. Found by comparing builds; every
//! program of `tests/run` is built at several levels, and with the instructions of the machine it runs on.

mod contraction;
mod rounding;
mod squares;

use crate::lir::Program;

/// Lines for gcc only.
pub(super) fn guards(program: &Program) -> Vec<&'static str> {
    let mut lines = Vec::new();
    if contraction::possible(program) {
        // GCC PR 107647: a vectoriser pattern ignores -ffp-contract=off
        lines.push("#if __GNUC__ == 12 && __GNUC_MINOR__ < 3 && (defined(__x86_64__) || defined(__i386__))");
        lines.push("/* this version contracts even so: keep it from fused instructions */");
        lines.push("#pragma GCC target(\"no-fma,no-fma4,no-avx512f\")");
        lines
            .push("#elif (__GNUC__ == 11 || (__GNUC__ == 12 && __GNUC_MINOR__ < 3)) && defined(__ARM_FEATURE_COMPLEX)");
        lines.push(
            "#error \"this version of gcc contracts complex products: use 12.3 or later, or a target without FCMA\"",
        );
        lines.push("#endif");
    }
    if squares::possible(program) {
        lines.push(
            "/* at -O3 gcc 12 loses squares of integers that replace what is squared, in a loop that is repeated */",
        );
        lines.push("#pragma GCC optimize(\"no-tree-loop-im\")");
    }
    if rounding::possible(program) {
        lines.push("/* gcc 12 drops the rounding of vectors from double to float and back, outside of loops */");
        lines.push("#pragma GCC optimize(\"no-tree-slp-vectorize\")");
    }
    lines
}
