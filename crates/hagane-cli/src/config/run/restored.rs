//! The comments and the order of fields that a manifest had before a function read it.
//!
//! Functions read YAML in every language there is, and few keep comments or the order of fields.

use std::collections::BTreeMap;

use hagane::Node;
use hagane_resource::{Schema, SchemaNode};
use hagane_yaml::{Entry, Extra, Mapping, Scalar, Style, Tag, Text};

/// How often lines of comments are missing.
pub(super) type Missing<'g> = BTreeMap<&'g str, usize>;

/// Gives a manifest that came back the comments and the order of fields of the one that was given.
///
/// Comments that came back elsewhere are taken from there: in a list the first field has what stood above a
/// manifest, and the item after it what stood at its end. So it is told what is missing in the one before,
/// and returns what is missing in this one.
pub(super) fn restore<'g>(given: &'g Node, manifest: &mut Node, mut before: Missing) -> Missing<'g> {
    let text = |name: &str| given.get(name).and_then(Node::as_str).unwrap_or("");
    let schema = Schema::builtin();
    let schema = schema.resource(text("apiVersion"), text("kind"));
    if is_flow(given) == Some(false) && is_flow(manifest) == Some(true) {
        lay_out(Some(given), manifest, schema);
    }
    take_elsewhere(given, manifest, schema, &mut before);
    let missing = comment(given, manifest, schema);
    order(given, manifest);
    missing
}

/// Puts comments back where they were, if none is there now.
fn comment<'g>(given: &'g Node, manifest: &mut Node, schema: Option<SchemaNode>) -> Missing<'g> {
    let mut missing = Missing::new();
    each(Some(given), manifest, schema, &mut |old, new| {
        for (old, new) in old.into_iter().zip(blocks(new.as_deref())) {
            if new.is_empty() {
                written(&old).for_each(|line| *missing.entry(line.as_str()).or_default() += 1);
            }
        }
    });
    take_elsewhere(given, manifest, schema, &mut missing);
    each(Some(given), manifest, schema, &mut |old, new| {
        if old.iter().all(Vec::is_empty) {
            return;
        }
        let new = &mut new.get_or_insert_default().comments;
        for (old, new) in old.into_iter().zip([&mut new.head, &mut new.line, &mut new.foot]) {
            if new.is_empty() || written(&old).eq(new.iter().filter(|line| !line.as_str().is_empty())) {
                *new = old.into_iter().cloned().collect();
            }
        }
    });
    missing
}

/// Takes lines that are missing somewhere from where there was no comment.
fn take_elsewhere(given: &Node, manifest: &mut Node, schema: Option<SchemaNode>, missing: &mut Missing) {
    if missing.values().all(|count| *count == 0) {
        return;
    }
    each(Some(given), manifest, schema, &mut |old, new| {
        let Some(new) = new.as_mut().map(|extra| &mut extra.comments) else { return };
        for (old, new) in old.into_iter().zip([&mut new.head, &mut new.line, &mut new.foot]) {
            take(new, &old, missing);
        }
    });
}

/// Takes lines that are missing elsewhere out of a comment, and what parted them. Those that stood there
/// stay.
fn take(block: &mut Vec<Text>, old: &[&Text], missing: &mut Missing) {
    let before = block.len();
    block.retain(|line| match missing.get_mut(line.as_str()) {
        Some(count) if *count > 0 && !old.contains(&line) => {
            *count -= 1;
            false
        }
        _ => true,
    });
    if block.len() < before && block.iter().all(|line| line.as_str().is_empty()) {
        block.clear();
    }
}

/// Returns the lines of a comment without those that part them.
fn written<'b, 'g>(block: &'b [&'g Text]) -> impl Iterator<Item = &'g Text> + use<'b, 'g> {
    block.iter().copied().filter(|line| !line.as_str().is_empty())
}

/// The lines above, beside and below.
type Blocks<'g> = [Vec<&'g Text>; 3];

