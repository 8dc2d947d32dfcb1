//! Strategic merge: a patch laid over a resource, list by list as the schema says.
//!
//! The rules are those of kustomize's merge, surprises included: what is new in a list comes first, a list
//! with several merge keys is put together anew, and values that are absent (`key:` alone) go away in every
//! resource that a patch touches.

mod directive;
mod list;

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry::Vacant;

use hagane_resource::{Diagnostic, Schema, SchemaNode};
use hagane_yaml::scalar::resolve_v2;
use hagane_yaml::{Dialect, Entry, FileId, Mapping, Node, ParseOptions, Scalar, Style, Tag, parse};

use directive::{Directive, take_directive, take_known_directive};

/// Returns `dest` with `patch` laid over it; nothing when the patch deletes it.
pub(crate) fn merge(dest: Node, patch: Node, schema: &Schema) -> Result<Option<Node>, Diagnostic> {
    let merge = Merge { schema, written: RefCell::default() };
    let mut merged = merge.node(Some(dest), Some(patch), None)?;
    for written in merge.written.into_inner() {
        if let Some(tree) = &mut merged {
            tree.for_each_scalar(&mut |scalar| {
                if scalar.shared() == written.shared() {
                    *scalar = Scalar { span: scalar.span, ..written.clone() };
                }
            });
        }
    }
    Ok(merged)
}

/// Returns the schema that a comment at one of the values, or else at one of the keys, describes:
/// `# {"type":"array","x-kubernetes-patch-strategy":"merge"}`. Of each node the comment behind it counts, else the one
/// above it; comments of another kind describe nothing.
fn commented(values: [Option<&Node>; 2], keys: [Option<&Scalar>; 2]) -> Option<Schema> {
    let of_values = values.into_iter().flatten().filter_map(Node::extra);
    let of_keys = keys.into_iter().flatten().filter_map(|key| key.extra.as_deref());
    of_values.chain(of_keys).find_map(|extra| {
        let lines = if extra.comments.line.is_empty() { &extra.comments.head } else { &extra.comments.line };
        let [only] = lines.as_slice() else { return None };
        let text = only.as_str().trim_start_matches('#').trim();
        let documents =
            text.starts_with('{').then(|| parse(text, FileId::default(), &ParseOptions::default()))?;
        Schema::of_field(documents.ok()?.first()?).ok()
    })
}

struct Merge<'s> {
    schema: &'s Schema,
    /// Scalars that were written and are one node with others of the resource.
    written: RefCell<Vec<Scalar>>,
}

/// What a patch is laid over where the resource has no value. What is new is put there whole, and then laid over itself,
/// field by field: directives of the first kind are hardly looked at, those further down are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lone {
    /// Nothing.
    New,
    /// The patch's own value.
    Itself,
}

impl<'s> Merge<'s> {
    /// Merges one value. An absent patch still tidies `dest`.
    fn node(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        known: Option<SchemaNode<'_>>,
    ) -> Result<Option<Node>, Diagnostic> {
        self.value(dest, patch, Lone::New, known)
    }

    /// Lays a value of the patch over itself.
    fn itself(&self, node: Node, known: Option<SchemaNode<'_>>) -> Result<Option<Node>, Diagnostic> {
        self.value(None, Some(node), Lone::Itself, known)
    }

    fn value(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        lone: Lone,
        known: Option<SchemaNode<'_>>,
    ) -> Result<Option<Node>, Diagnostic> {
        let own = commented([dest.as_ref(), patch.as_ref()], [None, None]);
        let known = own.as_ref().and_then(Schema::field).or(known);
        let schema =
            known.or_else(|| self.schema_of(dest.as_ref()).or_else(|| self.schema_of(patch.as_ref())));
        let present = |node: &Option<Node>| node.as_ref().is_some_and(|n| !is_null(n));
        let first = if present(&dest) { &dest } else { &patch };
        match first {
            Some(Node::Mapping(_)) => self.mapping(dest, patch, lone, schema),
            Some(Node::Sequence(_)) => self.sequence(dest, patch, lone, schema),
            Some(scalar) if !is_null(scalar) => {
                if present(&dest) && present(&patch) && !matches!(patch, Some(Node::Scalar(_))) {
                    return Err(wrong_kind("a single value", dest.as_ref(), patch.as_ref()));
                }
                Ok(patch.or_else(|| dest.map(kept_value)))
            }
            // Nulls on both sides, or nothing.
            _ => Ok(patch.or_else(|| dest.filter(is_written_null).map(kept_null))),
        }
    }

