//! `cfg grep`: what a field must be.

use hagane::{Diagnostic, Fault, Span};
use hagane_regex::Regex;
use hagane_yaml::Node;

use super::format::in_one_line;

/// A path to fields, and what one of them must be.
pub(super) struct Query {
    path: Vec<Step>,
    comparison: Comparison,
}

enum Comparison {
    Matches(Regex),
    Compares(fn(f64, f64) -> bool, f64),
}

/// A step of a path.
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// `*`
    Every,
    /// `[key=pattern]`, or `[=pattern]` for items that are values.
    Items(String, Regex),
}

impl Query {
    /// Reads `path=pattern`, `path>quantity` and so on; a path alone asks whether there is anything.
    pub(super) fn parse(text: &str) -> Result<Query, Diagnostic> {
        let (path, operator, value) = parts(text);
        let compare: fn(f64, f64) -> bool = match operator {
            "" | "=" => {
                let path = parse_path(path)?;
                return Ok(Query { path, comparison: Comparison::Matches(regex(value)?) });
            }
            ">=" => |one, other| one >= other,
            "<=" => |one, other| one <= other,
            ">" => |one, other| one > other,
            _ => |one, other| one < other,
        };
        let quantity = quantity(value).ok_or_else(|| {
            usage(format!("`{value}` is no quantity")).hinted("a quantity is `3`, `500m`, `1.5Gi`")
        })?;
        Ok(Query { path: parse_path(path)?, comparison: Comparison::Compares(compare, quantity) })
    }

    /// Returns whether one of the fields is what it must be.
    pub(super) fn takes(&self, tree: &Node) -> bool {
        let mut found = Vec::new();
        follow(tree, &self.path, &mut Vec::new(), &mut found);
        found.iter().any(|(_, node)| match &self.comparison {
            Comparison::Matches(pattern) => pattern.is_match(&in_one_line(node).replace('"', "")),
            Comparison::Compares(compare, value) => {
                node.as_str().and_then(quantity).is_some_and(|own| compare(own, *value))
            }
        })
    }
}

/// Returns the path of a query, its operator, which stands outside brackets, and the value behind it.
fn parts(text: &str) -> (&str, &str, &str) {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '<' | '>' if depth == 0 => {
                let length = if text[at + 1..].starts_with('=') { 2 } else { 1 };
                return (&text[..at], &text[at..at + length], &text[at + length..]);
            }
            '=' if depth == 0 => return (&text[..at], "=", &text[at + 1..]),
            _ => {}
        }
    }
    (text, "", "")
}

/// Returns the steps of a path that is written with dots; a backslash takes a dot as it is.
pub(super) fn parse_path(text: &str) -> Result<Vec<Step>, Diagnostic> {
    split(text)?.iter().map(|text| step(text)).collect()
}

/// Finds the nodes at a path, each with the names of the items on the way.
pub(super) fn follow<'n>(
    node: &'n Node,
    path: &[Step],
    names: &mut Vec<String>,
    found: &mut Vec<(Vec<String>, &'n Node)>,
) {
    let Some((step, rest)) = path.split_first() else {
        return found.push((names.clone(), node));
    };
    let items = node.as_sequence().map(|sequence| &sequence.items[..]).unwrap_or_default();
    match step {
        Step::Key(key) => {
            if let Some(value) = node.get(key) {
                follow(value, rest, names, found);
            }
        }
        Step::Index(index) => {
            if let Some(item) = items.get(*index) {
                follow(item, rest, names, found);
            }
        }
        Step::Every => items.iter().for_each(|item| follow(item, rest, names, found)),
        Step::Items(key, pattern) => {
            for item in items {
                let value = if key.is_empty() { Some(item) } else { item.get(key) };
                if let Some(text) = value.and_then(Node::as_str).filter(|text| pattern.is_match(text)) {
                    names.push(text.to_owned());
                    follow(item, rest, names, found);
                    names.pop();
                }
            }
        }
    }
}

