//! `idmux doctor`: what is wrong with the vault, whether or not it opens; what of it is lost, until a person says that it may
//! be forgotten.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::client::{Client, open};
use super::output::{self, Printed};
use super::problem::{Code, Problem};
use crate::folders::Folders;
use crate::session::{self, Finding, RecordName, SetAside, VaultError, VaultStatus, examine_vault};

/// Arguments of `idmux doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Forget that this record is lost: `APP/ID` as it is named, the id alone, or the name of an App. Without a name, all.
    #[arg(long, value_name = "NAME", num_args = 0..=1, conflicts_with = "forget_all")]
    forget: Option<Option<String>>,
    /// Forget all that is lost: it is not named any more.
    #[arg(long)]
    forget_all: bool,
    /// Print an object for scripts.
    #[arg(long)]
    pub json: bool,
}

/// What was found.
#[derive(Debug, Default)]
struct Report {
    /// Records that are lost.
    lost: Vec<SetAside>,
    /// What is wrong with the file and its key.
    damage: Vec<Finding>,
    /// Lost records that are named no more.
    forgotten: Vec<SetAside>,
    /// Why the records were not looked at.
    closed: Option<Problem>,
}

impl DoctorArgs {
    fn forgets(&self) -> bool {
        self.forget_all || self.forget.is_some()
    }

    /// The lost records to forget.
    fn chosen(&self, lost: &[SetAside]) -> Result<Vec<SetAside>, Problem> {
        let Some(name) = self.forget.as_ref().and_then(Option::as_ref) else {
            return Ok(if self.forgets() { lost.to_vec() } else { Vec::new() });
        };
        let chosen: Vec<_> = lost.iter().filter(|lost| is_called(&lost.record, name)).cloned().collect();
        match chosen.len() {
            1 => Ok(chosen),
            found => {
                let (code, message) = if found == 0 {
                    (Code::UnknownUser, format!("no record that is lost is called {name}"))
                } else {
                    (Code::AmbiguousUser, format!("several records that are lost are called {name}"))
                };
                let lost = lost.iter().map(|lost| lost.record.to_string()).collect();
                let hint = "name one as `idmux doctor` does, or take --forget-all";
                Err(Problem::new(code, message, hint).among(lost))
            }
        }
    }
}

fn is_called(record: &RecordName, name: &str) -> bool {
    record.to_string() == name
        || match record {
            RecordName::User(user) => user.id.as_str() == name,
            RecordName::App(app) => app.as_str() == name,
            RecordName::Nameless(_) => false,
        }
}

/// Says what is wrong with a vault that cannot be opened, or that there is none; `None` when it can be tried. Nothing is made.
pub fn without_opening(args: &DoctorArgs) -> Option<ExitCode> {
    let result = match examine().map(drop) {
        Ok(()) => return None,
        Err(Examined::NoVault(said)) => Report::default().printed(args, &said).write(),
        Err(Examined::Closed(finding)) => {
            let report = Report { damage: vec![finding], ..Report::default() };
            report.printed(args, "").write().and_then(|()| Err(report.problem()))
        }
    };
    Some(match result {
        Ok(()) => output::done(),
        Err(problem) => {
            output::report(&problem);
            problem.exit_code()
        }
    })
}

/// Why there is nothing to open.
enum Examined {
    NoVault(String),
    Closed(Finding),
}

fn examine() -> Result<Vec<Finding>, Examined> {
    let file: PathBuf = match Folders::find() {
        Ok(folders) => folders.vault(),
        Err(error) => {
            let remedy = "set IDMUX_HOME to a folder of yours".to_owned();
            return Err(Examined::Closed(Finding { what: error.to_string(), remedy }));
        }
    };
    examine_vault(&file).map_err(|error| match error {
        VaultError::NoVault(_) => Examined::NoVault(format!("{error}: nobody has logged in yet")),
        error => Examined::Closed(Finding::of(&error, &file)),
    })
}

