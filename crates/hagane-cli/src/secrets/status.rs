//! `hagane secrets status`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hagane::{Diagnostic, Severity, SourceMap, Span};

use super::check::{Checked, Configurations, check, unread};
use super::report;
use super::tree::Tree;
use crate::message::{self, MessageFormat};
use crate::{Surroundings, output};

/// Say which files are encrypted and for whom, and what is not encrypted and should be
///
/// No key is needed. Said is every encrypted file whose keys or selector are not those of its rule in `.sops.yaml`, whose metadata
/// are broken, or in which a value is plain that should not be; every file that a rule with `path_regex` is for and that is plain; every
/// Secret of Kubernetes that is plain. What only looks like a secret is a warning. The exit code is 1 where there is an error.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane secrets status
  hagane secrets status --staged                    in .git/hooks/pre-commit
  hagane secrets status --format sarif clusters > secrets.sarif")]
pub(super) struct Status {
    /// Files and directories
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<PathBuf>,
    /// What is about to be committed, as git has it, in place of the files as they lie
    #[arg(long, conflicts_with = "paths")]
    staged: bool,
    /// Only what is wrong
    #[arg(short, long)]
    quiet: bool,
    /// How the result is written to standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A file a line, and what is wrong on standard error
    #[default]
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

pub(super) fn run(arguments: &Status, surroundings: &mut Surroundings) -> u8 {
    let found = match arguments.staged {
        true => Tree::staged(surroundings),
        false => Tree::below(&arguments.paths, surroundings),
    };
    let found = match found {
        Ok(found) => found,
        Err(problem) => {
            let error = Diagnostic::error(Span::default(), problem);
            message::tell(&[error], &SourceMap::new(), MessageFormat::Human, surroundings);
            return 2;
        }
    };
    let mut map = SourceMap::new();
    let checked: Vec<Checked> = {
        let configurations = Configurations::new(surroundings);
        let files = found.paths.iter();
        files
            .filter_map(|path| match found.read(path, surroundings) {
                Ok(file) => check(&file, &configurations, &mut map),
                Err(file) => unread(&file, &mut map),
            })
            .collect()
    };
    let text = match arguments.format {
        Format::Text if arguments.quiet => String::new(),
        Format::Text => report::text(&checked),
        Format::Json => report::json(&checked, &map),
        Format::Sarif => report::sarif(&checked, &map),
    };
    if output::print(text.as_bytes(), surroundings).is_err() {
        return 4;
    }
    let findings: Vec<Diagnostic> = checked.into_iter().flat_map(|checked| checked.findings).collect();
    if arguments.format == Format::Text {
        message::tell(&findings, &map, MessageFormat::Human, surroundings);
    }
    u8::from(findings.iter().any(|finding| finding.severity == Severity::Error))
}
