//! What a rule is: a name, what it asks and why, its modes, its parameters, and how it looks at things.

mod table;

use std::fmt;

pub use table::RULES;

use crate::additions::{Addition, SetScope};
use crate::pod::Pod;
use crate::pod_security::PodSecurityLevel;
use crate::proposal::Proposal;
use crate::scope::Scope;

/// What a rule may do, from nothing to everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Nothing.
    #[default]
    Off,
    /// Report.
    Check,
    /// Write where nothing is.
    Fill,
    /// Write over an author's value, or take it away.
    Enforce,
}

impl Mode {
    /// The names of the modes.
    pub const NAMES: &'static [&'static str] = &["off", "check", "fill", "enforce"];

    /// Returns the mode of that name.
    pub fn named(name: &str) -> Option<Mode> {
        match name {
            "off" => Some(Mode::Off),
            "check" => Some(Mode::Check),
            "fill" => Some(Mode::Fill),
            "enforce" => Some(Mode::Enforce),
            _ => None,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Off => "off",
            Mode::Check => "check",
            Mode::Fill => "fill",
            Mode::Enforce => "enforce",
        })
    }
}

/// One rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name in `hagane.yaml`, annotations and reports.
    pub name: &'static str,
    /// The group it can be named with.
    pub group: &'static str,
    /// What it asks.
    pub title: &'static str,
    /// Why.
    pub why: &'static str,
    /// What may go wrong where it writes; empty where nothing can.
    pub risk: &'static str,
    /// Its mode in the profile `baseline`.
    pub baseline: Mode,
    /// Its mode in the profile `restricted`.
    pub restricted: Mode,
    /// What can be set.
    pub parameters: &'static [Parameter],
    /// Its level in the Pod Security Standards, and the minor version of Kubernetes that brought it.
    pub(crate) pod_security: Option<(PodSecurityLevel, u32)>,
    pub(crate) look: Look,
    /// Whether it asks what the other resources say; else it is told nothing.
    pub(crate) looks_around: bool,
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub(crate) enum Look {
    /// Every pod and pod template.
    Pod(fn(&Scope, &Pod, &mut Vec<Proposal>)),
    /// Every resource.
    Resource(fn(&Scope, &mut Vec<Proposal>)),
    /// All resources together: it adds some.
    Set(fn(&SetScope) -> Vec<Addition>),
}

/// Something that can be set for a rule.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Which values are right.
    pub kind: ParameterKind,
    /// Its value where none is given.
    pub fallback: Fallback,
}

/// Which values a parameter takes.
#[derive(Clone, Copy, Debug)]
pub enum ParameterKind {
    /// A whole number between two.
    Integer(i64, i64),
    /// A text; one of these, where there are any.
    Text(&'static [&'static str]),
    /// A list of texts.
    Texts,
}

/// The value of a parameter where none is given.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// A number.
    Integer(i64),
    /// A text.
    Text(&'static str),
    /// Texts.
    Texts(&'static [&'static str]),
}

/// Returns the places in [`RULES`] that a name means: a rule, a group, or `all`.
pub fn rules_named(name: &str) -> Vec<usize> {
    let is_meant = |rule: &Rule| name == "all" || rule.name == name || rule.group == name;
    RULES.iter().enumerate().filter(|(_, rule)| is_meant(rule)).map(|(place, _)| place).collect()
}

/// Returns all names that [`rules_named`] knows.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    RULES.iter().flat_map(|rule| [rule.name, rule.group]).chain(["all"])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_one_of_a_kind() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
        for rule in RULES {
            assert!(!RULES.iter().any(|other| other.group == rule.name), "{} is a group, too", rule.name);
            // The rest of an annotation's name may be the name of a container.
            assert!(rule.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.name);
            assert!(rule.looks_around || !matches!(rule.look, Look::Set(_)), "{} sees nothing", rule.name);
            assert!(rule.why.ends_with('.') && rule.title.ends_with('.'), "{}", rule.name);
        }
    }
}
