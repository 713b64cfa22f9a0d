//! Wrong command lines and environments: status 2, a precise message, nothing written.

use crate::support::{Place, python};

const GOOD: [&str; 10] =
    ["translate", "smoother.py", "--entry", "Smoother", "--bench", "bench.py", "--target", "c", "-o", "out"];

#[test]
fn files_and_names_that_are_not_there() {
    let place = Place::smoother();
    place.run(&["translate", "absent.py", "--target", "c", "-o", "out"]).expect(2, "PM0201", &["absent.py"]);
    place.run(&["translate", "smoother.py", "--bench", "absent.py", "--target", "c", "-o", "out"]).expect(
        2,
        "PM0201",
        &["absent.py"],
    );
    let misspelt = place.run(&[
        "translate",
        "smoother.py",
        "--entry",
        "Smother",
        "--bench",
        "bench.py",
        "--target",
        "c",
        "-o",
        "out",
    ]);
    misspelt.expect(2, "PM0202", &["Smother", "did you mean Smoother"]);
    place.assert_nothing_left();
}

#[test]
fn options_that_mean_nothing() {
    let place = Place::smoother();
    let base = ["translate", "smoother.py", "--entry", "Smoother", "-o", "out"];
    let with = |extra: &[&str]| place.run(&[&base[..], extra].concat());
    with(&["--target", "verilog"]).expect(2, "PM0219", &["verilog", "c, rust"]);
    with(&[]).expect(2, "PM0219", &["no target"]);
    with(&["--target", "c", "--arg", "x=float[n]"]).expect(2, "PM0214", &["not an element type", "complex64[n]"]);
    with(&["--target", "c", "--arg", "x=float64", "--arg", "x=int8"]).expect(2, "PM0214", &["twice"]);
    place.run(&["translate", "smoother.py", "--target", "c"]).expect(2, "PM0216", &["-o OUT"]);
    assert_eq!(place.run(&["translate", "smoother.py", "--no-such-option"]).status, 2);
    assert_eq!(place.run(&["frobnicate"]).status, 2);
    assert_eq!(place.run(&["--version"]).status, 0);
    place.assert_nothing_left();
}

#[test]
fn an_unclear_entry_is_asked_for() {
    let place = Place::new(&[("two.py", "def a(x):\n    return x\n\ndef b(x):\n    return x\n")]);
    place.run(&["translate", "two.py", "--target", "c", "-o", "out"]).expect(2, "PM0216", &["a, b", "--entry"]);
}

#[test]
fn an_output_is_never_overwritten_unasked() {
    let place = Place::smoother();
    std::fs::create_dir(place.path("out")).unwrap();
    place.write("out/thesis.tex", "mine");
    place.run(&GOOD).expect(2, "PM0212", &["out", "--force"]);
    place.run(&[&GOOD[..], &["--force"]].concat()).expect(2, "PM0212", &["not a Proofmark bundle"]);
    assert_eq!(std::fs::read_to_string(place.path("out/thesis.tex")).unwrap(), "mine");
    std::fs::remove_dir_all(place.path("out")).unwrap();
    place.run(&GOOD).succeeded();
    place.run(&[&GOOD[..], &["--force"]].concat()).succeeded();
}

#[test]
fn an_unwritable_place_is_told_before_the_work() {
    let place = Place::smoother();
    let missing = [&GOOD[..9], &["no/such/folder/out"]].concat();
    place.run(&missing).expect(2, "PM0213", &["no/such/folder"]);
    let device = [&GOOD[..9], &["/proc/out"]].concat();
    place.run(&device).expect(2, "PM0213", &["/proc"]);
}

#[test]
fn a_wrong_configuration_file_is_shown_where_it_is_wrong() {
    let place = Place::smoother();
    place.write("proofmark.toml", "[translate]\nentri = \"Smoother\"\n");
    place.run(&GOOD).expect(2, "PM0215", &["entri", "proofmark.toml:2"]);
    place.write("proofmark.toml", "[translate\n");
    place.run(&GOOD).expect(2, "PM0215", &["proofmark.toml:1"]);
}

#[test]
fn pythons_that_will_not_do() {
    let place = Place::smoother();
    place.run(&[&GOOD[..], &["--python", "/no/python"]].concat()).expect(2, "PM0210", &["/no/python", "pip install"]);
    place.run(&[&GOOD[..], &["--python", "/bin/true"]].concat()).expect(2, "PM0210", &["/bin/true"]);
    let folder = place.path("old");
    std::fs::create_dir(&folder).unwrap();
    place.write("old/python3", "#!/bin/sh\nprintf OLD2.7.18\n");
    let path = place.path("old/python3");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    place.run(&[&GOOD[..], &["--python", path.to_str().unwrap()]].concat()).expect(2, "PM0210", &["2.7.18"]);
    assert!(python().exists());
}

#[test]
fn without_bubblewrap_nothing_runs_unless_it_is_asked_for() {
    let place = Place::smoother();
    let mut command = place.command(&GOOD);
    // a path with everything but bwrap
    let bin = place.path("bin");
    std::fs::create_dir(&bin).unwrap();
    for tool in ["gcc", "as", "ld", "true"] {
        std::os::unix::fs::symlink(format!("/usr/bin/{tool}"), bin.join(tool)).unwrap();
    }
    command.env("PATH", &bin);
    let ran = crate::support::Ran::of(command.output().unwrap());
    if std::path::Path::new("/usr/bin/bwrap").exists() {
        // found at its usual place whatever the path says
        assert!(ran.status == 0 || ran.status == 2, "{}", ran.stderr);
    } else {
        ran.expect(2, "PM0211", &["bubblewrap", "--sandbox none"]);
    }
}

#[test]
fn an_unconfined_bench_is_warned_about_and_recorded() {
    let place = Place::smoother();
    let ran = place.run(&[&GOOD[..], &["--sandbox", "none"]].concat());
    ran.expect(0, "PM0217", &["without a sandbox"]);
    assert!(std::fs::read_to_string(place.path("out/checks.json")).unwrap().contains("\"sandbox\": \"none\""));
}

#[test]
fn keys_and_bundles_that_are_none() {
    let place = Place::smoother();
    place.write("bad.key", "not a key\n");
    place.run(&[&GOOD[..], &["--key", "bad.key"]].concat()).expect(2, "PM0218", &["bad.key"]);
    place.run(&[&GOOD[..], &["--key", "absent.key"]].concat()).expect(2, "PM0218", &["absent.key"]);
    place.run(&["verify", "nothing"]).expect(2, "PM0222", &["nothing"]);
    std::fs::create_dir(place.path("empty")).unwrap();
    place.run(&["verify", "empty"]).expect(2, "PM0222", &["checks.json"]);
    place.run(&["run", "empty", "--inputs", "i.npz", "--outputs", "o.npz"]).expect(2, "PM0222", &["empty"]);
    place.run(&["explain", "smoother.py"]).expect(2, "PM0227", &["FILE:LINE"]);
    place.run(&["explain", "smoother.py:3"]).expect(2, "PM0227", &["no bundle"]);
    place.assert_nothing_left();
}
