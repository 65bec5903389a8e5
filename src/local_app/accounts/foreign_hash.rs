//! Password hashes that came along with imported users, in the form in which they are kept beside our own.
//!
//! | From | Form |
//! |---|---|
//! | Argon2 | PHC: `$argon2id$v=19$m=65536,t=3,p=4$salt$hash`, and `argon2i`, `argon2d` |
//! | bcrypt | `$2a$`, `$2b$` or `$2y$`, cost, salt and hash |
//! | Firebase | `$firebase-scrypt$ln=14,r=8$signer key$salt separator$salt$hash`, all in base64: a form of our own |
//! | Flowerbase | `hash.salt`, both in hexadecimal digits; the digits are the salt |
//!
//! What a hash may cost is limited: each log-in pays for it, whatever the password.

use std::fmt;

use aes::Aes256;
use aes::cipher::{KeyIvInit, StreamCipher};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use ctr::Ctr128BE;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::local_app::hashing::HashingMemory;

/// Costs of bcrypt; each more doubles the time, and 14 takes about a second.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// Memory of one scrypt hash, in bytes; Firebase and Flowerbase use 16 MiB.
const SCRYPT_MEMORY: u64 = 64 * 1024 * 1024;
/// Memory of one Argon2 hash, in KiB.
const ARGON2_MEMORY: u32 = 128 * 1024;
/// Memory of one Argon2 hash times its passes, in KiB.
const ARGON2_WORK: u64 = 1024 * 1024;
const ARGON2_LANES: u32 = 16;

const FIREBASE_PREFIX: &str = "$firebase-scrypt$";

/// Base64 with padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a hash cannot be taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHash {
    /// None of the known forms.
    #[error(
        "the password hash has none of the known forms: Argon2 (PHC), bcrypt, Firebase scrypt, Flowerbase scrypt"
    )]
    UnknownForm,
    /// One of them, with something wrong in it.
    #[error("the {0} hash is malformed")]
    Malformed(&'static str),
    /// Its parameters ask for too much.
    #[error("the {0} hash asks for more memory or time than an imported hash may")]
    TooCostly(&'static str),
}

/// The parameters of a Firebase project, in its words.
#[derive(Clone, PartialEq, Eq)]
pub struct FirebaseParameters {
    pub signer_key: Vec<u8>,
    pub salt_separator: Vec<u8>,
    pub rounds: u32,
    pub mem_cost: u8,
}

/// A password hash that can be checked.
pub enum StoredHash {
    Argon2(PasswordHash),
    Bcrypt(String),
    Firebase { parameters: FirebaseParameters, salt: Vec<u8>, hash: Vec<u8> },
    Flowerbase { salt: String, hash: Vec<u8> },
}

impl StoredHash {
    /// Reads any of the forms.
    pub fn parse(text: &str) -> Result<Self, InvalidHash> {
        if text.starts_with("$argon2") {
            argon2(text)
        } else if text.starts_with("$2") {
            bcrypt(text)
        } else if let Some(rest) = text.strip_prefix(FIREBASE_PREFIX) {
            firebase_form(rest)
        } else if let Some((hash, salt)) = text.split_once('.') {
            flowerbase(hash, salt)
        } else {
            Err(InvalidHash::UnknownForm)
        }
    }

    /// A hash as Firebase exports it.
    pub fn firebase(parameters: FirebaseParameters, salt: &str, hash: &str) -> Result<Self, InvalidHash> {
        let malformed = InvalidHash::Malformed("Firebase scrypt");
        let (Some(salt), Some(hash)) = (base64(salt), base64(hash)) else { return Err(malformed) };
        let FirebaseParameters { signer_key, rounds, mem_cost, .. } = &parameters;
        if signer_key.is_empty() || hash.len() != signer_key.len() {
            return Err(malformed);
        }
        scrypt_parameters(*mem_cost, *rounds).ok_or(InvalidHash::TooCostly("Firebase scrypt"))?;
        Ok(Self::Firebase { parameters, salt, hash })
    }

    /// Whether it was made of this password. Slow by design.
    pub fn matches(&self, password: &[u8], memory: &mut HashingMemory) -> bool {
        match self {
            Self::Argon2(hash) => argon2_matches(hash, password, memory).unwrap_or(false),
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Firebase { parameters, salt, hash } => {
                firebase_hash(parameters, salt, password).is_some_and(|made| same(&made, hash))
            }
            Self::Flowerbase { salt, hash } => {
                let mut made = Zeroizing::new(vec![0_u8; hash.len()]);
                // What Node's scrypt does unless told otherwise.
                scrypt_parameters(14, 8)
                    .is_some_and(|cost| scrypt::scrypt(password, salt.as_bytes(), &cost, &mut made).is_ok())
                    && same(&made, hash)
            }
        }
    }
}

impl fmt::Display for StoredHash {
    /// The form in which it is kept.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argon2(hash) => hash.fmt(f),
            Self::Bcrypt(hash) => f.write_str(hash),
            Self::Firebase { parameters, salt, hash } => {
                let FirebaseParameters { signer_key, salt_separator, rounds, mem_cost } = parameters;
                write!(f, "{FIREBASE_PREFIX}ln={mem_cost},r={rounds}")?;
                [signer_key, salt_separator, salt, hash]
                    .into_iter()
                    .try_for_each(|part| write!(f, "${}", BASE64_STANDARD.encode(part)))
            }
            Self::Flowerbase { salt, hash } => {
                hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(f, ".{salt}")
            }
        }
    }
}

