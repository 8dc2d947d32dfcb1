//! The stage: rules look, and what they would mend is mended where their mode lets it.
//!
//! First everything that takes the place of an author's value, then what fills: a value that goes away may
//! leave a field to fill. What rules still see after that is a finding. A resource on which nothing is to be
//! done is not copied.

use hagane_resource::{LegacyOrder, Resource, ResourceSet, legacy_order};
use hagane_yaml::{Node, emit};

use crate::additions::add_missing;
use crate::field::sequence;
use crate::field_path::{FieldPath, Step};
use crate::opt_out::OptOuts;
use crate::pod::{Container, Pod, templates};
use crate::policy::Policy;
use crate::proposal::{About, Nature, Proposal, Write, Written};
use crate::report::{Anchor, Change, Detail, Finding, OptedOut, Report};
use crate::rule::{Look, Mode, RULES};
use crate::scope::{Run, Scope};
use crate::surroundings::Surroundings;

/// The name under which opt-outs are reported that say nothing.
pub(crate) const OPT_OUT: &str = "opt-out";

/// Applies the rules of a policy to all resources.
pub fn harden(resources: &mut ResourceSet, policy: &Policy, detail: Detail) -> Report {
    let mut report = Report::new(detail);
    let rules: Vec<usize> = (0..RULES.len()).filter(|rule| policy.is_on(*rule)).collect();
    if rules.is_empty() {
        return report;
    }
    let surroundings = match rules.iter().any(|rule| RULES[*rule].looks_around) {
        true => Surroundings::of(resources),
        false => Surroundings::default(),
    };
    let stage = Stage { policy, rules: &rules, surroundings: &surroundings };
    // What a namespace is told depends on what its pods become.
    let waits = |resource: &Resource| -> bool {
        resource.gvk().kind == "Namespace" && resource.gvk().group.is_empty()
    };
    resources.iter_mut().filter(|own| !waits(own)).for_each(|resource| stage.harden(resource, &mut report));
    let count = resources.len();
    add_missing(resources, policy, &rules, &surroundings, &mut report);
    resources.iter_mut().skip(count).for_each(|added| stage.harden(added, &mut report));
    if resources.iter().any(waits) {
        let is_asked = rules.iter().any(|rule| RULES[*rule].name == "pod-security-labels");
        let surroundings = if is_asked { surroundings.with_levels(resources, policy) } else { surroundings };
        let stage = Stage { policy, rules: &rules, surroundings: &surroundings };
        resources
            .iter_mut()
            .filter(|own| waits(own))
            .for_each(|resource| stage.harden(resource, &mut report));
    }
    if resources.len() > count {
        keep_in_order(resources, count);
    }
    report
}

/// Puts the resources after the first `count` where they belong, if those before are in the order that
/// kustomize sorts by.
fn keep_in_order(resources: &mut ResourceSet, count: usize) {
    let order = LegacyOrder::default();
    if resources.iter().take(count).is_sorted_by_key(|resource| legacy_order(resource, &order)) {
        resources.sort_by_key(|resource| legacy_order(resource, &order));
    }
}

/// One rule may give another something to do: with a name server of its own, a pod in the network of its node
/// has use for options. No chain is longer than this.
const PASSES: usize = 4;

struct Stage<'a> {
    policy: &'a Policy,
    rules: &'a [usize],
    surroundings: &'a Surroundings,
}

/// A proposal, and what the policy says to it.
struct Judged {
    rule: usize,
    proposal: Proposal,
    mode: Mode,
    /// Which opt-out keeps it from being.
    opt_out: Option<usize>,
}

impl Judged {
    /// Returns whether it may be done, now that changes of this nature are made.
    fn is_due(&self, nature: Nature) -> bool {
        let needed = if nature == Nature::Fill { Mode::Fill } else { Mode::Enforce };
        self.opt_out.is_none()
            && self.mode >= needed
            && self.proposal.mend.as_ref().is_some_and(|mend| mend.nature == nature)
    }
}

