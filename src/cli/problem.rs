//! Why a command failed: for a person, for a script, and as an exit code.

use std::process::ExitCode;

use serde_json::json;

use crate::app::AppError;
use crate::session::{Failure, FailureKind, Subject};
use crate::text;

/// The exit codes, as `--help` shows them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    it failed for a reason that is none of the others
  2    wrong usage: arguments, or an app or user that is not known or not the only one of that name
  3    log in first, or again: there is no session, or the credentials were refused
  4    not permitted: the server understood and refused
  5    the server cannot be reached, is in trouble, or is none that idmux can talk to
  6    the vault is not available: locked, without a key, or damaged
  7    it cannot be met: the server gives no token that lives as long as was asked for
  129  ended by SIGHUP
  130  interrupted
  131  ended by SIGQUIT
  143  ended by SIGTERM";

/// What kind of problem, by a name that does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The parts of the program did not start or stop.
    Failed,
    /// The app's name is taken.
    AppExists,
    /// The arguments are wrong.
    Usage,
    /// An input cannot be what it should be.
    Input,
    /// The app is not known on this device.
    UnknownApp,
    /// Several apps are known, and none was named.
    AppNeeded,
    /// No user of the app goes by that name.
    UnknownUser,
    /// Several users of the app go by that name.
    AmbiguousUser,
    /// The user has no API key of that name.
    UnknownKey,
    /// The mailbox has no such mail.
    UnknownMail,
    /// The account has to be confirmed before its first log-in.
    ConfirmationPending,
    /// No user was named, and the app has no current one.
    NoCurrentUser,
    /// The user has no session.
    NotLoggedIn,
    /// The server refused the credentials.
    Credentials,
    /// The server refused for another reason.
    Refused,
    /// The server has a problem, or too much to do.
    ServerTrouble,
    /// The server did not answer.
    Unreachable,
    /// The server answered something that is not the protocol.
    NotTheProtocol,
    /// The App names an address that secrets are not sent to.
    Address,
    /// The vault's key was not had.
    VaultLocked,
    /// There is no vault yet, and nobody said where its key shall live.
    VaultNeedsKey,
    /// The vault cannot be read or written.
    Vault,
    /// Something would be lost for ever, and nobody agreed to that.
    ConsentNeeded,
    /// A person was asked, and said no.
    Declined,
    /// No access token of the App lives as long as was asked for.
    MinTtl,
    /// A person took too long.
    TimedOut,
    /// A person stopped it.
    Interrupted,
    /// A signal of that number ended it.
    Ended(u8),
}

impl Code {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::AppExists => "app-exists",
            Self::Usage => "usage",
            Self::Input => "input",
            Self::UnknownApp => "unknown-app",
            Self::AppNeeded => "app-needed",
            Self::UnknownUser => "unknown-user",
            Self::AmbiguousUser => "ambiguous-user",
            Self::UnknownKey => "unknown-key",
            Self::UnknownMail => "unknown-mail",
            Self::ConfirmationPending => "confirmation-pending",
            Self::NoCurrentUser => "no-current-user",
            Self::NotLoggedIn => "not-logged-in",
            Self::Credentials => "credentials",
            Self::Refused => "refused",
            Self::ServerTrouble => "server-trouble",
            Self::Unreachable => "unreachable",
            Self::NotTheProtocol => "not-the-protocol",
            Self::Address => "address",
            Self::VaultLocked => "vault-locked",
            Self::VaultNeedsKey => "vault-needs-key",
            Self::Vault => "vault",
            Self::ConsentNeeded => "consent-needed",
            Self::Declined => "declined",
            Self::MinTtl => "min-ttl",
            Self::TimedOut => "timed-out",
            Self::Interrupted => "interrupted",
            Self::Ended(_) => "ended-by-signal",
        }
    }

    /// The exit code; see [`EXIT_CODES`].
    pub fn exit(self) -> u8 {
        match self {
            Self::Failed
            | Self::Declined
            | Self::TimedOut
            | Self::AppExists
            | Self::UnknownKey
            | Self::UnknownMail => 1,
            Self::Usage
            | Self::Input
            | Self::ConsentNeeded
            | Self::UnknownApp
            | Self::AppNeeded
            | Self::UnknownUser
            | Self::AmbiguousUser => 2,
            Self::NoCurrentUser | Self::NotLoggedIn | Self::Credentials | Self::ConfirmationPending => 3,
            Self::Refused => 4,
            Self::ServerTrouble | Self::Unreachable | Self::NotTheProtocol | Self::Address => 5,
            Self::MinTtl => 7,
            Self::VaultLocked | Self::VaultNeedsKey | Self::Vault => 6,
            Self::Interrupted => 130,
            Self::Ended(signal) => 128 + signal,
        }
    }
}

impl From<FailureKind> for Code {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Unreachable => Self::Unreachable,
            FailureKind::Credentials => Self::Credentials,
            FailureKind::Refused => Self::Refused,
            FailureKind::ServerTrouble => Self::ServerTrouble,
            FailureKind::NotLoggedIn => Self::NotLoggedIn,
            FailureKind::Garbage => Self::NotTheProtocol,
            FailureKind::Address => Self::Address,
            FailureKind::Vault => Self::Vault,
            FailureKind::Unknown => Self::UnknownUser,
            FailureKind::Input => Self::Input,
            FailureKind::TooShort => Self::MinTtl,
            FailureKind::TimedOut => Self::TimedOut,
        }
    }
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub code: Code,
    /// What happened, and to whom.
    pub message: String,
    /// Lines of a file with what is wrong in them, to be shown as they stand.
    pub excerpt: Vec<String>,
    /// Whom or what a person may have meant; one line each.
    pub candidates: Vec<String>,
    /// What to do next; may be empty.
    pub hint: String,
}

