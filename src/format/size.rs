//! Counts and sizes.

use crate::account::Severity;

/// What fits into a header with some room for the rest of the token (protocol document, section 7).
const ADVISED_SIZE: usize = 16 * 1024;
/// From this size on it is said.
const NOTABLE_SIZE: usize = 12 * 1024;

/// How large custom data is, where that matters: its tone, and words for a title.
pub fn data_size(size: usize) -> Option<(Severity, String)> {
    let tone = if size >= ADVISED_SIZE { Severity::Bad } else { Severity::Warn };
    (size >= NOTABLE_SIZE).then(|| (tone, format!("! {} of 16 KB", kilobytes(size))))
}

/// What to think of before custom data of that size is written.
pub fn data_size_warning(size: usize) -> Option<(Severity, String)> {
    let has = kilobytes(size);
    match size {
        ..NOTABLE_SIZE => None,
        NOTABLE_SIZE..ADVISED_SIZE => Some((
            Severity::Warn,
            format!("! It would have {has} KB. At 16 KB a token with it no longer fits everywhere."),
        )),
        ADVISED_SIZE.. => Some((
            Severity::Bad,
            format!(
                "✗ It would have {has} KB, above the advised 16 KB. It travels in every request's header: servers and \
                 proxies may refuse them all, and this server may refuse the document."
            ),
        )),
    }
}

/// Kilobytes with one decimal, rounded down.
fn kilobytes(size: usize) -> String {
    format!("{}.{}", size / 1024, size % 1024 * 10 / 1024)
}

/// `1 user`, `2 users`.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
