//! Which resources a patch or a replacement is for.

use hagane_regex::Regex;
use hagane_resource::{Diagnostic, Gvk, Resource, nearest};
use hagane_yaml::{Node, Span};

use crate::decode::{Located, Names, Object, Strictness};
use crate::label_selector::LabelSelector;

/// A selector: every part that is given must match; names, kinds and the like are regular expressions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    /// Where it stands.
    pub span: Span,
    /// The group.
    pub group: Part,
    /// The version.
    pub version: Part,
    /// The kind.
    pub kind: Part,
    /// The name.
    pub name: Part,
    /// The namespace.
    pub namespace: Part,
    /// The labels. What is wrong with a label selector matters when a resource is compared with it.
    pub labels: Option<Result<LabelSelector, Diagnostic>>,
    /// The annotations.
    pub annotations: Option<Result<LabelSelector, Diagnostic>>,
}

/// What a selector is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Compared {
    /// Whatever resources have, as kustomize does.
    #[default]
    Anything,
    /// Nothing that was decrypted ([`Decrypter::is_guarded`](crate::Decrypter::is_guarded)).
    PlainOnly,
}

/// A selector, or what is wrong with its patterns.
pub(crate) type LateSelector = Result<Selector, Diagnostic>;

/// A part of a selector: nothing, which matches all, or a text that is also a regular expression.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    /// The text as written.
    pub text: String,
    regex: Option<Regex>,
}

const FIELDS: Names =
    &["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];

/// What a pattern may look like.
const PATTERN_HINT: &str =
    "names are regular expressions of RE2: `web-.*`; escape special characters with `\\`";

impl Part {
    fn new(text: Option<Located<String>>) -> Result<Part, Diagnostic> {
        let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(Part::default()) };
        let regex = Regex::anchored(&text).map_err(|error| {
            Diagnostic::error(
                text.span,
                format!("`{}` is not a regular expression: {}", *text, error.message),
            )
            .hinted(PATTERN_HINT)
        })?;
        Ok(Part { text: text.value, regex: Some(regex) })
    }

    /// Returns whether the part is given.
    pub(crate) fn is_given(&self) -> bool {
        self.regex.is_some()
    }

    /// Returns the text when it can match only itself.
    pub(crate) fn exact(&self) -> Option<&str> {
        let plain = !self.text.is_empty()
            && self.text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'/'));
        plain.then_some(self.text.as_str())
    }

    /// Returns whether the part takes the text.
    pub(crate) fn takes(&self, text: &str) -> bool {
        self.regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    /// Returns whether the part is this very text, or not given.
    pub(crate) fn is(&self, text: &str) -> bool {
        !self.is_given() || self.text == text
    }
}

impl Selector {
    /// Returns whether it says anything about ids.
    pub(crate) fn has_id(&self) -> bool {
        let parts = [&self.group, &self.version, &self.kind, &self.name, &self.namespace];
        parts.iter().any(|part| part.is_given())
    }

    /// Returns whether it says anything about labels or annotations.
    pub(crate) fn has_labels(&self) -> bool {
        self.labels.is_some() || self.annotations.is_some()
    }

    pub(crate) fn decode(node: &Node, strictness: Strictness) -> Result<Selector, Diagnostic> {
        let object = Object::of(node, "a selector", FIELDS, strictness)?;
        let selector = |name| {
            let text = object.string(name)?.filter(|text| !text.is_empty());
            Ok::<_, Diagnostic>(text.map(|text| LabelSelector::parse(&text)))
        };
        Ok(Selector {
            labels: selector("labelSelector")?,
            annotations: selector("annotationSelector")?,
            ..Selector::of_id(&object)?
        })
    }

    /// Returns the selector of a patch. What is wrong with its patterns matters when somebody selects by it: an empty
    /// patch does not.
    pub(crate) fn decode_late(node: &Node, strictness: Strictness) -> Result<LateSelector, Diagnostic> {
        let object = Object::of(node, "a selector", FIELDS, strictness)?;
        FIELDS.iter().try_for_each(|field| object.string(field).map(drop))?;
        Ok(Selector::decode(node, strictness))
    }

    /// Returns the selector of the id fields of an object.
    pub(crate) fn of_id(object: &Object) -> Result<Selector, Diagnostic> {
        Ok(Selector {
            span: object.span,
            group: Part::new(object.exact_string("group")?)?,
            version: Part::new(object.exact_string("version")?)?,
            kind: Part::new(object.exact_string("kind")?)?,
            name: Part::new(object.exact_string("name")?)?,
            namespace: Part::new(object.exact_string("namespace")?)?,
            labels: None,
            annotations: None,
        })
    }

