//! Kubernetes' label selectors: `app=web,tier in (a, b),!legacy`.

use hagane_resource::Diagnostic;

use crate::decode::Located;

/// Requirements that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    NotIn(Vec<String>),
    GreaterThan(i64),
    LessThan(i64),
}

impl LabelSelector {
    pub(crate) fn parse(text: &Located<String>) -> Result<LabelSelector, Diagnostic> {
        let wrong = |why: &str| {
            Diagnostic::error(text.span, format!("`{}` is not a label selector: {why}", **text)).hinted(
                "write `key=value`, `key!=value`, `key in (a, b)`, `key` or `!key`, with commas between",
            )
        };
        let mut requirements = Vec::new();
        if text.trim().is_empty() {
            return Ok(LabelSelector { requirements });
        }
        for part in split(text) {
            requirements.push(
                requirement(part.trim())
                    .ok_or_else(|| wrong(&format!("`{}` is no requirement", part.trim())))?,
            );
        }
        Ok(LabelSelector { requirements })
    }

    /// Returns whether the value of a key matters.
    pub(crate) fn is_about(&self, key: &str) -> bool {
        let compares = |test: &Test| !matches!(test, Test::Exists | Test::DoesNotExist);
        self.requirements.iter().any(|requirement| requirement.key == key && compares(&requirement.test))
    }

    /// Returns whether all requirements hold; `get` returns the value of a key.
    pub(crate) fn takes<'a>(&self, get: &dyn Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = get(&requirement.key);
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::DoesNotExist => value.is_none(),
                Test::In(values) => value.is_some_and(|v| values.iter().any(|other| other == v)),
                Test::NotIn(values) => value.is_none_or(|v| !values.iter().any(|other| other == v)),
                Test::GreaterThan(limit) => {
                    value.and_then(|v| v.parse::<i64>().ok()).is_some_and(|v| v > *limit)
                }
                Test::LessThan(limit) => {
                    value.and_then(|v| v.parse::<i64>().ok()).is_some_and(|v| v < *limit)
                }
            }
        })
    }
}

/// Returns the parts between commas that are not in parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (index, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(text: &str) -> Option<Requirement> {
    let make = |key: &str, test| {
        let key = key.trim();
        is_key(key).then(|| Requirement { key: key.to_owned(), test })
    };
    if let Some(key) = text.strip_prefix('!') {
        return make(key, Test::DoesNotExist);
    }
    if let Some(open) = text.find('(') {
        let list = text[open + 1..].strip_suffix(')')?;
        let values: Vec<String> = list.split(',').map(|v| v.trim().to_owned()).collect();
        if !values.iter().all(|value| is_value(value)) {
            return None;
        }
        let (key, operator) = text[..open].trim_end().rsplit_once(char::is_whitespace)?;
        return match operator {
            "in" => make(key, Test::In(values)),
            "notin" => make(key, Test::NotIn(values)),
            _ => None,
        };
    }
    for (operator, negative) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((key, value)) = text.split_once(operator) {
            let value = value.trim();
            if !is_value(value) {
                return None;
            }
            let values = vec![value.to_owned()];
            return make(key, if negative { Test::NotIn(values) } else { Test::In(values) });
        }
    }
    if let Some((key, value)) = text.split_once('>') {
        return make(key, Test::GreaterThan(value.trim().parse().ok()?));
    }
    if let Some((key, value)) = text.split_once('<') {
        return make(key, Test::LessThan(value.trim().parse().ok()?));
    }
    make(text, Test::Exists)
}

/// Returns whether a text may be the value of a label: empty, or a name.
fn is_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

/// Returns whether a text may be the key of a label: a name, before it perhaps a domain and a slash.
fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_domain(domain) && is_name(name),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let ends = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    text.len() <= 63 && ends(text.bytes().next()) && ends(text.bytes().next_back()) && text.bytes().all(inner)
}

fn is_domain(text: &str) -> bool {
    let ends = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_part = |part: &str| {
        ends(part.bytes().next())
            && ends(part.bytes().next_back())
            && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(selector: &str, labels: &[(&str, &str)], want: bool) {
        let text = Located { value: selector.to_owned(), ..Located::default() };
        let selector = LabelSelector::parse(&text).expect("the case parses");
        let get = |key: &str| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        assert_eq!(selector.takes(&get), want, "{}", text.value);
    }

    #[test]
    fn requirements_hold_together() {
        let labels = [("app", "web"), ("tier", "a"), ("n", "5")];
        check("app=web", &labels, true);
        check("app==web,tier in (a, b)", &labels, true);
        check("app!=web", &labels, false);
        check("gone!=web", &labels, true);
        check("tier notin (a)", &labels, false);
        check("app", &labels, true);
        check("!app", &labels, false);
        check("n>4,n<6", &labels, true);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "a b",
            "in (x)",
            "a=b c",
            "a in x",
            "=b",
            "-a=b",
            "a=-b",
            "a/",
            "/a",
            "a/b/c=d",
            "A.b/c",
            "a in (-b)",
        ] {
            assert!(
                LabelSelector::parse(&Located { value: text.to_owned(), ..Located::default() }).is_err(),
                "{text}"
            );
        }
    }
}
