//! Kubernetes' recommended labels, and annotations, filled in where they are absent.
//!
//! They go to the metadata of every resource, and the stable ones to that of every pod template. Selectors
//! are never touched: they are immutable in the cluster, and a label that is only on the pods changes nothing
//! that selects them. Claim templates of a StatefulSet are immutable too. A given version stays off the
//! templates: each new one would replace all pods. One that is derived from a template's image changes when
//! they are replaced anyway.

mod derive;
mod selected;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use hagane_resource::{ResId, Resource, ResourceSet};
use hagane_yaml::{Node, emit};

use crate::field::texts;
use crate::field_path::FieldPath;
use crate::matcher::Matcher;
use crate::pod::{PodKind, templates};
use crate::report::{Anchor, Change, Detail, Finding, Report};
use crate::rule::Mode;
use crate::selections::{Label, Selecting};
use derive::{Derived, derived};
use selected::Selectors;

/// The name under which this stage reports.
const LABELS: &str = "labels";

/// Where a resource, or a pod template, has its labels.
const LABELS_OF: &[&str] = &["metadata", "labels"];

/// One of the recommended labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelField {
    /// `app.kubernetes.io/name`
    Name,
    /// `app.kubernetes.io/instance`
    Instance,
    /// `app.kubernetes.io/version`
    Version,
    /// `app.kubernetes.io/component`
    Component,
    /// `app.kubernetes.io/part-of`
    PartOf,
    /// `app.kubernetes.io/managed-by`
    ManagedBy,
}

impl LabelField {
    /// All of them, with their names in `hagane.yaml` and their keys.
    pub const ALL: &'static [(LabelField, &'static str, &'static str)] = &[
        (LabelField::Name, "name", "app.kubernetes.io/name"),
        (LabelField::Instance, "instance", "app.kubernetes.io/instance"),
        (LabelField::Version, "version", "app.kubernetes.io/version"),
        (LabelField::Component, "component", "app.kubernetes.io/component"),
        (LabelField::PartOf, "partOf", "app.kubernetes.io/part-of"),
        (LabelField::ManagedBy, "managedBy", "app.kubernetes.io/managed-by"),
    ];
}

/// Values that are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenLabels {
    /// Recommended labels.
    pub labels: Vec<(LabelField, String)>,
    /// Annotations.
    pub annotations: Vec<(String, String)>,
}

/// What labelling is asked.
#[derive(Clone, Debug, Default)]
pub struct Labelling {
    /// For all resources; a later value wins.
    pub given: GivenLabels,
    /// For some; a later one wins, and all win over what is for all.
    pub selections: Vec<(Matcher, GivenLabels)>,
    /// What is taken from the resource itself where no value is given.
    pub derive: Vec<LabelField>,
    /// What `part-of` is where it is derived: what the directories are called.
    pub part_of: Option<String>,
    /// What is never written: an Argo CD that tracks by label owns `instance`.
    pub leave: Vec<LabelField>,
    /// Kinds with pod templates beside the known ones.
    pub kinds: Vec<PodKind>,
}

impl Labelling {
    /// Returns the value that is given to a resource.
    fn value(&self, field: LabelField, resource: &Resource) -> Option<&str> {
        let of = |given: &'_ GivenLabels| given.labels.iter().rposition(|(own, _)| *own == field);
        let selected = self.selections.iter().rev().filter(|(matcher, _)| matcher.takes(resource));
        let mut given = selected.map(|(_, given)| given).chain(std::iter::once(&self.given));
        given.find_map(|given| Some(given.labels[of(given)?].1.as_str()))
    }

    fn annotations<'a>(&'a self, resource: &Resource) -> impl Iterator<Item = &'a (String, String)> {
        let selected = self.selections.iter().rev().filter(|(matcher, _)| matcher.takes(resource));
        selected
            .map(|(_, given)| given)
            .chain(std::iter::once(&self.given))
            .flat_map(|given| given.annotations.iter().rev())
    }

    fn is_empty(&self) -> bool {
        self.given == GivenLabels::default() && self.selections.is_empty() && self.derive.is_empty()
    }
}

/// Fills in labels and annotations where they are absent.
pub fn label(resources: &mut ResourceSet, labelling: &Labelling, detail: Detail) -> Report {
    let mut report = Report::new(detail);
    if !labelling.is_empty() {
        let selectors = Selectors::of(resources, labelling);
        for resource in resources.iter_mut() {
            label_resource(resource, labelling, &selectors, &mut report);
        }
    }
    report
}

/// A label to write.
struct Wanted<'a> {
    key: &'static str,
    value: Cow<'a, str>,
    /// Whether it goes to the templates, too.
    on_templates: bool,
    /// Whether nobody gave it.
    is_derived: bool,
}

impl Wanted<'_> {
    fn message(&self) -> &'static str {
        match self.is_derived {
            true => "the label is absent, and follows from the resource",
            false => "the label is absent, and `hagane.yaml` gives it",
        }
    }
}

fn label_resource(
    resource: &mut Resource,
    labelling: &Labelling,
    selectors: &Selectors,
    report: &mut Report,
) {
    let pods = templates(resource, &labelling.kinds);
    let (wanted, raw_version) = wanted(resource, &pods, labelling);
    let labels = FieldPath::of(LABELS_OF);
    for label in &wanted {
        fill(resource, &labels, label.key, &label.value, label.message(), report);
    }
    // A pod of its own has its labels by now.
    for pod in pods.iter().filter(|path| !path.steps().is_empty()) {
        let pod = pod.keys(LABELS_OF);
        label_pods(resource, &pod, &wanted, selectors, report);
        note_other_name(resource, &labels, &pod, report);
    }
    let annotations = FieldPath::of(&["metadata", "annotations"]);
    let asked: Vec<_> = labelling.annotations(resource).collect();
    for (key, value) in asked {
        let message = "the annotation is absent, and `hagane.yaml` gives it";
        fill(resource, &annotations, key, value, message, report);
    }
    if let Some(raw) = raw_version {
        let message = "the version cannot be the value of a label as it is";
        fill(resource, &annotations, "hagane.dev/version-raw", &raw, message, report);
    }
}