    fn schema_of(&self, node: Option<&Node>) -> Option<SchemaNode<'s>> {
        let text = |key| node?.get(key)?.as_str().filter(|text| !text.is_empty());
        self.schema.resource(text("apiVersion")?, text("kind")?)
    }

    fn mapping(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        lone: Lone,
        schema: Option<SchemaNode<'_>>,
    ) -> Result<Option<Node>, Diagnostic> {
        let (mut dest, mut patch) = match (as_mapping(dest), as_mapping(patch)) {
            (Ok(dest), Ok(patch)) => (dest, patch),
            (dest, patch) => return Err(wrong_kind("a mapping", side(&dest), side(&patch))),
        };
        let directive = match &mut patch {
            Some(Side::Value(patch)) if lone == Lone::New && !matches!(dest, Some(Side::Value(_))) => {
                take_known_directive(patch)
            }
            Some(Side::Value(patch)) => take_directive(patch)?,
            _ => Directive::Merge,
        };
        match (&dest, &patch) {
            (_, Some(Side::Null(_))) if matches!(dest, Some(Side::Value(_))) => return Ok(None),
            (_, _) if directive == Directive::Delete => return Ok(None),
            _ => {}
        }
        if directive == Directive::Replace || !matches!(dest, Some(Side::Value(_))) {
            // What is new goes through the same walk, over itself.
            dest = None;
        }
        match (dest, patch) {
            (Some(Side::Value(dest)), Some(Side::Value(patch))) => self.fields(dest, patch, schema).map(Some),
            (Some(Side::Value(dest)), _) => self.tidy_mapping(dest, schema).map(Some),
            (_, Some(Side::Value(patch))) => self.added_mapping(patch, schema).map(Some),
            _ => Ok(None),
        }
    }

    fn fields(
        &self,
        mut dest: Mapping,
        patch: Mapping,
        schema: Option<SchemaNode<'_>>,
    ) -> Result<Node, Diagnostic> {
        refuse_empty_key(&dest)?;
        refuse_empty_key(&patch)?;
        // Of a key that stands twice in a patch the first value counts.
        let mut places: HashMap<String, usize> = HashMap::with_capacity(patch.entries.len());
        let mut patched: Vec<Option<Entry>> = Vec::with_capacity(patch.entries.len());
        for entry in patch.entries {
            if let Vacant(place) = places.entry(entry.key.text.as_str().to_owned()) {
                place.insert(patched.len());
                patched.push(Some(entry));
            }
        }
        let old = std::mem::take(&mut dest.entries);
        dest.entries.reserve(old.len());
        for Entry { key, value } in old {
            let name = key.text.as_str();
            let place = places.get(name).copied();
            let over = place.and_then(|place| patched[place].take());
            let own = commented([None, None], [Some(&key), over.as_ref().map(|entry| &entry.key)]);
            let over = over.map(|entry| entry.value);
            let style = over.is_some().then(|| written_as(&value));
            let shared = value.as_scalar().filter(|_| over.is_some()).and_then(Scalar::shared);
            let schema = own.as_ref().and_then(Schema::field).or_else(|| schema.and_then(|s| s.field(name)));
            if let Some(merged) = self.node(Some(value), over, schema)?.filter(|merged| !is_cleared(merged)) {
                let value = match style {
                    Some(style) => restyled(merged, style),
                    None => merged,
                };
                let value = match (shared, value) {
                    (Some(shared), Node::Scalar(mut scalar)) => {
                        scalar.extra.get_or_insert_default().shared = Some(shared);
                        self.written.borrow_mut().push(scalar.clone());
                        Node::Scalar(scalar)
                    }
                    (_, value) => value,
                };
                dest.entries.push(Entry { key, value });
            }
        }
        for Entry { key, value } in patched.into_iter().flatten() {
            let own = commented([None, None], [None, Some(&key)]);
            let schema = own
                .as_ref()
                .and_then(Schema::field)
                .or_else(|| schema.and_then(|s| s.field(key.text.as_str())));
            if let Some(added) = self.node(None, Some(value), schema)?.filter(|added| !is_cleared(added)) {
                // What joins the fields of a resource leaves its tag behind.
                let key = if key.tagged().is_some() { key.untagged() } else { key };
                dest.entries.push(Entry { key, value: added });
            }
        }
        Ok(Node::Mapping(dest))
    }

    /// Returns a mapping that only the patch has: without nulls, its directives carried out.
    fn added_mapping(&self, mut patch: Mapping, schema: Option<SchemaNode<'_>>) -> Result<Node, Diagnostic> {
        refuse_empty_key(&patch)?;
        let old = std::mem::take(&mut patch.entries);
        for Entry { key, value } in old {
            let own = commented([None, None], [None, Some(&key)]);
            let schema = own
                .as_ref()
                .and_then(Schema::field)
                .or_else(|| schema.and_then(|s| s.field(key.text.as_str())));
            if let Some(value) = self.itself(value, schema)?.filter(|value| !is_cleared(value)) {
                patch.entries.push(Entry { key, value });
            }
        }
        Ok(Node::Mapping(patch))
    }

    /// Returns a mapping that the patch says nothing of: without absent values, its lists without repetitions.
    fn tidy_mapping(&self, mut dest: Mapping, schema: Option<SchemaNode<'_>>) -> Result<Node, Diagnostic> {
        refuse_empty_key(&dest)?;
        let old = std::mem::take(&mut dest.entries);
        dest.entries.reserve(old.len());
        for Entry { key, value } in old {
            let own = commented([None, None], [Some(&key), None]);
            let schema = own
                .as_ref()
                .and_then(Schema::field)
                .or_else(|| schema.and_then(|s| s.field(key.text.as_str())));
            let value = match value {
                Node::Scalar(scalar) if !scalar.is_null() => Node::Scalar(kept(scalar)),
                node if !is_null(&node) && matches!(node, Node::Scalar(_)) => node,
                other => match self.node(Some(other), None, schema)? {
                    Some(value) => value,
                    None => continue,
                },
            };
            dest.entries.push(Entry { key, value });
        }
        Ok(Node::Mapping(dest))
    }
}

