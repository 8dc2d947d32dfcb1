//! The plugin of Argo CD: the contract of its server, the set-up of the example, and the other way in, as its `kustomize`.
#![allow(clippy::disallowed_methods, reason = "a test starts the program in directories of its own")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn repository() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn hagane(arguments: &str) -> Output {
    let arguments = arguments.split(' ').filter(|word| !word.is_empty());
    Command::new(env!("CARGO_BIN_EXE_hagane"))
        .args(arguments)
        .current_dir(repository())
        .env_clear()
        .output()
        .unwrap()
}

fn check_contract(flags: &str) {
    let sample = "overlays-sample";
    let report = hagane(&format!(
        "argocd test {flags} --repository {sample} --key-file {sample}/keys/test.agekey {sample}/overlays/production"
    ));
    let said = text(&report.stdout);
    // What a machine cannot run is said, and is no failure.
    assert!(report.status.success() && said.contains(" 0 failed, "), "{said}{}", text(&report.stderr));
    for part in [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12] {
        assert!(said.contains(&format!("{part:>2} passed ")), "{part}\n{said}");
    }
}

#[test]
fn every_part_of_the_contract_holds() {
    check_contract("--runs 20 --concurrent 10 --kills 20");
}

#[test]
fn every_part_of_the_contract_holds_for_the_server() {
    check_contract("--serve --runs 20 --concurrent 50 --kills 24");
}

/// Makes a directory with an encrypted Secret whose key is one of a service.
fn of_a_service(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("kustomization.yaml"), "resources: [secret.yaml]\n").unwrap();
    fs::write(directory.join("secret.yaml"), include_str!("argocd/encrypted.yaml")).unwrap();
    directory
}

