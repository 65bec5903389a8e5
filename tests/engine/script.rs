//! A backend without a network: it keeps accounts and sessions like a server, and errs as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bson::Document;
use idmux::account::{
    AccessToken, Credentials, CustomDataSource, DeviceId, EmailAction, Profile, Provider, RefreshToken,
    Tokens, UserId,
};
use idmux::backend::{
    Account, Answer, Backend, BackendError, BrowserVisit, CustomData, FieldChange, Granted, Identities,
    NewSession, Registration, SignIn, SignInStep, Verdict, app_services,
};
use idmux::clock::Clock;
use idmux::data::DataEdit;
use idmux::session::Connect;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::json;
use tokio::time::Instant;

/// A hanging server is given up by the client after so long.
pub const CLIENT_PATIENCE: Duration = Duration::from_secs(30);

/// What can be asked of the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    LogIn,
    Refresh,
    LogOut,
    Profile,
    Delete,
    SetData,
    Link,
}

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// What a server would: it does what it is asked if the token is good, and refuses if not.
    Truth,
    /// A refusal in the protocol's envelope.
    Refused { status: u16, retry_after: Option<u64> },
    /// Something that is not the protocol.
    Garbage,
    /// No connection.
    Unreachable,
    /// No answer at all.
    Hang,
}

/// What the server is like.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// Seconds that an access token lives.
    pub life: i64,
    /// How far the server's clock is ahead of the true time.
    pub ahead: SignedDuration,
    /// How long a renewal takes.
    pub renewal_takes: Duration,
    /// Whether its answers carry a `Date`.
    pub says_date: bool,
    /// Whether it refuses every access token, fresh or not.
    pub refuses_access: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            life: 1800,
            ahead: SignedDuration::ZERO,
            renewal_takes: Duration::ZERO,
            says_date: true,
            refuses_access: false,
        }
    }
}

/// One call that was served.
#[derive(Debug, Clone)]
pub struct Served {
    pub call: Call,
    /// Whose token it carried.
    pub owner: String,
    /// When, by the true time.
    pub at: Timestamp,
}

#[derive(Debug)]
struct Grant {
    owner: String,
    alive: bool,
    on_wire: usize,
    /// Whether a renewal with it was refused for good, and the answer arrived.
    refused: bool,
}

#[derive(Debug)]
struct Access {
    grant: String,
    expires: i64,
}

#[derive(Debug)]
struct State {
    manners: Manners,
    scripted: HashMap<(Call, String), VecDeque<(Duration, Reply)>>,
    grants: HashMap<String, Grant>,
    access: HashMap<String, Access>,
    calls: Vec<Served>,
    renewals_on_wire: usize,
    most_on_wire: usize,
    clock_ahead: Option<SignedDuration>,
    serial: u64,
    faults: Vec<String>,
}

/// The backend, and its side of the story.
#[derive(Debug)]
pub struct Script {
    state: Mutex<State>,
    /// The device's clock, which may be wrong.
    device: Arc<dyn Clock>,
    /// The true time is so much after `began`.
    start: Instant,
    began: Timestamp,
}

