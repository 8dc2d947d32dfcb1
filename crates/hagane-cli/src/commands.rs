//! What each command does: call the library, hand on what came out.

use std::io::Write;

use clap::CommandFactory;
use hagane::policy::Detail;
use hagane::{Diagnostic, EmitOptions, Failed, Fault, RenderOptions, Secrets, Span};

use crate::arguments::{self, Arguments};
use crate::lock::Unasked;
use crate::output::{self, Destination};
use crate::{Name, Surroundings, failure, harden, message, policy};

/// The version of kustomize whose bytes `build` prints.
const KUSTOMIZE: &str = "v5.8.1";

pub(crate) fn build(arguments: &arguments::Build, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let mut built =
        arguments.composing.in_world(&arguments.directory, Unasked::Ignored, surroundings, |world| {
            hagane::build(world, &arguments.directory, &arguments.options())
        })?;
    message::tell(&built.warnings, &built.source_map, arguments.message_format, surroundings);
    let destination = Destination::new(arguments.output.as_deref(), surroundings);
    let written = output::write(&mut built, &destination, EmitOptions::default(), surroundings);
    // The process ends here, and nothing in the trees is secret: to take them apart would be a tenth of the time.
    std::mem::forget(built);
    written
}

pub(crate) fn render(arguments: &arguments::Render, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let options = arguments.settings.applied_to(RenderOptions {
        build: arguments.composing.options(),
        secrets: arguments.secrets.into(),
        guard: arguments.policy.guard(&arguments.directory, surroundings)?,
        report: if arguments.report.is_some() { Detail::Changes } else { Detail::Findings },
        ..RenderOptions::default()
    });
    let mut rendered =
        arguments.composing.in_world(&arguments.directory, Unasked::Used, surroundings, |world| {
            hagane::render(world, &arguments.directory, &options)
        })?;
    let destination = Destination::new(arguments.output.as_deref(), surroundings);
    if !arguments.plaintext_in_git && rendered.holds_secrets() {
        refuse_work_tree(&destination, surroundings)?;
    }
    if let Some(path) = &arguments.report {
        harden::write(&rendered.report, &rendered.source_map, path, surroundings)?;
    }
    rendered.warnings.extend(harden::warnings(&rendered.report));
    let mut rendered = harden::refuse_failing(rendered)?;
    let redact = destination == Destination::Terminal && !arguments.reveal && rendered.holds_secrets();
    if redact {
        rendered.warnings.push(redacted());
    }
    message::tell(&rendered.warnings, &rendered.source_map, arguments.message_format, surroundings);
    let secrets = if redact { Secrets::Redact } else { Secrets::Show };
    output::write(&mut rendered, &destination, EmitOptions { secrets }, surroundings)
}

/// Refuses to write decrypted values where they would be committed.
fn refuse_work_tree(destination: &Destination, surroundings: &Surroundings) -> Result<(), Failed> {
    let (Destination::File(path) | Destination::Directory(path)) = destination else { return Ok(()) };
    if policy::work_tree(path, surroundings).is_none() {
        return Ok(());
    }
    let message =
        format!("`{}` lies in a git work tree, and the output holds decrypted values", path.display());
    let mut failed = failure(Fault::Usage, message);
    failed.diagnostics[0].hints.extend([
        "`--secrets placeholder` and `--secrets keep-encrypted` write what may be committed".into(),
        "`--plaintext-in-git` writes it all the same".into(),
    ]);
    Err(failed)
}

fn redacted() -> Diagnostic {
    Diagnostic::warning(Span::default(), "decrypted values are not shown on a terminal")
        .hinted("`--reveal` shows them; files and pipes get them")
}

pub(crate) fn completion(
    arguments: &arguments::Completion,
    surroundings: &mut Surroundings,
) -> Result<(), Failed> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "hagane", &mut script);
    output::print(&script, surroundings)
}

pub(crate) fn man(arguments: &arguments::Man, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let mut command = Arguments::command();
    command.build();
    let Some(directory) = &arguments.directory else {
        return output::print(&page(&command), surroundings);
    };
    let mut pages = Vec::new();
    add_pages("hagane", &command, &mut pages);
    output::write_pages(&surroundings.directory.join(directory), &pages)
}

/// Adds the pages of a command and of those below it.
fn add_pages(name: &str, command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    pages.push((format!("{name}.1"), page(command)));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        add_pages(&format!("{name}-{}", sub.get_name()), sub, pages);
    }
}

fn page(command: &clap::Command) -> Vec<u8> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text).expect("a vector takes all that is written");
    text
}

pub(crate) fn version(name: Name, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let mut text = Vec::new();
    let _ = match name {
        Name::Hagane | Name::Sops => writeln!(text, "hagane {}", env!("CARGO_PKG_VERSION")),
        // Programs that start kustomize look for its version here.
        Name::Kustomize => writeln!(text, "{KUSTOMIZE}"),
    };
    output::print(&text, surroundings)
}
