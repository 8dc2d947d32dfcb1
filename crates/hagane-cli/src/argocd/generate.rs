//! `hagane argocd generate`: the manifests of the application in the working directory.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use clap::Args;
use hagane::{
    Diagnostic, EmitOptions, Failed, Fault, Guard, Helm, Processes, Remotes, RenderOptions, Rendered,
    Secrets, SecretsMode, Severity, SourceMap, Span, Subject,
};
use hagane_host::{Deadline, Leftovers, Turn};

use super::activity::{Activity, WatchedKeys, WatchedProcesses, WatchedRemotes};
use super::parameters::{self, PARAMETERS};
use super::repository::{RepositoryFiles, root};
use super::secret_data;
use super::server::{PLUGIN, PROGRAM, Server, duration};
use crate::arguments::{Build, SecretsArgument};
use crate::composing::Composing;
use crate::lock::Unasked;
use crate::message::{self, MessageFormat};
use crate::output::{self, Destination};
use crate::{Surroundings, commands, exit_code, failure, harden, policy};

/// With this variable the administrator lets `kustomize build` run the whole pipeline.
const KUSTOMIZE_BUILD: &str = "HAGANE_KUSTOMIZE_BUILD";

/// With this variable the administrator names the policy of who may decrypt what.
const DECRYPTION_POLICY: &str = "HAGANE_DECRYPTION_POLICY";

/// The most bytes of messages: Argo CD puts all of them into the Application.
const MAX_MESSAGES: usize = 3500;

/// Print the manifests of the application in the working directory
///
/// `hagane render` for the plugin server of Argo CD: only files of the application's repository are read, Secrets have `data`
/// and no `stringData`, no manifests at all are an error, and it ends before the server's patience does. Flags are the
/// administrator's, in `plugin.yaml`; nothing that an Application says becomes one.
///
/// Read from the environment: ARGOCD_EXEC_TIMEOUT, ARGOCD_APP_PARAMETERS, ARGOCD_APP_SOURCE_PATH, KUBE_VERSION,
/// KUBE_API_VERSIONS, HAGANE_DECRYPTION_POLICY, for whom it is asked (ARGOCD_APP_PROJECT_NAME, ARGOCD_APP_NAME,
/// ARGOCD_APP_NAMESPACE), and the keys' variables. ARGOCD_ENV_… is not.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane argocd generate
  hagane argocd generate --offline --timeout 90s
  hagane argocd generate --enable-helm --helm-command /custom-tools/helm

Exit codes: 0 done, 1 the input is wrong, 2 the command line or the environment is wrong, 3 a key or a
permission is missing, 4 something outside failed for now, or time ran out.")]
pub(super) struct Generate {
    /// No manifests are no error
    #[arg(long)]
    allow_empty: bool,
    /// How long Argo CD waits, as `90s`; without it ARGOCD_EXEC_TIMEOUT, or 60s
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| duration(text).ok_or("a duration is like `90s` or `2m30s`"))]
    timeout: Option<Duration>,
    /// How many of these may work at once in a pod; without it, twice the number of processors
    #[arg(long, value_name = "NUMBER")]
    concurrency: Option<NonZero<usize>>,
    /// What happens to encrypted values
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    secrets: SecretsArgument,
    /// Decrypt only what the policy in FILE allows; without it HAGANE_DECRYPTION_POLICY names the file
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    composing: Composing,
}

/// What a render for Argo CD is about.
struct Job<'j> {
    target: PathBuf,
    root: Option<PathBuf>,
    options: RenderOptions,
    composing: &'j Composing,
    allow_empty: bool,
    limit: Duration,
    concurrency: Option<NonZero<usize>>,
}

/// Runs the command and returns the exit code.
pub(super) fn run(
    arguments: &Generate,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &mut Surroundings,
) -> u8 {
    let job = match job(arguments, surroundings) {
        Ok(job) => job,
        Err(failed) => return refuse(&failed, surroundings),
    };
    finish(&job, None, leftovers, surroundings)
}