fn argon2(text: &str) -> Result<StoredHash, InvalidHash> {
    let malformed = InvalidHash::Malformed("Argon2");
    let hash = PasswordHash::new(text).map_err(|_| malformed.clone())?;
    let known = ["argon2d", "argon2i", "argon2id"].contains(&hash.algorithm.as_str());
    let parameters = Params::try_from(&hash).map_err(|_| malformed.clone())?;
    // A secret of the old server, or data beside the password, is nothing that this one has.
    let needs_more = !parameters.keyid().is_empty() || !parameters.data().is_empty();
    if !known || hash.hash.is_none() || hash.salt.is_none() || needs_more {
        return Err(malformed);
    }
    let work = u64::from(parameters.m_cost()) * u64::from(parameters.t_cost());
    if parameters.m_cost() > ARGON2_MEMORY || work > ARGON2_WORK || parameters.p_cost() > ARGON2_LANES {
        return Err(InvalidHash::TooCostly("Argon2"));
    }
    Ok(StoredHash::Argon2(hash))
}

/// Whether `hash` was made of `password`; nothing if it asks for what is not understood.
fn argon2_matches(hash: &PasswordHash, password: &[u8], memory: &mut HashingMemory) -> Option<bool> {
    let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(hash).ok()?);
    let mut made = Zeroizing::new(vec![0_u8; expected.len()]);
    memory.argon2(&argon2, password, salt, &mut made).ok()?;
    Some(same(&made, expected.as_bytes()))
}

fn bcrypt(text: &str) -> Result<StoredHash, InvalidHash> {
    let malformed = InvalidHash::Malformed("bcrypt");
    // `2x` marks hashes of a faulty implementation, which differ.
    let known = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
    let parts: bcrypt::HashParts = text.parse().map_err(|_| malformed.clone())?;
    match parts.get_cost() {
        _ if !known => Err(malformed),
        cost if BCRYPT_COSTS.contains(&cost) => Ok(StoredHash::Bcrypt(text.to_owned())),
        cost if cost < *BCRYPT_COSTS.start() => Err(malformed),
        _ => Err(InvalidHash::TooCostly("bcrypt")),
    }
}

