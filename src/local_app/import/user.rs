//! One user of an import, as it was given.

use bson::oid::ObjectId;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::local_app::accounts::{FirebaseParameters, StoredHash, check_email};
use crate::local_app::lifetimes::LATEST;
use crate::local_app::providers::Provider;
use crate::local_app::store::User;
use crate::numeric_date;

/// The longest id of an identity, in bytes; a custom token's subject may be any text.
const LONGEST_ID: usize = 1024;
/// What a provider may say about a user, in bytes of JSON.
const LARGEST_DATA: usize = 64 * 1024;
/// Identities of one user.
const MOST_IDENTITIES: usize = 100;

/// A user who may land, as far as it can be said without looking at those that are here.
pub struct ImportedUser {
    pub id: String,
    pub identities: Vec<ImportedIdentity>,
    kind: &'static str,
    created_at: Option<Timestamp>,
    last_login_at: Option<Timestamp>,
    disabled: bool,
    /// Only with an email/password identity.
    password_hash: Option<String>,
}

pub struct ImportedIdentity {
    pub provider: Provider,
    pub id: String,
    pub data: Map<String, Value>,
}

/// What becomes a registration.
pub struct EmailIdentity<'a> {
    pub id: &'a str,
    pub email: &'a str,
    pub password_hash: Option<&'a str>,
}

/// A user who cannot land.
#[derive(Debug)]
pub struct InvalidUser {
    pub id: Option<String>,
    pub reason: String,
}

impl ImportedUser {
    /// Reads a user in the Admin API's shape, with `password_hash` beside: a text in one of the forms of hashes, or
    /// `{hash, salt}` of the Firebase project.
    pub fn parse(user: Value, firebase: Option<&FirebaseParameters>) -> Result<Self, InvalidUser> {
        let Value::Object(user) = user else {
            return Err(InvalidUser { id: None, reason: "a user is an object".to_owned() });
        };
        let id = user.get("_id").and_then(object_id);
        read(&user, id.clone(), firebase).map_err(|reason| InvalidUser { id, reason })
    }