impl Stage<'_> {
    fn harden(&self, resource: &mut Resource, report: &mut Report) {
        let templates = templates(resource, &self.policy.kinds);
        let opt_outs = OptOuts::of(resource, &templates, &self.policy.honoured);
        let look = |resource: &Resource, rules: &[usize]| self.look(resource, &templates, &opt_outs, rules);
        let mut judged = look(resource, self.rules);
        self.note_opt_outs(resource, &opt_outs, report);
        for _ in 0..PASSES {
            let mut is_changed = false;
            for nature in [Nature::Replace, Nature::Fill] {
                // What takes the place of a value may leave something to fill.
                if nature == Nature::Fill && is_changed {
                    judged = look(resource, self.rules);
                }
                let mut rules: Vec<usize> =
                    judged.iter().filter(|judged| judged.is_due(nature)).map(|judged| judged.rule).collect();
                rules.dedup();
                for (place, rule) in rules.into_iter().enumerate() {
                    // What went before may have changed what the rule sees; before the first, nothing went.
                    let seen = if place == 0 { std::mem::take(&mut judged) } else { look(resource, &[rule]) };
                    for judged in seen.into_iter().filter(|own| own.rule == rule && own.is_due(nature)) {
                        apply(resource, judged, report);
                        is_changed = true;
                    }
                }
            }
            if !is_changed {
                break;
            }
            judged = look(resource, self.rules);
        }
        for judged in judged {
            self.note(resource, &opt_outs, judged, report);
        }
    }

    /// Returns what the rules have to say, in their order.
    fn look(
        &self,
        resource: &Resource,
        templates: &[FieldPath],
        opt_outs: &OptOuts,
        rules: &[usize],
    ) -> Vec<Judged> {
        let pods: Vec<Pod> = templates.iter().filter_map(|path| Pod::at(resource, path)).collect();
        let (mut judged, mut proposals) = (Vec::new(), Vec::new());
        for rule in rules.iter().copied() {
            let run = Run { rule, policy: self.policy, opt_outs, surroundings: self.surroundings };
            let scope = Scope::new(resource, run);
            let mut judge = |proposals: &mut Vec<Proposal>, pod: Option<&Pod>| {
                for proposal in proposals.drain(..) {
                    let proposal = with_nature(proposal, resource);
                    judged.extend(self.judge(resource, opt_outs, rule, proposal, pod));
                }
            };
            match RULES[rule].look {
                Look::Pod(look) => {
                    for pod in &pods {
                        look(&scope, pod, &mut proposals);
                        judge(&mut proposals, Some(pod));
                    }
                }
                Look::Resource(look) => {
                    look(&scope, &mut proposals);
                    judge(&mut proposals, None);
                }
                Look::Set(_) => {}
            }
        }
        judged
    }

    fn judge(
        &self,
        resource: &Resource,
        opt_outs: &OptOuts,
        rule: usize,
        proposal: Proposal,
        pod: Option<&Pod>,
    ) -> Option<Judged> {
        let of = |container: Option<&Container>| self.policy.mode(rule, resource, container);
        let containers = pod.map_or(&[][..], |pod| &pod.containers);
        let (mode, name) = match &proposal.about {
            About::Whole => (of(None), None),
            About::Container(name) => {
                (of(containers.iter().find(|own| own.name == name)), Some(name.as_str()))
            }
            About::AllContainers => {
                (containers.iter().map(|own| of(Some(own))).min().unwrap_or(of(None)), None)
            }
        };
        if mode == Mode::Off {
            return None;
        }
        let kept = opt_outs.find(rule, name);
        if let Some(kept) = kept {
            kept.used.set(true);
        }
        let opt_out = kept.and_then(|kept| opt_outs.entries.iter().position(|own| std::ptr::eq(own, kept)));
        Some(Judged { rule, proposal, mode, opt_out })
    }

    /// Reports what stays as it is.
    fn note(&self, resource: &Resource, opt_outs: &OptOuts, judged: Judged, report: &mut Report) {
        let Judged { rule, proposal, opt_out, .. } = judged;
        let resource_id = resource.id().clone();
        match opt_out {
            Some(place) => {
                let own = &opt_outs.entries[place];
                report.opted_out.push(OptedOut {
                    resource: resource_id,
                    rule: RULES[rule].name,
                    path: proposal.path,
                    message: proposal.message.into_owned(),
                    reason: own.reason.clone(),
                    span: own.place.span,
                });
            }
            None => {
                let (span, anchor) = Anchor::with_span(&proposal.path, resource.tree());
                report.findings.push(Finding {
                    resource: resource_id,
                    rule: RULES[rule].name,
                    path: proposal.path,
                    message: proposal.message.into_owned(),
                    suggestion: proposal.mend.and_then(|mend| match &mend.writes.first()?.write {
                        Write::Set(value) | Write::Append(value) => Some(shown(value)),
                        Write::Remove => Some("null".into()),
                    }),
                    span,
                    anchor,
                    fails: self.policy.fail_on.contains(&RULES[rule].name),
                });
            }
        }
    }

    /// Reports annotations that mean nothing. What a rule says that is off, nobody knows.
    fn note_opt_outs(&self, resource: &Resource, opt_outs: &OptOuts, report: &mut Report) {
        let mut find = |message: String, place: &crate::opt_out::Place| {
            report.findings.push(Finding {
                resource: resource.id().clone(),
                rule: OPT_OUT,
                path: place.path.clone(),
                message,
                suggestion: None,
                span: place.span,
                anchor: Anchor::default(),
                fails: self.policy.fail_on.contains(&OPT_OUT),
            });
        };
        for fault in &opt_outs.faults {
            find(fault.message.clone(), &fault.place);
        }
        for entry in opt_outs.entries.iter().filter(|entry| !entry.used.get()) {
            let is_known =
                |rule: &usize| self.rules.contains(rule) && !matches!(RULES[*rule].look, Look::Set(_));
            if entry.rules().iter().all(is_known) {
                let names: Vec<&str> = entry.rule_names().collect();
                let what = match names.as_slice() {
                    [name] => format!("`{name}` has nothing to say here"),
                    _ => "none of its rules has anything to say here".to_owned(),
                };
                find(format!("`{}` is not needed: {what}", entry.place.key), &entry.place);
            }
        }
    }
}

