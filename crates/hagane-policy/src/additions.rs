//! Resources that rules add: what they are about, and whether they may.

use hagane_resource::{Resource, ResourceSet};

use crate::field_path::FieldPath;
use crate::harden::shown;
use crate::opt_out::OptOuts;
use crate::pod::{PodKind, templates};
use crate::policy::{Policy, Value};
use crate::report::{Anchor, Change, Finding, OptedOut, Report};
use crate::rule::{Fallback, Look, Mode, RULES};
use crate::surroundings::Surroundings;

/// What a rule sees that looks at all resources together.
pub(crate) struct SetScope<'a> {
    pub(crate) resources: &'a ResourceSet,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) kinds: &'a [PodKind],
    policy: &'a Policy,
    rule: usize,
}

/// A resource that is missing.
pub(crate) struct Addition {
    /// The place of the resource that lacks it, whose annotations and selections count.
    pub(crate) about: usize,
    /// The field of that resource that a person would look at.
    pub(crate) place: &'static [&'static str],
    /// What is missing; nothing where only a person can say it.
    pub(crate) made: Option<Resource>,
    pub(crate) message: String,
}

impl SetScope<'_> {
    /// Returns the value of a parameter that is a text.
    pub(crate) fn text(&self, name: &str, resource: &Resource) -> String {
        let parameters = RULES[self.rule].parameters.iter();
        let fallback = parameters.filter(|own| own.name == name).map(|own| own.fallback).next();
        match (self.policy.value(self.rule, name, resource, None), fallback) {
            (Some(Value::Text(value)), _) => value.clone(),
            (_, Some(Fallback::Text(value))) => value.to_owned(),
            _ => String::new(),
        }
    }

    /// Returns whether the rule may write something for a resource.
    pub(crate) fn applies_to(&self, resource: &Resource) -> bool {
        self.policy.mode(self.rule, resource, None) >= Mode::Fill
            && self.opt_outs(resource).find(self.rule, None).is_none()
    }

    fn opt_outs(&self, resource: &Resource) -> OptOuts {
        OptOuts::of(resource, &templates(resource, self.kinds), &self.policy.honoured)
    }
}

/// Adds what the rules find missing.
pub(crate) fn add_missing(
    resources: &mut ResourceSet,
    policy: &Policy,
    rules: &[usize],
    surroundings: &Surroundings,
    report: &mut Report,
) {
    for rule in rules.iter().copied() {
        let Look::Set(look) = RULES[rule].look else { continue };
        let scope = SetScope { resources, surroundings, kinds: &policy.kinds, policy, rule };
        for addition in look(&scope) {
            add(addition, resources, policy, rule, report);
        }
    }
}

/// Whether the id of a missing resource is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    No,
    /// By a resource like it.
    ByTheSame,
    /// By one of somebody's.
    ByAnother,
}

/// Adds a resource, or reports it.
fn add(addition: Addition, resources: &mut ResourceSet, policy: &Policy, rule: usize, report: &mut Report) {
    let Addition { about, place, made, message } = addition;
    // What another one of the resources got already serves this one, too.
    let taken =
        match made.as_ref().and_then(|made| Some((made, *resources.with_current_id(made.id()).first()?))) {
            None => Taken::No,
            Some((made, place)) if resources.get(place).tree() == made.tree() => Taken::ByTheSame,
            Some(_) => Taken::ByAnother,
        };
    let resource = resources.get(about);
    let mode = policy.mode(rule, resource, None);
    if mode == Mode::Off || taken == Taken::ByTheSame {
        return;
    }
    let span = FieldPath::of(place).span(resource.tree());
    let (id, name, path) = (resource.id().clone(), RULES[rule].name, FieldPath::default());
    let opt_outs = OptOuts::of(resource, &templates(resource, &policy.kinds), &policy.honoured);
    if let Some(kept) = opt_outs.find(rule, None) {
        let (reason, span) = (kept.reason.clone(), kept.place.span);
        report.opted_out.push(OptedOut { resource: id, rule: name, path, message, reason, span });
        return;
    }
    let anchor = Anchor::default();
    let made = match made {
        Some(made) if mode > Mode::Check && taken == Taken::No => made,
        made => {
            let (suggestion, fails) = (made.map(|made| shown(made.tree())), policy.fail_on.contains(&name));
            let resource = id;
            report.findings.push(Finding {
                resource,
                rule: name,
                path,
                message,
                suggestion,
                span,
                anchor,
                fails,
            });
            return;
        }
    };
    if report.has_changes() {
        let message = format!("{message}: {id} gets {}", made.id()).into();
        let (old, new, resource) = (None, Some(shown(made.tree())), made.id().clone());
        report.changes.push(Change { resource, rule: name, path, old, new, message, mode, span, anchor });
    }
    // No other has the id.
    let _ = resources.add(made);
}
