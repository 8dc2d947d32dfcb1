//! `hagane harden`: what rendering would harden, and what the rules are.

mod eject;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hagane::policy::{Fallback, ParameterKind, RULES, Report, ReportFormat, Rule, rules_named};
use hagane::{Diagnostic, Failed, Fault, RenderOptions, Rendered, SecretsMode, SourceMap, nearest};
use hagane_host::{Access, write_file};

use crate::composing::Composing;
use crate::lock::Unasked;
use crate::message::{self, MessageFormat};
use crate::settings::Settings;
use crate::{Surroundings, failure, output};

/// Report what rendering hardens, and where a person would write it
///
/// Renders the kustomization as `hagane render` does, with a fixed text for each secret, so that no key is needed, and prints
/// each change that the rules of `hagane.yaml` make, what they would change in another mode, and what is opted out.
/// No manifest is printed.
///
/// `--write-patches` writes the changes as patches into `hardening/` beside the kustomization, and adds them to it: what
/// `hagane build` gives then is what `hagane render` gave; what templates make, `hagane render` alone makes. Nothing is written over.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane harden overlays/production
  hagane harden --format sarif overlays/production > hagane.sarif
  hagane harden --format html overlays/production > report.html
  hagane harden --write-patches --dry-run overlays/production
                                                    the patches that would be written
  hagane harden --rules                             all rules, and their modes in each profile
  hagane harden --explain run-as-non-root           what a rule asks, why, and how to opt out")]
pub(crate) struct Harden {
    /// The directory with the kustomization
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
    /// How the report is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
    /// Write the changes as patches into the overlay, and add them to its kustomization
    #[arg(long)]
    write_patches: bool,
    /// With `--write-patches`: print what would be written, and write nothing
    #[arg(long, requires = "write_patches")]
    dry_run: bool,
    /// List the rules
    #[arg(long, conflicts_with = "explain")]
    rules: bool,
    /// Explain a rule, or those of a group
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    composing: Composing,
    /// How messages are written to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For code scanning
    Sarif,
    /// For comments on a change
    Markdown,
    /// For a browser
    Html,
}

/// Runs `harden`.
pub(crate) fn run(arguments: &Harden, surroundings: &mut Surroundings) -> Result<(), Failed> {
    if arguments.rules {
        return output::print(list().as_bytes(), surroundings);
    }
    if let Some(name) = &arguments.explain {
        return output::print(explain(name)?.as_bytes(), surroundings);
    }
    let options = arguments.settings.applied_to(RenderOptions {
        build: arguments.composing.options(),
        // What comes of a secret is neither shown nor written.
        secrets: SecretsMode::MarkedPlaceholder,
        ..RenderOptions::default()
    });
    let directory = &arguments.directory;
    let (rendered, ejected) =
        arguments.composing.in_world(directory, Unasked::Used, surroundings, |world| {
            let rendered = hagane::render(world, directory, &options)?;
            let ejected = match arguments.write_patches {
                true => Some(eject::files(directory, &rendered, &options, world)?),
                false => None,
            };
            Ok((rendered, ejected))
        })?;
    message::tell(&rendered.warnings, &rendered.source_map, arguments.message_format, surroundings);
    if let Some(ejected) = ejected {
        return ejected.write(arguments.dry_run, surroundings);
    }
    let format = match arguments.format {
        Format::Text => ReportFormat::Text,
        Format::Json => ReportFormat::Json,
        Format::Sarif => ReportFormat::Sarif,
        Format::Markdown => ReportFormat::Markdown,
        Format::Html => ReportFormat::Html,
    };
    let text = rendered.report.to_text(format, &rendered.source_map);
    output::print(text.as_bytes(), surroundings)?;
    match rendered.report.fails() {
        // All is said.
        true => Err(Failed { diagnostics: Vec::new(), source_map: rendered.source_map }),
        false => Ok(()),
    }
}

/// Writes a report into a file, in the format that its name ends with.
pub(crate) fn write(
    report: &Report,
    map: &SourceMap,
    path: &Path,
    surroundings: &Surroundings,
) -> Result<(), Failed> {
    let format = match path.extension().and_then(|end| end.to_str()) {
        Some("json") => ReportFormat::Json,
        Some("sarif") => ReportFormat::Sarif,
        Some("md") => ReportFormat::Markdown,
        Some("html") => ReportFormat::Html,
        _ => ReportFormat::Text,
    };
    let full = surroundings.directory.join(path);
    write_file(&full, report.to_text(format, map).as_bytes(), Access::Usual).map_err(|error| {
        let words = hagane_host::words(&error);
        failure(Fault::Access, format!("cannot write `{}`: {words}", path.display()))
    })
}