impl Script {
    pub fn new(device: Arc<dyn Clock>, manners: Manners) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                manners,
                scripted: HashMap::new(),
                grants: HashMap::new(),
                access: HashMap::new(),
                calls: Vec::new(),
                renewals_on_wire: 0,
                most_on_wire: 0,
                clock_ahead: None,
                serial: 0,
                faults: Vec::new(),
            }),
            began: device.now(),
            device,
            start: Instant::now(),
        })
    }

    pub fn connect(self: &Arc<Self>) -> Connect {
        let script = Arc::clone(self);
        Arc::new(move |_| Ok(Arc::new(Speaker(Arc::clone(&script))) as Arc<dyn Backend>))
    }

    /// The next call of that kind for that user gets this reply, so much later.
    pub fn next(&self, call: Call, owner: &str, after: Duration, reply: Reply) {
        self.lock().scripted.entry((call, owner.to_owned())).or_default().push_back((after, reply));
    }

    /// Whatever was scripted is off: the server is well again.
    pub fn heal(&self) {
        self.lock().scripted.clear();
    }

    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.lock().manners);
    }

    /// Ends all sessions of a user at the server.
    pub fn revoke(&self, owner: &str) {
        for grant in self.lock().grants.values_mut().filter(|grant| grant.owner == owner) {
            grant.alive = false;
        }
    }

    pub fn calls(&self) -> Vec<Served> {
        self.lock().calls.clone()
    }

    pub fn count_all(&self) -> usize {
        self.lock().calls.len()
    }

    pub fn count(&self, call: Call, owner: &str) -> usize {
        self.lock().calls.iter().filter(|served| served.call == call && served.owner == owner).count()
    }

    pub fn most_on_wire(&self) -> usize {
        self.lock().most_on_wire
    }

    /// What no server should ever see.
    pub fn faults(&self) -> Vec<String> {
        self.lock().faults.clone()
    }

    /// Fingerprints of the grants of a user that were refused for good.
    pub fn refused_grants(&self, owner: &str) -> Vec<String> {
        let state = self.lock();
        let refused = state.grants.iter().filter(|(_, grant)| grant.refused && grant.owner == owner);
        refused.map(|(token, _)| RefreshToken::new(token.clone()).fingerprint()).collect()
    }

    /// Every token that was ever handed out.
    pub fn secrets(&self) -> Vec<String> {
        let state = self.lock();
        state.grants.keys().chain(state.access.keys()).cloned().collect()
    }

    /// Whose access token it is.
    pub fn owner_of(&self, access: &AccessToken) -> Option<String> {
        let state = self.lock();
        Some(state.grants.get(&state.access.get(access.expose())?.grant)?.owner.clone())
    }

    pub fn true_time(&self) -> Timestamp {
        self.began + self.start.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn server_time(&self, state: &State) -> Timestamp {
        self.true_time() + state.manners.ahead
    }

    async fn serve<T>(
        &self,
        call: Call,
        owner: String,
        truth: impl FnOnce(&mut State, Timestamp) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let (wait, reply) = {
            let mut state = self.lock();
            state.calls.push(Served { call, owner: owner.clone(), at: self.true_time() });
            let usual = if call == Call::Refresh { state.manners.renewal_takes } else { Duration::ZERO };
            let scripted = state.scripted.get_mut(&(call, owner)).and_then(VecDeque::pop_front);
            scripted.unwrap_or((usual, Reply::Truth))
        };
        let wait = if reply == Reply::Hang { CLIENT_PATIENCE } else { wait };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let host = || "script".to_owned();
        let mut state = self.lock();
        let now = self.server_time(&state);
        match reply {
            Reply::Unreachable => {
                return Err(BackendError::Unreachable { host: host(), cause: "no route".into() });
            }
            Reply::Hang => return Err(BackendError::TimedOut { host: host() }),
            Reply::Truth | Reply::Refused { .. } | Reply::Garbage => {}
        }
        if state.manners.says_date {
            state.clock_ahead = Some(now.duration_since(self.device.now()));
        }
        match reply {
            Reply::Refused { status: 401, .. } => Err(invalid_session()),
            Reply::Refused { status, retry_after } => Err(BackendError::Refused {
                status,
                code: None,
                message: format!("scripted {status}"),
                retry_after: retry_after.map(Duration::from_secs),
            }),
            Reply::Garbage => Err(BackendError::Garbage { host: host(), what: "a page".into() }),
            _ => truth(&mut state, now),
        }
    }

    /// A call with an access token.
    async fn serve_user<T>(
        &self,
        call: Call,
        access: &AccessToken,
        named: Option<&str>,
        truth: impl FnOnce(&mut State, &str) -> T,
    ) -> Result<T, BackendError> {
        let owner = self.owner_of(access).unwrap_or_else(|| "nobody".into());
        if let Some(named) = named.filter(|named| *named != owner) {
            self.lock().faults.push(format!("{call:?} for {named} came with a token of {owner}"));
        }
        let access = access.expose().to_owned();
        self.serve(call, owner.clone(), move |state, now| {
            let known = state.access.get(&access);
            let alive = known.is_some_and(|access| {
                access.expires > now.as_second() && state.grants.get(&access.grant).is_some_and(|it| it.alive)
            });
            if !alive || state.manners.refuses_access {
                return Err(invalid_session());
            }
            Ok(truth(state, &owner))
        })
        .await
    }
}

