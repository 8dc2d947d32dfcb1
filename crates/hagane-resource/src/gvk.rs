//! Group, version and kind.

use std::fmt;

use compact_str::{CompactString, ToCompactString, format_compact};

use hagane_yaml::Node;

/// Group, version and kind of a resource; parts that a resource does not give are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gvk {
    /// The part of `apiVersion` before the slash; empty for the core group.
    pub group: CompactString,
    /// The part of `apiVersion` after the slash, or all of it.
    pub version: CompactString,
    /// The kind.
    pub kind: CompactString,
}

/// A group, version and kind in which an empty part stands for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GvkPattern {
    /// The group, or empty.
    pub group: CompactString,
    /// The version, or empty.
    pub version: CompactString,
    /// The kind, or empty.
    pub kind: CompactString,
}

impl Gvk {
    /// Returns the parts of `apiVersion` and `kind`.
    pub fn new(api_version: &str, kind: &str) -> Gvk {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Returns what an `objref` says. What its `apiVersion` says counts for more than the parts; with more than one slash
    /// it says nothing.
    pub fn of_reference(api_version: &str, group: &str, version: &str, kind: &str) -> Gvk {
        let (group, version) = match api_version.split('/').collect::<Vec<_>>()[..] {
            [group, version] => (group, version),
            [only] if !only.is_empty() => (group, only),
            _ => (group, version),
        };
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Returns what a resource's tree says.
    pub fn of(tree: &Node) -> Gvk {
        let text = |key| tree.get(key).and_then(Node::as_str).unwrap_or_default();
        Gvk::new(text("apiVersion"), text("kind"))
    }

    /// Returns the text for `apiVersion`.
    pub fn api_version(&self) -> CompactString {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format_compact!("{}/{}", self.group, self.version)
        }
    }

    /// Returns whether the pattern takes this one.
    pub fn matches(&self, pattern: &GvkPattern) -> bool {
        let part = |pattern: &str, own: &str| pattern.is_empty() || pattern == own;
        part(&pattern.kind, &self.kind)
            && part(&pattern.group, &self.group)
            && part(&pattern.version, &self.version)
    }

    /// Returns the text that kustomize sorts by when the kinds' ranks are equal: `group_version_kind`, with
    /// `~G`, `~V`, `~K` for absent parts.
    pub fn sort_text(&self) -> String {
        let or = |text: &CompactString, absent: &str| {
            if text.is_empty() { absent.to_compact_string() } else { text.clone() }
        };
        format!("{}_{}_{}", or(&self.group, "~G"), or(&self.version, "~V"), or(&self.kind, "~K"))
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version(), self.kind)
    }
}
