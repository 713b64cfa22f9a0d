//! Options that cannot be followed.

use std::process::Command;

#[test]
fn a_wrong_configuration_stops_the_start_with_the_option_and_its_origin() {
    let run = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
        command.args(arguments).envs(variable);
        let done = command.output().unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let (code, text) = run(&["serve", "--listen", "here"], None);
    assert_eq!(code, Some(2));
    assert!(text.contains("`listen` (flag --listen)"), "{text}");
    let (code, text) = run(&["serve"], Some(("PROOFMARK_PORT", "80")));
    assert_eq!(code, Some(2));
    assert!(text.contains("environment PROOFMARK_PORT"), "{text}");
    let (code, text) = run(&["worker"], None);
    assert_eq!(code, Some(2));
    assert!(text.contains("PostgreSQL"), "{text}");
    let (code, text) = run(&["serve", "--database", "postgres://u:secret@h/d"], None);
    assert_eq!(code, Some(2));
    assert!(text.contains("PROOFMARK_DATABASE") && !text.contains("secret@"), "{text}");
}
