//! Every rule has a case that fires, one that does not, and one that is opted out; the table of
//! rules says which there are.

mod cases;

use hagane_policy::{
    Change, Detail, KubernetesVersion, Mode, Policy, Profile, RULES, Report, RuleSetting, harden,
};
use hagane_resource::{ResourceSet, emit, read_documents};
use hagane_yaml::{Node, Scalar};

use cases::{CASES, Case};

fn read(text: &str) -> ResourceSet {
    read_documents(text, Default::default()).unwrap_or_else(|_| panic!("{text}")).into_iter().collect()
}

/// Returns a policy of nothing but one rule, with the values that the case gives.
fn only(case: &Case, mode: Mode) -> Policy {
    let mut policy = Policy::new(Profile::None);
    let place = RULES.iter().position(|rule| rule.name == case.rule).expect("a case is about a rule");
    let values = case.values.iter().map(|(name, value)| (*name, value.value())).collect();
    policy.set(place, RuleSetting { mode: Some(mode), values });
    policy.probes = cases::probes();
    policy
}

/// Hardens in a mode, and again, which must change nothing.
#[track_caller]
fn run(case: &Case, text: &str, mode: Mode) -> (Report, String) {
    let (mut resources, policy) = (read(text), only(case, mode));
    let report = harden(&mut resources, &policy, Detail::Changes);
    let once = emit(&resources, Default::default()).expect("what was read can be written");
    assert_eq!(
        harden(&mut resources, &policy, Detail::Changes).changes,
        [],
        "{}: a second time, {mode}: {text}",
        case.rule
    );
    assert_eq!(
        harden(&mut read(&once), &policy, Detail::Changes).changes,
        [],
        "{}: read again, {mode}: {text}",
        case.rule
    );
    (report, once)
}

fn plain(text: &str) -> String {
    emit(&read(text), Default::default()).expect("what was read can be written")
}

#[test]
fn every_rule_has_its_cases() {
    for rule in RULES {
        assert_eq!(CASES.iter().filter(|case| case.rule == rule.name).count(), 1, "{}", rule.name);
    }
    assert_eq!(CASES.len(), RULES.len());
}

#[test]
fn a_rule_fires_where_something_is_wrong() {
    for case in CASES {
        let (report, text) = run(case, case.fires, Mode::Check);
        assert!(!report.findings.is_empty(), "{} has nothing to say", case.rule);
        assert!(report.findings.iter().all(|finding| finding.rule == case.rule), "{:?}", report.findings);
        assert_eq!((report.changes.len(), text), (0, plain(case.fires)), "{}: `check` writes", case.rule);
        let (report, text) = run(case, case.fires, Mode::Enforce);
        assert_eq!(changes(&report), case.writes, "{}", case.rule);
        assert_eq!(text == plain(case.fires), case.writes.is_empty(), "{}", case.rule);
        let (report, text) = run(case, case.fires, Mode::Fill);
        assert_eq!(changes(&report), case.filled(), "{}: `fill`", case.rule);
        assert_eq!(text == plain(case.fires), case.filled().is_empty(), "{}", case.rule);
        // What is not written is told.
        let is_all = case.filled() == case.writes && !case.writes.is_empty();
        assert_eq!(report.findings.is_empty(), is_all, "{}: {:?}", case.rule, report.findings);
    }
}

