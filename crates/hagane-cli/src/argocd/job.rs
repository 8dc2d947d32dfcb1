//! A render for Argo CD, as `generate` and `serve` both do it: of one repository, with Secrets that can be hidden, and never
//! nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use hagane::{
    Diagnostic, Failed, Fault, Guard, Helm, Processes, Remotes, RenderOptions, Rendered, SecretsMode,
    Severity, Span, Subject,
};
use hagane_host::Hosts;

use super::activity::{Activity, WatchedKeys, WatchedProcesses, WatchedRemotes};
use super::repository::RepositoryFiles;
use super::secret_data;
use super::server::Server;
use crate::composing::Composing;
use crate::lock::Unasked;
use crate::message::{self, MessageFormat};
use crate::{Surroundings, exit_code, failure, harden, policy};

/// The most bytes of messages: Argo CD puts all of them into the Application.
const MAX_MESSAGES: usize = 3500;

/// With this variable the administrator names the policy of who may decrypt what.
pub(super) const DECRYPTION_POLICY: &str = "HAGANE_DECRYPTION_POLICY";

/// What a render for Argo CD is about.
pub(super) struct Job<'j> {
    pub(super) target: PathBuf,
    pub(super) root: Option<PathBuf>,
    pub(super) options: RenderOptions,
    pub(super) composing: &'j Composing,
    pub(super) allow_empty: bool,
    /// Whom the repository may have asked.
    pub(super) hosts: &'j Hosts,
}

