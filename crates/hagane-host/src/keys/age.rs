//! Where SOPS looks for age identities: variables, commands, key files and SSH keys.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use age::Callbacks;
use age::plugin::{Identity, IdentityPluginV1, Recipient, RecipientPluginV1};
use age::secrecy::SecretString;
use hagane::{AgeOutside, AnyIdentity, AnyRecipient, Identities};
use zeroize::{Zeroize, Zeroizing};

use super::file::reason;
use super::{Surroundings, terminal};
use crate::disk::words;

const SSH_FILE: &str = "SOPS_AGE_SSH_PRIVATE_KEY_FILE";
const SSH_COMMAND: &str = "SOPS_AGE_SSH_PRIVATE_KEY_CMD";
const KEY: &str = "SOPS_AGE_KEY";
const KEY_FILE: &str = "SOPS_AGE_KEY_FILE";
const KEY_COMMAND: &str = "SOPS_AGE_KEY_CMD";

/// The places of age identities.
pub(super) struct AgeSources<'s, 'h>(&'s Surroundings<'h>);

impl<'s, 'h> AgeSources<'s, 'h> {
    pub(super) fn new(surroundings: &'s Surroundings<'h>) -> AgeSources<'s, 'h> {
        AgeSources(surroundings)
    }

    /// Returns whether a command says the identities, which may depend on the recipient.
    pub(super) fn ask_commands(&self) -> bool {
        [SSH_COMMAND, KEY_COMMAND].iter().any(|name| self.0.variable(name).is_some())
    }

    /// Returns all identities that there are. A source that cannot be read is remembered for the message.
    pub(super) fn identities(&self, recipient: &str) -> Identities {
        let mut identities = Identities::with_outside(Arc::new(Outside));
        let variables = [SSH_FILE, SSH_COMMAND, KEY, KEY_FILE, KEY_COMMAND];
        let given = variables.iter().any(|name| self.0.variable(name).is_some());
        self.add_file_of(&mut identities, SSH_FILE);
        self.add_command_of(&mut identities, SSH_COMMAND, recipient);
        for name in ["id_ed25519", "id_rsa"] {
            if let Some(path) = self.0.home().map(|home| home.join(".ssh").join(name))
                && self.0.files.resolve(&path).is_ok()
            {
                self.add_file(&mut identities, &path.display().to_string(), &path);
            }
        }
        match self.0.variable(KEY).map(OsString::into_string) {
            Some(Ok(mut text)) => {
                identities.add_text(KEY, &text);
                text.zeroize();
            }
            Some(Err(_)) => identities.add_failure(KEY, "is not UTF-8"),
            None if !given => identities.add_failure(KEY, "is not set"),
            None => {}
        }
        self.add_file_of(&mut identities, KEY_FILE);
        if !given {
            identities.add_failure(KEY_FILE, "is not set");
        }
        self.add_command_of(&mut identities, KEY_COMMAND, recipient);
        if let Some(path) = self.default_file() {
            // Nobody has to have this one; that it is absent is news only where nothing else was given.
            if !given || self.0.files.resolve(&path).is_ok() {
                self.add_file(&mut identities, &path.display().to_string(), &path);
            }
        }
        identities
    }

    fn add_file_of(&self, identities: &mut Identities, variable: &str) {
        if let Some(path) = self.0.variable(variable).map(PathBuf::from) {
            self.add_file(identities, &format!("{variable} ({})", path.display()), &path);
        }
    }

    fn add_file(&self, identities: &mut Identities, label: &str, path: &Path) {
        match self.0.read(path) {
            Ok(content) => match std::str::from_utf8(&content) {
                Ok(text) => identities.add_text(label, text),
                Err(_) => identities.add_failure(label, "is not UTF-8"),
            },
            Err(error) => identities.add_failure(label, reason(&error)),
        }
    }

    /// Adds what a command prints. It is split into words as a shell would, and started without one.
    fn add_command_of(&self, identities: &mut Identities, variable: &str, recipient: &str) {
        let Some(line) = self.0.text(variable) else { return };
        match self.output(&line, recipient) {
            Ok(text) => identities.add_text(variable, &text),
            Err(reason) => identities.add_failure(variable, reason),
        }
    }

    fn output(&self, line: &str, recipient: &str) -> Result<Zeroizing<String>, String> {
        let words_of_line = shlex::split(line).ok_or("has a quote that does not end")?;
        let (program, arguments) = words_of_line.split_first().ok_or("names no program")?;
        let output = self
            .0
            .command(program)?
            .args(arguments)
            .current_dir(self.0.directory)
            .env("SOPS_AGE_RECIPIENT", recipient)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("cannot be started: {}", words(&error)))?;
        let text = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err(format!("failed ({})", output.status));
        }
        let text = std::str::from_utf8(&text).map_err(|_| "printed what is not UTF-8")?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn default_file(&self) -> Option<PathBuf> {
        let configuration = match self.0.variable("XDG_CONFIG_HOME") {
            Some(directory) => PathBuf::from(directory),
            None => {
                let home = self.0.home()?;
                home.join(if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" })
            }
        };
        Some(configuration.join("sops/age/keys.txt"))
    }
}

/// The terminal, and the programs `age-plugin-…`.
struct Outside;

impl AgeOutside for Outside {
    fn passphrase(&self, of: &str) -> Option<SecretString> {
        terminal::ask_secret(&format!("Passphrase of {of}: ")).map(SecretString::from)
    }

    fn plugin_identity(&self, line: &str) -> Result<AnyIdentity, String> {
        let identity: Identity =
            line.parse().map_err(|_| "holds an identity of a plugin that cannot be read")?;
        let plugin = identity.plugin().to_owned();
        let made = IdentityPluginV1::new(&plugin, &[identity], Person);
        let made = made.map_err(|_| format!("needs the program age-plugin-{plugin}, which is not there"))?;
        Ok(Box::new(made))
    }

    fn plugin_recipient(&self, recipient: &str) -> Result<AnyRecipient, String> {
        let recipient: Recipient = recipient.parse().map_err(|_| "is not a recipient of a plugin")?;
        let plugin = recipient.plugin().to_owned();
        let made = RecipientPluginV1::new(&plugin, &[recipient], &[], Person);
        let made = made.map_err(|_| format!("needs the program age-plugin-{plugin}, which is not there"))?;
        Ok(Box::new(made))
    }
}

/// Whoever sits at the terminal, for what plugins ask.
#[derive(Clone, Copy)]
struct Person;

impl Callbacks for Person {
    fn display_message(&self, message: &str) {
        terminal::show(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let question = match no {
            Some(no) => format!("{message} (y: {yes}, n: {no}) "),
            None => format!("{message} (y: {yes}) "),
        };
        terminal::ask(&question).map(|answer| answer.trim().eq_ignore_ascii_case("y"))
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        terminal::ask(&format!("{description}: "))
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        terminal::ask_secret(&format!("{description}: ")).map(SecretString::from)
    }
}
