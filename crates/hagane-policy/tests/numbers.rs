//! Numbers are read as the API server gets them, and none is too large to reckon with.

use hagane_policy::{
    Detail, KubernetesVersion, Mode, PodSecurityLevel, Policy, Profile, RuleSetting, harden, rules_named,
    violations,
};
use hagane_resource::{ResourceSet, read_documents};

fn read(spec: &str) -> ResourceSet {
    let text = format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{{spec}}}}}");
    read_documents(&text, Default::default()).expect("the case is right").into_iter().collect()
}

#[test]
fn whole_numbers_may_have_a_point() {
    let check = |spec: &str, want: bool| {
        let found = read(spec)
            .iter()
            .flat_map(|pod| violations(pod, PodSecurityLevel::Restricted, KubernetesVersion::LATEST, &[]))
            .any(|own| ["host-ports", "run-as-user-zero"].contains(&own.control));
        assert_eq!(found, want, "{spec}");
    };
    for port in ["81", "81.0", "8.1e1", "0x51", "+81"] {
        check(&format!("containers: [{{name: a, ports: [{{hostPort: {port}}}]}}]"), true);
    }
    for zero in ["0", "0.0", "0e0", "-0.0", "00"] {
        check(&format!("containers: [{{name: a, ports: [{{hostPort: {zero}}}]}}]"), false);
        check(&format!("containers: [{{name: a, securityContext: {{runAsUser: {zero}}}}}]"), true);
        check(&format!("securityContext: {{runAsUser: {zero}}}, containers: []"), true);
    }
    // The API server refuses these itself.
    for none in ["'0'", "0.5", ".nan", ".inf", "1e300", "null", "{}"] {
        check(&format!("containers: [{{name: a, securityContext: {{runAsUser: {none}}}}}]"), false);
    }
}

#[test]
fn no_number_is_too_large() {
    const EDGES: &[&str] = &[
        "-9223372036854775808",
        "-1",
        "0",
        "1",
        "2147483647",
        "2147483648",
        "9223372036854775807",
        "18446744073709551615",
        "1e18",
        "9007199254740992.0",
        "x",
    ];
    let mut policy = Policy::new(Profile::None);
    for place in rules_named("all") {
        policy.set(place, RuleSetting { mode: Some(Mode::Enforce), values: Vec::new() });
    }
    for (index, one) in EDGES.iter().enumerate() {
        for (number, other) in EDGES.iter().enumerate() {
            let third = EDGES[(index + number) % EDGES.len()];
            let probe = format!(
                "{{tcpSocket: {{port: {one}}}, initialDelaySeconds: {one}, periodSeconds: {other}, failureThreshold: {third}}}"
            );
            let mut resources = read(&format!(
                "terminationGracePeriodSeconds: {one}, containers: [{{name: a, ports: [{{containerPort: {one}, hostPort: {other}}}], \
                 livenessProbe: {probe}, readinessProbe: {probe}}}]"
            ));
            let changes = harden(&mut resources, &policy, Detail::Changes).changes;
            let startup = changes.iter().find(|change| change.path.to_string().ends_with("startupProbe"));
            let Some(new) = startup.and_then(|change| change.new.as_deref()) else { continue };
            // What is written is no number that the API server would refuse.
            for field in ["failureThreshold", "periodSeconds"] {
                let text = new.split(&format!("\"{field}\":")).nth(1).expect(field);
                let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
                assert!(digits.parse::<i32>().is_ok_and(|value| value > 0), "{one} {other} {third}: {new}");
            }
        }
    }
}