fn invalid_session() -> BackendError {
    BackendError::Refused {
        status: 401,
        code: Some("InvalidSession".into()),
        message: "invalid session".into(),
        retry_after: None,
    }
}

impl State {
    fn token(&mut self, kind: &str, owner: &str, now: Timestamp, life: i64) -> String {
        self.serial += 1;
        let iat = now.as_second();
        let claims = json!({ "typ": kind, "sub": owner, "iat": iat, "exp": iat + life, "jti": self.serial });
        format!("e30.{}.signature{:08}", URL_SAFE_NO_PAD.encode(claims.to_string()), self.serial)
    }

    fn access(&mut self, grant: &str, owner: &str, now: Timestamp) -> AccessToken {
        let life = self.manners.life;
        let token = self.token("access", owner, now, life);
        let expires = now.as_second() + life;
        self.access.insert(token.clone(), Access { grant: grant.to_owned(), expires });
        AccessToken::new(token)
    }
}

/// Counts a renewal on the wire, until it is answered or given up.
struct OnWire<'a>(&'a Script, String);

impl<'a> OnWire<'a> {
    fn new(script: &'a Script, token: &str) -> Self {
        let mut state = script.lock();
        state.renewals_on_wire += 1;
        state.most_on_wire = state.most_on_wire.max(state.renewals_on_wire);
        let fault = state.grants.get_mut(token).map(|grant| {
            grant.on_wire += 1;
            (grant.on_wire > 1).then(|| format!("{} renewals of {} on the wire", grant.on_wire, grant.owner))
        });
        match fault {
            Some(fault) => state.faults.extend(fault),
            None => state.faults.push("a renewal with a token that nobody issued".into()),
        }
        Self(script, token.to_owned())
    }
}

impl Drop for OnWire<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.renewals_on_wire -= 1;
        if let Some(grant) = state.grants.get_mut(&self.1) {
            grant.on_wire -= 1;
        }
    }
}

/// The script as the client of an app.
#[derive(Debug)]
struct Speaker(Arc<Script>);

impl Backend for Speaker {
    fn name(&self) -> &'static str {
        "script"
    }

    fn sign_in<'a>(&'a self, step: SignInStep<'a>) -> Answer<'a, SignIn> {
        Box::pin(async move {
            let SignInStep::With { credentials, .. } = step else { return Err(invalid_session()) };
            let owner = credentials.subject().split('@').next().unwrap_or_default().to_owned();
            let user = owner.clone();
            let session = self.0.serve(Call::LogIn, owner, move |state, now| {
                let refresh = state.token("refresh", &user, now, 5_184_000);
                let grant = Grant { owner: user.clone(), alive: true, on_wire: 0, refused: false };
                state.grants.insert(refresh.clone(), grant);
                let access = state.access(&refresh, &user, now);
                let tokens = Tokens::new(access, RefreshToken::new(refresh));
                let provider = credentials.provider();
                Ok(NewSession { user: UserId::new(user), provider, tokens, device: None })
            });
            Ok(SignIn::Done(Box::new(session.await?)))
        })
    }

    fn refresh<'a>(&'a self, user: &'a UserId, tokens: &'a Tokens) -> Answer<'a, Granted> {
        Box::pin(async move {
            let refresh = refresh_of(tokens);
            let _wire = OnWire::new(&self.0, refresh);
            let owner = self.0.lock().grants.get(refresh).map(|grant| grant.owner.clone());
            let owner = owner.unwrap_or_else(|| "nobody".into());
            let (token, name) = (refresh.to_owned(), owner.clone());
            let answer = self
                .0
                .serve(Call::Refresh, owner, move |state, now| {
                    if !state.grants.get(&token).is_some_and(|grant| grant.alive) {
                        return Err(invalid_session());
                    }
                    Ok(state.access(&token, &name, now))
                })
                .await;
            if matches!(answer, Err(BackendError::Refused { status: 401, .. }))
                && let Some(grant) = self.0.lock().grants.get_mut(refresh)
            {
                grant.refused = true;
            }
            Ok(Granted { user: user.clone(), tokens: tokens.with_access(answer?) })
        })
    }

    fn sign_out<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, ()> {
        Box::pin(async move {
            let refresh = refresh_of(tokens);
            let owner = self.0.lock().grants.get(refresh).map(|grant| grant.owner.clone());
            self.0
                .serve(Call::LogOut, owner.unwrap_or_else(|| "nobody".into()), |state, _| {
                    if let Some(grant) = state.grants.get_mut(refresh) {
                        grant.alive = false;
                    }
                    Ok(())
                })
                .await
        })
    }

    fn profile<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, Profile> {
        Box::pin(self.0.serve_user(Call::Profile, &tokens.access, None, |_, owner| {
            let mut profile = Profile { user_type: "normal".into(), ..Profile::default() };
            profile.data.insert("name".into(), owner.into());
            profile
        }))
    }

    // The script speaks as App Services does: its verdicts are those.
    fn verdict(&self, error: &BackendError) -> Verdict {
        app_services::verdict::verdict(error)
    }

    fn refuses_access_token(&self, error: &BackendError) -> bool {
        app_services::verdict::refuses_access_token(error)
    }

    fn session_is_gone(&self, error: &BackendError) -> bool {
        matches!(error, BackendError::Refused { status: 401, .. })
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.0.lock().clock_ahead
    }

    fn registration(&self) -> Option<&dyn Registration> {
        Some(self)
    }

    fn identities(&self) -> Option<&dyn Identities> {
        Some(self)
    }

    fn custom_data(&self) -> Option<&dyn CustomData> {
        Some(self)
    }

    fn account(&self) -> Option<&dyn Account> {
        Some(self)
    }
}