/// Whoever is killed in the line, at its front or at work, the others have their turn.
#[test]
fn who_is_killed_holds_nobody_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", silent.local_addr().unwrap());
    let directory = of_a_service("who-is-killed");
    let start = |directory: &Path| {
        Command::new(env!("CARGO_BIN_EXE_hagane"))
            .args(["argocd", "generate", "--concurrency", "1", "--timeout", "1h"])
            .current_dir(directory)
            .env_clear()
            .envs([("SOPS_KEYSERVICE", address.as_str()), ("SOPS_ENABLE_LOCAL_KEYSERVICE", "false")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let end = |mut child: Child| {
        child.kill().unwrap();
        child.wait().unwrap()
    };
    let plain = repository().join("overlays-sample/base");
    for _ in 0..5 {
        let at_work = start(&directory);
        // Its key is asked for.
        let _asked = silent.accept().unwrap();
        let mut others: Vec<Child> = (0..8).map(|_| start(&plain)).collect();
        others.drain(..5).step_by(2).for_each(|other| _ = end(other));
        end(at_work);
        for mut other in others {
            assert!(other.wait().unwrap().success());
        }
    }
}

/// A tenant may name a service that never answers. Argo CD has to hear of it before it gives up, and who is waited for.
#[test]
fn a_key_service_that_never_answers_holds_nobody_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", silent.local_addr().unwrap());
    let directory = of_a_service("a-silent-key-service");
    let run = |timeout: &str| {
        Command::new(env!("CARGO_BIN_EXE_hagane"))
            .args(["argocd", "generate", "--timeout", timeout])
            .current_dir(&directory)
            .env_clear()
            .envs([("SOPS_KEYSERVICE", address.as_str()), ("SOPS_ENABLE_LOCAL_KEYSERVICE", "false")])
            .output()
            .unwrap()
    };
    let check = |timeout: &str, limit: &str| {
        let run = run(timeout);
        let said = text(&run.stderr);
        assert_eq!((run.status.code(), text(&run.stdout)), (Some(4), String::new()), "{said}");
        let late = format!("error: no manifests within {limit} s: time ran out while ");
        assert!(said.starts_with(&late), "{said}");
        said[late.len()..].starts_with("asking for AWS KMS key")
    };
    // Where much else runs it may not have come that far in the time.
    assert!(check("1s", "0.8") || check("10s", "9") || check("50s", "45"));
}

#[test]
fn a_plugin_that_prints_what_it_should_not_is_found_out() {
    let check = |command: &str, finding: &str| {
        let report = hagane(&format!(
            "argocd test --runs 2 --concurrent 2 --kills 2 --repository overlays-sample overlays-sample/base -- {command}"
        ));
        let said = text(&report.stdout);
        assert_eq!(report.status.code(), Some(1), "{command}\n{said}");
        assert!(said.contains(finding), "{command}\n{said}");
    };
    check("/bin/echo a", " 1 FAILED");
    check("/bin/cat kustomization.yaml", " 1 FAILED");
    // It never fails, whatever is wrong.
    check("/bin/cat service.yaml catalog.yaml", " 1 FAILED");
    check("/bin/cat catalog.yaml", "10 FAILED");
    let waits = Path::new(env!("CARGO_TARGET_TMPDIR")).join("waits-for-input");
    fs::write(&waits, "read line; exec /bin/cat catalog.yaml\n").unwrap();
    check(&format!("/bin/sh {}", waits.display()), " 5 FAILED");
}

/// Starts `doctor` with a plugin server's directory of sockets, and other variables.
fn doctor(flags: &[&str], sockets: &Path, variables: &[(&str, &str)]) -> (Option<i32>, Vec<String>) {
    let said = Command::new(env!("CARGO_BIN_EXE_hagane"))
        .args(["argocd", "doctor"])
        .args(flags)
        .env_clear()
        .envs([("TMPDIR", env!("CARGO_TARGET_TMPDIR")), ("PATH", "/nonexistent")])
        .env("ARGOCD_PLUGINSOCKFILEPATH", sockets)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    // Who it runs as is another matter on each machine.
    let lines = text(&said.stdout).lines().skip(1).map(str::to_owned).collect();
    (said.status.code(), lines)
}

#[test]
fn what_a_sidecar_lacks_is_said() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("doctor");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let key = repository().join("overlays-sample/keys/test.agekey");
    let key = key.to_str().unwrap();
    let starts = |(code, lines): (Option<i32>, Vec<String>), expected: i32, begin: &[&str]| {
        assert_eq!((code, lines.len()), (Some(expected), begin.len()), "{lines:#?}");
        for (line, begin) in lines.iter().zip(begin) {
            assert!(line.starts_with(begin), "{begin}: {lines:#?}");
        }
        assert!(lines.iter().all(|line| !line.contains("AGE-SECRET-KEY")), "{lines:#?}");
    };
    let variables = [
        ("SOPS_AGE_KEY_FILE", "age.key"),
        ("ARGOCD_CMP_SERVER_LOGLEVEL", "DEBUG"),
        ("ARGOCD_EXEC_TIMEOUT", "x"),
    ];
    let lacking = [
        "ok        `",
        "missing   a plugin server that answers in `",
        "missing   an absolute path in SOPS_AGE_KEY_FILE: `age.key`",
        "doubtful  no decryption policy: ",
        "missing   `/home/argocd/cmp-server/config/plugin.yaml` (",
        "missing   another ARGOCD_CMP_SERVER_LOGLEVEL than `debug`",
        "missing   `ARGOCD_EXEC_TIMEOUT` is no duration",
        "ok        remote bases are fetched without the program `git`",
    ];
    starts(doctor(&[], &directory, &variables), 3, &lacking);
    // The role of a pod shows in no variable.
    let without_key = doctor(&["--serve"], &directory, &[]).1;
    assert!(without_key[2].starts_with("doubtful  no variable says where a key is"), "{without_key:#?}");
    for policy in ["", "policy.yaml"] {
        let (code, lines) = doctor(&["--serve"], &directory, &[("HAGANE_DECRYPTION_POLICY", policy)]);
        assert!(lines[3].starts_with("missing   an absolute path in HAGANE_DECRYPTION_POLICY"), "{lines:#?}");
        assert_eq!(code, Some(3));
    }
    let mut server = Command::new(env!("CARGO_BIN_EXE_hagane"))
        .args(["argocd", "serve"])
        .env_clear()
        .env("ARGOCD_PLUGINSOCKFILEPATH", &directory)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while doctor(&["--probe"], &directory, &[]).0 != Some(0) {
        assert!(server.try_wait().unwrap().is_none(), "it has ended");
        assert!(started.elapsed() < Duration::from_secs(300), "it does not answer");
    }
    let variables = [("SOPS_AGE_KEY_FILE", key), ("HUAWEICLOUD_SDK_AK", "x")];
    let fine = [
        "ok        `",
        "ok        the plugin server answers at `",
        "ok        `/",
        "ok        HUAWEICLOUD_SDK_AK is set: Huawei Cloud KMS",
        "doubtful  no decryption policy: ",
        "ok        Argo CD is taken to wait 60 s; hagane gives up after 55 s",
        "ok        remote bases are fetched without the program `git`",
    ];
    starts(doctor(&["--serve"], &directory, &variables), 0, &fine);
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn the_example_is_what_the_program_prints() {
    let example = repository().join("examples/argocd/install");
    let read = |name: &str| fs::read_to_string(example.join(name)).unwrap();
    assert_eq!(text(&hagane("argocd plugin-yaml").stdout), read("plugin.yaml"));
    let manifests = text(&hagane("argocd manifests").stdout);
    let parts: Vec<&str> = manifests.splitn(3, "---\n").collect();
    assert_eq!(parts[1], read("sidecar.yaml"));
    assert_eq!(parts[2], read("network-policy.yaml"));
    for directory in ["install", "applications"] {
        let built = hagane(&format!("build examples/argocd/{directory}"));
        assert!(built.status.success(), "{}", text(&built.stderr));
    }
    let installed = text(&hagane("build examples/argocd/install").stdout);
    for line in ["runAsUser: 999", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", "- ALL"]
    {
        assert!(installed.contains(line), "{line}\n{installed}");
    }
}

/// A directory with the sample and a link named `kustomize`. It goes away with the test.
struct RepoServer(PathBuf);

impl RepoServer {
    fn new(name: &str) -> RepoServer {
        let directory = fs::canonicalize(env!("CARGO_TARGET_TMPDIR")).unwrap().join(name);
        let _ = fs::remove_dir_all(&directory);
        copy(&repository().join("overlays-sample"), &directory.join("repository"));
        symlink(env!("CARGO_BIN_EXE_hagane"), directory.join("kustomize")).unwrap();
        RepoServer(directory)
    }

    fn kustomize(&self, below: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let key = self.0.join("repository/keys/test.agekey");
        Command::new(self.0.join("kustomize"))
            .args(arguments)
            .current_dir(self.0.join("repository").join(below))
            .env_clear()
            .env("SOPS_AGE_KEY_FILE", key)
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }
}

impl Drop for RepoServer {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => _ = fs::copy(entry.path(), to.join(entry.file_name())).unwrap(),
        }
    }
}

