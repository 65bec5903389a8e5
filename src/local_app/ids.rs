//! Fresh identifiers.

use bson::oid::ObjectId;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// A fresh ObjectId as 24 lowercase hex characters.
pub fn oid() -> String {
    ObjectId::new().to_hex()
}

/// `count` random lowercase letters.
pub fn letters(count: usize) -> Result<String, getrandom::Error> {
    let mut random = vec![0_u8; count];
    getrandom::fill(&mut random)?;
    Ok(random.into_iter().map(|byte| char::from(b'a' + byte % 26)).collect())
}

/// `count` random letters and digits that nobody can guess.
pub fn secret(count: usize) -> Result<SecretString, getrandom::Error> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = Zeroizing::new(String::with_capacity(count));
    let mut random = Zeroizing::new(vec![0_u8; count]);
    while text.len() < count {
        getrandom::fill(&mut random)?;
        // Bytes that would make some characters likelier than others are thrown away.
        let fair = random.iter().map(|byte| usize::from(byte & 63)).filter_map(|index| ALPHABET.get(index));
        let missing = count - text.len();
        text.extend(fair.take(missing).map(|&byte| char::from(byte)));
    }
    Ok(SecretString::from(text.as_str()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn secrets_have_the_length_and_the_alphabet_that_were_asked_for() {
        for count in [0, 1, 64, 200] {
            let text = secret(count).unwrap();
            assert_eq!(text.expose_secret().len(), count);
            assert!(text.expose_secret().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
        assert_ne!(secret(64).unwrap().expose_secret(), secret(64).unwrap().expose_secret());
    }
}