    /// The user itself, as it is stored. One without a date of creation comes into being now.
    pub fn record(&self, now: Timestamp) -> User {
        User {
            id: self.id.clone(),
            kind: self.kind.to_owned(),
            disabled: self.disabled,
            created_at: self.created_at.unwrap_or(now),
            last_login_at: self.last_login_at.unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    pub fn email_identity(&self) -> Option<EmailIdentity<'_>> {
        let identity =
            self.identities.iter().find(|identity| identity.provider == Provider::LocalUserpass)?;
        let email = identity.data.get("email").and_then(Value::as_str)?;
        Some(EmailIdentity { id: &identity.id, email, password_hash: self.password_hash.as_deref() })
    }
}

fn read(
    user: &Map<String, Value>,
    id: Option<String>,
    firebase: Option<&FirebaseParameters>,
) -> Result<ImportedUser, String> {
    let id = id.ok_or("`_id` is not an ObjectId of 24 hexadecimal digits")?;
    let shared = match user.get("data") {
        Some(Value::Object(data)) => data.clone(),
        Some(Value::Null) | None => Map::new(),
        Some(_) => return Err("`data` is not an object".to_owned()),
    };
    let identities = identities(user.get("identities"), shared)?;
    let kind = match user.get("type") {
        Some(Value::String(kind)) if kind == "server" => "server",
        Some(Value::String(kind)) if kind == "normal" => "normal",
        Some(Value::Null) | None => "normal",
        Some(_) => return Err("`type` is neither normal nor server".to_owned()),
    };
    let disabled = match user.get("disabled") {
        Some(Value::Bool(disabled)) => *disabled,
        Some(Value::Null) | None => false,
        Some(_) => return Err("`disabled` is neither true nor false".to_owned()),
    };
    let password_hash = match user.get("password_hash") {
        Some(Value::Null) | None => None,
        Some(hash) => Some(password_hash(hash, firebase)?.to_string()),
    };
    let has_email = identities.iter().any(|identity| identity.provider == Provider::LocalUserpass);
    if password_hash.is_some() && !has_email {
        return Err("it has a `password_hash`, and no local-userpass identity".to_owned());
    }
    Ok(ImportedUser {
        id,
        identities,
        kind,
        created_at: date(user, "creation_date")?,
        last_login_at: date(user, "last_authentication_date")?,
        disabled,
        password_hash,
    })
}

/// Reads the identities. What `data` says and no identity does belongs to the first identity that says nothing itself,
/// or else to the first: the Admin API may leave out what each of them says.
fn identities(value: Option<&Value>, shared: Map<String, Value>) -> Result<Vec<ImportedIdentity>, String> {
    let Some(Value::Array(list)) = value else { return Err("`identities` is not a list".to_owned()) };
    if list.is_empty() || list.len() > MOST_IDENTITIES {
        return Err(format!("a user has 1 to {MOST_IDENTITIES} identities"));
    }
    let mut identities = list.iter().map(identity).collect::<Result<Vec<_>, _>>()?;
    for (at, identity) in identities.iter().enumerate() {
        let is_same = |other: &ImportedIdentity| {
            other.provider == identity.provider
                && (other.id == identity.id || identity.provider == Provider::LocalUserpass)
        };
        if identities.iter().skip(at + 1).any(is_same) {
            return Err(format!("it has two {} identities that are one", identity.provider));
        }
    }
    let said: Vec<_> = identities.iter().flat_map(|identity| identity.data.keys().cloned()).collect();
    let mut unsaid: Map<_, _> = shared.into_iter().filter(|(key, _)| !said.contains(key)).collect();
    for identity in identities.iter_mut().filter(|identity| identity.provider == Provider::LocalUserpass) {
        identity.data.extend(unsaid.remove_entry("email"));
        let email = identity.data.get("email").and_then(Value::as_str).unwrap_or_default();
        check_email(email).map_err(|_| "its local-userpass identity has no valid `email`")?;
    }
    let silent = identities.iter().position(|identity| identity.data.is_empty()).unwrap_or_default();
    if let Some(identity) = identities.get_mut(silent) {
        identity.data.extend(unsaid);
        if Value::Object(identity.data.clone()).to_string().len() > LARGEST_DATA {
            return Err(format!("its `data` has more than {LARGEST_DATA} bytes"));
        }
    }
    Ok(identities)
}

fn identity(value: &Value) -> Result<ImportedIdentity, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = text("provider_type");
    let provider = Provider::named(name).ok_or_else(|| format!("there is no provider '{name}'"))?;
    let id = text("id");
    if id.is_empty() || id.len() > LONGEST_ID {
        return Err(format!("the id of its {provider} identity is not a text of 1 to {LONGEST_ID} bytes"));
    }
    let data = match value.get("provider_data") {
        Some(Value::Object(data)) => data.clone(),
        Some(Value::Null) | None => Map::new(),
        Some(_) => return Err(format!("the `provider_data` of its {provider} identity is not an object")),
    };
    if Value::Object(data.clone()).to_string().len() > LARGEST_DATA {
        return Err(format!(
            "the `provider_data` of its {provider} identity has more than {LARGEST_DATA} bytes"
        ));
    }
    Ok(ImportedIdentity { provider, id: id.to_owned(), data })
}

fn password_hash(value: &Value, firebase: Option<&FirebaseParameters>) -> Result<StoredHash, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let stored = match (value, firebase) {
        (Value::String(hash), _) => StoredHash::parse(hash),
        (Value::Object(_), Some(parameters)) => {
            let (Some(hash), Some(salt)) = (text("hash"), text("salt")) else {
                return Err("its `password_hash` has no `hash` and `salt`".to_owned());
            };
            StoredHash::firebase(parameters.clone(), salt, hash)
        }
        (Value::Object(_), None) => {
            return Err(
                "its `password_hash` needs the parameters of its project, under `firebase`".to_owned()
            );
        }
        _ => return Err("its `password_hash` is neither a text nor an object".to_owned()),
    };
    stored.map_err(|why| why.to_string())
}

/// An ObjectId, bare or in Extended JSON.
fn object_id(value: &Value) -> Option<String> {
    let text = value.get("$oid").unwrap_or(value).as_str()?;
    ObjectId::parse_str(text).ok().map(ObjectId::to_hex)
}

