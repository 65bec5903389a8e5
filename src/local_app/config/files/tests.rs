use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::local_app::config::*;

fn fixture(name: &str) -> AppFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/local_app/fixtures").join(name);
    AppFolder::new(folder).read().unwrap()
}

fn read(files: &AppFiles) -> (AppConfig, Vec<String>) {
    let (config, report) = AppConfig::from_files(files).unwrap();
    (config, report.iter().map(ToString::to_string).collect())
}

/// The default files with one of them replaced.
fn with(path: &str, content: &Value) -> AppFiles {
    let mut files = AppFiles::of(&AppConfig::default());
    files.insert(path, content.to_string());
    files
}

fn refusal(path: &str, content: &Value) -> String {
    AppConfig::from_files(&with(path, content)).unwrap_err().to_string()
}

#[test]
fn an_exported_folder_is_read_and_what_has_no_effect_is_reported() {
    let (config, report) = read(&fixture("exported"));
    assert_eq!(config.app_id.as_ref().unwrap().as_str(), "store-xyzab");
    assert_eq!(config.allowed_request_origins, ["https://store.example.com", "http://localhost:3000"]);
    assert_eq!(config.environment.tag, "production");
    assert_eq!(config.environment.values["host"], "store.example.com");
    assert_eq!(config.values["currency"], json!({ "code": "EUR", "digits": 2 }));
    assert_eq!(config.values["payment_key"], "NOT-A-REAL-KEY-payment");
    assert_eq!(config.custom_user_data.on_user_creation_function.as_deref(), Some("utils/welcome"));
    assert_eq!(config.settings.refresh_token_lifetime, Some(Duration::from_secs(30 * 86_400)));
    let providers = &config.providers;
    assert_eq!(providers.anon_user, Offer::Disabled(()));
    let userpass = providers.local_userpass.enabled().unwrap();
    assert_eq!(userpass.reset, PasswordReset::Function("reset".into()));
    let Confirmation::Mail(mail) = &userpass.confirmation else { panic!("{userpass:?}") };
    assert_eq!(mail.url, "https://store.example.com/confirm");
    let token = providers.custom_token.enabled().unwrap();
    assert_eq!((token.audience.len(), token.require_any_audience), (2, true));
    assert!(providers.apple.configured().is_some() && providers.apple.enabled().is_none());
    assert!(providers.google.enabled().unwrap().open_id);
    let names: Vec<_> = config.functions.keys().map(String::as_str).collect();
    assert_eq!(names, ["echo", "reset", "total", "utils/authenticate", "utils/welcome"]);
    assert!(config.functions["utils/authenticate"].rules.run_as_system);
    assert_eq!(config.functions["echo"].rules, FunctionRules::default());
    assert_eq!(
        report,
        [
            "auth/providers.json: oauth2-apple.secret_config.clientSecret is not honoured",
            "auth/providers.json: oauth2-facebook.config.graphVersion is not honoured",
            "data_sources/mongodb-atlas/app/orders/relationships.json is not honoured",
            "data_sources/mongodb-atlas/app/orders/rules.json is not honoured",
            "data_sources/mongodb-atlas/app/orders/schema.json is not honoured",
            "data_sources/mongodb-atlas/config.json is not honoured",
            "functions/config.json: [3].run_as_user_id_script_source is not honoured",
            "functions/package.json is not honoured",
            "graphql/config.json is not honoured",
            "hosting is not honoured",
            "http_endpoints/config.json is not honoured",
            "root_config.json: deployment_model is not honoured",
            "root_config.json: location is not honoured",
            "root_config.json: provider_region is not honoured",
            "sync/config.json is not honoured",
            "triggers/greet.json is not honoured",
        ]
    );
}

#[test]
fn an_older_export_is_read_too() {
    let (config, report) = read(&fixture("older"));
    assert_eq!(config.allowed_request_origins, ["https://example.com"]);
    assert_eq!(config.custom_user_data.collection, "people");
    assert_eq!(config.providers.anon_user, Offer::Enabled(()));
    assert!(config.providers.local_userpass.enabled().is_some());
    assert_eq!(config.functions.keys().collect::<Vec<_>>(), ["greet"]);
    assert!(config.functions["greet"].rules.private, "its rules are those beside its source");
    assert_eq!(report, ["stitch.json: hosting is not honoured"]);
}

