//! `hagane argocd`: the plugin of Argo CD, and what belongs to it.

mod activity;
mod discover;
mod doctor;
mod generate;
mod harness;
mod job;
mod parameters;
mod plugin;
mod repository;
mod secret_data;
mod serve;
mod server;

use std::sync::Arc;

use clap::{Args, Subcommand};
use hagane_host::Leftovers;

pub(crate) use generate::build_as_kustomize;

use crate::Surroundings;

/// Be the config management plugin of Argo CD
#[derive(Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:
  hagane argocd plugin-yaml > plugin.yaml           the plugin, for a ConfigMap
  hagane argocd manifests > patch.yaml              the sidecar, as a patch of argocd-repo-server
  hagane argocd doctor                              in the sidecar: what is missing?
  hagane argocd test --key-file keys/test.agekey overlays/staging
                                                    anywhere: does it do what Argo CD needs?"
)]
pub(crate) struct ArgoCd {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Generate(generate::Generate),
    Serve(Box<serve::Serve>),
    Parameters(parameters::Parameters),
    Discover(discover::Discover),
    PluginYaml(plugin::PluginYaml),
    Manifests(plugin::Manifests),
    Doctor(doctor::Doctor),
    Test(harness::Test),
}

/// Runs a command and returns the exit code.
pub(crate) fn run(
    arguments: &ArgoCd,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &mut Surroundings,
) -> u8 {
    let done = match &arguments.command {
        Verb::Generate(arguments) => return generate::run(arguments, leftovers, surroundings),
        Verb::Test(arguments) => return harness::run(arguments, surroundings),
        Verb::Doctor(arguments) => return doctor::run(arguments, surroundings),
        Verb::Serve(arguments) => serve::run(arguments, leftovers, surroundings),
        Verb::Parameters(arguments) => parameters::run(arguments, surroundings),
        Verb::Discover(arguments) => discover::run(arguments, surroundings),
        Verb::PluginYaml(arguments) => plugin::plugin_yaml(arguments, surroundings),
        Verb::Manifests(arguments) => plugin::manifests(arguments, surroundings),
    };
    match done {
        Ok(()) => 0,
        Err(failed) => generate::refuse(&failed, surroundings),
    }
}
