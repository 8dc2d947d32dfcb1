//! Image names, tags and digests.

use hagane_regex::Regex;
use hagane_resource::{Create, Diagnostic, FieldSpec, ResourceSet};
use hagane_yaml::{Node, Scalar, Style, Tag, Text};

use crate::kustomization::Image;

/// An image entry with the pattern it stands for.
struct Rename<'a> {
    image: &'a Image,
    /// Nothing for a plain name, which is compared without it.
    pattern: Option<Regex>,
}

/// Renames images in every `containers` and `initContainers`, wherever they stand, and where the field specs
/// lead: every entry in turn on every image. Definitions are left alone.
pub(crate) fn set_images(
    resources: &mut ResourceSet,
    images: &[Image],
    specs: &[FieldSpec],
) -> Result<(), Diagnostic> {
    if images.is_empty() {
        return Ok(());
    }
    let renames = images.iter().map(Rename::new).collect::<Result<Vec<_>, _>>()?;
    for index in 0..resources.len() {
        let resource = resources.get_mut_keeping_name(index);
        let anywhere = resource.gvk().kind != "CustomResourceDefinition" && has_containers(resource.tree());
        let specs: Vec<&FieldSpec> =
            specs.iter().filter(|spec| spec.takes(resource.gvk()) && spec.reaches(resource.tree())).collect();
        if !anywhere && specs.is_empty() {
            continue;
        }
        // Nearly every entry is for other images than this resource's: the tree is written only for its own. A path
        // that leads on to nothing is a null list, which becomes an empty one, or an error.
        let mut walk = specs.iter().any(|spec| found_by(spec, resource.tree()).is_empty());
        let mut texts = image_texts(resource.tree(), anywhere, &specs)?;
        for rename in &renames {
            if !std::mem::take(&mut walk) && !texts.iter().any(|text| rename.takes(text)) {
                continue;
            }
            let tree = resource.tree_mut();
            if anywhere {
                rename.in_containers(tree);
            }
            for spec in &specs {
                spec.apply(tree, Create::Nothing, &mut |node| {
                    rename.apply(node);
                    Ok(())
                })?;
            }
            texts = image_texts(tree, anywhere, &specs)?;
        }
    }
    Ok(())
}

const LISTS: [&str; 2] = ["containers", "initContainers"];

fn found_by<'n>(spec: &FieldSpec, tree: &'n Node) -> Vec<&'n Node> {
    let mut found = Vec::new();
    spec.collect(tree, &mut found);
    found
}

/// Returns the images in containers, where those count anywhere, and where the field specs lead. Refuses one that is no
/// single value.
fn image_texts(tree: &Node, anywhere: bool, specs: &[&FieldSpec]) -> Result<Vec<String>, Diagnostic> {
    let mut found = Vec::new();
    if anywhere {
        in_containers(tree, &mut found)?;
    }
    specs.iter().for_each(|spec| spec.collect(tree, &mut found));
    let text = |node: &Node| match node {
        Node::Scalar(scalar) => Ok(scalar.text.as_str().to_owned()),
        other => Err(Diagnostic::error(other.span(), "an image must be a single value")
            .hinted("for example `image: nginx:1.27`")),
    };
    found.into_iter().map(text).collect()
}

fn in_containers<'n>(node: &'n Node, found: &mut Vec<&'n Node>) -> Result<(), Diagnostic> {
    match node {
        Node::Mapping(mapping) => {
            for entry in &mapping.entries {
                in_containers(&entry.value, found)?;
                if let (true, Node::Sequence(list)) = (LISTS.contains(&entry.key.text.as_str()), &entry.value)
                {
                    for container in &list.items {
                        found.extend(image_of(container, entry.key.text.as_str())?);
                    }
                }
            }
        }
        Node::Sequence(sequence) => {
            for item in &sequence.items {
                in_containers(item, found)?;
            }
        }
        Node::Scalar(_) => {}
    }
    Ok(())
}

/// Returns the image of an item of a list of containers.
fn image_of<'n>(container: &'n Node, list: &str) -> Result<Option<&'n Node>, Diagnostic> {
    if container.is_null() || matches!(container, Node::Mapping(_)) {
        return Ok(container.get("image"));
    }
    let message = format!("an item of `{list}` must be a mapping where images are set");
    Err(Diagnostic::error(container.span(), message).hinted("for example `- image: nginx:1.27`"))
}

fn has_containers(node: &Node) -> bool {
    match node {
        Node::Mapping(mapping) => {
            mapping.entries.iter().any(|e| LISTS.contains(&e.key.text.as_str()) || has_containers(&e.value))
        }
        Node::Sequence(sequence) => sequence.items.iter().any(has_containers),
        Node::Scalar(_) => false,
    }
}

