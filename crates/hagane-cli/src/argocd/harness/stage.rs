//! What the parts of the contract are checked on: a plugin, its surroundings, and what it gave first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::call::{Answer, Call, PATIENCE, Plugin, Sidecar};
use super::checkout::{Checkout, Order};
use super::output::Printed;
use super::served::{Method, Packed, Served, Until};

/// All that the parts work with.
pub(super) struct Stage {
    pub(super) plugin: Plugin,
    pub(super) sidecar: Sidecar,
    pub(super) repository: PathBuf,
    pub(super) application: PathBuf,
    pub(super) runs: usize,
    pub(super) concurrent: usize,
    pub(super) kills: usize,
    pub(super) large: bool,
    /// The plugin's own server, where that is what is asked.
    pub(super) served: Option<Served>,
}

/// What came of a part.
pub(super) struct Outcome {
    pub(super) number: usize,
    pub(super) name: &'static str,
    pub(super) result: Result<String, Miss>,
}

/// Why a part did not pass.
pub(super) enum Miss {
    Failed(String),
    NotRun(String),
}

use Miss::{Failed, NotRun};

impl From<io::Error> for Miss {
    fn from(error: io::Error) -> Miss {
        NotRun(hagane_host::words(&error))
    }
}

/// What the first run gave, which all others are held against.
pub(super) struct Expected {
    pub(super) stdout: Zeroizing<Vec<u8>>,
    pub(super) secrets: Vec<Zeroizing<String>>,
    pub(super) objects: usize,
    pub(super) time: Duration,
}

pub(super) type Step = Result<String, Miss>;

