//! A translation taken apart into steps: each in a process of its own, again, with bytes that are not its own, given up
//! in the middle. What comes out is what the command line writes.

use crate::support::{BENCH, Place, SMOOTHER, python};
use proofmark_silicon_verify::cancel::Cancel;
use proofmark_silicon_verify::python::Search;
use proofmark_silicon_verify::translate::{
    Job, Options, Origin, Refusal, Resolved, Results, Session, Step, StepError, Stopped, resolve,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A stateless program: it has a block form, kernels, and a branch that few inputs take.
const SHAPER: &str = "import numpy as np\n\n\ndef shape(x, limit):\n    y = np.zeros(len(x))\n    for i in range(len(x)):\n        v = x[i] * 0.5\n        if v > limit:\n            v = limit + np.tanh(v - limit)\n        y[i] = v\n    return y\n";
const SHAPER_BENCH: &str = "import numpy as np\nfrom shaper import shape\nrng = np.random.default_rng(5)\nfor n in (40, 33):\n    shape(rng.standard_normal(n), 0.25)\n";

/// A program with a fault that only a searched vector shows: its reference needs the bench to be run again.
const COUNT: &str = "import numpy as np\n\n\ndef count(x):\n    n = 0\n    s = 0.0\n    for i in range(len(x)):\n        if x[i] > 3.0:\n            n += 1\n            if n == 3:\n                s = s + x[i]\n        if n > 5 and x[i] < -2.5:\n            s = s * 0.5\n    return s + n\n";
const COUNT_BENCH: &str = "import numpy as np\nfrom count import count\nrng = np.random.default_rng(1)\ncount(rng.standard_normal(50))\ncount(4.0 * rng.standard_normal(20))\n";

/// Where one step runs in a process of its own: this test binary, called again by [`in_another_process`].
const FOLDER: &str = "PROOFMARK_TEST_STEP_FOLDER";
const STEP: &str = "PROOFMARK_TEST_STEP";

fn search() -> Search {
    Search { option: Some(python()), path: std::env::var_os("PATH"), ..Search::default() }
}

fn resolved(place: &Place, file: &str, entry: &str, bench: Option<&str>, targets: &[&str]) -> Resolved {
    let options = Options {
        entry: Some(entry.into()),
        bench: bench.map(|b| place.path(b)),
        target: targets.iter().map(|t| t.to_string()).collect(),
        no_sign: true,
        ..Options::default()
    };
    resolve(&place.path(file), options, Origin::Own).unwrap()
}

/// Runs a step from bytes alone.
fn alone(job: &Job, folder: &Path, step: Step, earlier: &Results) -> Result<Vec<u8>, Stopped> {
    let scratch = tempfile::tempdir().unwrap();
    let python = search();
    Session::new(job, folder, &python, scratch.path(), Cancel::new()).run(step, earlier, &mut |_| {})
}

/// The body of the other process: reads job and earlier steps from a folder, and writes the step's bytes there.
#[test]
#[ignore = "no test of its own: the others start it"]
fn one_step_of_a_folder() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let step = Step::from_name(&std::env::var(STEP).unwrap()).unwrap();
    let job: Job = serde_json::from_slice(&std::fs::read(folder.join("job.json")).unwrap()).unwrap();
    let earlier: Results =
        step.needs(&job).into_iter().map(|s| (s, std::fs::read(folder.join(s.name())).unwrap())).collect();
    let sources = std::fs::read_to_string(folder.join("sources")).unwrap();
    let bytes = alone(&job, Path::new(&sources), step, &earlier).unwrap();
    std::fs::write(folder.join(step.name()), bytes).unwrap();
}

fn in_another_process(folder: &Path, step: Step) -> Vec<u8> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "steps::one_step_of_a_folder", "--nocapture", "--ignored"]);
    let ran = command.env(FOLDER, folder).env(STEP, step.name()).output().unwrap();
    assert!(ran.status.success(), "{}: {}", step.name(), String::from_utf8_lossy(&ran.stderr));
    std::fs::read(folder.join(step.name())).unwrap()
}