/// What is done at each node and key: with the comments that it had, and the place of those that it has.
type Visit<'v, 'g> = dyn FnMut(Blocks<'g>, &mut Option<Box<Extra>>) + 'v;

/// Goes through a tree and one that was given beside it. Items are one by the fields that tell them apart
/// where the schema knows those, otherwise by their place, if the same is there.
fn each<'g>(given: Option<&'g Node>, node: &mut Node, schema: Option<SchemaNode>, visit: &mut Visit<'_, 'g>) {
    let comments = kept(given, node);
    each_with(comments, given, node, schema, visit);
}

fn each_with<'g>(
    comments: Blocks<'g>,
    given: Option<&'g Node>,
    node: &mut Node,
    schema: Option<SchemaNode>,
    visit: &mut Visit<'_, 'g>,
) {
    let given = given.filter(|given| is_flow(given) == is_flow(node));
    match node {
        Node::Scalar(scalar) => visit(comments, &mut scalar.extra),
        Node::Mapping(mapping) => {
            visit(comments, &mut mapping.extra);
            let fields = given.and_then(Node::as_mapping).map(fields).unwrap_or_default();
            for entry in &mut mapping.entries {
                let key = entry.key.text.as_str();
                let old = fields.get(key);
                let below = schema.and_then(|schema| schema.field(key));
                let comments = blocks(old.and_then(|old| old.key.extra.as_deref()));
                // What stood behind `{…}` stands behind the name now.
                let opened = opened(old.map(|old| &old.value), &entry.value);
                visit(with(comments, opened), &mut entry.key.extra);
                each(old.map(|old| &old.value), &mut entry.value, below, visit);
            }
        }
        Node::Sequence(sequence) => {
            visit(comments, &mut sequence.extra);
            let given = given.and_then(Node::as_sequence).map_or(&[][..], |given| &given.items);
            let below = schema.and_then(SchemaNode::elements);
            let matched = matched(given, &sequence.items, schema);
            for (item, old) in sequence.items.iter_mut().zip(matched) {
                // And in a list, where there is no name, above.
                let [mut head, mut line, foot] = opened(old, item);
                head.append(&mut line);
                each_with(with(kept(old, item), [head, line, foot]), old, item, below, visit);
            }
        }
    }
}

/// Returns the comments of a node. In another layout there are other places for them.
fn kept<'g>(old: Option<&'g Node>, new: &Node) -> Blocks<'g> {
    blocks(old.filter(|old| is_flow(old) == is_flow(new)).and_then(Node::extra))
}

/// Returns the comments of a collection that was written in brackets, and is no longer.
fn opened<'g>(old: Option<&'g Node>, new: &Node) -> Blocks<'g> {
    let old = old.filter(|old| is_flow(old) == Some(true) && is_flow(new) == Some(false));
    blocks(old.and_then(Node::extra))
}

/// Returns the comments of a node with those of another. Beside it there is place for one: the other goes above.
fn with<'g>(own: Blocks<'g>, other: Blocks<'g>) -> Blocks<'g> {
    let ([mut head, mut line, mut foot], [above, mut beside, mut below]) = (own, other);
    head.extend(above);
    if line.is_empty() { &mut line } else { &mut head }.append(&mut beside);
    foot.append(&mut below);
    [head, line, foot]
}

/// Returns whether a collection is written in brackets; nothing for scalars.
fn is_flow(node: &Node) -> Option<bool> {
    match node {
        Node::Mapping(mapping) => Some(mapping.flow),
        Node::Sequence(sequence) => Some(sequence.flow),
        Node::Scalar(_) => None,
    }
}

