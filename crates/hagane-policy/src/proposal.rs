//! What a rule has to say about a field, and what would mend it.

use hagane_yaml::Node;

use crate::field_path::FieldPath;
use crate::pod::Container;

/// Something that a rule is not content with.
pub(crate) struct Proposal {
    /// The container it is about; none for what is about the whole pod or resource.
    pub(crate) container: Option<String>,
    /// The field.
    pub(crate) path: FieldPath,
    /// What is wrong, in the user's terms. Never holds a value that was decrypted.
    pub(crate) message: String,
    /// What would mend it; none where only a person can.
    pub(crate) mend: Option<Mend>,
}

/// A change that would mend something.
pub(crate) struct Mend {
    pub(crate) nature: Nature,
    pub(crate) write: Write,
}

/// Whose value a change touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Nobody's: the field is absent.
    Fill,
    /// The author's.
    Replace,
}

/// What is written.
pub(crate) enum Write {
    Set(Node),
    Remove,
}

impl Proposal {
    /// Returns a proposal about the whole pod or resource that only a person can mend.
    pub(crate) fn new(path: FieldPath, message: impl Into<String>) -> Proposal {
        Proposal { container: None, path, message: message.into(), mend: None }
    }

    /// Returns a proposal about a field of a container that only a person can mend.
    pub(crate) fn of(container: &Container, keys: &[&'static str], message: impl Into<String>) -> Proposal {
        let container_name = Some(container.name.to_owned());
        Proposal { container: container_name, ..Proposal::new(container.path(keys), message) }
    }

    /// Returns the proposal with a value where nothing is.
    pub(crate) fn fill(self, value: Node) -> Proposal {
        self.mended(Nature::Fill, Write::Set(value))
    }

    /// Returns the proposal with another value than the author's.
    pub(crate) fn replace(self, value: Node) -> Proposal {
        self.mended(Nature::Replace, Write::Set(value))
    }

    /// Returns the proposal with the author's value taken away.
    pub(crate) fn remove(self) -> Proposal {
        self.mended(Nature::Replace, Write::Remove)
    }

    /// Returns the proposal without a change where the container cannot be written to.
    pub(crate) fn unless_ephemeral(self, container: &Container) -> Proposal {
        if container.is_writable() { self } else { Proposal { mend: None, ..self } }
    }

    /// Returns the proposal with its change counted as one of this nature.
    pub(crate) fn of_nature(self, nature: Nature) -> Proposal {
        Proposal { mend: self.mend.map(|mend| Mend { nature, ..mend }), ..self }
    }

    fn mended(self, nature: Nature, write: Write) -> Proposal {
        Proposal { mend: Some(Mend { nature, write }), ..self }
    }
}
