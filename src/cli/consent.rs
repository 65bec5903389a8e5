//! Before something that nothing brings back: a person is asked at the terminal, and a script has to say `--yes`.

use std::io::{self, BufRead, Write};

use clap::Args;

use super::problem::{Code, Problem};
use super::secret;
use crate::session::UserView;
use crate::text;

/// Whether a person has agreed beforehand.
#[derive(Debug, Clone, Copy, Args)]
pub struct YesArgs {
    /// Do it without asking, also where something is lost for ever.
    #[arg(long)]
    pub yes: bool,
}

/// Asks for consent to `loss`, which says what is lost and to whom.
///
/// # Errors
/// When the person declines, or nobody is there to ask and nobody agreed beforehand.
pub async fn ask(args: YesArgs, loss: &str) -> Result<(), Problem> {
    if args.yes {
        return Ok(());
    }
    if !secret::can_prompt() {
        return Err(Problem::new(
            Code::ConsentNeeded,
            loss,
            "nothing was done; say --yes to do it all the same",
        ));
    }
    if agrees(loss, "Do it all the same?").await {
        return Ok(());
    }
    Err(Problem::new(Code::Declined, "nothing was done", ""))
}

/// Asks a person at the terminal. Whatever is no yes is a no.
pub async fn agrees(what: &str, question: &str) -> bool {
    let question = format!("{}\n{question} [y/N] ", text::inert(what));
    let answer = tokio::task::spawn_blocking(move || {
        let mut terminal = io::stderr().lock();
        terminal.write_all(question.as_bytes())?;
        terminal.flush()?;
        drop(terminal);
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let answer = answer.await.ok().and_then(Result::ok).unwrap_or_default();
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// What the end of their sessions costs the users who have no other way in; `None` where there is none.
pub fn lost_users<'a>(users: impl Iterator<Item = &'a UserView>) -> Option<String> {
    let lost: Vec<_> = users.filter(|user| user.is_lost_without_session()).collect();
    let (first, more) = lost.split_first()?;
    let who = match more.len() {
        0 => format!("{} of {} is anonymous: this session is its only way in", first.label, first.key.app),
        more => {
            let (label, app) = (&first.label, &first.key.app);
            format!("{label} of {app} and {more} more are anonymous: their sessions are their only way in")
        }
    };
    Some(format!(
        "{who}. Without it nobody can log in as this user again, and the account and its data are lost. To keep it, \
         link it to an e-mail address first: in `idmux`, `L`"
    ))
}
