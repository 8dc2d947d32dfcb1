//! What belongs together is written together, whoever is selected for it: a mount with its volume, a sleep
//! with the time for it.

use hagane_policy::{
    Detail, Glob, Matcher, Mode, Policy, Profile, RuleSetting, Selection, Value, harden, rules_named,
};
use hagane_resource::{ResourceSet, emit, read_documents};

/// Returns a policy of nothing but one rule for the containers of that name.
fn only_for(container: &str, rule: &str, mode: Mode, values: Vec<(&'static str, Value)>) -> Policy {
    let mut policy = Policy::new(Profile::None);
    policy.selections.push(Selection {
        matcher: Matcher { containers: vec![Glob::new(container)], ..Matcher::default() },
        rules: vec![(rules_named(rule)[0], RuleSetting { mode: Some(mode), values })],
    });
    policy
}

/// Hardens twice, the second time in vain, and returns what was changed.
#[track_caller]
fn changes(spec: &str, policy: &Policy) -> String {
    let text = format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{template: {{metadata: {{labels: {{app: web}}}}, \
         spec: {{{spec}}}}}}}}}\n---\n{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{selector: {{app: web}}}}}}"
    );
    let read = |text: &str| read_documents(text, Default::default()).expect("the case is right");
    let mut resources: ResourceSet = read(&text).into_iter().collect();
    let report = harden(&mut resources, policy, Detail::Changes);
    assert_eq!(harden(&mut resources, policy, Detail::Changes).changes, [], "{spec}");
    let mut again: ResourceSet =
        read(&emit(&resources, Default::default()).expect("it can be written")).into_iter().collect();
    assert_eq!(harden(&mut again, policy, Detail::Changes).changes, [], "{spec}");
    let of = |path: &str| path.replace("spec.template.spec.", "");
    let change = |change: &hagane_policy::Change| {
        format!("{} = {}", of(&change.path.to_string()), change.new.as_deref().unwrap_or("gone"))
    };
    report.changes.iter().map(change).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_selected_container_gets_mounts_and_volumes() {
    let check = |mode: Mode, spec: &str, want: &str| {
        assert_eq!(changes(spec, &only_for("b", "read-only-root", mode, Vec::new())), want, "{spec}");
    };
    let written = "containers[1].securityContext.readOnlyRootFilesystem = true\n\
                   containers[1].volumeMounts = [{\"mountPath\":\"/tmp\",\"name\":\"writable-b-tmp\"}]\n\
                   volumes = [{\"emptyDir\":{},\"name\":\"writable-b-tmp\"}]";
    check(Mode::Fill, "containers: [{name: a}, {name: b}]", written);
    check(Mode::Enforce, "containers: [{name: a}, {name: b}]", written);
    let given = "containers: [{name: a}, {name: b, securityContext: {readOnlyRootFilesystem: false}}]";
    check(Mode::Fill, given, "");
    check(Mode::Enforce, given, written);
    // Where one of the three is the author's, `fill` writes none.
    for spec in [
        "volumes: null, containers: [{name: a}, {name: b}]",
        "containers: [{name: a}, {name: b, volumeMounts: null}]",
        "containers: [{name: a}, {name: b, securityContext: {readOnlyRootFilesystem: 'no'}}]",
    ] {
        check(Mode::Fill, spec, "");
        check(Mode::Enforce, spec, written);
    }
    // Where one has no place, nothing is.
    for spec in [
        "volumes: {}, containers: [{name: a}, {name: b}]",
        "containers: [{name: a}, {name: b, securityContext: x}]",
    ] {
        check(Mode::Enforce, spec, "");
    }
}

#[test]
fn every_container_gets_its_volume_whatever_its_mode() {
    let mut policy = only_for("a", "read-only-root", Mode::Enforce, Vec::new());
    policy.set(rules_named("read-only-root")[0], RuleSetting { mode: Some(Mode::Fill), values: Vec::new() });
    let spec =
        "containers: [{name: x}, {name: a, securityContext: {readOnlyRootFilesystem: false}}, {name: y}]";
    let mut written: Vec<String> = changes(spec, &policy).lines().map(str::to_owned).collect();
    written.retain(|line| line.starts_with("volumes"));
    let volume = |name: &str| format!("{{\"emptyDir\":{{}},\"name\":\"writable-{name}-tmp\"}}");
    let want = [
        format!("volumes = [{}]", volume("a")),
        format!("volumes[1] = {}", volume("x")),
        format!("volumes[2] = {}", volume("y")),
    ];
    assert_eq!(written, want);
}