/// Gives a manifest that came back as JSON the layout of the one that was given.
fn lay_out(given: Option<&Node>, node: &mut Node, schema: Option<SchemaNode>) {
    let is_flow = given.and_then(is_flow).unwrap_or(false);
    match node {
        Node::Mapping(mapping) => {
            mapping.flow = is_flow;
            let fields = given.and_then(Node::as_mapping).map(fields).unwrap_or_default();
            for entry in &mut mapping.entries {
                let key = entry.key.text.as_str();
                let old = fields.get(key);
                let below = schema.and_then(|schema| schema.field(key));
                lay_out(old.map(|old| &old.value), &mut entry.value, below);
                like(old.map(|old| &old.key), &mut entry.key);
            }
        }
        Node::Sequence(sequence) => {
            sequence.flow = is_flow;
            let given = given.and_then(Node::as_sequence).map_or(&[][..], |given| &given.items);
            let below = schema.and_then(SchemaNode::elements);
            let matched = matched(given, &sequence.items, schema);
            for (item, old) in sequence.items.iter_mut().zip(matched) {
                lay_out(old, item, below);
            }
        }
        Node::Scalar(scalar) => like(given.and_then(Node::as_scalar), scalar),
    }
}

/// Writes a text of JSON as it was written, or as plainly as it can be, and a null as it was.
fn like(given: Option<&Scalar>, scalar: &mut Scalar) {
    if let Some(old) = given.filter(|old| old.is_null() && scalar.is_null()) {
        (scalar.text, scalar.tag, scalar.style) = (old.text.clone(), old.tag, old.style);
    }
    if scalar.style == Style::DoubleQuoted {
        let is_same =
            |old: &&Scalar| old.text.as_str() == scalar.text.as_str() && old.resolved_tag() == Tag::Str;
        scalar.style = given.filter(is_same).map_or(Style::Plain, |old| old.style);
        scalar.tag = Tag::Str;
    }
}

/// Returns for each item the one that was given.
fn matched<'g>(given: &'g [Node], items: &[Node], schema: Option<SchemaNode>) -> Vec<Option<&'g Node>> {
    let keys: Vec<&str> = schema
        .filter(|schema| schema.merges())
        .map(|schema| schema.merge_keys().iter().map(|key| key.as_str()).collect())
        .unwrap_or_default();
    if keys.is_empty() {
        let same = |(place, item)| given.get(place).filter(|old| is_same(old, item));
        return items.iter().enumerate().map(same).collect();
    }
    let values = |item: &Node| -> Vec<Option<String>> {
        keys.iter().map(|key| Some(item.get(key)?.as_str()?.to_owned())).collect()
    };
    let old: BTreeMap<_, _> = given.iter().rev().map(|item| (values(item), item)).collect();
    items.iter().map(|item| old.get(&values(item)).copied()).collect()
}

/// Returns the comments of a node.
fn blocks(extra: Option<&Extra>) -> Blocks<'_> {
    let Some(Extra { comments, .. }) = extra else { return Blocks::default() };
    [&comments.head, &comments.line, &comments.foot].map(|block| block.iter().collect())
}

/// Returns whether two items are one: equal, or of one name.
fn is_same(old: &Node, item: &Node) -> bool {
    let name = |node: &Node| node.get("name").and_then(Node::as_str).map(str::to_owned);
    old == item || name(old).is_some_and(|old| name(item) == Some(old))
}

/// Puts fields into the order that they had; new ones come last.
fn order(given: &Node, node: &mut Node) {
    match (given, node) {
        (Node::Mapping(given), Node::Mapping(mapping)) => {
            let places: BTreeMap<&str, usize> = given
                .entries
                .iter()
                .enumerate()
                .rev()
                .map(|(place, entry)| (entry.key.text.as_str(), place))
                .collect();
            let place = |entry: &Entry| places.get(entry.key.text.as_str()).copied().unwrap_or(usize::MAX);
            mapping.entries.sort_by_key(place);
            let fields = fields(given);
            for entry in &mut mapping.entries {
                if let Some(old) = fields.get(entry.key.text.as_str()) {
                    order(&old.value, &mut entry.value);
                }
            }
        }
        (Node::Sequence(given), Node::Sequence(sequence)) => {
            for (old, item) in given.items.iter().zip(&mut sequence.items) {
                order(old, item);
            }
        }
        _ => {}
    }
}

