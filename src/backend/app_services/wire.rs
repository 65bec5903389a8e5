//! The shapes of requests and answers on the wire.

use bson::{Bson, Document};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::account::grant::{self, NoGrant};
use crate::account::{
    AccessToken, Credentials, DeviceId, GoogleProof, Identity, Profile, Provider, Tokens, UserId,
};
use crate::backend::{NewSession, inbound};
use crate::data::ejson;

/// The answer to a log-in, and to the addition of an identity (protocol document, sections 3.1 and 4).
#[derive(Deserialize)]
pub struct LoginAnswer {
    user_id: String,
    #[serde(deserialize_with = "inbound::secret_field")]
    access_token: SecretString,
    #[serde(default, deserialize_with = "inbound::secret_field")]
    refresh_token: SecretString,
    #[serde(default)]
    device_id: String,
}

impl LoginAnswer {
    /// The session that was opened.
    pub fn session(self, provider: Provider) -> Result<NewSession, NoGrant> {
        let user = grant::user_id(self.user_id)?;
        let access = grant::access_token(self.access_token, &user)?;
        let refresh = grant::refresh_token(self.refresh_token, &user)?;
        let device = grant::device_id(self.device_id)?;
        Ok(NewSession { user, provider, tokens: Tokens::new(access, refresh), device })
    }

    /// The access token of `user`, to whom an identity was added.
    pub fn linked(self, user: &UserId) -> Result<AccessToken, NoGrant> {
        if grant::user_id(self.user_id)? != *user {
            return Err(NoGrant::OtherUser("answer"));
        }
        grant::access_token(self.access_token, user)
    }
}

/// The answer to a refresh (section 5.3).
#[derive(Deserialize)]
pub struct RefreshAnswer {
    #[serde(deserialize_with = "inbound::secret_field")]
    pub access_token: SecretString,
}

/// The answer to a request for the profile (section 6).
#[derive(Deserialize)]
pub struct ProfileAnswer {
    #[serde(rename = "type", deserialize_with = "inbound::label_field")]
    user_type: String,
    identities: Vec<WireIdentity>,
    data: Map<String, Value>,
}

#[derive(Deserialize)]
struct WireIdentity {
    #[serde(deserialize_with = "inbound::label_field")]
    id: String,
    #[serde(deserialize_with = "inbound::label_field")]
    provider_type: String,
}

impl From<ProfileAnswer> for Profile {
    fn from(answer: ProfileAnswer) -> Self {
        let identity =
            |wire: WireIdentity| Identity { id: wire.id, provider: Provider::from(wire.provider_type) };
        Self {
            user_type: answer.user_type,
            identities: answer.identities.into_iter().take(inbound::ENTRIES).map(identity).collect(),
            data: inbound::facts(answer.data),
        }
    }
}

/// The body of a log-in (section 3.1).
pub fn login_body(credentials: &Credentials, device: Option<&DeviceId>) -> Value {
    let secret =
        |name: &str, value: &SecretString| Map::from_iter([(name.to_owned(), json!(value.expose_secret()))]);
    let mut body = match credentials {
        Credentials::Anonymous => Map::new(),
        Credentials::ApiKey(key) => secret("key", key),
        Credentials::CustomJwt(token) => secret("token", token),
        Credentials::Google(GoogleProof::IdToken(token)) | Credentials::Apple(token) => {
            secret("id_token", token)
        }
        Credentials::Google(GoogleProof::AuthCode(code)) => secret("authCode", code),
        Credentials::Facebook(token) => secret("accessToken", token),
        Credentials::CustomFunction(payload) => match ejson::canonical_document(&payload.0) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        },
        Credentials::EmailPassword { email, password } => Map::from_iter([
            ("username".to_owned(), json!(email)),
            ("password".to_owned(), json!(password.expose_secret())),
        ]),
    };
    let info = self::device(device.map(|device| json!({ "$oid": device.as_str() })));
    body.insert("options".to_owned(), json!({ "device": info }));
    Value::Object(body)
}

/// This installation, as it describes itself.
pub fn device(id: Option<Value>) -> Value {
    let mut info = json!({
        "platform": "idmux",
        "platformVersion": env!("CARGO_PKG_VERSION"),
        "sdkVersion": env!("CARGO_PKG_VERSION"),
    });
    if let Some(id) = id {
        info["deviceId"] = id;
    }
    info
}

/// The body of a call of a data source's action: canonical Extended JSON (sections 2.5 and 8.1).
pub fn function_call(service: &str, action: &str, argument: Document) -> Value {
    json!({
        "name": action,
        "arguments": [ejson::canonical_document(&argument)],
        "service": service,
    })
}

/// Reads the answer to `updateOne`: whether it is one, and whether a document was written where one had to be.
pub fn check_update(answer: &Value, upsert: bool) -> Result<(), &'static str> {
    let matched = matched(answer)?;
    if upsert && matched == 0 && answer.get("upsertedId").is_none() {
        return Err("the server wrote nothing, and did not say why");
    }
    Ok(())
}

/// How many documents the filter of an `updateOne` met.
pub fn matched(answer: &Value) -> Result<i64, &'static str> {
    let Bson::Document(answer) = ejson::read(answer) else {
        return Err("the answer to updateOne is not a document");
    };
    match answer.get("matchedCount") {
        Some(Bson::Int32(count)) => Ok(i64::from(*count)),
        Some(Bson::Int64(count)) => Ok(*count),
        _ => Err("the answer to updateOne has no matchedCount"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn a_log_in_carries_the_device_only_when_it_is_known() {
        let credentials = Credentials::EmailPassword { email: "a@b.c".into(), password: "secret1".into() };
        let body = login_body(&credentials, DeviceId::new("650000000000000000000aaa").as_ref());
        assert_eq!(body["username"], "a@b.c");
        assert_eq!(body["options"]["device"]["deviceId"]["$oid"], "650000000000000000000aaa");
        assert_eq!(login_body(&Credentials::Anonymous, None)["options"]["device"].get("deviceId"), None);
    }

    #[test]
    fn each_provider_has_its_key() {
        let secret = || SecretString::from("s");
        for (credentials, key) in [
            (Credentials::ApiKey(secret()), "key"),
            (Credentials::CustomJwt(secret()), "token"),
            (Credentials::Google(GoogleProof::IdToken(secret())), "id_token"),
            (Credentials::Google(GoogleProof::AuthCode(secret())), "authCode"),
            (Credentials::Facebook(secret()), "accessToken"),
            (Credentials::Apple(secret()), "id_token"),
        ] {
            assert_eq!(login_body(&credentials, None)[key], "s", "{credentials:?}");
        }
    }

    #[test]
    fn arguments_are_canonical() {
        let call = function_call("mongodb-atlas", "updateOne", doc! { "n": 1 });
        assert_eq!(call["arguments"][0]["n"]["$numberInt"], "1");
    }

    #[test]
    fn an_update_that_wrote_nothing_is_told_apart() {
        assert!(
            check_update(&json!({"matchedCount": {"$numberInt": "1"}, "modifiedCount": 0}), true).is_ok()
        );
        assert!(
            check_update(
                &json!({"matchedCount": 0, "upsertedId": {"$oid": "650000000000000000000001"}}),
                true
            )
            .is_ok()
        );
        assert!(check_update(&json!({"matchedCount": 0}), true).is_err());
        assert!(check_update(&json!({"matchedCount": 0}), false).is_ok());
        assert!(check_update(&json!(null), false).is_err());
        assert!(check_update(&json!({}), false).is_err());
    }
}
