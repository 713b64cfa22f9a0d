//! Benches and sources that misbehave: status 3, the place, and nothing left behind or running.

use crate::support::{BENCH, Place, Ran, SMOOTHER};

fn with_bench(bench: &str) -> (Place, Ran) {
    let place = Place::new(&[("smoother.py", SMOOTHER), ("bench.py", bench)]);
    let ran = place.translated();
    place.assert_nothing_left();
    (place, ran)
}

fn with_source(source: &str) -> Ran {
    let place = Place::new(&[("smoother.py", source), ("bench.py", BENCH)]);
    let ran = place.translated();
    place.assert_nothing_left();
    ran
}

#[test]
fn a_bench_that_raises_is_shown_where() {
    let (_, ran) =
        with_bench("from smoother import Smoother\n\ndef main():\n    Smoother(0.5).process([1.0] + None)\n\nmain()\n");
    ran.expect(3, "PM0204", &["TypeError", "bench.py:4", "called from here"]);
}

#[test]
fn a_bench_that_never_calls_the_entry() {
    with_bench("print('hello')\n").1.expect(3, "PM0203", &["never called", "import"]);
}

#[test]
fn a_source_with_a_syntax_error_is_shown_where() {
    let ran = with_source("class Smoother:\n    def process(self, x)\n        return x\n");
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("smoother.py:2") || ran.stderr.contains("SyntaxError"), "{}", ran.stderr);
}

#[test]
fn an_unknown_name_is_refused() {
    let ran = with_source(&SMOOTHER.replace("np.zeros", "np.zeroes"));
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("zeroes") && ran.stderr.contains("smoother.py:10"), "{}", ran.stderr);
}

#[test]
fn a_bench_that_reaches_out_is_stopped() {
    let (_, ran) = with_bench("import socket\nsocket.create_connection(('192.0.2.1', 80))\n");
    ran.expect(3, "PM0205", &["bench.py:2"]);
    let (_, ran) = with_bench("open('/etc/passwd').read()\n");
    ran.expect(3, "PM0205", &["/etc/passwd", "--allow-read"]);
    let (_, ran) = with_bench("import os\nos.fork()\n");
    ran.expect(3, "PM0205", &["bench.py:2"]);
}

#[test]
fn a_bench_that_prints_megabytes_is_stopped() {
    with_bench("while True:\n    print('x' * 1000)\n").1.expect(3, "PM0208", &["KiB"]);
}

#[test]
fn a_bench_that_allocates_without_end_is_stopped() {
    with_bench("a = []\nwhile True:\n    a.append(bytearray(1 << 28))\n").1.expect(3, "PM0207", &["memory"]);
}

#[test]
fn a_bench_that_kills_itself_is_told() {
    with_bench("import ctypes\nctypes.string_at(0)\n").1.expect(3, "PM0209", &["died"]);
}

#[test]
fn declared_arguments_give_random_vectors_and_that_is_said() {
    let place = Place::new(&[("scale.py", "def scale(x):\n    return 2.5 * x + 0.5\n")]);
    let ran = place.run(&["translate", "scale.py", "--arg", "x=float64[n]", "--target", "c", "-o", "out"]);
    ran.expect(0, "PM0225", &["random values of the declared types"]);
    assert!(std::fs::read_to_string(place.path("out/checks.json")).unwrap().contains("no bench was given"));
    let class =
        place.run(&["translate", "scale.py", "--entry", "A.b", "--arg", "x=float64[n]", "--target", "c", "-o", "o2"]);
    class.expect(2, "PM0214", &["A.b", "--bench"]);
}
