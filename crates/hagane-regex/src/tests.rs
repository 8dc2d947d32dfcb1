//! Cases recorded from Go (kustomize 5.8.1 built with Go 1.26, through the name of a patch target).

use super::*;

/// Checks which of the texts the anchored pattern matches.
#[track_caller]
fn check(pattern: &str, matches: &[&str], others: &[&str]) {
    let regex = Regex::anchored(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    for text in matches {
        assert!(regex.is_match(text), "{pattern:?} must match {text:?}");
    }
    for text in others {
        assert!(!regex.is_match(text), "{pattern:?} must not match {text:?}");
    }
}

/// Checks that Go refuses the pattern, and where we say that it is wrong.
#[track_caller]
fn check_refused(pattern: &str, offset: usize, message: &str) {
    match Regex::new(pattern) {
        Ok(_) => panic!("{pattern:?} is refused by Go"),
        Err(error) => assert_eq!((error.offset, error.message.as_str()), (offset, message), "{pattern:?}"),
    }
}

#[test]
fn plain_names_are_compared() {
    check("web", &["web"], &["web-2", "a-web", "Web", ""]);
    check("", &[""], &["a"]);
    check("a)|(b", &["a", "ab", "b"], &["c"]);
    for (pattern, text, found) in [
        ("web", "my-web-web", Some(3..6)),
        ("^web", "web-web", Some(0..3)),
        ("^web", "my-web", None),
        ("web$", "web-web", Some(4..7)),
        ("^web$", "web", Some(0..3)),
        ("^web$", "web\n", None),
        ("", "é", Some(0..0)),
        ("$", "é", Some(2..2)),
        ("w.b", "é w€b", Some(3..8)),
        ("a|ab", "xab", Some(1..2)),
        ("a+?", "aaa", Some(0..1)),
        ("(?U)a+", "aaa", Some(0..1)),
        ("(?U)a+?", "aaa", Some(0..3)),
    ] {
        assert_eq!(Regex::new(pattern).unwrap().find(text), found, "{pattern:?} in {text:?}");
    }
}

#[test]
fn no_automaton_is_built_for_a_name() {
    for pattern in ["web", "web-2", "^web$", "web$", "name_with:signs/and,more", "ü"] {
        let regex = Regex::new(pattern).unwrap();
        assert!(matches!(regex.matcher, Matcher::Literal(_)), "{pattern:?}");
    }
}

#[test]
fn groups_are_numbered_by_their_parenthesis() {
    let regex = Regex::new(r"^(?P<name>[^:@]+)(?::(?<1tag>\w+))?(@.*)?$").unwrap();
    let captures = regex.captures("nginx:1").unwrap();
    assert_eq!(
        [0, 1, 2, 3, 4].map(|group| captures.get(group)),
        [Some(0..7), Some(0..5), Some(6..7), None, None]
    );
    assert_eq!(Regex::new("b").unwrap().captures("abc").unwrap().get(0), Some(1..2));
    assert_eq!(regex.captures("@"), None);
}

#[test]
fn perl_classes_are_ascii() {
    check(r"\w", &["a", "K", "1", "_"], &["é", "Ω", "-", "\u{212A}"]);
    check(r"\W", &["é", "Ω", "-", "\n"], &["a", "_"]);
    check(r"\d", &["7"], &["७", "a"]);
    check(r"[^\D]", &["7"], &["७", "a"]);
    check(r"\s", &[" ", "\t", "\n", "\u{c}", "\r"], &["\u{b}", "\u{a0}", "\u{2028}"]);
    check(r"(?i)\w", &["a", "ſ", "\u{212A}"], &["é"]);
    check(r"(?i)\W", &["é"], &["a", "ſ", "\u{212A}"]);
    check(r"a\b.*", &["aé", "a-b", "a"], &["ab"]);
    check(r"a\B.*", &["ab"], &["aé", "a"]);
    check(r"é\Bü", &["éü"], &[]);
    check(r"\<a\>", &["<a>"], &["a"]);
    check(r"\b{2}x", &["x"], &["{2}x"]);
}

#[test]
fn escapes() {
    check(r"\Qa.b*\E*", &["a.b", "a.b**"], &["axb", "a.ba.b"]);
    check(r"\Q\E", &[""], &["a"]);
    check(r"\141\12\08", &["a\n\u{0}8"], &[]);
    check(r"[\141-\143]", &["b"], &["d"]);
    check(r"\x41\x{3a9}\x{0010FFFF}", &["AΩ\u{10FFFF}"], &[]);
    check(r"\a\f\t\n\r\v", &["\u{7}\u{c}\t\n\r\u{b}"], &[]);
    check(r"\_\-\.\/\ \~\@", &["_-./ ~@"], &[]);
    check(r"\x{D800}", &[], &["a", "\u{FFFD}"]);
    check(r"[\x{D000}-\x{FFFF}]", &["\u{D7FF}", "\u{E000}"], &["a"]);
    check(r"[^\x{D800}]", &["a"], &["", "ab"]);
    check_refused(r"\C", 0, r"there is no escape `\C`");
    check_refused(r"a\Z", 1, r"there is no escape `\Z`");
    check_refused(r"\é", 0, r"there is no escape `\é`");
    check_refused(r"(a)\1", 3, r"back-references such as `\1` are not supported");
    check_refused(r"\8", 0, r"back-references such as `\8` are not supported");
    check_refused(r"\x4", 0, r"`\x` is not followed by a code point");
    check_refused(r"\x{110000}", 0, r"`\x` is not followed by a code point");
    check_refused("a\\", 1, "the pattern ends in a backslash");
    check_refused(r"[\b]", 1, r"there is no escape `\b`");
    check_refused(r"[\Q]\E]", 1, r"there is no escape `\Q`");
}

#[test]
fn classes_have_no_set_operations() {
    check("[a&&b]", &["a", "&", "b"], &["&&", "c"]);
    check("[[a]b]", &["ab]", "[b]"], &["a", "b"]);
    check("[a~~b]", &["a", "~", "b"], &[]);
    check("[]a]", &["]", "a"], &["[]a]"]);
    check("[^]a]", &["b", "\n"], &["]", "a"]);
    check("[a-]", &["a", "-"], &["b"]);
    check(r"[\d-z]", &["1", "-", "z"], &["a"]);
    check("[[:alpha:]_]", &["a", "_"], &["é", "1", ":"]);
    check("[[:^alpha:]]", &["é", "1"], &["a"]);
    check("[[:word:]]", &["_"], &["-"]);
    check("[[.a.]]", &[".]", "a]", "[]"], &["a"]);
    check("[a^]", &["a", "^"], &[]);
    check(r"[^\s\S]", &[], &["a", ""]);
    check_refused("[a", 0, "this class has no `]`");
    check_refused("[]", 0, "this class has no `]`");
    check_refused("[[:alpha:]", 0, "this class has no `]`");
    check_refused("[[:foo:]]", 1, "there is no class `[:foo:]`");
    check_refused("x[z-a]", 2, "the range `z-a` ends before it starts");
    check_refused(r"[a-\d]", 3, r"there is no escape `\d`");
}

#[test]
fn unicode_categories_and_scripts() {
    check(r"\pN", &["7", "७"], &["a"]);
    check(r"\PN", &["a"], &["7"]);
    check(r"\p{Greek}", &["Ω"], &["a"]);
    check(r"\p{^Greek}", &["a"], &["Ω"]);
    check(r"\P{^greek}", &["Ω"], &["a"]);
    check(r"[\p{Lu}\PL]", &["A", "1"], &["a"]);
    check(r"(?i)\p{Lu}", &["A", "a"], &["1"]);
    check(r"\p{uppercase letter}", &["A"], &["a"]);
    check(r"\p{LC}", &["a", "ǅ"], &["ª", "1"]);
    check(r"\p{ASCII}\p{Any}", &["a\n", "1é"], &["éa"]);
    check(r"\p{Cs}", &[], &["a"]);
    check(r"\P{Cs}", &["a"], &[]);
    check(r"\p{Old_Italic}", &["\u{10300}"], &["a"]);
    check_refused(r"a\p{Grek}", 1, "there is no Unicode category or script `Grek`");
    check_refused(r"\p{Alphabetic}", 0, "there is no Unicode category or script `Alphabetic`");
    check_refused(r"\p{}", 0, "there is no Unicode category or script ``");
    check_refused(r"\pX", 0, "there is no Unicode category or script `X`");
    check_refused(r"\p{Greek", 0, r"this `\p{` has no `}`");
    for name in names::all() {
        Regex::new(&format!(r"(?i)\p{{{name}}}[^\P{{{name}}}]")).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn repetitions() {
    check("a{,3}", &["a{,3}"], &["", "aa"]);
    check("a{2,}", &["aa", "aaa"], &["a"]);
    check("a{01}{", &["a{01}{"], &["a{"]);
    check("a{0}", &[""], &["a"]);
    check("a{1001", &["a{1001"], &[]);
    check("(|a)*", &["", "aaa"], &["b"]);
    check("a||b", &["a", "", "b"], &["ab"]);
    check("(?:^)*a$*", &["a"], &[]);
    check("^*a", &["a"], &[]);
    check("(?:a{2}){3}", &["aaaaaa"], &["aa", "aaaaa"]);
    check("ba(?i)*A", &["bA", "baaA", "ba"], &["b", "babA"]);
    check("a*(?i)?", &["", "aa"], &["b"]);
    check("(a{2}){500}", &[], &["a"]);
    check("(?:a{1000}){1}|(?:b{1000})*", &[""], &["a"]);
    check_refused("a**", 1, "`**` repeats a repetition");
    check_refused("a{2}{3}", 1, "`{2}{3}` repeats a repetition");
    check_refused("ab*??", 2, "`*??` repeats a repetition");
    check_refused("a{1001}", 1, "a repetition counts to 1000 at most");
    check_refused("a{99999999999}", 1, "a repetition counts to 1000 at most");
    check_refused("a{2,1}", 1, "a repetition counts to 1000 at most");
    check_refused("(a{2}){501}", 6, "nested repetitions count to 1000 at most");
    check_refused("((a{100}){100}){0}", 9, "nested repetitions count to 1000 at most");
    check_refused("*", 0, "there is nothing to repeat here");
    check_refused("a|*", 2, "there is nothing to repeat here");
    check_refused("(?i)*", 4, "there is nothing to repeat here");
    check_refused(r"\Q\E*", 4, "there is nothing to repeat here");
}

#[test]
fn flags_and_groups() {
    check("(?i)straße", &["STRAßE", "straẞe"], &["strasse"]);
    check("(?i)k", &["K", "\u{212A}"], &[]);
    check("(?i:a)b", &["Ab"], &["AB"]);
    check("(?i)a(?-i)b|c", &["Ab", "c"], &["AB", "C"]);
    check("((?i)a)b", &["Ab"], &["aB"]);
    check("(?)a", &["a"], &["A"]);
    check("a.b", &["a b", "a\rb"], &["a\nb"]);
    check("(?s)a.b", &["a\nb"], &[]);
    check("(?s-s:a.)b", &["a b"], &["a\nb"]);
    check("(?m)a$\nb", &["a\nb"], &["ab"]);
    check("a$\nb", &[], &["a\nb"]);
    check(r"\Aa\z", &["a"], &["a\n"]);
    check("(?P<n>a)(?P<n>b)", &["ab"], &[]);
    check_refused("(?x)a", 0, "there is no group `(?x`");
    check_refused("(?R)a", 0, "there is no group `(?R`");
    check_refused("(?u)a", 0, "there is no group `(?u`");
    check_refused("(?P=n)", 0, "there is no group `(?P`");
    check_refused("(?-)", 0, "there is no group `(?)`");
    check_refused("(?i-)", 0, "there is no group `(?)`");
    check_refused("(?#a)", 0, "comments are not supported");
    check_refused("x(?=a)", 1, "look-ahead is not supported");
    check_refused("(?!a)", 0, "look-ahead is not supported");
    check_refused("(?<=a)b", 0, "look-behind is not supported");
    check_refused("(?<!a)b", 0, "look-behind is not supported");
    check_refused("(?P<a b>c)", 0, "the name of a group is letters, digits and `_`");
    check_refused("(?<>a)", 0, "the name of a group is letters, digits and `_`");
    check_refused("(?P<n", 0, "the name of this group has no `>`");
    check_refused("(?i", 0, "this group has no `)`");
    check_refused("a(b(c)", 1, "this group has no `)`");
    check_refused("a)", 1, "this `)` has no `(`");
}

#[test]
fn hostile_patterns_get_an_error() {
    check_refused(r"\pL{1000}\pL{1000}", 0, "the pattern is too big");
    check_refused(&"(".repeat(100_000), 50, "groups nest too deeply");
    check_refused(&format!("a{}", r"*\Q\E".repeat(100_000)), 256, "repetitions nest too deeply");
    let deepest = format!("{}a{}", "(?i:b|(x|".repeat(25), ")*c)*|y".repeat(25));
    assert!(Regex::new(&deepest).is_ok());
}

#[test]
fn an_anchored_pattern_is_wrong_where_the_user_wrote_it() {
    for (pattern, offset) in [("ab[c", 2), ("a**", 1), ("(", 0), (")", 1), ("a\\", 0)] {
        assert_eq!(Regex::anchored(pattern).unwrap_err().offset, offset, "{pattern:?}");
    }
}
