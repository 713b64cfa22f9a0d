//! From source to evidence and back.

use crate::support::{BENCH, Place, SMOOTHER};
use proofmark_silicon::dtype::DType;
use proofmark_silicon_verify::npy::{self, Array};

pub fn npz(place: &Place, name: &str, arrays: &[(&str, DType, Vec<usize>, Vec<u8>)]) {
    let arrays: Vec<(String, Array)> = arrays
        .iter()
        .map(|(n, d, s, b)| (n.to_string(), Array { dtype: *d, shape: s.clone(), data: b.clone() }))
        .collect();
    std::fs::write(place.path(name), npy::npz_bytes(&arrays).unwrap()).unwrap();
}

pub fn ramp(n: usize) -> Vec<u8> {
    (0..n).flat_map(|i| (i as f64 * 0.37).sin().to_le_bytes()).collect()
}

pub fn read(place: &Place, name: &str) -> Vec<(String, Array)> {
    npy::read_npz(std::fs::File::open(place.path(name)).unwrap()).unwrap()
}

#[test]
fn a_program_becomes_a_bundle_that_verifies_runs_and_explains_itself() {
    let place = Place::smoother();
    let made = place.translated();
    made.succeeded();
    assert!(made.stderr.contains("a signing key was made"), "{}", made.stderr);
    assert!(made.stdout.contains("report out/report.html"));
    for file in [
        "report.html",
        "checks.json",
        "trace.json",
        "manifest.json",
        "bom.cdx.json",
        "statement.dsse.json",
        "c/smoother.c",
        "hir/optimised.hir",
    ] {
        assert!(place.path("out").join(file).is_file(), "{file}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &place.path(".home/.config/proofmark/signing.key").metadata().unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "the key is the user's alone");

    let verified = place.run(&["verify", "out"]);
    verified.succeeded();
    assert!(
        verified.stdout.contains("integrity, not origin") && verified.stdout.contains("the recorded bits"),
        "{}",
        verified.stdout
    );
    place.run(&["verify", "out", "--key", "out/statement.key", "--no-rerun"]).succeeded();

    // two translations of the same inputs are the same bytes
    place
        .run(&[
            "translate",
            "smoother.py",
            "--entry",
            "Smoother",
            "--bench",
            "bench.py",
            "--target",
            "c",
            "-o",
            "again",
        ])
        .succeeded();
    for file in
        ["report.html", "checks.json", "trace.json", "c/smoother.c", "vectors/index.json", "statement.dsse.json"]
    {
        let read = |folder: &str| std::fs::read(place.path(folder).join(file)).unwrap();
        assert!(read("out") == read("again"), "{file} differs");
    }

    // whole and in blocks: any split gives the same
    npz(&place, "in.npz", &[("x", DType::Float64, vec![500], ramp(500))]);
    place.run(&["run", "out", "--target", "c", "--inputs", "in.npz", "--outputs", "whole.npz"]).succeeded();
    place.run(&["run", "out", "--inputs", "in.npz", "--outputs", "parts.npz", "--block", "37"]).succeeded();
    let (whole, parts) = (read(&place, "whole.npz"), read(&place, "parts.npz"));
    assert_eq!(whole[0].1.shape, [500]);
    assert_eq!(whole, parts);
    let mut y = 0.0;
    let expected: Vec<u8> = ramp(500)
        .chunks_exact(8)
        .flat_map(|b| {
            y += 0.1 * (f64::from_le_bytes(b.try_into().unwrap()) - y);
            y.to_le_bytes()
        })
        .collect();
    assert_eq!(whole[0].1.data, expected, "the design computes what the source says");

    // a source line and a generated line know of each other
    let from = place.run(&["explain", "smoother.py:12", "--bundle", "out"]);
    from.succeeded();
    let line = from.stdout.lines().find_map(|l| l.trim().strip_prefix("c/smoother.c:")).expect(&from.stdout);
    let line = line.split(':').next().unwrap();
    let back = place.run(&["explain", &format!("out/c/smoother.c:{line}")]);
    back.succeeded();
    assert!(back.stdout.contains("smoother.py:12:"), "{}", back.stdout);
}

#[test]
fn a_changed_bundle_is_not_believed() {
    let place = Place::smoother();
    place.translated().succeeded();
    let path = place.path("out/c/smoother.c");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "\n").unwrap();
    place.run(&["verify", "out"]).expect(4, "PM0303", &["c/smoother.c"]);
    npz(&place, "in.npz", &[("x", DType::Float64, vec![5], ramp(5))]);
    place.run(&["run", "out", "--inputs", "in.npz", "--outputs", "o.npz"]).expect(4, "PM0303", &["changed"]);
    assert!(!place.path("o.npz").exists());
}

#[test]
fn an_unsigned_bundle_says_so() {
    let place = Place::smoother();
    let command = [
        "translate",
        "smoother.py",
        "--entry",
        "Smoother",
        "--bench",
        "bench.py",
        "--target",
        "c",
        "-o",
        "out",
        "--no-sign",
    ];
    place.run(&command).succeeded();
    assert!(!place.path("out/statement.dsse.json").exists());
    assert!(std::fs::read_to_string(place.path("out/checks.json")).unwrap().contains("not signed"));
    place.run(&["verify", "out", "--no-rerun"]).expect(4, "PM0303", &["not signed"]);
}

#[test]
fn data_that_does_not_fit_is_refused_before_anything_runs() {
    let place = Place::smoother();
    place.translated().succeeded();
    let run = |name: &str, extra: &[&str]| {
        place.run(&[&["run", "out", "--inputs", name, "--outputs", "o.npz"], extra].concat())
    };
    npz(&place, "f32.npz", &[("x", DType::Float32, vec![2], vec![0; 8])]);
    run("f32.npz", &[]).expect(2, "PM0220", &["float32", "float64"]);
    npz(&place, "other.npz", &[("z", DType::Float64, vec![2], vec![0; 16])]);
    run("other.npz", &[]).expect(2, "PM0220", &["no input `z`", "x"]);
    npz(&place, "empty.npz", &[]);
    run("empty.npz", &[]).expect(2, "PM0220", &["no array `x`"]);
    place.write("text.npz", "not an archive");
    run("text.npz", &[]).expect(2, "PM0220", &["text.npz"]);
    npz(&place, "in.npz", &[("x", DType::Float64, vec![2], vec![0; 16])]);
    run("in.npz", &["--target", "rust"]).expect(2, "PM0219", &["holds no code"]);
    run("in.npz", &["--entry", "nothing"]).expect(2, "PM0202", &["nothing"]);
    place.write("o.npz", "mine");
    run("in.npz", &[]).expect(2, "PM0212", &["o.npz"]);
    assert_eq!(std::fs::read_to_string(place.path("o.npz")).unwrap(), "mine");
}

#[test]
fn the_file_beside_the_source_gives_defaults_and_the_command_line_wins() {
    let place = Place::smoother();
    place.write("proofmark.toml", "[translate]\nentry = \"Nothing\"\nbench = \"bench.py\"\ntarget = [\"c\"]\n");
    place.run(&["translate", "smoother.py", "-o", "out"]).expect(2, "PM0202", &["Nothing", "Smoother"]);
    place.run(&["translate", "smoother.py", "--entry", "Smoother", "-o", "out"]).succeeded();
}

#[test]
fn results_come_as_json_and_diagnostics_as_sarif() {
    let place = Place::smoother();
    let command = [
        "translate",
        "smoother.py",
        "--entry",
        "Smoother",
        "--bench",
        "bench.py",
        "--target",
        "c",
        "-o",
        "out",
        "--message-format",
    ];
    let json = place.run(&[&command[..], &["json"]].concat());
    json.succeeded();
    let last: serde_json::Value = serde_json::from_str(json.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["translate"]["claims"][0]["target"], "c");
    let sarif = place.run(&[&command[..], &["sarif"]].concat());
    assert_eq!(sarif.status, 2, "the output is there now");
    let document: serde_json::Value = serde_json::from_str(&sarif.stdout).unwrap();
    assert_eq!(document["runs"][0]["results"][0]["ruleId"], "PM0212");
}

#[test]
fn a_killed_run_leaves_nothing_once_the_next_has_started() {
    let slow = BENCH.to_string() + "import time\ntime.sleep(60)\n";
    let place = Place::new(&[("smoother.py", SMOOTHER), ("bench.py", &slow)]);
    let arguments =
        ["translate", "smoother.py", "--entry", "Smoother", "--bench", "bench.py", "--target", "c", "-o", "out"];
    let mut child = place.command(&arguments).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    child.kill().unwrap();
    child.wait().unwrap();
    // what a run killed while it writes leaves beside its output
    std::fs::create_dir_all(place.path(&format!(".proofmark-run-{}-x/new", child.id()))).unwrap();
    std::fs::create_dir_all(place.path(&format!(".tmp/.proofmark-run-{}-y", child.id()))).unwrap();
    place.write("bench.py", "");
    assert_eq!(place.run(&arguments).status, 3);
    place.assert_nothing_left();
}

#[test]
fn the_same_calls_are_timed_on_both_sides() {
    let place = Place::smoother();
    place.translated().succeeded();
    let ran = place.run(&["bench", "out", "--message-format", "json"]);
    ran.succeeded();
    let value: serde_json::Value = serde_json::from_str(ran.stdout.trim()).unwrap();
    let row = &value["bench"]["rows"][0];
    assert_eq!((&row["entry"], &row["calls"]), (&"process".into(), &3.into()));
    assert!(row["python_us"].as_f64().unwrap() > row["c_us"].as_f64().unwrap(), "an interpreted loop is slower: {row}");
}
