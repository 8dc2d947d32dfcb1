//! What `fill` writes keeps no pod from being made, from starting, or from going when its node is drained.

use hagane_policy::{Detail, Mode, Policy, Profile, RuleSetting, harden, rules_named};
use hagane_resource::{ResourceSet, read_documents};

/// Returns what a rule changes in `fill`, a second time nothing.
#[track_caller]
fn filled(rule: &str, text: &str) -> String {
    let mut policy = Policy::new(Profile::None);
    policy.set(rules_named(rule)[0], RuleSetting { mode: Some(Mode::Fill), values: Vec::new() });
    let mut resources: ResourceSet =
        read_documents(text, Default::default()).expect("the case is right").into_iter().collect();
    let report = harden(&mut resources, &policy, Detail::Changes);
    assert_eq!(harden(&mut resources, &policy, Detail::Changes).changes, [], "{text}");
    let change = |change: &hagane_policy::Change| {
        let path = change.path.to_string().replace("spec.template.spec.", "");
        let (id, new) = (change.resource.to_string(), change.new.as_deref().unwrap_or("gone"));
        if path == "the resource" { id } else { format!("{path} = {new}") }
    };
    report.changes.iter().map(change).collect::<Vec<_>>().join("\n")
}

fn deployment(name: &str, spec: &str, pod: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{{spec} selector: {{matchLabels: {{app: {name}}}}}, \
         template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{pod}}}}}}}}}"
    )
}

fn pod(spec: &str) -> String {
    deployment("web", "", spec)
}

#[test]
fn what_runs_as_root_by_its_author_still_starts() {
    let check = |spec: &str, want: &str| assert_eq!(filled("run-as-non-root", &pod(spec)), want, "{spec}");
    check("containers: [{name: a, securityContext: {runAsUser: 0}}]", "");
    check("securityContext: {runAsUser: 0}, containers: [{name: a}]", "");
    check(
        "containers: [{name: a, securityContext: {runAsUser: 0}}, {name: b}]",
        "containers[1].securityContext.runAsNonRoot = true",
    );
    check(
        "securityContext: {runAsUser: 0}, containers: [{name: a, securityContext: {runAsUser: 5}}]",
        "securityContext.runAsNonRoot = true",
    );
    check("containers: [{name: a, securityContext: {runAsUser: 5}}]", "securityContext.runAsNonRoot = true");
}

#[test]
fn a_limit_is_never_below_its_request() {
    let check = |rule: &str, spec: &str, want: &str| assert_eq!(filled(rule, &pod(spec)), want, "{spec}");
    let at =
        |list: &str, value: &str| format!("containers[0].resources.{list}.ephemeral-storage = \"{value}\"");
    let container = |resources: &str| format!("containers: [{{name: a, resources: {{{resources}}}}}]");
    let rule = "ephemeral-storage";
    check(rule, &container("limits: {ephemeral-storage: 50Mi}"), "");
    check(rule, &container("requests: {ephemeral-storage: 2Gi}"), "");
    check(rule, &container("requests: {ephemeral-storage: 200Mi}"), &at("limits", "1Gi"));
    check(rule, &container(""), &format!("{}\n{}", at("requests", "100Mi"), at("limits", "1Gi")));
    check(rule, "resources: {limits: {ephemeral-storage: 1Mi}}, containers: [{name: a}]", "");
    check("requests", "resources: {limits: {memory: 1Mi, cpu: 1m}}, containers: [{name: a}]", "");
}

#[test]
fn no_pod_has_two_budgets() {
    let check = |resources: &[&str], want: &str| {
        assert_eq!(filled("disruption-budget", &resources.join("\n---\n")), want, "{resources:?}");
    };
    let (web, api) = (
        deployment("web", "replicas: 2,", "containers: []"),
        deployment("api", "replicas: 2,", "containers: []"),
    );
    let budget = |version: &str, spec: &str| {
        format!(
            "{{apiVersion: policy/{version}, kind: PodDisruptionBudget, metadata: {{name: all}}, spec: {{maxUnavailable: 1{spec}}}}}"
        )
    };
    check(&[&web, &api], "PodDisruptionBudget/web\nPodDisruptionBudget/api");
    check(&[&web, &api, &budget("v1", ", selector: {}")], "");
    check(&[&web, &budget("v1", ", selector: {matchLabels: {}}")], "");
    check(&[&web, &budget("v1", ", selector: {matchExpressions: [{key: app, operator: Exists}]}")], "");
    // These take no pod.
    check(&[&web, &budget("v1", "")], "PodDisruptionBudget/web");
    check(&[&web, &budget("v1beta1", ", selector: {}")], "PodDisruptionBudget/web");
    check(&[&web, &budget("v1", ", selector: {matchLabels: {app: api}}")], "PodDisruptionBudget/web");
    // The name of a budget that is about something else.
    let other = budget("v1", ", selector: {matchLabels: {app: api}}").replace("name: all", "name: web");
    check(&[&web, &other], "");
}

#[test]
fn what_may_not_overlap_stays_alone() {
    assert_eq!(filled("replicas", &deployment("web", "strategy: {type: Recreate},", "containers: []")), "");
    assert_eq!(filled("replicas", &pod("containers: []")), "spec.replicas = 2");
}

#[test]
fn who_is_bound_by_its_group_keeps_its_token() {
    let check = |subject: &str, is_kept: bool| {
        let binding = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: b}}, subjects: [{{{subject}}}]}}"
        );
        let written = filled("service-account-token", &format!("{}\n---\n{binding}", pod("containers: []")));
        assert_eq!(written.is_empty(), is_kept, "{subject}");
    };
    check("kind: ServiceAccount, name: default, namespace: default", true);
    check("kind: Group, name: 'system:serviceaccounts'", true);
    check("kind: Group, name: 'system:serviceaccounts:default'", true);
    check("kind: Group, name: 'system:serviceaccounts:other'", false);
    check("kind: Group, name: admins", false);
}
