//! The book has every rule, with what it asks, why, and what may go wrong.

use hagane_policy::RULES;

const BOOK: &str = include_str!("../../../docs/src/reference/harden-rules.md");

#[test]
fn every_rule_is_in_the_book() {
    for rule in RULES {
        let start = BOOK
            .find(&format!("### `{}`\n", rule.name))
            .unwrap_or_else(|| panic!("{} is missing", rule.name));
        let entry = BOOK[start + 3..].split("\n##").next().unwrap_or_default();
        let mode = format!("`{}` in `baseline`, `{}` in `restricted`", rule.baseline, rule.restricted);
        let mut wanted = vec![rule.title, rule.why, rule.risk, &mode];
        wanted.extend(rule.parameters.iter().flat_map(|parameter| [parameter.name, parameter.title]));
        for text in wanted {
            assert!(entry.contains(text), "{}: {text}\n{entry}", rule.name);
        }
    }
}
