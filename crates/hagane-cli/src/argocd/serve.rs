//! `hagane argocd serve`: the plugin server of Argo CD itself, with this program as its plugin.
#![allow(clippy::disallowed_methods, reason = "a server knows what time it is")]

pub(super) mod contract;
mod flights;
mod places;
mod repository;
mod service;

use std::ffi::OsString;
use std::io::{self, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hagane::{Failed, Fault};
use hagane_host::Leftovers;
use hagane_host::grpc::{Limits, Listener, Stop};

use super::generate::Rendering;
use super::job::policy_file;
use super::server::{PLUGIN, Server, hosts};
use crate::{Surroundings, failure};
use service::Service;

/// Where Argo CD looks for the sockets of plugins.
const SOCKETS: &str = "/home/argocd/cmp-server/plugins";
/// Calls at once: more than any repo-server makes.
const CALLS: usize = 256;
/// Bytes of the first message of a request.
const MESSAGE: usize = 4 << 20;
/// How long a connection may be without a call: argocd-repo-server makes one for each request, and hangs up after it.
const IDLE: Duration = Duration::from_secs(60);
/// How long calls may take when the server is told to end: less than Kubernetes waits.
const DRAIN: Duration = Duration::from_secs(25);

/// Be the plugin server of Argo CD, too
///
/// In the place of `argocd-cmp-server`: it takes the repository from the repo-server and gives the manifests, byte for byte those
/// of `generate`, without a process for each. What was unpacked is kept for the next request,
/// and never a key or anything decrypted. Its log holds no manifests. It ends when it is told to (SIGTERM), after the requests
/// that it has begun.
///
/// It speaks what Argo CD 3 speaks among its own parts, which is promised to nobody; and a fault of this program ends all that is
/// being rendered, not one. Without it, `generate` is what Argo CD's own server starts.
///
/// Flags are the administrator's, and so is the environment: of a request's variables only ARGOCD_APP_PARAMETERS, KUBE_VERSION
/// and KUBE_API_VERSIONS are read, and for the policy ARGOCD_APP_PROJECT_NAME, ARGOCD_APP_NAME and ARGOCD_APP_NAMESPACE.
#[derive(Args, Clone)]
#[command(after_help = "Examples:
  hagane argocd serve
  hagane argocd serve --offline --discover
  hagane argocd serve --socket /tmp/hagane.sock     to try it: `hagane argocd test --serve`")]
pub(super) struct Serve {
    /// The socket; without it, `NAME.sock` in ARGOCD_PLUGINSOCKFILEPATH or /home/argocd/cmp-server/plugins
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// The plugin's name
    #[arg(long, value_name = "NAME", default_value = "hagane", value_parser = plugin_name)]
    name: String,
    /// Take applications that name no plugin, too: where there is a `hagane.yaml`
    #[arg(long)]
    discover: bool,
    /// The most MiB of a repository, without git's own objects
    #[arg(long, value_name = "MIB", default_value = "256")]
    max_size: NonZero<u32>,
    #[command(flatten)]
    rendering: Rendering,
}

fn plugin_name(text: &str) -> Result<String, String> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match !text.starts_with('.') && (1..=63).contains(&text.len()) && text.chars().all(is_letter) {
        true => Ok(text.to_owned()),
        false => Err("a name has letters, digits, `-`, `_` and `.`".into()),
    }
}

pub(super) fn run(
    arguments: &Serve,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &Surroundings,
) -> Result<(), Failed> {
    let environment = |name: &str| hagane_host::environment(name).filter(|value| !value.is_empty());
    let mut server = Server::read(&environment, PLUGIN)?;
    server.timeout = arguments.rendering.timeout.unwrap_or(server.timeout);
    let hosts = hosts(arguments.rendering.allowed_hosts.as_ref())?;
    // Requests have a directory of their own.
    let policy = arguments.rendering.policy.as_ref().map(|policy| surroundings.directory.join(policy));
    let policy = policy_file(policy.as_deref())?;
    let socket = socket(arguments, &environment, &surroundings.directory);
    let leftovers = leftovers.ok_or_else(|| failure(Fault::Usage, "a server is a process of its own"))?;
    let listener = Listener::bind(&socket).map_err(|error| no_socket(&socket, &error))?;
    let scratch = |error| cannot("make a scratch directory", &error);
    let digest = hagane::digest(socket.as_os_str().as_bytes());
    let name = hagane::hexadecimal(&digest[..8]);
    leftovers.lie_in(&format!("argocd-{name}")).map_err(scratch)?;
    let stop = Stop::default();
    leftovers.ask_first({
        let stop = stop.clone();
        move || stop.now()
    });
    let limits = Limits { calls: CALLS, message: MESSAGE, time: server.timeout, idle: IDLE, drain: DRAIN };
    log(&format!("serving at {}", socket.display()));
    let mut arguments = arguments.clone();
    arguments.rendering.policy = policy;
    let service = Arc::new(Service::new(arguments, hosts, leftovers.clone()));
    let served = listener.serve(limits, &stop, Arc::new(move |call| service.answer(call)));
    served.map_err(|error| cannot("serve", &error))?;
    log("ended");
    Ok(())
}

fn socket(arguments: &Serve, environment: &dyn Fn(&str) -> Option<OsString>, directory: &Path) -> PathBuf {
    let usual = || {
        let sockets = environment("ARGOCD_PLUGINSOCKFILEPATH").map_or_else(|| SOCKETS.into(), PathBuf::from);
        sockets.join(format!("{}.sock", arguments.name))
    };
    directory.join(arguments.socket.clone().unwrap_or_else(usual))
}

fn cannot(what: &str, error: &io::Error) -> Failed {
    failure(Fault::Passing, format!("cannot {what}: {}", hagane_host::words(error)))
}

fn no_socket(path: &Path, error: &io::Error) -> Failed {
    let message = match error.kind() {
        io::ErrorKind::AddrInUse => format!("another server answers at `{}`", path.display()),
        _ => format!("cannot make the socket `{}`: {}", path.display(), hagane_host::words(error)),
    };
    let mut failed = failure(Fault::Usage, message);
    let hint = "mount the volume `plugins` of argocd-repo-server, or name another place with `--socket`";
    failed.diagnostics[0].hints.push(hint.into());
    failed
}

/// Writes a line of the log.
fn log(line: &str) {
    // Where even this cannot be written there is nobody to tell.
    let _ = writeln!(io::stderr(), "hagane: {line}");
}
