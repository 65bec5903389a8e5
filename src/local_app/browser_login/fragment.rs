//! How a log-in in the browser ended, as the page that it ends on reads it (section 3.8).

use url::form_urlencoded;

use crate::local_app::sessions::{Link, Login};

/// How it ended.
pub enum Ending {
    LoggedIn(Login),
    Linked(Link),
    Failed(String),
}

/// What stands after the `#`, under the names of both generations of clients.
pub struct Fragment<'a> {
    pub app_id: &'a str,
    /// The client's own; it tells a page which log-in ended, a failed one too.
    pub state: &'a str,
    pub ending: Ending,
}

impl Fragment<'_> {
    /// `redirect` with the fragment on it, in place of its own.
    pub fn on(&self, redirect: &str) -> String {
        let mut facts = vec![("client_app_id", self.app_id.to_owned()), ("state", self.state.to_owned())];
        match &self.ending {
            Ending::LoggedIn(Login { user_id, device_id, access_token, refresh_token, .. }) => {
                facts.push(("ua", format!("{access_token}${refresh_token}${user_id}${device_id}")));
            }
            // The client keeps the refresh token that it has; four parts all the same.
            Ending::Linked(Link { user_id, device_id, access_token, .. }) => {
                facts.push(("ua", format!("{access_token}$${user_id}${device_id}")));
                facts.push(("link", "ok".to_owned()));
            }
            Ending::Failed(why) => facts.push(("error", why.clone())),
        }
        let pairs: Vec<_> = ["_baas_", "_stitch_"]
            .into_iter()
            .flat_map(|family| {
                facts.iter().map(move |(key, value)| format!("{family}{key}={}", encoded(value)))
            })
            .collect();
        let page = redirect.split_once('#').map_or(redirect, |(page, _)| page);
        format!("{page}#{}", pairs.join("&"))
    }
}

/// Percent-encoded, a space as `%20`: what reads it knows no `+`.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_finds_after_the_hash() {
        let fragment = |ending| Fragment { app_id: "shop-abcde", state: "a&b", ending };
        let linked =
            Ending::Linked(Link { user_id: "u".into(), device_id: "d".into(), access_token: "a.b.c".into() });
        assert_eq!(
            fragment(linked).on("http://localhost/x#old"),
            "http://localhost/x#_baas_client_app_id=shop-abcde&_baas_state=a%26b&_baas_ua=a.b.c%24%24u%24d&_baas_link=ok\
             &_stitch_client_app_id=shop-abcde&_stitch_state=a%26b&_stitch_ua=a.b.c%24%24u%24d&_stitch_link=ok"
        );
        let failed = fragment(Ending::Failed("no + way, é".into())).on("app://done");
        assert!(failed.contains("_baas_error=no%20%2B%20way%2C%20%C3%A9&"), "{failed}");
    }
}