#[test]
fn no_two_volumes_have_one_name() {
    let check = |spec: &str, writable: &[&str], want: &[&str]| {
        let writable = Value::Texts(writable.iter().map(|path| (*path).to_owned()).collect());
        let mut policy = Policy::new(Profile::None);
        let setting = RuleSetting { mode: Some(Mode::Fill), values: vec![("writable", writable)] };
        policy.set(rules_named("read-only-root")[0], setting);
        let written = changes(spec, &policy);
        let names = |list: &str| -> Vec<String> {
            let lines = written.lines().filter(|line| line.contains(list));
            lines
                .filter_map(|line| Some(line.split("\"name\":\"").nth(1)?.split('"').next()?.to_owned()))
                .collect()
        };
        assert_eq!(names("volumes"), want, "{spec}");
        assert_eq!(names("volumeMounts"), want, "{spec}");
    };
    check(
        "containers: [{name: a}]",
        &["/var/run", "/var-run", "/var/run/"],
        &["writable-a-var-run", "writable-a-var-run-2"],
    );
    check("containers: [{name: a-b}, {name: a}]", &["/c"], &["writable-a-b-c", "writable-a-c"]);
    check("containers: [{name: a, volumeMounts: [{mountPath: /c}]}, {name: b}]", &["/c/"], &["writable-b-c"]);
    check(
        "volumes: [{name: writable-a-c, secret: {}}], containers: [{name: a}]",
        &["/c"],
        &["writable-a-c-2"],
    );
    let (long, a) = ("/x".repeat(40), "writable-a-x");
    let (first, second) = (format!("{a}{}", "-x".repeat(25)), format!("{a}{}-2", "-x".repeat(24)));
    check("containers: [{name: a}]", &[&long, &format!("{long}/y")], &[&first, &second]);
}

#[test]
fn what_the_pod_says_for_all_is_right_for_each() {
    let check = |rule: &str, values: Vec<(&'static str, Value)>, spec: &str, want: &str| {
        assert_eq!(changes(spec, &only_for("b", rule, Mode::Fill, values)), want, "{rule}: {spec}");
    };
    let (alone, beside) = ("containers: [{name: b}]", "containers: [{name: a}, {name: b}]");
    check("run-as-non-root", Vec::new(), alone, "securityContext.runAsNonRoot = true");
    check("run-as-non-root", Vec::new(), beside, "containers[1].securityContext.runAsNonRoot = true");
    let profile = "seccompProfile = {\"type\":\"RuntimeDefault\"}";
    check("seccomp-profile", Vec::new(), alone, &format!("securityContext.{profile}"));
    check("seccomp-profile", Vec::new(), beside, &format!("containers[1].securityContext.{profile}"));
    let user = || vec![("user", Value::Integer(7)), ("group", Value::Integer(8))];
    check("user-and-group", user(), alone, "securityContext.runAsUser = 7\nsecurityContext.runAsGroup = 8");
    let at = "containers[1].securityContext.";
    check("user-and-group", user(), beside, &format!("{at}runAsUser = 7\n{at}runAsGroup = 8"));
}

#[test]
fn who_sleeps_has_the_time_for_it() {
    let check = |mode: Mode, seconds: i64, spec: &str, want: &str| {
        let policy = only_for("b", "pre-stop", mode, vec![("seconds", Value::Integer(seconds))]);
        assert_eq!(changes(spec, &policy), want, "{spec}");
    };
    let sleep = "containers[1].lifecycle.preStop = {\"sleep\":{\"seconds\":9}}";
    let grace = "terminationGracePeriodSeconds";
    check(Mode::Fill, 9, "containers: [{name: a}, {name: b}]", &format!("{sleep}\n{grace} = 39"));
    check(Mode::Fill, 9, &format!("{grace}: 60, containers: [{{name: a}}, {{name: b}}]"), sleep);
    check(
        Mode::Enforce,
        9,
        &format!("{grace}: 60.0, containers: [{{name: a}}, {{name: b}}]"),
        &format!("{sleep}\n{grace} = 69"),
    );
    // What is no number of seconds is left to a person.
    for given in ["x", "-1", "9223372036854775807", "9", "null"] {
        check(Mode::Fill, 9, &format!("{grace}: {given}, containers: [{{name: a}}, {{name: b}}]"), "");
    }
}
