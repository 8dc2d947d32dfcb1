//! The contract, a part a function.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hagane_host::protobuf::fields;
use zeroize::Zeroizing;

use super::call::{Answer, Call, Plugin, Sidecar};
use super::checkout::{Checkout, Order};
use super::crowd::{Crowd, kill_many, kill_served};
use super::output::Printed;
use super::served::{Method, Packed, Served, Until};

/// The most bytes of messages that a condition of an Application can do with.
const MAX_MESSAGES: usize = 4096;

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
struct Expected {
    stdout: Zeroizing<Vec<u8>>,
    secrets: Vec<Zeroizing<String>>,
    objects: usize,
    time: Duration,
}

type Step = Result<String, Miss>;

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
        note(5, "nothing is expected on standard input", Ok("none of these runs has any".into()));
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

    fn checkout(&self, order: Order) -> io::Result<(Checkout, PathBuf)> {
        let checkout = Checkout::new(&self.sidecar.scratch, &self.repository, order)?;
        let application = checkout.root().join(&self.application);
        Ok((checkout, application))
    }

    fn call(&self, application: &Path, call: &Call) -> io::Result<Answer> {
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

    fn packed(&self, application: &Path) -> io::Result<Packed> {
        let root = application.ancestors().nth(self.application.components().count());
        Packed::new(root.unwrap_or(application), &self.application)
    }

    /// Checks what the servers have written to their log.
    fn quiet(&self, expected: &Expected) -> Result<(), Miss> {
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
        let expected =
            Expected { stdout: Zeroizing::new(answer.stdout), secrets, objects: printed.objects.len(), time };
        Ok((expected, said))
    }

    fn elsewhere(&self, expected: &Expected) -> Step {
        for order in [Order::Forward, Order::Backward] {
            let (_checkout, application) = self.checkout(order)?;
            same(&self.call(&application, &Call::default())?, expected)?;
        }
        Ok(String::new())
    }

    fn environments(&self) -> Step {
        if !self.plugin.is_ours {
            return Err(NotRun("discovery and parameters have commands of their own".into()));
        }
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let only_application = Call {
            without: vec!["KUBE_VERSION", "KUBE_API_VERSIONS", "ARGOCD_APP_PARAMETERS"],
            ..Call::default()
        };
        let mut few = only_application.clone();
        few.without.extend(["ARGOCD_APP_NAMESPACE", "ARGOCD_APP_PROJECT_NAME", "ARGOCD_APP_REVISION"]);
        for (verb, call) in
            [("generate", &Call::default()), ("discover", &only_application), ("parameters", &few)]
        {
            let answer = self.verb(verb, &application, call)?;
            if !answer.is_success() {
                return Err(Failed(format!("`{verb}`: {}", answer.stderr.trim_end())));
            }
        }
        Ok(String::new())
    }

    /// Calls a verb of ours, as a process or as a method.
    fn verb(&self, verb: &str, application: &Path, call: &Call) -> io::Result<Answer> {
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

    fn confined(&self, expected: &Expected) -> Step {
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let mut could_not = Vec::new();
        match hagane_host::current_user().split(':').next() {
            Some("0") => {
                let call = Call { user: Some(999), ..Call::default() };
                match self.call(&application, &call) {
                    Ok(answer) => same(&answer, expected)?,
                    Err(_) => could_not.push("as user 999, who may not start the program"),
                }
            }
            _ => could_not.push("as user 999, which only root can start"),
        }
        let read_only = Call { read_only: true, ..Call::default() };
        let answer = self.call(&application, &read_only);
        match answer {
            Ok(answer) if answer.is_success() => same(&answer, expected)?,
            Ok(answer) if !answer.stderr.contains("unshare:") && !answer.stderr.contains("mount:") => {
                same(&answer, expected)?;
            }
            _ => could_not.push("on a root that is read-only, for which this machine has no `unshare`"),
        }
        match could_not.is_empty() {
            true => Ok("user 999; root read-only, in namespaces of its own".into()),
            false => Err(NotRun(format!("{}; the rest passed", could_not.join(", and ")))),
        }
    }

    fn killed(&self, expected: &Expected) -> Step {
        let (checkout, application) = self.checkout(Order::Forward)?;
        let before = (names(checkout.root())?, names(&self.sidecar.scratch.join("tmp"))?);
        let left = match &self.served {
            None => kill_many(&self.sidecar, &self.plugin, &application, self.kills, expected.time)?,
            Some(served) => {
                let request = self.sidecar.request(&Call::default());
                let packed = self.packed(&application)?;
                let is_right = |answer: &Answer| same(answer, expected).is_ok();
                let (kills, lone) = (self.kills, expected.time);
                kill_served(
                    &self.sidecar,
                    &self.plugin.program,
                    served,
                    &packed,
                    &request,
                    kills,
                    lone,
                    &is_right,
                )?
            }
        };
        if left > 0 {
            let what = if self.served.is_some() {
                "ended neither right nor with an error"
            } else {
                "left a process"
            };
            return Err(Failed(format!("{left} of {} {what}", self.kills)));
        }
        let after = (names(checkout.root())?, names(&self.sidecar.scratch.join("tmp"))?);
        if before != after {
            return Err(Failed(format!(
                "{} files were left",
                (after.0.len() + after.1.len()).saturating_sub(before.0.len() + before.1.len())
            )));
        }
        same(&self.call(&application, &Call::default())?, expected)?;
        if self.plugin.is_ours {
            let answer = self.call(&application, &Call::default().with("ARGOCD_EXEC_TIMEOUT", "1ms"))?;
            if answer.code != Some(4)
                || !answer.stderr.contains("time ran out while")
                || !answer.stdout.is_empty()
            {
                return Err(Failed("a deadline that has passed is not said".into()));
            }
        }
        Ok(format!("{} killed, by SIGKILL and by SIGTERM", self.kills))
    }

    fn again(&self, expected: &Expected) -> Step {
        let printed = Printed::read(&expected.stdout).map_err(Failed)?;
        if printed.with_string_data() > 0 {
            return Err(Failed("a Secret has `stringData`, which Argo CD keeps as it is in places".into()));
        }
        let zones = ["UTC", "Asia/Kathmandu", "America/St_Johns", ":/nonexistent"];
        let languages = ["C", "tr_TR.UTF-8", "de_DE.ISO-8859-1", "ja_JP.UTF-8"];
        let mut checkout = self.checkout(Order::Forward)?;
        for run in 0..self.runs {
            if run % 10 == 9 {
                checkout = self.checkout(if run % 20 == 9 { Order::Backward } else { Order::Forward })?;
            }
            let language = languages[run / 4 % 4];
            let call =
                Call::default().with("TZ", zones[run % 4]).with("LANG", language).with("LC_ALL", language);
            same(&self.call(&checkout.1, &call)?, expected)?;
        }
        Ok(format!(
            "{} runs, {} objects: other paths, file orders, time zones, languages",
            self.runs, expected.objects
        ))
    }

    fn failing(&self, expected: &Expected) -> Step {
        let mut tried = Vec::new();
        let check = |what: &str, must_name: Option<&str>, answer: &Answer, root: &Path| -> Result<(), Miss> {
            let fault = |text: &str| Err(Failed(format!("{what}: {text}")));
            if answer.is_success() {
                return fault("it is no error");
            }
            if answer.code.is_none_or(|code| code > 4 && self.plugin.is_ours) {
                return fault("it crashed");
            }
            if !answer.stdout.is_empty() {
                return fault("there is something on standard output");
            }
            if answer.stderr.trim().is_empty() || answer.stderr.len() > MAX_MESSAGES {
                return fault("the message is empty or longer than 4 KiB");
            }
            if expected.secrets.iter().any(|secret| answer.stderr.contains(secret.as_str())) {
                return fault("the message shows a secret");
            }
            if answer.stderr.contains(&*root.to_string_lossy()) {
                return fault("the message shows the path of the checkout");
            }
            match must_name.filter(|name| !answer.stderr.contains(name)) {
                Some(name) => fault(&format!("the message does not name `{name}`")),
                None => Ok(()),
            }
        };
        let (checkout, application) = self.checkout(Order::Forward)?;
        let encrypted = encrypted_files(checkout.root())?;
        if self.sidecar.key_file.is_some() && !encrypted.is_empty() {
            let call = Call { without: vec!["SOPS_AGE_KEY_FILE"], ..Call::default() };
            check("without the key", None, &self.call(&application, &call)?, checkout.root())?;
            tried.push("no key");
            for file in &encrypted {
                spoil_mac(file)?;
            }
            check("a changed MAC", None, &self.call(&application, &Call::default())?, checkout.root())?;
            tried.push("a changed MAC");
        }
        let Some(kustomization) = kustomization(&application) else {
            return Err(NotRun("there is no kustomization to break".into()));
        };
        let name = kustomization.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (what, text) in [
            ("a missing base", "resources:\n  - ../nowhere-at-all\n"),
            ("broken YAML", "resources: [\nnamePrefix: 'a\n"),
            ("an unknown field", "resorces:\n  - a.yaml\n"),
            ("a base outside of the repository", "resources:\n  - ../../../../../../../../../etc\n"),
            ("a repository of this machine", "resources:\n  - file:///etc?ref=main\n"),
            ("a cycle", "resources:\n  - .\n"),
        ] {
            let (checkout, application) = self.checkout(Order::Forward)?;
            fs::write(application.join(&name), text)?;
            check(what, Some(&name), &self.call(&application, &Call::default())?, checkout.root())?;
            tried.push(what);
        }
        self.quiet(expected)?;
        Ok(tried.join(", "))
    }

    fn crowded(&self, expected: &Expected) -> Step {
        let checkouts: Vec<(Checkout, PathBuf)> =
            (0..self.concurrent).map(|_| self.checkout(Order::Forward)).collect::<io::Result<_>>()?;
        let applications: Vec<&PathBuf> = checkouts.iter().map(|(_, application)| application).collect();
        let crowd = match &self.served {
            None => Crowd::gather(&self.sidecar, &self.plugin, &applications)?,
            Some(served) => {
                let packed = applications.iter().map(|application| self.packed(application));
                let packed: Vec<Packed> = packed.collect::<io::Result<_>>()?;
                Crowd::ask(served, &packed, &self.sidecar.request(&Call::default()))?
            }
        };
        crowd.answers.iter().try_for_each(|answer| same(answer, expected))?;
        let slowest = crowd.percentile(99);
        Ok(format!(
            "{} at once: all right; 99 of 100 within {} ms, {:.1} × a lone run; {:.0} MiB for all together",
            self.concurrent,
            slowest.as_millis(),
            slowest.as_secs_f64() / expected.time.as_secs_f64().max(1e-6),
            crowd.memory as f64 / f64::from(1 << 20)
        ))
    }

    fn empty(&self) -> Step {
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let Some(kustomization) = kustomization(&application) else {
            return Err(NotRun("there is no kustomization to empty".into()));
        };
        fs::write(kustomization, "resources: []\n")?;
        match self.call(&application, &Call::default())?.is_success() {
            true => Err(Failed(
                "an application without manifests succeeds: all that it has would be deleted".into(),
            )),
            false => Ok(String::new()),
        }
    }

    fn hostile(&self, expected: &Expected) -> Step {
        let (checkout, application) = self.checkout(Order::Forward)?;
        let before = names(checkout.root())?;
        let texts = [
            "$(touch hostile)",
            "`touch hostile`",
            "--output=hostile",
            "../../hostile",
            "a\nb",
            "\u{1b}[31m",
            "; touch hostile",
            "{{ .Values }}",
            "-",
        ];
        for text in texts {
            let quoted = serde_json::Value::from(text).to_string();
            let parameters = [
                format!("[{{\"name\": {quoted}, \"string\": \"x\"}}]"),
                format!("[{{\"name\": \"x\", \"string\": {quoted}}}]"),
                format!("[{{\"name\": \"x\", \"array\": [{quoted}]}}]"),
                format!("[{{\"name\": \"x\", \"map\": {{{quoted}: {quoted}}}}}]"),
                text.to_owned(),
            ];
            for parameters in parameters {
                let call = Call::default().with("ARGOCD_APP_PARAMETERS", &parameters).with("PARAM_X", text);
                let answer = self.call(&application, &call)?;
                let ended = answer.code.is_some_and(|code| code < 64 || !self.plugin.is_ours);
                if !ended || (answer.is_success() && answer.stdout != *expected.stdout) {
                    return Err(Failed("a parameter changes the manifests, or crashes the plugin".into()));
                }
            }
        }
        let mut call = Call::default();
        for name in [
            "SOPS_AGE_KEY_FILE",
            "SOPS_AGE_KEY",
            "ARGOCD_EXEC_TIMEOUT",
            "HOME",
            "PATH",
            "HAGANE_KUSTOMIZE_BUILD",
            "TMPDIR",
        ] {
            call = call.with(&format!("ARGOCD_ENV_{name}"), "1ms");
        }
        same(&self.call(&application, &call)?, expected)?;
        if self.served.is_some() {
            // A request that says of itself what only the administrator says.
            let mut call = Call::default().with("SOPS_AGE_KEY", "none").with("AWS_PROFILE", "none");
            call = call.with("SOPS_AGE_KEY_FILE", "/nonexistent").with("HAGANE_ALLOWED_HOSTS", "example.com");
            same(&self.call(&application, &call)?, expected)?;
        }
        self.quiet(expected)?;
        match names(checkout.root())? == before {
            true => Ok("45 parameters; ARGOCD_ENV_… overrides no setting".into()),
            false => Err(Failed("a parameter made a file".into())),
        }
    }

    fn parameters(&self) -> Step {
        if !self.plugin.is_ours {
            return Err(NotRun("they have a command of their own".into()));
        }
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let answer = self.verb("parameters", &application, &Call::default())?;
        if self.served.is_some() {
            // Field 1 is the list, and field 1 of each of its items the name.
            let list = fields(&answer.stdout).ok_or_else(|| Failed("the answer cannot be read".into()))?;
            let named =
                |item: &[u8]| fields(item).is_some_and(|item| item.iter().any(|(field, _)| *field == 1));
            return match list.iter().all(|(_, item)| named(item)) {
                true => Ok(format!("{} parameters", list.len())),
                false => Err(Failed("a parameter has no name".into())),
            };
        }
        let announced =
            serde_json::from_slice::<Vec<serde_json::Map<String, serde_json::Value>>>(&answer.stdout);
        match announced {
            Ok(list) if list.iter().all(|one| one.get("name").is_some_and(|name| name.is_string())) => {
                Ok(format!("{} parameters", list.len()))
            }
            _ => Err(Failed("it is no list of objects with names".into())),
        }
    }

    fn large(&self) -> Step {
        if !self.large {
            return Err(NotRun("`--large` renders 96 MiB".into()));
        }
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let Some(kustomization) = kustomization(&application) else {
            return Err(NotRun("there is no kustomization to replace".into()));
        };
        let text = "x".repeat(1 << 20);
        let mut resources = String::from("resources:\n");
        for number in 0..96 {
            resources.push_str(&format!("- large-{number}.yaml\n"));
            let manifest = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: large-{number}}}\ndata: {{x: {text}}}\n"
            );
            fs::write(application.join(format!("large-{number}.yaml")), manifest)?;
        }
        fs::write(kustomization, resources)?;
        let answer = self.call(&application, &Call::default())?;
        match answer.is_success() && answer.stdout.len() > 96 << 20 {
            true => Ok(format!("{} MiB in {:.1} s", answer.stdout.len() >> 20, answer.time.as_secs_f64())),
            false => Err(Failed(answer.stderr.trim_end().to_owned())),
        }
    }
}

