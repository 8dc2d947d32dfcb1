//! The section `harden`: a profile, rules, and who they are for.

use hagane_policy::{
    GivenProbes, Glob, KubernetesVersion, Matcher, Mode, PROBES, Parameter, ParameterKind, PodKind, Policy,
    Profile, RULES, RuleSetting, Selection, Tool, Value, rule_names, rules_named,
};
use hagane_resource::strict::{
    as_integer, as_mapping, as_text, check_fields, check_once, items, mapping, present, text, texts, unknown,
};
use hagane_yaml::{Mapping, Node};

use crate::{Diagnostic, nearest};

/// The sections of several files, each laid over those before it.
#[derive(Default)]
pub(super) struct HardenSection {
    profile: Option<(String, Node)>,
    version: Option<KubernetesVersion>,
    profiles: Vec<OwnProfile>,
    rules: Rules,
    selections: Vec<Selection>,
    probes: Vec<GivenProbes>,
    kinds: Vec<PodKind>,
    honoured: Vec<Tool>,
    fail_on: Option<Vec<&'static str>>,
}

/// The places of rules, and what is asked of them.
type Rules = Vec<(usize, RuleSetting)>;

/// A profile that the file makes of another.
struct OwnProfile {
    name: String,
    extends: String,
    /// Where `extends` is said, or the profile's name.
    place: Node,
    rules: Rules,
}

/// Returns what a section says.
pub(super) fn read(section: &Mapping) -> Result<HardenSection, Diagnostic> {
    let known = [
        "failOn",
        "honour",
        "kubernetesVersion",
        "podTemplates",
        "probes",
        "profile",
        "profiles",
        "rules",
        "select",
    ];
    check_fields(section, "harden", &known)?;
    let mut read = HardenSection {
        profile: text(section, "profile")?.map(|(name, node)| (name, node.clone())),
        version: present(section, "kubernetesVersion").map(version).transpose()?,
        rules: rules(section)?,
        ..HardenSection::default()
    };
    if let Some(profiles) = mapping(section, "profiles")? {
        check_once(profiles)?;
        for entry in &profiles.entries {
            let name = entry.key.text.as_str();
            let key = Node::Scalar(entry.key.clone());
            if Profile::named(name).is_some() {
                let error = Diagnostic::error(entry.key.span, format!("there is a profile `{name}` already"));
                return Err(error.hinted("give it another name, and `extends` the one that is there"));
            }
            let own = as_mapping(&entry.value, name)?;
            check_fields(own, &format!("profile `{name}`"), &["extends", "rules"])?;
            let (extends, place) = match text(own, "extends")? {
                Some((extends, node)) => (extends, node.clone()),
                None => ("baseline".to_owned(), key),
            };
            read.profiles.push(OwnProfile { name: name.to_owned(), extends, place, rules: rules(own)? });
        }
    }
    for item in items(section, "select")? {
        let item = as_mapping(item, "select")?;
        check_fields(item, "select", &["match", "rules"])?;
        read.selections.push(Selection { matcher: matcher(item)?, rules: rules(item)? });
    }
    for item in items(section, "probes")? {
        read.probes.push(given_probes(as_mapping(item, "probes")?)?);
    }
    for item in items(section, "honour")? {
        let word = as_text(item, "honour")?;
        let found = Tool::ALL.iter().find(|(name, _)| *name == word);
        let known: Vec<&str> = Tool::ALL.iter().map(|(name, _)| *name).collect();
        let (_, tool) = found.ok_or_else(|| unknown(item, "an item of `honour`", &word, &known))?;
        read.honoured.push(*tool);
    }
    if present(section, "failOn").is_some() {
        read.fail_on = Some(fail_on(items(section, "failOn")?)?);
    }
    for item in items(section, "podTemplates")? {
        read.kinds.push(pod_kind(as_mapping(item, "podTemplates")?)?);
    }
    Ok(read)
}

