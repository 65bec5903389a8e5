//! The configuration of the providers as the Admin API has it: entries of `auth/providers.json` with an id each
//! (section 14.4).

use serde_json::{Map, Value};

use crate::local_app::app::App;
use crate::local_app::config::files::PROVIDERS;
use crate::local_app::failure::Failure;
use crate::local_app::providers::Provider;

/// Parts of an entry that a change adds to, field by field. Of all others it replaces the whole.
const MERGED: [&str; 2] = ["config", "secret_config"];
/// What an entry is known by, which does not change.
const FIXED: [&str; 3] = ["_id", "name", "type"];

/// A configured provider.
pub struct ProviderEntry {
    pub id: String,
    /// What the file says, `name` and `type` included.
    pub entry: Map<String, Value>,
}

impl App {
    /// All configured providers, enabled or not.
    pub async fn provider_entries(&self) -> Result<Vec<ProviderEntry>, Failure> {
        let Value::Object(file) = self.config_file(PROVIDERS).await? else { return Ok(Vec::new()) };
        let ids = self.store().provider_ids().await?;
        let id_of = |provider: Provider| ids.get(provider.name()).cloned().unwrap_or_default();
        let mut entries = Vec::new();
        for (key, entry) in file {
            if let (Some(provider), Value::Object(mut entry)) = (provider_of(&key, &entry), entry) {
                entry.insert("name".to_owned(), provider.name().into());
                entry.insert("type".to_owned(), provider.name().into());
                entries.push(ProviderEntry { id: id_of(provider), entry });
            }
        }
        Ok(entries)
    }

    pub async fn provider_entry(&self, id: &str) -> Result<ProviderEntry, Failure> {
        let mut entries = self.provider_entries().await?.into_iter();
        entries.find(|entry| entry.id == id).ok_or_else(|| Failure::ProviderNotFound(id.to_owned()))
    }

    /// Adds a provider.
    pub async fn create_provider(&self, mut entry: Map<String, Value>) -> Result<ProviderEntry, Failure> {
        let kind = entry.get("type").and_then(Value::as_str).unwrap_or_default();
        let provider = Provider::named(kind)
            .ok_or_else(|| Failure::BadRequest(format!("there is no authentication provider '{kind}'")))?;
        // Without it nobody knows how registrations are to be confirmed (section 17.1).
        if provider == Provider::LocalUserpass && !entry.get("config").is_some_and(Value::is_object) {
            return Err(Failure::BadRequest(format!(
                "authentication provider '{kind}' must have a 'config'"
            )));
        }
        entry.remove("_id");
        entry.insert("name".to_owned(), provider.name().into());
        let added = Value::Object(entry);
        let add = move |mut file: Value| {
            if key_of(&file, provider).is_some() {
                return Err(Failure::ProviderExists(provider.name()));
            }
            file[provider.name()] = added.clone();
            Ok(file)
        };
        self.edit_config_file(PROVIDERS, add).await?;
        let ids = self.store().provider_ids().await?;
        self.provider_entry(ids.get(provider.name()).map_or("", String::as_str)).await
    }

    /// Changes a provider: parts that `changes` does not name stay.
    pub async fn change_provider(&self, id: &str, changes: Map<String, Value>) -> Result<(), Failure> {
        let provider = self.provider_with(id).await?;
        if changes.get("type").is_some_and(|kind| kind != provider.name()) {
            return Err(Failure::BadRequest(
                "the type of an authentication provider stays as it is".to_owned(),
            ));
        }
        self.edit_provider(provider, move |entry| {
            for (name, value) in &changes {
                if FIXED.contains(&name.as_str()) {
                    continue;
                }
                match (entry.get_mut(name), value) {
                    (Some(Value::Object(old)), Value::Object(new)) if MERGED.contains(&name.as_str()) => {
                        old.extend(new.clone());
                    }
                    (_, value) => {
                        entry.insert(name.clone(), value.clone());
                    }
                }
            }
        })
        .await
    }

    /// Lets users log in with a provider, or not.
    pub async fn switch_provider(&self, id: &str, enabled: bool) -> Result<(), Failure> {
        let provider = self.provider_with(id).await?;
        self.edit_provider(provider, move |entry| {
            entry.insert("disabled".to_owned(), (!enabled).into());
        })
        .await
    }

    /// Takes a provider that is disabled out of the configuration. Identities stay: it may come back.
    pub async fn delete_provider(&self, id: &str) -> Result<(), Failure> {
        let provider = self.provider_with(id).await?;
        let delete = move |mut file: Value| {
            let key = key_of(&file, provider).ok_or_else(|| not_found(provider))?;
            if file[&key].get("disabled") != Some(&Value::Bool(true)) {
                return Err(Failure::BadRequest(format!(
                    "authentication provider '{provider}' is enabled; disable it before you delete it"
                )));
            }
            if let Value::Object(entries) = &mut file {
                entries.shift_remove(&key);
            }
            Ok(file)
        };
        self.edit_config_file(PROVIDERS, delete).await
    }

    async fn edit_provider(
        &self,
        provider: Provider,
        edit: impl Fn(&mut Map<String, Value>) + Send + 'static,
    ) -> Result<(), Failure> {
        let change = move |mut file: Value| {
            let key = key_of(&file, provider).ok_or_else(|| not_found(provider))?;
            if let Some(Value::Object(entry)) = file.get_mut(&key) {
                edit(entry);
            }
            Ok(file)
        };
        self.edit_config_file(PROVIDERS, change).await
    }

    /// The provider with this id, configured or not.
    async fn provider_with(&self, id: &str) -> Result<Provider, Failure> {
        let ids = self.store().provider_ids().await?;
        let mut all = Provider::ALL.into_iter();
        let found = all.find(|provider| ids.get(provider.name()).is_some_and(|own| own == id));
        found.ok_or_else(|| Failure::ProviderNotFound(id.to_owned()))
    }
}

/// Which provider an entry is about: its type, or else its key.
fn provider_of(key: &str, entry: &Value) -> Option<Provider> {
    Provider::named(entry.get("type").and_then(Value::as_str).unwrap_or(key))
}

fn key_of(file: &Value, provider: Provider) -> Option<String> {
    let entries = file.as_object()?;
    entries.iter().find(|(key, entry)| provider_of(key, entry) == Some(provider)).map(|(key, _)| key.clone())
}

fn not_found(provider: Provider) -> Failure {
    Failure::ProviderNotFound(provider.name().to_owned())
}