fn firebase_form(rest: &str) -> Result<StoredHash, InvalidHash> {
    let read = || {
        let mut parts = rest.split('$');
        let (ln, r) = parts.next()?.strip_prefix("ln=")?.split_once(",r=")?;
        let (rounds, mem_cost) = (r.parse().ok()?, ln.parse().ok()?);
        let (signer_key, salt_separator) = (base64(parts.next()?)?, base64(parts.next()?)?);
        let (salt, hash) = (parts.next()?, parts.next()?);
        let parameters = FirebaseParameters { signer_key, salt_separator, rounds, mem_cost };
        parts.next().is_none().then_some((parameters, salt, hash))
    };
    let (parameters, salt, hash) = read().ok_or(InvalidHash::Malformed("Firebase scrypt"))?;
    StoredHash::firebase(parameters, salt, hash)
}

/// Flowerbase hands its salt to scrypt as the digits that it prints.
fn flowerbase(hash: &str, salt: &str) -> Result<StoredHash, InvalidHash> {
    const HASH_BYTES: usize = 64;
    const LONGEST_SALT: usize = 1024;
    let malformed = InvalidHash::Malformed("Flowerbase scrypt");
    let is_salt = !salt.is_empty()
        && salt.len() <= LONGEST_SALT
        && salt.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match hexadecimal(hash) {
        Some(hash) if is_salt && hash.len() == HASH_BYTES => {
            Ok(StoredHash::Flowerbase { salt: salt.to_owned(), hash })
        }
        _ => Err(malformed),
    }
}

/// Firebase encrypts the project's signer key with what scrypt derives from the password.
fn firebase_hash(
    parameters: &FirebaseParameters,
    salt: &[u8],
    password: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let FirebaseParameters { signer_key, salt_separator, rounds, mem_cost } = parameters;
    let mut key = Zeroizing::new([0_u8; 32]);
    let salt = [salt, salt_separator].concat();
    scrypt::scrypt(password, &salt, &scrypt_parameters(*mem_cost, *rounds)?, key.as_mut_slice()).ok()?;
    let mut made = Zeroizing::new(signer_key.clone());
    let mut cipher = Ctr128BE::<Aes256>::new_from_slices(key.as_slice(), &[0; 16]).ok()?;
    cipher.apply_keystream(&mut made);
    Some(made)
}

/// `None` if they make no sense, or ask for too much memory.
fn scrypt_parameters(log_n: u8, r: u32) -> Option<scrypt::Params> {
    let memory = 1_u64.checked_shl(log_n.into())?.checked_mul(128)?.checked_mul(r.into())?;
    (memory <= SCRYPT_MEMORY).then(|| scrypt::Params::new(log_n, r, 1).ok()).flatten()
}

/// Whether two hashes are the same; takes as long wherever they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}