/// Says what is wrong, and what is lost; forgets what may be forgotten.
///
/// # Errors
/// While something is damaged, lost, or cannot be looked at.
pub async fn run(args: DoctorArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let damage = match examine() {
        Ok(damage) => damage,
        Err(Examined::NoVault(_)) => Vec::new(),
        Err(Examined::Closed(finding)) => vec![finding],
    };
    let mut report = Report { damage, ..Report::default() };
    if report.damage.is_empty() {
        // Asks for the passphrase where that is what is missing.
        report.closed = client.open_and_ask().await.err();
    } else {
        report.closed = open(&client.vault_status().await?).err();
    }
    // What SQLite finds in order may still be no vault.
    if let Some(closed) = report.closed.take_if(|closed| closed.code == Code::Vault) {
        let remedy = "put a copy of it back, or move it away to begin anew".to_owned();
        report.damage.push(Finding { what: closed.message, remedy });
    }
    if let VaultStatus::Open { set_aside, .. } = client.vault_status().await? {
        report.forgotten = args.chosen(&set_aside)?;
        report.lost = set_aside.into_iter().filter(|lost| !report.forgotten.contains(lost)).collect();
    }
    if !report.forgotten.is_empty() {
        let records = report.forgotten.iter().map(|lost| lost.record.clone()).collect();
        client.ask(session::ForgetLost(records)).await?;
    }
    let printed = report.printed(&args, "nothing of the vault is lost or damaged");
    if report.is_well() {
        return Ok(printed);
    }
    printed.write()?;
    Err(report.problem())
}

impl Report {
    fn is_well(&self) -> bool {
        self.lost.is_empty() && self.damage.is_empty() && self.closed.is_none()
    }

    fn printed(&self, args: &DoctorArgs, all_is_well: &str) -> Printed {
        if args.json {
            let lost = |lost: &SetAside| json!({ "record": lost.record.to_string(), "why": lost.why });
            let damage = |found: &Finding| json!({ "what": found.what, "remedy": found.remedy });
            return Printed::json(&json!({
                "lost": self.lost.iter().map(lost).collect::<Vec<_>>(),
                "damage": self.damage.iter().map(damage).collect::<Vec<_>>(),
                "forgotten": self.forgotten.iter().map(lost).collect::<Vec<_>>(),
            }));
        }
        let mut lines: Vec<_> =
            self.lost.iter().map(|lost| format!("lost: {}: {}", lost.record, lost.why)).collect();
        for found in &self.damage {
            lines.push(format!("damaged: {}", found.what));
            lines.push(format!("  {}", found.remedy));
        }
        lines.extend(self.forgotten.iter().map(|lost| format!("forgotten: {}", lost.record)));
        if self.is_well() && self.forgotten.is_empty() && !all_is_well.is_empty() {
            lines.push(all_is_well.to_owned());
        }
        let lines: Vec<_> = lines.iter().map(|line| crate::text::inert(line).into_owned()).collect();
        Printed::text(lines.join("\n"))
    }

    /// What is still wrong, in one sentence.
    fn problem(&self) -> Problem {
        match (&self.damage[..], &self.closed, self.lost.len()) {
            ([_, ..], ..) => Problem::new(
                Code::Vault,
                "the vault is damaged",
                "what is wrong, and what to do, is on standard output; nothing was changed",
            ),
            ([], Some(closed), _) => Problem {
                message: format!("the file is whole; its records were not looked at: {}", closed.message),
                ..closed.clone()
            },
            ([], None, lost) => {
                let are = if lost == 1 { "record is" } else { "records are" };
                Problem::new(
                    Code::Vault,
                    format!("{lost} {are} lost: users who are missing have to log in again"),
                    "`idmux doctor --forget NAME` forgets one of them, `--forget-all` all; they are not named any more",
                )
            }
        }
    }
}