fn job<'j>(arguments: &'j Generate, surroundings: &Surroundings) -> Result<Job<'j>, Failed> {
    let mut server = Server::read(&hagane_host::environment, PLUGIN)?;
    let settings = match hagane_host::environment(PARAMETERS).map(OsString::into_string) {
        None => Vec::new(),
        Some(Ok(text)) => parameters::read(&text)?,
        Some(Err(_)) => return Err(failure(Fault::Input, format!("`{PARAMETERS}` is no text"))),
    };
    server.timeout = arguments.timeout.unwrap_or(server.timeout);
    let mut build = arguments.composing.options();
    build.helm = build.helm.map(|helm| for_cluster(helm, &server));
    let options =
        RenderOptions { build, secrets: arguments.secrets.into(), settings, ..RenderOptions::default() };
    let root = root(&surroundings.directory, server.source_path.as_deref(), surroundings.files);
    let guard = guard(arguments.policy.clone(), root.as_deref(), surroundings)?;
    let options = RenderOptions { guard, ..options };
    Ok(Job {
        target: surroundings.directory.clone(),
        root,
        options,
        composing: &arguments.composing,
        allow_empty: arguments.allow_empty,
        limit: server.limit(),
        concurrency: arguments.concurrency,
    })
}

/// Returns the guard over a repository, if the administrator has a policy. Whose run it is, the controller says.
fn guard(
    policy: Option<PathBuf>,
    root: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Option<Guard>, Failed> {
    let policy = policy.or_else(|| hagane_host::environment(DECRYPTION_POLICY).map(PathBuf::from));
    let Some(policy) = policy else { return Ok(None) };
    let Some(root) = root else {
        return Err(failure(
            Fault::Usage,
            "the decryption policy cannot be used: nothing says where the repository begins",
        ));
    };
    let fact = |name: &str| {
        hagane_host::environment(name).and_then(|fact| fact.into_string().ok()).unwrap_or_default()
    };
    let subject = Subject {
        project: fact("ARGOCD_APP_PROJECT_NAME"),
        application: fact("ARGOCD_APP_NAME"),
        namespace: fact("ARGOCD_APP_NAMESPACE"),
    };
    policy::guard(&policy, subject, root, surroundings).map(Some)
}

/// Inflates charts for the cluster that the server names, unless the administrator names another.
fn for_cluster(mut helm: Helm, server: &Server) -> Helm {
    if helm.kube_version.is_empty() {
        helm.kube_version.clone_from(&server.kube_version);
    }
    if helm.api_versions.is_empty() {
        helm.api_versions.clone_from(&server.api_versions);
    }
    helm
}

/// Runs `kustomize build`: the whole pipeline where the administrator says so in the environment, else what kustomize does.
pub(crate) fn build_as_kustomize(
    arguments: &Build,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &mut Surroundings,
) -> Result<(), Failed> {
    match hagane_host::environment(KUSTOMIZE_BUILD).as_deref().and_then(|value| value.to_str()) {
        None | Some("" | "build") => return commands::build(arguments, surroundings),
        Some("render") => {}
        Some(_) => {
            return Err(failure(
                Fault::Usage,
                format!("`{KUSTOMIZE_BUILD}` is neither `build` nor `render`"),
            ));
        }
    }
    let server = Server::read(&hagane_host::environment, PROGRAM)?;
    let target = surroundings.directory.join(&arguments.directory);
    let target = surroundings.files.resolve(&target).map_or(target, |(target, _)| target);
    // Argo CD starts it in the root of the repository.
    let root = match target.starts_with(&surroundings.directory) {
        true => Some(surroundings.directory.clone()),
        false => root(&target, None, surroundings.files).or_else(|| Some(target.clone())),
    };
    let job = Job {
        target,
        options: RenderOptions {
            build: arguments.options(),
            guard: guard(None, root.as_deref(), surroundings)?,
            ..RenderOptions::default()
        },
        root,
        composing: &arguments.composing,
        allow_empty: false,
        limit: server.limit(),
        concurrency: None,
    };
    match finish(&job, arguments.output.as_deref(), leftovers, surroundings) {
        0 => Ok(()),
        // It is all said.
        _ => Err(Failed { diagnostics: Vec::new(), source_map: SourceMap::new() }),
    }
}

/// Renders, writes and says what there is to say.
fn finish(
    job: &Job,
    file: Option<&Path>,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &mut Surroundings,
) -> u8 {
    let activity = Activity::new("starting");
    let last_words = {
        let (activity, limit) = (activity.clone(), job.limit);
        move || {
            format!(
                "error: no manifests within {} s: time ran out while {}\n\
                 hint: `--timeout`, or ARGOCD_EXEC_TIMEOUT, says how long Argo CD waits\n",
                limit.as_secs_f64(),
                activity.text()
            )
        }
    };
    // Without a thread to watch the clock the server's own patience is what ends it.
    let _deadline = leftovers.and_then(|leftovers| {
        Deadline::after(job.limit, leftovers.clone(), exit_code(Fault::Passing), last_words).ok()
    });
    let _turn = leftovers.and_then(|_| turn(job, &activity));
    let mut said = Vec::new();
    let code = {
        let directory = job.root.clone().unwrap_or_else(|| job.target.clone());
        let mut within = Surroundings {
            files: surroundings.files,
            keyring: surroundings.keyring,
            remotes: surroundings.remotes,
            processes: surroundings.processes,
            directory,
            stdin: &mut *surroundings.stdin,
            stdout: &mut *surroundings.stdout,
            stdout_is_terminal: surroundings.stdout_is_terminal,
            stderr: &mut said,
            coloured: false,
        };
        let destination = Destination::new(file, &within);
        match render(job, &activity, &mut within).and_then(|mut rendered| {
            activity.now("writing the manifests");
            write(&mut rendered, &destination, &mut within)
        }) {
            Ok(()) => 0,
            Err(failed) => tell(&failed, &mut within),
        }
    };
    let said = short(&String::from_utf8_lossy(&said), job.root.as_deref());
    let _ = surroundings.stderr.write_all(said.as_bytes());
    code
}

/// Waits until few enough others work. Where there is no such limit, nobody waits.
fn turn(job: &Job, activity: &Activity) -> Option<Turn> {
    let usual = || thread::available_parallelism().map_or(2, NonZero::get).saturating_mul(2);
    let places = job.concurrency.map_or_else(usual, NonZero::get);
    Turn::wait("hagane-argocd", places, || {
        activity.now(format!("waiting for its turn, {places} others at work"));
    })
    .ok()
}

fn render(job: &Job, activity: &Activity, surroundings: &mut Surroundings) -> Result<Rendered, Failed> {
    activity.now("reading and composing layers");
    let own: Mutex<Vec<PathBuf>> = Mutex::default();
    let files = RepositoryFiles { inner: surroundings.files, root: job.root.clone(), own: &own };
    let keyring = WatchedKeys { inner: surroundings.keyring, activity: activity.clone() };
    let remotes =
        surroundings.remotes.map(|inner| WatchedRemotes { inner, activity: activity.clone(), fetched: &own });
    let processes = surroundings.processes.map(|inner| WatchedProcesses {
        inner,
        activity: activity.clone(),
        scratch: &own,
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

fn write(
    rendered: &mut Rendered,
    destination: &Destination,
    surroundings: &mut Surroundings,
) -> Result<(), Failed> {
    message::tell(&rendered.warnings, &rendered.source_map, MessageFormat::Human, surroundings);
    let redact = *destination == Destination::Terminal && rendered.holds_secrets();
    let secrets = if redact { Secrets::Redact } else { Secrets::Show };
    output::write(rendered, destination, EmitOptions { secrets }, surroundings)
}

/// Says why there is nothing, and returns the exit code.
fn tell(failed: &Failed, surroundings: &mut Surroundings) -> u8 {
    message::tell(&failed.diagnostics, &failed.source_map, MessageFormat::Human, surroundings);
    let error = failed.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    error.map_or(1, |error| exit_code(error.fault))
}

/// Says why there is nothing, in few lines and without the server's paths, and returns the exit code.
pub(super) fn refuse(failed: &Failed, surroundings: &mut Surroundings) -> u8 {
    let mut said = Vec::new();
    let directory = surroundings.directory.clone();
    let mut within = Surroundings {
        files: surroundings.files,
        keyring: surroundings.keyring,
        remotes: None,
        processes: None,
        directory: directory.clone(),
        stdin: &mut *surroundings.stdin,
        stdout: &mut *surroundings.stdout,
        stdout_is_terminal: false,
        stderr: &mut said,
        coloured: false,
    };
    let code = tell(failed, &mut within);
    let said = short(&String::from_utf8_lossy(&said), Some(&directory));
    let _ = surroundings.stderr.write_all(said.as_bytes());
    code
}

/// Returns the messages without the path of the repository, which is another one in every run, and no longer than what a
/// condition of an Application is to hold.
fn short(text: &str, root: Option<&Path>) -> String {
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