/// Seconds since 1970.
fn date(user: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, String> {
    let invalid = || format!("`{name}` is not a number of seconds since 1970");
    match user.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let at = numeric_date::read(value);
            at.filter(|at| (Timestamp::UNIX_EPOCH..=LATEST).contains(at)).map(Some).ok_or_else(invalid)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "5f0000000000000000000001";

    fn parse(user: Value) -> Result<ImportedUser, InvalidUser> {
        ImportedUser::parse(user, None)
    }

    fn email(data: Value) -> Value {
        json!({ "id": "5f00000000000000000000aa", "provider_type": "local-userpass", "provider_data": data })
    }

    #[test]
    fn what_the_admin_api_says_of_a_user_is_understood() {
        let user = parse(json!({
            "_id": { "$oid": ID },
            "identities": [
                email(json!({ "email": "a@example.com" })),
                { "id": "sub", "provider_type": "custom-token", "provider_id": "5f0000000000000000000002" },
            ],
            "type": "normal",
            "creation_date": 1_600_000_000,
            "last_authentication_date": 1_600_000_001,
            "disabled": true,
            "data": { "email": "a@example.com", "name": "Ann" },
        }))
        .unwrap();
        let record = user.record(Timestamp::UNIX_EPOCH);
        assert_eq!((record.id.as_str(), record.disabled), (ID, true));
        assert_eq!(record.created_at.as_second(), 1_600_000_000);
        assert_eq!(record.last_login_at.as_second(), 1_600_000_001);
        let anonymous = json!({ "id": "x", "provider_type": "anon-user" });
        let dated = |at| json!({ "_id": ID, "identities": [anonymous], "creation_date": at });
        let created = parse(dated(json!(1.6e9))).unwrap().record(Timestamp::UNIX_EPOCH).created_at;
        assert_eq!(created.as_second(), 1_600_000_000);
        for bad in [json!(-1), json!(1e308), json!(253_402_300_800_i64), json!("1600000000")] {
            assert!(parse(dated(bad.clone())).is_err(), "{bad}");
        }
        assert_eq!(user.email_identity().unwrap().email, "a@example.com");
        // What only `data` says belongs to the identity that says nothing.
        assert_eq!(Value::Object(user.identities[1].data.clone()), json!({ "name": "Ann" }));
        assert_eq!(Value::Object(user.identities[0].data.clone()), json!({ "email": "a@example.com" }));

        let bare = parse(json!({
            "_id": ID,
            "identities": [{ "id": "x", "provider_type": "local-userpass" }],
            "data": { "email": "a@example.com" },
        }));
        assert_eq!(bare.unwrap().email_identity().unwrap().email, "a@example.com");
    }

    #[test]
    fn what_is_wrong_with_a_user_is_said() {
        let anonymous = json!({ "id": "x", "provider_type": "anon-user" });
        let with = |name: &str, value: Value| {
            let mut user = json!({ "_id": ID, "identities": [anonymous] });
            user[name] = value;
            user
        };
        assert!(parse(with("other", json!(1))).is_ok());
        for (user, says) in [
            (json!(5), "an object"),
            (with("_id", json!("short")), "`_id`"),
            (with("_id", json!(5)), "`_id`"),
            (with("identities", json!([])), "1 to 100 identities"),
            (with("identities", json!({})), "not a list"),
            (with("identities", json!([{ "id": "x", "provider_type": "gone" }])), "no provider 'gone'"),
            (with("identities", json!([{ "id": "", "provider_type": "anon-user" }])), "1 to 1024 bytes"),
            (with("identities", json!([anonymous, anonymous])), "two anon-user"),
            (with("identities", json!([email(json!({}))])), "no valid `email`"),
            (with("identities", json!([email(json!({ "email": 5 }))])), "no valid `email`"),
            (with("identities", json!([email(json!([]))])), "`provider_data`"),
            (with("type", json!("system")), "`type`"),
            (with("disabled", json!("no")), "`disabled`"),
            (with("creation_date", json!(-1)), "`creation_date`"),
            (with("creation_date", json!("2020-01-01")), "`creation_date`"),
            (with("last_authentication_date", json!(i64::MAX)), "`last_authentication_date`"),
            (with("data", json!([])), "`data`"),
            (with("password_hash", json!("secret")), "none of the known forms"),
            (with("password_hash", json!({ "hash": "", "salt": "" })), "under `firebase`"),
            (with("password_hash", json!(5)), "neither a text"),
            (
                with("password_hash", json!("$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2")),
                "no local-userpass identity",
            ),
        ] {
            let invalid = parse(user.clone()).err().unwrap_or_else(|| panic!("{user} is taken"));
            assert!(invalid.reason.contains(says), "{user}: {}", invalid.reason);
        }
    }
}