/// Returns what was rendered, unless a finding is one that `failOn` names.
pub(crate) fn refuse_failing(rendered: Rendered) -> Result<Rendered, Failed> {
    match rendered.report.fails() {
        true => Err(Failed { diagnostics: rendered.warnings, source_map: rendered.source_map }),
        false => Ok(rendered),
    }
}

/// How many findings are told one by one.
const TOLD: usize = 20;

/// Returns a warning for each finding, and one for those beyond what a person reads.
pub(crate) fn warnings(report: &Report) -> Vec<Diagnostic> {
    let one = |finding: &hagane::policy::Finding| {
        let message = format!("{}: {}", finding.resource, finding.message);
        let told = match finding.fails {
            true => Diagnostic::error(finding.span, message),
            false => Diagnostic::warning(finding.span, message),
        };
        let warning = told.noted(format!("rule `{}`, field `{}`", finding.rule, finding.path));
        Diagnostic { quotable: false, ..warning }
    };
    // Errors first: they are why nothing came out.
    let (errors, others): (Vec<_>, Vec<_>) = report.findings.iter().partition(|finding| finding.fails);
    let mut told: Vec<Diagnostic> = errors.into_iter().chain(others).take(TOLD).map(one).collect();
    if report.findings.len() > TOLD {
        let more = report.findings.len() - TOLD;
        let warning = Diagnostic::warning(Default::default(), format!("{more} more findings"));
        told.push(warning.hinted("`--report FILE` writes them all"));
    }
    told
}

fn list() -> String {
    let row = |cells: [&str; 5]| {
        let [name, group, baseline, restricted, title] = cells;
        format!("{name:<22} {group:<16} {baseline:<9} {restricted:<11} {title}\n")
    };
    let mut out = row(["RULE", "GROUP", "BASELINE", "RESTRICTED", ""]);
    for rule in RULES {
        let (baseline, restricted) = (rule.baseline.to_string(), rule.restricted.to_string());
        out.push_str(&row([rule.name, rule.group, &baseline, &restricted, rule.title]));
    }
    out
}

fn explain(name: &str) -> Result<String, Failed> {
    let places = rules_named(name);
    if places.is_empty() {
        let hint = nearest(name, hagane::policy::rule_names());
        let hint = hint.map_or("`--rules` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        let error = Diagnostic::error(Default::default(), format!("no rule is called `{name}`"));
        let diagnostics = vec![error.with_fault(Fault::Usage).hinted(hint)];
        return Err(Failed { diagnostics, source_map: SourceMap::new() });
    }
    let texts: Vec<String> = places.into_iter().map(|place| explained(&RULES[place])).collect();
    Ok(texts.join("\n"))
}

fn explained(rule: &Rule) -> String {
    let mut out = format!("{} ({})\n  {}\n  {}\n", rule.name, rule.group, rule.title, rule.why);
    if !rule.risk.is_empty() {
        let _ = writeln!(out, "  risk: {}", rule.risk);
    }
    let _ = writeln!(out, "  mode: {} in `baseline`, {} in `restricted`", rule.baseline, rule.restricted);
    for parameter in rule.parameters {
        let fallback = match parameter.fallback {
            Fallback::Integer(value) => value.to_string(),
            Fallback::Text(value) => format!("{value:?}"),
            Fallback::Texts(values) => format!("[{}]", values.join(", ")),
        };
        let _ = write!(out, "  {}: {}", parameter.name, parameter.title);
        let _ = match parameter.kind {
            ParameterKind::Integer(least, most) => write!(out, " ({least} to {most})"),
            ParameterKind::Text(known) if !known.is_empty() => write!(out, " ({})", known.join(", ")),
            ParameterKind::Text(_) | ParameterKind::Texts => Ok(()),
        };
        let _ = writeln!(out, "; {fallback} if not given");
    }
    let _ = writeln!(out, "  to turn it on in hagane.yaml:  harden: {{rules: {{{}: fill}}}}", rule.name);
    let _ = writeln!(out, "  to opt out, as an annotation:  hagane.dev/skip.{}: why", rule.name);
    out
}
