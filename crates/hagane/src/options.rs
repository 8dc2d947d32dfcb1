//! What a user may ask for.

use std::path::PathBuf;

use hagane_kustomize::{Helm, LoadRestriction, Options, Plugins, Reorder};
use hagane_policy::Detail;

use crate::{Guard, Setting};

/// What a user may ask of [`build`](crate::build): kustomize's options.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// Which files a kustomization may read.
    pub load_restriction: LoadRestriction,
    /// The order of the output, where the kustomization does not say.
    pub reorder: Reorder,
    /// Whether everything gets the label `app.kubernetes.io/managed-by`.
    pub managed_by_label: bool,
    /// How Helm charts are inflated; none refuses them.
    pub helm: Option<Helm>,
    /// What functions and plugins may do; none refuses them.
    pub plugins: Option<Plugins>,
}

/// What a user may ask of [`render`](crate::render).
#[derive(Clone, Debug, Default)]
pub struct RenderOptions {
    /// What composing is asked.
    pub build: BuildOptions,
    /// What happens to encrypted values.
    pub secrets: SecretsMode,
    /// Files with values of parameters.
    pub values_files: Vec<PathBuf>,
    /// Values of parameters; they go before those of files.
    pub settings: Vec<Setting>,
    /// The administrator's policy of who may decrypt what; without one every key may be used for every file.
    pub guard: Option<Guard>,
    /// How far rendering goes.
    pub stages: Stages,
    /// How much the report says.
    pub report: Detail,
}

/// How far rendering goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stages {
    /// To the end.
    #[default]
    All,
    /// Until all is composed, templates, too: nothing is labelled or hardened.
    Composing,
}

/// What happens to encrypted values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretsMode {
    /// They are decrypted.
    #[default]
    Decrypt,
    /// A fixed text takes the place of each. No key is needed, and no MAC is verified.
    Placeholder,
    /// The same, and the text is marked as a decrypted one: for who must know what comes of it.
    MarkedPlaceholder,
    /// They stay as they lie, with their `sops` blocks; where composing changed what the MAC covers that is
    /// an error. No key is needed.
    KeepEncrypted,
    /// The same, and nobody looks whether their MACs still hold: for what is not written.
    AsTheyLie,
}

impl SecretsMode {
    /// Returns whether a fixed text takes the place of encrypted values.
    pub(crate) fn is_placeholder(self) -> bool {
        matches!(self, SecretsMode::Placeholder | SecretsMode::MarkedPlaceholder)
    }

    /// Returns whether what takes the place of encrypted values is marked.
    pub(crate) fn is_marked(self) -> bool {
        matches!(self, SecretsMode::Decrypt | SecretsMode::MarkedPlaceholder)
    }
}

impl BuildOptions {
    pub(crate) fn composing(&self) -> Options {
        Options {
            reorder: self.reorder,
            managed_by_label: self.managed_by_label,
            helm: self.helm.clone(),
            plugins: self.plugins.clone(),
        }
    }
}
