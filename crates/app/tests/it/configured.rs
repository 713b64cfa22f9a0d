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
    let (code, text) = run(&["serve", "--oidc-client-secret", "s3cret"], None);
    assert_eq!(code, Some(2));
    assert!(text.contains("PROOFMARK_OIDC_CLIENT_SECRET") && !text.contains("s3cret"), "{text}");
    let (code, text) = run(&["worker", "--database", "postgres://h/d", "--health-listen", "there"], None);
    assert_eq!(code, Some(2));
    assert!(text.contains("`health-listen` (flag --health-listen)"), "{text}");
}

#[test]
fn every_option_has_a_flag_that_says_so() {
    let explain = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
        let done = command.args(["--message-format", "json", "config", "explain"]).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let value: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        value["config"].as_array().unwrap().clone()
    };
    let options = explain(&[]);
    let names = options.iter().map(|o| o["name"].as_str().unwrap()).filter(|n| *n != "oidc-client-secret");
    let flags: Vec<String> = names.flat_map(|name| [format!("--{name}"), "x".into()]).collect();
    let said = explain(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.len() > 30);
    for option in said {
        let name = option["name"].as_str().unwrap();
        let origin = if name == "oidc-client-secret" { "default".into() } else { format!("flag --{name}") };
        assert_eq!(option["origin"].as_str().unwrap(), origin);
    }
}