/// Refuses a key that is empty: kustomize finds no field by it, on either side of a merge.
fn refuse_empty_key(mapping: &Mapping) -> Result<(), Diagnostic> {
    match mapping.entries.iter().find(|entry| entry.key.text.as_str().is_empty()) {
        None => Ok(()),
        Some(entry) => {
            let message = "a resource that is patched cannot have a key that is empty";
            Err(Diagnostic::error(entry.key.span, message).hinted("give the key a name, or use a JSON patch"))
        }
    }
}

/// One side of a merge that must be a mapping.
enum Side {
    Value(Mapping),
    Null(Node),
    Other(Node),
}

fn as_mapping(node: Option<Node>) -> Result<Option<Side>, Option<Side>> {
    match node {
        None => Ok(None),
        Some(Node::Mapping(mapping)) => Ok(Some(Side::Value(mapping))),
        Some(node) if node.is_null() => Ok(Some(Side::Null(node))),
        Some(node) => Err(Some(Side::Other(node))),
    }
}

fn side(side: &Result<Option<Side>, Option<Side>>) -> Option<&Node> {
    match side {
        Ok(Some(Side::Null(node) | Side::Other(node))) | Err(Some(Side::Null(node) | Side::Other(node))) => {
            Some(node)
        }
        _ => None,
    }
}