/// Returns the fields that were written, and what they became.
fn changes(report: &Report) -> String {
    let one = |change: &Change| format!("{} = {}", change.path, change.new.as_deref().unwrap_or("gone"));
    report.changes.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// A null that an author writes is a value: whoever fills in fields leaves it, and all that belongs with it.
#[test]
fn a_null_of_the_author_stays() {
    let mut count = 0;
    for case in CASES {
        let (filled, _) = run(case, case.fires, Mode::Fill);
        for path in filled.changes.iter().map(|change| &change.path).filter(|path| !path.steps().is_empty()) {
            let mut resources = read(case.fires);
            let resource = resources.iter_mut().next().expect("a case has a resource");
            let null = || Node::Scalar(Scalar::bare("null"));
            if path.get(resource.tree()).is_some() || path.set(resource.tree_mut(), null()).is_err() {
                continue;
            }
            count += 1;
            let report = harden(&mut resources, &only(case, Mode::Fill), Detail::Changes);
            assert!(report.changes.iter().all(|change| change.path != *path), "{}: {path}", case.rule);
            assert!(!report.is_empty(), "{}: {path}", case.rule);
            let resource = resources.iter().next().expect("a case has a resource");
            assert!(path.get(resource.tree()).is_some_and(Node::is_null), "{}: {path}", case.rule);
        }
    }
    assert!(count > 35, "{count}");
}

#[test]
fn a_rule_is_quiet_where_nothing_is_wrong() {
    for case in CASES {
        for mode in [Mode::Check, Mode::Fill, Mode::Enforce] {
            let (report, text) = run(case, case.quiet, mode);
            assert!(report.is_empty(), "{}: {report:?}", case.rule);
            assert_eq!(text, plain(case.quiet), "{}", case.rule);
        }
    }
}

#[test]
fn a_rule_stays_out_of_what_is_opted_out() {
    for case in CASES {
        let annotation =
            format!("metadata: {{annotations: {{hagane.dev/skip.{}: the case says so}}, ", case.rule);
        let text = case.fires.replacen("metadata: {", &annotation, 1);
        assert_ne!(text, case.fires, "{}: the resource comes first, and has metadata", case.rule);
        for mode in [Mode::Check, Mode::Fill, Mode::Enforce] {
            let (report, after) = run(case, &text, mode);
            assert!(report.changes.is_empty() && report.findings.is_empty(), "{}: {report:?}", case.rule);
            assert!(!report.opted_out.is_empty(), "{}: nothing is opted out", case.rule);
            assert!(report.opted_out.iter().all(|kept| kept.reason == "the case says so"), "{}", case.rule);
            assert_eq!(after, plain(&text), "{}", case.rule);
        }
    }
}

#[test]
fn a_rule_stays_out_of_a_container_that_is_opted_out() {
    let mut count = 0;
    for case in CASES {
        let (report, _) = run(case, case.fires, Mode::Check);
        // What is said of the pod as a whole is said for all its containers.
        if !report.findings.iter().all(|finding| finding.path.to_string().contains(".containers[0].")) {
            continue;
        }
        count += 1;
        for (container, is_kept) in [("a", true), ("another", false)] {
            let annotation =
                format!("metadata: {{annotations: {{hagane.dev/skip.{}.{container}: so}}, ", case.rule);
            let text = case.fires.replacen("metadata: {", &annotation, 1);
            let (report, _) = run(case, &text, Mode::Enforce);
            assert_eq!(report.changes.is_empty(), is_kept, "{} of {container}", case.rule);
            assert_eq!(report.opted_out.is_empty(), !is_kept, "{} of {container}", case.rule);
        }
    }
    assert!(count > 15, "{count}");
}

#[test]
fn what_a_version_of_kubernetes_does_not_have_is_not_written() {
    let check = |rule: &str, minor: u32, fires: bool| {
        let case = CASES.iter().find(|case| case.rule == rule).expect("the rule has a case");
        let mut policy = only(case, Mode::Enforce);
        policy.version = KubernetesVersion::new(minor);
        let report = harden(&mut read(case.fires), &policy, Detail::Changes);
        assert_eq!(!report.changes.is_empty(), fires, "{rule} of 1.{minor}");
    };
    for (rule, since) in [
        ("host-users", 33),
        ("grpc-probes", 24),
        ("pre-stop", 30),
        ("unhealthy-eviction", 27),
        ("api-version", 25),
    ] {
        check(rule, since - 1, false);
        check(rule, since, true);
        check(rule, 37, true);
    }
}

#[test]
fn a_rule_that_is_off_does_nothing() {
    for case in CASES {
        let (report, text) = run(case, case.fires, Mode::Off);
        assert!(report.is_empty(), "{}", case.rule);
        assert_eq!(text, plain(case.fires), "{}", case.rule);
    }
}
