//! Rules over finished resources: labels, hardening, and the verdict of the Pod Security Standards.
//!
//! [`label`] and [`harden`] are stages: they change resources and report what they changed, and where a
//! person would write it. [`violations`] changes nothing.

mod additions;
mod eject;
mod field;
mod field_path;
mod glob;
mod harden;
mod kubernetes_version;
mod label;
mod matcher;
mod opt_out;
mod pod;
mod pod_security;
mod policy;
mod proposal;
mod quantity;
mod report;
mod rule;
mod rules;
mod scope;
mod selections;
mod surroundings;

pub use eject::{Ejected, EjectedPatch, PatchFormat, eject};
pub use field_path::{FieldPath, Step};
pub use glob::Glob;
pub use harden::harden;
pub use kubernetes_version::KubernetesVersion;
pub use label::{GivenLabels, LabelField, Labelling, label};
pub use matcher::Matcher;
pub use opt_out::Tool;
pub use pod::{PodKind, has_pods};
pub use pod_security::{PodSecurityLevel, Violation, violations};
pub use policy::{GivenProbes, PROBES, Policy, Profile, RuleSetting, Selection, Value};
pub use report::{Anchor, Change, Detail, Finding, OptedOut, Report, ReportFormat, Verdict};
pub use rule::{Fallback, Mode, Parameter, ParameterKind, RULES, Rule, rule_names, rules_named};
