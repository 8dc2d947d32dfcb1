//! `hagane argocd generate`: the manifests of the application in the working directory.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use hagane::policy::Detail;
use hagane::{EmitOptions, Failed, Fault, Guard, RenderOptions, Rendered, Secrets, Setting, SourceMap};
use hagane_host::{Deadline, FetchOptions, Fetcher, Hosts, Leftovers, Turn};

use super::activity::Activity;
use super::job::{Job, for_cluster, guard, render, short, tell};
use super::parameters::{self, PARAMETERS};
use super::repository::root;
use super::server::{PLUGIN, PROGRAM, Server, duration, hosts, named_hosts};
use crate::arguments::{Build, SecretsArgument};
use crate::composing::Composing;
use crate::message::{self, MessageFormat};
use crate::output::{self, Destination};
use crate::{Surroundings, commands, exit_code, failure};

/// With this variable the administrator lets `kustomize build` run the whole pipeline.
const KUSTOMIZE_BUILD: &str = "HAGANE_KUSTOMIZE_BUILD";

/// Print the manifests of the application in the working directory
///
/// `hagane render` for the plugin server of Argo CD: only files of the application's repository are read, Secrets have `data`
/// and no `stringData`, no manifests at all are an error, and it ends before the server's patience does. Flags are the
/// administrator's, in `plugin.yaml`; nothing that an Application says becomes one.
///
/// Read from the environment: ARGOCD_EXEC_TIMEOUT, ARGOCD_APP_PARAMETERS, ARGOCD_APP_SOURCE_PATH, KUBE_VERSION,
/// KUBE_API_VERSIONS, HAGANE_ALLOWED_HOSTS, HAGANE_DECRYPTION_POLICY, for whom it is asked (ARGOCD_APP_PROJECT_NAME,
/// ARGOCD_APP_NAME, ARGOCD_APP_NAMESPACE), and the keys' variables. ARGOCD_ENV_… is not.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane argocd generate
  hagane argocd generate --offline --timeout 90s
  hagane argocd generate --enable-helm --helm-command /custom-tools/helm

Exit codes: 0 done, 1 the input is wrong, 2 the command line or the environment is wrong, 3 a key or a
permission is missing, 4 something outside failed for now, or time ran out.")]
pub(super) struct Generate {
    #[command(flatten)]
    rendering: Rendering,
}

/// What an administrator says of rendering.
#[derive(Args, Clone)]
pub(super) struct Rendering {
    /// No manifests are no error
    #[arg(long)]
    pub(super) allow_empty: bool,
    /// How long Argo CD waits, as `90s`; without it ARGOCD_EXEC_TIMEOUT, or 60s
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| duration(text).ok_or("a duration is like `90s` or `2m30s`"))]
    pub(super) timeout: Option<Duration>,
    /// How many of these may work at once in a pod; without it, twice the number of processors
    #[arg(long, value_name = "NUMBER")]
    concurrency: Option<NonZero<usize>>,
    /// What happens to encrypted values
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    secrets: SecretsArgument,
    /// Decrypt only what the policy in FILE allows; without it HAGANE_DECRYPTION_POLICY names the file
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// The hosts that may be asked for what lies elsewhere, as `git.example.com,*.corp.example`; without it
    /// HAGANE_ALLOWED_HOSTS, or all but this machine, its link and the addresses that give away credentials
    #[arg(long, value_name = "LIST", value_parser = named_hosts)]
    pub(super) allowed_hosts: Option<Hosts>,
    #[command(flatten)]
    pub(super) composing: Composing,
}

impl Rendering {
    /// Returns what is asked of the pipeline, for the cluster that the server names.
    pub(super) fn options(
        &self,
        server: &Server,
        settings: Vec<Setting>,
        guard: Option<Guard>,
    ) -> RenderOptions {
        let mut build = self.composing.options();
        build.helm = build.helm.map(|helm| for_cluster(helm, server));
        let (secrets, report) = (self.secrets.into(), Detail::Findings);
        RenderOptions { build, secrets, settings, guard, report, ..RenderOptions::default() }
    }

    /// Returns how many may work at once.
    pub(super) fn places(&self) -> usize {
        places(self.concurrency)
    }
}

fn places(concurrency: Option<NonZero<usize>>) -> usize {
    let usual = || thread::available_parallelism().map_or(2, NonZero::get).saturating_mul(2);
    concurrency.map_or_else(usual, NonZero::get)
}