#[test]
fn what_argo_cd_does_with_its_kustomize() {
    let server = RepoServer::new("repo-server");
    let application = "overlays/production";
    let version = server.kustomize(application, &["version", "--short"], &[]);
    assert_eq!(text(&version.stdout), "v5.8.1\n");
    let edits: [&[&str]; 10] = [
        &["set", "nameprefix", "--", "blue-"],
        &["set", "namesuffix", "--", "-green"],
        &["set", "image", "registry.example.com/shop/catalog:9.9.9", "node=mirror.example.com/node:20"],
        &["set", "replicas", "catalog=7"],
        &["add", "label", "--force", "--without-selector", "team:shop"],
        &["add", "label", "--force", "--without-selector", "--include-templates", "seen:both"],
        &["add", "label", "--force", "tier:front"],
        &["add", "annotation", "--force", "owner:shop"],
        &["set", "namespace", "--", "elsewhere"],
        &["add", "component", "../../components/metrics"],
    ];
    for edit in edits {
        let arguments = [&["edit"], edit].concat();
        let done = server.kustomize(application, &arguments, &[]);
        assert!(done.status.success(), "{edit:?}: {}", text(&done.stderr));
    }
    let path = server.0.join("repository").join(application);
    let path = path.to_str().unwrap();
    let options = ["--enable-helm", "--helm-kube-version", "1.34.1", "--helm-api-versions", "v1"];
    let build = [&["build", path, "--load-restrictor", "LoadRestrictionsNone"], options.as_slice()].concat();
    let built = server.kustomize("", &build, &[]);
    assert!(built.status.success(), "{}", text(&built.stderr));
    let built = text(&built.stdout);
    for part in ["blue-catalog-green", "replicas: 7", "team: shop", "namespace: elsewhere", "ENC[AES256_GCM"]
    {
        assert!(built.contains(part), "{part}\n{built}");
    }
    let rendered = server.kustomize("", &build, &[("HAGANE_KUSTOMIZE_BUILD", "render")]);
    assert!(rendered.status.success(), "{}", text(&rendered.stderr));
    let rendered = text(&rendered.stdout);
    assert!(!rendered.contains("ENC[AES256_GCM") && !rendered.contains("stringData"), "{rendered}");
    assert!(rendered.contains("blue-catalog-green"));
}

#[test]
fn only_the_administrator_lets_kustomize_render() {
    let server = RepoServer::new("administrator");
    let check = |variables: &[(&str, &str)], code: i32, is_encrypted: bool| {
        let built = server.kustomize("", &["build", "overlays/production"], variables);
        assert_eq!(built.status.code(), Some(code), "{variables:?}: {}", text(&built.stderr));
        assert_eq!(text(&built.stdout).contains("ENC[AES256_GCM"), is_encrypted, "{variables:?}");
    };
    check(&[], 0, true);
    check(&[("HAGANE_KUSTOMIZE_BUILD", "")], 0, true);
    check(&[("HAGANE_KUSTOMIZE_BUILD", "build")], 0, true);
    check(&[("HAGANE_KUSTOMIZE_BUILD", "render")], 0, false);
    check(&[("HAGANE_KUSTOMIZE_BUILD", "yes")], 1, false);
    check(&[("ARGOCD_ENV_HAGANE_KUSTOMIZE_BUILD", "render")], 0, true);
    // A repository says what is rendered, and not whether.
    fs::write(server.0.join("repository/.env"), "HAGANE_KUSTOMIZE_BUILD=render\n").unwrap();
    check(&[], 0, true);
    let without_key = [("HAGANE_KUSTOMIZE_BUILD", "render"), ("SOPS_AGE_KEY_FILE", "/nonexistent")];
    check(&without_key, 1, false);
}
