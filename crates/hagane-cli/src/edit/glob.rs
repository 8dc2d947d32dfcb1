//! File patterns of the command line, as Go's `filepath.Glob` matches them.

use hagane::{Diagnostic, Failed, Fault, Span};
use hagane_edit::matches_pattern;

use super::refused;
use crate::Surroundings;

/// Returns the paths that the patterns stand for, each pattern's sorted. What is no file but an address is taken as it is.
pub(crate) fn expand(patterns: &[String], surroundings: &Surroundings) -> Result<Vec<String>, Failed> {
    let mut paths = Vec::new();
    for pattern in patterns {
        let matched = matches(pattern, surroundings);
        if matched.is_empty() && !is_address(pattern) {
            let error = Diagnostic::error(Span::default(), format!("nothing here matches `{pattern}`"))
                .with_fault(Fault::Input)
                .hinted("paths are those from the current directory");
            return Err(refused(error));
        }
        if matched.is_empty() {
            paths.push(pattern.clone());
        }
        paths.extend(matched);
    }
    Ok(paths)
}

/// Returns whether a resource lies elsewhere: whether it can be fetched shows when it is built.
fn is_address(text: &str) -> bool {
    let hosts = ["github.com/", "gitlab.com/", "bitbucket.org/", "git::", "git@", "gh:", "gl:"];
    text.contains("://") || hosts.iter().any(|host| text.starts_with(host))
}

/// Returns the paths that one pattern matches, sorted.
pub(super) fn matches(pattern: &str, surroundings: &Surroundings) -> Vec<String> {
    let exists = |path: &str| surroundings.files.resolve(&surroundings.directory.join(path)).is_ok();
    if !pattern.contains(['*', '?', '[', '\\']) {
        return if !pattern.is_empty() && exists(pattern) { vec![pattern.to_owned()] } else { Vec::new() };
    }
    // Directory by directory; a part without magic is taken as it is.
    let mut found = vec![String::new()];
    for (index, part) in pattern.split('/').enumerate() {
        let mut next = Vec::new();
        for base in &found {
            let join = |name: &str| if index == 0 { name.to_owned() } else { format!("{base}/{name}") };
            if !part.contains(['*', '?', '[', '\\']) {
                let path = join(part);
                if path.is_empty() || exists(&path) {
                    next.push(path);
                }
                continue;
            }
            let directory = match base.as_str() {
                "" if index > 0 => "/",
                base => base,
            };
            let names = surroundings.files.names(&surroundings.directory.join(directory));
            next.extend(names.iter().filter(|name| matches_pattern(part, name)).map(|name| join(name)));
        }
        found = next;
    }
    found.sort();
    found
}
