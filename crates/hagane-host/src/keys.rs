//! The keys that the user has given, as SOPS looks for them: age identities, agents, and services.

mod age;
#[cfg(feature = "aws")]
mod aws;
mod azure;
mod buckets;
mod file;
mod gcp;
mod huawei;
mod pgp;
mod publish;
#[cfg(feature = "keyservice")]
mod service;
mod signed;
mod terminal;
mod vault;
mod web;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hagane::{
    AgeKeyring, Attempt, Files, KeyFailure, Keyring, MasterKey, Remembering, SecretBytes, WrappedKey,
};

use zeroize::Zeroizing;

use self::age::AgeSources;
use self::pgp::GivenKeys;
use crate::disk::words;
use crate::programs::find;
use crate::protection::keep_in_memory;

pub use self::publish::Storage;
#[cfg(feature = "keyservice")]
pub use self::service::serve;
pub use self::terminal::ask;

/// A keyring of what this machine and its user have: `SOPS_AGE_KEY` and the other variables of SOPS, key files, `gpg`,
/// the cloud's credentials. Each is looked for when the first encrypted file asks for it, and data keys are remembered.
pub struct LocalKeys<'h>(Remembering<Services<'h>>);

/// Variables with keys of ours, which programs that hold keys of their own do not see.
const SECRET_VARIABLES: [&str; 3] = ["SOPS_AGE_KEY", "HAGANE_PGP_KEY", "VAULT_TOKEN"];

/// The outside as key services see it.
struct Surroundings<'h> {
    environment: &'h (dyn Fn(&str) -> Option<OsString> + Sync),
    files: &'h dyn Files,
    directory: &'h Path,
}

/// What the user asks of the key services.
#[derive(Clone, Debug, Default)]
pub struct KeyOptions {
    /// Whether the keys of this machine are used; unless stated, `SOPS_ENABLE_LOCAL_KEYSERVICE` says.
    pub local: Option<bool>,
    /// Addresses of other key services, `tcp://HOST:PORT` or `unix://PATH`; unless stated, `SOPS_KEYSERVICE` says.
    pub services: Vec<String>,
    /// The kinds of keys that are tried first; unless stated, `SOPS_DECRYPTION_ORDER` says.
    pub order: Option<Vec<String>>,
}

/// The services behind each kind of key.
struct Services<'h> {
    surroundings: Surroundings<'h>,
    options: KeyOptions,
    /// One keyring for all recipients, or one for each where a command is told for whom it is asked.
    age: Mutex<BTreeMap<String, Arc<AgeKeyring>>>,
    pgp: OnceLock<GivenKeys>,
}

impl<'h> LocalKeys<'h> {
    /// Returns the keys that an environment leads to; relative paths start at `directory`.
    pub fn new(
        environment: &'h (dyn Fn(&str) -> Option<OsString> + Sync),
        files: &'h dyn Files,
        directory: &'h Path,
    ) -> LocalKeys<'h> {
        LocalKeys::with_options(environment, files, directory, KeyOptions::default())
    }

    /// Returns the keys that an environment leads to, as the user asks.
    pub fn with_options(
        environment: &'h (dyn Fn(&str) -> Option<OsString> + Sync),
        files: &'h dyn Files,
        directory: &'h Path,
        options: KeyOptions,
    ) -> LocalKeys<'h> {
        let surroundings = Surroundings { environment, files, directory };
        LocalKeys(Remembering::new(Services {
            surroundings,
            options,
            age: Mutex::default(),
            pgp: OnceLock::new(),
        }))
    }
}

impl LocalKeys<'_> {
    /// Returns the same keys without a memory: a service that runs for long asks each time, as a key may be revoked meanwhile.
    pub fn forgetful(&self) -> &dyn Keyring {
        self.0.forgetful()
    }
}

impl Keyring for LocalKeys<'_> {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.0.unwrap_key(key)
    }

    fn unwrap_key_here(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.0.unwrap_key_here(key)
    }

    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.0.unwrap_bound(key)
    }

    fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
        self.0.wrap_key(key, data_key)
    }

    fn order(&self) -> Vec<String> {
        self.0.order()
    }
}