/// Base64 in the alphabet of MIME or of URLs, both of which Firebase's tools write.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.replace('-', "+").replace('_', "/")).ok()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Firebase's own scrypt tool.
    const FIREBASE: &str = "$firebase-scrypt$ln=14,r=8\
        $jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\
        $Bw==$42xEC+ixf3L2lw==\
        $lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

    /// Made by the tools of their kinds: argon2's own test vectors, libxcrypt, and Node's scrypt.
    const KNOWN_ANSWERS: &[(&str, &str)] = &[
        ("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"),
        ("$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "password"),
        ("$argon2i$v=16$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs", "password"),
        ("$2a$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2", "correct horse"),
        ("$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2", "correct horse"),
        ("$2y$04$abcdefghijklmnopqrstuuyx2n0Zzopyr9QuYTMCfOJJOj526QVoC", "p\u{e4}ssw\u{f6}rd"),
        // bcrypt sees 72 bytes of a password.
        (
            "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ),
        (FIREBASE, "user1password"),
        (FLOWERBASE, "correct horse"),
    ];

    const FLOWERBASE: &str = "b28387e0c4fe18562f42485c759764a322beda696438738d625a471fa622a472\
        0ac046df92d0a2c396e78e8adda08e13611747256f9c497278cf52c4c85219ac.\
        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn hashes_of_other_servers_match_their_password_and_no_other() {
        let mut memory = HashingMemory::default();
        for (hash, password) in KNOWN_ANSWERS {
            let stored = StoredHash::parse(hash).unwrap_or_else(|error| panic!("{hash}: {error}"));
            assert!(stored.matches(password.as_bytes(), &mut memory), "{hash}");
            assert!(!stored.matches(b"something else", &mut memory), "{hash}");
            assert_eq!(stored.to_string(), *hash, "it is kept as it came");
        }
    }

    #[test]
    fn a_firebase_export_is_read_in_either_alphabet_and_without_padding() {
        let parameters = || FirebaseParameters {
            signer_key: base64(
                "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA",
            )
            .unwrap(),
            salt_separator: vec![7],
            rounds: 8,
            mem_cost: 14,
        };
        let hash = "lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==";
        let stored = StoredHash::firebase(parameters(), "42xEC-ixf3L2lw==", hash).unwrap();
        assert_eq!(stored.to_string(), FIREBASE);
        assert!(matches!(
            StoredHash::firebase(
                FirebaseParameters { mem_cost: 17, ..parameters() },
                "42xEC-ixf3L2lw==",
                hash
            ),
            Err(InvalidHash::TooCostly(_))
        ));
        assert!(StoredHash::firebase(parameters(), "42xEC-ixf3L2lw==", "AAAA").is_err());
    }

    #[test]
    fn hashes_that_are_none_or_ask_for_too_much_are_refused() {
        let too_costly = |text: &str| matches!(StoredHash::parse(text), Err(InvalidHash::TooCostly(_)));
        let phc = |parameters: &str| {
            format!("$argon2id$v=19${parameters}$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        };
        assert!(StoredHash::parse(&phc("m=131072,t=8,p=4")).is_ok());
        assert!(too_costly(&phc("m=131073,t=1,p=1")));
        assert!(too_costly(&phc("m=4194304,t=1,p=1")));
        assert!(too_costly(&phc("m=65536,t=17,p=1")));
        assert!(too_costly(&phc("m=65536,t=1,p=17")));
        assert!(too_costly("$2b$15$abcdefghijklmnopqrstuuWSZ.IqJkLMKzgiHzNS8jVQsj4gYyPvG"));
        assert!(too_costly("$2b$31$abcdefghijklmnopqrstuuWSZ.IqJkLMKzgiHzNS8jVQsj4gYyPvG"));
        assert!(too_costly(&FIREBASE.replace("ln=14", "ln=63")));
        assert!(too_costly(&FIREBASE.replace("ln=14", "ln=64")));
        assert!(too_costly(&FIREBASE.replace("r=8", "r=4294967295")));
        for bad in [
            "",
            "password",
            "$argon2id$",
            "$argon2x$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ",
            "$2x$10$abcdefghijklmnopqrstuuWSZ.IqJkLMKzgiHzNS8jVQsj4gYyPvG",
            "$2b$03$abcdefghijklmnopqrstuuWSZ.IqJkLMKzgiHzNS8jVQsj4gYyPvG",
            "$2b$10$short",
            "$firebase-scrypt$ln=14,r=8$$Bw==$42xEC+ixf3L2lw==$",
            "$firebase-scrypt$",
            "abcd.abcd",
            ".",
            "$5$rounds=1000$salt$hash",
        ] {
            assert!(
                matches!(StoredHash::parse(bad), Err(InvalidHash::UnknownForm | InvalidHash::Malformed(_))),
                "{bad}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(\\$2b\\$|\\$argon2id\\$|\\$firebase-scrypt\\$)?[ -~é]{0,90}") {
            let _ = StoredHash::parse(&text);
        }
    }
}
