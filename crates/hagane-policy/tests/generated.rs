//! What holds for every workload: tried on generated ones.

mod workloads;

use std::collections::BTreeSet;

use hagane_cases::rng::Rng;
use hagane_policy::{
    Detail, KubernetesVersion, Mode, PodSecurityLevel, Policy, Profile, RuleSetting, harden, rules_named,
    violations,
};
use hagane_resource::{Resource, emit};
use hagane_yaml::Node;

use workloads::{all, read, workload};

fn refused(resource: &Resource) -> Vec<String> {
    let found = violations(resource, PodSecurityLevel::Restricted, KubernetesVersion::LATEST, &[]);
    found.into_iter().map(|violation| format!("{} at {}", violation.control, violation.path)).collect()
}

/// Returns the first value of `before` that is no longer there, though it may be in another
/// place of the same list.
fn lost(before: &Node, after: &Node, path: &str) -> Option<String> {
    match (before, after) {
        (Node::Mapping(before), Node::Mapping(after)) => before.entries.iter().find_map(|entry| {
            let key = entry.key.text.as_str();
            match after.get(key) {
                Some(value) => lost(&entry.value, value, &format!("{path}.{key}")),
                // What moves from the old name of a field is not lost, nor is the mapping that
                // held nothing else.
                None if matches!(key, "serviceAccount" | "kubernetes.io/ingress.class") => None,
                None if key == "annotations" => {
                    lost(&entry.value, &Node::mapping(), &format!("{path}.{key}"))
                }
                None => Some(format!("{path}.{key}")),
            }
        }),
        (Node::Sequence(before), Node::Sequence(after)) => {
            let short = (before.items.len() > after.items.len()).then(|| path.to_owned());
            short.or_else(|| before.items.iter().zip(&after.items).find_map(|(a, b)| lost(a, b, path)))
        }
        // Mappings may come to be where nothing was given.
        (before, Node::Mapping(_) | Node::Sequence(_)) if before.is_null() => None,
        _ => (before != after).then(|| path.to_owned()),
    }
}

#[test]
fn workloads_are_hardened_once_and_lose_nothing() {
    let mut rng = Rng::new(1);
    for _ in 0..100 {
        let text = workload(&mut rng);
        for mode in [Mode::Check, Mode::Fill, Mode::Enforce] {
            let (mut resources, policy) = (read(&text), all(mode));
            let report = harden(&mut resources, &policy, Detail::Changes);
            let once = emit(&resources, Default::default()).expect("what was read can be written");
            let again = harden(&mut resources, &policy, Detail::Changes);
            assert_eq!(again.changes, [], "{mode}: a second time there is nothing to change: {text}");
            assert_eq!(emit(&resources, Default::default()).as_ref(), Ok(&once), "{text}");
            // What comes out is a text like any other.
            let mut read_again = read(&once);
            assert_eq!(harden(&mut read_again, &policy, Detail::Changes).changes, [], "{mode}: {text}");
            let before = read(&text);
            for (old, new) in before.iter().zip(resources.iter()) {
                match mode {
                    Mode::Fill => assert_eq!(lost(old.tree(), new.tree(), ""), None, "{text}"),
                    // What is left is told, with the same place.
                    Mode::Enforce => {
                        for refusal in refused(new) {
                            let told = report.findings.iter().map(|f| format!("{} at {}", f.rule, f.path));
                            let kept = report.opted_out.iter().map(|f| format!("{} at {}", f.rule, f.path));
                            assert!(
                                told.chain(kept).any(|own| own == refusal
                                    || own.split(" at ").next() == Some("run-as-non-root")),
                                "{refusal}: {text}"
                            );
                        }
                    }
                    _ => {
                        assert_eq!(emit([old], Default::default()), emit([new], Default::default()), "{text}")
                    }
                }
                for keys in [&["spec", "selector"][..], &["spec", "volumeClaimTemplates"]] {
                    assert_eq!(old.tree().at(keys), new.tree().at(keys), "{text}");
                }
            }
            for change in &report.changes {
                let is_probe = change.path.to_string().ends_with("Probe");
                assert!(
                    !is_probe || !matches!(change.resource.gvk.kind.as_str(), "Job" | "CronJob"),
                    "{text}"
                );
                assert!(!change.path.to_string().ends_with("livenessProbe"), "{text}");
            }
        }
    }
}

/// Returns the specs of pods anywhere in a tree.
fn pod_specs<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
    match node {
        Node::Mapping(mapping) => {
            if mapping.get("containers").is_some() {
                found.push(node);
            }
            mapping.entries.iter().for_each(|entry| pod_specs(&entry.value, found));
        }
        Node::Sequence(sequence) => sequence.items.iter().for_each(|item| pod_specs(item, found)),
        Node::Scalar(_) => {}
    }
}