/// How long a render may take, and beside how many others.
struct Bounds {
    limit: Duration,
    concurrency: Option<NonZero<usize>>,
}

/// Runs the command and returns the exit code.
pub(super) fn run(
    arguments: &Generate,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &mut Surroundings,
) -> u8 {
    let done = hosts(arguments.rendering.allowed_hosts.as_ref()).and_then(|hosts| {
        let (job, bounds) = job(arguments, &hosts, surroundings)?;
        Ok(finish(&job, &bounds, None, leftovers, surroundings))
    });
    done.unwrap_or_else(|failed| refuse(&failed, surroundings))
}

fn job<'j>(
    arguments: &'j Generate,
    hosts: &'j Hosts,
    surroundings: &Surroundings,
) -> Result<(Job<'j>, Bounds), Failed> {
    let mut server = Server::read(&hagane_host::environment, PLUGIN)?;
    // What is empty is as good as absent, as in every variable of the server.
    let given = hagane_host::environment(PARAMETERS).filter(|text| !text.is_empty());
    let settings = match given.map(OsString::into_string) {
        None => Vec::new(),
        Some(Ok(text)) => parameters::read(&text)?,
        Some(Err(_)) => return Err(failure(Fault::Input, format!("`{PARAMETERS}` is no text"))),
    };
    let rendering = &arguments.rendering;
    server.timeout = rendering.timeout.unwrap_or(server.timeout);
    let root = root(&surroundings.directory, server.source_path.as_deref(), surroundings.files);
    let policy = rendering.policy.as_deref();
    let guard = guard(policy, root.as_deref(), &hagane_host::environment, surroundings)?;
    let job = Job {
        target: surroundings.directory.clone(),
        root,
        options: rendering.options(&server, settings, guard),
        composing: &rendering.composing,
        allow_empty: rendering.allow_empty,
        hosts,
    };
    Ok((job, Bounds { limit: server.limit(), concurrency: rendering.concurrency }))
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
    let guard = guard(None, root.as_deref(), &hagane_host::environment, surroundings)?;
    let hosts = hosts(None)?;
    let job = Job {
        target,
        root,
        options: RenderOptions {
            build: arguments.options(),
            guard,
            report: Detail::Findings,
            ..RenderOptions::default()
        },
        composing: &arguments.composing,
        allow_empty: false,
        hosts: &hosts,
    };
    let bounds = Bounds { limit: server.limit(), concurrency: None };
    match finish(&job, &bounds, arguments.output.as_deref(), leftovers, surroundings) {
        0 => Ok(()),
        // It is all said.
        _ => Err(Failed { diagnostics: Vec::new(), source_map: SourceMap::new() }),
    }
}

/// Renders, writes and says what there is to say.
fn finish(
    job: &Job,
    bounds: &Bounds,
    file: Option<&Path>,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &mut Surroundings,
) -> u8 {
    let activity = Activity::new("starting");
    let last_words = {
        let (activity, limit) = (activity.clone(), bounds.limit);
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
    let deadline = leftovers.and_then(|leftovers| {
        Deadline::after(bounds.limit, leftovers.clone(), exit_code(Fault::Passing), last_words).ok()
    });
    let _turn = leftovers.and_then(|_| turn(bounds, &activity));
    let fetcher = leftovers.map(|leftovers| {
        let options = FetchOptions { hosts: job.hosts.clone(), ..FetchOptions::default() };
        Fetcher::new(leftovers.clone(), options)
    });
    let mut said = Vec::new();
    let code = {
        let directory = job.root.clone().unwrap_or_else(|| job.target.clone());
        let mut within = Surroundings {
            files: surroundings.files,
            keyring: surroundings.keyring,
            remotes: fetcher.as_ref().map_or(surroundings.remotes, |fetcher| Some(fetcher)),
            processes: surroundings.processes,
            directory,
            stdin: &mut *surroundings.stdin,
            stdout: &mut *surroundings.stdout,
            stdout_is_terminal: surroundings.stdout_is_terminal,
            stderr: &mut said,
            coloured: false,
        };
        let destination = Destination::new(file, &within);
        let rendered = render(job, &activity, &mut within);
        if let Some(deadline) = &deadline {
            deadline.unless_over();
        }
        match rendered.and_then(|mut rendered| {
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
fn turn(bounds: &Bounds, activity: &Activity) -> Option<Turn> {
    let places = places(bounds.concurrency);
    Turn::wait("hagane-argocd", places, || {
        activity.now(format!("waiting for its turn, {places} others at work"));
    })
    .ok()
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