#[test]
fn no_secret_is_in_what_people_see() {
    let files = fixture("exported");
    let (config, report) = AppConfig::from_files(&files).unwrap();
    for text in [format!("{config:?}"), format!("{files:?}"), format!("{report:?}")] {
        assert!(!text.contains("NOT-A-REAL-KEY"), "{text}");
    }
    // A secret where its name belongs.
    for mistake in ["hush-hush-0123456789-hush-hush-0123456789", "-----BEGIN PUBLIC KEY-----\nhush"] {
        let providers = json!({ "custom-token": { "secret_config": { "signingKeys": [mistake] } } });
        let (config, report) = AppConfig::from_files(&with(PROVIDERS, &providers)).unwrap();
        assert!(config.providers.custom_token.enabled().is_none());
        let said = report.messages().join("\n");
        assert!(said.contains("auth/providers.json: custom-token.secret_config.signingKeys[0]"), "{said}");
        assert!(!said.contains("hush") && !format!("{report:?}").contains("hush"), "{said}");
    }
}

/// The kind: no start for want of something that the App can do without. An export comes without its secrets: all that are
/// missing are named at once, with the lines to add, and what needs them is off.
#[test]
fn all_missing_secrets_are_named_in_one_message_and_what_needs_them_is_off() {
    let google =
        json!({ "config": { "clientId": "id" }, "secret_config": { "clientSecret": "google_secret" } });
    let providers = json!({
        "anon-user": {},
        "custom-token": { "secret_config": { "signingKeys": ["jwtsecret", "second-key"] } },
        "oauth2-google": google,
        "oauth2-apple": { "disabled": true, "config": {}, "secret_config": { "clientSecret": "apple" } },
    });
    let mut files = with(PROVIDERS, &providers);
    let value = json!({ "name": "apiKey", "value": "mail_secret", "from_secret": true });
    files.insert("values/apiKey.json", value.to_string());
    files.insert("values/plain.json", json!({ "name": "plain", "value": 5 }).to_string());
    let smtp = json!({ "smtp": { "url_secret": "smtp_url", "from": "shop@example.com" } });
    files.insert(SETTINGS, smtp.to_string());

    let (config, report) = AppConfig::from_files(&files).unwrap();
    assert_eq!(config.providers.anon_user, Offer::Enabled(()));
    for offer in [config.providers.custom_token.availability(), config.providers.google.availability()] {
        assert_eq!(offer, Availability::Disabled);
    }
    assert_eq!(config.values.keys().collect::<Vec<_>>(), ["plain"]);
    assert_eq!(config.settings.smtp, None);
    let said = report.messages();
    let about: Vec<_> = said.iter().filter(|message| message.contains("missing")).collect();
    let [message] = about.as_slice() else { panic!("{said:?}") };
    let lines = "add to secrets.json, inside the braces:
  \"google_secret\": \"the secret\",
  \"jwtsecret\": \"the secret\",
  \"mail_secret\": \"the secret\",
  \"second-key\": \"the secret\",
  \"smtp_url\": \"the secret\"";
    for part in [
        "5 secrets are missing, and what needs them is off:",
        "jwtsecret: custom-token (auth/providers.json: custom-token.secret_config.signingKeys[0])",
        "second-key: custom-token (auth/providers.json: custom-token.secret_config.signingKeys[1])",
        "google_secret: oauth2-google (auth/providers.json: oauth2-google.secret_config.clientSecret)",
        "mail_secret: the value 'apiKey' (values/apiKey.json: value)",
        "smtp_url: mail by SMTP (idmux.json: smtp.url_secret)",
        lines,
    ] {
        assert!(message.contains(part), "{message}\n{part}");
    }

    let secret = "a-shared-secret_of-more-than-32-letters";
    let secrets = json!({
        "jwtsecret": secret, "second-key": secret, "google_secret": "g", "mail_secret": "m",
        "smtp_url": "smtp://mail.example.com",
    });
    files.insert(SECRETS, secrets.to_string());
    let (config, report) = AppConfig::from_files(&files).unwrap();
    assert_eq!(report.missing_secrets().count(), 0);
    assert!(config.providers.custom_token.enabled().is_some() && config.providers.google.enabled().is_some());
    assert_eq!(config.values["apiKey"], "m");
    assert!(config.settings.smtp.is_some());
}

