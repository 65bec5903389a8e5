//! Whom the pictures show: two Apps with users by several providers, in a vault of their own.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use idmux::local_app::config::{
    AppConfig, Confirmation, CustomToken, LocalUserpass, Mail, OAuth2, Offer, PasswordReset, TokenAlgorithm,
    TokenKeys,
};
use idmux::local_app::{ANY_PORT, Lifetimes, LocalApp, Options, Storage};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::identity_provider::{IdentityProvider, RSA, RSA_PUBLIC, field, oauth2, rs256};
use crate::support::{Client, User};
use crate::terminal::{Size, Terminal};

const PASSWORD: &str = "a password of the pictures";
const SHOP: &str = "shop-abcde";
const FORUM: &str = "forum-fghij";

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// The Apps, and the folder of the idmux that knows them.
pub struct Stage {
    runtime: Runtime,
    provider: IdentityProvider,
    shop: LocalApp,
    forum: LocalApp,
    home: TempDir,
    /// Ada, as she is logged in elsewhere.
    ada: User,
}

impl Stage {
    /// Starts the Apps and logs everybody in.
    pub fn set() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (provider, shop, forum) = runtime.block_on(async {
            let provider = IdentityProvider::start().await;
            let shop = serve(SHOP, 9090, shop_config(&provider)).await;
            let forum = serve(FORUM, 9091, forum_config()).await;
            (provider, shop, forum)
        });
        let home = tempfile::tempdir().expect("a folder");
        let ada = runtime.block_on(async { person(&shop, "ada@example.com").await });
        let stage = Self { runtime, provider, shop, forum, home, ada };
        stage.populate();
        stage
    }

    /// idmux at the Apps.
    pub fn idmux(&self, theme: &str, size: Size) -> Terminal {
        let look = format!("[look]\ntheme = \"{theme}\"\n");
        std::fs::write(self.home.path().join("config.toml"), look).expect("the settings are written");
        let key = self.home.path().join("key");
        let browser = self.home.path().join("browser");
        let variables = [
            ("IDMUX_KEY_FILE", key.to_str().expect("a path")),
            ("IDMUX_CONTROL_TOKEN", self.shop.control_token().expose_secret()),
            // No browser opens, and nobody minds.
            ("BROWSER", browser.to_str().expect("a path")),
        ];
        let args = ["--url", self.shop.base_url().as_str(), "--app-id", SHOP, "--app", "shop"];
        Terminal::idmux_with(self.home.path(), &args, size, &variables)
    }

    /// What a command of idmux prints.
    pub fn run(&self, args: &[&str], input: &str) -> String {
        let mut child = Command::new(env!("CARGO_BIN_EXE_idmux"))
            .args(args)
            .env("IDMUX_HOME", self.home.path())
            .env("IDMUX_KEY_FILE", self.home.path().join("key"))
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("idmux starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("idmux reads");
        let output = child.wait_with_output().expect("idmux ends");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Where the shop is.
    pub fn url(&self) -> &str {
        self.shop.base_url().as_str()
    }

    /// Ada changes her custom data elsewhere.
    pub fn change_elsewhere(&self, change: Value) {
        let update = json!({ "query": { "user_id": self.ada.id }, "update": { "$set": change } });
        let client = client(&self.shop);
        self.runtime.block_on(client.custom_data(&self.ada.access, "updateOne", update)).ok(200);
    }

    /// Somebody registers, and leaves the mail unread.
    pub fn register_elsewhere(&self, email: &str) {
        self.runtime.block_on(client(&self.shop).register(email, PASSWORD)).done(201);
    }

    fn populate(&self) {
        for (name, app, id) in [("shop", &self.shop, SHOP), ("forum", &self.forum, FORUM)] {
            let url = app.base_url().as_str();
            let args = ["app", "add", name, "--url", url, "--app-id", id, "--control-token-stdin"];
            self.run(&args, app.control_token().expose_secret());
        }
        self.runtime.block_on(self.write_data());

        let email = |app, address| ["login", "email", address, "--app", app, "--password-stdin"];
        self.lasting(30 * MINUTE, 60 * DAY);
        self.run(&email("shop", "ada@example.com"), PASSWORD);
        self.lasting(2 * MINUTE, DAY);
        self.run(&email("shop", "grace@example.com"), PASSWORD);
        self.lasting(5 * MINUTE, 7 * DAY);
        self.run(&["login", "google", "--app", "shop", "--secret-stdin"], &self.google("edsger"));
        self.lasting(20, 30 * DAY);
        self.run(&["login", "anon", "--app", "shop"], "");
        self.lasting(30 * MINUTE, 60 * DAY);
        self.run(&email("shop", "barbara@example.com"), PASSWORD);
        self.run(&["logout", "--app", "shop"], "");
        // Its session is over when the pictures are taken.
        self.lasting(4, 6);
        self.run(&email("shop", "linus@example.com"), PASSWORD);
        self.run(&["switch", "ada@example.com", "--app", "shop"], "");

        self.lasting(30 * MINUTE, 45 * DAY);
        self.run(&email("forum", "ada@example.com"), PASSWORD);
        self.lasting(10 * MINUTE, 14 * DAY);
        self.run(&["login", "jwt", "--app", "forum", "--secret-stdin"], &self.margaret());
    }

    /// How long the sessions last that are opened from now on, in seconds.
    fn lasting(&self, access: u64, refresh: u64) {
        let (access, refresh) = (Duration::from_secs(access), Duration::from_secs(refresh));
        for app in [&self.shop, &self.forum] {
            app.open_sessions_with(Some(Lifetimes { access, refresh }));
        }
    }

    /// The accounts, and what the Apps know of them.
    async fn write_data(&self) {
        let shop = client(&self.shop);
        for email in ["linus@example.com", "barbara@example.com"] {
            person(&self.shop, email).await;
        }
        client(&self.forum).register("ada@example.com", PASSWORD).await.done(201);

        let data = json!({
            "theme": "dark",
            "language": "en",
            "cart": { "items": [{ "sku": "A-100", "count": 2 }, { "sku": "B-7", "count": 1 }] },
            "visits": 42,
            "member_since": { "$date": { "$numberLong": "1735689600000" } },
        });
        write(&shop, &self.ada, data).await;

        // Grace was anonymous, and took two identities since.
        let grace = shop.anonymous().await;
        register(&self.shop, "grace@example.com").await;
        let body = json!({ "username": "grace@example.com", "password": PASSWORD });
        shop.link(&grace.access, "local-userpass", &body).await.ok(200);
        let body = json!({ "id_token": self.google("grace") });
        shop.link(&grace.access, "oauth2-google", &body).await.ok(200);
        write(&shop, &grace, json!({ "theme": "light", "language": "en", "newsletter": false })).await;
    }

    /// A token of Google about somebody.
    fn google(&self, name: &str) -> String {
        let mut claims = self.provider.claims(name);
        current(&mut claims);
        rs256(RSA, Some("rsa"), &claims)
    }

    /// A token of the forum's own issuer.
    fn margaret(&self) -> String {
        let mut claims = json!({ "aud": FORUM, "sub": "margaret", "email": "margaret@example.com" });
        current(&mut claims);
        rs256(RSA, None, &claims)
    }
}

/// Issued now, for an hour.
fn current(claims: &mut Value) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 3600);
}