/// Runs all steps of a job, each in a process of its own and some twice, and compares with the command line's bundle.
fn as_the_command_line(place: &Place, arguments: &[&str], asked: &Resolved) {
    let mut all = vec!["translate"];
    all.extend(arguments);
    all.extend(["--no-sign", "-o", "out"]);
    place.run(&all).succeeded();
    let Resolved { job, folder: sources, .. } = asked;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.json"), serde_json::to_vec(job).unwrap()).unwrap();
    std::fs::write(folder.path().join("sources"), sources.to_str().unwrap()).unwrap();
    let mut results = Results::new();
    for step in Step::plan(job) {
        let bytes = in_another_process(folder.path(), step);
        let again = alone(job, sources, step, &results).unwrap();
        assert!(bytes == again, "step {} gives other bytes when it runs again", step.name());
        results.insert(step, bytes);
    }
    let bundle = Session::bundle(job, &results).unwrap();
    for (path, bytes) in &bundle.files {
        let written = std::fs::read(place.path("out").join(path)).unwrap();
        assert!(*bytes == written, "{path} is not what the command line wrote");
    }
    assert_eq!(bundle.files.len(), count(&place.path("out")), "the command line wrote other files");
    refuses_other_bytes(job, sources, &results);
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.map(|e| if e.path().is_dir() { count(&e.path()) } else { 1 }).sum()
}

/// Bytes that were cut, changed, swapped or that belong to another job are an error, and nothing breaks.
fn refuses_other_bytes(job: &Job, sources: &Path, results: &Results) {
    let scratch = tempfile::tempdir().unwrap();
    let python = search();
    let mut session = Session::new(job, sources, &python, scratch.path(), Cancel::new());
    // a small generator is enough: any spread over places and changes
    let mut random = 0x9E37_79B9_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below.max(1)
    };
    let last = Step::Evidence;
    for step in last.needs(job) {
        let whole = &results[&step];
        for k in 0..24 {
            let mut bytes = whole.clone();
            match k % 4 {
                0 => bytes.truncate(next(whole.len())),
                1 => bytes[next(whole.len())] ^= 1 << next(8),
                2 => bytes.insert(next(whole.len()), next(256) as u8),
                // within the first line
                _ => bytes[next(150)] ^= 1 << next(7),
            }
            if bytes == *whole {
                continue;
            }
            let mut earlier = results.clone();
            earlier.insert(step, bytes);
            let stopped = session.run(last, &earlier, &mut |_| {}).unwrap_err();
            assert!(matches!(stopped, Stopped::Steps(_)), "{}: {stopped}", step.name());
        }
        let mut earlier = results.clone();
        earlier.remove(&step);
        let stopped = session.run(last, &earlier, &mut |_| {}).unwrap_err();
        assert!(matches!(stopped, Stopped::Steps(StepError::Missing(_))), "{stopped}");
    }
    let mut swapped = results.clone();
    swapped.insert(Step::Model, results[&Step::Blocks].clone());
    let stopped = session.run(Step::Faults, &swapped, &mut |_| {}).unwrap_err();
    assert!(matches!(stopped, Stopped::Steps(StepError::Other { .. })), "{stopped}");
    let other = Job { fma: !job.fma, ..job.clone() };
    let stopped = alone(&other, sources, Step::Model, results).unwrap_err();
    assert!(matches!(stopped, Stopped::Steps(StepError::Elsewhere(_))), "{stopped}");
}

#[test]
fn a_class_in_steps_of_their_own_is_the_command_lines_bundle() {
    let place = Place::new(&[("smoother.py", SMOOTHER), ("bench.py", BENCH)]);
    let asked = resolved(&place, "smoother.py", "Smoother", Some("bench.py"), &["c", "rust"]);
    let arguments = ["smoother.py", "--entry", "Smoother", "--bench", "bench.py", "--target", "c,rust"];
    as_the_command_line(&place, &arguments, &asked);
}

