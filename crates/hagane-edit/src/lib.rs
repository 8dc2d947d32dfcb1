//! Edits YAML files in place, and kustomizations as `kustomize edit` does.
//!
//! [`text_edit`] changes a YAML text and leaves all other lines as they are; it knows nothing of Kubernetes.
//! [`Kustomization`] is a kustomization file with the edits of kustomize on top of that.
//!
//! ```
//! use hagane_edit::{ImageArgument, Kustomization};
//!
//! let text = "resources: [app.yaml] # ours\nimages:\n  - name: web # the shop\n    newTag: '1.0'\n";
//! let mut kustomization = Kustomization::read(text, Default::default()).unwrap();
//! kustomization.set_images(&[ImageArgument::parse("web:1.1").unwrap()]).unwrap();
//! assert_eq!(kustomization.text(), text.replace("1.0", "1.1"));
//! ```

mod differences;
mod fix;
mod generator;
mod image;
mod kustomization;
mod metadata;
mod patch;
mod paths;
pub mod text_edit;
mod variables;

pub use differences::first_difference;
pub use generator::{GeneratorArgument, GeneratorKind};
pub use image::{ImageArgument, ReplicaArgument};
pub use kustomization::Kustomization;
pub use metadata::{Existing, LabelScope, Missing, check_annotation_keys, pairs};
pub use patch::PatchArgument;
pub use paths::{holds_resources, matches_pattern};
pub use variables::VariableUses;
