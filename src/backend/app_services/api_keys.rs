//! API keys of a user (section 3.4). They are the one part of the client API that takes the refresh token.

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::AppServices;
use crate::account::grant::{self, NoGrant};
use crate::account::{ApiKey, ApiKeyId, NewApiKey, RefreshToken};
use crate::backend::{BackendError, inbound};

#[derive(Deserialize)]
struct WireKey {
    #[serde(rename = "_id")]
    id: ApiKeyId,
    #[serde(deserialize_with = "inbound::label_field")]
    name: String,
    disabled: bool,
    /// Only in the answer to the request that makes a key.
    #[serde(default, deserialize_with = "inbound::secret_field")]
    key: SecretString,
}

impl WireKey {
    fn listed(self) -> Result<ApiKey, NoGrant> {
        grant::id("id of an API key", self.id.as_str())?;
        Ok(ApiKey { id: self.id, name: self.name, enabled: !self.disabled })
    }
}

const KEYS: [&str; 2] = ["auth", "api_keys"];

impl AppServices {
    pub(super) async fn list_keys(&self, refresh: &RefreshToken) -> Result<Vec<ApiKey>, BackendError> {
        let answer = self.call(Method::GET, &KEYS, Some(refresh.expose()), None).await?;
        let keys: Vec<WireKey> = self.decode(answer, "a list of API keys")?;
        let keys = keys.into_iter().take(inbound::ENTRIES).map(WireKey::listed);
        keys.collect::<Result<_, _>>().map_err(|why| self.no_grant(why))
    }

    pub(super) async fn create_key(
        &self,
        refresh: &RefreshToken,
        name: &str,
    ) -> Result<NewApiKey, BackendError> {
        let body = json!({ "name": name });
        let answer = self.call(Method::POST, &KEYS, Some(refresh.expose()), Some(&body)).await?;
        let mut key: WireKey = self.decode(answer, "a new API key")?;
        let secret = grant::api_key(std::mem::take(&mut key.key)).map_err(|why| self.no_grant(why))?;
        Ok(NewApiKey { key: key.listed().map_err(|why| self.no_grant(why))?, secret })
    }

    pub(super) async fn set_key_enabled(
        &self,
        refresh: &RefreshToken,
        id: &ApiKeyId,
        enabled: bool,
    ) -> Result<(), BackendError> {
        let path = [KEYS[0], KEYS[1], id.as_str(), if enabled { "enable" } else { "disable" }];
        self.call(Method::PUT, &path, Some(refresh.expose()), None).await.map(drop)
    }

    pub(super) async fn delete_key(&self, refresh: &RefreshToken, id: &ApiKeyId) -> Result<(), BackendError> {
        let path = [KEYS[0], KEYS[1], id.as_str()];
        self.call(Method::DELETE, &path, Some(refresh.expose()), None).await.map(drop)
    }
}
