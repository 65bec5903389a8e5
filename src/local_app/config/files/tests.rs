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
            "data_sources/mongodb-atlas/default_rule.json is not honoured",
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
    let written_by_mistake = json!({ "custom-token": { "secret_config": { "signingKeys": ["hush-hush"] } } });
    let error = refusal(PROVIDERS, &written_by_mistake);
    assert!(error.starts_with("auth/providers.json: custom-token.secret_config.signingKeys[0]: "), "{error}");
    assert!(!error.contains("hush"), "{error}");
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