fn wrong_kind(wanted: &str, dest: Option<&Node>, patch: Option<&Node>) -> Diagnostic {
    let span = patch.or(dest).map(Node::span).unwrap_or_default();
    Diagnostic::error(
        span,
        format!("the resource and its patch differ in kind here: one side is {wanted}, the other is not"),
    )
    .hinted("to put a value of another kind in its place, delete the field with `null` in a patch before")
}

/// Returns whether a value is a null for a merge: one that was made for nothing, without a type, is none.
fn is_null(node: &Node) -> bool {
    let made = |scalar: &Scalar| scalar.tag == Tag::Unresolved && scalar.text.as_str().is_empty();
    node.is_null() && !node.as_scalar().is_some_and(made)
}

/// Returns whether a null was written (`null`, `~`) rather than left out.
fn is_written_null(node: &Node) -> bool {
    node.as_str().is_some_and(|text| !text.is_empty())
}

fn kept_value(node: Node) -> Node {
    match node {
        Node::Scalar(scalar) => Node::Scalar(kept(scalar)),
        other => other,
    }
}

/// Returns a scalar that a patch says nothing of. A text that is bare though it looks like something else is quoted: it
/// counts when a later patch takes its place.
fn kept(scalar: Scalar) -> Scalar {
    let is_bare_text = scalar.style == Style::Plain
        && matches!(scalar.tag, Tag::Str | Tag::Unresolved)
        && scalar.tagged().is_none();
    match is_bare_text && !is_text_for_v2(scalar.text.as_str()) {
        true => Scalar { tag: Tag::Str, style: Style::DoubleQuoted, ..scalar },
        false => scalar,
    }
}

/// Returns whether yaml.v2 reads a bare text as a text, or not at all.
fn is_text_for_v2(text: &str) -> bool {
    const STARTS: &[char] = &['-', '?', ':', '[', '{', '&', '*', '!', '|', '>', '%', '"', '\'', '#', ' '];
    let is_word = !text.starts_with(STARTS) && !text.contains(": ") && !text.ends_with(':');
    if is_word || text.is_empty() {
        return text.is_empty() || matches!(resolve_v2(text), Tag::Str | Tag::Timestamp | Tag::Merge);
    }
    let options = ParseOptions { dialect: Dialect::V2, ..ParseOptions::default() };
    let Ok(documents) = parse(text, FileId::default(), &options) else { return true };
    let is_text = |scalar: &Scalar| {
        !matches!(scalar.resolved_tag(), Tag::Null | Tag::Bool | Tag::Int | Tag::Float | Tag::Binary)
    };
    documents.first().is_none_or(|node| node.as_scalar().is_some_and(is_text))
}

/// Returns a null that stays.
fn kept_null(node: Node) -> Node {
    match node {
        Node::Scalar(scalar) => Node::Scalar(Scalar { tag: Tag::Unresolved, style: Style::Plain, ..scalar }),
        other => other,
    }
}

/// Returns whether a merged value is a null that goes away. A null that stays has no tag.
fn is_cleared(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar| scalar.tag == Tag::Null)
}

/// How a value was written before a patch replaced it.
#[derive(Clone, Copy)]
struct Written {
    scalar: Style,
    flow: bool,
}

fn written_as(node: &Node) -> Written {
    match node {
        Node::Scalar(scalar) => Written { scalar: scalar.style, flow: false },
        Node::Mapping(mapping) => Written { scalar: Style::Plain, flow: mapping.flow },
        Node::Sequence(sequence) => Written { scalar: Style::Plain, flow: sequence.flow },
    }
}

