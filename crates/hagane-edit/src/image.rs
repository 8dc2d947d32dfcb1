//! `edit set image`.

use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::{Node, Span};

use crate::kustomization::{Kustomization, texts};

/// What takes the value that is there.
const KEEP: &str = "*";

/// An image as it is written on the command line: `name=new:tag@digest`, `name:tag`, `name@digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageArgument {
    /// The image to change.
    pub name: String,
    /// Its new name; empty for the old one, `*` for what the file has.
    pub new_name: String,
    /// Its new tag, likewise.
    pub new_tag: String,
    /// Its digest, likewise.
    pub digest: String,
}

impl ImageArgument {
    /// Reads an argument.
    pub fn parse(argument: &str) -> Result<ImageArgument, Diagnostic> {
        let (key, value) = argument.split_once('=').unwrap_or(("", argument));
        let (name, tag, digest) = split(value);
        if name == argument {
            let message = format!("`{argument}` says nothing new about an image");
            return Err(Diagnostic::error(Span::default(), message)
                .with_fault(Fault::Usage)
                .hinted("write `name:tag`, `name@digest`, `name=new-name`, or `name=new-name:tag@digest`"));
        }
        let (name, new_name) = if key.is_empty() { (name, "") } else { (key, name) };
        Ok(ImageArgument {
            name: name.into(),
            new_name: new_name.into(),
            new_tag: tag.into(),
            digest: digest.into(),
        })
    }
}

/// Splits an image into name, tag and digest. A colon before the first slash belongs to the host.
fn split(image: &str) -> (&str, &str, &str) {
    let path = image.find('/').unwrap_or(0);
    let (rest, digest) = match image[path..].find('@') {
        Some(at) => (&image[..path + at], &image[path + at + 1..]),
        None => (image, ""),
    };
    match rest[path..].find(':') {
        Some(at) => (&rest[..path + at], &rest[path + at + 1..], digest),
        None => (rest, "", digest),
    }
}

impl Kustomization {
    /// Sets images. One that is there is replaced as a whole, but for what the argument keeps with `*`; a new one
    /// comes behind the others.
    pub fn set_images(&mut self, images: &[ImageArgument]) -> Result<(), Diagnostic> {
        for (index, image) in images.iter().enumerate() {
            // Of several arguments for one image the last counts.
            if !images[index + 1..].iter().any(|later| later.name == image.name) {
                self.set_image(image)?;
            }
        }
        Ok(())
    }

    fn set_image(&mut self, image: &ImageArgument) -> Result<(), Diagnostic> {
        let there = self.images_named(&image.name)?;
        let Some(first) = there.into_iter().next() else {
            let new = |value: &'_ str| if value == KEEP { String::new() } else { value.to_owned() };
            let (name, tag, digest) = (new(&image.new_name), new(&image.new_tag), new(&image.digest));
            let parts =
                [("name", image.name.as_str()), ("newName", &name), ("newTag", &tag), ("digest", &digest)];
            return self.push("images", texts(&parts));
        };
        for (key, value) in [
            ("newName", &image.new_name),
            ("newTag", &image.new_tag),
            ("digest", &image.digest),
            ("tagSuffix", &String::new()),
        ] {
            if value != KEEP {
                self.set_text(&first, key, value)?;
            }
        }
        // What is left of the same image would undo the change. A list that is gone moves the others.
        while let [_, .., last] = &self.images_named(&image.name)?[..] {
            self.remove(last)?;
        }
        Ok(())
    }

    /// Returns the paths of an image's entries. `imageTags` is the old name of `images`.
    fn images_named(&self, name: &str) -> Result<Vec<Vec<usize>>, Diagnostic> {
        let mut there = self.items("images")?;
        there.extend(self.items("imageTags")?);
        there.retain(|path| self.text_of(path, "name") == name);
        Ok(there)
    }
}

/// A replica count as it is written on the command line: `name=count`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaArgument {
    /// The name of the resource.
    pub name: String,
    /// How many.
    pub count: i64,
}

impl ReplicaArgument {
    /// Reads an argument.
    pub fn parse(argument: &str) -> Result<ReplicaArgument, Diagnostic> {
        let parsed = argument.split_once('=').and_then(|(name, count)| Some((name, count.parse().ok()?)));
        match parsed {
            Some((name, count)) => Ok(ReplicaArgument { name: name.into(), count }),
            None => Err(Diagnostic::error(Span::default(), format!("`{argument}` is no replica count"))
                .with_fault(Fault::Usage)
                .hinted("write `name=count`, with a whole number")),
        }
    }
}

impl Kustomization {
    /// Sets replica counts. New ones come behind the others.
    pub fn set_replicas(&mut self, replicas: &[ReplicaArgument]) -> Result<(), Diagnostic> {
        for (index, replica) in replicas.iter().enumerate() {
            if !replicas[index + 1..].iter().any(|later| later.name == replica.name) {
                self.set_replica(replica)?;
            }
        }
        Ok(())
    }

    fn set_replica(&mut self, replica: &ReplicaArgument) -> Result<(), Diagnostic> {
        let items = self.items("replicas")?;
        let mut there = items.into_iter().filter(|path| self.text_of(path, "name") == replica.name);
        let first = there.next();
        let others: Vec<Vec<usize>> = there.collect();
        let count = crate::kustomization::literal(replica.count.to_string(), hagane_yaml::Tag::Int);
        let Some(first) = first else {
            let mut new = hagane_yaml::Mapping::default();
            new.push("name", Node::string(replica.name.as_str()));
            new.push("count", count);
            return self.push("replicas", Node::Mapping(new));
        };
        for other in others.iter().rev() {
            self.remove(other)?;
        }
        self.set(&first, "count", count)
    }
}
