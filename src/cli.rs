//! The command line: arguments, and one module a sub-command.
//!
//! Every command but `serve` speaks to a session worker in its own process, through the same public face as the terminal
//! user interface. Processes share the vault.

pub mod api_keys;
pub mod apps;
mod browser;
mod client;
pub mod clock;
mod command;
mod consent;
mod data_folder;
mod doctor;
pub mod email;
pub mod import;
pub mod init;
pub mod keys;
pub mod login;
pub mod mail;
mod output;
mod problem;
mod secret;
pub mod serve;
pub mod session;
mod signals;
mod target;
pub mod timeline;
pub mod token;
pub mod users;
pub mod vault;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use url::Url;

pub use self::command::SessionCommand;
use self::problem::{Code, Problem};
use crate::account::{App, AppAlias, AppTextError, CustomDataSource, parse_base_url};
use crate::app::{self, Face, Start};

/// Log many users of an App in at once, side by side, and keep their sessions alive.
#[derive(Debug, Parser)]
#[command(name = "idmux", version, about, args_conflicts_with_subcommands = true)]
#[command(after_help = problem::EXIT_CODES)]
pub struct Cli {
    /// Start on a throw-away local App with six users logged in; nothing stays on disk.
    #[arg(long, conflicts_with_all = ["url", "app_id", "app"])]
    demo: bool,

    /// Show everything as lines of text and take commands as lines, for screen readers and pipes.
    #[arg(long)]
    plain: bool,

    #[command(flatten)]
    remote: Option<RemoteApp>,

    /// What to do; without it, the terminal user interface.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a local App: an App Services compatible server on this machine.
    Serve(serve::ServeArgs),
    /// Make Apps known on this device, list and forget them; write the configuration of a local one.
    #[command(subcommand)]
    App(AppCommand),
    /// List what every key of the terminal user interface does.
    Keys(keys::KeysArgs),
    /// Close the vault: keys and tokens leave the memory of every idmux process. Needs no key.
    Lock(vault::LockArgs),
    /// Everything else goes through a session worker.
    #[command(flatten)]
    Session(SessionCommand),
}

/// What `idmux app` does.
#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Write the configuration of a local App as files, to edit and to serve with `idmux serve --app`.
    Init(init::InitArgs),
    /// Take over the users of another App into the data folder of a local one.
    ImportUsers(import::ImportArgs),
    /// The apps that this device knows.
    #[command(flatten)]
    Known(apps::AppCommand),
}

impl Command {
    /// Runs the command to its end.
    pub fn run(self) -> ExitCode {
        match self {
            Self::Serve(args) => serve::run(args),
            Self::Keys(args) => keys::run(args),
            Self::Lock(args) => vault::lock(args),
            Self::App(AppCommand::Init(args)) => init::run(args),
            Self::App(AppCommand::ImportUsers(args)) => import::run(args),
            Self::App(AppCommand::Known(command)) => SessionCommand::App(command).run(),
            Self::Session(command) => command.run(),
        }
    }
}

/// An App that is not the embedded one.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[group(requires_all = ["url", "app_id"])]
pub struct RemoteApp {
    /// Base URL of an App elsewhere, such as one that `idmux serve` runs.
    #[arg(long, value_parser = base_url, required = false)]
    url: Url,

    /// Its client app id, such as shop-abcde.
    #[arg(long, required = false)]
    app_id: String,

    /// What to call it on this device; the client app id if not given.
    #[arg(long)]
    app: Option<String>,

    /// Host and port that the App may name as where it is served, besides its own.
    #[arg(long, value_name = "HOST", value_parser = host)]
    accept_host: Option<String>,
}

impl RemoteApp {
    /// The App.
    pub fn app(&self) -> App {
        App {
            alias: AppAlias::new(self.app.as_ref().unwrap_or(&self.app_id)),
            base_url: self.url.clone(),
            client_app_id: self.app_id.clone(),
            custom_data: CustomDataSource::default(),
            control: None,
            accepted_host: self.accept_host.clone(),
        }
    }
}

/// Reads the arguments of this process and does what they ask for.
pub fn main() -> ExitCode {
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    if let Some(command) = cli.command.take() {
        return command.run();
    }
    let face = cli.face();
    match app::run(cli.start(), face) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let problem = Problem::from(error);
            output::report(&problem);
            problem.exit_code()
        }
    }
}