    /// Returns whether the resource is meant, by its current or its first name and namespace.
    pub(crate) fn takes(&self, resource: &Resource, compared: Compared) -> Result<bool, Diagnostic> {
        self.refuse_decrypted_id(resource, compared)?;
        let (current, first) = (resource.id(), resource.formers.first());
        let by_id = (self.name.takes(&current.name) || first.is_some_and(|f| self.name.takes(&f.name)))
            && (!self.namespace.is_given()
                || self.namespace.takes(current.effective_namespace())
                || first.is_some_and(|f| self.namespace.takes(&f.namespace)))
            && self.takes_gvk(resource.gvk());
        Ok(by_id && self.takes_labels(resource, compared)?)
    }

    /// Refuses to compare a name, a namespace or a kind that was decrypted, where that is not to be. Of a resource whose kind is not
    /// meant nothing is compared.
    pub(crate) fn refuse_decrypted_id(
        &self,
        resource: &Resource,
        compared: Compared,
    ) -> Result<(), Diagnostic> {
        if compared == Compared::Anything {
            return Ok(());
        }
        let is_kind_given = [&self.group, &self.version, &self.kind].iter().any(|part| part.is_given());
        if is_kind_given && resource.has_decrypted_kind() {
            return Err(self.decrypted("kind", resource));
        }
        let is_name_given = self.name.is_given() || self.namespace.is_given();
        match is_name_given && resource.has_decrypted_name() && self.takes_gvk(resource.gvk()) {
            true => Err(self.decrypted("name", resource)),
            false => Ok(()),
        }
    }

    fn decrypted(&self, what: &str, resource: &Resource) -> Diagnostic {
        let message =
            format!("a selector is not compared with a decrypted {what}, which {} has or had", resource.id());
        Diagnostic::error(self.span, message)
            .hinted("encrypt what is secret alone: `encrypted_regex: ^(data|stringData)$` in `.sops.yaml`")
            .hinted_at("the resource", resource.tree().span())
    }

    /// Returns whether the labels and annotations are meant.
    pub(crate) fn takes_labels(&self, resource: &Resource, compared: Compared) -> Result<bool, Diagnostic> {
        for (selector, field) in [(&self.labels, "labels"), (&self.annotations, "annotations")] {
            if selector.is_some()
                && let Some(list @ Node::Sequence(sequence)) = resource.tree().at(&["metadata", field])
                && !sequence.items.is_empty()
            {
                let error =
                    Diagnostic::error(list.span(), format!("`{field}` must be a mapping, and is a list"));
                return Err(error.hinted("write `key: value` lines, without dashes"));
            }
            let Some(selector) = selector else { continue };
            let selector = selector.as_ref().map_err(Diagnostic::clone)?;
            if compared == Compared::PlainOnly && is_compared_with_decrypted(selector, resource, field) {
                return Err(self.decrypted(field.trim_end_matches('s'), resource));
            }
            if !selector.takes(&|key| resource.metadata_entry(field, key)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns whether the group, version and kind are meant.
    pub(crate) fn takes_gvk(&self, gvk: &Gvk) -> bool {
        self.kind.takes(&gvk.kind) && self.group.takes(&gvk.group) && self.version.takes(&gvk.version)
    }

    /// Returns a text for messages: `Deployment/web`.
    pub(crate) fn shown(&self) -> String {
        let part = |part: &Part| if part.text.is_empty() { "*".to_owned() } else { part.text.clone() };
        format!("{}/{}", part(&self.kind), part(&self.name))
    }
}

/// Returns whether a key or a value that a selector is about was decrypted.
fn is_compared_with_decrypted(selector: &LabelSelector, resource: &Resource, field: &str) -> bool {
    let Some(Node::Mapping(mapping)) = resource.tree().at(&["metadata", field]) else { return false };
    mapping.entries.iter().any(|entry| {
        entry.key.text.is_sensitive()
            || (entry.value.is_sensitive() && selector.is_about(entry.key.text.as_str()))
    })
}

/// Returns the resource that is most like the one wanted: of the kind first, then of any.
pub(crate) fn nearest_resource<'a>(
    kind: &str,
    name: &str,
    resources: &[&'a Resource],
) -> Option<&'a Resource> {
    let same_kind: Vec<&Resource> = resources.iter().copied().filter(|r| r.gvk().kind == kind).collect();
    let by_name = |list: &[&'a Resource]| {
        let name = nearest(name, list.iter().map(|r| r.name()))?;
        list.iter().copied().find(|r| r.name() == name)
    };
    let by_part = || same_kind.iter().copied().find(|r| r.name().contains(name) || name.contains(r.name()));
    by_name(&same_kind).or_else(by_part).or_else(|| by_name(resources)).or(match same_kind[..] {
        [only] => Some(only),
        _ => None,
    })
}
