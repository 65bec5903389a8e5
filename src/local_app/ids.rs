//! Fresh identifiers.

use bson::oid::ObjectId;

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
