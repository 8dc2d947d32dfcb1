//! What each command does: call the library, hand on what came out.

use std::io::Write;

use clap::CommandFactory;
use hagane::{BuildOptions, Diagnostic, EmitOptions, Failed, RenderOptions, Secrets, Span, World};

use crate::arguments::{self, Arguments};
use crate::lock::{self, Unasked};
use crate::output::{self, Destination};
use crate::{Name, Surroundings, harden, message};

/// The version of kustomize whose bytes `build` prints.
const KUSTOMIZE: &str = "v5.8.1";

pub(crate) fn build(arguments: &arguments::Build, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let options = BuildOptions {
        load_restriction: arguments.load_restrictor.into(),
        reorder: arguments.reorder.map(Into::into).unwrap_or_default(),
        managed_by_label: arguments.enable_managedby_label,
        helm: arguments.charts.helm(),
        plugins: arguments.plugins.plugins(),
    };
    let lock = lock::read_for(&arguments.locking, &arguments.directory, Unasked::Ignored, surroundings)?;
    let world = world(surroundings, Reach::of(arguments.offline));
    let locked = lock.as_ref().and_then(|lock| lock.remotes(world.remotes));
    let world = World { remotes: locked.as_ref().map_or(world.remotes, |locked| Some(locked)), ..world };
    let mut built = hagane::build(&world, &arguments.directory, &options)?;
    message::tell(&built.warnings, &built.source_map, arguments.message_format, surroundings);
    let destination = Destination::new(arguments.output.as_deref(), surroundings);
    let written = output::write(&mut built, &destination, EmitOptions::default(), surroundings);
    // The process ends here, and nothing in the trees is secret: to take them apart would be a tenth of the time.
    std::mem::forget(built);
    written
}

pub(crate) fn render(arguments: &arguments::Render, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let options = RenderOptions {
        build: BuildOptions {
            load_restriction: arguments.load_restrictor.into(),
            helm: arguments.charts.helm(),
            plugins: arguments.plugins.plugins(),
            ..BuildOptions::default()
        },
        secrets: arguments.secrets.into(),
    };
    let lock = lock::read_for(&arguments.locking, &arguments.directory, Unasked::Used, surroundings)?;
    let world = world(surroundings, Reach::of(arguments.offline));
    let locked = lock.as_ref().and_then(|lock| lock.remotes(world.remotes));
    let world = World { remotes: locked.as_ref().map_or(world.remotes, |locked| Some(locked)), ..world };
    let mut rendered = hagane::render(&world, &arguments.directory, &options)?;
    let destination = Destination::new(arguments.output.as_deref(), surroundings);
    if let Some(path) = &arguments.report {
        harden::write(&rendered.report, &rendered.source_map, path, surroundings)?;
    }
    rendered.warnings.extend(harden::warnings(&rendered.report));
    let redact = destination == Destination::Terminal && !arguments.reveal && rendered.holds_secrets();
    if redact {
        rendered.warnings.push(redacted());
    }
    message::tell(&rendered.warnings, &rendered.source_map, arguments.message_format, surroundings);
    let secrets = if redact { Secrets::Redact } else { Secrets::Show };
    output::write(&mut rendered, &destination, EmitOptions { secrets }, surroundings)
}

/// Whether what lies elsewhere is fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Online,
    Offline,
}

impl Reach {
    pub(crate) fn of(offline: bool) -> Reach {
        if offline { Reach::Offline } else { Reach::Online }
    }
}

fn redacted() -> Diagnostic {
    Diagnostic::warning(Span::default(), "decrypted values are not shown on a terminal")
        .hinted("`--reveal` shows them; files and pipes get them")
}

pub(crate) fn world<'s>(surroundings: &'s Surroundings, reach: Reach) -> World<'s> {
    World {
        files: surroundings.files,
        keyring: surroundings.keyring,
        remotes: surroundings.remotes.filter(|_| reach == Reach::Online),
        processes: surroundings.processes,
        directory: &surroundings.directory,
    }
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
    let commands = command.get_subcommands().map(|sub| {
        let name = format!("hagane-{}", sub.get_name());
        (format!("{name}.1"), page(sub))
    });
    let pages: Vec<(String, Vec<u8>)> =
        [("hagane.1".to_owned(), page(&command))].into_iter().chain(commands).collect();
    output::write_pages(&surroundings.directory.join(directory), &pages)
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