fn items<'n>(node: &'n Node, field: &str) -> &'n [Node] {
    node.get(field).and_then(Node::as_sequence).map_or(&[], |list| &list.items)
}

fn named<'n>(items: &'n [Node], field: &str) -> Vec<&'n str> {
    items.iter().filter_map(|item| item.get(field).and_then(Node::as_str)).collect()
}

/// No template has ephemeral ones.
const LISTS: [&str; 2] = ["initContainers", "containers"];

/// Returns what the API server refuses in a pod, as far as it can tell from the pod alone.
fn invalid(spec: &Node) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_once = |what: &str, names: &[&str]| {
        if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
            found.push(format!("{what}: {names:?}"));
        }
    };
    let volumes = named(items(spec, "volumes"), "name");
    is_once("volumes", &volumes);
    let containers: Vec<&Node> = LISTS.iter().flat_map(|list| items(spec, list)).collect();
    for container in &containers {
        is_once("mounts", &named(items(container, "volumeMounts"), "mountPath"));
    }
    for container in containers {
        let mounts = named(items(container, "volumeMounts"), "name");
        found.extend(
            mounts.iter().filter(|name| !volumes.contains(name)).map(|name| format!("no volume {name}")),
        );
        let name = container.get("name").and_then(Node::as_str).unwrap_or_default();
        let own = |field: &'static str| container.at(&["securityContext", field]).and_then(Node::as_str);
        let pods = |field: &'static str| spec.at(&["securityContext", field]).and_then(Node::as_str);
        let added =
            container.at(&["securityContext", "capabilities"]).map_or(&[][..], |own| items(own, "add"));
        let needs_more =
            own("privileged") == Some("true") || added.iter().any(|item| item.as_str() == Some("SYS_ADMIN"));
        if needs_more && own("allowPrivilegeEscalation") == Some("false") {
            found.push(format!("{name}: no escalation beside what needs it"));
        }
        if own("runAsNonRoot").or(pods("runAsNonRoot")) == Some("true")
            && own("runAsUser").or(pods("runAsUser")) == Some("0")
        {
            found.push(format!("{name}: root that must not be root"));
        }
    }
    found
}

/// What was a pod that could be made and started is one still.
#[test]
fn no_pod_becomes_one_that_is_refused() {
    let mut rng = Rng::new(2);
    for _ in 0..200 {
        let text = workload(&mut rng);
        for mode in [Mode::Fill, Mode::Enforce] {
            let (before, mut after) = (read(&text), read(&text));
            harden(&mut after, &all(mode), Detail::Changes);
            for (old, new) in before.iter().zip(after.iter()) {
                let (mut olds, mut news) = (Vec::new(), Vec::new());
                pod_specs(old.tree(), &mut olds);
                pod_specs(new.tree(), &mut news);
                for (old, new) in olds.into_iter().zip(news) {
                    let old = invalid(old);
                    let bad: Vec<String> =
                        invalid(new).into_iter().filter(|own| !old.contains(own)).collect();
                    assert_eq!(bad, [""; 0], "{mode}: {text}");
                }
            }
        }
    }
}

/// With the profile `restricted` in `enforce`, every pod is admitted that Kubernetes lets us write to; and
/// what is admitted is not touched any more, in whatever mode.
#[test]
fn what_is_enforced_is_admitted_and_then_left_alone() {
    let policy = |mode: Mode| {
        let mut policy = Policy::new(Profile::None);
        for place in rules_named("pod-security") {
            policy.set(place, RuleSetting { mode: Some(mode), values: Vec::new() });
        }
        policy
    };
    let (mut rng, mut count) = (Rng::new(3), 0);
    for _ in 0..300 {
        let text = workload(&mut rng);
        // Ephemeral containers are in no manifest that could be written; nodes with Windows
        // take fewer fields.
        if text.contains("ephemeralContainers")
            || text.contains("windows}")
            || text.contains("hagane.dev/skip")
        {
            continue;
        }
        let mut resources = read(&text);
        harden(&mut resources, &policy(Mode::Enforce), Detail::Changes);
        for resource in &resources {
            assert_eq!(refused(resource), [""; 0], "{text}");
        }
        count += 1;
        let once = emit(&resources, Default::default()).expect("what was read can be written");
        for mode in [Mode::Check, Mode::Fill, Mode::Enforce] {
            let report = harden(&mut resources, &policy(mode), Detail::Changes);
            assert!(report.is_empty(), "{mode}: {report:?} {text}");
            assert_eq!(emit(&resources, Default::default()).as_ref(), Ok(&once), "{text}");
        }
    }
    assert!(count > 50, "{count}");
}
