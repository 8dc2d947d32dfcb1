//! Go regular expressions (RE2 syntax and meaning) on the regex crate.
//!
//! Users write the patterns of kustomize selectors, image names and SOPS rules for Go's `regexp`. The two
//! dialects look alike and differ in a third of the corners: `\d` is ASCII in Go, `[a&&b]` is a set operation
//! only in Rust, `\Q…\E` exists only in Go. So a pattern is read by Go's rules here and written anew in the
//! regex crate's, which then runs it in linear time.
//!
//! ```
//! use hagane_regex::Regex;
//!
//! let selector = Regex::anchored("web-(api|ui)")?;
//! assert!(selector.is_match("web-api"));
//! assert!(!selector.is_match("web-api-2"));
//! # Ok::<(), hagane_regex::RegexError>(())
//! ```

mod class;
mod error;
mod escape;
mod flags;
mod literal;
mod names;
mod repeat;
mod translate;

use std::ops::Range;

use literal::Literal;

pub use error::RegexError;

/// The size that one compiled pattern may take, in bytes. A hostile pattern (`(\pL{1000}){1}`) gets an error
/// long before it takes the machine's memory; Go's own limit is of the same order.
const SIZE_LIMIT: usize = 16 << 20;

/// A compiled pattern. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Regex {
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    /// No automaton: nearly every selector is a plain name.
    Literal(Literal),
    Compiled(regex::Regex),
}

/// Where the groups of a match are; group 0 is the whole match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    groups: Vec<Option<Range<usize>>>,
}

impl Regex {
    /// Returns the pattern as Go's `regexp.MustCompile` would read it; it may match anywhere in a text.
    pub fn new(pattern: &str) -> Result<Regex, RegexError> {
        match Literal::of_pattern(pattern) {
            Some(literal) => Ok(Regex { matcher: Matcher::Literal(literal) }),
            None => Regex::compile(pattern),
        }
    }

    /// Returns the pattern as kustomize anchors its selectors: the *text* `^(?:pattern)$` is compiled, so
    /// `a)|(b` is a pattern here as it is there. (kustomize leaves an empty selector out; this matches "".)
    pub fn anchored(pattern: &str) -> Result<Regex, RegexError> {
        const BEFORE: &str = "^(?:";
        if let Some(literal) = Literal::whole(pattern) {
            return Ok(Regex { matcher: Matcher::Literal(literal) });
        }
        Regex::compile(&format!("{BEFORE}{pattern})$")).map_err(|error| RegexError {
            offset: error.offset.saturating_sub(BEFORE.len()).min(pattern.len()),
            message: error.message,
        })
    }

    fn compile(pattern: &str) -> Result<Regex, RegexError> {
        let translated = translate::translate(pattern)?;
        let compiled = regex::RegexBuilder::new(&translated)
            .size_limit(SIZE_LIMIT)
            .nest_limit(translate::NEST_LIMIT)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => RegexError::new(0, "the pattern is too big"),
                _ => RegexError::new(0, "the pattern is not supported"),
            })?;
        Ok(Regex { matcher: Matcher::Compiled(compiled) })
    }

    /// Returns whether the pattern matches somewhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Literal(literal) => literal.is_match(text),
            Matcher::Compiled(compiled) => compiled.is_match(text),
        }
    }

    /// Returns the bytes of the leftmost match, the first alternative preferred.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        match &self.matcher {
            Matcher::Literal(literal) => literal.find(text),
            Matcher::Compiled(compiled) => compiled.find(text).map(|m| m.range()),
        }
    }

    /// Returns the bytes of the leftmost match and of its groups.
    pub fn captures(&self, text: &str) -> Option<Captures> {
        let groups = match &self.matcher {
            Matcher::Literal(literal) => vec![Some(literal.find(text)?)],
            Matcher::Compiled(compiled) => {
                compiled.captures(text)?.iter().map(|group| group.map(|m| m.range())).collect()
            }
        };
        Some(Captures { groups })
    }
}

impl Captures {
    /// Returns the bytes that a group matched; `None` when it took no part or there is no such group.
    pub fn get(&self, group: usize) -> Option<Range<usize>> {
        self.groups.get(group)?.clone()
    }
}

#[cfg(test)]
mod tests;
