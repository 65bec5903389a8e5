//! What a session is made of, checked where it comes from a server: a log-in, a refresh, a link, an API key. What is not
//! checked here would go into headers, the vault and a script's standard output.

use secrecy::{ExposeSecret, SecretString};

use crate::numeric_date;

use super::{AccessToken, Claims, DeviceId, RefreshToken, UserId};

/// Longest token or key, in bytes. No server takes a header that is longer.
pub const LONGEST_TOKEN: usize = 64 << 10;
/// Longest id, in bytes.
pub const LONGEST_ID: usize = 256;

/// Why an answer is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoGrant {
    /// It is not there.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// It is too long.
    #[error("the {0} is absurdly long")]
    TooLong(&'static str),
    /// It has a line end, another control character, a space, or something else than ASCII.
    #[error("the {0} has characters that belong into none")]
    Characters(&'static str),
    /// It is not what App Services hands out (RFC 7519; protocol document, section 5.1).
    #[error("the access token is no JWT")]
    NoJwt,
    /// A time in it is no NumericDate (RFC 7519, section 4.1.4): nobody can tell when it is over.
    #[error("the access token has a time that is none, in {0}")]
    Time(&'static str),
    /// It is somebody else's.
    #[error("the {0} is another user's")]
    OtherUser(&'static str),
}

/// Reads the id of a user.
pub fn user_id(text: String) -> Result<UserId, NoGrant> {
    check("user id", &text, LONGEST_ID)?;
    Ok(UserId::new(text))
}

/// Reads the id of a device; an empty one, and the zero one, is none.
pub fn device_id(text: String) -> Result<Option<DeviceId>, NoGrant> {
    if !text.is_empty() {
        check("device id", &text, LONGEST_ID)?;
    }
    Ok(DeviceId::new(text))
}

/// Reads an access token of `user`: a JWT (protocol document, section 5.1). A user that it names is the right one.
pub fn access_token(text: SecretString, user: &UserId) -> Result<AccessToken, NoGrant> {
    check("access token", text.expose_secret(), LONGEST_TOKEN)?;
    let parts: Vec<_> = text.expose_secret().split('.').collect();
    let is_compact =
        matches!(parts[..], [header, _, signature] if !header.is_empty() && !signature.is_empty());
    let token = AccessToken::new(text);
    let claims = token.claims();
    match (is_compact && !claims.is_empty(), names_another(&claims, user)) {
        (false, _) => Err(NoGrant::NoJwt),
        (true, true) => Err(NoGrant::OtherUser("access token")),
        (true, false) => match wrong_time(&claims) {
            Some(claim) => Err(NoGrant::Time(claim)),
            None => Ok(token),
        },
    }
}

/// Reads a refresh token of `user`. It is the server's own affair what is in it; a user that it names is the right one.
pub fn refresh_token(text: SecretString, user: &UserId) -> Result<RefreshToken, NoGrant> {
    check("refresh token", text.expose_secret(), LONGEST_TOKEN)?;
    let token = RefreshToken::new(text);
    if names_another(&token.claims(), user) { Err(NoGrant::OtherUser("refresh token")) } else { Ok(token) }
}

/// Checks the secret of an API key.
pub fn api_key(text: SecretString) -> Result<SecretString, NoGrant> {
    check("API key", text.expose_secret(), LONGEST_TOKEN).map(|()| text)
}

/// Checks an id that becomes a part of addresses and tables.
pub fn id(what: &'static str, text: &str) -> Result<(), NoGrant> {
    check(what, text, LONGEST_ID)
}

/// Whether `text` is one word of ASCII, as every token is: it can be printed, and put into a header.
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn check(what: &'static str, text: &str, longest: usize) -> Result<(), NoGrant> {
    match text {
        "" => Err(NoGrant::Empty(what)),
        text if text.len() > longest => Err(NoGrant::TooLong(what)),
        text if !is_word(text) => Err(NoGrant::Characters(what)),
        _ => Ok(()),
    }
}

/// A time that is there and is none.
fn wrong_time(claims: &Claims) -> Option<&'static str> {
    let is_wrong = |claim: &&str| claims.get(*claim).is_some_and(|value| numeric_date::read(value).is_none());
    ["exp", "iat", "nbf"].into_iter().find(is_wrong)
}

/// Whether the subject (RFC 7519, section 4.1.2) is not `user`.
fn names_another(claims: &Claims, user: &UserId) -> bool {
    claims.get("sub").is_some_and(|subject| subject.as_str() != Some(user.as_str()))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn jwt(payload: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    fn access(text: &str) -> Result<AccessToken, NoGrant> {
        access_token(text.into(), &UserId::new("u1"))
    }

    /// Kind: an answer whose parts are there, and are none.
    #[test]
    fn an_access_token_is_a_jwt_of_its_user() {
        let good = jwt(r#"{"sub":"u1"}"#);
        assert_eq!(access(&good).unwrap().expose(), good);
        assert_eq!(access(&jwt(r#"{"sub":"u2"}"#)), Err(NoGrant::OtherUser("access token")));
        assert_eq!(access(&jwt(r#"{"sub":7}"#)), Err(NoGrant::OtherUser("access token")));
        for payload in ["{}", "[]", "null", "x"] {
            assert_eq!(access(&jwt(payload)), Err(NoGrant::NoJwt), "{payload}");
        }
        let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
        for text in [
            "opaque".to_owned(),
            format!("{header}.{payload}"),
            format!("{header}.{payload}."),
            format!(".{payload}.{signature}"),
            format!("{good}.{signature}"),
        ] {
            assert_eq!(access(&text), Err(NoGrant::NoJwt), "{text}");
        }
    }

    /// Kind: an answer whose parts are there, and are none. A token with an expiry of text was taken for one that never ends.
    #[test]
    fn a_time_of_an_access_token_is_a_number() {
        for claim in ["exp", "iat", "nbf"] {
            for value in [r#""123""#, "null", "true", "[1]", r#"{"$date": 1}"#, r#""2030-01-01T00:00:00Z""#] {
                let refused = access(&jwt(&format!(r#"{{"sub":"u1","{claim}":{value}}}"#)));
                assert_eq!(refused, Err(NoGrant::Time(claim)), "{value}");
            }
            for value in ["1700000000", "1.7e9", "1700000000.5", "-1", "0", "99999999999999999999"] {
                assert!(access(&jwt(&format!(r#"{{"sub":"u1","{claim}":{value}}}"#))).is_ok(), "{value}");
            }
        }
        assert!(access(&jwt(r#"{"sub":"u1"}"#)).is_ok(), "one without an end has none");
    }

    #[test]
    fn nothing_of_a_session_is_empty_endless_or_more_than_a_word() {
        let good = jwt(r#"{"sub":"u1"}"#);
        let user = UserId::new("u1");
        for (bad, why) in [
            (String::new(), "is empty"),
            (format!("{good}\r\nX-Evil: 1"), "characters"),
            (format!("{good}\n"), "characters"),
            (format!("{good}\u{1b}[2J"), "characters"),
            (format!("{good}é"), "characters"),
            (format!("{good} "), "characters"),
            (format!("{good}{}", "x".repeat(LONGEST_TOKEN)), "absurdly long"),
        ] {
            let problems = [
                access(&bad).unwrap_err(),
                refresh_token(bad.clone().into(), &user).unwrap_err(),
                api_key(bad.clone().into()).unwrap_err(),
                user_id(bad.clone()).unwrap_err(),
            ];
            for problem in problems {
                assert!(problem.to_string().contains(why), "{bad:?}: {problem}");
            }
            assert!(bad.is_empty() || device_id(bad).is_err());
        }
        assert_eq!(device_id(String::new()), Ok(None));
        assert!(refresh_token("opaque".into(), &user).is_ok());
        assert!(refresh_token(jwt(r#"{"baas_id":"s"}"#).into(), &user).is_ok());
        let theirs = refresh_token(jwt(r#"{"sub":"u2"}"#).into(), &user);
        assert_eq!(theirs, Err(NoGrant::OtherUser("refresh token")));
    }

    proptest! {
        #[test]
        fn what_is_taken_can_be_printed(text in any::<String>()) {
            for taken in [user_id(text.clone()).is_ok(), api_key(text.clone().into()).is_ok()] {
                prop_assert!(!taken || text.chars().all(|c| c.is_ascii_graphic()));
            }
        }
    }
}
