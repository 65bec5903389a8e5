//! What a browser brings back: the facts after the `#` of the address that it ended at. Anybody can make such an address
//! up; it counts only with the state that this log-in began with.

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use super::BrowserError;
use crate::account::grant::{self, NoGrant};
use crate::account::{AccessToken, DeviceId, Provider, RefreshToken, Tokens, UserId};
use crate::backend::NewSession;

/// What came of it.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// A session.
    LoggedIn(Box<NewSession>),
    /// An identity was added, to whom and with which access token from now on, as far as the server says so.
    Linked(Option<(UserId, AccessToken)>),
}

/// Why an address is not taken. Nothing has changed: the right one still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// There is nothing of the kind in it.
    #[error("this is not the address that a log-in ends at: it has no #_baas_… in it")]
    NoReturn,
    /// It is another log-in's, or made up.
    #[error("this address belongs to another log-in")]
    OtherLogIn,
    /// Something is missing.
    #[error("this address is not whole: {0}")]
    Broken(&'static str),
    /// One was taken before.
    #[error("this log-in is over")]
    Over,
}

/// What the right address has.
pub struct Expected {
    pub state: SecretString,
    pub app_id: String,
    pub provider: Provider,
    /// Whether an identity is added, in place of a log-in.
    pub is_link: bool,
}

impl Expected {
    /// Reads the address that a browser ended at, or what stands after its `#`.
    pub fn read(&self, text: &str) -> Result<Result<Arrival, BrowserError>, NotTaken> {
        let fragment = text.split_once('#').map_or(text, |(_, fragment)| fragment).trim();
        // What encodes a fragment knows no plus sign for a space.
        let fragment = SecretString::from(fragment.replace('+', "%2B"));
        let facts = Facts(fragment.expose_secret());
        let state = facts.get("state").ok_or_else(|| match facts.is_empty() {
            true => NotTaken::NoReturn,
            false => NotTaken::OtherLogIn,
        })?;
        if !is_same(state.expose_secret(), self.state.expose_secret()) {
            return Err(NotTaken::OtherLogIn);
        }
        if facts.get("client_app_id").is_some_and(|id| id.expose_secret() != self.app_id) {
            return Err(NotTaken::OtherLogIn);
        }
        if let Some(error) = facts.get("error") {
            return Ok(Err(BrowserError::denied(error.expose_secret())));
        }
        let proof = facts.get("ua").map(|text| Proof::read(text.expose_secret())).transpose()?;
        let proof = match proof.transpose() {
            Ok(proof) => proof,
            Err(why) => {
                return Ok(Err(BrowserError::denied(&format!("the App gave an invalid answer, {why}"))));
            }
        };
        if self.is_link {
            if facts.get("link").is_none_or(|link| link.expose_secret() != "ok") {
                return Err(NotTaken::Broken("it does not say that the identity was added"));
            }
            return Ok(Ok(Arrival::Linked(proof.map(|proof| (proof.user, proof.access)))));
        }
        let proof = proof.ok_or(NotTaken::Broken("it has no tokens"))?;
        let refresh = proof.refresh.ok_or(NotTaken::Broken("it has no refresh token"))?;
        Ok(Ok(Arrival::LoggedIn(Box::new(NewSession {
            user: proof.user,
            provider: self.provider.clone(),
            tokens: Tokens::new(proof.access, refresh),
            device: proof.device,
        }))))
    }
}

/// The facts, percent-encoded, as both generations of servers write them.
struct Facts<'a>(&'a str);

impl Facts<'_> {
    fn get(&self, key: &str) -> Option<SecretString> {
        let find = |family: &str| {
            form_urlencoded::parse(self.0.as_bytes())
                .find(|(name, _)| name.strip_prefix(family) == Some(key))
                .map(|(_, value)| SecretString::from(value.into_owned()))
        };
        find("_baas_").or_else(|| find("_stitch_"))
    }

    fn is_empty(&self) -> bool {
        let is_ours = |name: &str| name.starts_with("_baas_") || name.starts_with("_stitch_");
        !form_urlencoded::parse(self.0.as_bytes()).any(|(name, _)| is_ours(&name))
    }
}

