//! What fails: it says why, shortly, where, and without a secret.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::call::{Answer, Call};
use super::checkout::{Order, names};
use super::stage::Miss::{Failed, NotRun};
use super::stage::{Expected, Miss, Stage, Step, kustomization};

/// The most bytes of messages that a condition of an Application can do with.
const MAX_MESSAGES: usize = 4096;

impl Stage {
    pub(super) fn failing(&self, expected: &Expected) -> Step {
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

    pub(super) fn empty(&self) -> Step {
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