/// An App at the port that pictures know it by, or at any if that is taken.
async fn serve(id: &str, port: u16, config: AppConfig) -> LocalApp {
    let options = || Options { config: config.clone(), ..Options::new(id, Storage::Memory) };
    match LocalApp::start(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), options()).await {
        Ok(app) => app,
        Err(_) => LocalApp::start(ANY_PORT, options()).await.expect("the App starts"),
    }
}

fn shop_config(provider: &IdentityProvider) -> AppConfig {
    let mut config = provider.config();
    let page = |page: &str, subject: &str| Mail {
        url: format!("https://shop.example.com/{page}"),
        subject: subject.into(),
    };
    config.providers.local_userpass = Offer::Enabled(LocalUserpass {
        confirmation: Confirmation::Mail(page("confirm", "Confirm your email address")),
        reset: PasswordReset::Mail(page("reset", "Reset your password")),
    });
    let oauth2 = OAuth2 { redirect_uris: vec!["http://127.0.0.1/idmux".into()], ..oauth2() };
    config.providers.google = Offer::Enabled(oauth2);
    config
}

fn forum_config() -> AppConfig {
    let mut config = AppConfig::default();
    config.providers.custom_token = Offer::Enabled(CustomToken {
        audience: Vec::new(),
        require_any_audience: false,
        algorithm: TokenAlgorithm::Rs256,
        keys: TokenKeys::Given(vec![RSA_PUBLIC.into()]),
        metadata_fields: vec![field("email", None, true)],
    });
    config
}

fn client(app: &LocalApp) -> Client {
    Client::new(app.base_url().as_str().trim_end_matches('/'), app.app_id())
}

/// Registers an address, and confirms it by its mail.
async fn register(app: &LocalApp, email: &str) {
    let client = client(app);
    client.register(email, PASSWORD).await.done(201);
    let token = app.control_token().expose_secret();
    let mails =
        client.control(token, Method::GET, &format!("/mails?email={email}"), Value::Null).await.ok(200);
    let mail = mails.as_array().or_else(|| mails["mails"].as_array()).expect("mails")[0].clone();
    let id = mail["id"].as_str().map_or_else(|| mail["id"].to_string(), str::to_owned);
    let path = format!("/mails/{id}/confirm");
    let reply = client.control(token, Method::POST, &path, Value::Null).await;
    assert!(reply.status.is_success(), "{reply:?}");
}

/// Registers an account, and logs it in.
async fn person(app: &LocalApp, email: &str) -> User {
    register(app, email).await;
    User::of(&client(app).log_in(email, PASSWORD).await.ok(200))
}

async fn write(client: &Client, user: &User, data: Value) {
    let update = json!({ "query": { "user_id": user.id }, "update": { "$set": data }, "upsert": true });
    client.custom_data(&user.access, "updateOne", update).await.ok(200);
}
