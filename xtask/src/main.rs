//! Chores of this repository: `cargo xtask check-deps | tidy | supported | demo | bless | services | openapi`. What the product does must not live here.

mod bless;
mod check_deps;
mod demo;
mod error_pages;
mod links;
mod openapi;
mod services;
mod sources;
mod supported;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND
  check-deps         hold the crates to the table of allowed dependencies, processes and libraries
  tidy               hold the sources and documents to the house rules
  supported          write docs/supported.md from the prelude
  demo [--force]     translate the examples into build/demo and print what came out (needs `make build`)
  bless [ARGS...]    rewrite the expectations of the file tests; ARGS go to `cargo test`
  openapi            write openapi/v1.json from the contract
  openapi check [OLD NEW]
                     say what NEW breaks for clients of OLD; without them, the one in work and the one released last
  services -- COMMAND...
                     run COMMAND with PostgreSQL, NATS and S3 servers of its own (needs `make venv-test`)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    if let Some(("services", rest)) = args.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        let command = rest.strip_prefix(&["--".to_string()]).unwrap_or(rest);
        return services::run(command).unwrap_or_else(failed);
    }
    let outcome = match args.first().map(String::as_str) {
        Some("check-deps") if rest.is_empty() => check_deps::run(),
        Some("tidy") if rest.is_empty() => tidy::run(),
        Some("supported") if rest.is_empty() => supported::run(),
        Some("demo") if rest.is_empty() => demo::run(false),
        Some("demo") if rest == ["--force"] => demo::run(true),
        Some("openapi") => match rest {
            [] => openapi::write(),
            [check] if check == "check" => openapi::check(None),
            [check, old, new] if check == "check" => openapi::check(Some((old, new))),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        },
        Some("bless") => bless::run(rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(error),
    }
}

fn failed(error: anyhow::Error) -> ExitCode {
    eprintln!("xtask: {error:#}");
    ExitCode::FAILURE
}

/// Prints `problems` under `what` and says whether there were none.
fn verdict(what: &str, problems: &[String]) -> bool {
    for problem in problems {
        eprintln!("{what}: {problem}");
    }
    if problems.is_empty() {
        println!("{what}: ok");
    } else {
        eprintln!("{what}: {} problems", problems.len());
    }
    problems.is_empty()
}
