//! The verdict of the Pod Security Standards, for people and for programs.

use std::fmt::Write as _;

use hagane_yaml::SourceMap;

use super::json::{about, list, origin};
use super::{ReportFormat, place};
use crate::KubernetesVersion;
use crate::pod_security::{PodSecurityLevel, Violation};

/// What the standards say to some resources.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The level.
    pub level: PodSecurityLevel,
    /// The version of Kubernetes.
    pub version: KubernetesVersion,
    /// How many of the resources have pods.
    pub with_pods: usize,
    /// What is refused.
    pub violations: Vec<Violation>,
}

impl Verdict {
    /// Returns whether everything is admitted.
    pub fn is_admitted(&self) -> bool {
        self.violations.is_empty()
    }

    /// Returns the verdict as text; `map` says which file a position is in. Formats that are
    /// neither JSON nor text are text.
    pub fn to_text(&self, format: ReportFormat, map: &SourceMap) -> String {
        match format {
            ReportFormat::Json => self.json(map),
            _ => self.text(map),
        }
    }

    fn text(&self, map: &SourceMap) -> String {
        let mut out = String::new();
        for violation in &self.violations {
            let place = place(violation.span, map).unwrap_or_else(|| "?".into());
            let _ = writeln!(
                out,
                "{place}: {}: {} [{}]",
                violation.resource, violation.message, violation.control
            );
            let _ = writeln!(out, "    {}", violation.path);
        }
        let refused = self
            .violations
            .chunk_by(|a, b| a.resource == b.resource && a.span.file == b.span.file)
            .count()
            .min(self.with_pods);
        let pods = if self.with_pods == 1 { "resource" } else { "resources" };
        let (level, version) = (self.level, self.version);
        let _ = match self.is_admitted() {
            true => writeln!(
                out,
                "admitted by `{level}` of Kubernetes {version}: {} {pods} with pods",
                self.with_pods
            ),
            false => {
                writeln!(
                    out,
                    "refused by `{level}` of Kubernetes {version}: {refused} of {} {pods} with pods",
                    self.with_pods
                )
            }
        };
        out
    }

    fn json(&self, map: &SourceMap) -> String {
        let mut out = format!(
            "{{\n\"level\": \"{}\",\n\"kubernetesVersion\": \"{}\",\n\"admitted\": {},\n\"resourcesWithPods\": {},\n\"violations\": [",
            self.level,
            self.version,
            self.is_admitted(),
            self.with_pods
        );
        list(&mut out, &self.violations, |out, violation| {
            about(out, &violation.resource, violation.control, &violation.path, &violation.message);
            origin(out, violation.span, map);
        });
        out.push_str("]\n}\n");
        out
    }
}
