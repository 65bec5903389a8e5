//! Every endpoint against every kind of bad input. A new route is one new row; a route without a row fails the test.
//!
//! What an endpoint needs and takes says what it must refuse: each kind of need has its wrong tokens, each kind of body
//! its malformed and oversized ones. Only what is missing or wrong inside a body is written out, in the row.

use std::collections::BTreeSet;
use std::path::Path;

use idmux::local_app::{Lifetimes, Storage};
use reqwest::Method;
use secrecy::ExposeSecret;

use crate::support::{APP, Client, PASSWORD, Reply, Server, User};

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Access,
    Refresh,
    Control,
    /// An access token of the Admin API.
    Admin,
    /// A refresh token of the Admin API.
    AdminRefresh,
}

/// What a body has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// It is not looked at.
    Nothing,
    /// A JSON object, or nothing.
    Json,
    /// A JSON list of texts.
    List,
    /// A JSON list of users, or an object with one; it may be long.
    Users,
    /// A form, of which what is not known is passed over.
    Form,
}

impl Takes {
    /// What is more than the largest body.
    fn oversized(self) -> Option<String> {
        let limit = match self {
            Self::Nothing => return None,
            Self::Json | Self::List | Self::Form => 1024 * 1024,
            Self::Users => 64 * 1024 * 1024,
        };
        Some(format!("{{\"a\":\"{}\"}}", "x".repeat(limit)))
    }

    /// What is no such body at all.
    fn malformed(self) -> Vec<Vec<u8>> {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        let bad = [&b"{"[..], b"[", b"5", b"null", b"\"text\"", b"{}{}", b"{\"a\":\xff}", b"\xef\xbb\xbf{}"];
        let bad = bad.into_iter().chain([&b"nonsense"[..], deep.as_bytes()]);
        let of_kind: &[&[u8]] = match self {
            Self::Nothing | Self::Form => return Vec::new(),
            Self::Json => &[b"[]"],
            Self::List => &[b"", b"{}", b"[5]", b"[null]", b"[[]]"],
            Self::Users => &[b"", b"{}"],
        };
        bad.chain(of_kind.iter().copied()).map(<[u8]>::to_vec).collect()
    }
}

/// Status and code of a refusal.
type Refusal = (u16, Option<&'static str>);

struct Row {
    method: Method,
    /// As in the router, with the prefix that it is nested under.
    path: &'static str,
    needs: Needs,
    takes: Takes,
    /// Bodies that are well-formed and not good enough.
    refused: &'static [(&'static str, Refusal)],
}

const fn row(
    method: Method,
    path: &'static str,
    needs: Needs,
    takes: Takes,
    refused: &'static [(&'static str, Refusal)],
) -> Row {
    Row { method, path, needs, takes, refused }
}

