//! What goes through a browser: `idmux login google --browser`, and `idmux link`.

use clap::{Args, ValueEnum};

use super::client::{Answer, Client};
use super::output::{self, Printed};
use super::problem::Problem;
use super::session;
use super::target::UserTarget;
use crate::account::Provider;
use crate::browser;
use crate::session::{AnyOperation, EventKind, LinkWithBrowser, Linked, Outcome};

/// Whether a person logs in on the provider's own pages.
#[derive(Debug, Clone, Args)]
pub struct BrowserArgs {
    /// Log in on the provider's own pages, in the browser.
    #[arg(long, conflicts_with_all = ["secret_stdin", "secret_fd"])]
    pub browser: bool,

    /// Only print the address; open no browser.
    #[arg(long, requires = "browser")]
    pub no_open: bool,
}

/// Arguments of `idmux link`.
#[derive(Debug, Args)]
pub struct LinkArgs {
    /// Whose pages.
    provider: Pages,
    #[command(flatten)]
    user: UserTarget,
    /// Only print the address; open no browser.
    #[arg(long)]
    no_open: bool,
    /// Print an object for scripts.
    #[arg(long)]
    pub json: bool,
}

/// The providers that have pages.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Pages {
    Google,
    Facebook,
    Apple,
}

impl From<Pages> for Provider {
    fn from(pages: Pages) -> Self {
        match pages {
            Pages::Google => Self::Google,
            Pages::Facebook => Self::Facebook,
            Pages::Apple => Self::Apple,
        }
    }
}

impl LinkArgs {
    /// Adds an identity to a user.
    ///
    /// # Errors
    /// When the user is not found, or nothing comes of the browser.
    pub async fn run(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        let user = self.user.find(&client.snapshot())?;
        client.reach(&user.key.app).await?;
        let provider = Provider::from(self.provider);
        let words = format!("linked {provider}");
        let operation = LinkWithBrowser { user: user.key.clone(), provider };
        let answer = ask::<Linked>(client, operation.into(), !self.no_open).await?;
        session::printed(&answer.subject, ("linked", &words), self.json)
    }
}

/// Asks for something that a person may have to go to a browser for, and waits until it is done.
///
/// # Errors
/// When it fails, or the person takes too long.
pub async fn ask<T: Outcome>(
    client: &mut Client<'_>,
    operation: AnyOperation,
    opens: bool,
) -> Result<Answer<T>, Problem> {
    let event = client.begin(operation).await?;
    let (EventKind::BrowserNeeded { address, .. }, Some(request)) = (&event.kind, event.request) else {
        return Answer::of(event);
    };
    output::address("go on in the browser, at this address; Ctrl-C gives it up", address.as_str());
    if opens {
        browser::open(address.as_str());
    }
    Answer::of(client.next(request).await?)
}