/// Splits a path at its dots, but not inside brackets nor after a backslash; `list[field=value]` is two steps.
fn split(text: &str) -> Result<Vec<String>, Diagnostic> {
    let mut steps = vec![String::new()];
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        let is_new = (c == '.' && !inside && !escaped) || (c == '[' && !inside);
        let last = steps.last_mut().map(|last: &mut String| {
            if escaped && c == '.' {
                last.pop();
            }
            if !is_new {
                last.push(c);
            }
        });
        if is_new || last.is_none() {
            steps.push(if c == '[' { "[".to_owned() } else { String::new() });
        }
        inside = (inside || c == '[') && c != ']';
        escaped = c == '\\';
    }
    match steps
        .iter()
        .find(|step| step.starts_with('[') != step.ends_with(']') || step.matches('[').count() > 1)
    {
        None => Ok(steps),
        Some(step) => Err(usage(format!("`{step}` is no step of a path"))
            .hinted("items of a list are chosen with `list[field=value]`")),
    }
}

fn step(text: &str) -> Result<Step, Diagnostic> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    match inner.and_then(|inner| inner.split_once('=')) {
        Some((key, pattern)) => Ok(Step::Items(key.to_owned(), regex(pattern)?)),
        None if text == "*" => Ok(Step::Every),
        None => Ok(text.parse().map_or_else(|_| Step::Key(text.to_owned()), Step::Index)),
    }
}

fn regex(pattern: &str) -> Result<Regex, Diagnostic> {
    Regex::new(pattern)
        .map_err(|error| usage(format!("`{pattern}` is not a regular expression: {}", error.message)))
}

/// Returns a quantity of Kubernetes as a number: `500m`, `1.5Gi`, `2e3`.
fn quantity(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let power = |list: &[&str]| list.iter().position(|name| *name == suffix);
    match (power(&decimal), power(&binary)) {
        (Some(place), _) => Some(number * 1000f64.powi(place as i32 - 3)),
        (_, Some(place)) => Some(number * 1024f64.powi(place as i32 + 1)),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            Some(number * 10f64.powi(exponent))
        }
    }
}

fn usage(message: String) -> Diagnostic {
    Diagnostic::error(Span::default(), message).with_fault(Fault::Usage)
}

#[cfg(test)]
mod tests {
    use super::{Query, quantity};

    #[test]
    fn quantities() {
        let check = |text: &str, value: Option<f64>| assert_eq!(quantity(text), value, "{text}");
        check("3", Some(3.0));
        check("500m", Some(0.5));
        check("1.5Gi", Some(1.5 * 1024.0 * 1024.0 * 1024.0));
        check("2e3", Some(2000.0));
        check("1E", Some(1e18));
        check("-1k", Some(-1000.0));
        check("", None);
        check("x", None);
        check("1x", None);
    }

    #[test]
    fn queries() {
        let tree = "metadata: {name: web, annotations: {a.b/c: x}}\n\
                    spec: {replicas: 3, list: [{name: one, cpu: 500m}, {name: two, cpu: '2'}], args: [-a, b]}";
        let tree = hagane_yaml::parse(tree, Default::default(), &Default::default()).unwrap().remove(0);
        let check = |query: &str, takes: bool| {
            assert_eq!(Query::parse(query).ok().unwrap().takes(&tree), takes, "{query}");
        };
        check("metadata.name=web", true);
        check("metadata.name=^w", true);
        check("metadata.name=[v-x]eb", true);
        check("metadata.name=db", false);
        check("metadata.annotations.a\\.b/c=x", true);
        check("spec.replicas>=3", true);
        check("spec.replicas>3", false);
        check("spec.replicas<4", true);
        check("spec.list[name=one].cpu<1", true);
        check("spec.list[name=two].cpu<1", false);
        check("spec.list[name=o].cpu<=2000m", true);
        check("spec.args[=-a]", true);
        check("spec.args[=-c]", false);
        check("spec.list[name=.*].cpu=500m", true);
        check("spec.missing", false);
        check("spec", true);
        let refused = |query: &str, message: &str| {
            assert_eq!(
                Query::parse(query).err().map(|error| error.message).as_deref(),
                Some(message),
                "{query}"
            );
        };
        refused("a[b[c=d]].e=f", "`[b[c=d]]` is no step of a path");
        refused("a[b=c", "`[b=c` is no step of a path");
        refused("a>x", "`x` is no quantity");
        refused("a=[", "`[` is not a regular expression: this class has no `]`");
    }
}
