//! What a request asks, and the answer.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hagane::{EmitOptions, Failed, Fault, Files, Processes, Secrets};
use hagane_host::grpc::{Answer, Call, Code, Status};
use hagane_host::{
    Archive, ArchiveLimits, Disk, FetchOptions, Fetcher, Hosts, KeptTrees, Leftovers, LocalKeys, Mounted,
    Programs,
};
use zeroize::Zeroizing;

use super::contract::{self, Metadata};
use super::flights::{Flight, Flights, Key};
use super::places::Places;
use super::repository::Repositories;
use super::{Serve, log};
use crate::argocd::activity::Activity;
use crate::argocd::discover;
use crate::argocd::job::{Job, guard, render, short, tell};
use crate::argocd::parameters::{self, PARAMETERS};
use crate::argocd::server::{PLUGIN, Server};
use crate::message::{self, MessageFormat};
use crate::{Surroundings, failure};

/// Where a repository is seen, if it is on no disk.
const REPOSITORY: &str = "/repository";
/// Files in a repository.
const MAX_ENTRIES: usize = 200_000;
/// Bytes of memory that their names take.
const MAX_NAMES: u64 = 48 << 20;
/// The most bytes of a message, unless the repo-server is told to take and send more (`ARGOCD_GRPC_MAX_SIZE_MB`).
const MAX_MESSAGE: usize = 100 << 20;
/// How long before the caller gives up it is told why there is nothing.
const RESERVE: Duration = Duration::from_millis(200);

/// The variables of a request that are read. All others are the author's of an Application, or the administrator's to set.
const OF_REQUEST: [&str; 6] = [
    PARAMETERS,
    "KUBE_VERSION",
    "KUBE_API_VERSIONS",
    "ARGOCD_APP_NAME",
    "ARGOCD_APP_PROJECT_NAME",
    "ARGOCD_APP_NAMESPACE",
];

/// All that requests share.
pub(super) struct Service {
    arguments: Serve,
    /// The most bytes of an answer.
    max_message: usize,
    /// Whom a repository may have asked.
    hosts: Hosts,
    repositories: Repositories,
    flights: Flights,
    places: Arc<Places>,
    leftovers: Arc<Leftovers>,
    /// What requests have fetched that others may need, too.
    kept: Arc<KeptTrees>,
}

/// What is asked about a repository.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Manifests,
    IsOurs,
    Parameters,
}

/// A request whose repository is there.
struct Asked {
    question: Question,
    metadata: Metadata,
    archive: Arc<Archive>,
    activity: Activity,
}

impl Service {
    pub(super) fn new(arguments: Serve, hosts: Hosts, leftovers: Arc<Leftovers>) -> Service {
        let places = arguments.rendering.places();
        let limits = ArchiveLimits {
            bytes: u64::from(arguments.max_size.get()) << 20,
            entries: MAX_ENTRIES,
            names: MAX_NAMES,
        };
        // As many arrive as are rendered, and as many again.
        let arriving = Places::new(places.saturating_mul(2));
        let max_message = hagane_host::environment("ARGOCD_GRPC_MAX_SIZE_MB")
            .and_then(|text| text.to_str()?.parse::<usize>().ok())
            .map_or(MAX_MESSAGE, |mib| mib.saturating_mul(1 << 20));
        Service {
            repositories: Repositories::new(limits, max_message, arriving),
            places: Places::new(places),
            max_message,
            hosts,
            flights: Flights::default(),
            arguments,
            kept: Arc::new(KeptTrees::new(leftovers.clone())),
            leftovers,
        }
    }

    /// Answers a call, in its thread.
    pub(super) fn answer(self: &Arc<Service>, mut call: Call) -> Answer {
        let question = match call.method.as_str() {
            contract::GENERATE => Question::Manifests,
            contract::MATCH => Question::IsOurs,
            contract::PARAMETERS => Question::Parameters,
            contract::CHECK => {
                let _ = call.messages.drain();
                return alone(contract::configuration(self.arguments.discover));
            }
            contract::HEALTH => return health(&mut call),
            _ => {
                let _ = call.messages.drain();
                return Err(Status::new(Code::Unimplemented, "there is no such method"));
            }
        };
        let until = until(call.deadline, Instant::now());
        let answer = self.about_repository(question, &mut call, until);
        if answer.is_err() {
            // An answer before all is sent is one that nobody reads.
            let _ = call.messages.drain();
        }
        answer
    }