/// Prints the help that was asked for, or says what is wrong with the arguments: as an object where they ask for JSON.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return output::finish(error.print().and_then(|()| io::stdout().flush()));
    }
    let said = error.render().to_string();
    let shown = without_user_info(&said);
    let mut arguments = std::env::args_os().take_while(|argument| argument != "--");
    if arguments.any(|argument| argument == "--json") {
        output::for_scripts();
        output::report(&Problem::usage(&shown));
    } else if shown == said {
        let _ = error.print();
    } else {
        let _ = write!(io::stderr(), "{shown}");
    }
    ExitCode::from(Code::Usage.exit())
}

/// clap repeats a wrong value, which may be an address with a password in it.
fn without_user_info(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part.split(['/', '?', '#', ' ', '\'', '\n']).next().unwrap_or_default();
        let after = authority.rfind('@').map_or(part, |at| &part[at..]);
        shown.push_str("://");
        if after.len() < part.len() {
            shown.push('…');
        }
        shown.push_str(after);
    }
    shown
}

impl Cli {
    /// How the terminal user interface shows itself.
    pub fn face(&self) -> Face {
        if self.plain { Face::Lines } else { Face::Screen }
    }

    /// What the terminal user interface works on.
    pub fn start(self) -> Start {
        match self.remote {
            Some(remote) => Start::Remote(Box::new(remote.app())),
            None if self.demo => Start::Demo,
            None => Start::Local,
        }
    }
}

/// A host with or without a port, and nothing else: it is kept and shown, in the one spelling that there is of it.
fn host(text: &str) -> Result<String, String> {
    let refuse = || "a host alone, such as shop.example.com:8080".to_owned();
    if text.contains(['@', '/', '?', '#', ' ', '\\']) {
        return Err(refuse());
    }
    // A port is left out where it is the scheme's own, and which scheme is meant is not said.
    let [http, https] = ["http", "https"].map(|scheme| format!("{scheme}://{text}/").parse::<Url>().ok());
    let (http, https) = http.zip(https).ok_or_else(refuse)?;
    let name = http.host_str().map(|host| host.strip_suffix('.').unwrap_or(host)).ok_or_else(refuse)?;
    Ok(match http.port().or(https.port()) {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    })
}

fn base_url(text: &str) -> Result<Url, AppTextError> {
    parse_base_url(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn start(args: &[&str]) -> Result<Start, clap::Error> {
        Cli::try_parse_from(std::iter::once(&"idmux").chain(args)).map(Cli::start)
    }

    /// Kind: a secret in an error that refuses it.
    #[test]
    fn a_refused_address_is_repeated_without_its_password() {
        for (text, shown) in [
            ("invalid value 'http://u:pw@host:1/?a=b' for", "invalid value 'http://…@host:1/?a=b' for"),
            ("'https://u:p@w@h' and 'http://h/@x'", "'https://…@h' and 'http://h/@x'"),
            ("no address", "no address"),
        ] {
            assert_eq!(without_user_info(text), shown);
        }
    }

    #[test]
    fn a_host_has_one_spelling() {
        for (text, expected) in [
            ("EU.Shop.Example.", "eu.shop.example"),
            ("shop.example:443", "shop.example:443"),
            ("shop.example:80", "shop.example:80"),
            ("shop.example:8080", "shop.example:8080"),
            ("[2001:DB8::0:1]:9", "[2001:db8::1]:9"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(expected));
        }
        for bad in ["", "a b", "u@h", "h/p", "h?q", "h#f", "h\\p", "http://h", "h:99999", ":80"] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn arguments_do_not_conflict() {
        Cli::command().debug_assert();
    }

    #[test]
    fn plain_is_a_face_of_whatever_is_shown() {
        let face = |args: &[&str]| Cli::try_parse_from(args).unwrap().face();
        assert_eq!(face(&["idmux"]), Face::Screen);
        assert_eq!(face(&["idmux", "--plain", "--demo"]), Face::Lines);
        assert!(Cli::try_parse_from(["idmux", "--plain", "users", "list"]).is_err());
    }

    #[test]
    fn the_app_is_the_embedded_one_unless_another_is_named() {
        assert_eq!(start(&[]).unwrap(), Start::Local);
        assert_eq!(start(&["--demo"]).unwrap(), Start::Demo);
        let Start::Remote(remote) =
            start(&["--url", "http://127.0.0.1:1/", "--app-id", "shop-abcde"]).unwrap()
        else {
            panic!("a remote app")
        };
        assert_eq!(remote.alias.as_str(), "shop-abcde");
        for wrong in [
            &["--url", "http://127.0.0.1:1/"][..],
            &["--app-id", "shop-abcde"],
            &["--url", "file:///etc/passwd", "--app-id", "shop-abcde"],
            &["--demo", "--url", "http://127.0.0.1:1/", "--app-id", "shop-abcde"],
        ] {
            assert!(start(wrong).is_err(), "{wrong:?}");
        }
    }
}
