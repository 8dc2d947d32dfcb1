//! The variables that users pass on to programs.

use std::ffi::OsString;

use crate::process::Processes;

/// Variables by name: with a value, or passed on as they are here.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    with_value: std::collections::BTreeMap<String, String>,
    passed_on: Vec<String>,
}

impl Variables {
    /// Returns the variables that texts name: `NAME=VALUE` or `NAME`. Of several values of a name the last one counts.
    pub(super) fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Variables {
        let mut variables = Variables::default();
        for text in texts {
            match text.split_once('=') {
                Some((name, value)) => _ = variables.with_value.insert(name.to_owned(), value.to_owned()),
                None if !variables.passed_on.iter().any(|name| name == text) => {
                    variables.passed_on.push(text.to_owned());
                }
                None => {}
            }
        }
        variables
    }

    /// Returns the arguments that name them to a program that runs containers. Values that are passed on are not
    /// among them: it takes those from its own environment.
    pub(super) fn arguments(&self) -> impl Iterator<Item = String> {
        let with_value = self.with_value.iter().map(|(name, value)| format!("{name}={value}"));
        with_value.chain(self.passed_on.iter().cloned()).flat_map(|variable| ["-e".to_owned(), variable])
    }

    /// Returns the values of those that are passed on.
    pub(super) fn passed_on(&self, processes: &dyn Processes) -> Vec<(OsString, OsString)> {
        let value = |name: &String| Some((name.into(), processes.variable(name)?));
        self.passed_on.iter().filter_map(value).collect()
    }

    /// Returns the values of all.
    pub(super) fn values(&self, processes: &dyn Processes) -> Vec<(OsString, OsString)> {
        let mut values = self.passed_on(processes);
        values.extend(self.with_value.iter().map(|(name, value)| (name.into(), value.into())));
        values
    }
}
