//! What a rule has to say about a field, and what would mend it.

use std::borrow::Cow;

use hagane_yaml::Node;

use crate::field_path::FieldPath;
use crate::pod::Container;

/// Whose settings and opt-outs count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The pod's, or the resource's.
    Whole,
    /// Those of one container.
    Container(String),
    /// Those of each container of the pod: what it says for them must be right for all.
    AllContainers,
}

/// Something that a rule is not content with.
pub(crate) struct Proposal {
    pub(crate) about: About,
    /// The field.
    pub(crate) path: FieldPath,
    /// What is wrong, in the user's terms. Never holds a value that was decrypted.
    pub(crate) message: Cow<'static, str>,
    /// What would mend it; none where only a person can.
    pub(crate) mend: Option<Mend>,
}

/// What would mend something: writes that are made together, or not at all. A mount without its volume keeps
/// every pod from being made.
pub(crate) struct Mend {
    pub(crate) nature: Nature,
    pub(crate) writes: Vec<Written>,
}

/// One field to write.
pub(crate) struct Written {
    pub(crate) path: FieldPath,
    pub(crate) write: Write,
    /// Why, where it is for something else than the whole.
    pub(crate) message: Option<Cow<'static, str>>,
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
    /// One more item of a list, which is made where there is none.
    Append(Node),
    Remove,
}

impl Proposal {
    /// Returns a proposal about the whole pod or resource that only a person can mend.
    pub(crate) fn new(path: FieldPath, message: impl Into<Cow<'static, str>>) -> Proposal {
        Proposal { about: About::Whole, path, message: message.into(), mend: None }
    }

    /// Returns a proposal about a field of a container that only a person can mend.
    pub(crate) fn of(
        container: &Container,
        keys: &[&'static str],
        message: impl Into<Cow<'static, str>>,
    ) -> Proposal {
        let about = About::Container(container.name.to_owned());
        Proposal { about, ..Proposal::new(container.path(keys), message) }
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

    /// Returns the proposal with another write that must go with its own.
    pub(crate) fn and(
        mut self,
        path: FieldPath,
        write: Write,
        message: Option<Cow<'static, str>>,
    ) -> Proposal {
        if let Some(mend) = &mut self.mend {
            mend.writes.push(Written { path, write, message });
        }
        self
    }

    /// Returns the proposal as one that the pod says for all of its containers.
    pub(crate) fn for_all_containers(self) -> Proposal {
        Proposal { about: About::AllContainers, ..self }
    }

    fn mended(self, nature: Nature, write: Write) -> Proposal {
        let writes = vec![Written { path: self.path.clone(), write, message: None }];
        Proposal { mend: Some(Mend { nature, writes }), ..self }
    }
}

impl Mend {
    /// Returns whether all that it writes has a place in a tree.
    pub(crate) fn has_way(&self, top: &Node) -> bool {
        self.writes.iter().all(|Written { path, write, .. }| match write {
            Write::Set(_) => path.has_way(top),
            Write::Append(_) => match path.get(top) {
                Some(list) if !list.is_null() => list.as_sequence().is_some(),
                _ => path.has_way(top),
            },
            Write::Remove => true,
        })
    }

    /// Returns whether an author wrote a value where it writes: a null, or one that the rule cannot read.
    /// Lists are written with what is in them.
    pub(crate) fn is_over_value(&self, top: &Node) -> bool {
        let is_set = |write: &Write| matches!(write, Write::Set(_) | Write::Append(_));
        let is_value = |path: &FieldPath| path.get(top).is_some_and(|own| own.as_scalar().is_some());
        self.writes.iter().any(|own| is_set(&own.write) && is_value(&own.path))
    }
}
