//! Containers: what they may do, take and be.

use super::OFF;
use crate::rule::{Fallback, Look, Parameter, ParameterKind, Rule};
use crate::rules;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "read-only-root",
        group: "containers",
        title: "Containers do not write to their image.",
        why: "What breaks in finds nothing to change, and nothing is lost when the pod moves.",
        risk: "A program that writes anywhere but to `writable` and its volumes stops.",
        parameters: &[Parameter {
            name: "writable",
            title: "paths that get an `emptyDir` each",
            kind: ParameterKind::Texts,
            fallback: Fallback::Texts(&["/tmp"]),
        }],
        look: Look::Pod(rules::read_only_root),
        ..OFF
    },
    Rule {
        name: "memory-limit",
        group: "containers",
        title: "Containers that ask for memory have a limit: what they ask for.",
        why: "One container without a limit can take the memory of all on its node.",
        risk: "A container that takes more than it asks for is ended.",
        look: Look::Pod(rules::memory_limit),
        ..OFF
    },
    Rule {
        name: "image-pull-policy",
        group: "containers",
        title: "`imagePullPolicy` is given.",
        why: "Left out, it depends on the tag, and changes with it.",
        risk: "With `Always`, no pod starts while the registry is away.",
        parameters: &[Parameter {
            name: "value",
            title: "the policy; `IfNotPresent` is not written for tags that move",
            kind: ParameterKind::Text(&["Always", "IfNotPresent", "Never"]),
            fallback: Fallback::Text("IfNotPresent"),
        }],
        look: Look::Pod(rules::image_pull_policy),
        ..OFF
    },
    Rule {
        name: "requests",
        group: "containers",
        title: "Containers say how much processor time and memory they need.",
        why: "The scheduler places pods by it, and what asks for nothing is the first to go.",
        risk: "Numbers that nobody measured keep pods from finding a node, or nodes empty.",
        parameters: &[
            Parameter {
                name: "cpu",
                title: "what is asked for where nothing is said",
                kind: ParameterKind::Text(&[]),
                fallback: Fallback::Text("100m"),
            },
            Parameter {
                name: "memory",
                title: "what is asked for where nothing is said",
                kind: ParameterKind::Text(&[]),
                fallback: Fallback::Text("128Mi"),
            },
        ],
        look: Look::Pod(rules::requests),
        ..OFF
    },
    Rule {
        name: "cpu-limit",
        group: "containers",
        title: "Containers that ask for processor time have a limit: what they ask for.",
        why: "One container cannot slow down the others of its node.",
        risk: "A container that needs more for a moment is slowed down; many leave this limit away on purpose.",
        look: Look::Pod(rules::cpu_limit),
        ..OFF
    },
    Rule {
        name: "ephemeral-storage",
        group: "containers",
        title: "Containers say how much room on the node they need, and have a limit.",
        why: "Logs and files of one container can fill the disk of the node, which evicts others.",
        risk: "A container that writes more than the limit is evicted.",
        parameters: &[
            Parameter {
                name: "request",
                title: "what is asked for",
                kind: ParameterKind::Text(&[]),
                fallback: Fallback::Text("100Mi"),
            },
            Parameter {
                name: "limit",
                title: "the limit",
                kind: ParameterKind::Text(&[]),
                fallback: Fallback::Text("1Gi"),
            },
        ],
        look: Look::Pod(rules::ephemeral_storage),
        ..OFF
    },
    Rule {
        name: "user-and-group",
        group: "users",
        title: "User and group of the containers are given, and high.",
        why: "With a number that no user of the node has, who gets out is nobody.",
        risk: "Files of the image and of volumes that belong to another user cannot be written, or read.",
        parameters: &[
            Parameter {
                name: "user",
                title: "`runAsUser`",
                kind: ParameterKind::Integer(1, 2147483647),
                fallback: Fallback::Integer(10001),
            },
            Parameter {
                name: "group",
                title: "`runAsGroup`",
                kind: ParameterKind::Integer(1, 2147483647),
                fallback: Fallback::Integer(10001),
            },
        ],
        look: Look::Pod(rules::user_and_group),
        ..OFF
    },
    Rule {
        name: "host-users",
        group: "users",
        title: "Pods have users of their own.",
        why: "Root in the container is nobody on the node then.",
        risk: "Nodes and volumes must support it (Kubernetes 1.33 and newer, a kernel with mounts that map ids), or the pod does not start.",
        look: Look::Pod(rules::host_users),
        ..OFF
    },
];