/// The kind: a documented template that is refused. With a key set, the keys of the set decide.
#[test]
fn a_key_set_is_taken_whatever_the_algorithm_beside_it_says() {
    for (algorithm, taken, reported) in [
        (None, TokenAlgorithm::OfKey, false),
        (Some(""), TokenAlgorithm::OfKey, false),
        (Some("RS256"), TokenAlgorithm::Rs256, false),
        (Some("ES256"), TokenAlgorithm::Es256, false),
        (Some("HS256"), TokenAlgorithm::OfKey, true),
        (Some("PS512"), TokenAlgorithm::OfKey, true),
    ] {
        let mut config = json!({ "audience": [], "useJWKURI": true, "jwkURI": "https://keys.example.com/" });
        if let Some(algorithm) = algorithm {
            config["signingAlgorithm"] = json!(algorithm);
        }
        let entry =
            json!({ "config": config, "secret_config": { "signingKeys": [] }, "metadata_fields": [] });
        let (config, report) = read(&with(PROVIDERS, &json!({ "custom-token": entry })));
        assert_eq!(config.providers.custom_token.enabled().unwrap().algorithm, taken, "{algorithm:?}");
        let named = "auth/providers.json: custom-token.config.signingAlgorithm is not honoured";
        assert_eq!(report.iter().any(|line| line == named), reported, "{report:?}");
    }
    let without_set = json!({ "custom-token": { "config": { "signingAlgorithm": "PS512" } } });
    assert!(refusal(PROVIDERS, &without_set).contains("signingAlgorithm: expected HS256, RS256 or ES256"));
}

#[test]
fn an_app_goes_by_its_own_id_in_every_layout() {
    for (root, id) in [
        (json!({ "app_id": "shop-abcde" }), Some("shop-abcde")),
        (json!({ "app_id": "shop-abcdefg" }), Some("shop-abcdefg")),
        (json!({ "client_app_id": "shop-abcdefgh" }), Some("shop-abcdefgh")),
        (
            json!({ "app_id": "5f0000000000000000000001", "client_app_id": "shop-abcdef" }),
            Some("shop-abcdef"),
        ),
        (json!({ "app_id": "5f0000000000000000000001" }), None),
        (json!({ "app_id": "" }), None),
    ] {
        for name in [ROOT_CONFIG, "realm_config.json", "config.json", "stitch.json"] {
            let files: AppFiles = [(name, root.to_string())].into_iter().collect();
            let (config, report) = read(&files);
            assert_eq!(config.app_id.as_ref().map(crate::local_app::AppId::as_str), id, "{name}");
            assert!(report.is_empty(), "{report:?}");
        }
    }
}

/// The kind: a report so long that nobody reads it.
#[test]
fn what_a_person_is_told_is_grouped() {
    let mut files = AppFiles::of(&AppConfig::default());
    for number in 10..90 {
        files.insert(format!("hosting/files/{number}.html"), "");
        files.insert(format!("src/{number}.js"), "");
    }
    for name in ["a.json", "b.json", "triggers/one.json"] {
        files.insert(name, "{}");
    }
    let unknown: serde_json::Map<_, _> = (0..9).map(|n| (format!("unknown{n}"), json!(1))).collect();
    files.insert(PROVIDERS, json!({ "anon-user": unknown }).to_string());
    let (_, report) = AppConfig::from_files(&files).unwrap();
    let messages = report.messages();
    assert_eq!(messages[0], "auth/providers.json: anon-user.unknown0 is not honoured");
    assert_eq!(
        messages[5..],
        [
            "auth/providers.json: 4 more fields are not honoured",
            "2 files are not honoured: a.json, b.json",
            "hosting: 80 files are not honoured: files/10.html, files/11.html, files/12.html, files/13.html, \
             files/14.html, 75 more",
            "src: 80 files are not honoured: 10.js, 11.js, 12.js, 13.js, 14.js, 75 more",
            "triggers/one.json is not honoured",
        ]
    );
}

