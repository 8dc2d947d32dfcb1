//! Go regular expressions (RE2 syntax and meaning) on the regex crate.
