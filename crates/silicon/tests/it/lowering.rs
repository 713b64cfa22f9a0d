//! Every program of [`crate::programs`] in the interpreter, in C and in Rust.

use crate::programs::{self, Case};
use crate::toolchain::{calls, equal, interpret, run_c, run_mutants, run_rust, same};
use proofmark_silicon::back::callfile::{Call, Outcome};
use proofmark_silicon::hir::{ParamRole, Type, check};
use proofmark_silicon::lir::Program;
use proofmark_silicon::lir::mutate::mutate;
use proofmark_silicon::lower::lower;

fn each(f: impl Fn(&str, &Program, &[Call], &[Outcome])) {
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

#[test]
fn rust_equals_the_interpreter() {
    each(|name, program, calls, expected| {
        let std = ["--cfg", "feature=\"std\"", "-C", "opt-level=1", "-C", "overflow-checks=on"];
        same(expected, &run_rust(program, calls, &std), &format!("{name}, rustc with std"));
        let core = ["-C", "opt-level=3"];
        same(expected, &run_rust(program, calls, &core), &format!("{name}, rustc without std"));
    });
}

#[test]
fn generated_rust_passes_clippy() {
    for name in ["delay", "kernels", "axes", "sorting", "integers", "append", "conditional_store"] {
        each_named(name, crate::toolchain::clippy);
    }
}

fn each_named(name: &str, f: impl Fn(&Program)) {
    let case = programs::all().into_iter().find(|c| c.module.name == name).expect("a program of that name");
    let module = check(case.module).expect("it is valid");
    f(&lower(&module).expect("it lowers"));
}

#[test]
fn mutants_are_off_at_zero_and_mostly_noticed() {
    for name in ["elementwise", "in_place", "biquads", "compress", "kernels"] {
        let case = programs::all().into_iter().find(|c| c.module.name == name).expect("a program of that name");
        let module = check(case.module).expect("it is valid");
        let program = lower(&module).expect("it lowers");
        let expected = interpret(&module, &program, &case.steps);
        let calls = calls(&program, &case.steps, &expected);
        let (mutated, list) = mutate(&program);
        assert!(list.iter().enumerate().all(|(i, m)| m.id as usize == i + 1), "{name}: numbered from 1");
        let ids: Vec<u32> = std::iter::once(0).chain(list.iter().map(|m| m.id)).collect();
        let (got, together) = run_mutants(&mutated, &calls, &ids);
        assert!(got[0].as_ref().is_some_and(|o| equal(o, &expected)), "{name}: the switch at 0 changes nothing");
        // all in one run, each in a child: the same verdicts, but for what strays outside of an array and sees other memory
        let apart = |((ended, digits), alone): &(&(bool, String), &Option<Vec<Outcome>>)| {
            let differs = !ended || digits.contains('1');
            differs != alone.as_ref().is_none_or(|o| !equal(o, &expected)) && !digits.contains('2')
        };
        assert_eq!(together[0], (true, "0".repeat(together[0].1.len())), "{name}");
        let other = together.iter().zip(&got).filter(apart).count();
        assert!(other * 15 <= list.len(), "{name}: {other} of {}", list.len());
        let noticed = got[1..].iter().filter(|o| o.as_ref().is_none_or(|o| !equal(o, &expected))).count();
        let survivors: Vec<&str> = list
            .iter()
            .zip(&got[1..])
            .filter(|(_, o)| o.as_ref().is_some_and(|o| equal(o, &expected)))
            .map(|(m, _)| m.what.as_str())
            .collect();
        assert!(noticed * 10 >= list.len() * 8, "{name}: {noticed} of {} noticed, left: {survivors:?}", list.len());
    }
}

/// `SEEDS=100..200` runs other seeds than the fixed ones.
#[test]
fn random_programs_agree() {
    let range = std::env::var("SEEDS").unwrap_or_else(|_| "1..3".to_string());
    let (from, to) = range.split_once("..").expect("a range of seeds");
    for seed in from.parse::<u64>().expect("a number")..to.parse().expect("a number") {
        let name = format!("random_{seed}");
        let case = crate::random::module(&name, seed, 24);
        let module = check(case.module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let program = lower(&module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let expected = interpret(&module, &program, &case.steps);
        let calls = calls(&program, &case.steps, &expected);
        let asan = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
        same(&expected, &run_c(&program, &calls, "gcc", &asan), &format!("{name}, gcc with sanitizers"));
        same(&expected, &run_c(&program, &calls, "gcc", &["-O3", "-march=native"]), &format!("{name}, gcc -O3"));
        let std = ["--cfg", "feature=\"std\"", "-C", "opt-level=1", "-C", "overflow-checks=on"];
        same(&expected, &run_rust(&program, &calls, &std), &format!("{name}, rustc"));
    }
}

/// gcc 12.2 loses a third of its speed where fused instructions are turned off: only where it could misuse them.
#[test]
fn fused_instructions_are_turned_off_only_where_they_could_be_misused() {
    use proofmark_silicon::back::{Backend, c::C};
    let expected = [
        ("elementwise", true),
        ("biquads", true),
        ("grouped_fir_float32_float32_64_8", false),
        ("grouped_fir_complex64_float32_64_8", false),
        ("grouped_fir_complex128_complex128_64_8", true),
        ("wavefront_float32_8", false),
        ("wavefront_complex128_3", true),
    ];
    let off = |program: &Program| {
        let files = C.emit(program).files;
        let source = files.iter().find(|(f, _)| f.ends_with(".c")).unwrap().1;
        source.contains("no-avx512f")
    };
    // parts of complex values stand apart in the workspace, side by side in ports
    for (text, turned_off) in [(TURNED, false), (DECIMATOR, true)] {
        let module = proofmark_silicon::hir::parse(text).expect("a module");
        assert_eq!(off(&lower(&check(module).unwrap()).unwrap()), turned_off, "{text}");
    }
    let mut seen = 0;
    for Case { module, .. } in programs::all() {
        let Some((name, turned_off)) = expected.iter().find(|(n, _)| *n == module.name) else { continue };
        let program = lower(&check(module).unwrap()).unwrap();
        assert_eq!(off(&program), *turned_off, "{name}");
        seen += 1;
    }
    assert_eq!(seen, expected.len());
}

/// A product that a FIR filters, then the real parts of products of neighbours, through a kernel with a branch whose arms
/// hold a sum and a difference of products.
const TURNED: &str = "module \"turned\"
length \"n\" 1 .. 100000
table \"h\" float32[5] \"given\" [0.25, -0.5, 1.0, 0.0, 0.125]
kernel func \"bend\"(%0: float32, %1: float32) {
  %2: bool = gt(%0, %1)
  %3: float32 = mul(%0, %1)
  %6: float32 = if(%2) then {
    %4: float32 = add(%3, %0)
    yield %4
  } else {
    %5: float32 = sub(%0, %3)
    yield %5
  }
  yield %6
}
entry (input \"x\", input \"w\") -> (output \"y\") func \"run\"(%0: complex64[$0], %1: complex64[$0]) {
  %2: float32[5] = table[0]
  %3: int64 = const[int64 0]
  %4: int64 = const[int64 1]
  %5: complex64[$0] = mul(%0, %1)
  %6: complex64[$0+4] = fir[1, 1](%5, %2, %3)
  %7: complex64[$0+3] = slice[1](%6, %3)
  %8: complex64[$0+3] = slice[1](%6, %4)
  %9: complex64[$0+3] = mul(%7, %8)
  %10: float32[$0+3] = real(%9)
  %11: float32[$0+3] = imag(%9)
  %12: float32[$0+3] = kernel[0](%10, %11)
  %13: float32[div($0+3, 3)] = fir[1, 3](%12, %2, %3)
  yield %13
}
";
/// Complex values in planes, in ports, and brought from one to the other: loops that swap them, a sort, a conditional.
const PLANES: &str = "module \"planes\"
length \"n\" 0 .. 1000
entry (input \"x\", input \"k\") -> (output \"y\", output \"z\", output \"s\") func \"run\"(%0: complex64[$0], %1: int64) {
  %2: int64 = const[int64 0]
  %3: complex64[$0] = mul(%0, %0)
  %4: complex64[$0] = add(%3, %0)
  %10: complex64[$0], %11: complex64[$0], %12: complex64[$0] = for[1](%2, %1, %0, %3, %4) body(%5: int64, %6: complex64[$0], %7: complex64[$0], %8: complex64[$0]) {
    %9: complex64[$0] = mul(%6, %8)
    yield %7, %9, %6
  }
  %13: bool = gt(%1, %2)
  %15: complex64[$0] = if(%13) then {
    %14: complex64[$0] = sub(%10, %11)
    yield %14
  } else {
    yield %11
  }
  %16: complex64[$0] = sort(%15)
  yield %10, %12, %16
}
";
/// A FIR that keeps every eighth output, then products of neighbours.
const DECIMATOR: &str = "module \"decimator\"
length \"n\" 1 ..
table \"h\" float32[5] \"given\" [0.25, -0.5, 1.0, 0.0, 0.125]
entry (input \"x\") -> (output \"y\") func \"run\"(%0: complex64[$0]) {
  %1: float32[5] = table[0]
  %2: int64 = const[int64 0]
  %3: int64 = const[int64 1]
  %4: complex64[div($0+7, 8)] = fir[1, 8](%0, %1, %2)
  %5: complex64[div($0+7, 8)-1] = slice[1](%4, %2)
  %6: complex64[div($0+7, 8)-1] = slice[1](%4, %3)
  %7: complex64[div($0+7, 8)-1] = mul(%5, %6)
  yield %7
}
";
/// Biquads, then a running sum.
const BIQUADS: &str = "module \"biquads_summed\"
length \"n\" 0 ..
table \"sos\" float64[2, 6] \"given\" [1.0, 2.0, 1.0, 1.0, -0.5, 0.25, 0.5, 0.0, -0.5, 1.0, 0.9, 0.3]
table \"zi\" float64[2, 2] \"given\" [0.5, -0.25, 0.0, 1.0]
entry (input \"x\") -> (output \"y\") func \"run\"(%0: float64[$0]) {
  %1: float64[2, 6] = table[0]
  %2: float64[2, 2] = table[1]
  %3: float64[$0], %4: float64[2, 2] = sosfilt(%1, %0, %2)
  %5: float64[$0] = scan_sum[0](%3)
  yield %5
}
";

#[test]
fn complex_values_apart_and_side_by_side_equal_the_interpreter() {
    let noise = |d, n: usize, seed| programs::noise(d, &[n], seed);
    let c = proofmark_silicon::dtype::DType::Complex64;
    for (text, fma) in [(TURNED, false), (TURNED, true), (PLANES, false)] {
        let mut module = proofmark_silicon::hir::parse(text).unwrap_or_else(|e| panic!("{e}"));
        module.fma = fma;
        let name = format!("{}, fma {fma}", module.name);
        let module = check(module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let program = lower(&module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let mut steps: Vec<(usize, Vec<_>)> = Vec::new();
        for n in [1, 2, 33, 100, 700] {
            if text == PLANES {
                let rounds = |k: i64| programs::scalar(proofmark_silicon::dtype::Scalar::i64(k));
                steps.extend((0..4).map(|k| (0, vec![noise(c, n, 3 + n as u64), rounds(k)])));
            } else {
                steps.push((0, vec![noise(c, n, 3 + n as u64), noise(c, n, 5 + n as u64)]));
            }
        }
        let expected = interpret(&module, &program, &steps);
        let calls = calls(&program, &steps, &expected);
        let asan = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
        same(&expected, &run_c(&program, &calls, "gcc", &asan), &format!("{name}, gcc with sanitizers"));
        for compiler in ["gcc", "clang"] {
            for flags in [&["-O0"][..], &["-O2"], &["-O3", "-march=native"]] {
                same(&expected, &run_c(&program, &calls, compiler, flags), &format!("{name}, {compiler} {flags:?}"));
            }
        }
        let std = ["--cfg", "feature=\"std\"", "-C", "opt-level=1", "-C", "overflow-checks=on"];
        same(&expected, &run_rust(&program, &calls, &std), &format!("{name}, rustc"));
    }
}

/// Block forms, fed in blocks of several sizes, with the state that they keep.
#[test]
fn block_forms_equal_the_interpreter() {
    let mut seen = Vec::new();
    let known = programs::all().into_iter().map(|c| c.module);
    let known = known.filter(|m| ["elementwise", "in_place"].contains(&m.name.as_str()));
    let parsed = [DECIMATOR, BIQUADS].map(|text| proofmark_silicon::hir::parse(text).expect("a module"));
    for module in known.chain(parsed) {
        let name = module.name.clone();
        let plain = check(module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let entry = plain.entries[0].func.name.clone();
        let made = proofmark_silicon::stream::streamed(&plain, &entry).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let made = check(made.module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let program = lower(&made).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let func = &made.entries[0].func;
        let inputs = made.entries[0].params.iter().zip(&func.body.params);
        let inputs: Vec<_> =
            inputs.filter(|(r, _)| matches!(r, ParamRole::Input(_))).map(|(_, v)| func.ty(*v)).collect();
        let blocks = [3, 0, 1, 1, 17, 8, 130, 2];
        let steps = blocks.map(|b| {
            let shape = |t: &Type| t.shape.iter().map(|d| d.as_const().map_or(b, |c| c as usize)).collect::<Vec<_>>();
            // what is no stream is the same in every block
            let seed = |t: &Type, k: usize| if t.rank() == 1 { (b * 7 + k + 1) as u64 } else { k as u64 + 1 };
            (0, inputs.iter().enumerate().map(|(k, t)| programs::noise(t.dtype, &shape(t), seed(t, k))).collect())
        });
        let expected = interpret(&made, &program, &steps);
        let calls = calls(&program, &steps, &expected);
        let asan = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
        same(&expected, &run_c(&program, &calls, "gcc", &asan), &format!("{name} in blocks, gcc with sanitizers"));
        same(&expected, &run_c(&program, &calls, "clang", &["-O2"]), &format!("{name} in blocks, clang -O2"));
        let std = ["--cfg", "feature=\"std\"", "-C", "opt-level=1", "-C", "overflow-checks=on"];
        same(&expected, &run_rust(&program, &calls, &std), &format!("{name} in blocks, rustc"));
        seen.push(name);
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}
