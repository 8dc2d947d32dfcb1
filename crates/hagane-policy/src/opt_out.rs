//! Annotations by which a resource stays out of a rule: `hagane.dev/skip.RULE: reason`, and
//! `hagane.dev/skip.RULE.CONTAINER: reason` for one container. RULE may be a group, or `all`.

mod foreign;

pub use foreign::Tool;

use std::cell::Cell;

use hagane_resource::{Resource, nearest};
use hagane_yaml::{Entry, Mapping, Node, Span};

use crate::field_path::FieldPath;
use crate::rule::{RULES, rule_names, rules_named};

/// What the annotations begin with.
const PREFIX: &str = "hagane.dev/skip.";

/// The opt-outs of a resource.
pub(crate) struct OptOuts {
    pub(crate) entries: Vec<OptOut>,
    /// What is wrong with others.
    pub(crate) faults: Vec<Fault>,
}

/// One annotation.
pub(crate) struct OptOut {
    /// Places in [`RULES`].
    rules: Vec<usize>,
    container: Option<String>,
    /// Why.
    pub(crate) reason: String,
    pub(crate) place: Place,
    /// Whether a rule would have said something.
    pub(crate) used: Cell<bool>,
}

/// Where an annotation stands.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) key: String,
    pub(crate) path: FieldPath,
    pub(crate) span: Span,
}

impl Place {
    /// Returns where an entry of annotations stands. Its key is as messages show it.
    fn of(entry: &Entry, annotations: &FieldPath) -> Place {
        let span = if entry.key.span.is_known() { entry.key.span } else { entry.value.span() };
        Place { key: entry.key.text.shown().to_owned(), path: annotations.key_of(&entry.key), span }
    }
}

/// An annotation that means nothing.
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) place: Place,
}

impl OptOuts {
    /// Returns what the annotations of a resource and of its pod templates say.
    pub(crate) fn of(resource: &Resource, templates: &[FieldPath], honoured: &[Tool]) -> OptOuts {
        let mut found = OptOuts { entries: Vec::new(), faults: Vec::new() };
        let own = FieldPath::default();
        let is_own = templates.contains(&own);
        for path in templates.iter().chain((!is_own).then_some(&own)) {
            let path = path.keys(&["metadata", "annotations"]);
            if let Some(Node::Mapping(annotations)) = path.get(resource.tree()) {
                found.read(annotations, &path);
                found.read_foreign(annotations, &path, honoured);
            }
        }
        found
    }

    fn read(&mut self, annotations: &Mapping, path: &FieldPath) {
        for entry in &annotations.entries {
            let key = entry.key.text.as_str();
            let Some(target) = key.strip_prefix(PREFIX) else { continue };
            let place = Place::of(entry, path);
            let (name, container) = match target.split_once('.') {
                Some((name, container)) => (name, Some(container.to_owned())),
                None => (target, None),
            };
            let rules = rules_named(name);
            if rules.is_empty() {
                let name = if entry.key.text.is_sensitive() { entry.key.text.shown() } else { name };
                let message = match nearest(name, rule_names()) {
                    Some(near) => format!("no rule is called `{name}`; did you mean `{near}`?"),
                    None => format!("no rule is called `{name}`"),
                };
                self.faults.push(Fault { message, place });
                continue;
            }
            let reason = entry.value.as_scalar().map_or("", |value| value.text.shown()).trim().to_owned();
            if reason.is_empty() {
                let message = format!("`{}` gives no reason", place.key);
                self.faults.push(Fault { message, place: place.clone() });
            }
            self.entries.push(OptOut { rules, container, reason, place, used: Cell::new(false) });
        }
    }

    fn read_foreign(&mut self, annotations: &Mapping, path: &FieldPath, honoured: &[Tool]) {
        for entry in &annotations.entries {
            let key = entry.key.text.as_str();
            let value = entry.value.as_scalar().map_or("", |value| value.text.as_str());
            let named = honoured.iter().flat_map(|tool| foreign::rules(*tool, key, value));
            let rules: Vec<usize> = named.flat_map(rules_named).collect();
            if !rules.is_empty() {
                let shown = entry.value.as_scalar().map_or("", |value| value.text.shown());
                let place = Place::of(entry, path);
                let reason = format!("{}: {shown}", place.key);
                // Whether it is needed for the tool that it is for, nobody here knows.
                let used = Cell::new(true);
                self.entries.push(OptOut { rules, container: None, reason, place, used });
            }
        }
    }

    /// Returns the opt-out that keeps a rule from a container, or from the whole resource.
    pub(crate) fn find(&self, rule: usize, container: Option<&str>) -> Option<&OptOut> {
        self.entries.iter().find(|entry| {
            entry.rules.contains(&rule) && entry.container.as_deref().is_none_or(|own| Some(own) == container)
        })
    }
}

impl OptOut {
    /// Returns the rules that it names, as a message names them.
    pub(crate) fn rule_names(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().map(|rule| RULES[*rule].name)
    }

    /// Returns the places of the rules in [`RULES`].
    pub(crate) fn rules(&self) -> &[usize] {
        &self.rules
    }
}
