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
    pub(crate) made: Resource,
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
}

/// Adds what the rules find missing.
pub(crate) fn add_missing(
    resources: &mut ResourceSet,
    policy: &Policy,
    rules: &[usize],
    surroundings: &Surroundings,
) -> Report {
    let mut report = Report::default();
    for rule in rules.iter().copied() {
        let Look::Set(look) = RULES[rule].look else { continue };
        let scope = SetScope { resources, surroundings, kinds: &policy.kinds, policy, rule };
        let mut made: Vec<Resource> = Vec::new();
        for Addition { about, place, made: missing, message } in look(&scope) {
            let Some(resource) = resources.iter().nth(about) else { continue };
            let mode = policy.mode(rule, resource, None);
            // What another one of the resources got already serves this one, too; a name that is taken is somebody's.
            let is_there = |own: &Resource| own.id() == missing.id();
            if mode == Mode::Off || made.iter().any(is_there) || resources.iter().any(is_there) {
                continue;
            }
            let span = FieldPath::of(place).span(resource.tree());
            let (id, name, path) = (resource.id().clone(), RULES[rule].name, FieldPath::default());
            let (anchor, fails) = (Anchor::default(), policy.fail_on.contains(&name));
            let opt_outs = OptOuts::of(resource, &templates(resource, &policy.kinds), &policy.honoured);
            if let Some(kept) = opt_outs.find(rule, None) {
                let (reason, span) = (kept.reason.clone(), kept.place.span);
                report.opted_out.push(OptedOut { resource: id, rule: name, path, message, reason, span });
            } else if mode == Mode::Check {
                let suggestion = Some(shown(missing.tree()));
                report.findings.push(Finding {
                    resource: id,
                    rule: name,
                    path,
                    message,
                    suggestion,
                    span,
                    anchor,
                    fails,
                });
            } else {
                let message = format!("{message}: {id} gets {}", missing.id());
                let (old, new, resource) = (None, Some(shown(missing.tree())), missing.id().clone());
                report.changes.push(Change {
                    resource,
                    rule: name,
                    path,
                    old,
                    new,
                    message,
                    mode,
                    span,
                    anchor,
                });
                made.push(missing);
            }
        }
        for one in made {
            // No other has the id.
            let _ = resources.add(one);
        }
    }
    report
}