/// Returns the value in the style of the one it replaces: quotes stay, so a number put over a quoted text is a
/// string.
fn restyled(mut node: Node, before: Written) -> Node {
    match &mut node {
        Node::Scalar(scalar) => scalar.style = before.scalar,
        Node::Mapping(mapping) => mapping.flow = before.flow,
        Node::Sequence(sequence) => sequence.flow = before.flow,
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use hagane_yaml::emit::go_v2;
    use hagane_yaml::{FileId, ParseOptions, parse};

    fn read(text: &str) -> Node {
        parse(text, FileId::default(), &ParseOptions::default()).expect("the case parses").remove(0)
    }

    /// Merges two pods whose `spec` is given; the results were seen with kustomize 5.8.1.
    #[track_caller]
    fn check(dest: &str, patch: &str, want: &str) {
        let pod =
            |spec: &str| read(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {spec}\n"));
        let merged = merge(pod(dest), pod(patch), &Schema::builtin())
            .expect("the case merges")
            .expect("something is left");
        let got = go_v2(merged.get("spec").expect("a spec")).expect("the case can be written");
        assert_eq!(got, go_v2(&read(want)).expect("the case can be written"), "{dest} + {patch}");
    }

    fn ports(items: &str) -> String {
        format!("{{containers: [{{name: c, ports: {items}}}]}}")
    }

    #[track_caller]
    fn check_ports(dest: &str, patch: &str, want: &str) {
        check(&ports(dest), &ports(patch), &ports(want));
    }

    #[test]
    fn what_is_new_in_a_keyed_list_comes_first() {
        check(
            "{containers: [{name: a, image: x}, {name: b}]}",
            "{containers: [{name: c}, {name: b, image: y}]}",
            "{containers: [{name: c}, {name: b, image: y}, {name: a, image: x}]}",
        );
    }

    #[test]
    fn items_that_stand_twice_are_one_afterwards() {
        let env = |items: &str| format!("{{containers: [{{name: c, env: {items}}}]}}");
        let twice = env("[{name: A, value: '1'}, {name: B, value: '2'}, {name: A, value: '3'}]");
        check(
            &twice,
            "{z: 1}",
            &env("[{name: A, value: '3'}, {name: B, value: '2'}]").replacen('{', "{z: 1, ", 1),
        );
    }

    #[test]
    fn several_merge_keys_are_matched_as_far_as_they_are_given() {
        check_ports(
            "[{containerPort: 80}]",
            "[{containerPort: 80, name: web}]",
            "[{containerPort: 80, name: web}]",
        );
        // The patch's other fields are lost where it leaves out a key that the resource gives.
        check_ports(
            "[{containerPort: 80, protocol: TCP}]",
            "[{containerPort: 80, name: web}]",
            "[{containerPort: 80, protocol: TCP}]",
        );
        check_ports(
            "[{containerPort: 80, protocol: TCP}, {containerPort: 80, protocol: UDP}]",
            "[{containerPort: 80, protocol: TCP, name: web}]",
            "[{containerPort: 80, protocol: TCP, name: web}, {containerPort: 80, protocol: UDP}]",
        );
        check_ports(
            "[{containerPort: 80}, {containerPort: 81, protocol: UDP}]",
            "[{containerPort: 80, protocol: TCP, name: web}]",
            "[{containerPort: 80}, {containerPort: 81, protocol: UDP}]",
        );
        check_ports(
            "[{containerPort: 80, protocol: TCP, hostPort: 1}, {containerPort: 81, protocol: UDP}]",
            "[{containerPort: 82, name: web}, {containerPort: 81, protocol: UDP, name: u}]",
            "[{containerPort: 82, name: web}, {containerPort: 80, protocol: TCP, hostPort: 1}, {containerPort: 81, protocol: UDP, name: u}]",
        );
    }

    #[test]
    fn items_without_their_keys_are_as_odd_as_in_kustomize() {
        let list = |items: &str| format!("{{containers: {items}}}");
        let check = |dest: &str, patch: &str, want: &str| check(&list(dest), &list(patch), &list(want));
        check("[{name: c, image: q}]", "[{image: x}]", "[]");
        check("[{name: c, image: q}]", "[null]", "[]");
        check("[{name: c}]", "[{name: '', image: q}]", "[{name: '', image: q}, {name: c}]");
        check("[{name: c, image: q}]", "[{name: c, $patch: replace, image: z}]", "[{name: c, image: q}]");
        check_ports(
            "[{containerPort: 80, hostPort: 1}, {containerPort: 81, protocol: TCP}]",
            "[{containerPort: 80, $patch: delete}]",
            "[{containerPort: 80, hostPort: 1}, {containerPort: 81, protocol: TCP}]",
        );
        check_ports(
            "[{protocol: UDP, hostPort: 2}]",
            "[{containerPort: 80, hostPort: 1}]",
            "[{containerPort: 80, hostPort: 1}, {protocol: UDP, hostPort: 2}, {protocol: UDP, hostPort: 2}, {protocol: UDP, hostPort: 2}]",
        );
        check_ports("[{hostPort: 2}]", "[{containerPort: 80, hostPort: 1}]", "[{hostPort: 2}]");
        check_ports("[{containerPort: 80}, {}]", "[{containerPort: 80, hostPort: 1}]", "[{}]");
        check_ports(
            "[{containerPort: 80, hostPort: 1}]",
            "[{containerPort: 80, protocol: null, name: r}]",
            "[{containerPort: 80, hostPort: 1, name: r}]",
        );
    }

    #[test]
    fn nulls_delete_and_only_written_nulls_stay() {
        check(
            "{a: null, b:   , c: ~, d: {e:   , f: null}}",
            "{z: 1, n: null, m: {o: null, p: 1, q: {r: null}}}",
            "{a: null, c: null, d: {f: null}, m: {p: 1, q: {}}, z: 1}",
        );
        check("{a: 1, b: 2}", "{a: null}", "{b: 2}");
    }

    #[test]
    fn the_style_of_the_resource_stays() {
        let once = |dest: &str, patch: &str| {
            let merged = merge(read(dest), read(patch), &Schema::builtin()).expect("the case merges");
            merged.expect("something is left")
        };
        let twice =
            merge(once("{a: 1}", "{a: '2'}"), read("{a: 3}"), &Schema::builtin()).expect("the case merges");
        assert_eq!(go_v2(&twice.expect("something is left")).as_deref(), Ok("a: 3\n"));
        check("{a: '8080', b: 8080, c: x}", "{a: 8080, b: '8080', c: 5}", "{a: '8080', b: '8080', c: 5}");
    }

    #[test]
    fn directives_say_what_a_patch_does() {
        check("{a: {b: 1, c: 2}}", "{a: {$patch: replace, d: 3}}", "{a: {d: 3}}");
        check("{a: {b: 1}, e: 1}", "{a: {$patch: delete}}", "{e: 1}");
        check(
            "{containers: [{name: a}, {name: b}]}",
            "{containers: [{name: a, $patch: delete}]}",
            "{containers: [{name: b}]}",
        );
        check(
            "{containers: [{name: a}]}",
            "{containers: [{$patch: replace}, {name: c}]}",
            "{containers: [{name: c}]}",
        );
        let error = merge(read("{a: {b: 1}}"), read("{a: {$patch: mend}}"), &Schema::builtin())
            .expect_err("a wrong strategy");
        assert_eq!((error.message.as_str(), error.span.column), ("`mend` is no patch strategy", 14));
    }

    #[test]
    fn lists_without_keys_are_replaced_or_joined() {
        check("{tolerations: [{key: a}]}", "{tolerations: [{key: b}]}", "{tolerations: [{key: b}]}");
        check(
            "{containers: [{name: c, args: [a, b]}]}",
            "{containers: [{name: c, args: [c]}]}",
            "{containers: [{name: c, args: [c]}]}",
        );
    }

    #[test]
    fn kinds_must_fit() {
        let error =
            merge(read("{a: {b: 1}}"), read("{a: [1]}"), &Schema::builtin()).expect_err("kinds differ");
        assert_eq!((error.span.line, error.span.column), (1, 5));
    }
}