impl HardenSection {
    /// Lays the section of a nearer file over this one.
    pub(super) fn lay_over(&mut self, nearer: HardenSection) {
        self.profile = nearer.profile.or(self.profile.take());
        self.version = nearer.version.or(self.version);
        self.profiles.extend(nearer.profiles);
        self.rules.extend(nearer.rules);
        self.selections.extend(nearer.selections);
        self.probes.extend(nearer.probes);
        self.honoured.extend(nearer.honoured);
        self.fail_on = nearer.fail_on.or(self.fail_on.take());
        // The first that takes a kind counts.
        self.kinds.splice(0..0, nearer.kinds);
    }

    /// Returns what all sections together ask.
    pub(super) fn policy(self) -> Result<Policy, Diagnostic> {
        let mut layers: Vec<&Rules> = vec![&self.rules];
        let mut name = self.profile.as_ref().map_or("baseline", |(name, _)| name.as_str());
        let mut place = self.profile.as_ref().map(|(_, node)| node);
        let mut policy = loop {
            if let Some(profile) = Profile::named(name) {
                break Policy::new(profile);
            }
            // A nearer file may make a profile of the same name anew.
            let found = self.profiles.iter().rev().find(|profile| profile.name == name);
            let (Some(own), true) = (found, layers.len() <= self.profiles.len()) else {
                let node = place.cloned().unwrap_or_else(|| Node::string(name));
                if found.is_some() {
                    let message = format!("the profile `{name}` extends itself");
                    return Err(Diagnostic::error(node.span(), message));
                }
                let own = self.profiles.iter().map(|profile| profile.name.as_str());
                let known: Vec<&str> = Profile::NAMES.iter().copied().chain(own).collect();
                return Err(unknown(&node, "the profile", name, &known));
            };
            layers.push(&own.rules);
            (name, place) = (own.extends.as_str(), Some(&own.place));
        };
        for rules in layers.into_iter().rev() {
            for (rule, setting) in rules {
                policy.set(*rule, setting.clone());
            }
        }
        policy.version = self.version.unwrap_or_default();
        policy.selections = self.selections;
        policy.probes = self.probes;
        policy.kinds = self.kinds;
        policy.honoured = self.honoured;
        policy.fail_on = self.fail_on.unwrap_or_default();
        Ok(policy)
    }
}

/// Returns the rules whose findings are errors.
fn fail_on(items: &[Node]) -> Result<Vec<&'static str>, Diagnostic> {
    // What is wrong with opt-outs is found under this name.
    const OPT_OUT: &str = "opt-out";
    let mut read = Vec::new();
    for item in items {
        let name = as_text(item, "failOn")?;
        let rules = rules_named(&name);
        if rules.is_empty() && name != OPT_OUT {
            let known: Vec<&str> = rule_names().chain([OPT_OUT]).collect();
            return Err(unknown(item, "an item of `failOn`", &name, &known));
        }
        read.extend(rules.into_iter().map(|place| RULES[place].name));
        if name == "all" || name == OPT_OUT {
            read.push(OPT_OUT);
        }
    }
    Ok(read)
}

fn version(node: &Node) -> Result<KubernetesVersion, Diagnostic> {
    let text = node.as_str().unwrap_or_default();
    // Bare, `1.30` is the number 1.3.
    as_text(node, "kubernetesVersion")?;
    KubernetesVersion::parse(text).ok_or_else(|| {
        let message = format!("`{text}` is no version of Kubernetes that is known");
        let (oldest, latest) = (KubernetesVersion::OLDEST, KubernetesVersion::LATEST);
        Diagnostic::error(node.span(), message).hinted(format!("\"{oldest}\" to \"{latest}\", or latest"))
    })
}