    fn about_repository(self: &Arc<Service>, question: Question, call: &mut Call, until: Instant) -> Answer {
        let started = Instant::now();
        let received = self.repositories.receive(&mut call.messages, until);
        let (metadata, archive) = received.inspect_err(|status| {
            log(&format!("{}: {:?}, the repository did not arrive", question.verb(), status.code));
        })?;
        let name = metadata.environment.iter().find(|(name, _)| name == "ARGOCD_APP_NAME");
        let name = name.map_or("?", |(_, name)| name.as_str()).to_owned();
        let about = message::one_line(&format!("{name} {}", metadata.path));
        let activity = Activity::new("starting");
        let asked = Asked { question, metadata, archive, activity: activity.clone() };
        let answer = self.in_turn(asked, until);
        let (verb, time) = (question.verb(), started.elapsed().as_millis());
        match &answer {
            Ok(answer) => log(&format!("{verb} {about}: {} bytes in {time} ms", answer.len())),
            Err(status) => log(&format!("{verb} {about}: {:?} after {time} ms", status.code)),
        }
        answer
    }

    /// Lets a request be worked on, by itself or with others that are the same, as long as somebody waits for it.
    fn in_turn(self: &Arc<Service>, asked: Asked, until: Instant) -> Answer {
        let (key, asked) = (asked.key(), Arc::new(asked));
        asked.activity.now("waiting for its turn");
        loop {
            let (waiting, flight) = self.flights.join(&key, &asked.activity);
            if let Some(flight) = flight {
                self.start(asked.clone(), key.clone(), flight, until);
            }
            match waiting.answer(until) {
                // The first who asked waits no longer, and this one does.
                Some(Err(status)) if status.code == Code::DeadlineExceeded && Instant::now() < until => {}
                Some(answer) => return answer,
                None => return Err(late(waiting.activity())),
            }
        }
    }

    /// Works on a request in a thread of its own, when it is its turn.
    fn start(self: &Arc<Service>, asked: Arc<Asked>, key: Key, flight: Arc<Flight>, until: Instant) {
        let (service, refused) = (self.clone(), (key.clone(), flight.clone()));
        let work = move || {
            let place = in_time(until).and_then(|()| service.places.take(until));
            let answer = match &place {
                None => Err(late(&asked.activity)),
                Some(_) if !flight.is_waited_for() => {
                    Err(Status::new(Code::Cancelled, "nobody waits any longer"))
                }
                Some(_) => service.work(&asked),
            };
            drop(place);
            service.flights.land(&key, &flight, answer);
        };
        if thread::Builder::new().name("render".into()).stack_size(crate::STACK).spawn(work).is_err() {
            let status = Status::new(Code::ResourceExhausted, "there is no memory for another thread");
            self.flights.land(&refused.0, &refused.1, Err(status));
        }
    }

    /// Answers a question about a repository that is there.
    fn work(&self, asked: &Asked) -> Answer {
        // All of this is of this request alone, and ends with it: nothing of one application reaches another, but what lies at a
        // commit of a repository that both name.
        let leftovers = Arc::new(self.leftovers.of_part());
        let disk = Disk::default();
        let keyring = LocalKeys::new(&hagane_host::environment, &disk, Path::new("/"));
        let programs = Programs::new(leftovers.clone());
        let mounted = Mounted { disk: &disk, archive: asked.archive.clone(), at: REPOSITORY.into() };
        let build = self.arguments.rendering.composing.options();
        let runs_programs = build.helm.is_some() || build.plugins.is_some();
        // They may write to what they find.
        let kept = Some(self.kept.clone()).filter(|_| !runs_programs);
        let options = FetchOptions { hosts: self.hosts.clone(), kept, ..FetchOptions::default() };
        let fetcher = Fetcher::new(leftovers.clone(), options);
        // And they know of no repository but one on a disk.
        let on_disk = asked.question == Question::Manifests && runs_programs;
        let (files, root): (&dyn Files, PathBuf) = match on_disk {
            false => (&mounted, REPOSITORY.into()),
            true => match programs.scratch().map(|root| asked.archive.write_to(&root).map(|()| root)) {
                Ok(Ok(root)) => (&disk, root),
                _ => return Err(Status::new(Code::ResourceExhausted, "there is no room for the repository")),
            },
        };
        let mut said = Vec::new();
        let done = {
            let mut surroundings = Surroundings {
                files,
                keyring: &keyring,
                remotes: Some(&fetcher),
                processes: Some(&programs),
                directory: root.clone(),
                stdin: &mut io::empty(),
                stdout: &mut io::sink(),
                stdout_is_terminal: false,
                stderr: &mut said,
                coloured: false,
            };
            let done = self.make(asked, &root, &mut surroundings);
            done.map_err(|failed| code(tell(&failed, &mut surroundings)))
        };
        let said = short(&String::from_utf8_lossy(&said), Some(&root));
        match done {
            Ok(_) if said.is_empty() => {}
            // Argo CD's own server writes them to its log, too.
            Ok(_) => said.lines().for_each(log),
            Err(_) => {}
        }
        done.map(Arc::new).map_err(|code| Status::new(code, said))
    }