fn refresh_of(tokens: &Tokens) -> &str {
    tokens.refresh.as_ref().map_or("", RefreshToken::expose)
}

impl Registration for Speaker {
    fn register<'a>(&'a self, _: &'a str, _: &'a SecretString) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn email_action<'a>(&'a self, _: &'a EmailAction) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Err(invalid_session())))
    }

    fn is_unconfirmed(&self, _: &BackendError) -> bool {
        false
    }

    fn is_taken(&self, _: &BackendError) -> bool {
        false
    }
}

impl Identities for Speaker {
    fn link<'a>(
        &'a self,
        user: &'a UserId,
        tokens: &'a Tokens,
        _: &'a Credentials,
        _: Option<&'a DeviceId>,
    ) -> Answer<'a, Granted> {
        let now = self.0.server_time(&self.0.lock());
        let token = tokens.access.expose().to_owned();
        let linked = self.0.serve_user(Call::Link, &tokens.access, None, move |state, owner| {
            let grant = state.access.get(&token).map(|access| access.grant.clone()).unwrap_or_default();
            state.access(&grant, owner, now)
        });
        Box::pin(async move { Ok(Granted { user: user.clone(), tokens: tokens.with_access(linked.await?) }) })
    }

    fn link_in_browser<'a>(
        &'a self,
        _: &'a Tokens,
        _: &'a Provider,
        _: Option<&'a DeviceId>,
    ) -> Answer<'a, BrowserVisit> {
        Box::pin(std::future::ready(Err(invalid_session())))
    }
}

impl CustomData for Speaker {
    fn read<'a>(
        &'a self,
        _: &'a Tokens,
        _: &'a UserId,
        _: &'a CustomDataSource,
    ) -> Answer<'a, Option<Document>> {
        Box::pin(std::future::ready(Err(invalid_session())))
    }

    fn change<'a>(
        &'a self,
        tokens: &'a Tokens,
        user: &'a UserId,
        _: &'a CustomDataSource,
        _: &'a FieldChange,
    ) -> Answer<'a, ()> {
        Box::pin(self.0.serve_user(Call::SetData, &tokens.access, Some(user.as_str()), |_, _| ()))
    }

    fn edit<'a>(
        &'a self,
        _: &'a Tokens,
        _: &'a UserId,
        _: &'a CustomDataSource,
        _: &'a DataEdit,
        _: Option<&'a Document>,
    ) -> Answer<'a, bool> {
        Box::pin(std::future::ready(Err(invalid_session())))
    }
}

impl Account for Speaker {
    fn delete<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, ()> {
        Box::pin(self.0.serve_user(Call::Delete, &tokens.access, None, |state, owner| {
            for grant in state.grants.values_mut().filter(|grant| grant.owner == owner) {
                grant.alive = false;
            }
        }))
    }
}
