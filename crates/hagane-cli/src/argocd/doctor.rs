//! `hagane argocd doctor`: what a sidecar lacks.
#![allow(clippy::disallowed_methods, reason = "it looks at the machine it runs on, and at nothing else")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hagane::{DecryptionPolicy, FileId};
use hagane_host::grpc::{self, Code, Sent};
use zeroize::Zeroizing;

use super::generate::refuse;
use super::job::DECRYPTION_POLICY;
use super::serve::contract::HEALTH;
use super::server::{PLUGIN, Server};
use crate::{Surroundings, output};

/// Where the plugin server looks for the plugin, and where its sockets are.
const CONFIG: &str = "/home/argocd/cmp-server/config/plugin.yaml";
const SOCKETS: &str = "/home/argocd/cmp-server/plugins";

/// How long a server may take to say that it is there: a probe has a second, unless it is given more.
const PATIENCE: Duration = Duration::from_millis(800);

/// What says where keys are, beside those of age.
const SERVICES: [(&str, &str); 12] = [
    ("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "age, by a key of SSH"),
    ("HAGANE_PGP_KEY_FILE", "OpenPGP"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS KMS, by the role of the service account"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS KMS, by the role of the pod"),
    ("AWS_ACCESS_KEY_ID", "AWS KMS"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "Google Cloud KMS"),
    ("GOOGLE_CREDENTIALS", "Google Cloud KMS"),
    ("AZURE_FEDERATED_TOKEN_FILE", "Azure Key Vault, by workload identity"),
    ("AZURE_CLIENT_SECRET", "Azure Key Vault"),
    ("HUAWEICLOUD_SDK_AK", "Huawei Cloud KMS"),
    ("VAULT_ADDR", "Vault"),
    ("SOPS_KEYSERVICE", "a key service"),
];

/// Say what the sidecar lacks
///
/// To be run in it: `kubectl exec -n argocd deploy/argocd-repo-server -c hagane -- /usr/local/bin/hagane argocd doctor`.
/// No key is used, and none is shown.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane argocd doctor
  hagane argocd doctor --probe                      only: does the plugin server answer? For a probe

Exit codes: 0 nothing is missing, 3 something is.")]
pub(super) struct Doctor {
    /// Only ask whether the plugin server answers, and say nothing if it does
    #[arg(long)]
    probe: bool,
    /// The sidecar runs `hagane argocd serve`, and not Argo CD's own plugin server
    #[arg(long)]
    serve: bool,
}

/// What was found of one thing.
enum Finding {
    Fine(String),
    Doubtful(String),
    Missing(String),
}

use Finding::{Doubtful, Fine, Missing};

pub(super) fn run(arguments: &Doctor, surroundings: &mut Surroundings) -> u8 {
    let environment = |name: &str| hagane_host::environment(name).filter(|value| !value.is_empty());
    let findings = match arguments.probe {
        true => match socket(&environment) {
            Fine(_) => Vec::new(),
            finding => vec![finding],
        },
        false => {
            let mut findings = vec![user(), scratch(&environment), socket(&environment)];
            findings.extend(keys(&environment, surroundings));
            findings.push(policy(surroundings));
            if !arguments.serve {
                findings.extend([config(), log_level(&environment)]);
            }
            findings.push(server(&environment));
            findings.push(git(&environment));
            findings
        }
    };
    let mut text = String::new();
    for finding in &findings {
        let (word, what) = match finding {
            Fine(what) => ("ok", what),
            Doubtful(what) => ("doubtful", what),
            Missing(what) => ("missing", what),
        };
        text.push_str(&format!("{word:<9} {what}\n"));
    }
    if let Err(failed) = output::print(text.as_bytes(), surroundings) {
        return refuse(&failed, surroundings);
    }
    if findings.iter().any(|finding| matches!(finding, Missing(_))) { 3 } else { 0 }
}

fn user() -> Finding {
    let user = hagane_host::current_user();
    match user.split(':').next() {
        Some("0") => Doubtful("it runs as root; `runAsUser: 999` is what Argo CD's server uses".into()),
        _ => Fine(format!("it runs as {user}")),
    }
}

fn scratch(environment: &dyn Fn(&str) -> Option<OsString>) -> Finding {
    let directory = environment("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let file = directory.join(format!(".hagane-doctor-{}", std::process::id()));
    let written = fs::OpenOptions::new().write(true).create_new(true).open(&file);
    let _ = fs::remove_file(&file);
    match written {
        Ok(_) => Fine(format!("`{}` can be written to", directory.display())),
        Err(error) => Missing(format!(
            "`{}` cannot be written to ({}): the plugin server puts repositories there, mount an `emptyDir`",
            directory.display(),
            hagane_host::words(&error)
        )),
    }
}

/// Looks at the policy of who may decrypt what: a wrong one refuses everything.
fn policy(surroundings: &Surroundings) -> Finding {
    let Some(path) = hagane_host::environment(DECRYPTION_POLICY).map(PathBuf::from) else {
        return Doubtful(format!(
            "no decryption policy: any application may have decrypted what the keys open (`{DECRYPTION_POLICY}`)"
        ));
    };
    let shown = path.display();
    if path.is_relative() {
        // Empty, too: who wrote that meant some policy.
        return Missing(format!("an absolute path in {DECRYPTION_POLICY}: `{shown}` refuses everything"));
    }
    let content = surroundings.files.read(&path).ok();
    let text = content.as_deref().and_then(|content| std::str::from_utf8(content).ok());
    match text.map(|text| DecryptionPolicy::parse(text, FileId::default())) {
        None => {
            Missing(format!("the decryption policy `{shown}`: it cannot be read, and nothing is rendered"))
        }
        Some(Err(error)) => Missing(format!(
            "a decryption policy that is right: `{shown}:{}`: {}",
            error.span.line, error.message
        )),
        Some(Ok(_)) => Fine(format!("the decryption policy `{shown}` says who may decrypt what")),
    }
}

fn config() -> Finding {
    match fs::read_to_string(CONFIG) {
        Err(error) => Missing(format!(
            "`{CONFIG}` ({}): mount what `hagane argocd plugin-yaml` prints",
            hagane_host::words(&error)
        )),
        Ok(text) if !text.contains("argocd") || !text.contains("generate") => {
            Doubtful(format!("`{CONFIG}` does not start `hagane argocd generate`"))
        }
        Ok(text) if text.lines().any(|line| line.trim_start().starts_with("version:")) => Doubtful(format!(
            "`{CONFIG}` has a version: Applications must name the plugin with it, `hagane-VERSION`"
        )),
        Ok(_) => Fine(format!("`{CONFIG}` is there")),
    }
}

fn socket(environment: &dyn Fn(&str) -> Option<OsString>) -> Finding {
    let directory =
        environment("ARGOCD_PLUGINSOCKFILEPATH").map_or_else(|| PathBuf::from(SOCKETS), PathBuf::from);
    let names = fs::read_dir(&directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut sockets: Vec<PathBuf> = names
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("hagane")))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sock"))
        .collect();
    sockets.sort();
    match sockets.iter().find(|path| answers(path)) {
        Some(path) => Fine(format!("the plugin server answers at `{}`", path.display())),
        None => Missing(format!(
            "a plugin server that answers in `{}`: the container's command is `/var/run/argocd/argocd-cmp-server`, \
             or `hagane argocd serve`",
            directory.display()
        )),
    }
}

/// Returns whether a server answers a health check, or says at least that it knows none.
fn answers(socket: &Path) -> bool {
    let asked = grpc::call(socket, HEALTH, PATIENCE, &mut [Sent::Message(Vec::new())].into_iter());
    asked.map_or_else(|status| status.code == Code::Unimplemented, |_| true)
}

fn keys(environment: &dyn Fn(&str) -> Option<OsString>, surroundings: &Surroundings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in ["SOPS_AGE_KEY", "HAGANE_PGP_KEY"].into_iter().filter(|name| environment(name).is_some()) {
        findings.push(Doubtful(format!(
            "the key is in the environment ({name}): a file that is mounted shows in fewer places"
        )));
    }
    if let Some(path) = environment("SOPS_AGE_KEY_FILE") {
        findings.push(key_file(Path::new(&path), surroundings));
    }
    for (name, what) in SERVICES {
        match environment(name) {
            Some(path) if name.ends_with("_FILE") && surroundings.files.read(Path::new(&path)).is_err() => {
                findings.push(Missing(format!("the file that {name} names cannot be read")));
            }
            Some(_) => findings.push(Fine(format!("{name} is set: {what}"))),
            None => {}
        }
    }
    if findings.is_empty() {
        // Such a role is in no variable, and to ask for it is to use it.
        findings.push(Doubtful(
            "no variable says where a key is: set SOPS_AGE_KEY_FILE, unless the pod or its node has a role of its cloud"
                .into(),
        ));
    }
    findings
}

fn key_file(path: &Path, surroundings: &Surroundings) -> Finding {
    let shown = path.display();
    if path.is_relative() {
        return Missing(format!(
            "an absolute path in SOPS_AGE_KEY_FILE: `{shown}` is looked for in the Application's repository"
        ));
    }
    let content = match surroundings.files.read(path) {
        Ok(content) => content,
        Err(_) => return Missing(format!("`{shown}`, which SOPS_AGE_KEY_FILE names, cannot be read")),
    };
    let text = Zeroizing::new(String::from_utf8_lossy(&content).into_owned());
    match text.contains("AGE-SECRET-KEY-") || text.contains("AGE-PLUGIN-") {
        true => Fine(format!("`{shown}` holds a key of age")),
        false => Missing(format!("a key in `{shown}`, which SOPS_AGE_KEY_FILE names")),
    }
}

fn log_level(environment: &dyn Fn(&str) -> Option<OsString>) -> Finding {
    let name = "ARGOCD_CMP_SERVER_LOGLEVEL";
    match environment(name).and_then(|level| level.into_string().ok()).map(|level| level.to_lowercase()) {
        Some(level) if level == "debug" || level == "trace" => Missing(format!(
            "another {name} than `{level}`: it writes manifests, and Secrets with them, to the log"
        )),
        _ => Fine("the plugin server writes no manifests to its log".into()),
    }
}

fn server(environment: &dyn Fn(&str) -> Option<OsString>) -> Finding {
    match Server::read(environment, PLUGIN) {
        Ok(server) => Fine(format!(
            "Argo CD is taken to wait {} s; hagane gives up after {} s",
            server.timeout.as_secs_f64(),
            server.limit().as_secs_f64()
        )),
        Err(failed) => {
            Missing(failed.diagnostics.first().map_or_else(String::new, |error| error.message.clone()))
        }
    }
}

fn git(environment: &dyn Fn(&str) -> Option<OsString>) -> Finding {
    let path = environment("PATH").unwrap_or_default();
    match std::env::split_paths(&path).any(|directory| directory.join("git").is_file()) {
        true => Fine("remote bases are fetched by the program `git`".into()),
        false => Fine("remote bases are fetched without the program `git`, which is not there".into()),
    }
}
