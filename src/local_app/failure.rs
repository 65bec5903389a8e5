//! Everything that a request can be refused for, in the words that clients of the hosted service know.
//!
//! `http` gives each its status and code; nothing here knows HTTP.

use std::time::Duration;

use super::expression::ExpressionError;
use super::functions::FunctionFailure;
use super::rate_limits::whole_seconds;
use super::store::{LOCAL_USERPASS, OutOfRange, Refusal, StoreError, UnitError};
use crate::data::{DataError, Spent};

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    // --- the request itself
    #[error("cannot find app using Client App ID '{0}'")]
    AppNotFound(String),
    #[error("{0}")]
    BadRequest(String),
    #[error("missing parameter: '{0}'")]
    MissingParameter(&'static str),
    #[error("{0}")]
    InvalidParameter(String),
    #[error("no such endpoint")]
    EndpointNotFound,
    #[error("this endpoint does not take that method")]
    MethodNotAllowed,
    #[error("the request body is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the request took too long")]
    TimedOut,
    /// Its work is more than one request may cause.
    #[error(transparent)]
    TooMuchWork(#[from] Spent),
    #[error("too many attempts; try again in {}s", whole_seconds(*.wait))]
    TooManyAttempts { wait: Duration },
    /// More log-ins wait for their turn than will get it in time.
    #[error("the server is busy; try again in a moment")]
    Busy,
    #[error("the app does not take requests of origin '{0}'; add it to allowed_request_origins")]
    OriginNotAllowed(String),

    // --- who asks (section 5.3, 5.4)
    /// No token, or an empty one, where an access token is needed.
    #[error("unauthorized")]
    NoAccessToken,
    #[error("must authenticate first")]
    NoRefreshToken,
    #[error("expected Authorization header with JWT (Bearer schema)")]
    NotBearer,
    #[error("invalid refresh token: incorrect token type")]
    NotARefreshToken,
    #[error("signature is invalid")]
    BadSignature,
    /// A refresh token where the Admin API takes an access token.
    #[error("invalid session")]
    RefreshTokenForAccess,
    #[error("token was issued for another app")]
    AppMismatch,
    #[error("invalid session{}", .0.map(|why| format!(": {why}")).unwrap_or_default())]
    InvalidSession(Option<&'static str>),

    // --- whoever looks after the App
    #[error("the control token is missing or not that of this start")]
    NoControlToken,
    #[error(transparent)]
    ClockRange(#[from] OutOfRange),
    #[error("{0}")]
    Forbidden(&'static str),
    /// What a path of the control API names is not there.
    #[error("{0}")]
    NotFound(String),
    /// It does not go together with what is there.
    #[error("{0}")]
    Conflict(String),

    // --- registration and login (section 3.3, 10.2)
    #[error("authentication provider not found: '{0}'")]
    ProviderNotFound(String),
    #[error("authentication provider '{0}' is there already")]
    ProviderExists(&'static str),
    #[error("authentication provider '{0}' is disabled")]
    ProviderDisabled(&'static str),
    /// What an identity provider, an authentication function or a key says does not count; `0` says why.
    #[error("{0}")]
    AuthError(String),
    /// A token of another issuer does not count. The hosted service did not say why; `0` does, in the log.
    #[error("unauthorized")]
    ProofRefused(String),
    /// A credential that does not count. The client is told what the hosted service said; `cause` is for whoever looks
    /// after the App.
    #[error("{says}")]
    AuthRefused { says: &'static str, cause: String },
    /// What a function threw that a log-in depends on; clients get it as it is (section 3.6).
    #[error("{0}")]
    FunctionThrew(String),
    #[error("the email address is not of a domain that this app allows")]
    DomainNotAllowed,
    #[error("'{0}' is none of the provider's redirect URIs; add it to redirect_uris, letter for letter")]
    InvalidRedirectUri(String),
    #[error("email invalid")]
    InvalidEmail,
    #[error("password must be between 6 and 128 characters")]
    PasswordLength,
    #[error("name already in use")]
    NameInUse,
    #[error("unauthorized")]
    InvalidCredentials,
    #[error("user is disabled")]
    UserDisabled,
    /// The right password for a registration that is not confirmed.
    #[error("unauthorized")]
    Unconfirmed,
    #[error("user not found")]
    UserNotFound,
    #[error("already confirmed")]
    AlreadyConfirmed,
    #[error("failed to confirm user \"{0}\"")]
    ConfirmationFailed(String),
    #[error("failed to reset password for user \"{0}\"")]
    ResetFailed(String),
    #[error("invalid token data")]
    MalformedUserpassToken,
    #[error("userpass token is expired or invalid")]
    UserpassTokenInvalid,
    #[error("there is no mail {0} in the mailbox; list the mailbox for those that there are")]
    MailNotFound(i64),

    // --- API keys (section 3.4)
    #[error("'name' is a required string")]
    KeyNameMissing,
    #[error("API key with name already exists")]
    KeyNameTaken,
    #[error("API key not found")]
    KeyNotFound,

    // --- linking: texts outside the set that makes realm-web repeat the request for ever (section 4)
    #[error("invalid username/password")]
    InvalidLinkCredentials,
    #[error("a user already exists with the specified provider")]
    IdentityTaken,
    #[error("the user already has an identity of provider '{0}'")]
    SecondIdentity(&'static str),
    #[error("cannot link anonymous credentials to an existing user")]
    LinkingNotSupported,

    // --- functions and documents (section 8)
    #[error("function not found: '{0}'")]
    FunctionNotFound(String),
    /// The function itself failed, or used too much.
    #[error(transparent)]
    Function(FunctionFailure),
    /// Its rule allows the call not, or cannot be judged.
    #[error(
        "rule not matched for function \"{function}\"{}",
        problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default()
    )]
    RuleNotMatched { function: String, problem: Option<ExpressionError> },
    #[error(
        "function \"{function}\" runs as user '{user_id}', who does not exist; change its run_as_user_id"
    )]
    NoUserToRunAs { function: String, user_id: String },
    #[error("service not found: '{0}'")]
    ServiceNotFound(String),
    #[error("service '{service}' has no action '{action}' here; it has {known}")]
    ActionNotFound { service: String, action: String, known: String },
    #[error("{0}")]
    NotPermitted(String),
    /// The document is not as the schema of its collection has it. Clients know the first words.
    #[error("{action} not permitted: {problem}")]
    SchemaViolation { action: String, problem: String },
    /// Others kept changing what it was to change.
    #[error("the document was changed by others again and again meanwhile; try again")]
    WriteConflict,
    /// What the database itself refuses: a bad operator, a duplicate key.
    #[error("{0}")]
    Database(String),

    // --- this server's own trouble
    /// There is no worker for functions; its operator was told why.
    #[error("this server cannot run functions; its own output says why")]
    NoFunctions,
    #[error("internal error")]
    Store(#[from] StoreError),
    #[error("internal error")]
    Internal(String),
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Refused(why) => Self::Database(why),
            DataError::Spent(spent) => spent.into(),
            DataError::Encode(error) => Self::internal(error),
        }
    }
}

impl Failure {
    /// An access token or session that counts for nothing, without saying why.
    pub const INVALID_SESSION: Self = Self::InvalidSession(None);
    /// The session is unknown, was logged out or revoked, or its user is gone or disabled.
    pub const SESSION_GONE: Self = Self::InvalidSession(Some("failed to find refresh token"));
    /// The access token is past its lifetime. Clients match on this text.
    pub const ACCESS_EXPIRED: Self = Self::InvalidSession(Some("access token expired"));
    /// The refresh token is past its lifetime.
    pub const REFRESH_EXPIRED: Self = Self::InvalidSession(Some("refresh token expired"));

    /// Whether an access token was fine, and is past its lifetime.
    pub fn is_access_expired(&self) -> bool {
        matches!((self, Self::ACCESS_EXPIRED), (Self::InvalidSession(a), Self::InvalidSession(b)) if *a == b)
    }

    /// Whether it says that somebody tried a credential that does not count. What is wrong with the request itself, or
    /// with this server, is no guess, nor is a right password for what is not confirmed; anything else counts as one.
    pub fn is_wrong_guess(&self) -> bool {
        !matches!(
            self,
            Self::BadRequest(_)
                | Self::MissingParameter(_)
                | Self::InvalidParameter(_)
                | Self::ProviderNotFound(_)
                | Self::ProviderDisabled(_)
                | Self::Unconfirmed
                | Self::TimedOut
                | Self::TooMuchWork(_)
                | Self::TooManyAttempts { .. }
                | Self::Busy
                | Self::Function(_)
                | Self::NoFunctions
                | Self::Store(_)
                | Self::Internal(_)
        )
    }

    /// Why a log-in was refused, for whoever looks after the App: only where the client is to blame for nothing, or is not
    /// told. What a function threw was told when it threw.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::ProofRefused(cause) | Self::AuthRefused { cause, .. } => Some(cause.clone()),
            Self::Unconfirmed => Some("the registration is not confirmed".to_owned()),
            Self::ProviderDisabled(_) | Self::ProviderNotFound(_) => {
                Some(format!("{self}; auth/providers.json says what this app offers"))
            }
            Self::AuthError(_)
            | Self::DomainNotAllowed
            | Self::InvalidRedirectUri(_)
            | Self::UserDisabled
            | Self::IdentityTaken
            | Self::LinkingNotSupported => Some(self.to_string()),
            _ => None,
        }
    }

    /// How long to wait before trying again, where that helps.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { wait } => Some(whole_seconds(*wait)),
            Self::Busy => Some(1),
            _ => None,
        }
    }

    /// The same refusal for a link request, in words outside the set that makes realm-web repeat it for ever.
    pub fn of_a_link(self) -> Self {
        match self {
            Self::InvalidCredentials => Self::InvalidLinkCredentials,
            Self::Unconfirmed => Self::AuthError("confirmation required".to_owned()),
            Self::ProofRefused(why) => Self::AuthError(format!("these credentials do not count: {why}")),
            other => other,
        }
    }

    /// Trouble of this server that the client can do nothing about; `cause` goes to the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
}

