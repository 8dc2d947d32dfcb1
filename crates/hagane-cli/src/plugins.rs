//! The flags of functions and plugins.

use std::time::Duration;

use clap::{ArgAction, Args};

use crate::composing::go_bool;

/// What functions and plugins may do.
#[derive(Args, Clone)]
#[command(next_help_heading = "Functions and plugins")]
pub(crate) struct Plugins {
    /// Run functions in containers, and plugins
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    enable_alpha_plugins: bool,
    /// Run functions that are programs, too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    enable_exec: bool,
    /// Let functions in containers use the network, where they ask for it
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    network: bool,
    /// Taken for kustomize's sake, which makes nothing of it either
    #[arg(long, value_name = "NAME", default_value = "bridge", hide = true)]
    _network_name: String,
    /// A directory for functions in containers, as `type=bind,src=PATH,dst=PATH[,rw=true]`
    #[arg(long, value_name = "OPTIONS")]
    mount: Vec<String>,
    /// A variable for functions: `NAME=VALUE`, or `NAME` for the value it has here
    #[arg(short, long, value_name = "VARIABLE")]
    env: Vec<String>,
    /// Run functions in containers as the current user, not as nobody
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    as_current_user: bool,
    /// How long each function and plugin may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    plugin_timeout: u64,
}

impl Plugins {
    /// Returns what functions and plugins may do, if they are run.
    pub(crate) fn plugins(&self) -> Option<hagane::Plugins> {
        self.enable_alpha_plugins.then(|| hagane::Plugins {
            exec: self.enable_exec,
            network: self.network,
            mounts: self.mount.clone(),
            variables: self.env.clone(),
            user: self.as_current_user.then(hagane_host::current_user),
            time_limit: Duration::from_secs(self.plugin_timeout),
        })
    }
}
