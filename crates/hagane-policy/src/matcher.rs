//! Which resources and containers something in `hagane.yaml` is for.

use hagane_resource::Resource;

use crate::field::texts;
use crate::glob::Glob;
use crate::pod::Container;

/// A selector: every part that is given must take the resource, one pattern of each part is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// Kinds.
    pub kinds: Vec<Glob>,
    /// Names, today's or a former one.
    pub names: Vec<Glob>,
    /// Namespaces.
    pub namespaces: Vec<Glob>,
    /// Labels, of the resource or of its pods. All must be there.
    pub labels: Vec<(String, Glob)>,
    /// Names of containers.
    pub containers: Vec<Glob>,
    /// Images.
    pub images: Vec<Glob>,
}

impl Matcher {
    /// Returns whether the resource is meant, whatever its containers.
    pub fn takes(&self, resource: &Resource) -> bool {
        let one =
            |patterns: &[Glob], text: &str| patterns.is_empty() || patterns.iter().any(|p| p.takes(text));
        let named = one(&self.names, resource.name())
            // What a name was is not to be guessed once it is gone.
            || resource.formers.iter().any(|former| !former.decrypted && one(&self.names, &former.name));
        one(&self.kinds, &resource.gvk().kind)
            && named
            && one(&self.namespaces, resource.id().effective_namespace())
            && self.labels.iter().all(|(key, value)| has_label(resource, key, value))
    }

    /// Returns whether a container of a resource that is meant is meant, too; without a container, whether
    /// the whole resource is.
    pub(crate) fn takes_container(&self, container: Option<&Container>) -> bool {
        match container {
            None => self.containers.is_empty() && self.images.is_empty(),
            Some(container) => {
                let one = |patterns: &[Glob], text: &str| {
                    patterns.is_empty() || patterns.iter().any(|p| p.takes(text))
                };
                one(&self.containers, container.name) && one(&self.images, container.image())
            }
        }
    }
}

fn has_label(resource: &Resource, key: &str, value: &Glob) -> bool {
    let places: [&[&str]; 3] = [
        &["metadata", "labels"],
        &["spec", "template", "metadata", "labels"],
        &["spec", "jobTemplate", "spec", "template", "metadata", "labels"],
    ];
    places
        .iter()
        .any(|place| texts(resource.tree().at(place)).any(|(own, text)| own == key && value.takes(text)))
}
