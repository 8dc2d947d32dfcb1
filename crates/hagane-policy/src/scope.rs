//! What a rule sees beside the pod or resource that it looks at.

use hagane_resource::Resource;
use hagane_yaml::Node;

use crate::KubernetesVersion;
use crate::field::{Whole, number};
use crate::opt_out::OptOuts;
use crate::pod::Container;
use crate::policy::{Policy, Value};
use crate::rule::{Fallback, Mode, RULES};
use crate::surroundings::Surroundings;

/// What a rule sees.
pub(crate) struct Scope<'a> {
    pub(crate) version: KubernetesVersion,
    pub(crate) resource: &'a Resource,
    run: Option<Run<'a>>,
}

/// A run of the stage; the verdict alone has none.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    /// The rule's place in [`RULES`].
    pub(crate) rule: usize,
    pub(crate) policy: &'a Policy,
    pub(crate) opt_outs: &'a OptOuts,
    pub(crate) surroundings: &'a Surroundings,
}

impl<'a> Scope<'a> {
    /// Returns what a rule sees that is asked for nothing but a verdict.
    pub(crate) fn bare(resource: &'a Resource, version: KubernetesVersion) -> Scope<'a> {
        Scope { version, resource, run: None }
    }

    /// Returns what a rule sees in a run.
    pub(crate) fn new(resource: &'a Resource, run: Run<'a>) -> Scope<'a> {
        Scope { version: run.policy.version, resource, run: Some(run) }
    }

    /// Returns what the other resources say, to a rule that looks around.
    pub(crate) fn surroundings(&self) -> Option<&'a Surroundings> {
        self.run.filter(|run| RULES[run.rule].looks_around).map(|run| run.surroundings)
    }

    /// Returns the policy.
    pub(crate) fn policy(&self) -> Option<&'a Policy> {
        self.run.map(|run| run.policy)
    }

    /// Returns whether the rule may write to a container.
    pub(crate) fn applies_to(&self, container: &Container) -> bool {
        self.run.is_none_or(|run| {
            run.policy.mode(run.rule, self.resource, Some(container)) >= Mode::Fill
                && run.opt_outs.find(run.rule, Some(container.name)).is_none()
        })
    }

    /// Returns whether the rule may write over what the author of a container wrote.
    pub(crate) fn is_enforced(&self, container: &Container) -> bool {
        self.applies_to(container)
            && self
                .run
                .is_some_and(|run| run.policy.mode(run.rule, self.resource, Some(container)) == Mode::Enforce)
    }

    /// Returns the value of a parameter that is a number.
    pub(crate) fn integer(&self, name: &str, container: Option<&Container>) -> i64 {
        match (self.value(name, container), self.fallback(name)) {
            (Some(Value::Integer(value)), _) | (_, Some(Fallback::Integer(value))) => value,
            _ => 0,
        }
    }

    /// Returns the value of a parameter that is a number, to write.
    pub(crate) fn number(&self, name: &str, container: Option<&Container>) -> Node {
        number(Whole::plain(self.integer(name, container)))
    }

    /// Returns the value of a parameter that is a text.
    pub(crate) fn text(&self, name: &str, container: Option<&Container>) -> String {
        match (self.value(name, container), self.fallback(name)) {
            (Some(Value::Text(value)), _) => value,
            (_, Some(Fallback::Text(value))) => value.to_owned(),
            _ => String::new(),
        }
    }

    /// Returns the value of a parameter that is a list of texts.
    pub(crate) fn texts(&self, name: &str, container: Option<&Container>) -> Vec<String> {
        match (self.value(name, container), self.fallback(name)) {
            (Some(Value::Texts(values)), _) => values,
            (_, Some(Fallback::Texts(values))) => values.iter().map(|value| (*value).to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    fn value(&self, name: &str, container: Option<&Container>) -> Option<Value> {
        let run = self.run?;
        run.policy.value(run.rule, name, self.resource, container).cloned()
    }

    fn fallback(&self, name: &str) -> Option<Fallback> {
        let parameters = RULES[self.run?.rule].parameters;
        parameters.iter().find(|parameter| parameter.name == name).map(|parameter| parameter.fallback)
    }
}
