//! The vault: opened, locked, and its lost records forgotten.

use crate::account::Severity;
use crate::session::engine::Engine;
use crate::session::{
    EventKind, Failure, FailureKind, KeyChoice, KeySource, Operation, Outcome, RecordName, RequestId,
    Subject, VaultStatus,
};
use crate::vault::{KeyPolicy, Opened, Vault, VaultError};

/// Open the vault with the key that a person chose.
#[derive(Debug, Clone)]
pub struct OpenVault(pub KeyChoice);

/// The vault is open.
#[derive(Debug)]
pub struct VaultOpened {
    /// Where its key comes from.
    pub key: KeySource,
    /// How many users it holds.
    pub users: usize,
}

impl Outcome for VaultOpened {
    fn sentence(&self) -> String {
        let users = if self.users == 1 { "1 user".to_owned() } else { format!("{} users", self.users) };
        format!("vault open, {users}, key: {}", self.key)
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }
}

impl Operation for OpenVault {
    type Outcome = VaultOpened;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.open_vault(Some(id), Some(self.0));
    }
}

/// Close the vault: keys and tokens leave the memory of every idmux process until it is opened again.
#[derive(Debug, Clone, Copy)]
pub struct Lock;

/// The vault is closed; keys and tokens are gone from memory.
#[derive(Debug)]
pub struct Locked;

impl Outcome for Locked {
    fn sentence(&self) -> String {
        "the vault is locked".into()
    }

    fn severity(&self) -> Severity {
        Severity::Warn
    }
}

impl Operation for Lock {
    type Outcome = Locked;

    fn start(self, engine: &mut Engine, id: RequestId) {
        const ACTION: &str = "lock the vault";
        if engine.vault.is_none() {
            return engine.tell(Some(id), Subject::Device, Failure::vault_is_closed(ACTION));
        }
        let stored = engine.vault_write(|vault| vault.set_locked(true));
        engine.spawn_to_land(None, Some(id), stored, move |engine, result| match result {
            Ok(()) => {
                engine.close_vault();
                engine.tell(Some(id), Subject::Device, Locked);
            }
            Err(error) => engine.tell(Some(id), Subject::Device, Failure::vault_failed(ACTION, &error)),
        });
    }
}

/// Forget that records of the vault are lost: a person knows of them.
#[derive(Debug, Clone)]
pub struct ForgetLost(pub Vec<RecordName>);

/// Lost records are not named any more.
#[derive(Debug)]
pub struct LossesForgotten;

impl Outcome for LossesForgotten {
    fn sentence(&self) -> String {
        "what is lost is forgotten".into()
    }
}

impl Operation for ForgetLost {
    type Outcome = LossesForgotten;

    fn start(self, engine: &mut Engine, id: RequestId) {
        const ACTION: &str = "forget what is lost";
        let VaultStatus::Open { set_aside, .. } = &mut engine.vault_status else {
            return engine.tell(Some(id), Subject::Device, Failure::vault_is_closed(ACTION));
        };
        set_aside.retain(|lost| !self.0.contains(&lost.record));
        engine.changed = true;
        let stored = engine.vault_write(|vault| vault.forget_lost(self.0));
        engine.store(None, Some(id), Subject::Device, ACTION, stored, LossesForgotten);
    }
}

impl Engine {
    /// Opens the vault; `choice` wins over the policy that the engine started with.
    pub(in crate::session::engine) fn open_vault(
        &mut self,
        request: Option<RequestId>,
        choice: Option<KeyChoice>,
    ) {
        if self.vault.is_some() {
            return;
        }
        self.vault_status = VaultStatus::Opening;
        self.changed = true;
        let policy = match choice {
            Some(choice) => KeyPolicy { choice: Some(choice), ..KeyPolicy::default() },
            // Only the first opening is by this; a passphrase in it does not outlive that.
            None => std::mem::take(&mut self.setup.key),
        };
        let opening = Vault::open(self.setup.vault.clone(), policy);
        self.spawn(None, request, opening, move |engine, result| engine.vault_opened(request, result));
    }

    fn vault_opened(&mut self, request: Option<RequestId>, result: Result<Opened, VaultError>) {
        self.changed = true;
        match result {
            Ok(Opened::Open(vault, contents)) => {
                let key = vault.key().clone();
                self.vault = Some(vault);
                self.vault_status =
                    VaultStatus::Open { key: key.clone(), set_aside: contents.set_aside.clone() };
                let (users, set_aside) = (contents.users.len(), contents.set_aside.clone());
                self.take_contents(contents);
                self.tell(request, Subject::Device, VaultOpened { key, users });
                for lost in set_aside {
                    let subject = match lost.record {
                        RecordName::User(key) => Subject::User { label: key.id.to_string(), key },
                        RecordName::App(app) => Subject::App { app, who: None },
                        RecordName::Nameless(_) => Subject::Device,
                    };
                    self.tell(None, subject, EventKind::RecordSetAside { why: lost.why });
                }
            }
            Ok(Opened::ChooseKey { why }) => self.vault_status = VaultStatus::ChooseKey { why },
            Ok(Opened::Locked { key, why }) => self.vault_status = VaultStatus::Locked { key, why },
            Err(error) => {
                let why = error.to_string();
                let failure = Failure {
                    kind: FailureKind::Vault,
                    action: "open the vault",
                    message: why.clone(),
                    hint: "nothing was changed".into(),
                };
                self.vault_status = VaultStatus::Failed { why };
                self.tell(request, Subject::Device, failure);
            }
        }
    }
}