/// Returns fields by name; of several of one name the first.
fn fields(mapping: &Mapping) -> BTreeMap<&str, &Entry> {
    mapping.entries.iter().rev().map(|entry| (entry.key.text.as_str(), entry)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::format;

    fn tree(text: &str) -> Node {
        let options = hagane_yaml::ParseOptions { comments: true, ..Default::default() };
        hagane_yaml::parse(text, Default::default(), &options).unwrap().remove(0)
    }

    #[track_caller]
    fn check(given: &str, returned: &str, restored: &str) {
        let (given, mut manifest) = (tree(given), tree(returned));
        restore(&given, &mut manifest, Missing::new());
        assert_eq!(format::stream(&[manifest]), restored);
    }

    #[test]
    fn comments_that_are_gone() {
        check("# top\na: 1 # one\n# two\nb: 2\n", "b: 2\na: 3\n", "# top\na: 3 # one\n# two\nb: 2\n");
        check("a: 1 # one\n", "a: 1 # other\n", "a: 1 # other\n");
        check("a: 1 # one\nb: 2\n", "c: 3\nb: 2\n", "b: 2\nc: 3\n");
    }

    #[test]
    fn comments_that_moved() {
        let given = "# license\n\n# top\na: 1\nb: {c: 2} # two\n";
        check(
            given,
            "a: 1\nb:\n  c: 2 # two\n# license\nd: 3 # new\n",
            "# license\n\n# top\na: 1\nb: # two\n  c: 2\nd: 3 # new\n",
        );
    }

    #[test]
    fn comments_of_what_was_in_brackets() {
        check("# one\na: {b: 1} # two\n", "a:\n  b: 1\n", "# one\na: # two\n  b: 1\n");
        check("a: # one\n  {b: 1} # two\n", "a:\n  b: 1\n", "# two\na: # one\n  b: 1\n");
        check("l:\n- {b: 1} # one\n- c # two\n", "l:\n- b: 1\n- c\n", "l:\n# one\n- b: 1\n- c # two\n");
        check("# one\n- {b: 1} # two\n", "- b: 1\n", "# one\n# two\n- b: 1\n");
    }

    #[test]
    fn items_by_what_tells_them_apart() {
        let pod = |containers: &str| format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{containers}");
        check(
            &pod("  # first\n  - name: a\n    image: a # pinned\n  - name: b # second\n"),
            &pod("  - name: b\n  - name: new\n  - image: a\n    name: a\n"),
            &pod("  - name: b # second\n  - name: new\n  # first\n  - image: a # pinned\n    name: a\n"),
        );
    }

    #[test]
    fn items_by_their_place() {
        check("l:\n- a # one\n- b # two\n", "l: [a, c]\n", "l: [a, c]\n");
        check("l:\n- a # one\n- b # two\n", "l:\n- a\n- c\n", "l:\n- a # one\n- c\n");
        check("l:\n- {x: 1} # one\n", "l:\n- {x: 0}\n- {x: 1}\n", "l:\n- {x: 0}\n- {x: 1}\n");
    }

    #[test]
    fn what_comes_back_as_json() {
        check(
            "a: 'x' # one\nb: [y]\nc:\n- |\n  z\nn:\n",
            r#"{"c": ["z\n"], "b": ["y", "1"], "a": "x", "n": null, "new": {"d": "true", "e": 1}}"#,
            "a: 'x' # one\nb: [y, \"1\"]\nc:\n- |\n  z\nn:\nnew:\n  d: \"true\"\n  e: 1\n",
        );
    }

    #[test]
    fn comments_at_the_end_of_the_one_before() {
        let (first, second) = (tree("a: {}\n# end\n"), tree("b: 1\n"));
        let (mut one, mut other) = (tree("a: {}\n"), tree("# end\nb: 1\n"));
        let missing = restore(&first, &mut one, Missing::new());
        restore(&second, &mut other, missing);
        assert_eq!(format::stream(&[one, other]), "a: {}\n\n# end\n---\nb: 1\n");
    }
}