fn same(answer: &Answer, expected: &Expected) -> Result<(), Miss> {
    if !answer.is_success() {
        return Err(Failed(format!("{}\n{}", answer.status, answer.stderr.trim_end())));
    }
    if answer.left {
        return Err(Failed("a process is left".into()));
    }
    match answer.stdout == *expected.stdout {
        true => Ok(()),
        false => Err(Failed("the bytes differ".into())),
    }
}

/// Returns all paths below a directory, sorted.
fn names(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory)?.flatten() {
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn kustomization(application: &Path) -> Option<PathBuf> {
    hagane::FILE_NAMES.iter().map(|name| application.join(name)).find(|path| path.is_file())
}

fn encrypted_files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let is_encrypted = |path: &PathBuf| {
        fs::read(path).is_ok_and(|content| content.windows(15).any(|window| window == b"ENC[AES256_GCM,"))
    };
    Ok(names(root)?.into_iter().filter(|path| path.is_file()).filter(is_encrypted).collect())
}

/// Changes a letter of the MAC.
fn spoil_mac(file: &Path) -> io::Result<()> {
    let text = fs::read_to_string(file)?;
    let Some(at) =
        ["mac: ENC[AES256_GCM,data:", "mac=ENC[AES256_GCM,data:", "\"mac\": \"ENC[AES256_GCM,data:"]
            .iter()
            .find_map(|start| text.find(start).map(|place| place + start.len()))
    else {
        return Ok(());
    };
    let letter = if text[at..].starts_with('A') { "B" } else { "A" };
    fs::write(file, format!("{}{letter}{}", &text[..at], &text[at + 1..]))
}
