//! Functions of whole arrays fed block by block: the same bits, or the reason why not.

use crate::support::Place;
use crate::whole::{npz, ramp, read};
use proofmark_silicon::dtype::DType;

const FIR: &str = "from scipy.signal import firwin, lfilter\n\nTAPS = firwin(64, 0.2)\n\n\ndef fir(x):\n    return lfilter(TAPS, 1.0, x)\n";
const FIR_BENCH: &str = "import numpy as np\nfrom fir import fir\nrng = np.random.default_rng(1)\nfor n in (300, 64, 33):\n    fir(rng.standard_normal(n))\n";

/// Runs the design whole and in blocks of each size; all must give the same.
fn same_in_blocks(place: &Place, targets: &[&str], sizes: &[&str]) {
    for target in targets {
        let run = |output: &str, block: &[&str]| {
            let command = ["run", "out", "--target", target, "--inputs", "in.npz", "--force", "--outputs", output];
            place.run(&[&command[..], block].concat()).succeeded();
            read(place, output)
        };
        let whole = run("whole.npz", &[]);
        assert!(whole.iter().all(|(_, a)| a.shape[0] > 100), "there is something to compare");
        for size in sizes {
            assert_eq!(whole, run("blocks.npz", &["--block", size]), "{target} in blocks of {size}");
        }
    }
}

#[test]
fn a_filter_function_runs_in_blocks_with_the_bits_of_the_whole() {
    let place = Place::new(&[("fir.py", FIR), ("bench.py", FIR_BENCH)]);
    let made = place.run(&["translate", "fir.py", "--bench", "bench.py", "--target", "c,rust", "-o", "out"]);
    made.succeeded();
    assert!(made.stdout.contains("blocks fir_block: state 512 bytes, c, rust"), "{}", made.stdout);
    for file in ["c/fir_block/fir_block.h", "rust/fir_block/src/lib.rs", "hir/fir_block.hir"] {
        assert!(place.path("out").join(file).is_file(), "{file}");
    }
    npz(&place, "in.npz", &[("x", DType::Float64, vec![3001], ramp(3001))]);
    same_in_blocks(&place, &["c", "rust"], &["1000", "7", "1", "5000"]);
    let verified = place.run(&["verify", "out"]);
    verified.succeeded();
    assert!(verified.stdout.contains("c code of fir_block run: the whole calls' bits"), "{}", verified.stdout);
    // both can be linked into one program
    let main = "#include \"fir.h\"\n#include \"fir_block.h\"\n\
                int main(void) { static fir_block_state s; static double x[8], y[8]; fir_block_init(&s); return (int)fir(x, 8, y); }\n";
    place.write("both.c", main);
    let mut cc = std::process::Command::new("gcc");
    cc.args(["-std=c99", "-Wall", "-Werror", "-Iout/c", "-Iout/c/fir_block", "both.c", "out/c/fir.c"]);
    cc.args(["out/c/fir_block/fir_block.c", "-lm", "-o", "both"]).current_dir(place.path(""));
    assert!(cc.status().unwrap().success());
    assert!(std::process::Command::new(place.path("both")).status().unwrap().success());
}

#[test]
fn the_fm_receiver_runs_in_blocks_with_the_bits_of_the_whole() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/fm_receiver");
    let source = std::fs::read_to_string(folder.join("fm_receiver.py")).unwrap();
    // a shorter bench than the example's, which is run by the demo
    let bench = "import numpy as np\nfrom fm_receiver import demodulate\nrng = np.random.default_rng(1)\n\
                 for n in (900, 401):\n    demodulate(np.exp(1j * rng.standard_normal(n).cumsum()).astype(np.complex64))\n";
    let place = Place::new(&[("fm_receiver.py", &source), ("bench.py", bench)]);
    let command =
        ["translate", "fm_receiver.py", "--entry", "demodulate", "--bench", "bench.py", "--target", "c", "-o", "out"];
    let made = place.run(&command);
    made.succeeded();
    assert!(made.stdout.contains("blocks fm_receiver_demodulate_block: state"), "{}", made.stdout);
    let samples: Vec<u8> =
        (0..4001).flat_map(|i| [(i as f32 * 0.3).cos(), (i as f32 * 0.3).sin()]).flat_map(f32::to_le_bytes).collect();
    npz(
        &place,
        "in.npz",
        &[
            ("samples", DType::Complex64, vec![4001], samples),
            ("station", DType::Float64, vec![], 60e3f64.to_le_bytes().to_vec()),
            ("tau", DType::Float64, vec![], 50e-6f64.to_le_bytes().to_vec()),
        ],
    );
    same_in_blocks(&place, &["c"], &["1000", "13"]);
}

#[test]
fn a_function_of_the_whole_signal_says_why_it_has_no_blocks() {
    let source = "import numpy as np\n\n\ndef centre(x):\n    return x - np.max(x)\n";
    let bench = "import numpy as np\nfrom centre import centre\nfor n in (5, 8):\n    centre(np.arange(n) * 0.1)\n";
    let place = Place::new(&[("centre.py", source), ("bench.py", bench)]);
    let made = place.run(&["translate", "centre.py", "--bench", "bench.py", "--target", "c", "-o", "out"]);
    made.succeeded();
    assert!(
        made.stdout.contains("blocks none of centre: a maximum over the time axis (centre.py:5)"),
        "{}",
        made.stdout
    );
    npz(&place, "in.npz", &[("x", DType::Float64, vec![9], ramp(9))]);
    place.run(&["run", "out", "--inputs", "in.npz", "--outputs", "o.npz"]).succeeded();
    let blocks = place.run(&["run", "out", "--inputs", "in.npz", "--outputs", "p.npz", "--block", "4"]);
    blocks.expect(2, "PM0221", &["has no block form", "a maximum over the time axis (centre.py:5)"]);
    assert!(!place.path("p.npz").exists());
    let report = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(report.contains("Why there is no block form") && report.contains("a maximum over the time axis"));
}
