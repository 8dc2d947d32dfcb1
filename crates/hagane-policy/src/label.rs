//! Kubernetes' recommended labels, filled in where they are absent.
//!
//! They go to the metadata of every resource and of every pod template. Selectors are never touched: they are
//! immutable in the cluster, and a label that is only on the pods changes nothing that selects them. Claim templates of a
//! StatefulSet are immutable too.

use hagane_resource::{Resource, ResourceSet};
use hagane_yaml::{Mapping, Node};

/// The values of the recommended labels; only those given are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecommendedLabels {
    /// `app.kubernetes.io/name`
    pub name: Option<String>,
    /// `app.kubernetes.io/instance`
    pub instance: Option<String>,
    /// `app.kubernetes.io/version`
    pub version: Option<String>,
    /// `app.kubernetes.io/component`
    pub component: Option<String>,
    /// `app.kubernetes.io/part-of`
    pub part_of: Option<String>,
    /// `app.kubernetes.io/managed-by`
    pub managed_by: Option<String>,
}

impl RecommendedLabels {
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("app.kubernetes.io/name", &self.name),
            ("app.kubernetes.io/instance", &self.instance),
            ("app.kubernetes.io/version", &self.version),
            ("app.kubernetes.io/component", &self.component),
            ("app.kubernetes.io/part-of", &self.part_of),
            ("app.kubernetes.io/managed-by", &self.managed_by),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?))).collect()
    }
}

/// Fills the labels in where they are absent.
pub fn label(resources: &mut ResourceSet, labels: &RecommendedLabels) {
    let pairs = labels.pairs();
    if pairs.is_empty() {
        return;
    }
    for resource in resources.iter_mut() {
        let template = pod_template(resource.gvk().kind.as_str());
        fill_at(resource, &[], &pairs);
        if let Some(path) =
            template.filter(|path| resource.tree().at(path).is_some_and(|t| t.as_mapping().is_some()))
        {
            fill_at(resource, path, &pairs);
        }
    }
}

/// Returns where resources of a kind have the template of their pods.
fn pod_template(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            Some(&["spec", "template"])
        }
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template"]),
        "PodTemplate" => Some(&["template"]),
        _ => None,
    }
}

/// Fills `metadata.labels` below `path`. A tree that has all labels is not copied.
fn fill_at(resource: &mut Resource, path: &[&str], pairs: &[(&'static str, &str)]) {
    let object = resource.tree().at(path);
    let labels = object.and_then(|object| object.at(&["metadata", "labels"])).and_then(Node::as_mapping);
    if labels.is_some_and(|labels| pairs.iter().all(|(key, _)| labels.get(key).is_some())) {
        return;
    }
    let object = path.iter().fold(resource.tree_mut(), |node, key| below(node, key));
    let Node::Mapping(labels) = below(below(object, "metadata"), "labels") else { return };
    for (key, value) in pairs {
        if labels.get(key).is_none() {
            labels.push(*key, Node::string(*value));
        }
    }
}

/// Returns what is at `key`, a mapping where nothing was. What is there and is no mapping stays.
fn below<'a>(node: &'a mut Node, key: &str) -> &'a mut Node {
    if node.is_null() {
        *node = Node::mapping();
    }
    let Node::Mapping(mapping) = node else { return node };
    let place = place(mapping, key);
    let value = &mut mapping.entries[place].value;
    if value.is_null() {
        *value = Node::mapping();
    }
    value
}

fn place(mapping: &mut Mapping, key: &str) -> usize {
    mapping.position(key).unwrap_or_else(|| {
        mapping.push(key, Node::mapping());
        mapping.entries.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str) {
        let read = |text: &str| hagane_resource::read_documents(text, Default::default()).unwrap();
        let mut resources: ResourceSet = read(before).into_iter().collect();
        let labels = RecommendedLabels {
            part_of: Some("shop".into()),
            version: Some("1.0".into()),
            ..RecommendedLabels::default()
        };
        label(&mut resources, &labels);
        let text = hagane_resource::emit(&resources, Default::default()).unwrap();
        assert_eq!(text, after);
    }

    #[test]
    fn labels_are_filled_in_where_they_are_absent() {
        check(
            "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}}}",
            "apiVersion: v1\nkind: Service\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: shop\n    \
             app.kubernetes.io/version: \"1.0\"\n  name: a\nspec:\n  selector:\n    app: a\n",
        );
        check(
            "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {app.kubernetes.io/version: x}}}",
            "apiVersion: v1\nkind: Service\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: shop\n    \
             app.kubernetes.io/version: x\n  name: a\n",
        );
    }

    #[test]
    fn pod_templates_are_filled_and_made_nowhere() {
        check(
            "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a, labels: {app.kubernetes.io/part-of: x, \
             app.kubernetes.io/version: x}}, spec: {jobTemplate: {spec: {template: {spec: {}}}}}}",
            "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: x\n    \
             app.kubernetes.io/version: x\n  name: a\nspec:\n  jobTemplate:\n    spec:\n      template:\n        \
             metadata:\n          labels:\n            app.kubernetes.io/part-of: shop\n            \
             app.kubernetes.io/version: \"1.0\"\n        spec: {}\n",
        );
        check(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, labels: {app.kubernetes.io/part-of: x, \
             app.kubernetes.io/version: x}}, spec: {}}",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: x\n    \
             app.kubernetes.io/version: x\n  name: a\nspec: {}\n",
        );
    }
}