#[test]
fn a_function_with_blocks_in_steps_of_their_own_is_the_command_lines_bundle() {
    let place = Place::new(&[("shaper.py", SHAPER), ("bench.py", SHAPER_BENCH)]);
    let asked = resolved(&place, "shaper.py", "shape", Some("bench.py"), &["c"]);
    let arguments = ["shaper.py", "--entry", "shape", "--bench", "bench.py", "--target", "c"];
    as_the_command_line(&place, &arguments, &asked);
}

#[test]
fn declared_arguments_in_steps_of_their_own_are_the_command_lines_bundle() {
    let place = Place::new(&[("gain.py", "def gain(x, g):\n    return x * g + 0.5\n")]);
    let mut asked = resolved(&place, "gain.py", "gain", None, &["c"]);
    let options = Options {
        arg: vec!["x=float64[n]".into(), "g=float64".into()],
        target: vec!["c".into()],
        no_sign: true,
        ..Options::default()
    };
    asked.job = resolve(&place.path("gain.py"), options, Origin::Own).unwrap().job;
    let arguments = ["gain.py", "--arg", "x=float64[n]", "--arg", "g=float64", "--target", "c"];
    as_the_command_line(&place, &arguments, &asked);
}

#[test]
fn a_refusal_is_kept_and_reads_as_on_the_command_line() {
    let refused = "import numpy as np\n\n\ndef roots(x):\n    return np.sqrt(x, where=x > 0, out=np.zeros_like(x))\n\n\nif __name__ == \"__main__\":\n    roots(np.ones(3))\n    roots(np.ones(4))\n";
    let raising =
        "def f(x):\n    return x\n\n\nif __name__ == \"__main__\":\n    f(1.0)\n    raise ValueError(\"no data\")\n";
    for (text, entry) in [(refused, "roots"), (raising, "f")] {
        let place = Place::new(&[("src.py", text)]);
        let asked = resolved(&place, "src.py", entry, None, &["c"]);
        let stopped = alone(&asked.job, &asked.folder, Step::Record, &Results::new()).unwrap_err();
        let Stopped::Refused(refusal) = stopped else { panic!("{stopped}") };
        let bytes = refusal.to_bytes();
        let kept = Refusal::from_bytes(&bytes).unwrap();
        let arguments = ["translate", "src.py", "--entry", entry, "--target", "c", "--no-sign", "-o", "out"];
        let said = place.run(&arguments);
        assert_eq!((said.status, said.stderr), (3, kept.text(false)));
        let json = place.run(&[&["--message-format", "json"][..], &arguments].concat());
        assert_eq!(json.stdout, kept.json());
        let sarif = place.run(&[&["--message-format", "sarif"][..], &arguments].concat());
        assert_eq!(sarif.stdout.trim(), kept.sarif().trim());
        for cut in (0..bytes.len()).step_by(7) {
            assert!(Refusal::from_bytes(&bytes[..cut]).is_err());
        }
        assert!(Refusal::from_bytes(&[bytes, b" ".to_vec()].concat()).is_err());
    }
}

/// Runs a step and sets the flag after a while; gives how long the step went on after that.
fn cancelled(asked: &Resolved, step: Step, earlier: &Results, after: Duration) -> Duration {
    let cancel = Cancel::new();
    let scratch = tempfile::tempdir().unwrap();
    let python = search();
    std::thread::scope(|scope| {
        let setter = scope.spawn(|| {
            std::thread::sleep(after);
            cancel.set();
            Instant::now()
        });
        let mut session = Session::new(&asked.job, &asked.folder, &python, scratch.path(), cancel.clone());
        let stopped = session.run(step, earlier, &mut |_| {}).unwrap_err();
        assert!(matches!(stopped, Stopped::Cancelled), "{stopped}");
        drop(session);
        Instant::now().saturating_duration_since(setter.join().unwrap())
    })
}