/// Returns the labels that a resource with these pod templates is to have, and its version
/// where no label can say it.
fn wanted<'a>(
    resource: &Resource,
    pods: &[FieldPath],
    labelling: &'a Labelling,
) -> (Vec<Wanted<'a>>, Option<String>) {
    let (mut wanted, mut raw_version) = (Vec::new(), None);
    for (field, _, key) in LabelField::ALL.iter().filter(|(field, ..)| !labelling.leave.contains(field)) {
        let given = labelling.value(*field, resource).map(Cow::Borrowed);
        let is_derived = given.is_none() && labelling.derive.contains(field);
        let value = match is_derived {
            true => {
                let Derived { value, raw } = derived(*field, resource, pods, labelling);
                raw_version = raw_version.or(raw);
                value.map(Cow::Owned)
            }
            false => given,
        };
        if let Some(value) = value {
            let on_templates = *field != LabelField::Version || is_derived;
            wanted.push(Wanted { key, value, on_templates, is_derived });
        }
    }
    (wanted, raw_version)
}

/// Fills in the labels of a pod template, but for those that would bring its pods where others are meant.
fn label_pods(
    resource: &mut Resource,
    path: &FieldPath,
    wanted: &[Wanted],
    selectors: &Selectors,
    report: &mut Report,
) {
    let (own, pods) = (resource.tree().at(LABELS_OF), path.get(resource.tree()));
    // What the workload says itself holds for its pods, too.
    let value = |label: &Wanted| {
        let own = own.and_then(|own| own.get(label.key)).filter(|own| !own.is_sensitive());
        own.and_then(Node::as_str).unwrap_or(&label.value).to_owned()
    };
    let is_lacking =
        |label: &&Wanted| label.on_templates && pods.is_none_or(|pods| pods.get(label.key).is_none());
    let lacking: Vec<_> = wanted.iter().filter(is_lacking).map(|label| (label, value(label))).collect();
    let before: Vec<Label> = texts(pods).collect();
    let more: Vec<Label> = lacking.iter().map(|(label, value)| (label.key, value.as_str())).collect();
    let new = match lacking.iter().any(|(label, _)| label.is_derived) {
        true => selectors.brought(resource, &before, &more),
        false => Vec::new(),
    };
    for (label, value) in &lacking {
        let names = |selecting: &Selecting| selecting.labels().any(|own| own == (label.key, value));
        match new.iter().find(|(selecting, _)| label.is_derived && names(selecting)) {
            Some((_, who)) => note_selector(resource, who, path.key(label.key), report),
            None => fill(resource, path, label.key, value, label.message(), report),
        }
    }
}

/// Writes a text under a key of the mapping at a path, where nothing is. A tree that has it is not copied.
fn fill(
    resource: &mut Resource,
    path: &FieldPath,
    key: &str,
    value: &str,
    message: &'static str,
    report: &mut Report,
) {
    if path.get(resource.tree()).is_some_and(|texts| texts.get(key).is_some()) {
        return;
    }
    let place = report.has_changes().then(|| path.key(key.to_owned()));
    let place = place.map(|path| (Anchor::with_span(&path, resource.tree()), path));
    let Some(texts) = path.mapping_mut(resource.tree_mut()) else { return };
    texts.push(key, Node::string(value));
    if let Some(((span, anchor), path)) = place {
        let mut new = String::with_capacity(value.len() + 2);
        emit::json_string(&mut new, value);
        report.changes.push(Change {
            resource: resource.id().clone(),
            rule: LABELS,
            path,
            old: None,
            new: Some(new),
            message: message.into(),
            mode: Mode::Fill,
            span,
            anchor,
        });
    }
}

/// Reports a label that pods do not get, since it would bring them where others are meant.
fn note_selector(resource: &Resource, who: &ResId, path: FieldPath, report: &mut Report) {
    report.findings.push(Finding {
        resource: resource.id().clone(),
        rule: LABELS,
        span: path.span(resource.tree()),
        path,
        message: format!(
            "with the label that follows from the resource, {who} would select its pods beside others"
        ),
        suggestion: None,
        anchor: Anchor::default(),
        fails: false,
    });
}

/// Reports a workload whose pods are named otherwise.
fn note_other_name(resource: &Resource, own: &FieldPath, template: &FieldPath, report: &mut Report) {
    let key = "app.kubernetes.io/name";
    let (own, path) = (own.key(key), template.key(key));
    let text = |path: &FieldPath| {
        path.get(resource.tree()).and_then(Node::as_scalar).map(|scalar| scalar.text.clone())
    };
    if let (Some(outer), Some(inner)) = (text(&own), text(&path))
        && outer != inner
    {
        report.findings.push(Finding {
            resource: resource.id().clone(),
            rule: LABELS,
            span: path.span(resource.tree()),
            path,
            message: format!("the pods are named `{}`, and the workload `{}`", inner.shown(), outer.shown()),
            suggestion: None,
            anchor: Anchor::default(),
            fails: false,
        });
    }
}