impl Problem {
    /// A problem in words.
    pub fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: message.into(), excerpt: Vec::new(), candidates: Vec::new(), hint: hint.into() }
    }

    /// The same, with what a person may have meant.
    pub fn among(self, candidates: Vec<String>) -> Self {
        Self { candidates, ..self }
    }

    /// What is wrong with the arguments: a sentence, advice, and the usage, as clap writes them.
    pub fn usage(said: &str) -> Self {
        let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        let message = lines.next().unwrap_or_default();
        let hint: Vec<_> = lines.collect();
        Self::new(Code::Usage, message.strip_prefix("error: ").unwrap_or(message), hint.join("\n"))
    }

    /// A person stopped the command.
    pub fn interrupted() -> Self {
        Self::new(Code::Interrupted, "interrupted", "")
    }

    /// The worker answered a request with something that does not belong to it.
    pub fn unexpected_answer() -> Self {
        Self::new(Code::Failed, "the session worker answered something else", "the log says more")
    }

    /// What the worker says of a request.
    pub fn of(failure: &Failure, subject: &Subject) -> Self {
        let Failure { kind, action, message, hint } = failure;
        let who = whom(subject).map(|who| format!("{who}: ")).unwrap_or_default();
        Self::new((*kind).into(), format!("{who}could not {action}: {message}"), hint.as_str())
    }

    /// The exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code.exit())
    }

    /// Lines for a person, without an end of line. Text from servers is inert in them.
    pub fn for_people(&self) -> String {
        let hint = Some(&self.hint).filter(|hint| !hint.is_empty());
        let rest = self.excerpt.iter().chain(&self.candidates).chain(hint);
        let rest: String = rest.map(|line| format!("\n  {}", text::inert(line))).collect();
        format!("idmux: {}{rest}", text::inert(&self.message))
    }

    /// An object for a script.
    pub fn for_scripts(&self) -> serde_json::Value {
        let message =
            std::iter::once(&self.message).chain(&self.excerpt).cloned().collect::<Vec<_>>().join("\n");
        let mut error = json!({ "code": self.code.name(), "message": message, "hint": self.hint });
        if !self.candidates.is_empty() {
            error["candidates"] = self.candidates.clone().into();
        }
        json!({ "error": error })
    }
}

/// `ada@example.com of shop`, as far as it is known.
pub fn whom(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Device => None,
        Subject::App { app, who: None } => Some(app.to_string()),
        Subject::App { app, who: Some(who) } => Some(format!("{who} of {app}")),
        Subject::User { key, label } => Some(format!("{label} of {}", key.app)),
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let said = error.to_string();
        let mut lines = said.lines().map(str::to_owned);
        let problem = Self::new(Code::Failed, lines.next().unwrap_or_default(), "");
        Self { excerpt: lines.collect(), ..problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AppAlias;

    const ALL: [Code; 23] = [
        Code::Usage,
        Code::TimedOut,
        Code::UnknownKey,
        Code::UnknownMail,
        Code::ConfirmationPending,
        Code::Failed,
        Code::AppExists,
        Code::Input,
        Code::UnknownApp,
        Code::AppNeeded,
        Code::UnknownUser,
        Code::AmbiguousUser,
        Code::NoCurrentUser,
        Code::NotLoggedIn,
        Code::Credentials,
        Code::Refused,
        Code::Unreachable,
        Code::Address,
        Code::NotTheProtocol,
        Code::VaultLocked,
        Code::VaultNeedsKey,
        Code::Vault,
        Code::Interrupted,
    ];

    #[test]
    fn every_exit_code_is_documented() {
        for code in ALL {
            let documented =
                EXIT_CODES.lines().any(|line| line.trim_start().starts_with(&format!("{} ", code.exit())));
            assert!(documented, "{code:?}");
        }
        let page = include_str!("../../docs/commands.md");
        for line in EXIT_CODES.lines().skip(1) {
            let (code, meaning) = line.trim_start().split_once(' ').unwrap();
            assert!(page.contains(&format!("| {code} | {} |", meaning.trim_start())), "{line}");
        }
        let names: std::collections::HashSet<_> = ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn a_failure_says_whom_it_hit_and_what_to_do() {
        let failure = Failure {
            kind: FailureKind::Credentials,
            action: "log in",
            message: "wrong \u{1b}[2J password".into(),
            hint: "check it".into(),
        };
        let subject = Subject::App { app: AppAlias::new("shop"), who: Some("ada".into()) };
        let problem = Problem::of(&failure, &subject);
        assert_eq!(problem.code.exit(), 3);
        assert_eq!(
            problem.for_people(),
            "idmux: ada of shop: could not log in: wrong ␛[2J password\n  check it"
        );
        assert_eq!(problem.for_scripts()["error"]["code"], "credentials");
    }
}