impl From<UnitError> for Failure {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Refused(refusal) => refusal.into(),
            UnitError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UserNotFound | Refusal::RegistrationNotFound => Self::UserNotFound,
            Refusal::UserDisabled => Self::UserDisabled,
            Refusal::SessionGone => Self::SESSION_GONE,
            Refusal::ProofGone => Self::InvalidCredentials,
            Refusal::IdentityTaken => Self::IdentityTaken,
            Refusal::SecondIdentity => Self::SecondIdentity(LOCAL_USERPASS),
            Refusal::EmailTaken => Self::NameInUse,
            Refusal::AlreadyConfirmed => Self::AlreadyConfirmed,
            Refusal::RegistrationInUse => {
                Self::BadRequest("this registration belongs to a user; delete the user instead".to_owned())
            }
            Refusal::NoEmailIdentity => {
                Self::BadRequest("the user has no email/password identity".to_owned())
            }
            Refusal::TokenInvalid => Self::UserpassTokenInvalid,
            Refusal::KeyNotFound => Self::KeyNotFound,
            // Clients are not told what is wrong with their key.
            Refusal::KeyGone | Refusal::KeyDisabled(_) => {
                Self::AuthRefused { says: "unauthorized", cause: refusal.to_string() }
            }
            Refusal::KeyNameTaken => Self::KeyNameTaken,
            // What the hosted service answered is unknown.
            Refusal::TooManyKeys { is_server, most } => {
                let whose = if is_server { "an app" } else { "a user" };
                Self::BadRequest(format!("{whose} can have at most {most} API keys; delete one first"))
            }
            Refusal::KeyOpenedSession => {
                Self::Forbidden("this session was opened with that API key; log in another way first")
            }
            Refusal::ServerMakesNoKeys => Self::Forbidden("a server user cannot make API keys"),
            Refusal::AnonymousMakesNoKeys => {
                Self::Forbidden("an anonymous user cannot make API keys; link another identity first")
            }
            Refusal::ClockRange(out_of_range) => Self::ClockRange(out_of_range),
        }
    }
}