#[test]
fn what_is_wrong_is_named_with_its_file_and_field() {
    for (path, content, says) in [
        (ROOT_CONFIG, json!([]), "root_config.json: expected an object, found a list"),
        (ROOT_CONFIG, json!({ "app_id": "shop" }), "root_config.json: app_id: expected a client app id"),
        (ROOT_CONFIG, json!({ "environment": "moon" }), "root_config.json: environment: expected"),
        (ROOT_CONFIG, json!({ "config_version": 5 }), "root_config.json: config_version: expected"),
        (
            ROOT_CONFIG,
            json!({ "allowed_request_origins": ["https://a.example", "https://a.example/path"] }),
            "root_config.json: allowed_request_origins[1]: expected an origin",
        ),
        (
            PROVIDERS,
            json!({ "local-userpass": { "config": { "autoConfirm": "yes" } } }),
            "auth/providers.json: local-userpass.config.autoConfirm: expected true or false, found a text",
        ),
        (
            PROVIDERS,
            json!({ "local-userpass": { "config": { "runConfirmationFunction": true, "confirmationFunctionName": "no" } } }),
            "auth/providers.json: local-userpass.config.confirmationFunctionName: expected the name of a function",
        ),
        (
            PROVIDERS,
            json!({ "oauth2-google": { "config": {} } }),
            "auth/providers.json: oauth2-google.config.clientId: expected a text, found nothing",
        ),
        (
            CUSTOM_USER_DATA,
            json!({ "enabled": true }),
            "auth/custom_user_data.json: mongo_service_name: expected",
        ),
        (FUNCTIONS, json!({}), "functions/config.json: expected a list of functions"),
        (
            FUNCTIONS,
            json!([{ "name": "gone" }]),
            "functions/config.json: [0].name: expected the path of a file",
        ),
        (
            SETTINGS,
            json!({ "refresh_token_lifetim": "1d" }),
            "idmux.json: refresh_token_lifetim: there is no such field",
        ),
        (
            SETTINGS,
            json!({ "access_token_lifetime": "1mo" }),
            "idmux.json: access_token_lifetime: months and years",
        ),
        (
            SETTINGS,
            json!({ "issuers": { "oauth2-x": "" } }),
            "idmux.json: issuers.oauth2-x: there is no such issuer",
        ),
        (
            SETTINGS,
            json!({ "smtp": { "from": "a@b.c" } }),
            "idmux.json: smtp.url: expected this field or url_secret",
        ),
    ] {
        let error = refusal(path, &content);
        assert!(error.starts_with(says), "{error}\n{says}");
    }
    let mut files = AppFiles::of(&AppConfig::default());
    files.insert(PROVIDERS, "{\n  \"anon-user\": ");
    let error = AppConfig::from_files(&files).unwrap_err().to_string();
    assert!(error.starts_with("auth/providers.json: line 2, column "), "{error}");
    let error = AppConfig::from_files(&AppFiles::default()).unwrap_err().to_string();
    assert!(error.starts_with("root_config.json is missing"), "{error}");
}

#[test]
fn a_configuration_written_as_files_is_read_as_the_same() {
    let default = AppConfig::default();
    assert_eq!(read(&AppFiles::of(&default)), (default, Vec::new()));
    let (exported, _) = read(&fixture("exported"));
    let (again, _) = read(&AppFiles::of(&exported));
    assert_eq!(again, exported);
}

#[test]
fn an_edit_takes_over_what_an_older_export_says() {
    let files = fixture("older");
    let edited = files
        .edited(PROVIDERS, |mut providers| {
            providers["anon-user"]["disabled"] = json!(true);
            Ok(providers)
        })
        .unwrap();
    let (config, _) = read(&edited);
    assert_eq!(config.providers.anon_user, Offer::Disabled(()));
    assert!(config.providers.local_userpass.enabled().is_some());
    assert_eq!(edited.changed(&files).into_iter().collect::<Vec<_>>(), [PROVIDERS]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let key = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "config",
            "type",
            "name",
            "disabled",
            "secret_config",
            "signingKeys",
            "metadata_fields",
            "enabled",
            "local-userpass",
            "custom-token",
            "oauth2-google",
            "smtp",
            "issuers",
            "values",
            "value",
            "from_secret",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

proptest! {
    /// Never a panic; and an error names the file, since the others are sound.
    #[test]
    fn any_json_in_any_file_is_read_or_refused_by_its_name(
        path in prop::sample::select(vec![
            ROOT_CONFIG, PROVIDERS, CUSTOM_USER_DATA, FUNCTIONS, SETTINGS, SECRETS, "values/a.json",
            "environments/no-environment.json", "functions/a/config.json", "triggers/a.json",
        ]),
        content in any_json(),
    ) {
        let mut files = with(path, &content);
        files.insert("functions/a/source.js", "exports = () => 1;");
        match AppConfig::from_files(&files) {
            Ok((config, _)) => prop_assert_eq!(AppConfig::from_files(&AppFiles::of(&config)).unwrap().0, config),
            Err(error) => prop_assert_eq!(error.file(), path),
        }
    }
}

#[test]
fn lifetimes_are_written_as_they_are_read() {
    let written: BTreeMap<_, _> =
        [1, 90, 120, 3600, 5400, 86_400, 5_184_000].map(|s| (s, lifetime(Duration::from_secs(s)))).into();
    assert_eq!(written[&5_184_000], "60d");
    assert_eq!(written[&5400], "90m");
    for (seconds, text) in written {
        assert_eq!(crate::local_app::parse_lifetime(&text), Ok(Duration::from_secs(seconds)));
    }
}
