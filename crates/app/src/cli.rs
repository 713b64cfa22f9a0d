//! The command line. It is stable: what is here may be added to, not changed.

pub use crate::server::flags::ServerOptions;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Nothing ships without its proof mark: translates numerical Python to C99 and Rust, with evidence.
#[derive(Debug, Parser)]
#[command(name = "proofmark", version, disable_help_subcommand = true)]
pub struct Cli {
    /// How diagnostics and results are written
    #[arg(long, global = true, value_enum, default_value = "text", value_name = "FORMAT")]
    pub message_format: MessageFormat,
    /// Translate on a server; PROOFMARK_TOKEN holds a token for it
    #[arg(long, global = true, value_name = "URL", env = "PROOFMARK_SERVER")]
    pub server: Option<String>,
    #[command(flatten)]
    pub connection: Connection,
    #[command(subcommand)]
    pub command: Command,
}

/// With --server over HTTPS
#[derive(Debug, Default, Args)]
pub struct Connection {
    /// With --server: PEM file of the authorities that its certificate may come from, in place of the system's
    #[arg(long, global = true, value_name = "FILE", env = "PROOFMARK_CA")]
    pub ca_certificate: Option<PathBuf>,
    /// With --server: PEM file of a certificate that is registered there for a service account
    #[arg(long, global = true, value_name = "FILE", env = "PROOFMARK_CLIENT_CERTIFICATE")]
    pub client_certificate: Option<PathBuf>,
    /// With --server: PEM file of that certificate's private key
    #[arg(long, global = true, value_name = "FILE", env = "PROOFMARK_CLIENT_KEY")]
    pub client_key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// For people, on standard error
    Text,
    /// One JSON object per line, on standard output
    Json,
    /// One SARIF 2.1.0 document, on standard output
    Sarif,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, for as long as the program runs")]
pub enum Command {
    /// Translate a Python program, verify the result and write the evidence bundle
    ///
    /// Exit status: 0 every target reached at least `tested` (`built` without a bench), 1 a defect of Proofmark,
    /// 2 usage, 3 refused with diagnostics, 4 verification failed (the report is kept, the output withheld).
    Translate(Translate),
    /// Run a translated design on new data
    Run(Run),
    /// Check a bundle: signature, files, claims; then build and run it again with the tools at hand
    Verify(Verify),
    /// Say what a source line became, or where a generated line comes from
    Explain(Explain),
    /// List the tools Proofmark can use, and what each is needed for
    Doctor(Doctor),
    /// Time the generated C against CPython on the recorded vectors
    Bench(Bench),
    /// Serve the API and run workflows, in one process or, on PostgreSQL, as one of many
    Serve(ServerOptions),
    /// Run workflows only, beside servers on the same PostgreSQL
    Worker(ServerOptions),
    /// Configuration of server and worker
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Write everything of a server, database and blobs, to one file; the server may run
    ///
    /// Exit status: 0 everything is in it, 2 usage, 4 blobs that rows refer to are missing or damaged.
    Backup(Backup),
    /// Restore a backup into an empty database and an empty place for blobs, of the same kind or the other
    ///
    /// Exit status: 0 restored, 2 refused, 4 restored, but the audit log is not whole or the backup lacked blobs.
    Restore(Restore),
    /// Bring the schema of a database up to date
    ///
    /// Exit status: 0 it is up to date, 2 it cannot be, 4 with `--check`: there is something to do.
    Migrate(Migrate),
    /// Organizations, accounts and stored bytes, at the machine itself
    #[command(subcommand)]
    Admin(AdminCommand),
}

#[derive(Debug, Args)]
pub struct Backup {
    /// File to write; it must not exist
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Put signing.key and secrets.key into it
    #[arg(long)]
    pub with_keys: bool,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// File made by `proofmark backup`
    pub file: PathBuf,
    /// Public key that checkpoints of the audit log are signed with; without it the signing key in the data folder
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// A copy beside the original: switch all webhooks off, so that receivers are not told twice
    #[arg(long)]
    pub copy: bool,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct Migrate {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, for as long as the program runs")]
pub enum AdminCommand {
    /// List organizations, or make one
    Organizations(Organizations),
    /// Make a one-time link with which an owner of an organization sets a password
    Link {
        /// The organization, by identifier or name
        #[arg(long, value_name = "ORGANIZATION")]
        organization: String,
        /// Whose link it is: made an owner if they are none; without it the oldest owner
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        #[command(flatten)]
        server: ServerOptions,
    },
    /// List accounts
    Principals {
        /// Of one organization, by identifier or name
        #[arg(long, value_name = "ORGANIZATION")]
        organization: Option<String>,
        #[command(flatten)]
        server: ServerOptions,
    },
    /// Shut an account out: its sessions end, its tokens and certificates stop working
    Disable(OfPrincipal),
    /// Let an account in again
    Enable(OfPrincipal),
    /// Take an account's second factor and recovery codes away
    ResetSecondFactor(OfPrincipal),
    /// End all sessions and tokens of an account
    RevokeSessions(OfPrincipal),
    /// Remove stored bytes that nothing refers to
    Sweep {
        /// Say what would go, and remove nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        server: ServerOptions,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Organizations {
    #[command(subcommand)]
    pub command: Option<OrganizationsCommand>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Subcommand)]
pub enum OrganizationsCommand {
    /// Make an organization with its first owner, and a one-time link for them
    Create {
        /// Name of the organization
        name: String,
        /// Address of its first owner
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        #[command(flatten)]
        server: ServerOptions,
    },
}

#[derive(Debug, Args)]
pub struct OfPrincipal {
    /// The account, by identifier or address
    pub principal: String,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every option with its value and where it comes from
    Explain(ServerOptions),
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check the chain of entries and the signed checkpoints, of a database or of an export
    ///
    /// Exit status: 0 everything is whole, 2 usage, 4 something was edited, deleted or put in another order.
    Verify(AuditVerify),
}

#[derive(Debug, Args)]
pub struct AuditVerify {
    /// Export as JSON Lines; without it the database is read
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Public key that checkpoints are signed with; without it the one in the data folder
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NumericOption {
    /// NumPy's own result types
    F64,
    /// float64 and complex128 narrowed to float32 and complex64
    F32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SandboxOption {
    /// User code runs in bubblewrap
    Bubblewrap,
    /// User code runs unconfined; this is recorded in the evidence
    None,
}

#[derive(Debug, Default, Args)]
pub struct Translate {
    /// Python file with the algorithm
    pub file: PathBuf,
    /// Function, class, `Class.method`, or `script:name1,name2` for result variables of a whole script
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// Script that calls the entry; without it the file itself is run
    #[arg(long, value_name = "FILE", conflicts_with = "arg")]
    pub bench: Option<PathBuf>,
    /// Declared argument, e.g. `x=complex64[n]`, when there is no bench
    #[arg(long, value_name = "NAME=DTYPE[SHAPE]")]
    pub arg: Vec<String>,
    /// What to make: c, rust
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub target: Vec<String>,
    /// Working precision
    #[arg(long, value_enum)]
    pub numeric: Option<NumericOption>,
    /// Use fused multiply-add where the golden model defines it
    #[arg(long)]
    pub fma: bool,
    /// Folder to write the bundle to; it must not exist
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Replace an existing bundle
    #[arg(long)]
    pub force: bool,
    /// Python interpreter with NumPy 2
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// What the bench is confined by
    #[arg(long, value_enum)]
    pub sandbox: Option<SandboxOption>,
    /// File or folder outside the project that the bench may read
    #[arg(long, value_name = "PATH")]
    pub allow_read: Vec<PathBuf>,
    /// Key file to sign with; without it a key of yours, made at first use
    #[arg(long, value_name = "FILE", conflicts_with = "no_sign")]
    pub key: Option<PathBuf>,
    /// Leave the bundle unsigned
    #[arg(long)]
    pub no_sign: bool,
    /// With --server: the project, by name or identifier; one of a new name is made
    #[arg(long, value_name = "PROJECT")]
    pub project: Option<String>,
}

#[derive(Debug, Args)]
pub struct Run {
    /// Bundle made by `proofmark translate`
    pub bundle: PathBuf,
    /// Target to run: c or rust
    #[arg(long, default_value = "c")]
    pub target: String,
    /// Input arrays by port name
    #[arg(long, value_name = "FILE.npz")]
    pub inputs: PathBuf,
    /// Where to write the output arrays
    #[arg(long, value_name = "FILE.npz")]
    pub outputs: PathBuf,
    /// Feed the one-dimensional inputs in blocks of this many elements
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub block: Option<u64>,
    /// Entry to call, when the design has several
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// Replace an existing output file
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// Bundle made by `proofmark translate`
    pub bundle: PathBuf,
    /// Public key (or bundle's `statement.key` from elsewhere) you trust; without it only integrity is shown
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Check files and signature only
    #[arg(long)]
    pub no_rerun: bool,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A line of a source or of a generated file, e.g. `out/c/demod.c:120`
    #[arg(value_name = "FILE:LINE")]
    pub place: String,
    /// Bundle to look in, for a line of a source file
    #[arg(long, value_name = "OUT")]
    pub bundle: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// Python interpreter to judge
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// Bundle made by `proofmark translate`
    pub bundle: PathBuf,
    /// Python interpreter with NumPy 2
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// What the bench is confined by
    #[arg(long, value_enum, default_value = "bubblewrap")]
    pub sandbox: SandboxOption,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_holds_together() {
        use clap::CommandFactory;
        super::Cli::command().debug_assert();
    }
}
