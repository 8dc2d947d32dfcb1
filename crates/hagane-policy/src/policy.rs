//! What hardening is asked: a profile, and what departs from it.

use hagane_resource::Resource;
use hagane_yaml::Node;

use crate::KubernetesVersion;
use crate::matcher::Matcher;
use crate::opt_out::Tool;
use crate::pod::{Container, PodKind};
use crate::rule::{Mode, RULES};

/// A profile that is known without being told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Every rule is off.
    None,
    /// Fills in nothing that can stop a container, and checks the Pod Security Standard of the same name.
    #[default]
    Baseline,
    /// Fills in what the Pod Security Standard of the same name asks.
    Restricted,
}

impl Profile {
    /// The names of the profiles.
    pub const NAMES: &'static [&'static str] = &["none", "baseline", "restricted"];

    /// Returns the profile of that name.
    pub fn named(name: &str) -> Option<Profile> {
        match name {
            "none" => Some(Profile::None),
            "baseline" => Some(Profile::Baseline),
            "restricted" => Some(Profile::Restricted),
            _ => None,
        }
    }
}

/// What is asked of one rule; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSetting {
    /// The mode.
    pub mode: Option<Mode>,
    /// Parameters, by name.
    pub values: Vec<(&'static str, Value)>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

/// Rules for some resources or containers.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Which.
    pub matcher: Matcher,
    /// The places of rules in [`RULES`], and what is asked of them.
    pub rules: Vec<(usize, RuleSetting)>,
}

/// The fields for probes.
pub const PROBES: &[&str] = &["livenessProbe", "readinessProbe", "startupProbe"];

/// Probes that some containers answer.
#[derive(Clone, Debug)]
pub struct GivenProbes {
    /// Which containers.
    pub matcher: Matcher,
    /// The field (`readinessProbe`, …) and the probe.
    pub probes: Vec<(&'static str, Node)>,
}

/// What hardening is asked.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The version of Kubernetes that the manifests are for.
    pub version: KubernetesVersion,
    /// What departs from the base for some resources; a later one wins.
    pub selections: Vec<Selection>,
    /// Probes by selector; a later one wins.
    pub probes: Vec<GivenProbes>,
    /// Kinds with pod templates beside the known ones.
    pub kinds: Vec<PodKind>,
    /// Tools whose opt-outs count, too.
    pub honoured: Vec<Tool>,
    /// Rules whose findings are errors, by their names.
    pub fail_on: Vec<&'static str>,
    /// A setting for each of [`RULES`].
    base: Vec<RuleSetting>,
}

impl Policy {
    /// Returns what a profile asks.
    pub fn new(profile: Profile) -> Policy {
        let mode = |rule: &crate::rule::Rule| match profile {
            Profile::None => Mode::Off,
            Profile::Baseline => rule.baseline,
            Profile::Restricted => rule.restricted,
        };
        let base =
            RULES.iter().map(|rule| RuleSetting { mode: Some(mode(rule)), values: Vec::new() }).collect();
        Policy {
            version: KubernetesVersion::LATEST,
            selections: Vec::new(),
            probes: Vec::new(),
            kinds: Vec::new(),
            honoured: Vec::new(),
            fail_on: Vec::new(),
            base,
        }
    }

    /// Asks something else of a rule, given by its place in [`RULES`].
    pub fn set(&mut self, rule: usize, setting: RuleSetting) {
        if let Some(own) = self.base.get_mut(rule) {
            own.mode = setting.mode.or(own.mode);
            for (name, value) in setting.values {
                own.values.retain(|(own, _)| *own != name);
                own.values.push((name, value));
            }
        }
    }

    /// Returns whether a rule does something anywhere.
    pub(crate) fn is_on(&self, rule: usize) -> bool {
        let is_on = |setting: &RuleSetting| setting.mode.is_some_and(|mode| mode != Mode::Off);
        let selected = self.selections.iter().flat_map(|selection| &selection.rules);
        is_on(&self.base[rule]) || selected.into_iter().any(|(own, setting)| *own == rule && is_on(setting))
    }

    /// Returns the mode of a rule for a resource, or a container of it.
    pub(crate) fn mode(&self, rule: usize, resource: &Resource, container: Option<&Container>) -> Mode {
        let own = self.settings(rule, resource, container).find_map(|setting| setting.mode);
        own.unwrap_or(Mode::Off)
    }

    /// Returns the value of a parameter, where one is given.
    pub(crate) fn value<'a>(
        &'a self,
        rule: usize,
        name: &'a str,
        resource: &'a Resource,
        container: Option<&'a Container>,
    ) -> Option<&'a Value> {
        let of =
            |setting: &'a RuleSetting| setting.values.iter().find(|(own, _)| *own == name).map(|(_, v)| v);
        self.settings(rule, resource, container).find_map(of)
    }

    /// Returns the settings of a rule that count, the strongest first.
    fn settings<'a>(
        &'a self,
        rule: usize,
        resource: &'a Resource,
        container: Option<&'a Container>,
    ) -> impl Iterator<Item = &'a RuleSetting> {
        let is_meant = move |selection: &&Selection| {
            selection.rules.iter().any(|(own, _)| *own == rule)
                && selection.matcher.takes_container(container)
                && selection.matcher.takes(resource)
        };
        let of =
            move |selection: &'a Selection| selection.rules.iter().rev().filter(move |(own, _)| *own == rule);
        let selected = self.selections.iter().rev().filter(is_meant).flat_map(of).map(|(_, setting)| setting);
        selected.chain(std::iter::once(&self.base[rule]))
    }

    /// Returns the probe that is given for a field of a container, if one is.
    pub(crate) fn probe(&self, field: &str, resource: &Resource, container: &Container) -> Option<&Node> {
        let meant =
            self.probes.iter().rev().filter(|given| {
                given.matcher.takes_container(Some(container)) && given.matcher.takes(resource)
            });
        meant.flat_map(|given| &given.probes).find(|(own, _)| *own == field).map(|(_, probe)| probe)
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy::new(Profile::default())
    }
}