impl Keyring for Services<'_> {
    fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.ask(|who| match who {
            Asked::Local(keys) => keys.unwrap_key(wrapped),
            Asked::Service(address) => decrypt_at(address, wrapped),
        })
        .inspect(|key| keep_in_memory(key.expose()))
    }

    fn unwrap_key_here(&self, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.ask(|who| match who {
            Asked::Local(keys) => keys.unwrap_key_here(wrapped),
            Asked::Service(address) if address.starts_with("unix://") => decrypt_at(address, wrapped),
            Asked::Service(address) => Err(KeyFailure::new(address, "is not asked: this run is offline")),
        })
        .inspect(|key| keep_in_memory(key.expose()))
    }

    fn unwrap_bound(&self, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.ask(|who| match who {
            Asked::Local(keys) => keys.unwrap_bound(wrapped),
            Asked::Service(address) => Err(KeyFailure::unbound(address)),
        })
        .inspect(|key| keep_in_memory(key.expose()))
    }

    fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
        self.ask(|who| match who {
            Asked::Local(keys) => keys.wrap_key(key, data_key),
            Asked::Service(address) => encrypt_at(address, key, data_key),
        })
        .map_err(|failure| without(data_key, failure))
    }

    fn order(&self) -> Vec<String> {
        let named = |text: String| text.split(',').map(|kind| kind.trim().to_owned()).collect();
        let given = self.options.order.clone();
        given
            .or_else(|| self.surroundings.text("SOPS_DECRYPTION_ORDER").map(named))
            .unwrap_or_else(|| vec!["age".into(), "pgp".into()])
    }
}

impl Services<'_> {
    /// Asks this machine, then the other services, until one can.
    fn ask<T>(&self, mut question: impl FnMut(Asked) -> Result<T, KeyFailure>) -> Result<T, KeyFailure> {
        let mut tried = Vec::new();
        if self.uses_local() {
            match question(Asked::Local(&Local(self))) {
                Ok(answer) => return Ok(answer),
                Err(failure) => tried.extend(failure.tried),
            }
        }
        let given = &self.options.services;
        let named = || self.surroundings.text("SOPS_KEYSERVICE");
        let services = if given.is_empty() { named().into_iter().collect() } else { given.clone() };
        for address in services.iter().flat_map(|service| service.split(',')).map(str::trim) {
            match question(Asked::Service(address)) {
                Ok(answer) => return Ok(answer),
                Err(failure) => tried.extend(failure.tried),
            }
        }
        Err(KeyFailure { tried })
    }

    fn uses_local(&self) -> bool {
        self.options.local.unwrap_or_else(|| {
            let said = self.surroundings.text("SOPS_ENABLE_LOCAL_KEYSERVICE");
            !said.is_some_and(|said| matches!(said.to_lowercase().as_str(), "0" | "f" | "false"))
        })
    }

    fn pgp(&self) -> &GivenKeys {
        self.pgp.get_or_init(|| GivenKeys::find(&self.surroundings))
    }

    fn age(&self, recipient: &str) -> Arc<AgeKeyring> {
        let sources = AgeSources::new(&self.surroundings);
        let asked_for = if sources.ask_commands() { recipient } else { "" };
        // Held while they are looked for: a person is asked for a passphrase once, whoever needs it.
        let mut known = self.age.lock().unwrap_or_else(PoisonError::into_inner);
        let keyring = known.entry(asked_for.to_owned()).or_insert_with(|| {
            let keyring = AgeKeyring::new(sources.identities(recipient));
            keyring.identities().for_each(keep_in_memory);
            Arc::new(keyring)
        });
        Arc::clone(keyring)
    }
}