/// Returns the rules of a section: `name: mode`, or `name: {mode: …, parameter: …}`.
fn rules(section: &Mapping) -> Result<Rules, Diagnostic> {
    let Some(rules) = mapping(section, "rules")? else { return Ok(Vec::new()) };
    check_once(rules)?;
    // A rule by its name stands over its group, and that over all, wherever each is written.
    let rank = |name: &str| match name {
        "all" => 0,
        _ if is_group(name) => 1,
        _ => 2,
    };
    let mut entries: Vec<_> = rules.entries.iter().collect();
    entries.sort_by_key(|entry| rank(entry.key.text.as_str()));
    let mut read = Vec::new();
    for entry in entries {
        let name = entry.key.text.as_str();
        let places = rules_named(name);
        if places.is_empty() {
            let error = Diagnostic::error(entry.key.span, format!("no rule is called `{name}`"));
            return Err(match nearest(name, rule_names()) {
                Some(near) => error.hinted(format!("did you mean `{near}`?")),
                None => error.hinted("`hagane harden --rules` lists them"),
            });
        }
        let setting = match &entry.value {
            Node::Mapping(own) if !is_group(name) => setting(own, name, RULES[places[0]].parameters)?,
            Node::Mapping(own) => {
                let message =
                    format!("`{name}` names several rules, which have nothing in common but a mode");
                return Err(Diagnostic::error(own.span, message));
            }
            node => RuleSetting { mode: Some(mode(node, name)?), values: Vec::new() },
        };
        read.extend(places.into_iter().map(|place| (place, setting.clone())));
    }
    Ok(read)
}

/// Returns whether a name means more than one rule.
fn is_group(name: &str) -> bool {
    RULES.iter().all(|rule| rule.name != name)
}

fn mode(node: &Node, what: &str) -> Result<Mode, Diagnostic> {
    // Bare, `off` is a boolean of old YAML, and means what it says.
    let word = node.as_str().unwrap_or_default();
    Mode::named(word).ok_or_else(|| match node {
        Node::Scalar(_) => unknown(node, &format!("the mode of `{what}`"), word, Mode::NAMES),
        _ => Diagnostic::error(node.span(), format!("the mode of `{what}` must be a word")),
    })
}

fn setting(own: &Mapping, rule: &str, parameters: &'static [Parameter]) -> Result<RuleSetting, Diagnostic> {
    let known: Vec<&str> = ["mode"].into_iter().chain(parameters.iter().map(|own| own.name)).collect();
    check_fields(own, &format!("rule `{rule}`"), &known)?;
    let mut values = Vec::new();
    for parameter in parameters {
        if let Some(node) = present(own, parameter.name) {
            values.push((parameter.name, value(node, parameter)?));
        }
    }
    Ok(RuleSetting { mode: present(own, "mode").map(|node| mode(node, rule)).transpose()?, values })
}

fn value(node: &Node, parameter: &Parameter) -> Result<Value, Diagnostic> {
    let name = parameter.name;
    match parameter.kind {
        ParameterKind::Integer(least, most) => {
            let value = as_integer(node, name)?;
            if !(least..=most).contains(&value) {
                let message = format!("`{name}` must be between {least} and {most}");
                return Err(Diagnostic::error(node.span(), message));
            }
            Ok(Value::Integer(value))
        }
        ParameterKind::Text(known) => {
            let text = as_text(node, name)?;
            if !known.is_empty() && !known.contains(&text.as_str()) {
                return Err(unknown(node, &format!("`{name}`"), &text, known));
            }
            Ok(Value::Text(text))
        }
        ParameterKind::Texts => match node {
            Node::Sequence(sequence) => sequence
                .items
                .iter()
                .map(|item| as_text(item, name))
                .collect::<Result<_, _>>()
                .map(Value::Texts),
            _ => Err(Diagnostic::error(node.span(), format!("`{name}` must be a sequence"))),
        },
    }
}