#[test]
fn a_step_that_is_cancelled_ends_soon_and_gives_nothing() {
    // the bench would take its two minutes
    let slow = "def f(x):\n    return x\n\n\nif __name__ == \"__main__\":\n    f(1.0)\n    while True:\n        pass\n";
    let place = Place::new(&[("src.py", slow)]);
    let asked = resolved(&place, "src.py", "f", None, &["c"]);
    let took = cancelled(&asked, Step::Record, &Results::new(), Duration::from_secs(3));
    assert!(took < Duration::from_secs(8), "{took:?}");

    // the golden model would take minutes
    let heavy = "import numpy as np\n\n\ndef f(x):\n    s = 0.0\n    for i in range(300000):\n        for j in range(len(x)):\n            s = s * 0.5 + x[j] * i\n    return s\n\n\nif __name__ == \"__main__\":\n    f(np.ones(10))\n";
    let place = Place::new(&[("src.py", heavy)]);
    let asked = resolved(&place, "src.py", "f", None, &["c"]);
    let mut results = Results::new();
    results.insert(Step::Record, alone(&asked.job, &asked.folder, Step::Record, &results).unwrap());
    let took = cancelled(&asked, Step::Model, &results, Duration::from_secs(1));
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn a_vector_found_for_a_fault_is_the_command_lines_and_has_no_reference_from_another_bench() {
    let files = [("count.py", COUNT), ("bench.py", COUNT_BENCH)];
    let place = Place::new(&files);
    let asked = resolved(&place, "count.py", "count", Some("bench.py"), &["c"]);
    let arguments = ["count.py", "--entry", "count", "--bench", "bench.py", "--target", "c"];
    as_the_command_line(&place, &arguments, &asked);
    assert!(place.path("out/vectors/directed-0").is_dir(), "no vector was found: this test shows nothing");

    let clock = "count(np.array([float(__import__('time').time_ns() % 1000)]))\n";
    place.write("bench.py", &format!("{COUNT_BENCH}{clock}"));
    let mut results = Results::new();
    for step in [Step::Record, Step::Model, Step::Faults] {
        let bytes = alone(&asked.job, &asked.folder, step, &results).unwrap();
        results.insert(step, bytes);
    }
    let text = String::from_utf8_lossy(&results[&Step::Faults]).into_owned();
    assert!(text.contains("the bench did something else when it was run again"), "{}", &text[..400]);
    assert!(text.contains("\"sequences\":[]"), "a reference of another run of the bench");
}

#[test]
fn what_was_sent_does_not_choose_its_own_confinement() {
    let config = "[translate]\nbench = \"bench.py\"\ntarget = [\"c\"]\nsandbox = \"none\"\nallow-read = [\"/etc\"]\npython = \"evil\"\nkey = \"/etc/key\"\noutput = \"../out\"\n";
    let place = Place::new(&[("smoother.py", SMOOTHER), ("bench.py", BENCH), ("proofmark.toml", config)]);
    let sent = Origin::Sent(place.folder.path());
    let made = resolve(&place.path("smoother.py"), Options::default(), sent).unwrap();
    assert_eq!(made.ignored, ["output", "python", "sandbox", "allow-read", "key"]);
    assert_eq!((made.job.sandbox.name(), made.job.allow_read.len()), ("bubblewrap", 0));
    assert!(made.output.is_none() && made.python.is_none() && made.key.is_none());
    assert_eq!(made.folder, place.folder.path().canonicalize().unwrap());
    for outside in ["root = \"..\"", "bench = \"../other.py\"", "bench = \"link.py\""] {
        let _ = std::os::unix::fs::symlink("/etc/hostname", place.path("link.py"));
        place.write("proofmark.toml", &format!("[translate]\ntarget = [\"c\"]\n{outside}\n"));
        let refusal = resolve(&place.path("smoother.py"), Options::default(), sent).unwrap_err();
        let code = refusal.diagnostics[0].code.as_str();
        assert!(["PM0215", "PM0201"].contains(&code), "{outside}: {refusal:?}");
    }
}
