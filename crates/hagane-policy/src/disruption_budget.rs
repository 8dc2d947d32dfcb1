//! Disruption budgets for workloads that have none: what the rule `disruption-budget` adds.

use hagane_resource::{Resource, ResourceSet};
use hagane_yaml::Node;

use crate::field::{given, integer, mapping, number};
use crate::field_path::FieldPath;
use crate::harden::shown;
use crate::opt_out::OptOuts;
use crate::pod::templates;
use crate::policy::Policy;
use crate::report::{Change, Finding, OptedOut, Report};
use crate::rule::{Look, Mode, RULES};
use crate::surroundings::{Surroundings, owned};

const MESSAGE: &str = "nothing keeps all pods from being evicted at once";

/// Adds a budget for each workload of several pods that none is about.
pub(crate) fn add_missing(resources: &mut ResourceSet, policy: &Policy, others: &Surroundings) -> Report {
    let mut report = Report::default();
    let Some(rule) = RULES.iter().position(|rule| matches!(rule.look, Look::Set)) else { return report };
    if !policy.is_on(rule) {
        return report;
    }
    let mut made = Vec::new();
    for resource in resources.iter() {
        let mode = policy.mode(rule, resource, None);
        if mode == Mode::Off || !lacks_budget(resource, others) {
            continue;
        }
        let span = FieldPath::of(&["spec", "replicas"]).span(resource.tree());
        let (id, name, path) = (resource.id().clone(), RULES[rule].name, FieldPath::default());
        let opt_outs = OptOuts::of(resource, &templates(resource, &policy.kinds), &policy.honoured);
        let budget = budget(resource);
        if let Some(kept) = opt_outs.find(rule, None) {
            let (message, reason, span) = (MESSAGE.into(), kept.reason.clone(), kept.place.span);
            report.opted_out.push(OptedOut { resource: id, rule: name, path, message, reason, span });
        } else if mode == Mode::Check {
            let suggestion = Some(shown(budget.tree()));
            let message = MESSAGE.into();
            report.findings.push(Finding { resource: id, rule: name, path, message, suggestion, span });
        } else {
            let message = format!("{MESSAGE}: {id} gets a budget");
            let (old, new, resource) = (None, Some(shown(budget.tree())), budget.id().clone());
            report.changes.push(Change { resource, rule: name, path, old, new, message, mode, span });
            made.push(budget);
        }
    }
    for budget in made {
        // A name that is taken is somebody's, and stays.
        let _ = resources.add(budget);
    }
    report
}

fn lacks_budget(resource: &Resource, others: &Surroundings) -> bool {
    let gvk = resource.gvk();
    if gvk.group != "apps" || !matches!(gvk.kind.as_str(), "Deployment" | "StatefulSet") {
        return false;
    }
    let spec = |keys: &[&str]| given(resource.tree().get("spec").and_then(|spec| spec.at(keys)));
    let least = match others.scaler_of(resource) {
        Some(scaler) => scaler.least,
        None => integer(spec(&["replicas"])).unwrap_or(1),
    };
    let labels = owned(spec(&["template", "metadata", "labels"]));
    least >= 2
        && spec(&["selector"]).is_some_and(|selector| selector.as_mapping().is_some())
        && !others.has_budget(resource.id().effective_namespace(), &labels)
}

fn budget(resource: &Resource) -> Resource {
    let selector = resource.tree().at(&["spec", "selector"]).cloned().unwrap_or_else(Node::mapping);
    let spec = mapping([("maxUnavailable", number(1)), ("selector", selector)]);
    let mut metadata = mapping([]);
    for field in ["name", "namespace"] {
        let own = resource.tree().at(&["metadata", field]).and_then(Node::as_scalar);
        if let (Some(own), Node::Mapping(metadata)) = (own, &mut metadata) {
            metadata.push(field, Node::string(own.text.clone()));
        }
    }
    if let (Some(labels), Node::Mapping(metadata)) =
        (resource.tree().at(&["metadata", "labels"]), &mut metadata)
    {
        metadata.push("labels", labels.clone());
    }
    Resource::new(mapping([
        ("apiVersion", Node::string("policy/v1")),
        ("kind", Node::string("PodDisruptionBudget")),
        ("metadata", metadata),
        ("spec", spec),
    ]))
}
