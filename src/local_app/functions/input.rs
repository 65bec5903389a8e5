//! What a function knows of the world: the data that `context.js` makes `context` of (section 13.1).

use bson::{Bson, DateTime, Document, doc};
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::data::ejson;
use crate::local_app::config::AppConfig;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::AppFacts;

/// On whose behalf a function runs.
#[derive(Debug, Clone)]
pub struct Caller {
    /// `context.user`: whoever called, also where the function runs as somebody else.
    pub user: Document,
    /// Whether it runs as the system, above all rules.
    pub as_system: bool,
}

impl Caller {
    /// The App itself: a user without id and data.
    pub fn system() -> Self {
        let user = doc! { "type": "system", "data": {}, "custom_data": {}, "identities": [] };
        Self { user, as_system: true }
    }
}

/// Everything that a call is told.
pub struct Input<'a> {
    pub app: &'a AppFacts,
    pub config: &'a AppConfig,
    pub caller: &'a Caller,
    pub request: &'a RequestFacts,
    pub now: Timestamp,
}

impl Input<'_> {
    pub fn document(&self, arguments: Vec<Bson>) -> Document {
        doc! {
            "now": DateTime::from_millis(self.now.as_millisecond()),
            "user": self.caller.user.clone(),
            "system": self.caller.as_system,
            "values": values(self.config),
            "environment": environment(self.config),
            "app": app(self.app),
            "request": request(self.request),
            "arguments": arguments,
        }
    }
}

/// What `context.values.get` finds, and `%%values` in rules.
pub fn values(config: &AppConfig) -> Document {
    config.values.iter().map(|(name, value)| (name.clone(), bson_of(value))).collect()
}

/// `context.environment`, and `%%environment` in rules.
pub fn environment(config: &AppConfig) -> Document {
    let environment = &config.environment;
    doc! { "tag": environment.tag.as_str(), "values": document_of(&environment.values) }
}

/// `context.app`. A local App was never deployed and hosts nothing.
fn app(facts: &AppFacts) -> Document {
    let id = facts.app_id.as_str();
    doc! {
        "id": facts.internal_id.as_str(),
        "clientAppId": id,
        // A client app id is the name with five characters after a dash.
        "name": id.rsplit_once('-').map_or(id, |(name, _)| name),
        "projectId": facts.group_id.as_str(),
        "deployment": { "model": "LOCAL", "providerRegion": "" },
    }
}

/// `context.request`, and `%%request` in rules.
pub fn request(facts: &RequestFacts) -> Document {
    let mut headers = Document::new();
    for (name, value) in &facts.headers {
        let values = headers.entry(header_name(name)).or_insert_with(|| Bson::Array(Vec::new()));
        if let Bson::Array(values) = values {
            values.push(Bson::String(value.clone()));
        }
    }
    let mut request = doc! {
        "remoteIPAddress": facts.remote_address.map(|address| address.to_string()).unwrap_or_default(),
        "requestHeaders": headers,
        "httpMethod": facts.method.as_str(),
        "rawQueryString": without_secret(&facts.raw_query),
    };
    for (key, header) in [("httpUserAgent", "user-agent"), ("httpReferrer", "referer")] {
        if let Some((_, value)) = facts.headers.iter().find(|(name, _)| name == header) {
            request.insert(key, value.as_str());
        }
    }
    request
}

/// As Go writes header names, in which the hosted service was written: `User-Agent`.
fn header_name(lower: &str) -> String {
    let words = lower.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}

/// The query without the parameter `secret`.
fn without_secret(query: &str) -> String {
    let is_secret = |pair: &str| form_urlencoded::parse(pair.as_bytes()).any(|(key, _)| key == "secret");
    query.split('&').filter(|pair| !is_secret(pair)).collect::<Vec<_>>().join("&")
}

/// JSON from the configuration or a provider as a value; it may be Extended JSON. What only looks like that stays as it is.
pub fn bson_of(value: &Value) -> Bson {
    ejson::read(value)
}

/// The same of an object.
pub fn document_of(object: &Map<String, Value>) -> Document {
    object.iter().map(|(key, value)| (key.clone(), bson_of(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_shown_without_secrets_and_with_names_as_go_writes_them() {
        let facts = RequestFacts {
            remote_address: Some("127.0.0.1".parse().unwrap()),
            method: "POST".to_owned(),
            raw_query: "a=1&secret=x&%73ecret=y&b=".to_owned(),
            headers: [("user-agent", "tests"), ("x-a", "1"), ("x-a", "2")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        let expected = doc! {
            "remoteIPAddress": "127.0.0.1",
            "requestHeaders": { "User-Agent": ["tests"], "X-A": ["1", "2"] },
            "httpMethod": "POST",
            "rawQueryString": "a=1&b=",
            "httpUserAgent": "tests",
        };
        assert_eq!(request(&facts), expected);
    }

    #[test]
    fn values_that_only_look_like_extended_json_stay_as_they_are() {
        let odd = serde_json::json!({ "$oid": 5 });
        assert_eq!(bson_of(&odd), Bson::Document(doc! { "$oid": 5 }));
        assert_eq!(bson_of(&serde_json::json!(1)), Bson::Int32(1));
    }
}
