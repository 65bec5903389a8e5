//! A configuration as files in the export format: what reading them gives is the same configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{AppFiles, CUSTOM_USER_DATA, FUNCTIONS, PROVIDERS, ROOT_CONFIG, SECRETS, SETTINGS};
use crate::local_app::config::{
    AppConfig, Confirmation, CustomToken, CustomUserData, Function, LocalUserpass, MetadataField, OAuth2,
    Offer, PasswordReset, Providers, Settings, TokenAlgorithm, TokenKeys,
};

/// JSON as people edit it, with a line end at its end.
pub fn pretty(value: &Value) -> String {
    // A value has no keys that are not texts: writing it cannot fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

impl AppFiles {
    /// The files that `config` would be read from.
    pub fn of(config: &AppConfig) -> Self {
        let mut secrets = Secrets::default();
        let mut files = Self::default();
        files.json(ROOT_CONFIG, &root(config));
        files.json(PROVIDERS, &providers(&config.providers, &mut secrets));
        files.json(CUSTOM_USER_DATA, &custom_user_data(&config.custom_user_data));
        files.json(SETTINGS, &settings(&config.settings, &mut secrets));
        files.functions(&config.functions);
        for (path, text) in config.data_sources.iter() {
            files.insert(path, text);
        }
        for (index, (name, value)) in config.values.iter().enumerate() {
            // The name is inside: it need not be one that every file system takes.
            let path = format!("values/{index:03}.json");
            files.json(&path, &json!({ "name": name, "from_secret": false, "value": value }));
        }
        if !config.environment.values.is_empty() {
            let tag = match config.environment.tag.as_str() {
                "" => "no-environment",
                tag => tag,
            };
            let values = json!({ "values": config.environment.values });
            files.json(&format!("environments/{tag}.json"), &values);
        }
        if !secrets.0.is_empty() {
            files.json(SECRETS, &Value::Object(secrets.0));
        }
        files
    }

    fn json(&mut self, path: &str, value: &Value) {
        self.insert(path, pretty(value));
    }

    fn functions(&mut self, functions: &BTreeMap<String, Function>) {
        let mut manifest = Vec::new();
        for (name, function) in functions {
            self.insert(format!("functions/{name}.js"), &function.source);
            let rules = &function.rules;
            manifest.push(json!({
                "name": name,
                "private": rules.private,
                "can_evaluate": rules.can_evaluate.clone().unwrap_or_else(|| json!({})),
                "disable_arg_logs": rules.disable_arg_logs,
                "run_as_system": rules.run_as_system,
                "run_as_user_id": rules.run_as_user_id.clone().unwrap_or_default(),
                "run_as_user_id_script_source": rules.run_as_script.clone().unwrap_or_default(),
            }));
        }
        self.json(FUNCTIONS, &Value::Array(manifest));
    }
}

/// Secrets as they are named in other files.
#[derive(Default)]
struct Secrets(Map<String, Value>);

impl Secrets {
    /// Keeps a secret, and returns the name that stands for it.
    fn keep(&mut self, name: &str, secret: &SecretString) -> String {
        self.0.insert(name.to_owned(), secret.expose_secret().into());
        name.to_owned()
    }
}

fn root(config: &AppConfig) -> Value {
    let mut root = json!({ "config_version": 20_210_101 });
    if let Some(id) = &config.app_id {
        root["app_id"] = id.as_str().into();
    }
    if let Some(name) = &config.name {
        root["name"] = name.as_str().into();
    }
    root["environment"] = config.environment.tag.as_str().into();
    root["allowed_request_origins"] = json!(config.allowed_request_origins);
    root
}

fn providers(providers: &Providers, secrets: &mut Secrets) -> Value {
    let mut all = Map::new();
    let mut add = |name: &str, disabled: Option<bool>, parts: Value| {
        let Some(disabled) = disabled else { return };
        let mut entry = json!({ "name": name, "type": name, "disabled": disabled });
        if let (Value::Object(entry), Value::Object(parts)) = (&mut entry, parts) {
            entry.extend(parts);
        }
        all.insert(name.to_owned(), entry);
    };
    add("anon-user", disabled(&providers.anon_user), json!({}));
    add("api-key", disabled(&providers.api_key), json!({}));
    let offer = &providers.local_userpass;
    add("local-userpass", disabled(offer), offer.configured().map(local_userpass).unwrap_or_default());
    let offer = &providers.custom_token;
    let parts = offer.configured().map(|token| custom_token(token, secrets)).unwrap_or_default();
    add("custom-token", disabled(offer), parts);
    let offer = &providers.custom_function;
    let parts = offer.configured().map(|custom| json!({ "config": { "authFunctionName": custom.function } }));
    add("custom-function", disabled(offer), parts.unwrap_or_default());
    for (name, offer) in [
        ("oauth2-google", &providers.google),
        ("oauth2-facebook", &providers.facebook),
        ("oauth2-apple", &providers.apple),
    ] {
        let parts = offer.configured().map(|config| oauth2(name, config, secrets)).unwrap_or_default();
        add(name, disabled(offer), parts);
    }
    Value::Object(all)
}

fn disabled<T>(offer: &Offer<T>) -> Option<bool> {
    match offer {
        Offer::Absent => None,
        Offer::Disabled(_) => Some(true),
        Offer::Enabled(_) => Some(false),
    }
}

fn local_userpass(config: &LocalUserpass) -> Value {
    let mut fields = json!({
        "autoConfirm": config.confirmation == Confirmation::Automatic,
        "runConfirmationFunction": matches!(config.confirmation, Confirmation::Function(_)),
        "runResetFunction": matches!(config.reset, PasswordReset::Function(_)),
    });
    match &config.confirmation {
        Confirmation::Automatic => {}
        Confirmation::Function(name) => fields["confirmationFunctionName"] = name.as_str().into(),
        Confirmation::Mail(mail) => {
            fields["emailConfirmationUrl"] = mail.url.as_str().into();
            fields["confirmEmailSubject"] = mail.subject.as_str().into();
        }
    }
    match &config.reset {
        PasswordReset::Function(name) => fields["resetFunctionName"] = name.as_str().into(),
        PasswordReset::Mail(mail) => {
            fields["resetPasswordUrl"] = mail.url.as_str().into();
            fields["resetPasswordSubject"] = mail.subject.as_str().into();
        }
    }
    json!({ "config": fields })
}

fn custom_token(token: &CustomToken, secrets: &mut Secrets) -> Value {
    let algorithm = match token.algorithm {
        TokenAlgorithm::Hs256 => "HS256",
        TokenAlgorithm::Rs256 => "RS256",
        TokenAlgorithm::Es256 => "ES256",
        TokenAlgorithm::OfKey => "",
    };
    let mut config = json!({
        "audience": token.audience,
        "requireAnyAudience": token.require_any_audience,
        "signingAlgorithm": algorithm,
        "useJWKURI": matches!(token.keys, TokenKeys::Jwks(_)),
    });
    let mut names = Vec::new();
    match &token.keys {
        TokenKeys::Jwks(url) => config["jwkURI"] = url.as_str().into(),
        TokenKeys::Given(keys) => {
            for (index, key) in keys.iter().enumerate() {
                names.push(secrets.keep(&format!("custom_token_key_{}", index + 1), key));
            }
        }
    }
    json!({
        "config": config,
        "secret_config": { "signingKeys": names },
        "metadata_fields": metadata_fields(&token.metadata_fields),
    })
}

fn oauth2(provider: &str, config: &OAuth2, secrets: &mut Secrets) -> Value {
    let mut fields = json!({ "clientId": config.client_id });
    if provider == "oauth2-google" {
        fields["openId"] = config.open_id.into();
    }
    let name = format!("{}_client_secret", provider.trim_start_matches("oauth2-"));
    let mut parts = json!({
        "config": fields,
        "secret_config": { "clientSecret": secrets.keep(&name, &config.client_secret) },
        "redirect_uris": config.redirect_uris,
    });
    if provider != "oauth2-apple" {
        parts["metadata_fields"] = metadata_fields(&config.metadata_fields);
        parts["domain_restrictions"] = json!(config.domain_restrictions);
    }
    parts
}

fn metadata_fields(fields: &[MetadataField]) -> Value {
    let field = |field: &MetadataField| {
        let mut entry = json!({ "required": field.required, "name": field.name });
        if let Some(name) = &field.field_name {
            entry["field_name"] = name.as_str().into();
        }
        entry
    };
    fields.iter().map(field).collect()
}

fn custom_user_data(data: &CustomUserData) -> Value {
    let mut file = json!({
        "enabled": data.enabled,
        "mongo_service_name": data.service,
        "database_name": data.database,
        "collection_name": data.collection,
        "user_id_field": data.user_id_field,
    });
    if let Some(function) = &data.on_user_creation_function {
        file["on_user_creation_function_name"] = function.as_str().into();
    }
    file
}

/// All fields, so that whoever opens the file sees what there is; null is the default.
fn settings(settings: &Settings, secrets: &mut Secrets) -> Value {
    let lifetime = |time: Option<Duration>| time.map(lifetime);
    let smtp = settings
        .smtp
        .as_ref()
        .map(|smtp| json!({ "url_secret": secrets.keep("smtp_url", &smtp.url), "from": smtp.from }));
    let issuers: Map<_, _> = settings
        .issuers
        .iter()
        .map(|(provider, issuer)| (provider.name().to_owned(), issuer.url.as_str().into()))
        .collect();
    json!({
        "access_token_lifetime": lifetime(settings.access_token_lifetime),
        "refresh_token_lifetime": lifetime(settings.refresh_token_lifetime),
        "function_time_limit": lifetime(settings.function_time_limit),
        "smtp": smtp,
        "issuers": issuers,
        "adopt_passwords_for": lifetime(settings.adopt_passwords_for),
    })
}

/// In the largest unit that it is a whole number of.
pub fn lifetime(time: Duration) -> String {
    let seconds = time.as_secs();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        if seconds >= length && seconds.is_multiple_of(length) {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}
