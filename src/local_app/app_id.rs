//! The client app id: how an App is named in paths and on disk.

use std::fmt;
use std::str::FromStr;

/// The longest name before the suffix.
const LONGEST_NAME: usize = 64;
/// Letters after the last hyphen: five in early Apps, seven in later ones (section 17.1).
const SUFFIX: std::ops::RangeInclusive<usize> = 5..=8;

/// A client app id: `<name>-<5 to 8 lowercase letters>`, the name of lowercase letters, digits, `-` and `_` (sections 1.1
/// and 17.1).
///
/// That makes it safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppId(String);

/// The text is not a client app id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not an app id; it takes lowercase letters, digits, '-' and '_', then '-' and 5 to 8 letters, as in shop-abcde"
)]
pub struct InvalidAppId(String);

impl AppId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AppId {
    type Err = InvalidAppId;

    fn from_str(text: &str) -> Result<Self, InvalidAppId> {
        let well_formed = text.rsplit_once('-').is_some_and(|(name, suffix)| {
            (1..=LONGEST_NAME).contains(&name.len())
                && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
                && SUFFIX.contains(&suffix.len())
                && suffix.bytes().all(|b| b.is_ascii_lowercase())
        });
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidAppId(text.to_owned())) }
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_form_of_app_services_and_nothing_else() {
        for good in
            ["shop-abcde", "a-abcde", "my_app-2-zzzzz", "shop-abcdef", "shop-abcdefg", "shop-abcdefgh"]
        {
            assert_eq!(good.parse::<AppId>().unwrap().as_str(), good);
        }
        let too_long = format!("{}-abcde", "a".repeat(65));
        for bad in [
            "",
            "shop",
            "shop-abcd",
            "shop-abcdefghi",
            "shop-abcd1",
            "-abcde",
            "Shop-abcde",
            "../x-abcde",
            &too_long,
        ] {
            assert!(bad.parse::<AppId>().is_err(), "{bad}");
        }
    }
}
