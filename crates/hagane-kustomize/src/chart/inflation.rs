//! Charts, inflated by the program `helm`, with the arguments that kustomize gives it.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hagane_resource::{Diagnostic, Fault, Resource, Schema, read_documents};
use hagane_yaml::{Span, Text};
use zeroize::Zeroizing;

use super::values::Values;
use super::{Chart, ChartHomes, Helm};
use crate::files::FileKind;
use crate::process::{Environment, Output, Process, ProcessError, Processes};
use crate::sources::{Root, Sources};

/// Inflates charts. The program is looked at once a run.
pub(crate) struct Inflation<'c> {
    helm: Option<&'c Helm>,
    is_checked: Cell<bool>,
}

/// A chart on its way: where it lies, and the run's own directory for it.
struct Prepared<'c> {
    chart: &'c Chart,
    /// The directory of charts.
    home: PathBuf,
    scratch: PathBuf,
    /// What helm is told of its own directories.
    variables: Vec<(OsString, OsString)>,
}

impl<'c> Inflation<'c> {
    /// Returns what inflates charts; without `helm` they are refused.
    pub(crate) fn new(helm: Option<&'c Helm>) -> Inflation<'c> {
        Inflation { helm, is_checked: Cell::new(false) }
    }

    /// Returns the resources of each chart. Charts that are not there are pulled first, at once, and all are inflated
    /// at once.
    pub(crate) fn inflate(
        &self,
        charts: &[(&Chart, &ChartHomes)],
        root: &Root,
        sources: &Sources,
        schema: &Schema,
    ) -> Result<Vec<Vec<Resource>>, Diagnostic> {
        let Some((first, _)) = charts.first() else { return Ok(Vec::new()) };
        let Some(helm) = self.helm else {
            return Err(Diagnostic::error(first.span, "charts are inflated only when that is asked for")
                .hinted("`--enable-helm` lets the program `helm` inflate them"));
        };
        let processes = sources.processes(first.span)?;
        let run = Run { helm, root, sources, processes };
        let prepared: Vec<Prepared> =
            charts.iter().map(|(chart, homes)| run.prepare(chart, homes)).collect::<Result<_, _>>()?;
        if !self.is_checked.replace(true) {
            run.check_version(&prepared[0])?;
        }
        run.pull(&prepared)?;
        run.template(&prepared, schema)
    }
}

/// One call of [`Inflation::inflate`].
struct Run<'r, 'w> {
    helm: &'r Helm,
    root: &'r Root,
    sources: &'r Sources<'w>,
    processes: &'r dyn Processes,
}

impl Run<'_, '_> {
    fn prepare<'c>(&self, chart: &'c Chart, homes: &ChartHomes) -> Result<Prepared<'c>, Diagnostic> {
        let at = chart.span;
        if chart.name.is_empty() {
            return Err(
                Diagnostic::error(at, "a chart needs the field `name`").hinted("for example `name: redis`")
            );
        }
        for name in [&chart.name, &chart.release_name] {
            // It would be an option, of which some run programs and read any file.
            if name.starts_with('-') {
                let message = format!("`{name}` is no name: helm would take it for an option");
                return Err(Diagnostic::error(at, message)
                    .hinted("names of charts and releases begin with a letter or a digit"));
            }
        }
        for file in &chart.additional_values_files {
            self.sources.file(self.root, file, file.span)?;
        }
        let home = if homes.charts.is_empty() { "charts" } else { &homes.charts };
        let mut home = self.root.path().join(home);
        if !chart.version.is_empty() && !chart.repo.is_empty() {
            home.push(format!("{}-{}", chart.name, chart.version));
        }
        let scratch = self.processes.scratch().map_err(|error| self.not_run(&error, at))?;
        let config =
            if homes.config.is_empty() { scratch.join("helm") } else { PathBuf::from(&homes.config) };
        let variable = |name: &str, path: PathBuf| (name.into(), path.into_os_string());
        let variables = vec![
            variable("HELM_CACHE_HOME", config.join(".cache")),
            variable("HELM_DATA_HOME", config.join(".data")),
            variable("HELM_CONFIG_HOME", config),
        ];
        Ok(Prepared { chart, home: crate::sources::normalized(&home), scratch, variables })
    }

    /// Refuses a program that is no helm 3 or 4.
    fn check_version(&self, prepared: &Prepared) -> Result<(), Diagnostic> {
        let process =
            self.process(prepared, ["version", "--short"].map(OsString::from).into(), Zeroizing::default());
        let output = self.finished(self.processes.run(&process), prepared, "version", false)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        match major_version(&text) {
            Some("3" | "4") => Ok(()),
            _ => {
                let message = format!("`{}` is no helm 3 or 4", self.helm.command.to_string_lossy());
                let text = text.trim();
                let error = Diagnostic::error(prepared.chart.span, message).with_fault(Fault::Access);
                Err(if text.is_empty() { error } else { error.noted(format!("it says: {text}")) })
            }
        }
    }

    /// Pulls the charts that are not there, each repository, version and name once.
    fn pull(&self, prepared: &[Prepared]) -> Result<(), Diagnostic> {
        let mut pulls: Vec<(&Prepared, Process)> = Vec::new();
        for one in prepared {
            let directory = one.home.join(&one.chart.name);
            if self.sources.leads_to(&directory) == Some(FileKind::Directory)
                || pulls.iter().any(|(other, _)| other.home == one.home && other.chart.name == one.chart.name)
            {
                continue;
            }
            if one.chart.repo.is_empty() {
                let shown = self.sources.shown(&directory);
                let message = format!("there is no chart in `{shown}`, and no `repo` to pull it from");
                return Err(Diagnostic::error(one.chart.span, message));
            }
            pulls.push((one, self.process(one, pull_arguments(one), Zeroizing::default())));
        }
        let processes: Vec<Process> = pulls.iter().map(|(_, process)| process.clone()).collect();
        for (output, (one, _)) in self.processes.run_all(&processes).into_iter().zip(&pulls) {
            self.finished(output, one, "pull", false)?;
        }
        Ok(())
    }

    fn template(&self, prepared: &[Prepared], schema: &Schema) -> Result<Vec<Vec<Resource>>, Diagnostic> {
        let mut templates = Vec::with_capacity(prepared.len());
        for one in prepared {
            let values = Values::of(one.chart, &one.home, self.root, self.sources, schema)?;
            let file =
                one.scratch.join(format!("{}-kustomize-values.yaml", one.chart.name.replace('/', "-")));
            let mut arguments = self.template_arguments(one);
            let at = arguments.iter().position(|a| a == VALUES).unwrap_or(arguments.len());
            let (paths, stdin) =
                values.write(&file, self.processes).map_err(|e| self.not_run(&e, one.chart.span))?;
            let files = paths.into_iter().flat_map(|path| [OsString::from("-f"), path]);
            arguments.splice(at..(at + 1).min(arguments.len()), files);
            templates.push((one, values.is_secret(), self.process(one, arguments, stdin)));
        }
        let processes: Vec<Process> = templates.iter().map(|(_, _, process)| process.clone()).collect();
        let outputs = self.processes.run_all(&processes);
        let mut resources = Vec::with_capacity(templates.len());
        for (output, (one, is_secret, _)) in outputs.into_iter().zip(&templates) {
            let output = self.finished(output, one, "template", *is_secret)?;
            resources.push(self.resources(output, one.chart, *is_secret)?);
        }
        Ok(resources)
    }

    /// Returns the arguments, [`VALUES`] where the values files go.
    fn template_arguments(&self, one: &Prepared) -> Vec<OsString> {
        let chart = one.chart;
        let mut arguments: Vec<OsString> = vec!["template".into()];
        let mut push = |parts: &[&str]| arguments.extend(parts.iter().map(OsString::from));
        match chart.release_name.as_str() {
            "" => push(&["--generate-name"]),
            name => push(&[name]),
        }
        push(&[&one.home.join(&chart.name).to_string_lossy()]);
        if !chart.namespace.is_empty() {
            push(&["--namespace", &chart.namespace]);
        }
        if !chart.name_template.is_empty() {
            push(&["--name-template", &chart.name_template]);
        }
        push(&[VALUES]);
        match chart.api_versions.as_slice() {
            [] => self.helm.api_versions.iter().for_each(|version| push(&["--api-versions", version])),
            own => own.iter().for_each(|version| push(&["--api-versions", version])),
        }
        let versions = [&chart.kube_version, &self.helm.kube_version];
        if let Some(version) = versions.into_iter().find(|version| !version.is_empty()) {
            push(&["--kube-version", version]);
        }
        let flags = [
            (chart.include_crds, "--include-crds"),
            (chart.skip_tests, "--skip-tests"),
            (chart.skip_hooks, "--no-hooks"),
            (chart.debug || self.helm.debug, "--debug"),
            (chart.devel, "--devel"),
        ];
        flags.iter().filter(|(is_set, _)| *is_set).for_each(|(_, flag)| push(&[flag]));
        arguments
    }

    fn process(&self, one: &Prepared, arguments: Vec<OsString>, stdin: Zeroizing<Vec<u8>>) -> Process {
        Process {
            program: self.helm.command.clone(),
            arguments,
            environment: Environment::Whole,
            variables: one.variables.clone(),
            directory: self.sources.base().to_owned(),
            stdin,
            time_limit: None,
        }
    }

    /// Returns the output of a run that succeeded. What helm says may quote the values, so it is not told when they are
    /// secret.
    fn finished(
        &self,
        output: Result<Output, ProcessError>,
        one: &Prepared,
        what: &str,
        is_secret: bool,
    ) -> Result<Output, Diagnostic> {
        let output = output.map_err(|error| self.not_run(&error, one.chart.span))?;
        if output.code == Some(0) {
            return Ok(output);
        }
        let message = format!("`helm {what}` fails for the chart `{}`", one.chart.name);
        let fault = if what == "pull" { Fault::Passing } else { Fault::Input };
        let error = Diagnostic::error(one.chart.span, message).with_fault(fault);
        if is_secret {
            return Err(error.noted("its words are not shown: it was given decrypted values"));
        }
        let scratch = one.scratch.to_string_lossy();
        let said = String::from_utf8_lossy(&output.stderr).replace(&*scratch, "(temporary)");
        let lines = said.lines().filter(|line| !line.trim().is_empty()).take(20);
        Err(lines.fold(error, |error, line| error.noted(line.trim_end())))
    }

    fn not_run(&self, error: &ProcessError, at: Span) -> Diagnostic {
        crate::process::not_run(error, &self.helm.command.to_string_lossy(), at).hinted(match error {
            ProcessError::Refused(_) => "a repository gives helm its charts and their values, and from where charts may be pulled the administrator says",
            _ => "`--helm-command` says where helm is",
        })
    }

    fn resources(&self, output: Output, chart: &Chart, is_secret: bool) -> Result<Vec<Resource>, Diagnostic> {
        let unreadable =
            || Diagnostic::error(chart.span, format!("the chart `{}` makes no UTF-8 text", chart.name));
        let text = String::from_utf8(output.stdout).map_err(|_| unreadable())?;
        let text = Zeroizing::new(text);
        // Secret text is not kept for messages to quote from.
        let kept = if is_secret { "" } else { text.as_str() };
        let file = self.sources.add_text(&format!("(output of the chart {})", chart.name), kept);
        let mut resources = read_documents(&text, file).map_err(|error| {
            let error = match is_secret {
                true => error.concealed(format!("what the chart `{}` makes cannot be read", chart.name)),
                false => error,
            };
            error.or_at(chart.span)
        })?;
        for resource in &mut resources {
            resource.from_helm = true;
            if is_secret {
                resource.tree_mut().for_each_scalar(&mut |scalar| {
                    scalar.text = Text::sensitive(scalar.text.as_str().to_owned());
                });
            }
        }
        Ok(resources)
    }
}

