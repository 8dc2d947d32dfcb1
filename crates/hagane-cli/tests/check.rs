//! `hagane check -`: what comes on standard input.

use hagane::{AgeKeyring, Identities, MemoryFiles};
use hagane_cli::{Surroundings, run};

#[track_caller]
fn check(command: &str, input: &str, output: &str, code: u8) {
    let files = MemoryFiles::new();
    let keyring = AgeKeyring::new(Identities::new());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut surroundings = Surroundings {
        files: &files,
        keyring: &keyring,
        remotes: None,
        processes: None,
        directory: "/".into(),
        stdin: &mut input.as_bytes(),
        stdout: &mut stdout,
        stdout_is_terminal: false,
        stderr: &mut stderr,
        coloured: false,
    };
    let arguments = ["hagane", "check"].into_iter().chain(command.split(' ')).map(Into::into);
    let got = run(arguments, &mut surroundings);
    let said = String::from_utf8(stderr).expect("messages are text");
    assert_eq!(String::from_utf8(stdout).expect("output is text"), output, "{command}: {said}");
    assert_eq!(got, code, "{command}: {said}");
}

#[test]
fn standard_input_is_checked() {
    check(
        "--pod-security baseline -",
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a}]}}",
        "admitted by `baseline` of Kubernetes 1.37: 1 resource with pods\n",
        0,
    );
    check(
        "--pod-security baseline -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: [{name: a}]}\n",
        "standard input:4: Pod/a: `hostPID: true` shares a namespace with the node [host-namespaces]\n    spec.hostPID\n\
         refused by `baseline` of Kubernetes 1.37: 1 of 1 resource with pods\n",
        1,
    );
    check("--pod-security baseline -", "kind: [", "", 1);
}

#[test]
fn names_may_be_made_up_by_the_cluster() {
    check(
        "--pod-security baseline -",
        "{apiVersion: batch/v1, kind: Job, metadata: {generateName: run-}, spec: {template: {spec: {hostIPC: true}}}}",
        "standard input:1: Job/run-*: `hostIPC: true` shares a namespace with the node [host-namespaces]\n    \
         spec.template.spec.hostIPC\nrefused by `baseline` of Kubernetes 1.37: 1 of 1 resource with pods\n",
        1,
    );
    check("--pod-security baseline -", "{apiVersion: v1, kind: Pod, metadata: {}}", "", 1);
}

#[test]
fn kinds_of_ones_own_have_pods() {
    let worker = "{apiVersion: example.com/v1, kind: Worker, metadata: {name: a}, spec: {workers: [{template: {spec: {hostIPC: true}}}]}}";
    check(
        "--pod-security baseline -",
        worker,
        "admitted by `baseline` of Kubernetes 1.37: 0 resources with pods\n",
        0,
    );
    check(
        "--pod-security baseline --pod-template example.com/Worker=spec/workers[]/template -",
        worker,
        "standard input:1: Worker/a: `hostIPC: true` shares a namespace with the node [host-namespaces]\n    \
         spec.workers[0].template.spec.hostIPC\nrefused by `baseline` of Kubernetes 1.37: 1 of 1 resource with pods\n",
        1,
    );
    check("--pod-security baseline --pod-template Worker -", worker, "", 2);
}