impl Stage {
    /// Checks all parts.
    pub(super) fn check(&self) -> io::Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        let mut note = |number: usize, name: &'static str, result: Step| {
            outcomes.push(Outcome { number, name, result });
        };
        let expected = match self.arrives() {
            Ok((expected, said)) => {
                note(1, "a repository as it arrives is rendered", Ok(said));
                expected
            }
            // Without it there is nothing to hold the others against.
            Err(Failed(why) | NotRun(why)) => {
                note(1, "a repository as it arrives is rendered", Err(Failed(why)));
                return Ok(outcomes);
            }
        };
        note(2, "the path of the checkout does not show", self.elsewhere(&expected));
        note(3, "each of the server's three environments is enough", self.environments());
        note(4, "another user, no HOME, no programs, a root that is read-only", self.confined(&expected));
        note(5, "nothing is expected on standard input", self.without_input(&expected));
        note(6, "killed at any moment, nothing is left and the next run is the same", self.killed(&expected));
        note(7, "the same objects, byte for byte, in every run", self.again(&expected));
        note(8, "what fails says why, shortly, where, and without a secret", self.failing(&expected));
        note(9, "many at once", self.crowded(&expected));
        note(10, "no manifests are an error", self.empty());
        note(11, "what an Application says is data", self.hostile(&expected));
        note(12, "parameters are announced as a list", self.parameters());
        note(13, "as much as a message of the server holds", self.large());
        Ok(outcomes)
    }

    /// One who waits for input gets none here, and no end of it.
    fn without_input(&self, expected: &Expected) -> Step {
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let call = Call { endless_input: true, ..Call::default() };
        let answer = match &self.served {
            Some(served) => self.ask(served, &application, &call, Method::Generate)?,
            None => {
                let patience = (expected.time * 20).clamp(Duration::from_secs(10), PATIENCE);
                self.sidecar.start(&self.plugin, &application, &call)?.finish(patience)?
            }
        };
        match answer.code {
            None => Err(Failed("it waits for input".into())),
            Some(_) => same(&answer, expected).map(|()| String::new()),
        }
    }

    pub(super) fn checkout(&self, order: Order) -> io::Result<(Checkout, PathBuf)> {
        let checkout = Checkout::new(&self.sidecar.scratch, &self.repository, order)?;
        let application = checkout.root().join(&self.application);
        Ok((checkout, application))
    }

    pub(super) fn call(&self, application: &Path, call: &Call) -> io::Result<Answer> {
        match &self.served {
            None => self.sidecar.call(&self.plugin, application, call),
            Some(served) => self.ask(served, application, call, Method::Generate),
        }
    }

    fn ask(&self, served: &Served, application: &Path, call: &Call, method: Method) -> io::Result<Answer> {
        let packed = self.packed(application)?;
        let request = self.sidecar.request(call);
        match call.is_of_sidecar() {
            false => Ok(served.ask(&packed, request, method, Until::End)),
            true => {
                let other = Served::start(&self.sidecar, &self.plugin.program, call)?;
                Ok(other.ask(&packed, request, method, Until::End))
            }
        }
    }

    pub(super) fn packed(&self, application: &Path) -> io::Result<Packed> {
        let root = application.ancestors().nth(self.application.components().count());
        Packed::new(root.unwrap_or(application), &self.application)
    }

    /// Checks what the servers have written to their log.
    pub(super) fn quiet(&self, expected: &Expected) -> Result<(), Miss> {
        if self.served.is_none() {
            return Ok(());
        }
        let log = fs::read_to_string(self.sidecar.log())?;
        match expected.secrets.iter().any(|secret| log.contains(secret.as_str()))
            || log.contains("apiVersion")
        {
            true => Err(Failed("the log of the server shows manifests or a secret".into())),
            false => Ok(()),
        }
    }

    fn arrives(&self) -> Result<(Expected, String), Miss> {
        let (checkout, application) = self.checkout(Order::Forward)?;
        checkout.crowd()?;
        let answer = self.call(&application, &Call::default())?;
        if !answer.is_success() {
            return Err(Failed(format!("{}\n{}", answer.status, answer.stderr.trim_end())));
        }
        if self.served.is_some() && self.plugin.is_ours {
            let printed = self.sidecar.call(&self.plugin, &application, &Call::default())?;
            if printed.stdout != answer.stdout {
                return Err(Failed("the server does not give the bytes that `generate` prints".into()));
            }
        }
        let printed = Printed::read(&answer.stdout).map_err(Failed)?;
        let secrets = printed.forms_of_secrets();
        // Of the repository alone, and when all files are known to the machine.
        let (_plain, application) = self.checkout(Order::Forward)?;
        let mut time = answer.time;
        for _ in 0..3 {
            time = time.min(self.call(&application, &Call::default())?.time);
        }
        let said = format!(
            "{} objects in {} ms; 2,000 other files, links and scripts do not matter",
            printed.objects.len(),
            time.as_millis()
        );
        let expected = Expected { stdout: answer.stdout, secrets, objects: printed.objects.len(), time };
        Ok((expected, said))
    }

    /// Calls a verb of ours, as a process or as a method.
    pub(super) fn verb(&self, verb: &str, application: &Path, call: &Call) -> io::Result<Answer> {
        let method = match verb {
            "discover" => Method::Match,
            "parameters" => Method::Parameters,
            _ => Method::Generate,
        };
        match &self.served {
            Some(served) => self.ask(served, application, call, method),
            None => {
                let plugin = Plugin { arguments: vec!["argocd".into(), verb.into()], ..self.plugin.clone() };
                self.sidecar.call(&plugin, application, call)
            }
        }
    }
}

/// Checks that an answer is that of the first run.
pub(super) fn same(answer: &Answer, expected: &Expected) -> Result<(), Miss> {
    if !answer.is_success() {
        return Err(Failed(format!("{}\n{}", answer.status, answer.stderr.trim_end())));
    }
    if answer.left {
        return Err(Failed("a process is left".into()));
    }
    match answer.stdout == expected.stdout {
        true => Ok(()),
        false => Err(Failed("the bytes differ".into())),
    }
}

/// Returns the kustomization of an application.
pub(super) fn kustomization(application: &Path) -> Option<PathBuf> {
    hagane::FILE_NAMES.iter().map(|name| application.join(name)).find(|path| path.is_file())
}