/// Who is asked for a key.
enum Asked<'s> {
    Local(&'s dyn Keyring),
    Service(&'s str),
}

#[cfg(feature = "keyservice")]
use service::{decrypt as decrypt_at, encrypt as encrypt_at};

#[cfg(not(feature = "keyservice"))]
fn decrypt_at(address: &str, _wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
    Err(KeyFailure::new(address, "is a key service, and this program does not speak with them"))
}

#[cfg(not(feature = "keyservice"))]
fn encrypt_at(address: &str, _key: &MasterKey, _data_key: &SecretBytes) -> Result<String, KeyFailure> {
    Err(KeyFailure::new(address, "is a key service, and this program does not speak with them"))
}

/// The keys of this machine.
struct Local<'s, 'h>(&'s Services<'h>);

impl Keyring for Local<'_, '_> {
    fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let surroundings = &self.0.surroundings;
        match &wrapped.key {
            MasterKey::Age(recipient) => self.0.age(recipient).unwrap_key(wrapped),
            MasterKey::Pgp(_) => pgp::decrypt(&wrapped.enc, self.0.pgp(), surroundings),
            MasterKey::GcpKms(id) => gcp::decrypt(id, &wrapped.enc, surroundings).map_err(of_service),
            MasterKey::AzureKeyVault(key) => {
                azure::decrypt(key, &wrapped.enc, surroundings).map_err(of_service)
            }
            MasterKey::Vault(key) => vault::decrypt(key, &wrapped.enc, surroundings).map_err(of_service),
            #[cfg(feature = "aws")]
            MasterKey::AwsKms(key) => aws::decrypt(key, &wrapped.enc, surroundings).map_err(of_service),
            #[cfg(not(feature = "aws"))]
            MasterKey::AwsKms(_) => Err(unknown()),
            MasterKey::HuaweiKms(name) => {
                huawei::decrypt(name, &wrapped.enc, surroundings).map_err(of_service)
            }
        }
    }

    fn unwrap_bound(&self, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let surroundings = &self.0.surroundings;
        match &wrapped.key {
            MasterKey::Age(recipient) => self.0.age(recipient).unwrap_bound(wrapped),
            MasterKey::Pgp(fingerprint) => {
                pgp::decrypt_by(fingerprint, &wrapped.enc, self.0.pgp(), surroundings)
            }
            // The calls to these name the key, and the services use no other.
            MasterKey::GcpKms(_)
            | MasterKey::AzureKeyVault(_)
            | MasterKey::Vault(_)
            | MasterKey::AwsKms(_)
            | MasterKey::HuaweiKms(_) => self.unwrap_key(wrapped),
        }
    }

    fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
        let surroundings = &self.0.surroundings;
        match key {
            MasterKey::Age(recipient) => self.0.age(&recipient.clone()).wrap_key(key, data_key),
            MasterKey::Pgp(fingerprint) => {
                pgp::encrypt(fingerprint, data_key, surroundings).map_err(of_service)
            }
            MasterKey::GcpKms(id) => gcp::encrypt(id, data_key, surroundings).map_err(of_service),
            MasterKey::AzureKeyVault(key) => azure::encrypt(key, data_key, surroundings).map_err(of_service),
            MasterKey::Vault(key) => vault::encrypt(key, data_key, surroundings).map_err(of_service),
            #[cfg(feature = "aws")]
            MasterKey::AwsKms(key) => aws::encrypt(key, data_key, surroundings).map_err(of_service),
            #[cfg(not(feature = "aws"))]
            MasterKey::AwsKms(_) => Err(unknown()),
            MasterKey::HuaweiKms(name) => huawei::encrypt(name, data_key, surroundings).map_err(of_service),
        }
    }
}

#[cfg(not(feature = "aws"))]
fn unknown() -> KeyFailure {
    KeyFailure::new("this program", "does not know the service; a key service of SOPS may (`--keyservice`)")
}

/// Bytes of what a service says that are shown.
const MAX_WORDS: usize = 600;

/// Returns what a service says, cut where it says too much.
fn bounded(words: &str) -> String {
    match words.floor_char_boundary(MAX_WORDS) {
        end if end < words.len() => format!("{} …", &words[..end]),
        _ => words.to_owned(),
    }
}

/// Returns a failure without what a service says where that holds the data key itself: one that answers with the request, say.
fn without(data_key: &SecretBytes, mut failure: KeyFailure) -> KeyFailure {
    let plain = data_key.expose();
    let encoded = web::to_base64(data_key);
    let bare = encoded.trim_end_matches('=');
    let holds = |reason: &str| {
        let reason = reason.as_bytes();
        [plain, bare.as_bytes()]
            .iter()
            .any(|part| !part.is_empty() && memchr::memmem::find(reason, part).is_some())
    };
    for attempt in &mut failure.tried {
        if holds(&attempt.reason) {
            attempt.reason = "failed, in words that hold the data key".into();
        }
    }
    failure
}

/// Returns the failure of a service, which has tried one thing.
fn of_service(attempt: Attempt) -> KeyFailure {
    KeyFailure { tried: vec![attempt] }
}

impl Surroundings<'_> {
    /// Returns the variable, if it holds anything.
    fn variable(&self, name: &str) -> Option<OsString> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    /// Returns the variable as text, if it is one and holds anything.
    fn text(&self, name: &str) -> Option<String> {
        self.variable(name).and_then(|value| value.into_string().ok())
    }

    /// Returns what a program prints.
    fn output(&self, program: &str, arguments: &[&str]) -> Result<Zeroizing<Vec<u8>>, String> {
        let mut command = self.command(program)?;
        SECRET_VARIABLES.iter().for_each(|name| _ = command.env_remove(name));
        command.args(arguments).current_dir(self.directory).stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().map_err(|error| format!("cannot be started: {}", words(&error)))?;
        let text = Zeroizing::new(output.stdout);
        if output.status.success() { Ok(text) } else { Err(format!("failed ({})", output.status)) }
    }

    /// Returns the command of a program. What lies in the working directory by chance is none.
    fn command(&self, program: &str) -> Result<Command, String> {
        let search_path = self.variable("PATH").unwrap_or_default();
        find(program.as_ref(), self.directory, &search_path)
            .map(Command::new)
            .map_err(|_| "cannot be started: there is no such program".to_owned())
    }

    fn home(&self) -> Option<std::path::PathBuf> {
        self.variable("HOME").map(Into::into)
    }
}