impl<'a> Rename<'a> {
    fn new(image: &'a Image) -> Result<Rename<'a>, Diagnostic> {
        // A text that is plain but for dots is compared letter by letter: nearly every entry.
        let plain = image
            .name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'_' | b'-' | b':' | b'.'));
        if plain {
            return Ok(Rename { image, pattern: None });
        }
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", *image.name);
        let pattern = Regex::new(&pattern).map_err(|error| {
            let message =
                format!("the image name `{}` is not a regular expression: {}", *image.name, error.message);
            Diagnostic::error(image.name.span, message)
                .hinted("image names are regular expressions; escape special characters with `\\`")
        })?;
        Ok(Rename { image, pattern: Some(pattern) })
    }

    fn in_containers(&self, node: &mut Node) {
        match node {
            Node::Mapping(mapping) => {
                for entry in &mut mapping.entries {
                    self.in_containers(&mut entry.value);
                    if let (true, Node::Sequence(list)) =
                        (LISTS.contains(&entry.key.text.as_str()), &mut entry.value)
                    {
                        list.items
                            .iter_mut()
                            .filter_map(|item| item.get_mut("image"))
                            .for_each(|image| self.apply(image));
                    }
                }
            }
            Node::Sequence(sequence) => sequence.items.iter_mut().for_each(|item| self.in_containers(item)),
            Node::Scalar(_) => {}
        }
    }

    /// Renames an image that the entry is for.
    fn apply(&self, node: &mut Node) {
        let Node::Scalar(scalar) = node else { return };
        let Image { new_name, new_tag, tag_suffix, digest: new_digest, .. } = self.image;
        let text = scalar.text.as_str();
        if !self.takes(text) {
            return;
        }
        let (name, tag, digest) = split(text);
        let name = if new_name.is_empty() { name } else { new_name };
        // A new tag or digest takes the place of both old ones.
        let (tag, digest) = match (new_tag.as_str(), new_digest.as_str()) {
            ("", "") if tag_suffix.is_empty() => (tag.to_owned(), digest),
            ("", "") => (format!("{tag}{tag_suffix}"), ""),
            (tag, digest) => (tag.to_owned(), digest),
        };
        let part =
            |mark: &str, part: &str| if part.is_empty() { String::new() } else { format!("{mark}{part}") };
        let renamed = format!("{name}{}{}", part(":", &tag), part("@", digest));
        *scalar = Scalar {
            text: Text::marked_as(renamed, &scalar.text),
            // Without quotes the text decides what it is.
            tag: if scalar.style == Style::Plain { Tag::Unresolved } else { Tag::Str },
            ..std::mem::take(scalar)
        };
    }

    /// Returns whether the image has the entry's name, with a tag, a digest or neither behind it.
    fn takes(&self, text: &str) -> bool {
        if let Some(pattern) = &self.pattern {
            return pattern.is_match(text);
        }
        let name = self.image.name.as_bytes();
        let starts = text.len() >= name.len()
            && name
                .iter()
                .zip(text.as_bytes())
                .all(|(n, t)| n == t || *n == b'.' && t.is_ascii() && *t != b'\n');
        starts && text.get(name.len()..).is_some_and(is_tail)
    }
}

/// Returns whether this may follow a name: `:` and a tag, `@sha256:` and a digest.
fn is_tail(tail: &str) -> bool {
    let narrow = |text: &str| {
        text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'{' | b'}' | b'-'))
    };
    let (tag, digest) = match tail.split_once("@sha256:") {
        Some((tag, digest)) => (tag, digest),
        None => (tail, ""),
    };
    narrow(digest) && (tag.is_empty() || tag.strip_prefix(':').is_some_and(narrow))
}

/// Returns name, tag and digest of an image. A colon before the first slash belongs to a port.
fn split(text: &str) -> (&str, &str, &str) {
    let host = text.find('/').unwrap_or(0);
    let (at, colon) = (text[host..].find('@').map(|i| i + host), text[host..].find(':').map(|i| i + host));
    match (at, colon) {
        (None, None) => (text, "", ""),
        (Some(at), colon) if colon.is_none_or(|colon| at < colon) => (&text[..at], "", &text[at + 1..]),
        (Some(at), Some(colon)) => (&text[..colon], &text[colon + 1..at], &text[at + 1..]),
        (_, Some(colon)) => (&text[..colon], &text[colon + 1..], ""),
        (Some(at), None) => (&text[..at], "", &text[at + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Located;

    #[track_caller]
    fn check(name: &str, [new_name, new_tag, tag_suffix, digest]: [&str; 4], text: &str, want: &str) {
        let image = Image {
            name: Located { value: name.into(), ..Located::default() },
            new_name: new_name.into(),
            new_tag: new_tag.into(),
            tag_suffix: tag_suffix.into(),
            digest: digest.into(),
        };
        let mut node = Node::string(text);
        Rename::new(&image).expect("the case is a pattern").apply(&mut node);
        assert_eq!(node.as_str(), Some(want), "{name} on {text}");
    }

    #[test]
    fn names_tags_and_digests_are_replaced() {
        check("web", ["", "v2", "", ""], "web:v1", "web:v2");
        check("web", ["shop/web", "", "", ""], "web:v1", "shop/web:v1");
        check("web", ["", "v2", "", ""], "web@sha256:0a", "web:v2");
        check("web", ["", "", "", "sha256:1b"], "web:v1", "web@sha256:1b");
        check("web", ["", "v2", "", "sha256:1b"], "web:v1", "web:v2@sha256:1b");
        check("web", ["", "", "-x", ""], "web:v1@sha256:0a", "web:v1-x");
        check("host:5000/web", ["", "v2", "", ""], "host:5000/web", "host:5000/web:v2");
    }

    #[test]
    fn names_are_patterns_for_the_whole_name() {
        check("w.b", ["", "v2", "", ""], "web", "web:v2");
        check("(web|api)", ["", "v2", "", ""], "api:1", "api:v2");
        check("web", ["", "v2", "", ""], "docker.io/web", "docker.io/web");
        check("web", ["", "v2", "", ""], "webb", "webb");
        check("web", ["", "v2", "", ""], "web:a+b", "web:a+b");
    }
}
