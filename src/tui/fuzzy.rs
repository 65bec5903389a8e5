//! Fuzzy matching of names, as people know it from fzf.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// What was typed to find something: words, each of which has to be found.
#[derive(Debug)]
pub struct Query {
    words: Vec<Word>,
    matcher: Matcher,
    buffer: Vec<char>,
}

#[derive(Debug)]
struct Word {
    fuzzy: Atom,
    literal: Atom,
}

impl Query {
    /// The words of a text. Small letters match capital ones; capital letters match only themselves.
    pub fn new(text: &str) -> Self {
        let atom = |word, kind| Atom::new(word, CaseMatching::Smart, Normalization::Smart, kind, false);
        let words = text.split_whitespace();
        let words = words
            .map(|word| Word { fuzzy: atom(word, AtomKind::Fuzzy), literal: atom(word, AtomKind::Substring) })
            .collect();
        Self { words, matcher: Matcher::new(Config::DEFAULT), buffer: Vec::new() }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How well `name` matches; `None` where it does not.
    pub fn score(&mut self, name: &str) -> Option<u32> {
        self.score_any(&[name], "")
    }

    /// How well the names of one thing match: every word has to be in one of them, or stand as it is in `literal`, such as an
    /// id, whose letters are chance.
    pub fn score_any(&mut self, names: &[&str], literal: &str) -> Option<u32> {
        let Self { words, matcher, buffer } = self;
        let mut sum = 0;
        for word in words.iter() {
            let mut best = None;
            for name in names {
                best = best.max(word.fuzzy.score(Utf32Str::new(name, buffer), matcher));
            }
            best = best.or_else(|| word.literal.score(Utf32Str::new(literal, buffer), matcher));
            sum += u32::from(best?);
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_found_with_gaps_and_in_any_order() {
        let mut query = Query::new("gh exa");
        assert!(query.score("grace.hopper@example.com").is_some());
        assert!(query.score("ada@example.com").is_none());
        assert!(Query::new("com ada").score("ada@example.com").is_some());
        assert!(Query::new("ADA").score("ada@example.com").is_none());
        assert!(Query::new("ada").score("ADA").is_some());
    }

    #[test]
    fn an_id_is_matched_as_it_stands() {
        let id = "6501f0c2a4b8d93e00000001";
        assert!(Query::new("d93e").score_any(&["ada"], id).is_some());
        assert!(Query::new("f0d9").score_any(&["bob"], id).is_none());
    }

    proptest! {
        #[test]
        fn no_text_is_a_danger(query in any::<String>(), name in any::<String>()) {
            let mut query = Query::new(&query);
            prop_assert!(query.score(&name).is_some() || !query.is_empty());
        }
    }
}