/// Returns the proposal; where the author wrote something, be it a null, a value takes the place of theirs.
fn with_nature(proposal: Proposal, resource: &Resource) -> Proposal {
    match proposal.mend.as_ref().is_some_and(|mend| mend.is_over_value(resource.tree())) {
        true => proposal.of_nature(Nature::Replace),
        false => proposal,
    }
}

/// Makes a change; none of it where the tree has no room for a part.
fn apply(resource: &mut Resource, judged: Judged, report: &mut Report) {
    let Judged { rule, proposal: Proposal { message, mend, .. }, mode, .. } = judged;
    let mend = mend.filter(|mend| mend.has_way(resource.tree()));
    for Written { path, write, message: own } in mend.into_iter().flat_map(|mend| mend.writes) {
        let (path, value) = match write {
            Write::Append(item) => match path.end(resource.tree()) {
                Some(end) => (end, Some(item)),
                None => (path, Some(sequence([item]))),
            },
            Write::Set(value) => (path, Some(value)),
            Write::Remove => (path, None),
        };
        let place = report.place_of(&path, resource.tree());
        let new = value.as_ref().filter(|_| place.is_some()).map(shown);
        let Ok(old) = put(resource, &path, value) else { continue };
        if let Some((span, anchor)) = place {
            let (resource, rule) = (resource.id().clone(), RULES[rule].name);
            let (old, message) = (old.as_ref().map(shown), own.unwrap_or_else(|| message.clone()));
            report.changes.push(Change { resource, rule, path, old, new, message, mode, span, anchor });
        }
    }
}

/// There is no room for a value, or nothing to take away.
struct Unchanged;

/// Writes a field, or takes it away, and returns what was there.
fn put(resource: &mut Resource, path: &FieldPath, value: Option<Node>) -> Result<Option<Node>, Unchanged> {
    match value {
        // The version is part of the id.
        Some(value) if *path.steps() == [Step::from("apiVersion")] => {
            resource.edit(|tree| path.set(tree, value)).map_err(|_| Unchanged)
        }
        Some(value) => path.set(resource.tree_mut(), value).map_err(|_| Unchanged),
        None => {
            let old = path.remove(resource.tree_mut()).ok_or(Unchanged)?;
            let annotations = FieldPath::of(&["metadata", "annotations"]);
            if annotations.get(resource.tree()).is_some_and(is_empty) {
                annotations.remove(resource.tree_mut());
            }
            Ok(Some(old))
        }
    }
}

/// Returns whether nothing is left of a mapping: kustomize prints no annotations then.
fn is_empty(node: &Node) -> bool {
    node.as_mapping().is_some_and(|mapping| mapping.entries.is_empty())
}

/// What stands for a value that holds decrypted bytes.
pub(crate) const HIDDEN: &str = "\"«decrypted»\"";

/// Returns a value as JSON; one that holds decrypted bytes is not shown.
pub(crate) fn shown(value: &Node) -> String {
    let json = if value.is_sensitive() { None } else { emit::json(value) };
    json.unwrap_or_else(|| HIDDEN.to_owned()).trim_end().to_owned()
}

impl Change {
    /// Returns what was done, as JSON patches name it.
    pub fn op(&self) -> &'static str {
        match (&self.old, &self.new) {
            (None, _) => "add",
            (Some(_), Some(_)) => "replace",
            (Some(_), None) => "remove",
        }
    }
}