/// `<access token>$<refresh token>$<user id>$<device id>`. After a link the refresh token is empty.
struct Proof {
    access: AccessToken,
    refresh: Option<RefreshToken>,
    user: UserId,
    device: Option<DeviceId>,
}

impl Proof {
    /// What is no address at all may be a slip of a person who copied it. What is none of a session is the App's answer.
    fn read(text: &str) -> Result<Result<Self, NoGrant>, NotTaken> {
        let parts: Vec<_> = text.split('$').collect();
        let [access, refresh, user, device] = parts[..] else {
            return Err(NotTaken::Broken("its tokens are not four parts"));
        };
        let read = || {
            let user = grant::user_id(user.to_owned())?;
            let access = grant::access_token(access.into(), &user)?;
            let refresh = (!refresh.is_empty()).then(|| grant::refresh_token(refresh.into(), &user));
            let device = grant::device_id(device.to_owned())?;
            Ok(Self { access, refresh: refresh.transpose()?, user, device })
        };
        match read() {
            Err(NoGrant::Empty(_) | NoGrant::Characters(_)) => Err(NotTaken::Broken("its tokens are none")),
            other => Ok(other),
        }
    }
}

/// Compares without telling by its time how much was right.
fn is_same(given: &str, right: &str) -> bool {
    let differences = given.bytes().zip(right.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == right.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn expected(is_link: bool) -> Expected {
        let state = "the-state".into();
        Expected { state, app_id: "shop-abcde".into(), provider: Provider::Google, is_link }
    }

    /// An access token of the user `u1`.
    const ACCESS: &str = "e30.eyJzdWIiOiJ1MSJ9.c2ln";
    const UA: &str = "e30.eyJzdWIiOiJ1MSJ9.c2ln%24r.s.t%24u1%24610d81f929164593aa50e663";

    #[test]
    fn a_log_in_is_read_in_both_families_and_with_or_without_the_address() {
        for family in ["_baas_", "_stitch_"] {
            let fragment =
                format!("{family}client_app_id=shop-abcde&{family}state=the-state&{family}ua={UA}");
            for text in [
                fragment.clone(),
                format!("#{fragment}"),
                format!("  http://127.0.0.1:4/idmux#{fragment}\n"),
                format!("{fragment}&_stitch_state=other&x=y"),
            ] {
                let Ok(Ok(Arrival::LoggedIn(session))) = expected(false).read(&text) else {
                    panic!("{text}")
                };
                assert_eq!(session.user.as_str(), "u1", "{text}");
                assert_eq!(session.tokens.access.expose(), ACCESS);
                assert_eq!(session.tokens.refresh.as_ref().unwrap().expose(), "r.s.t");
                assert_eq!(session.device.unwrap().as_str(), "610d81f929164593aa50e663");
                assert_eq!(session.provider, Provider::Google);
            }
        }
    }

    #[test]
    fn a_link_is_read_with_its_access_token_and_without() {
        let read = |rest: &str| expected(true).read(&format!("_baas_state=the-state{rest}"));
        let Ok(Ok(Arrival::Linked(Some((user, access))))) =
            read(&format!("&_baas_ua={ACCESS}%24%24u1%24d&_baas_link=ok"))
        else {
            panic!()
        };
        assert_eq!((user.as_str(), access.expose()), ("u1", ACCESS));
        assert!(matches!(read("&_baas_link=ok"), Ok(Ok(Arrival::Linked(None)))));
        let unsaid = format!("&_baas_ua={ACCESS}%24%24u1%24d");
        for rest in ["", "&_baas_link=no", &unsaid] {
            assert!(matches!(read(rest), Err(NotTaken::Broken(_))), "{rest}");
        }
        for theirs in [format!("{ACCESS}%24%24u2%24d"), "a.b%24%24u1%24d".to_owned()] {
            let said = read(&format!("&_baas_ua={theirs}&_baas_link=ok"));
            assert!(matches!(said, Ok(Err(BrowserError::Denied(_)))), "{theirs}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words_and_not_without_end() {
        let denied = |error: &str| {
            expected(false).read(&format!("#_baas_state=the-state&_baas_ua={UA}&_baas_error={error}"))
        };
        let Ok(Err(BrowserError::Denied(why))) = denied("no%20+%20way%2C%20%C3%A9") else { panic!() };
        assert_eq!(why, "no + way, é");
        let Ok(Err(BrowserError::Denied(why))) = denied(&"x".repeat(5000)) else { panic!() };
        assert_eq!(why.len(), LONGEST);
    }

    const LONGEST: usize = super::super::LONGEST_ERROR;

    #[test]
    fn what_is_not_this_log_ins_is_not_taken() {
        let read = |text: &str| expected(false).read(text).unwrap_err();
        for text in ["", "#", "hello", "https://example.com/", "http://127.0.0.1:4/idmux", "state=the-state"]
        {
            assert_eq!(read(text), NotTaken::NoReturn, "{text}");
        }
        for text in [
            format!("_baas_ua={UA}"),
            format!("_baas_state=&_baas_ua={UA}"),
            format!("_baas_state=the-stat&_baas_ua={UA}"),
            format!("_baas_state=the-state2&_baas_ua={UA}"),
            format!("_baas_state=The-state&_baas_ua={UA}"),
            format!("_baas_state=other&_baas_state=the-state&_baas_ua={UA}"),
            format!("_baas_state=other&_stitch_state=the-state&_baas_ua={UA}"),
            format!("_baas_client_app_id=evil-abcde&_baas_state=the-state&_baas_ua={UA}"),
            "_baas_error=no".to_owned(),
        ] {
            assert_eq!(read(&text), NotTaken::OtherLogIn, "{text}");
        }
        for ua in ["", "a", "a%24b%24c", "a%24b%24c%24d%24e", "%24b%24c%24d", "a%24b%24%24d"] {
            let text = format!("_baas_state=the-state&_baas_ua={ua}");
            assert!(matches!(read(&text), NotTaken::Broken(_)), "{ua}");
        }
        let without_refresh = format!("_baas_state=the-state&_baas_ua={ACCESS}%24%24u1%24d");
        assert!(matches!(read(&without_refresh), NotTaken::Broken(_)));
        assert!(matches!(read("_baas_state=the-state"), NotTaken::Broken(_)));
        // A token with a line end would be a header of its own.
        let text = format!("_baas_state=the-state&_baas_ua={ACCESS}%0A%24r%24u1%24d");
        assert!(matches!(read(&text), NotTaken::Broken(_)));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".{0,200}") {
            prop_assert!(expected(false).read(&text).is_err());
        }

        #[test]
        fn whatever_a_server_encodes_comes_out_again(
            refresh in "[!-#%-~]{1,80}", user in "[!-#%-~]{1,30}", other in ".{0,40}"
        ) {
            let payload = serde_json::json!({ "sub": user }).to_string();
            let access = format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload));
            let ua = format!("{access}${refresh}${user}$");
            let encoded: String = form_urlencoded::byte_serialize(ua.as_bytes()).collect();
            let other: String = form_urlencoded::byte_serialize(other.as_bytes()).collect();
            let text = format!("#x={other}&_baas_state=the-state&_baas_ua={encoded}&{other}");
            let Ok(Ok(Arrival::LoggedIn(session))) = expected(false).read(&text) else {
                return Err(TestCaseError::fail(text));
            };
            prop_assert_eq!(session.tokens.access.expose(), access);
            prop_assert_eq!(session.tokens.refresh.as_ref().unwrap().expose(), refresh);
            prop_assert_eq!(session.user.as_str(), user);
            prop_assert_eq!(session.device, None);
        }

        #[test]
        fn only_the_whole_state_is_the_state(state in "[a-z-]{0,12}") {
            let text = format!("_baas_state={state}&_baas_ua={UA}");
            prop_assert_eq!(expected(false).read(&text).is_ok(), state == "the-state");
        }
    }
}
