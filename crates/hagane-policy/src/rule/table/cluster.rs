//! What surrounds pods: nodes, storage, the network, namespaces.

use super::OFF;
use crate::rule::Mode::Check;
use crate::rule::{Fallback, Look, Parameter, ParameterKind, Rule};
use crate::rules;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "topology-spread",
        group: "scheduling",
        title: "Several pods are spread over nodes and zones.",
        why: "They should not fail together.",
        risk: "",
        parameters: &[Parameter {
            name: "topologies",
            title: "the labels of nodes that tell places apart",
            kind: ParameterKind::Texts,
            fallback: Fallback::Texts(&["kubernetes.io/hostname", "topology.kubernetes.io/zone"]),
        }],
        look: Look::Pod(rules::topology_spread),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "disruption-budget",
        group: "scheduling",
        title: "Workloads of several pods have a disruption budget.",
        why: "Draining nodes may evict all pods at once.",
        risk: "`maxUnavailable: 1` makes draining slower.",
        look: Look::Set(rules::disruption_budget),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "unhealthy-eviction",
        group: "scheduling",
        title: "Disruption budgets let pods go that are not healthy.",
        why: "A pod that never gets ready would keep its node from being drained.",
        risk: "A pod that is just not ready yet may be evicted.",
        look: Look::Resource(rules::unhealthy_eviction),
        ..OFF
    },
    Rule {
        name: "scaled-replicas",
        group: "scheduling",
        title: "What is scaled has no `replicas`.",
        why: "Each deployment would set the number back.",
        risk: "The first deployment without it may set one pod, until it is scaled again. Only in `enforce`.",
        look: Look::Resource(rules::scaled_replicas),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "node-selector",
        group: "scheduling",
        title: "Pods say which nodes they can run on.",
        why: "An image of one architecture does not start on another.",
        risk: "Pods that no node fits wait.",
        parameters: &[Parameter {
            name: "labels",
            title: "labels of nodes, as `key=value`; without any the rule has nothing to say",
            kind: ParameterKind::Texts,
            fallback: Fallback::Texts(&[]),
        }],
        look: Look::Pod(rules::node_selector),
        ..OFF
    },
    Rule {
        name: "tolerations",
        group: "scheduling",
        title: "Pods tolerate the taints of nodes that are kept for them.",
        why: "They run nowhere else, or never there.",
        risk: "Pods come to nodes that were kept for others.",
        parameters: &[Parameter {
            name: "taints",
            title: "taints, as `key`, `key:Effect` or `key=value:Effect`; without any the rule has nothing to say",
            kind: ParameterKind::Texts,
            fallback: Fallback::Texts(&[]),
        }],
        look: Look::Pod(rules::tolerations),
        ..OFF
    },
    Rule {
        name: "priority-class",
        group: "scheduling",
        title: "DaemonSets and StatefulSets have a priority.",
        why: "On a full node, what every other pod needs should be the last to go.",
        risk: "A class that is not there keeps every pod from being made.",
        parameters: &[Parameter {
            name: "value",
            title: "the class; without one nothing is written",
            kind: ParameterKind::Text(&[]),
            fallback: Fallback::Text(""),
        }],
        look: Look::Pod(rules::priority_class),
        ..OFF
    },
    Rule {
        name: "replicas",
        group: "scheduling",
        title: "What is not scaled has more than one pod.",
        why: "With its node, the only pod is gone.",
        risk: "What may run only once at a time must not get a second pod.",
        parameters: &[Parameter {
            name: "value",
            title: "how many pods",
            kind: ParameterKind::Integer(2, 1000),
            fallback: Fallback::Integer(2),
        }],
        look: Look::Pod(rules::replicas),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "budget-share",
        group: "scheduling",
        title: "Disruption budgets of what is scaled name a share of the pods.",
        why: "A number keeps all pods in place when few are left, and nearly none when there are many.",
        risk: "Taken over only in `enforce`.",
        parameters: &[Parameter {
            name: "value",
            title: "the share that must stay",
            kind: ParameterKind::Text(&[]),
            fallback: Fallback::Text("50%"),
        }],
        look: Look::Resource(rules::budget_share),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "empty-dir-size",
        group: "storage",
        title: "`emptyDir` volumes have a limit.",
        why: "One pod can fill the disk of its node, which evicts others.",
        risk: "A pod that writes more is evicted.",
        parameters: &[Parameter {
            name: "value",
            title: "the limit",
            kind: ParameterKind::Text(&[]),
            fallback: Fallback::Text("1Gi"),
        }],
        look: Look::Pod(rules::empty_dir_size),
        ..OFF
    },
    Rule {
        name: "claim-rollout",
        group: "storage",
        title: "A Deployment with a volume of one node replaces its pod instead of overlapping.",
        why: "The new pod waits for the volume, and the old one for the new pod.",
        risk: "Nothing answers while the pod is replaced.",
        look: Look::Pod(rules::claim_rollout),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "volume-binding",
        group: "storage",
        title: "Volumes are made where their pod runs.",
        why: "A volume that is made before may lie in a zone where the pod cannot run.",
        risk: "The field of a class that is there cannot be changed: the class must be made anew.",
        look: Look::Resource(rules::volume_binding),
        ..OFF
    },
    Rule {
        name: "ingress-class",
        group: "network",
        title: "Ingresses name their class in `ingressClassName`.",
        why: "The annotation is deprecated.",
        risk: "The class must be there; some controllers look only at one of the two.",
        parameters: &[Parameter {
            name: "value",
            title: "the class where none is given at all; empty for none",
            kind: ParameterKind::Text(&[]),
            fallback: Fallback::Text(""),
        }],
        look: Look::Resource(rules::ingress_class),
        ..OFF
    },
    Rule {
        name: "network-policy",
        group: "network",
        title: "A NetworkPolicy says who may send to pods.",
        why: "Without one, every pod of the cluster may.",
        risk: "What comes from other namespaces (an ingress controller, monitoring) is kept out until a policy lets it in.",
        parameters: &[Parameter {
            name: "from",
            title: "who may send: pods of the `namespace`, or `nobody`",
            kind: ParameterKind::Text(&["namespace", "nobody"]),
            fallback: Fallback::Text("namespace"),
        }],
        look: Look::Set(rules::network_policy),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "ingress-tls",
        group: "network",
        title: "Ingresses have TLS.",
        why: "Passwords and cookies can be read on the way otherwise.",
        risk: "Without the Secret, the controller answers with a certificate of its own, or not at all.",
        parameters: &[Parameter {
            name: "secretName",
            title: "the Secret with the certificate; `{name}` is the name of the Ingress",
            kind: ParameterKind::Text(&[]),
            fallback: Fallback::Text("{name}-tls"),
        }],
        look: Look::Resource(rules::ingress_tls),
        ..OFF
    },
    Rule {
        name: "ingress-sources",
        group: "network",
        title: "Ingresses say which addresses requests may come from.",
        why: "What is not for everybody should not be reachable for everybody.",
        risk: "Who comes from elsewhere is locked out; a controller that does not know the annotation lets all in.",
        parameters: &[
            Parameter {
                name: "annotation",
                title: "the annotation that the controller reads",
                kind: ParameterKind::Text(&[]),
                fallback: Fallback::Text("nginx.ingress.kubernetes.io/whitelist-source-range"),
            },
            Parameter {
                name: "ranges",
                title: "the addresses, as CIDRs; without any the rule has nothing to say",
                kind: ParameterKind::Texts,
                fallback: Fallback::Texts(&[]),
            },
        ],
        look: Look::Resource(rules::ingress_sources),
        ..OFF
    },
    Rule {
        name: "pod-security-labels",
        group: "namespaces",
        title: "Namespaces say which Pod Security Standard they enforce.",
        why: "What is as strict as its manifests today stays so.",
        risk: "Pods that come from elsewhere and keep to a lower level are refused.",
        look: Look::Resource(rules::pod_security_labels),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "api-version",
        group: "versions",
        title: "Resources are of API versions that the cluster has.",
        why: "What it does not have, it refuses.",
        risk: "Written only in `enforce`, and only where the fields are the same.",
        baseline: Check,
        restricted: Check,
        look: Look::Resource(rules::api_version),
        ..OFF
    },
];
