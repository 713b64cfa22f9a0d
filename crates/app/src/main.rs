//! The one binary `proofmark`.

mod bench;
mod cli;
mod console;
mod design;
mod doctor;
mod explain;
mod failure;
mod key;
mod output;
mod panics;
mod remote;
mod run;
mod server;
mod translate;
mod verify;

use clap::Parser;
use cli::{AuditCommand, Cli, Command, ConfigCommand};
use console::Console;
use std::process::ExitCode;

fn main() -> ExitCode {
    panics::install();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // help and version are answers, not errors
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    let mut console = Console::new(cli.message_format);
    output::clean_up_after_dead_runs(&std::env::temp_dir());
    let done = panics::caught(|| match &cli.command {
        // said by the environment it is for those commands that know it
        other
            if cli.server.is_some()
                && !matches!(other, Command::Translate(_))
                && std::env::var_os("PROOFMARK_SERVER").is_none() =>
        {
            Err(failure::Failure::usage("server.option", "only `translate` is done on a server")
                .help("leave `--server` out: this command needs none"))
        }
        Command::Translate(o) => match &cli.server {
            Some(server) => remote::translate(server, &cli.connection, o, &mut console),
            None => translate::translate(o, &mut console),
        },
        Command::Run(o) => run::run(o, &mut console),
        Command::Verify(o) => verify::verify(o, &mut console),
        Command::Explain(o) => explain::explain(o, &mut console),
        Command::Doctor(o) => doctor::doctor(o, &mut console),
        Command::Bench(o) => bench::bench(o, &mut console),
        Command::Serve(o) => server::serve::serve(o, &mut console),
        Command::Worker(o) => server::serve::worker(o, &mut console),
        Command::Config(ConfigCommand::Explain(o)) => server::explain(o, &mut console),
        Command::Audit(AuditCommand::Verify(o)) => server::audit::verify(o, &mut console),
        Command::Backup(o) => server::backup::backup(o, &mut console),
        Command::Restore(o) => server::restore::restore(o, &mut console),
        Command::Migrate(o) => server::migrate::migrate(o, &mut console),
        Command::Admin(o) => server::admin::admin(o, &mut console),
    });
    let status = match done {
        Ok(Ok(status)) => status,
        Ok(Err(failure)) => console.fail(&failure),
        Err(bug) => console.fail(&bug),
    };
    console.finish();
    ExitCode::from(status)
}