/// Returns the selector in `match`.
pub(super) fn matcher(section: &Mapping) -> Result<Matcher, Diagnostic> {
    let Some(own) = mapping(section, "match")? else { return Ok(Matcher::default()) };
    check_fields(own, "match", &["kind", "name", "namespace", "labels", "container", "image"])?;
    let globs =
        |field| Ok::<_, Diagnostic>(texts(own, field)?.into_iter().map(Glob::new).collect::<Vec<_>>());
    let mut labels = Vec::new();
    if let Some(own) = mapping(own, "labels")? {
        check_once(own)?;
        for entry in &own.entries {
            let key = entry.key.text.as_str();
            labels.push((key.to_owned(), Glob::new(as_text(&entry.value, key)?)));
        }
    }
    Ok(Matcher {
        kinds: globs("kind")?,
        names: globs("name")?,
        namespaces: globs("namespace")?,
        labels,
        containers: globs("container")?,
        images: globs("image")?,
    })
}

fn given_probes(item: &Mapping) -> Result<GivenProbes, Diagnostic> {
    let known: Vec<&str> = ["match"].into_iter().chain(PROBES.iter().copied()).collect();
    check_fields(item, "probes", &known)?;
    let mut probes = Vec::new();
    for field in PROBES {
        let Some(probe) = mapping(item, field)? else { continue };
        check_probe(probe, field)?;
        probes.push((*field, without_places(Node::Mapping(probe.clone()))));
    }
    Ok(GivenProbes { matcher: matcher(item)?, probes })
}

fn check_probe(probe: &Mapping, field: &str) -> Result<(), Diagnostic> {
    const ACTIONS: [&str; 4] = ["exec", "grpc", "httpGet", "tcpSocket"];
    let known = [
        &ACTIONS[..],
        &["failureThreshold", "initialDelaySeconds", "periodSeconds", "successThreshold"],
        &["terminationGracePeriodSeconds", "timeoutSeconds"],
    ]
    .concat();
    check_fields(probe, field, &known)?;
    let actions = ACTIONS.iter().filter(|action| present(probe, action).is_some()).count();
    if actions != 1 {
        let error =
            Diagnostic::error(probe.span, format!("`{field}` must have one of {}", ACTIONS.join(", ")));
        return Err(error);
    }
    for action in ["httpGet", "tcpSocket"] {
        let Some(own) = mapping(probe, action)? else { continue };
        if let Some(host) = present(own, "host") {
            let error =
                Diagnostic::error(host.span(), "a probe with another `host` does not ask the container");
            return Err(error.hinted("leave it away"));
        }
        if present(own, "port").is_none() {
            return Err(Diagnostic::error(own.span, format!("`{action}` must have a `port`")));
        }
    }
    Ok(())
}

/// Returns the value as one that nobody wrote in a manifest: the place of a change is there, not in `hagane.yaml`.
fn without_places(mut node: Node) -> Node {
    match &mut node {
        Node::Mapping(mapping) => {
            mapping.span = Default::default();
            mapping.extra = None;
            for entry in &mut mapping.entries {
                entry.key.span = Default::default();
                entry.key.extra = None;
                entry.value = without_places(std::mem::replace(&mut entry.value, Node::mapping()));
            }
        }
        Node::Sequence(sequence) => {
            sequence.span = Default::default();
            sequence.extra = None;
            for item in &mut sequence.items {
                *item = without_places(std::mem::replace(item, Node::mapping()));
            }
        }
        Node::Scalar(scalar) => {
            scalar.span = Default::default();
            scalar.extra = None;
        }
    }
    node
}

fn pod_kind(item: &Mapping) -> Result<PodKind, Diagnostic> {
    check_fields(item, "podTemplates", &["group", "kind", "path"])?;
    let needed = |field| {
        let found = text(item, field)?.map(|(text, _)| text).filter(|text| !text.is_empty());
        found.ok_or_else(|| Diagnostic::error(item.span, format!("`{field}` is missing in podTemplates")))
    };
    let group = text(item, "group")?.map(|(group, _)| group).unwrap_or_default();
    Ok(PodKind::new(&group, &needed("kind")?, &needed("path")?))
}
