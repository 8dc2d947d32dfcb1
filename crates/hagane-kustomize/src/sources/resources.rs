//! The resources of files, each file parsed once.

use std::path::Path;
use std::rc::Rc;

use hagane_resource::{Diagnostic, Resource};
use hagane_yaml::{Node, Span};

use super::{RootedPath, Sources};
use crate::files::Decrypted;

impl Sources<'_> {
    /// Returns the resources of a file, parsed once a run and shared.
    pub fn resources(&self, path: &RootedPath, at: Span) -> Result<Rc<Vec<Resource>>, Diagnostic> {
        if let Some(resources) = self.resources.borrow().get(&path.0) {
            return Ok(resources.clone());
        }
        let source = self.read(path, at)?;
        let mut resources = match &source.decrypted {
            Some(Decrypted { documents: Some(documents), .. }) => {
                hagane_resource::resources_of(documents.clone())
            }
            Some(_) => {
                let error = Diagnostic::error(
                    at,
                    "an encrypted file that is neither YAML nor JSON cannot be a resource",
                );
                Err(error.hinted("use it in a `secretGenerator`"))
            }
            // kustomize parts documents by bytes, and finds no second one here.
            None if source.utf16.is_some() => {
                let documents = hagane_yaml::parse(source.text()?, source.file, &Default::default())?;
                hagane_resource::resources_of(documents.into_iter().take(1).collect())
            }
            None => hagane_resource::read_documents(source.text()?, source.file),
        }?;
        self.decrypt_values(&path.0, &mut resources)?;
        resources.iter().try_for_each(refuse_null_key)?;
        let resources = Rc::new(resources);
        self.resources.borrow_mut().insert(path.0.clone(), resources.clone());
        Ok(resources)
    }

    /// Decrypts what Secrets have encrypted value by value; what is wrong with several of them is told at once.
    fn decrypt_values(&self, path: &Path, resources: &mut [Resource]) -> Result<(), Diagnostic> {
        let Some(decrypter) = self.decrypter else { return Ok(()) };
        let secrets = resources
            .iter_mut()
            .filter(|resource| resource.gvk().kind == "Secret" && resource.gvk().api_version() == "v1");
        Diagnostic::refuse(
            secrets.filter_map(|secret| decrypter.decrypt_values(path, secret).err()).collect(),
        )
    }
}

/// Refuses a field that is called null, without quotes: kustomize cannot read its own text then. Where nothing but a
/// tag says that it is one, there is no text to stumble over.
fn refuse_null_key(resource: &Resource) -> Result<(), Diagnostic> {
    let Node::Mapping(tree) = resource.tree() else { return Ok(()) };
    match tree.entries.iter().find(|entry| entry.key.is_null() && !entry.key.text.as_str().is_empty()) {
        None => Ok(()),
        Some(entry) => {
            Err(Diagnostic::error(entry.key.span, "a resource cannot have a field without a name")
                .hinted("`null` and `~` are no names; drop the line"))
        }
    }
}
