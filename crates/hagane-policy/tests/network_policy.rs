//! Who gets a NetworkPolicy, and that nobody else is touched by it.

use hagane_policy::{
    Detail, Glob, Matcher, Mode, Policy, Profile, RuleSetting, Selection, Value, harden, rules_named,
};
use hagane_resource::{ResourceSet, read_documents};
use hagane_yaml::{Node, emit};

const RULE: &str = "network-policy";

fn policy(mode: Mode, from: &str) -> Policy {
    let mut policy = Policy::new(Profile::None);
    let values = vec![("from", Value::Text(from.to_owned()))];
    policy.set(rules_named(RULE)[0], RuleSetting { mode: Some(mode), values });
    policy
}

fn workload(name: &str, annotations: &str, labels: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: n, annotations: {{{annotations}}}}}, spec: \
         {{template: {{metadata: {{labels: {{{labels}}}}}, spec: {{containers: [{{name: a}}]}}}}}}}}"
    )
}

/// Hardens twice, the second time in vain, and returns the added policies: their names and whom they select.
#[track_caller]
fn added(resources: &[String], policy: &Policy) -> Vec<String> {
    let text = resources.join("\n---\n");
    let mut read: ResourceSet =
        read_documents(&text, Default::default()).expect("the case is right").into_iter().collect();
    let count = read.len();
    let opted_out = harden(&mut read, policy, Detail::Changes).opted_out.len();
    assert_eq!(opted_out, text.matches("skip.network-policy").count());
    assert_eq!(harden(&mut read, policy, Detail::Changes).changes, [], "{text}");
    let selects = |tree: &Node| tree.at(&["spec", "podSelector"]).and_then(emit::json).unwrap_or_default();
    read.iter().skip(count).map(|own| format!("{} {}", own.name(), selects(own.tree()).trim_end())).collect()
}

const OUT: &str = "hagane.dev/skip.network-policy: everybody may";
const ISOLATED: &str = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: n}, spec: {podSelector: \
                        {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]}}";

#[test]
fn an_opt_out_holds_whatever_its_neighbours_get() {
    let fill = policy(Mode::Fill, "namespace");
    let (web, api) = (workload("web", "", "app: web"), workload("api", "", "app: api"));
    assert_eq!(added(&[web.clone(), api.clone()], &fill), ["same-namespace {}"]);
    let open = workload("open", OUT, "app: open");
    let each = [
        "web-same-namespace {\"matchLabels\":{\"app\":\"web\"}}",
        "api-same-namespace {\"matchLabels\":{\"app\":\"api\"}}",
    ];
    assert_eq!(added(&[web.clone(), open.clone(), api.clone()], &fill), each);
    assert_eq!(added(&[open.clone(), web.clone(), api.clone()], &policy(Mode::Fill, "nobody")).len(), 2);
    assert_eq!(added(&[open], &fill), [""; 0]);
    // Nor does one come by labels that the other has, too.
    let inner = workload("inner", "", "app: open");
    let outer = workload("outer", OUT, "app: open, tier: web");
    assert_eq!(added(&[inner, outer], &fill), [""; 0]);
}

#[test]
fn a_resource_that_is_not_selected_is_left_alone() {
    let mut some = policy(Mode::Off, "namespace");
    some.selections.push(Selection {
        matcher: Matcher { names: vec![Glob::new("web")], ..Matcher::default() },
        rules: vec![(rules_named(RULE)[0], RuleSetting { mode: Some(Mode::Fill), values: Vec::new() })],
    });
    let all =
        [workload("web", "", "app: web, app.kubernetes.io/version: '1'"), workload("api", "", "app: api")];
    assert_eq!(added(&all, &some), ["web-same-namespace {\"matchLabels\":{\"app\":\"web\"}}"]);
}

#[test]
fn what_a_policy_keeps_out_is_not_let_in() {
    let all = [workload("db", "", "app: db"), workload("web", "", "app: web"), ISOLATED.to_owned()];
    let own = ["web-same-namespace {\"matchLabels\":{\"app\":\"web\"}}"];
    assert_eq!(added(&all, &policy(Mode::Fill, "namespace")), own);
    // What lets nobody in takes nothing away from it.
    assert_eq!(added(&all, &policy(Mode::Fill, "nobody")), ["deny-ingress {}"]);
}
