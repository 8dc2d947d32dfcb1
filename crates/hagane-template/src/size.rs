//! How many bytes values have once they are texts, known before they are: what is too much is never made.

use hagane_yaml::Node;

/// Returns at most about how many bytes a text has in quotes.
pub(crate) fn in_quotes(text: &str) -> usize {
    let byte = |byte: u8| match byte {
        b'"' | b'\\' | b'\'' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 | b'<' | b'>' | b'&' | 0x7f => 6,
        _ => 1,
    };
    text.bytes().map(byte).sum::<usize>() + 2
}

/// Returns at most about how many bytes a tree has as a text, where each level is indented by so much.
pub(crate) fn of_tree(node: &Node, indent: usize) -> usize {
    of(node, indent, 0)
}

fn of(node: &Node, step: usize, indent: usize) -> usize {
    let below = indent + step;
    match node {
        Node::Scalar(scalar) => {
            let text = scalar.text.as_str();
            in_quotes(text).saturating_add(lines_of(text).saturating_mul(indent))
        }
        Node::Sequence(sequence) => {
            sequence.items.iter().map(|item| of(item, step, below) + 3).fold(2, usize::saturating_add)
        }
        Node::Mapping(mapping) => {
            let entries = mapping.entries.iter();
            let sizes =
                entries.map(|entry| in_quotes(entry.key.text.as_str()) + 3 + of(&entry.value, step, below));
            sizes.fold(2, usize::saturating_add)
        }
    }
}

/// Returns at most how many lines a tree has as YAML.
pub(crate) fn lines(node: &Node) -> usize {
    match node {
        Node::Scalar(scalar) => lines_of(scalar.text.as_str()) + 1,
        Node::Sequence(sequence) => sequence.items.iter().map(lines).sum::<usize>() + 1,
        Node::Mapping(mapping) => {
            let entries = mapping.entries.iter();
            entries.map(|entry| lines_of(entry.key.text.as_str()) + lines(&entry.value)).sum::<usize>() + 1
        }
    }
}

/// Returns how many lines a text has.
pub(crate) fn lines_of(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count() + 1
}