    fn make(
        &self,
        asked: &Asked,
        root: &Path,
        surroundings: &mut Surroundings,
    ) -> Result<Zeroizing<Vec<u8>>, Failed> {
        let path = Path::new(&asked.metadata.path);
        if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(failure(Fault::Input, "the application does not lie in its repository"));
        }
        let target = root.join(path);
        match asked.question {
            Question::Manifests => self.manifests(asked, target, root, surroundings),
            Question::IsOurs => {
                let discovers = self.arguments.discover;
                let is_ours =
                    discovers && discover::kustomization(&target, root, surroundings.files).is_some();
                Ok(Zeroizing::new(contract::matched(is_ours, discovers)))
            }
            Question::Parameters => {
                let announced = parameters::announced(&target, Some(root.to_owned()), surroundings)?;
                Ok(Zeroizing::new(contract::announcements(&announced)))
            }
        }
    }

    fn manifests(
        &self,
        asked: &Asked,
        target: PathBuf,
        root: &Path,
        surroundings: &mut Surroundings,
    ) -> Result<Zeroizing<Vec<u8>>, Failed> {
        let server = Server::read(&|name| asked.variable(name), PLUGIN)?;
        let given = asked.variable(PARAMETERS);
        let settings =
            given.map_or_else(|| Ok(Vec::new()), |given| parameters::read(&given.to_string_lossy()))?;
        let rendering = &self.arguments.rendering;
        let policy = rendering.policy.as_deref();
        let guard = guard(policy, Some(root), &|name| asked.variable(name), surroundings)?;
        let job = Job {
            target,
            root: Some(root.to_owned()),
            options: rendering.options(&server, settings, guard),
            composing: &rendering.composing,
            allow_empty: rendering.allow_empty,
            hosts: &self.hosts,
        };
        let rendered = render(&job, &asked.activity, surroundings)?;
        asked.activity.now("writing the manifests");
        message::tell(&rendered.warnings, &rendered.source_map, MessageFormat::Human, surroundings);
        let documents = rendered.to_documents(EmitOptions { secrets: Secrets::Show });
        let message = match documents {
            Ok(documents) => contract::manifests(&documents),
            Err(errors) => return Err(Failed { diagnostics: errors, source_map: rendered.source_map }),
        };
        if message.len() > self.max_message {
            let text = format!("the manifests have more than {} MiB", self.max_message >> 20);
            let mut failed = failure(Fault::Input, text);
            let hint = "`ARGOCD_GRPC_MAX_SIZE_MB`, for argocd-repo-server and for this server, allows more";
            failed.diagnostics[0].hints.push(hint.into());
            return Err(failed);
        }
        Ok(message)
    }
}

impl Question {
    fn verb(self) -> &'static str {
        match self {
            Question::Manifests => "generate",
            Question::IsOurs => "discover",
            Question::Parameters => "parameters",
        }
    }
}

impl Asked {
    /// Returns all that the answer depends on.
    fn key(&self) -> Key {
        let variables = OF_REQUEST.iter().filter_map(|name| {
            let value = self.variable(name)?;
            Some(((*name).to_owned(), value.to_string_lossy().into_owned()))
        });
        let Metadata { path, checksum, .. } = &self.metadata;
        (self.question.verb(), checksum.clone(), path.clone(), variables.collect())
    }

    /// Returns a variable of the request, if it is one that is read.
    fn variable(&self, name: &str) -> Option<OsString> {
        let mut given = self.metadata.environment.iter().rev();
        let found = given.find(|(known, _)| known == name && OF_REQUEST.contains(&name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()).map(Into::into)
    }
}

/// Returns when a request must have its answer, so that it can be said before nobody listens any more.
fn until(deadline: Instant, now: Instant) -> Instant {
    let left = deadline.saturating_duration_since(now);
    now + left.saturating_sub(RESERVE).max(left / 2)
}

/// Returns nothing where it is too late.
fn in_time(until: Instant) -> Option<()> {
    (Instant::now() < until).then_some(())
}

/// Says what was being done when time ran out.
fn late(activity: &Activity) -> Status {
    let text = format!(
        "error: no manifests in time: time ran out while {}\n\
         hint: `--repo-server-timeout-seconds` of Argo CD's controller and server says how long they wait\n",
        activity.text()
    );
    Status::new(Code::DeadlineExceeded, text)
}

/// Returns an answer that nobody else needs.
fn alone(bytes: Vec<u8>) -> Answer {
    Ok(Arc::new(Zeroizing::new(bytes)))
}

/// Returns what an exit code is to gRPC.
fn code(exit_code: u8) -> Code {
    match exit_code {
        2 => Code::FailedPrecondition,
        3 => Code::PermissionDenied,
        4 => Code::Unavailable,
        _ => Code::InvalidArgument,
    }
}

fn health(call: &mut Call) -> Answer {
    let unreadable = || Status::new(Code::InvalidArgument, "the request cannot be read");
    let check = call.messages.receive().ok().flatten().ok_or_else(unreadable)?;
    let _ = call.messages.drain();
    match contract::is_known(&check).ok_or_else(unreadable)? {
        true => alone(contract::serving()),
        false => Err(Status::new(Code::NotFound, "there is no such service")),
    }
}
