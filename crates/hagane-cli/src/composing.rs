//! How a kustomization is composed: the flags that `build`, `render` and the Argo CD plugin share.

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgAction, Args, ValueEnum};
use hagane::{
    BuildOptions, Failed, Helm, KeyFailure, Keyring, LoadRestriction, MasterKey, SecretBytes, World,
    WrappedKey,
};

use crate::Surroundings;
use crate::lock::{self, Locking, Unasked};
use crate::plugins::Plugins;

/// What a kustomization may read, fetch and run.
#[derive(Args, Clone)]
pub(crate) struct Composing {
    /// Which files a kustomization may read
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    load_restrictor: LoadRestrictor,
    /// Ask nobody beyond this machine: what lies elsewhere is refused, and so are the keys of services
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    locking: Locking,
    #[command(flatten)]
    charts: Charts,
    #[command(flatten)]
    plugins: Plugins,
}

/// What charts may do.
#[derive(Args, Clone)]
#[command(next_help_heading = "Helm charts")]
struct Charts {
    /// Let the program `helm` inflate charts
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    enable_helm: bool,
    /// The program that inflates charts
    #[arg(long, value_name = "PATH", default_value = "helm")]
    helm_command: OsString,
    /// API versions that charts are told of; once for each
    #[arg(long, value_name = "VERSION")]
    helm_api_versions: Vec<String>,
    /// The version of Kubernetes that charts are told of
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    helm_kube_version: String,
    /// Let helm say more when it fails
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    helm_debug: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LoadRestrictor {
    /// Files in or below the kustomization's own directory
    #[default]
    #[value(name = "LoadRestrictionsRootOnly", alias = "")]
    RootOnly,
    /// Any file
    #[value(name = "LoadRestrictionsNone")]
    None,
}

/// Whether anybody beyond this machine is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Online,
    Offline,
}

/// Reads a boolean as kustomize's flags take it.
pub(crate) fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("the values are true and false".into()),
    }
}

impl Composing {
    /// Returns what composing is asked to do.
    pub(crate) fn options(&self) -> BuildOptions {
        BuildOptions {
            load_restriction: self.load_restrictor.into(),
            helm: self.charts.helm(),
            plugins: self.plugins.plugins(),
            ..BuildOptions::default()
        }
    }

    /// Works on the world as these flags and the lock file of `directory` let it be seen.
    pub(crate) fn in_world<T>(
        &self,
        directory: &Path,
        unasked: Unasked,
        surroundings: &Surroundings,
        work: impl FnOnce(&World) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let lock = lock::read_for(&self.locking, directory, unasked, surroundings)?;
        let reach = if self.offline { Reach::Offline } else { Reach::Online };
        let keyring = OfflineKeys(surroundings.keyring);
        let world = world(surroundings, reach);
        let locked = lock.as_ref().and_then(|lock| lock.remotes(world.remotes));
        work(&World {
            keyring: if self.offline { &keyring } else { world.keyring },
            remotes: locked.as_ref().map_or(world.remotes, |locked| Some(locked)),
            ..world
        })
    }
}

/// Returns the world without a lock.
pub(crate) fn world<'s>(surroundings: &'s Surroundings, reach: Reach) -> World<'s> {
    World {
        files: surroundings.files,
        keyring: surroundings.keyring,
        remotes: surroundings.remotes.filter(|_| reach == Reach::Online),
        processes: surroundings.processes,
        directory: &surroundings.directory,
    }
}

/// The keys of this machine, without those that a service beyond it holds.
struct OfflineKeys<'k>(&'k dyn Keyring);

impl Keyring for OfflineKeys<'_> {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.0.unwrap_key_here(key)
    }

    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        match key.key.is_held_here() {
            true => self.0.unwrap_bound(key),
            false => Err(KeyFailure::offline(&key.key)),
        }
    }

    fn wrap_key(&self, key: &mut MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
        Err(KeyFailure::offline(key))
    }

    fn order(&self) -> Vec<String> {
        self.0.order()
    }

    fn asks_services(&self) -> bool {
        false
    }
}

impl Charts {
    /// Returns how charts are inflated, if they are.
    fn helm(&self) -> Option<Helm> {
        self.enable_helm.then(|| Helm {
            command: self.helm_command.clone(),
            api_versions: self.helm_api_versions.clone(),
            kube_version: self.helm_kube_version.clone(),
            debug: self.helm_debug,
        })
    }
}

impl From<LoadRestrictor> for LoadRestriction {
    fn from(argument: LoadRestrictor) -> LoadRestriction {
        match argument {
            LoadRestrictor::RootOnly => LoadRestriction::RootOnly,
            LoadRestrictor::None => LoadRestriction::None,
        }
    }
}
