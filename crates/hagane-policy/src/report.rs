//! What hardening and labelling did, and what they saw.

mod anchor;
mod html;
mod json;
mod markdown;
mod sarif;
mod text;
mod verdict;

pub use anchor::Anchor;
pub use verdict::Verdict;

use std::borrow::Cow;

use hagane_resource::ResId;
use hagane_yaml::{Node, SourceMap, Span};

use crate::field_path::FieldPath;
use crate::rule::Mode;

/// How much a report says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What was changed, and what was not.
    #[default]
    Changes,
    /// What was not: for who lets nobody read the rest.
    Findings,
}

/// What a stage did and saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    detail: Detail,
    /// What was changed, in the order of the resources.
    pub changes: Vec<Change>,
    /// What was not.
    pub findings: Vec<Finding>,
    /// What stays as it is because an annotation asks for it.
    pub opted_out: Vec<OptedOut>,
}

/// One field that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The resource.
    pub resource: ResId,
    /// The rule.
    pub rule: &'static str,
    /// The field.
    pub path: FieldPath,
    /// What was there, as JSON; what was decrypted is not shown.
    pub old: Option<String>,
    /// What is there now, as JSON.
    pub new: Option<String>,
    /// What was wrong.
    pub message: Cow<'static, str>,
    /// The mode that let it happen.
    pub mode: Mode,
    /// Where a person would write it: what is nearest to the field, in the layer that made it.
    pub span: Span,
    /// What of the way to the field stands in a file.
    pub anchor: Anchor,
}

/// Something that a rule is not content with and that was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The resource.
    pub resource: ResId,
    /// The rule.
    pub rule: &'static str,
    /// The field.
    pub path: FieldPath,
    /// What is wrong.
    pub message: String,
    /// What would mend it: a value to write, as JSON, or `null` to take the field away.
    pub suggestion: Option<String>,
    /// Where a person would write it.
    pub span: Span,
    /// What of the way to the field stands in a file.
    pub anchor: Anchor,
    /// Whether it is an error.
    pub fails: bool,
}

/// Something that an annotation keeps as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptedOut {
    /// The resource.
    pub resource: ResId,
    /// The rule.
    pub rule: &'static str,
    /// The field.
    pub path: FieldPath,
    /// What the rule says.
    pub message: String,
    /// What the annotation says.
    pub reason: String,
    /// Where the annotation stands.
    pub span: Span,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For code scanning.
    Sarif,
    /// For comments on a change.
    Markdown,
    /// For a browser: one file, which loads nothing.
    Html,
}

impl Report {
    pub(crate) fn new(detail: Detail) -> Report {
        Report { detail, ..Report::default() }
    }

    /// Returns whether the report says what was changed.
    pub(crate) fn has_changes(&self) -> bool {
        self.detail == Detail::Changes
    }

    /// Returns where a field is to be written, if the report says what was changed.
    pub(crate) fn place_of(&self, path: &FieldPath, top: &Node) -> Option<(Span, Anchor)> {
        self.has_changes().then(|| Anchor::with_span(path, top))
    }

    /// Returns the report as text; `map` says which file a position is in.
    pub fn to_text(&self, format: ReportFormat, map: &SourceMap) -> String {
        match format {
            ReportFormat::Text => text::write(self, map),
            ReportFormat::Json => json::write(self, map),
            ReportFormat::Sarif => sarif::write(self, map),
            ReportFormat::Markdown => markdown::write(self, map),
            ReportFormat::Html => html::write(self, map),
        }
    }

    /// Adds what another report has.
    pub fn extend(&mut self, other: Report) {
        self.changes.extend(other.changes);
        self.findings.extend(other.findings);
        self.opted_out.extend(other.opted_out);
    }

    /// Returns whether a finding is an error.
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.fails)
    }

    /// Returns whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.findings.is_empty() && self.opted_out.is_empty()
    }
}

/// Returns `file:line` of a position; nothing where it is not known.
fn place(span: Span, map: &SourceMap) -> Option<String> {
    let path = map.path(span.file);
    (span.is_known() && !path.is_empty()).then(|| format!("{path}:{}", span.line))
}