/// Stands in the arguments where the values files go.
const VALUES: &str = "\0values";

fn pull_arguments(one: &Prepared) -> Vec<OsString> {
    let chart = one.chart;
    let mut arguments: Vec<OsString> =
        vec!["pull".into(), "--untar".into(), "--untardir".into(), one.home.clone().into()];
    match chart.repo.starts_with("oci://") {
        true => arguments.push(format!("{}/{}", chart.repo.trim_end_matches('/'), chart.name).into()),
        false => arguments.extend(["--repo".into(), chart.repo.clone().into(), chart.name.clone().into()]),
    }
    if !chart.version.is_empty() {
        arguments.extend(["--version".into(), chart.version.clone().into()]);
    }
    if chart.devel {
        arguments.push("--devel".into());
    }
    arguments
}

/// Returns the first number of the first version (`v3.14.0`) in a text.
fn major_version(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - start);
        let (number, after) = rest[start..].split_at(digits);
        let is_version = after.strip_prefix('.').is_some_and(|a| a.starts_with(|c: char| c.is_ascii_digit()));
        if is_version {
            return Some(number);
        }
        rest = after;
    }
    None
}

/// Returns the path of the chart's own values.
pub(super) fn own_values(home: &Path, chart: &Chart) -> PathBuf {
    home.join(&chart.name).join("values.yaml")
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn versions_are_found_in_what_helm_says() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(major_version(text), expected, "{text}");
        check("v3.14.0+gc4e74854", Some("3"));
        check("Client: v2.17.0+g1", Some("2"));
        check("4.1", Some("4"));
        check("12 of 3.1", Some("3"));
        check("version 3", None);
        check("", None);
    }
}
