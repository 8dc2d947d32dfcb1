//! Which values of a program's output are decrypted ones.

use hagane_resource::Resource;
use hagane_yaml::{Node, Text};

/// Marks what a program made of decrypted values. What came back as it was keeps its mark; of anything else nobody can
/// tell what it holds.
pub(super) fn restore_marks(resource: &mut Resource, old: Option<&Node>) {
    resource.edit(|tree| mark(tree, old));
}

fn mark(node: &mut Node, old: Option<&Node>) {
    match node {
        Node::Mapping(mapping) => {
            for entry in &mut mapping.entries {
                let before =
                    old.and_then(Node::as_mapping).and_then(|old| old.entry(entry.key.text.as_str()));
                if before.is_none_or(|before| before.key.text.is_sensitive()) {
                    mark_text(&mut entry.key.text);
                }
                mark(&mut entry.value, before.map(|before| &before.value));
            }
        }
        Node::Sequence(sequence) => {
            let before = old.and_then(Node::as_sequence).map(|old| old.items.as_slice()).unwrap_or_default();
            for (place, item) in sequence.items.iter_mut().enumerate() {
                mark(item, before.get(place));
            }
        }
        Node::Scalar(scalar) => {
            let before = old.and_then(Node::as_scalar).map(|old| &old.text);
            let is_plain = |old: &Text| old.as_str() == scalar.text.as_str() && !old.is_sensitive();
            if !before.is_some_and(is_plain) {
                mark_text(&mut scalar.text);
            }
        }
    }
}

fn mark_text(text: &mut Text) {
    *text = Text::sensitive(text.as_str().to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use hagane_yaml::emit::{EmitOptions, Secrets, go_v2_into};

    #[test]
    fn what_a_program_wrote() {
        let check = |old: &str, new: &str, shown: &str| {
            let tree = |text: &str| {
                let mut tree =
                    hagane_yaml::parse(text, Default::default(), &Default::default()).unwrap().remove(0);
                tree.for_each_scalar(&mut |scalar| {
                    if scalar.text.as_str().contains("canary") {
                        mark_text(&mut scalar.text);
                    }
                });
                tree
            };
            let mut new = hagane_yaml::parse(new, Default::default(), &Default::default()).unwrap().remove(0);
            mark(&mut new, Some(&tree(old)));
            let mut text = String::new();
            go_v2_into(&mut text, &new, EmitOptions { secrets: Secrets::Redact }).unwrap();
            assert_eq!(text, shown);
        };
        check("a: b\nc: canary", "{a: b, c: canary}", "a: b\nc: «redacted»\n");
        check("a: b\nc: canary", "{a: Y2FuYXJ5, c: canary}", "a: «redacted»\nc: «redacted»\n");
        check("a: b\nc: canary", "{d: b, a: b}", "a: b\n«redacted»: «redacted»\n");
        check("a: [b, canary]", "{a: [b, canary]}", "a:\n- b\n- «redacted»\n");
        check("a: [b, canary]", "{a: [canary, b]}", "a:\n- «redacted»\n- «redacted»\n");
        check("a: canary", "{a: [canary]}", "a:\n- «redacted»\n");
    }
}
