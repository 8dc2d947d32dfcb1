//! Commands that read standard input, and what they print.

use hagane::{AgeKeyring, Identities, MemoryFiles};
use hagane_cli::{Surroundings, run};

#[track_caller]
fn check(command: &str, input: &str, output: &str) {
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
    let arguments = ["kustomize"].into_iter().chain(command.split(' ')).map(Into::into);
    let code = run(arguments, &mut surroundings);
    let said = String::from_utf8(stderr).expect("messages are text");
    assert_eq!(String::from_utf8(stdout).expect("output is text"), output, "{command}: {said}");
    assert_eq!(code, u8::from(!said.is_empty()), "{command}: {said}");
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
    check("cfg count", TWO, "Pod: 1\nService: 1\n");
    check("cfg count --kind=false", LIST, "2\n");
    check(
        "cfg grep kind=Service --annotate=false",
        TWO,
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n",
    );
    check("cfg cat --strip-comments", "# a\nb: 1 # c\n", "b: 1\n");
    check("cfg tree -", TWO, ".\n└── [Resource]  Service web\n    └── [Resource]  Pod web\n");
    check(
        "cfg tree - --graph-structure directory",
        LIST,
        ".\n├── [.]  Service web\n└── apps\n    └── [web.yaml]  Pod web\n",
    );
    check("fn source", TWO, LIST);
    let without_path = TWO.replace("  annotations:\n    config.kubernetes.io/path: apps/web.yaml\n", "");
    check("fn sink", LIST, &without_path);
    check("fn sink apps", TWO, "");
    check("cfg cat", "- a\n", "");
}