const MISSING: Refusal = (400, Some("MissingParameter"));
const INVALID: Refusal = (400, Some("InvalidParameter"));
const BAD: Refusal = (400, Some("BadRequest"));
const NOBODY: Refusal = (404, Some("UserNotFound"));
const NOT_FOUND: Refusal = (404, None);
const EMAIL_AND_PASSWORD: &[(&str, Refusal)] = &[
    ("", MISSING),
    ("{}", MISSING),
    (r#"{"email":"a@example.com"}"#, MISSING),
    (r#"{"password":"correct horse"}"#, MISSING),
    (r#"{"email":null,"password":"correct horse"}"#, MISSING),
    (r#"{"email":5,"password":"correct horse"}"#, INVALID),
    (r#"{"email":"a@example.com","password":["x"]}"#, INVALID),
    (r#"{"email":"","password":"correct horse"}"#, BAD),
    (r#"{"email":"a@example.com","password":"short"}"#, BAD),
];
const CREDENTIALS: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"username":"a@example.com"}"#, MISSING),
    (r#"{"username":"a@example.com","password":null}"#, MISSING),
    (r#"{"username":{},"password":"correct horse"}"#, INVALID),
    (r#"{"username":"nobody@example.com","password":"correct horse"}"#, (401, Some("InvalidPassword"))),
];
const DATABASE: Refusal = (400, Some("MongoDBError"));

/// A call of an action on the collection of custom user data.
macro_rules! of_data {
    ($action:literal, $options:literal) => {
        concat!(
            r#"{"service":"mongodb-atlas","name":""#,
            $action,
            r#"","arguments":[{"database":"app","collection":"custom_user_data","#,
            $options,
            "}]}"
        )
    };
}

const CALLS: &[(&str, Refusal)] = &[
    ("", BAD),
    (r#"{"name":5}"#, BAD),
    (r#"{"name":"f","arguments":{}}"#, BAD),
    (r#"{"name":"f","service":5}"#, BAD),
    (r#"{"name":"f","arguments":[{"$oid":"short"}]}"#, BAD),
    (r#"{"name":"f","arguments":[99999999999999999999]}"#, BAD),
    // Kind: values that JSON holds and BSON refuses late. Each is refused when it comes, wherever it stands.
    (r#"{"name":"f","arguments":[{"a\u0000b":1}]}"#, BAD),
    (r#"{"name":"f","arguments":[[{"a":[{"b":{"\u0000":1}}]}]]}"#, BAD),
    (r#"{"name":"f","arguments":[{"$regularExpression":{"pattern":"a\u0000","options":""}}]}"#, BAD),
    (r#"{"name":"f","arguments":[{"$code":"x","$scope":{"\u0000":1}}]}"#, BAD),
    (r#"{"name":"f","arguments":["\ud800"]}"#, BAD),
    (r#"{"name":"f","arguments":[{"$numberDecimal":"many"}]}"#, BAD),
    (r#"{"name":"f","arguments":[{"$numberInt":"9999999999"}]}"#, BAD),
    (r#"{"name":"f","arguments":[{"$date":{"$numberLong":"soon"}}]}"#, BAD),
    (r#"{"name":"f","arguments":[{"$binary":{"base64":"?","subType":"00"}}]}"#, BAD),
    (r#"{"name":"f","arguments":[{"$timestamp":{"t":-1,"i":0}}]}"#, BAD),
    (r#"{"name":"nowhere","arguments":[]}"#, (404, Some("FunctionNotFound"))),
    (r#"{"name":"findOne","service":"nowhere","arguments":[]}"#, (404, Some("ServiceNotFound"))),
    (
        r#"{"name":"nothing","service":"mongodb-atlas","arguments":[{}]}"#,
        (404, Some("ServiceCommandNotFound")),
    ),
    (of_data!("insertOne", r#""document":{"a\u0000b":1}"#), BAD),
    (of_data!("insertOne", r#""document":{"a":[{"\u0000":1}]}"#), BAD),
    (of_data!("insertOne", r#""document":{"_id":{"a\u0000b":1}}"#), BAD),
    (of_data!("insertOne", r#""document":{"$set":1}"#), DATABASE),
    (of_data!("insertOne", r#""document":{"_id":{"$undefined":true}}"#), (400, Some("NoMatchingRuleFound"))),
    (of_data!("findOne", r#""query":{"a\u0000b":1}"#), BAD),
    (of_data!("findOne", r#""query":{"a":{"$in":[{"\u0000":1}]}}"#), BAD),
    (of_data!("findOne", r#""project":{"\u0000":1}"#), BAD),
    (of_data!("findOne", r#""sort":{"\u0000":1}"#), BAD),
    (of_data!("findOne", r#""\u0000":1"#), BAD),
    (of_data!("updateOne", r#""update":{"$set":{"a\u0000b":1}}"#), BAD),
    (of_data!("updateOne", r#""query":{"a.\u0000":1},"update":{"$set":{"b":1}},"upsert":true"#), BAD),
    (of_data!("updateOne", r#""update":{"$set":{"a..b":1}}"#), DATABASE),
    (of_data!("updateOne", r#""update":{"$set":{"a.$b":1}}"#), DATABASE),
    (of_data!("deleteOne", r#""query":{"\u0000":1}"#), BAD),
];

const ADMIN_CREDENTIALS: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"username":"me"}"#, MISSING),
    (r#"{"username":"me","password":null}"#, MISSING),
    (r#"{"username":{},"password":"x"}"#, INVALID),
    (r#"{"username":"me","password":"not the control token"}"#, (401, Some("InvalidPassword"))),
];
const NO_KEY: Refusal = (404, Some("APIKeyNotFound"));
const KEY_NAMES: &[(&str, Refusal)] =
    &[("", (400, None)), (r#"{"name":5}"#, (400, None)), (r#"{"name":""}"#, (400, None))];
const NO_PROVIDER: Refusal = (404, Some("AuthProviderNotFound"));
const NEW_EMAILS: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"email":5}"#, INVALID),
    (r#"{"email":""}"#, BAD),
    (r#"{"email":"new@example.com"}"#, NOBODY),
];
const LIFETIMES: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"expiration_time_seconds":"soon"}"#, INVALID),
    (r#"{"expiration_time_seconds":-1}"#, INVALID),
    (r#"{"expiration_time_seconds":1}"#, BAD),
];
const CUSTOM_DATA: &[(&str, Refusal)] =
    &[(r#"{"nonsense":1}"#, BAD), (r#"{"enabled":"yes"}"#, BAD), (r#"{"database_name":5}"#, BAD)];
const PROVIDERS: &[(&str, Refusal)] = &[
    ("", BAD),
    (r#"{"type":5}"#, BAD),
    (r#"{"type":"nobody"}"#, BAD),
    (r#"{"type":"oauth2-google","config":5}"#, BAD),
];
const IMPORTS: &[(&str, Refusal)] = &[
    (r#"{"users":{}}"#, BAD),
    (r#"{"users":[],"reset_codes_for":7}"#, BAD),
    (r#"{"users":[],"adopt_passwords_for":"soon"}"#, BAD),
    (r#"{"users":[],"firebase":{}}"#, BAD),
];

const EMAIL: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"email":null}"#, MISSING),
    (r#"{"email":5}"#, INVALID),
    (r#"{"email":""}"#, BAD),
    (r#"{"email":"nobody@example.com"}"#, NOBODY),
];
const TOKENS: &[(&str, Refusal)] = &[
    ("", BAD),
    (r#"{"token":"0123"}"#, BAD),
    (r#"{"token":5,"tokenId":[],"password":"correct horse"}"#, BAD),
    (r#"{"token":"short","tokenId":"5f0000000000000000000001","password":"correct horse"}"#, BAD),
];
const RESETS: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"email":"nobody@example.com"}"#, MISSING),
    (r#"{"email":"nobody@example.com","password":5}"#, INVALID),
    (r#"{"email":"nobody@example.com","password":"short"}"#, BAD),
    (r#"{"email":"nobody@example.com","password":"correct horse","arguments":{}}"#, INVALID),
    (r#"{"email":"nobody@example.com","password":"correct horse"}"#, NOBODY),
];
const CLOCKS: &[(&str, Refusal)] = &[
    ("", INVALID),
    (r#"{"advance":5}"#, INVALID),
    (r#"{"advance":"soon"}"#, INVALID),
    (r#"{"set":"soon"}"#, INVALID),
    (r#"{"reset":false}"#, INVALID),
    (r#"{"advance":"1h","freeze":true}"#, INVALID),
];
const FAULTS: &[(&str, Refusal)] = &[
    ("", INVALID),
    (r#"{"effect":5}"#, INVALID),
    (r#"{"effect":{"nonsense":1}}"#, INVALID),
    (r#"{"effect":{"status":200}}"#, INVALID),
    (r#"{"effect":{"status":503},"times":0}"#, INVALID),
    (r#"{"effect":{"status":503},"match":{"path_prefix":"x"}}"#, INVALID),
];

const ADMIN: &str = "/api/admin/v3.0";

/// A path of the Admin API below the App's.
macro_rules! of_app {
    ($path:literal) => {
        concat!("/api/admin/v3.0/groups/{group}/apps/{internal_id}", $path)
    };
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    use Needs as N;
    use Takes as T;
    let (get, post, put) = (|| Method::GET, || Method::POST, || Method::PUT);
    let (patch, delete) = (|| Method::PATCH, || Method::DELETE);
    vec![
        row(get(), "/api/client/v2.0/app/{app}/location", N::Nothing, T::Nothing, &[]),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/{provider}/login", N::Nothing, T::Json, CREDENTIALS),
        row(get(), "/api/client/v2.0/app/{app}/auth/providers/{provider}/login", N::Nothing, T::Nothing, &[("", MISSING)]),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/register", N::Nothing, T::Json, EMAIL_AND_PASSWORD),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/confirm", N::Nothing, T::Json, TOKENS),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/confirm/send", N::Nothing, T::Json, EMAIL),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/confirm/call", N::Nothing, T::Json, EMAIL),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/reset", N::Nothing, T::Json, TOKENS),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/reset/send", N::Nothing, T::Json, EMAIL),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/reset/call", N::Nothing, T::Json, RESETS),
        row(post(), "/api/client/v2.0/app/{app}/functions/call", N::Access, T::Json, CALLS),
        row(get(), "/api/client/v2.0/auth/callback", N::Nothing, T::Nothing, &[("", BAD)]),
        row(post(), "/api/client/v2.0/auth/callback", N::Nothing, T::Form, &[("", BAD), ("state=unknown&code=x", BAD), ("%ff&&=", BAD)]),
        row(get(), "/api/client/v2.0/auth/profile", N::Access, T::Nothing, &[]),
        row(delete(), "/api/client/v2.0/auth/delete", N::Access, T::Nothing, &[]),
        row(post(), "/api/client/v2.0/auth/session", N::Refresh, T::Nothing, &[]),
        row(delete(), "/api/client/v2.0/auth/session", N::Refresh, T::Nothing, &[]),
        row(get(), "/api/client/v2.0/auth/api_keys", N::Refresh, T::Nothing, &[]),
        row(post(), "/api/client/v2.0/auth/api_keys", N::Refresh, T::Json, KEY_NAMES),
        row(get(), "/api/client/v2.0/auth/api_keys/{id}", N::Refresh, T::Nothing, &[("", NO_KEY)]),
        row(delete(), "/api/client/v2.0/auth/api_keys/{id}", N::Refresh, T::Nothing, &[("", NO_KEY)]),
        row(put(), "/api/client/v2.0/auth/api_keys/{id}/enable", N::Refresh, T::Nothing, &[("", NO_KEY)]),
        row(put(), "/api/client/v2.0/auth/api_keys/{id}/disable", N::Refresh, T::Nothing, &[("", NO_KEY)]),
        row(get(), "/api/admin/v3.0/auth/providers", N::Nothing, T::Nothing, &[]),
        row(post(), "/api/admin/v3.0/auth/providers/{provider}/login", N::Nothing, T::Json, ADMIN_CREDENTIALS),
        row(post(), "/api/admin/v3.0/auth/session", N::AdminRefresh, T::Nothing, &[]),
        row(delete(), "/api/admin/v3.0/auth/session", N::AdminRefresh, T::Nothing, &[]),
        row(get(), "/api/admin/v3.0/auth/profile", N::Admin, T::Nothing, &[]),
        row(get(), "/api/admin/v3.0/groups/{group}/apps", N::Admin, T::Nothing, &[]),
        row(get(), of_app!("/users"), N::Admin, T::Nothing, &[]),
        row(get(), of_app!("/users_count"), N::Admin, T::Nothing, &[]),
        row(post(), of_app!("/users"), N::Admin, T::Json, EMAIL_AND_PASSWORD),
        row(post(), of_app!("/users/verify_token"), N::Admin, T::Json, &[("", MISSING), (r#"{"token":5}"#, INVALID), (r#"{"token":"x"}"#, (401, None))]),
        row(get(), of_app!("/users/{id}"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(delete(), of_app!("/users/{id}"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(get(), of_app!("/users/{id}/devices"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(put(), of_app!("/users/{id}/logout"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(put(), of_app!("/users/{id}/enable"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(put(), of_app!("/users/{id}/disable"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(patch(), of_app!("/users/{id}/reset_email"), N::Admin, T::Json, NEW_EMAILS),
        row(get(), of_app!("/user_registrations/pending_users"), N::Admin, T::Nothing, &[]),
        row(delete(), of_app!("/user_registrations/by_email/{email}"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(delete(), of_app!("/user_registrations/by_id/{id}"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(post(), of_app!("/user_registrations/by_email/{email}/confirm"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(post(), of_app!("/user_registrations/by_email/{email}/send_confirm"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(post(), of_app!("/user_registrations/by_email/{email}/run_confirm"), N::Admin, T::Nothing, &[("", NOBODY)]),
        row(get(), of_app!("/api_keys"), N::Admin, T::Nothing, &[]),
        row(post(), of_app!("/api_keys"), N::Admin, T::Json, KEY_NAMES),
        row(get(), of_app!("/api_keys/{id}"), N::Admin, T::Nothing, &[("", NO_KEY)]),
        row(delete(), of_app!("/api_keys/{id}"), N::Admin, T::Nothing, &[("", NO_KEY)]),
        row(put(), of_app!("/api_keys/{id}/enable"), N::Admin, T::Nothing, &[("", NO_KEY)]),
        row(put(), of_app!("/api_keys/{id}/disable"), N::Admin, T::Nothing, &[("", NO_KEY)]),
        row(get(), of_app!("/auth_providers"), N::Admin, T::Nothing, &[]),
        row(post(), of_app!("/auth_providers"), N::Admin, T::Json, PROVIDERS),
        row(get(), of_app!("/auth_providers/{id}"), N::Admin, T::Nothing, &[("", NO_PROVIDER)]),
        row(patch(), of_app!("/auth_providers/{id}"), N::Admin, T::Json, &[("", NO_PROVIDER), (r#"{"config":{}}"#, NO_PROVIDER)]),
        row(delete(), of_app!("/auth_providers/{id}"), N::Admin, T::Nothing, &[("", NO_PROVIDER)]),
        row(put(), of_app!("/auth_providers/{id}/enable"), N::Admin, T::Nothing, &[("", NO_PROVIDER)]),
        row(put(), of_app!("/auth_providers/{id}/disable"), N::Admin, T::Nothing, &[("", NO_PROVIDER)]),
        row(get(), of_app!("/custom_user_data"), N::Admin, T::Nothing, &[]),
        row(patch(), of_app!("/custom_user_data"), N::Admin, T::Json, CUSTOM_DATA),
        row(get(), of_app!("/security/refresh_token_expiration"), N::Admin, T::Nothing, &[]),
        row(put(), of_app!("/security/refresh_token_expiration"), N::Admin, T::Json, LIFETIMES),
        row(get(), of_app!("/security/allowed_request_origins"), N::Admin, T::Nothing, &[]),
        row(post(), of_app!("/security/allowed_request_origins"), N::Admin, T::List, &[]),
        row(post(), "/api/control/v1/users/import", N::Control, T::Users, IMPORTS),
        row(get(), "/api/control/v1/about", N::Control, T::Nothing, &[]),
        row(get(), "/api/control/v1/clock", N::Control, T::Nothing, &[]),
        row(put(), "/api/control/v1/clock", N::Control, T::Json, CLOCKS),
        row(get(), "/api/control/v1/faults", N::Control, T::Nothing, &[]),
        row(post(), "/api/control/v1/faults", N::Control, T::Json, FAULTS),
        row(delete(), "/api/control/v1/faults", N::Control, T::Nothing, &[]),
        row(delete(), "/api/control/v1/faults/{id}", N::Control, T::Nothing, &[("", NOT_FOUND)]),
        row(post(), "/api/control/v1/keys/rotate", N::Control, T::Json, &[(r#"{"forget_old":5}"#, INVALID)]),
        row(get(), "/api/control/v1/mails", N::Control, T::Nothing, &[]),
        row(delete(), "/api/control/v1/mails", N::Control, T::Nothing, &[]),
        row(post(), "/api/control/v1/mails/{id}/confirm", N::Control, T::Nothing, &[("", NOT_FOUND)]),
        row(get(), "/api/control/v1/snapshots", N::Control, T::Nothing, &[]),
        row(post(), "/api/control/v1/snapshots", N::Control, T::Json, &[("", MISSING), (r#"{"name":5}"#, MISSING)]),
        row(delete(), "/api/control/v1/snapshots/{name}", N::Control, T::Nothing, &[("", NOT_FOUND)]),
        row(post(), "/api/control/v1/snapshots/{name}/restore", N::Control, T::Nothing, &[("", NOT_FOUND)]),
    ]
}

impl Row {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A server, and tokens of every kind, good and bad.
struct World {
    server: Server,
    good: User,
    expired: User,
    foreign: User,
    deleted: User,
    logged_out: User,
    admin: User,
    expired_admin: User,
    foreign_admin: User,
    logged_out_admin: User,
    /// What stands for the parameters of a path.
    parameters: Vec<(&'static str, String)>,
}

impl World {
    async fn build() -> Self {
        let other = Server::start_app("other-abcde", Storage::Memory, Lifetimes::default()).await;
        let server = Server::start().await;
        let expired_admin = admin(&server).await;
        for server in [&other, &server] {
            server.advance(61 * 24 * 60 * 60);
        }
        let foreign = other.anonymous().await;
        let foreign_admin = admin(&other).await;
        let seconds = |s| std::time::Duration::from_secs(s);
        server.app.open_sessions_with(Some(Lifetimes { access: seconds(1), refresh: seconds(1) }));
        let expired = server.anonymous().await;
        server.app.open_sessions_with(None);
        server.advance(2);
        let good = server.user("good@example.com").await;
        let deleted = server.anonymous().await;
        server.delete(&deleted.access).await.empty(204);
        let logged_out = server.anonymous().await;
        server.log_out(&logged_out.refresh).await.empty(204);
        let admin_user = admin(&server).await;
        let logged_out_admin = admin(&server).await;
        let session = format!("{ADMIN}/auth/session");
        let bearer = format!("Bearer {}", logged_out_admin.refresh);
        send(&server, Method::DELETE, &session, Some(&bearer), "").await.empty(204);
        let about = server.control(Method::GET, "/about", serde_json::Value::Null).await.ok(200);
        let parameters = vec![
            ("app", APP.to_owned()),
            ("provider", "local-userpass".to_owned()),
            ("group", about["group_id"].as_str().unwrap().to_owned()),
            ("internal_id", about["internal_id"].as_str().unwrap().to_owned()),
            // Of which there is none.
            ("id", "999999".to_owned()),
            ("name", "nothing-here".to_owned()),
            ("email", "nobody@example.com".to_owned()),
        ];
        let admin = admin_user;
        Self {
            server,
            good,
            expired,
            foreign,
            deleted,
            logged_out,
            admin,
            expired_admin,
            foreign_admin,
            logged_out_admin,
            parameters,
        }
    }

    fn path(&self, row: &Row) -> String {
        let fill = |path: String, (name, value): &(&str, String)| path.replace(&format!("{{{name}}}"), value);
        let filled = self.parameters.iter().fold(row.path.to_owned(), fill);
        assert!(!filled.contains('{'), "{filled}: there is no value for one of its parameters");
        filled
    }

    /// The path with another value of one parameter.
    fn path_with(&self, row: &Row, parameter: &str, value: &str) -> String {
        let path = row.path.replace(&format!("{{{parameter}}}"), value);
        let fill = |path: String, (name, value): &(&str, String)| path.replace(&format!("{{{name}}}"), value);
        self.parameters.iter().fold(path, fill)
    }

    fn good_token(&self, needs: Needs) -> Option<&str> {
        match needs {
            Needs::Nothing => None,
            Needs::Access => Some(&self.good.access),
            Needs::Refresh => Some(&self.good.refresh),
            Needs::Control => Some(self.server.app.control_token().expose_secret()),
            Needs::Admin => Some(&self.admin.access),
            Needs::AdminRefresh => Some(&self.admin.refresh),
        }
    }

    /// `Authorization` headers that do not count, with what they are answered.
    fn bad_headers(&self, needs: Needs) -> Vec<(&'static str, Option<String>, Refusal)> {
        let bearer = |token: &str| Some(format!("Bearer {token}"));
        let good = &self.good;
        let forged =
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", good.access.split('.').nth(1).unwrap());
        let session = (401, Some("InvalidSession"));
        let plain = (401, None);
        let other_app = (401, Some("UserAppDomainMismatch"));
        let basic = Some("Basic YTpi".to_owned());
        match needs {
            Needs::Nothing => Vec::new(),
            Needs::Access => vec![
                ("no token", None, plain),
                ("an empty token", bearer(""), plain),
                ("another scheme", basic, plain),
                ("what a logged-out client sends", bearer("null"), session),
                ("an altered token", bearer(&format!("{}x", good.access)), session),
                ("an unsigned token", bearer(&forged), session),
                ("a refresh token", bearer(&good.refresh), session),
                ("an expired token", bearer(&self.expired.access), session),
                ("another app's token", bearer(&self.foreign.access), session),
                ("an admin's token", bearer(&self.admin.access), other_app),
                ("a deleted user's token", bearer(&self.deleted.access), session),
            ],
            Needs::Refresh => vec![
                ("no token", None, plain),
                ("an empty token", bearer(""), plain),
                ("another scheme", basic, plain),
                ("what a logged-out client sends", bearer("null"), plain),
                ("an altered token", bearer(&format!("{}x", good.refresh)), plain),
                ("an unsigned token", bearer(&forged), plain),
                ("an access token", bearer(&good.access), plain),
                ("an expired token", bearer(&self.expired.refresh), session),
                ("another app's token", bearer(&self.foreign.refresh), plain),
                ("an admin's token", bearer(&self.admin.refresh), other_app),
                ("a deleted user's token", bearer(&self.deleted.refresh), session),
                ("a logged-out session's token", bearer(&self.logged_out.refresh), session),
            ],
            Needs::Control => vec![
                ("no token", None, (401, Some("MissingAuthReq"))),
                ("another scheme", basic, plain),
                ("another token", bearer("wrong"), (401, Some("MissingAuthReq"))),
                ("an access token", bearer(&good.access), (401, Some("MissingAuthReq"))),
                ("an admin's token", bearer(&self.admin.access), (401, Some("MissingAuthReq"))),
            ],
            Needs::Admin => vec![
                ("no token", None, plain),
                ("an empty token", bearer(""), plain),
                ("another scheme", basic, plain),
                ("what a logged-out client sends", bearer("null"), session),
                ("an altered token", bearer(&format!("{}x", self.admin.access)), session),
                ("an unsigned token", bearer(&forged), session),
                ("a refresh token", bearer(&self.admin.refresh), plain),
                ("an expired token", bearer(&self.expired_admin.access), session),
                ("another server's token", bearer(&self.foreign_admin.access), session),
                ("a user's token", bearer(&good.access), other_app),
                ("the control token", bearer(self.server.app.control_token().expose_secret()), session),
                ("a logged-out session's token", bearer(&self.logged_out_admin.access), session),
            ],
            Needs::AdminRefresh => vec![
                ("no token", None, plain),
                ("an empty token", bearer(""), plain),
                ("another scheme", basic, plain),
                ("what a logged-out client sends", bearer("null"), plain),
                ("an altered token", bearer(&format!("{}x", self.admin.refresh)), plain),
                ("an unsigned token", bearer(&forged), plain),
                ("an access token", bearer(&self.admin.access), plain),
                ("an expired token", bearer(&self.expired_admin.refresh), session),
                ("another server's token", bearer(&self.foreign_admin.refresh), plain),
                ("a user's token", bearer(&good.refresh), other_app),
                ("a logged-out session's token", bearer(&self.logged_out_admin.refresh), session),
            ],
        }
    }

    async fn ask(&self, row: &Row, authorization: Option<&str>, body: impl Into<reqwest::Body>) -> Reply {
        send(&self.server, row.method.clone(), &self.path(row), authorization, body).await
    }
}

/// Somebody who is logged in at the Admin API of a server.
async fn admin(server: &Server) -> User {
    let secret = server.app.control_token().expose_secret();
    let body = serde_json::json!({ "username": "me", "password": secret }).to_string();
    let path = format!("{ADMIN}/auth/providers/local-userpass/login");
    User::of(&send(server, Method::POST, &path, None, body).await.ok(200))
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    authorization: Option<&str>,
    body: impl Into<reqwest::Body>,
) -> Reply {
    let mut request = client.request(method, path).body(body);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    client.send(request).await
}

/// Notes a reply that is not the expected refusal, with the envelope that every one has.
fn check(wrong: &mut Vec<String>, what: String, reply: &Reply, (status, code): Refusal) {
    let body: serde_json::Value = serde_json::from_str(&reply.text).unwrap_or_default();
    let found = (reply.status.as_u16(), body["error_code"].as_str());
    let has_envelope =
        body["error"].is_string() && body["link"].as_str().is_some_and(|l| l.contains("/logs?co_id="));
    if found != (status, code) || !has_envelope || reply.header("content-type") != Some("application/json") {
        wrong.push(format!("{what}: expected {status} {code:?}, got {} {}", reply.status, reply.text));
    }
}

#[tokio::test]
async fn every_endpoint_refuses_what_it_should_as_it_should() {
    let world = World::build().await;
    let table = table();
    let mut wrong = Vec::new();
    for row in &table {
        let name = row.name();
        for (what, header, refusal) in world.bad_headers(row.needs) {
            let reply = world.ask(row, header.as_deref(), "{}").await;
            check(&mut wrong, format!("{name} with {what}"), &reply, refusal);
        }
        let good = world.good_token(row.needs).map(|token| format!("Bearer {token}"));
        if let Some(oversized) = row.takes.oversized() {
            let reply = world.ask(row, good.as_deref(), oversized).await;
            check(&mut wrong, format!("{name} with too much"), &reply, (413, Some("BadRequest")));
        }
        for body in row.takes.malformed() {
            let what = format!("{name} with {:.40}", String::from_utf8_lossy(&body));
            let reply = world.ask(row, good.as_deref(), body).await;
            check(&mut wrong, what, &reply, (400, Some("BadRequest")));
        }
        for (body, refusal) in row.refused {
            let reply = world.ask(row, good.as_deref(), *body).await;
            check(&mut wrong, format!("{name} with {body}"), &reply, *refusal);
            if row.needs == Needs::Nothing {
                // realm-web sends a token of whoever is logged in, whatever it is worth (section 2.3).
                let expired = format!("Bearer {}", world.expired.access);
                let reply = world.ask(row, Some(&expired), *body).await;
                check(&mut wrong, format!("{name} with {body} and an expired token"), &reply, *refusal);
            }
        }
        for parameter in ["app", "group", "internal_id"] {
            if row.path.contains(&format!("{{{parameter}}}")) {
                let path = world.path_with(row, parameter, "nowhere-abcde");
                let reply = send(&world.server, row.method.clone(), &path, good.as_deref(), "{}").await;
                check(&mut wrong, format!("{name} of an unknown {parameter}"), &reply, (404, None));
            }
        }
        for (parameter, _) in &world.parameters {
            if row.path.contains(&format!("{{{parameter}}}")) {
                let path = world.path_with(row, parameter, "%ff");
                let reply = send(&world.server, row.method.clone(), &path, good.as_deref(), "{}").await;
                check(&mut wrong, format!("{name} with a {parameter} that is no text"), &reply, (404, None));
            }
        }
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let is_there = table.iter().any(|other| other.path == row.path && other.method == method);
            if !is_there {
                let reply =
                    send(&world.server, method.clone(), &world.path(row), good.as_deref(), "{}").await;
                check(&mut wrong, format!("{method} instead of {name}"), &reply, (405, None));
            }
        }
        let below = format!("{}/nothing/here", world.path(row));
        let reply = send(&world.server, row.method.clone(), &below, good.as_deref(), "{}").await;
        check(&mut wrong, format!("{name}, below it"), &reply, (404, None));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Nothing of all that ended a session or changed a password.
    world.server.refresh(&world.good.refresh).await.ok(201);
    world.server.log_in("good@example.com", PASSWORD).await.ok(200);
}

/// The routes of the sources: method, and path without what it is nested under.
fn routes() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/local_app");
    let mut files = vec![root.join("http.rs")];
    let mut folders = vec![root.join("http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for route in code.split(".route(").skip(1) {
            let (_, rest) = route.split_once('"').unwrap();
            let (path, rest) = rest.split_once('"').unwrap();
            // Up to the end of the call, whatever brackets are in it.
            let mut depth = 1;
            let end = rest.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            let handlers = &rest[..end.unwrap()];
            let mut methods = 0;
            for method in ["get", "post", "put", "patch", "delete"] {
                let is_start =
                    |at: usize| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                if handlers.match_indices(&format!("{method}(")).any(|(at, _)| is_start(at)) {
                    methods += 1;
                    found.insert((method.to_uppercase(), path.to_owned()));
                }
            }
            assert!(methods > 0, "{path} has no method that this test knows: {handlers}");
        }
    }
    found
}

#[test]
fn every_route_of_the_server_has_a_row() {
    let table = table();
    let routes = routes();
    assert!(routes.len() >= 9, "the routes are found: {routes:?}");
    let is_of = |row: &Row, (method, path): &(String, String)| {
        row.method.as_str() == method && row.path.ends_with(path.as_str())
    };
    let missing: Vec<_> = routes.iter().filter(|route| !table.iter().any(|row| is_of(row, route))).collect();
    assert!(missing.is_empty(), "no row in the table for {missing:#?}");
    let gone: Vec<_> =
        table.iter().filter(|row| !routes.iter().any(|route| is_of(row, route))).map(Row::name).collect();
    assert!(gone.is_empty(), "no such route: {gone:#?}");
}
