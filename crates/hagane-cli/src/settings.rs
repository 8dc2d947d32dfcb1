//! Values of parameters on the command line.

use std::path::PathBuf;

use clap::Args;
use hagane::{Given, RenderOptions, Setting, Text};

/// What a user sets.
#[derive(Args)]
#[command(next_help_heading = "Parameters")]
pub(crate) struct Settings {
    /// Set a parameter that `hagane.yaml` declares; the items of a list and the pairs of a map are parted by commas
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Set a parameter to the content of a file, which may be encrypted
    #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
    set_file: Vec<(String, String)>,
    /// Set parameters from a file of YAML, which may be encrypted; `--set` goes before it
    #[arg(long, value_name = "FILE")]
    values: Vec<PathBuf>,
}

/// Reads a name and what it is set to. The message does not repeat it: it may be a secret.
fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be NAME=VALUE"),
    }
}

impl Settings {
    /// Returns the options with these values.
    pub(crate) fn applied_to(&self, options: RenderOptions) -> RenderOptions {
        let texts = self.set.iter().map(|(name, value)| Setting {
            name: name.clone(),
            value: Given::Text(Text::sensitive(value.clone())),
        });
        let files = self
            .set_file
            .iter()
            .map(|(name, path)| Setting { name: name.clone(), value: Given::File(path.into()) });
        RenderOptions { settings: files.chain(texts).collect(), values_files: self.values.clone(), ..options }
    }
}
