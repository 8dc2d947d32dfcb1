//! `edit add|remove` of what is a list of texts: resources, components, transformers, generators, build metadata.

use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::{FileId, Node, ParseOptions, Span};

use crate::kustomization::{Kustomization, sequence, span};

/// What `buildMetadata` may hold.
const BUILD_METADATA: [&str; 3] = ["managedByLabel", "originAnnotations", "transformerAnnotations"];

impl Kustomization {
    /// Adds paths to a list of paths. One that is there already is not added again, and a warning says so.
    pub fn add_paths(&mut self, field: &str, paths: &[String]) -> Result<(), Diagnostic> {
        for path in paths {
            // `bases` is an old name of `resources`.
            let mut there = self.items(field)?;
            if field == "resources" {
                there.extend(self.items("bases")?);
            }
            match there.iter().find(|there| self.at(there).and_then(Node::as_str) == Some(path)) {
                Some(there) => {
                    let span = span(self.at(there));
                    self.warn(Diagnostic::warning(span, format!("`{path}` is already in `{field}`")));
                }
                None => self.push(field, Node::string(path.as_str()))?,
            }
        }
        Ok(())
    }

    /// Removes the paths of a list that match one of the patterns; a warning tells of a pattern that none matches.
    pub fn remove_paths(&mut self, field: &str, patterns: &[String]) -> Result<(), Diagnostic> {
        let mut fields = vec![field];
        if field == "resources" {
            fields.push("bases");
        }
        for pattern in patterns {
            let mut matched = false;
            for field in &fields {
                for path in self.items(field)?.into_iter().rev() {
                    let text = self.at(&path).and_then(Node::as_str).unwrap_or("");
                    if matches_pattern(pattern, text) {
                        matched = true;
                        self.remove(&path)?;
                    }
                }
            }
            if !matched {
                let message = format!("nothing in `{field}` matches `{pattern}`");
                self.warn(Diagnostic::warning(Span::default(), message));
            }
        }
        Ok(())
    }

    /// Adds options to `buildMetadata`.
    pub fn add_build_metadata(&mut self, options: &[String]) -> Result<(), Diagnostic> {
        check_build_metadata(options)?;
        for option in options {
            let items = self.items("buildMetadata")?;
            if let Some(there) =
                items.iter().find(|path| self.at(path).and_then(Node::as_str) == Some(option))
            {
                let message = format!("`{option}` is already in `buildMetadata`");
                return Err(Diagnostic::error(span(self.at(there)), message));
            }
            self.push("buildMetadata", Node::string(option.as_str()))?;
        }
        Ok(())
    }

    /// Sets `buildMetadata` to these options.
    pub fn set_build_metadata(&mut self, options: &[String]) -> Result<(), Diagnostic> {
        check_build_metadata(options)?;
        let list = options.iter().map(|option| Node::string(option.as_str())).collect();
        self.set(&[], "buildMetadata", sequence(list))
    }

    /// Removes options from `buildMetadata`.
    pub fn remove_build_metadata(&mut self, options: &[String]) -> Result<(), Diagnostic> {
        check_build_metadata(options)?;
        for path in self.items("buildMetadata")?.into_iter().rev() {
            if self.at(&path).and_then(Node::as_str).is_some_and(|text| options.iter().any(|o| o == text)) {
                self.remove(&path)?;
            }
        }
        Ok(())
    }
}

fn check_build_metadata(options: &[String]) -> Result<(), Diagnostic> {
    match options.iter().find(|option| !BUILD_METADATA.contains(&option.as_str())) {
        None => Ok(()),
        Some(option) => {
            Err(Diagnostic::error(Span::default(), format!("`{option}` is no buildMetadata option"))
                .with_fault(Fault::Usage)
                .hinted(format!("the options are {}", BUILD_METADATA.join(", "))))
        }
    }
}

/// Returns whether a text is YAML with documents that all are resources, with a kind and a name.
pub fn holds_resources(text: &str) -> bool {
    let options = ParseOptions::default();
    let Ok(documents) = hagane_yaml::parse(text, FileId::default(), &options) else { return false };
    let is_resource = |node: &Node| {
        let kind = node.get("kind").and_then(Node::as_str).unwrap_or("");
        let name = node.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("");
        !kind.is_empty() && (!name.is_empty() || kind.ends_with("List"))
    };
    let mut documents = documents.iter().filter(|node| !node.is_null()).peekable();
    documents.peek().is_some() && documents.all(is_resource)
}

/// Returns whether a name matches a pattern as Go's `filepath.Match` has it: `*` and `?` do not match `/`, `[a-z]` and
/// `[^a-z]` are classes, `\` takes what follows as it is.
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Where the last `*` stands, and how much of the name it has taken: the usual way, without recursion.
    let (mut p, mut n, mut star) = (0, 0, None);
    loop {
        if let Some('*') = pattern.get(p) {
            star = Some((p, n));
            p += 1;
            continue;
        }
        if n == name.len() && p == pattern.len() {
            return true;
        }
        if let Some(next) = name.get(n).and_then(|c| single(&pattern, p, *c)) {
            (p, n) = (next, n + 1);
            continue;
        }
        match star {
            Some((at, taken)) if taken < name.len() && name[taken] != '/' => {
                star = Some((at, taken + 1));
                (p, n) = (at + 1, taken + 1);
            }
            _ => return false,
        }
    }
}

/// Returns the place behind a part of a pattern that matches one character, if it does.
fn single(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => (c != '/').then_some(at + 1),
        '\\' => (*pattern.get(at + 1)? == c).then_some(at + 2),
        '[' => {
            let mut p = at + 1;
            let negated = pattern.get(p) == Some(&'^');
            p += usize::from(negated);
            let mut found = false;
            let mut first = true;
            while first || pattern.get(p) != Some(&']') {
                first = false;
                let (low, next) = class_character(pattern, p)?;
                let (high, next) = match pattern.get(next) {
                    Some('-') => class_character(pattern, next + 1)?,
                    _ => (low, next),
                };
                found |= (low..=high).contains(&c);
                p = next;
            }
            (found != negated && c != '/').then_some(p + 1)
        }
        other => (other == c).then_some(at + 1),
    }
}

fn class_character(pattern: &[char], at: usize) -> Option<(char, usize)> {
    match *pattern.get(at)? {
        '\\' => Some((*pattern.get(at + 1)?, at + 2)),
        '-' | ']' => None,
        c => Some((c, at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    #[test]
    fn patterns_match_as_in_go() {
        let check = |pattern: &str, name: &str, matches: bool| {
            assert_eq!(matches_pattern(pattern, name), matches, "{pattern} {name}");
        };
        check("a.yaml", "a.yaml", true);
        check("*.yaml", "a.yaml", true);
        check("*.yaml", "a/b.yaml", false);
        check("*/*.yaml", "a/b.yaml", true);
        check("a*b*c", "aXbYbZc", true);
        check("a?c", "abc", true);
        check("a?c", "a/c", false);
        check("[a-c].yaml", "b.yaml", true);
        check("[^a-c].yaml", "b.yaml", false);
        check("\\*", "*", true);
        check("\\*", "a", false);
        check("[", "a", false);
        check("", "", true);
        check("*", "", true);
    }
}
