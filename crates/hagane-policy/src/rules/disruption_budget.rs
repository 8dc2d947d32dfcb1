//! Disruption budgets for workloads that have none.

use hagane_resource::Resource;
use hagane_yaml::Node;

use crate::additions::{Addition, SetScope};
use crate::field::{Whole, given, integer, mapping, number, texts};
use crate::selections::Label;
use crate::surroundings::Surroundings;

/// A budget for each workload of several pods that none is about.
pub(crate) fn disruption_budget(scope: &SetScope) -> Vec<Addition> {
    let lacking = scope.resources.iter().enumerate().filter(|(_, own)| lacks_budget(own, scope.surroundings));
    let addition = |(about, resource): (usize, &Resource)| Addition {
        about,
        place: &["spec", "replicas"],
        made: Some(budget(resource)),
        message: "nothing keeps all pods from being evicted at once".to_owned(),
    };
    lacking.map(addition).collect()
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
    let labels: Vec<Label> = texts(spec(&["template", "metadata", "labels"])).collect();
    least >= 2
        && spec(&["selector"]).is_some_and(|selector| selector.as_mapping().is_some())
        && !others.has_budget(resource.id().effective_namespace(), &labels)
}

fn budget(resource: &Resource) -> Resource {
    let selector = resource.tree().at(&["spec", "selector"]).cloned().unwrap_or_else(Node::mapping);
    let spec = mapping([("maxUnavailable", number(Whole::plain(1))), ("selector", selector)]);
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
