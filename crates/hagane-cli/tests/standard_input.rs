//! Commands that read standard input: what they print, and how they end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hagane::{AgeKeyring, Identities, MemoryFiles, Output, Process, ProcessError, Processes};
use hagane_cli::{Surroundings, run};

/// Programs that write what they read, one value changed, one comment dropped.
struct Mirror;

impl Processes for Mirror {
    fn run(&self, process: &Process) -> Result<Output, ProcessError> {
        let text = String::from_utf8_lossy(&process.stdin);
        let stdout = text.replace(" # dropped", "").replace("value: a", "value: b").into_bytes();
        Ok(Output { code: Some(0), stdout, stderr: Vec::new() })
    }

    fn scratch(&self) -> Result<PathBuf, ProcessError> {
        Err(ProcessError::NotFound)
    }

    fn write(&self, _: &Path, _: &[u8]) -> Result<(), ProcessError> {
        Err(ProcessError::NotFound)
    }

    fn variable(&self, _: &str) -> Option<OsString> {
        None
    }
}

#[track_caller]
fn check(command: &str, input: &str, output: &str, code: u8) {
    let files = MemoryFiles::new();
    let keyring = AgeKeyring::new(Identities::new());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut surroundings = Surroundings {
        files: &files,
        keyring: &keyring,
        remotes: None,
        processes: Some(&Mirror),
        directory: "/".into(),
        stdin: &mut input.as_bytes(),
        stdout: &mut stdout,
        stdout_is_terminal: false,
        stderr: &mut stderr,
        coloured: false,
    };
    let ended = run(command.split(' ').map(Into::into), &mut surroundings);
    let said = String::from_utf8(stderr).expect("messages are text");
    assert_eq!(String::from_utf8(stdout).expect("output is text"), output, "{command}: {said}");
    assert_eq!(ended, code, "{command}: {said}");
    assert!(code == 0 || !output.is_empty() || !said.is_empty(), "{command} fails without a word");
}

const TWO: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: web
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    config.kubernetes.io/path: apps/web.yaml
  ownerReferences:
  - kind: Service
    name: web
";

const LIST: &str = "\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- apiVersion: v1
  kind: Service
  metadata:
    name: web
    annotations:
      config.kubernetes.io/index: '0'
      internal.config.kubernetes.io/index: '0'
- apiVersion: v1
  kind: Pod
  metadata:
    name: web
    annotations:
      config.kubernetes.io/path: apps/web.yaml
      config.kubernetes.io/index: '1'
      internal.config.kubernetes.io/index: '1'
    ownerReferences:
    - kind: Service
      name: web
";

#[test]
fn manifests_come_from_standard_input() {
    let prints = |command: &str, input: &str, output: &str| {
        check(&format!("kustomize {command}"), input, output, 0);
    };
    prints("cfg count", TWO, "Pod: 1\nService: 1\n");
    prints("cfg count --kind=false", LIST, "2\n");
    prints(
        "cfg grep kind=Service --annotate=false",
        TWO,
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n",
    );
    prints("cfg cat --strip-comments", "# a\nb: 1 # c\n", "b: 1\n");
    prints("cfg tree -", TWO, ".\n└── [Resource]  Service web\n    └── [Resource]  Pod web\n");
    prints(
        "cfg tree - --graph-structure directory",
        LIST,
        ".\n├── [.]  Service web\n└── apps\n    └── [web.yaml]  Pod web\n",
    );
    prints("fn source", TWO, LIST);
    let without_path = TWO.replace("  annotations:\n    config.kubernetes.io/path: apps/web.yaml\n", "");
    prints("fn sink", LIST, &without_path);
    check("kustomize fn sink apps", TWO, "", 1);
    check("kustomize cfg cat", "- a\n", "", 1);
}

#[test]
fn standard_input_is_checked() {
    check(
        "hagane check --pod-security baseline -",
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a}]}}",
        "admitted by `baseline` of Kubernetes 1.37: 1 resource with pods\n",
        0,
    );
    check(
        "hagane check --pod-security baseline -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: [{name: a}]}\n",
        "standard input:4: Pod/a: `hostPID: true` shares a namespace with the node [host-namespaces]\n    spec.hostPID\n\
         refused by `baseline` of Kubernetes 1.37: 1 of 1 resource with pods\n",
        1,
    );
    check("hagane check --pod-security baseline -", "kind: [", "", 1);
}

