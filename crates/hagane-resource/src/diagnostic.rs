//! What is wrong, where, and what would be right.

use hagane_yaml::{Span, YamlError};

/// One finding for a person: a sentence, a place, the layers it happened in, and hints.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Whether the work can go on.
    pub severity: Severity,
    /// Whose fault it is, which decides the exit code.
    pub fault: Fault,
    /// What is wrong, in the user's terms. Never holds a secret.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Whether the line at the position may be shown: not where a secret may lie in the clear.
    pub quotable: bool,
    /// A path for messages about a file that could not be read, so has no [`Span`].
    pub path: Option<String>,
    /// The layers around the place, the innermost first.
    pub layers: Vec<String>,
    /// What was found out on the way, a line each.
    pub notes: Vec<String>,
    /// What would be right.
    pub hints: Vec<String>,
    /// Hints that point to another place.
    pub places: Vec<(String, Span)>,
    /// More that is wrong, found in the same step.
    pub also: Vec<Diagnostic>,
}

/// Whether the work can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// The output stands.
    Warning,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The input is wrong: exit code 1.
    Input,
    /// The command line is wrong: exit code 2.
    Usage,
    /// A key or a permission is missing: exit code 3.
    Access,
    /// Something outside failed and may work later: exit code 4.
    Passing,
}

impl Diagnostic {
    /// Returns an error in the input at `span`.
    pub fn error(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            fault: Fault::Input,
            message: message.into(),
            span,
            quotable: true,
            path: None,
            layers: Vec::new(),
            notes: Vec::new(),
            hints: Vec::new(),
            places: Vec::new(),
            also: Vec::new(),
        }
    }

    /// Returns a warning about `span`.
    pub fn warning(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(span, message) }
    }

    /// Returns the diagnostic with a hint more.
    pub fn hinted(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hints.push(hint.into());
        self
    }

    /// Returns the diagnostic with a note on how it came to this.
    pub fn noted(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Returns the diagnostic with a hint that points to another place.
    pub fn hinted_at(mut self, hint: impl Into<String>, place: Span) -> Diagnostic {
        match place.is_known() {
            true => self.places.push((hint.into(), place)),
            false => self.hints.push(hint.into()),
        }
        self
    }

    /// Returns an error if there is any: the first in its file, with the others beside it.
    pub fn refuse(mut errors: Vec<Diagnostic>) -> Result<(), Diagnostic> {
        errors.sort_by_key(|error| error.span);
        let mut errors = errors.into_iter();
        match errors.next() {
            None => Ok(()),
            Some(mut first) => {
                first.also.extend(errors);
                Err(first)
            }
        }
    }

    /// Returns the diagnostic and those beside it, one by one.
    pub fn flattened(mut self) -> Vec<Diagnostic> {
        let also = std::mem::take(&mut self.also);
        std::iter::once(self).chain(also.into_iter().flat_map(Diagnostic::flattened)).collect()
    }

    /// Returns the diagnostic with another fault.
    pub fn with_fault(mut self, fault: Fault) -> Diagnostic {
        self.fault = fault;
        self
    }

    /// Returns the diagnostic about a path that has no position.
    pub fn with_path(mut self, path: impl Into<String>) -> Diagnostic {
        self.path = Some(path.into());
        self
    }

    /// Returns the error about a text that nobody may see: another message, and where it is wrong.
    pub fn concealed(self, message: impl Into<String>) -> Diagnostic {
        Diagnostic { quotable: false, ..Diagnostic::error(self.span, message) }
    }

    /// Returns the diagnostic with its position set where it had none.
    pub fn or_at(mut self, span: Span) -> Diagnostic {
        if !self.span.is_known() {
            self.span = span;
        }
        self
    }
}

impl From<YamlError> for Diagnostic {
    fn from(error: YamlError) -> Diagnostic {
        let diagnostic = Diagnostic::error(error.span, error.message);
        match error.hint {
            Some(hint) => diagnostic.hinted(hint),
            None => diagnostic,
        }
    }
}

/// Returns the candidate that is most like `name`, if one is near enough to be what was meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (candidate.chars().count().max(folded.chars().count()) / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns how many letters must be put in, taken out, changed or swapped to make `a` of `b`; long texts are
/// not compared.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > 100 || b.len() > 100 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            next[j] = (row[j] + 1).min(next[j - 1] + 1).min(row[j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                next[j] = next[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let fields = ["namePrefix", "nameSuffix", "resources", "images"];
        assert_eq!(nearest("nameprefx", fields), Some("namePrefix"));
        assert_eq!(nearest("resuorces", fields), Some("resources"));
        assert_eq!(nearest("secrets", fields), None);
    }
}
