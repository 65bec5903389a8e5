//! Errors on the wire: their status and code, and the envelope (section 10).

use std::borrow::Cow;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use url::Url;

use super::Context;
use crate::local_app::failure::Failure;
use crate::local_app::functions::FunctionFailure;
use crate::local_app::ids;

/// What the body of an error says; rides on the response until [`write_envelope`] knows the App.
#[derive(Clone)]
struct Refusal {
    error: String,
    error_code: Option<Cow<'static, str>>,
}

#[derive(Serialize)]
struct Envelope {
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<Cow<'static, str>>,
    link: String,
}

/// Status and `error_code`. Where the hosted service's are unknown, the protocol document's suggestion.
fn status_and_code(failure: &Failure) -> (StatusCode, Option<&'static str>) {
    use Failure as F;
    use StatusCode as S;
    match failure {
        F::AppNotFound(_) | F::EndpointNotFound => (S::NOT_FOUND, None),
        F::BadRequest(_) => (S::BAD_REQUEST, Some("BadRequest")),
        F::MissingParameter(_) => (S::BAD_REQUEST, Some("MissingParameter")),
        F::InvalidParameter(_) => (S::BAD_REQUEST, Some("InvalidParameter")),
        F::ClockRange(_) => (S::BAD_REQUEST, Some("InvalidParameter")),
        F::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, None),
        F::BodyTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, Some("BadRequest")),
        F::TimedOut => (S::GATEWAY_TIMEOUT, Some("ExecutionTimeLimitExceeded")),
        // The App Services limit on how much a request may do; 400, so that no client repeats it.
        F::TooMuchWork(_) => (S::BAD_REQUEST, Some("ExecutionTimeLimitExceeded")),
        // The code is this server's: that of the hosted service is unknown. Clients of both kinds show the text.
        F::TooManyAttempts { .. } => (S::TOO_MANY_REQUESTS, Some("RateLimitExceeded")),
        F::Busy => (S::SERVICE_UNAVAILABLE, Some("InternalServerError")),
        F::OriginNotAllowed(_) => (S::FORBIDDEN, None),

        F::NoAccessToken
        | F::NoRefreshToken
        | F::NotBearer
        | F::NotARefreshToken
        | F::RefreshTokenForAccess
        | F::BadSignature => (S::UNAUTHORIZED, None),
        F::AppMismatch => (S::UNAUTHORIZED, Some("UserAppDomainMismatch")),
        F::InvalidSession(_) => (S::UNAUTHORIZED, Some("InvalidSession")),

        F::NoControlToken => (S::UNAUTHORIZED, Some("MissingAuthReq")),
        F::Forbidden(_) => (S::FORBIDDEN, None),
        F::NotFound(_) => (S::NOT_FOUND, None),
        F::Conflict(_) => (S::CONFLICT, None),

        F::ProviderNotFound(_) => (S::NOT_FOUND, Some("AuthProviderNotFound")),
        F::ProviderExists(_) => (S::CONFLICT, Some("AuthProviderAlreadyExists")),
        F::ProviderDisabled(_) | F::AuthError(_) | F::AuthRefused { .. } | F::FunctionThrew(_) => {
            (S::UNAUTHORIZED, Some("AuthError"))
        }
        F::ProofRefused(_) => (S::UNAUTHORIZED, Some("AuthError")),
        // Status unknown; like other log-ins that are refused.
        F::DomainNotAllowed => (S::UNAUTHORIZED, Some("DomainNotAllowed")),
        F::InvalidRedirectUri(_) => (S::BAD_REQUEST, Some("InvalidRedirectURI")),
        F::InvalidEmail | F::PasswordLength | F::SecondIdentity(_) => (S::BAD_REQUEST, Some("BadRequest")),
        F::NameInUse => (S::CONFLICT, Some("AccountNameInUse")),
        F::InvalidCredentials | F::InvalidLinkCredentials => (S::UNAUTHORIZED, Some("InvalidPassword")),
        F::UserDisabled => (S::UNAUTHORIZED, Some("UserDisabled")),
        F::Unconfirmed => (S::UNAUTHORIZED, Some("AuthError")),
        F::UserNotFound => (S::NOT_FOUND, Some("UserNotFound")),
        F::AlreadyConfirmed => (S::BAD_REQUEST, Some("UserAlreadyConfirmed")),
        F::ConfirmationFailed(_) | F::ResetFailed(_) | F::MalformedUserpassToken => {
            (S::BAD_REQUEST, Some("BadRequest"))
        }
        F::UserpassTokenInvalid => (S::BAD_REQUEST, Some("UserpassTokenInvalid")),
        F::MailNotFound(_) => (S::NOT_FOUND, None),
        F::KeyNameMissing => (S::BAD_REQUEST, None),
        F::KeyNameTaken => (S::CONFLICT, Some("APIKeyAlreadyExists")),
        F::KeyNotFound => (S::NOT_FOUND, Some("APIKeyNotFound")),
        F::IdentityTaken => (S::UNAUTHORIZED, Some("AuthError")),
        F::LinkingNotSupported => (S::BAD_REQUEST, Some("LinkingNotSupported")),

        // Statuses of the limits are unknown; 400 as for all that fails inside a function, so that no client tries again.
        F::Function(FunctionFailure::TimeLimit) => (S::BAD_REQUEST, Some("ExecutionTimeLimitExceeded")),
        F::Function(FunctionFailure::MemoryLimit) => (S::BAD_REQUEST, Some("ExecutionMemoryLimitExceeded")),
        F::Function(_) | F::RuleNotMatched { .. } | F::NoUserToRunAs { .. } => {
            (S::BAD_REQUEST, Some("FunctionExecutionError"))
        }
        F::FunctionNotFound(_) => (S::NOT_FOUND, Some("FunctionNotFound")),
        F::ServiceNotFound(_) => (S::NOT_FOUND, Some("ServiceNotFound")),
        F::ActionNotFound { .. } => (S::NOT_FOUND, Some("ServiceCommandNotFound")),
        F::SchemaViolation { .. } => (S::BAD_REQUEST, Some("SchemaValidationFailedWrite")),
        F::NotPermitted(_) => (S::BAD_REQUEST, Some("NoMatchingRuleFound")),
        F::Database(_) | F::WriteConflict => (S::BAD_REQUEST, Some("MongoDBError")),

        F::Store(_) | F::Internal(_) | F::NoFunctions => {
            (S::INTERNAL_SERVER_ERROR, Some("InternalServerError"))
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(cause) => tracing::error!(%cause, "local App: the store failed"),
            Self::Internal(cause) => tracing::error!(%cause, "local App: internal error"),
            _ => {}
        }
        let (status, error_code) = status_and_code(&self);
        let mut response = refusal(status, self.to_string(), error_code.map(Cow::Borrowed));
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// An error that gets its body when the App is known.
pub fn refusal(status: StatusCode, error: String, error_code: Option<Cow<'static, str>>) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(Refusal { error, error_code });
    response
}

/// Gives an error its body. The link has the shape of the hosted service's, which leads to its log entry.
pub fn write_envelope(context: &Context, base_url: &Url, mut response: Response) -> Response {
    let Some(Refusal { error, error_code }) = response.extensions_mut().remove() else { return response };
    let facts = context.app.facts();
    let link =
        format!("{base_url}groups/{}/apps/{}/logs?co_id={}", facts.group_id, facts.internal_id, ids::oid());
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    let (body_head, body) = Json(Envelope { error, error_code, link }).into_response().into_parts();
    head.headers.extend(body_head.headers);
    Response::from_parts(head, body)
}