#[test]
fn names_may_be_made_up_by_the_cluster() {
    check(
        "hagane check --pod-security baseline -",
        "{apiVersion: batch/v1, kind: Job, metadata: {generateName: run-}, spec: {template: {spec: {hostIPC: true}}}}",
        "standard input:1: Job/run-*: `hostIPC: true` shares a namespace with the node [host-namespaces]\n    \
         spec.template.spec.hostIPC\nrefused by `baseline` of Kubernetes 1.37: 1 of 1 resource with pods\n",
        1,
    );
    check("hagane check --pod-security baseline -", "{apiVersion: v1, kind: Pod, metadata: {}}", "", 1);
}

#[test]
fn kinds_of_ones_own_have_pods() {
    let worker = "{apiVersion: example.com/v1, kind: Worker, metadata: {name: a}, spec: {workers: [{template: {spec: {hostIPC: true}}}]}}";
    check(
        "hagane check --pod-security baseline -",
        worker,
        "admitted by `baseline` of Kubernetes 1.37: 0 resources with pods\n",
        0,
    );
    check(
        "hagane check --pod-security baseline --pod-template example.com/Worker=spec/workers[]/template -",
        worker,
        "standard input:1: Worker/a: `hostIPC: true` shares a namespace with the node [host-namespaces]\n    \
         spec.workers[0].template.spec.hostIPC\nrefused by `baseline` of Kubernetes 1.37: 1 of 1 resource with pods\n",
        1,
    );
    check("hagane check --pod-security baseline --pod-template Worker -", worker, "", 2);
}

#[test]
fn functions_run_over_a_stream() {
    let stream = "\
# First.
kind: ConfigMap
metadata: {name: a} # dropped
data: {value: a}
---
kind: ConfigMap
metadata:
  name: b
  namespace: shop
  annotations:
    config.kubernetes.io/path: b.yaml
";
    let made = "\
# First.
kind: ConfigMap
metadata: {name: a, annotations: {config.kubernetes.io/path: 'configmap_a.yaml', \
        internal.config.kubernetes.io/path: 'configmap_a.yaml'}} # dropped
data: {value: b}
---
kind: ConfigMap
metadata:
  name: b
  namespace: shop
  annotations:
    config.kubernetes.io/path: b.yaml
    internal.config.kubernetes.io/path: 'b.yaml'
";
    check("kustomize fn run --image x", stream, made, 0);
}

#[test]
fn functions_run_over_a_list() {
    let list = |items: &str| format!("kind: ResourceList\nitems:\n{items}");
    // Without annotations it stays without, and with those of one name it keeps those alone.
    check(
        "kustomize fn run --image x",
        &list("- kind: ConfigMap\n  metadata:\n    name: a\n  data: {value: a}\n"),
        "kind: ConfigMap\nmetadata:\n  name: a\ndata: {value: b}\n",
        0,
    );
    let annotated = "- {kind: A, metadata: {name: a, annotations: {config.kubernetes.io/path: x.json}}}\n";
    let json = "{\n  \"kind\": \"A\",\n  \"metadata\": {\n    \"annotations\": {\n      \
        \"config.kubernetes.io/path\": \"x.json\"\n    },\n    \"name\": \"a\"\n  }\n}\n";
    check("kustomize fn run --image x", &list(annotated), json, 0);
    let other =
        "- {kind: B, metadata: {name: b, annotations: {internal.config.kubernetes.io/path: y.yaml}}}\n";
    check("kustomize fn run --image x", &list(&format!("{annotated}{other}")), "", 1);
    // A list may declare its functions itself.
    let declares = "- kind: A
  metadata:
    annotations: {config.kubernetes.io/path: a.yaml, config.kubernetes.io/container: x}
";
    let made = "kind: A
metadata:
  annotations: {config.kubernetes.io/path: a.yaml, config.kubernetes.io/container: x}
";
    check("kustomize fn run", &list(declares), made, 0);
}
