//! API versions that a cluster no longer has.

use hagane_yaml::Node;

use crate::field::given;
use crate::field_path::FieldPath;
use crate::proposal::Proposal;
use crate::scope::Scope;

/// A version of an API that went away.
struct Removed {
    api_version: &'static str,
    kinds: &'static [&'static str],
    /// The minor version of Kubernetes from which on it is gone.
    since: u32,
    /// The version that takes the same fields; none where it does not.
    successor: Option<&'static str>,
}

const fn renamed(
    api_version: &'static str,
    kinds: &'static [&'static str],
    since: u32,
    successor: &'static str,
) -> Removed {
    Removed { api_version, kinds, since, successor: Some(successor) }
}

const fn reshaped(api_version: &'static str, kinds: &'static [&'static str], since: u32) -> Removed {
    Removed { api_version, kinds, since, successor: None }
}

const RBAC: &[&str] = &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
const WORKLOADS: &[&str] = &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"];
const FLOWS: &[&str] = &["FlowSchema", "PriorityLevelConfiguration"];
const WEBHOOKS: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

const ADMISSION: &[&str] = &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];

/// From the lifecycles in Kubernetes' own API definitions.
const REMOVED: &[Removed] = &[
    renamed("extensions/v1beta1", WORKLOADS, 16, "apps/v1"),
    renamed("extensions/v1beta1", &["NetworkPolicy"], 16, "networking.k8s.io/v1"),
    reshaped("extensions/v1beta1", &["Ingress"], 22),
    renamed("apps/v1beta1", WORKLOADS, 16, "apps/v1"),
    renamed("apps/v1beta2", WORKLOADS, 16, "apps/v1"),
    renamed("batch/v1beta1", &["CronJob"], 25, "batch/v1"),
    renamed("policy/v1beta1", &["PodDisruptionBudget"], 25, "policy/v1"),
    reshaped("policy/v1beta1", &["PodSecurityPolicy"], 25),
    reshaped("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], 25),
    renamed("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], 26, "autoscaling/v2"),
    reshaped("networking.k8s.io/v1beta1", &["Ingress"], 22),
    renamed("networking.k8s.io/v1beta1", &["IngressClass"], 22, "networking.k8s.io/v1"),
    renamed("rbac.authorization.k8s.io/v1beta1", RBAC, 22, "rbac.authorization.k8s.io/v1"),
    renamed("scheduling.k8s.io/v1beta1", &["PriorityClass"], 22, "scheduling.k8s.io/v1"),
    renamed("storage.k8s.io/v1beta1", &["CSIDriver", "CSINode", "StorageClass"], 22, "storage.k8s.io/v1"),
    renamed("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 27, "storage.k8s.io/v1"),
    renamed("coordination.k8s.io/v1beta1", &["Lease"], 22, "coordination.k8s.io/v1"),
    renamed("node.k8s.io/v1beta1", &["RuntimeClass"], 25, "node.k8s.io/v1"),
    renamed("apiregistration.k8s.io/v1beta1", &["APIService"], 22, "apiregistration.k8s.io/v1"),
    reshaped("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], 22),
    reshaped("admissionregistration.k8s.io/v1beta1", WEBHOOKS, 22),
    reshaped("discovery.k8s.io/v1beta1", &["EndpointSlice"], 25),
    reshaped("flowcontrol.apiserver.k8s.io/v1beta1", FLOWS, 26),
    reshaped("flowcontrol.apiserver.k8s.io/v1beta2", FLOWS, 29),
    renamed("flowcontrol.apiserver.k8s.io/v1beta3", FLOWS, 32, "flowcontrol.apiserver.k8s.io/v1"),
    renamed("admissionregistration.k8s.io/v1beta1", ADMISSION, 34, "admissionregistration.k8s.io/v1"),
    renamed("networking.k8s.io/v1beta1", &["IPAddress", "ServiceCIDR"], 37, "networking.k8s.io/v1"),
];

pub(crate) fn api_version(scope: &Scope, out: &mut Vec<Proposal>) {
    let (tree, gvk) = (scope.resource.tree(), scope.resource.gvk());
    let is_own = |api_version: &str| {
        let group = api_version.strip_suffix(gvk.version.as_str()).and_then(|own| own.strip_suffix('/'));
        group == Some(&gvk.group)
    };
    let is_meant = |removed: &&Removed| {
        removed.kinds.contains(&gvk.kind.as_str())
            && is_own(removed.api_version)
            && scope.version.is_at_least(removed.since)
    };
    let Some(removed) = REMOVED.iter().find(is_meant) else { return };
    let message = format!("Kubernetes {} has no `{}` of `{}`", scope.version, gvk.kind, removed.api_version);
    let proposal = Proposal::new(FieldPath::of(&["apiVersion"]), message);
    // In `apps/v1` the selector must be there; in `policy/v1` an empty one takes all pods,
    // where it took none.
    let selector = given(tree.at(&["spec", "selector"])).and_then(Node::as_mapping);
    let has_selector = selector.is_some_and(|selector| !selector.entries.is_empty());
    let needs_selector = |successor: &str| matches!(successor, "apps/v1" | "policy/v1");
    out.push(match removed.successor {
        Some(successor) if has_selector || !needs_selector(successor) => {
            proposal.replace(Node::string(successor))
        }
        _ => proposal,
    });
}
