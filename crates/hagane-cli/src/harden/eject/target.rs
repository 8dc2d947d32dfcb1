//! What a resource is called where a layer's patches see it: before the layer's own prefix and suffix.

use std::collections::BTreeMap;

use hagane::{Diagnostic, Failed, Node, Resource, ResourceSet, SourceMap};
use hagane_yaml::ParseOptions;

/// Resources by kind and name.
pub(super) type Called<'r> = BTreeMap<(&'r str, &'r str), Vec<&'r Resource>>;

/// What a kustomization puts around names.
pub(super) struct Affixes {
    prefix: String,
    suffix: String,
}

impl Affixes {
    /// Reads a kustomization; what cannot be read has none.
    pub(super) fn read(text: &str) -> Affixes {
        let documents = hagane_yaml::parse(text, Default::default(), &ParseOptions::default());
        let top = documents.ok().and_then(|documents| documents.into_iter().next());
        let field = |name| {
            let value = top.as_ref().and_then(|top| top.get(name)).filter(|value| !value.is_null());
            value.and_then(Node::as_str).unwrap_or_default().to_owned()
        };
        Affixes { prefix: field("namePrefix"), suffix: field("nameSuffix") }
    }

    fn stripped<'n>(&self, name: &'n str) -> &'n str {
        let inner =
            name.strip_prefix(self.prefix.as_str()).and_then(|rest| rest.strip_suffix(self.suffix.as_str()));
        inner.filter(|inner| !inner.is_empty()).unwrap_or(name)
    }

    /// Returns the name that a resource has where the layer's patches see it.
    pub(super) fn name<'r>(&self, resource: &'r Resource) -> &'r str {
        let hashed = resource.formers.last().filter(|_| resource.needs_hash);
        let outer = hashed.map_or(resource.name(), |former| former.name.as_str());
        let inner = self.stripped(outer);
        let had = resource.formers.iter().any(|former| former.name == inner);
        if had { inner } else { outer }
    }

    /// Returns a resource that the stages added as the layer has to give it.
    pub(super) fn before(&self, resource: &Resource) -> Resource {
        let mut before = resource.clone();
        before.set_name(self.stripped(resource.name()));
        before
    }

    /// Returns the resources by the names that a target would take them by: that of today and the first one.
    pub(super) fn called<'r>(&self, all: &'r ResourceSet) -> Called<'r> {
        let mut called = Called::new();
        for resource in all {
            let kind = resource.gvk().kind.as_str();
            let today = self.name(resource);
            called.entry((kind, today)).or_default().push(resource);
            if let Some(first) = resource.formers.first().filter(|former| former.name != today) {
                called.entry((kind, first.name.as_str())).or_default().push(resource);
            }
        }
        called
    }

    /// Returns the fields of the target that takes a resource and no other.
    pub(super) fn target(
        &self,
        resource: &Resource,
        all: &Called,
    ) -> Result<Vec<(&'static str, String)>, Failed> {
        let (gvk, name) = (resource.gvk(), self.name(resource));
        let called = all.get(&(gvk.kind.as_str(), name)).map_or(&[][..], Vec::as_slice);
        let others: Vec<&Resource> =
            called.iter().copied().filter(|other| other.id() != resource.id()).collect();
        let mut target = vec![("kind", exactly(&gvk.kind)), ("name", exactly(name))];
        if others.iter().all(|other| other.gvk().group != gvk.group) {
            if !others.is_empty() {
                target.insert(0, ("group", exactly(&gvk.group)));
            }
            return Ok(target);
        }
        let space = |resource: &Resource| resource.id().effective_namespace().to_owned();
        if others.iter().all(|other| space(other) != space(resource)) {
            target.push(("namespace", exactly(&space(resource))));
            return Ok(target);
        }
        let message = format!("no target takes {} and nothing else", resource.id());
        let error = Diagnostic::error(Default::default(), message)
            .noted("another resource of the kind has, or first had, the same name")
            .hinted("write the patches in the layers below");
        Err(Failed { diagnostics: vec![error], source_map: SourceMap::new() })
    }
}

/// Returns the regular expression that takes a text and nothing else.
fn exactly(text: &str) -> String {
    match text {
        "" => "^$".to_owned(),
        text => text.replace('.', "\\."),
    }
}
