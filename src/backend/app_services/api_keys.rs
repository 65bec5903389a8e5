//! API keys of a user (section 3.4). They are the one part of the client API that takes the refresh token.

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::AppServices;
use crate::account::grant::{self, NoGrant};
use crate::account::{ApiKey, ApiKeyId, NewApiKey, Tokens};
use crate::backend::{Answer, ApiKeys, inbound};

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

impl ApiKeys for AppServices {
    fn list<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, Vec<ApiKey>> {
        Box::pin(async move {
            let answer = self.call(Method::GET, &KEYS, self.refresh_token(tokens)?, None).await?;
            let keys: Vec<WireKey> = self.decode(answer, "a list of API keys")?;
            let keys = keys.into_iter().take(inbound::ENTRIES).map(WireKey::listed);
            keys.collect::<Result<_, _>>().map_err(|why| self.no_grant(why))
        })
    }

    fn create<'a>(&'a self, tokens: &'a Tokens, name: &'a str) -> Answer<'a, NewApiKey> {
        Box::pin(async move {
            let body = json!({ "name": name });
            let answer = self.call(Method::POST, &KEYS, self.refresh_token(tokens)?, Some(&body)).await?;
            let mut key: WireKey = self.decode(answer, "a new API key")?;
            let secret = grant::api_key(std::mem::take(&mut key.key)).map_err(|why| self.no_grant(why))?;
            Ok(NewApiKey { key: key.listed().map_err(|why| self.no_grant(why))?, secret })
        })
    }

    fn switch<'a>(&'a self, tokens: &'a Tokens, id: &'a ApiKeyId, enabled: bool) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = [KEYS[0], KEYS[1], id.as_str(), if enabled { "enable" } else { "disable" }];
            self.call(Method::PUT, &path, self.refresh_token(tokens)?, None).await.map(drop)
        })
    }

    fn delete<'a>(&'a self, tokens: &'a Tokens, id: &'a ApiKeyId) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = [KEYS[0], KEYS[1], id.as_str()];
            self.call(Method::DELETE, &path, self.refresh_token(tokens)?, None).await.map(drop)
        })
    }
}