/// Renders what a job is about.
pub(super) fn render(
    job: &Job,
    activity: &Activity,
    surroundings: &mut Surroundings,
) -> Result<Rendered, Failed> {
    activity.now("reading and composing layers");
    let own: Mutex<Vec<PathBuf>> = Mutex::default();
    let files = RepositoryFiles::new(surroundings.files, job.root.clone(), &own, activity.clone());
    let keyring = WatchedKeys { inner: surroundings.keyring, activity: activity.clone() };
    let remotes =
        surroundings.remotes.map(|inner| WatchedRemotes { inner, activity: activity.clone(), fetched: &own });
    let processes = surroundings.processes.map(|inner| WatchedProcesses {
        inner,
        activity: activity.clone(),
        scratch: &own,
        files: &files,
        hosts: job.hosts,
    });
    let directory = surroundings.directory.clone();
    let target = match job.target.strip_prefix(&directory) {
        Ok(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Ok(below) => below.to_owned(),
        Err(_) => job.target.clone(),
    };
    let within = Surroundings {
        files: &files,
        keyring: &keyring,
        remotes: remotes.as_ref().map(|remotes| remotes as &dyn Remotes),
        processes: processes.as_ref().map(|processes| processes as &dyn Processes),
        directory,
        stdin: &mut *surroundings.stdin,
        stdout: &mut *surroundings.stdout,
        stdout_is_terminal: false,
        stderr: &mut *surroundings.stderr,
        coloured: false,
    };
    let mut rendered = job
        .composing
        .in_world(&target, Unasked::Used, &within, |world| hagane::render(world, &target, &job.options))?;
    rendered.warnings.extend(harden::warnings(&rendered.report));
    let mut rendered = harden::refuse_failing(rendered)?;
    if job.options.secrets != SecretsMode::KeepEncrypted {
        let wrong = secret_data::as_data(&mut rendered);
        if !wrong.is_empty() {
            return Err(Failed { diagnostics: wrong, source_map: rendered.source_map });
        }
        rendered.warnings.extend(secret_data::shown_by_argo(&rendered));
    }
    if rendered.resources.is_empty() && !job.allow_empty {
        let error = Diagnostic::error(Span::default(), "the application has no manifests")
            .with_path(target.to_string_lossy());
        let hint = "Argo CD would delete all that it has of it; `--allow-empty`, where that is meant";
        rendered.warnings.push(error.hinted(hint));
        return Err(Failed { diagnostics: rendered.warnings, source_map: rendered.source_map });
    }
    Ok(rendered)
}

/// Returns the guard over a repository, if the administrator has a policy: by a flag, or in the environment of this process.
/// Whose run it is, the controller says, in `environment`.
pub(super) fn guard(
    policy: Option<&Path>,
    root: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<OsString>,
    surroundings: &Surroundings,
) -> Result<Option<Guard>, Failed> {
    let Some(policy) = policy_file(policy)? else { return Ok(None) };
    let Some(root) = root else {
        return Err(failure(
            Fault::Usage,
            "the decryption policy cannot be used: nothing says where the repository begins",
        ));
    };
    let fact = |name: &str| environment(name).and_then(|fact| fact.into_string().ok()).unwrap_or_default();
    let subject = Subject {
        project: fact("ARGOCD_APP_PROJECT_NAME"),
        application: fact("ARGOCD_APP_NAME"),
        namespace: fact("ARGOCD_APP_NAMESPACE"),
    };
    policy::guard(&policy, subject, root, surroundings).map(Some)
}

/// Returns where the administrator's policy is, if there is one: by a flag, or in the environment of this process.
pub(super) fn policy_file(flag: Option<&Path>) -> Result<Option<PathBuf>, Failed> {
    if let Some(flag) = flag {
        return Ok(Some(flag.to_owned()));
    }
    let named = hagane_host::environment(DECRYPTION_POLICY).map(PathBuf::from);
    if named.as_ref().is_some_and(|file| !file.is_absolute()) {
        // Where a run begins is the repository's, and another directory every time.
        let mut failed = failure(
            Fault::Usage,
            format!("the decryption policy cannot be used: `{DECRYPTION_POLICY}` is no absolute path"),
        );
        failed.diagnostics[0].hints.push("for example `/etc/hagane/policy.yaml`".into());
        return Err(failed);
    }
    Ok(named)
}

/// Inflates charts for the cluster that the server names, unless the administrator names another.
pub(super) fn for_cluster(mut helm: Helm, server: &Server) -> Helm {
    if helm.kube_version.is_empty() {
        helm.kube_version.clone_from(&server.kube_version);
    }
    if helm.api_versions.is_empty() {
        helm.api_versions.clone_from(&server.api_versions);
    }
    helm
}

/// Says why there is nothing, and returns the exit code.
pub(super) fn tell(failed: &Failed, surroundings: &mut Surroundings) -> u8 {
    message::tell(&failed.diagnostics, &failed.source_map, MessageFormat::Human, surroundings);
    let error = failed.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    error.map_or(1, |error| exit_code(error.fault))
}

/// Returns the messages without the path of the repository, which is another one in every run, and no longer than what a
/// condition of an Application is to hold.
pub(super) fn short(text: &str, root: Option<&Path>) -> String {
    let root: Option<OsString> = root.map(Into::into);
    let text = match root.and_then(|root| root.into_string().ok()).filter(|root| root.len() > 1) {
        Some(root) => text.replace(&format!("{root}/"), "").replace(&root, "."),
        None => text.to_owned(),
    };
    if text.len() <= MAX_MESSAGES {
        return text;
    }
    let end = (0..=MAX_MESSAGES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let end = text[..end].rfind('\n').map_or(end, |line| line + 1);
    let rest = text[end..].lines().count();
    format!("{}… and {rest} lines more\n", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_short_and_say_the_same_in_every_directory() {
        let check = |text: &str, expected: &str| {
            assert_eq!(short(text, Some(Path::new("/tmp/_cmp_server/1234"))), expected);
        };
        check("error: `/tmp/_cmp_server/1234/a/b.yaml`\n", "error: `a/b.yaml`\n");
        check("error: `/tmp/_cmp_server/1234`\n", "error: `.`\n");
        check("error: `/etc/key`\n", "error: `/etc/key`\n");
        let long = short(&"0123456789\n".repeat(1000), None);
        assert!(long.len() < MAX_MESSAGES + 30 && long.ends_with("9\n… and 682 lines more\n"), "{long}");
        assert!(short(&"é".repeat(5000), None).len() < MAX_MESSAGES + 30);
    }
}
