//! Patterns of paths: `*` stays within a directory, `**` does not.

use hagane_policy::Glob;

/// A pattern of paths relative to the root of a repository.
#[derive(Clone, Debug)]
pub(super) struct PathPattern {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    /// One directory or file.
    One(Glob),
    /// Any number of directories.
    Any,
}

impl PathPattern {
    pub(super) fn new(text: &str) -> PathPattern {
        let steps = text.trim_start_matches('/').split('/').map(|step| match step {
            "**" => Step::Any,
            step => Step::One(Glob::new(step)),
        });
        PathPattern { text: text.to_owned(), steps: steps.collect() }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the pattern takes a whole path.
    pub(super) fn takes(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        // Which places of the path may be reached, step by step.
        let mut reached = vec![false; parts.len() + 1];
        reached[0] = true;
        for step in &self.steps {
            let mut next = vec![false; parts.len() + 1];
            match step {
                Step::Any => {
                    let mut seen = false;
                    for (place, was) in reached.iter().enumerate() {
                        seen |= *was;
                        next[place] = seen;
                    }
                }
                Step::One(glob) => {
                    for (place, part) in parts.iter().enumerate() {
                        next[place + 1] = reached[place] && glob.takes(part);
                    }
                }
            }
            reached = next;
        }
        reached[parts.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let check = |pattern: &str, path: &str, expected: bool| {
            assert_eq!(PathPattern::new(pattern).takes(path), expected, "{pattern} {path}");
        };
        check("apps/shop/**", "apps/shop/a.yaml", true);
        check("apps/shop/**", "apps/shop/a/b.yaml", true);
        check("apps/shop/**", "apps/shops/a.yaml", false);
        check("apps/shop/**", "apps/shop-2/a.yaml", false);
        check("apps/*/secret.yaml", "apps/shop/secret.yaml", true);
        check("apps/*/secret.yaml", "apps/shop/x/secret.yaml", false);
        check("**/*.enc.yaml", "a.enc.yaml", true);
        check("**/*.enc.yaml", "a/b/c.enc.yaml", true);
        check("**/*.enc.yaml", "a/b/c.yaml", false);
        check("a", "a/b", false);
        check("/a/b", "a/b", true);
        check("**", "any/thing", true);
        check("*", "any/thing", false);
    }
}
