//! Reads a schema from an OpenAPI (Swagger 2) document, as `openapi.path` of a kustomization names one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::{CompactString, ToCompactString};
use hagane_yaml::{Mapping, Node, Span};

use super::table::{Merge, NONE, Shape, Table};
use super::{Custom, Schema, Source, builtin};

/// A document that is no usable OpenAPI schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
}

const KINDS: &str = "x-kubernetes-group-version-kind";
const STRATEGY: &str = "x-kubernetes-patch-strategy";
const MERGE_KEY: &str = "x-kubernetes-patch-merge-key";
const MAP_KEYS: &str = "x-kubernetes-list-map-keys";

/// The longest chain of references that point at references; one that closes on itself is longer.
const CHAIN: usize = 64;

impl Schema {
    /// Returns the schema that a document holds: its definitions, and from its paths which kinds have a
    /// namespace. The builtin definitions are not in it, as in kustomize.
    pub fn from_openapi(document: &Node) -> Result<Schema, SchemaError> {
        Schema::read(document, Reader::new(document), BTreeMap::new())
    }

    /// Returns the builtin schema and over it what a document holds: its kinds and definitions take the places of
    /// builtin ones, and its references reach those.
    pub fn with_openapi(document: &Node) -> Result<Schema, SchemaError> {
        let table = &builtin::TABLE;
        let mut reader = Reader::new(document);
        for name in table.all_names() {
            reader.name(name.into());
        }
        reader.shapes = table.shapes.to_vec();
        reader.properties = table.properties.to_vec();
        reader.merges = table.merges.iter().cloned().zip(0..).collect();
        reader.definitions = builtin_definitions().collect();
        let kinds = table.all_kinds().collect();
        Schema::read(document, reader, kinds)
    }

    /// Returns what a document says of a field: it is the schema of that field alone ([`Schema::field`]).
    pub fn of_field(document: &Node) -> Result<Schema, SchemaError> {
        let mut reader = Reader::new(document);
        reader.shape_of(document);
        reader.read_shapes()?;
        Ok(Schema(Source::Custom(Arc::new(Custom {
            table: reader.into_table(Vec::new()),
            scopes: Vec::new(),
        }))))
    }

    /// Reads a document over kinds that are known already.
    fn read<'d>(
        document: &'d Node,
        mut reader: Reader<'d>,
        mut kinds: BTreeMap<(CompactString, CompactString), u32>,
    ) -> Result<Schema, SchemaError> {
        mapping(document, "an OpenAPI document")?;
        let mut replaced = Vec::new();
        if let Some(definitions) = document.get("definitions").filter(|node| !node.is_null()) {
            for definition in &mapping(definitions, "`definitions`")?.entries {
                mapping(&definition.value, "a definition")?;
                if let Some(&builtin) = reader.definitions.get(definition.key.text.as_str()) {
                    replaced.push((builtin, reader.shape_of(&definition.value)));
                }
                let rows = definition.value.get(KINDS).and_then(Node::as_sequence);
                for row in rows.iter().flat_map(|rows| &rows.items) {
                    kinds.insert(type_of(row)?, reader.shape_of(&definition.value));
                }
            }
        }
        let kinds = kinds
            .into_iter()
            .map(|((api_version, kind), shape)| (reader.name(api_version), reader.name(kind), shape))
            .collect();
        reader.read_shapes()?;
        reader.redirect(&replaced);
        let scopes = scopes(document)?;
        Ok(Schema(Source::Custom(Arc::new(Custom { table: reader.into_table(kinds), scopes }))))
    }
}

/// Turns schemas into shapes. Schemas are known by their address in the document, so that recursive
/// definitions end, and are read from a list, so that deep ones do not need the stack.
struct Reader<'d> {
    document: &'d Node,
    /// The shapes of builtin definitions, where the document's stand beside those.
    definitions: BTreeMap<&'static str, u32>,
    shapes: Vec<Shape>,
    numbers: BTreeMap<*const Node, u32>,
    /// Schemas with a number whose shape is not read yet.
    pending: Vec<(u32, &'d Node)>,
    properties: Vec<(u32, u32)>,
    merges: BTreeMap<Merge, u32>,
    names: String,
    starts: Vec<u32>,
    name_numbers: BTreeMap<CompactString, u32>,
}

impl<'d> Reader<'d> {
    fn new(document: &'d Node) -> Reader<'d> {
        Reader {
            document,
            definitions: BTreeMap::new(),
            shapes: Vec::new(),
            numbers: BTreeMap::new(),
            pending: Vec::new(),
            properties: Vec::new(),
            merges: BTreeMap::new(),
            names: String::new(),
            starts: Vec::new(),
            name_numbers: BTreeMap::new(),
        }
    }

    fn name(&mut self, name: CompactString) -> u32 {
        let (names, starts) = (&mut self.names, &mut self.starts);
        *self.name_numbers.entry(name).or_insert_with_key(|name| {
            starts.push(names.len() as u32);
            names.push_str(name);
            names.push(' ');
            starts.len() as u32 - 1
        })
    }

    /// Returns the number of a schema's shape; the shape itself is read later.
    fn shape_of(&mut self, schema: &'d Node) -> u32 {
        let next = self.shapes.len() as u32;
        let number = *self.numbers.entry(std::ptr::from_ref(schema)).or_insert(next);
        if number == next {
            self.shapes.push(Shape::LEAF);
            self.pending.push((number, schema));
        }
        number
    }

    /// Returns the number of the shape that a schema refers to, or its own; [`NONE`] when it leads nowhere.
    fn shape_behind(&mut self, schema: &'d Node) -> u32 {
        let mut target = schema;
        for _ in 0..CHAIN {
            match target.get("$ref").and_then(Node::as_str) {
                None | Some("") => return self.shape_of(target),
                Some(pointer) => match resolve(self.document, pointer) {
                    Some(next) => target = next,
                    None => return self.builtin_definition(pointer),
                },
            }
        }
        NONE
    }

    fn builtin_definition(&self, pointer: &str) -> u32 {
        let name = pointer.strip_prefix("#/definitions/").unwrap_or_default();
        self.definitions.get(name).copied().unwrap_or(NONE)
    }

    /// Lets what refers to builtin definitions refer to those that took their places.
    fn redirect(&mut self, replaced: &[(u32, u32)]) {
        if replaced.is_empty() {
            return;
        }
        let new = |number: &mut u32| {
            if let Some((_, to)) = replaced.iter().find(|(from, _)| from == number) {
                *number = *to;
            }
        };
        self.properties.iter_mut().for_each(|(_, shape)| new(shape));
        for shape in &mut self.shapes {
            new(&mut shape.values);
            new(&mut shape.items);
        }
    }

    fn read_shapes(&mut self) -> Result<(), SchemaError> {
        while let Some((number, schema)) = self.pending.pop() {
            let shape = self.read_shape(schema)?;
            if let Some(slot) = self.shapes.get_mut(number as usize) {
                *slot = shape;
            }
        }
        Ok(())
    }

    fn read_shape(&mut self, schema: &'d Node) -> Result<Shape, SchemaError> {
        let fields = mapping(schema, "a schema")?;
        let mut shape = Shape { says_nothing: fields.entries.is_empty(), ..Shape::LEAF };
        if let Some(properties) = fields.get("properties").filter(|node| !node.is_null()) {
            // Sorted by name; of two with one name the later one counts, as when Go reads JSON.
            let sorted: BTreeMap<&str, &Node> = mapping(properties, "`properties`")?
                .entries
                .iter()
                .map(|entry| (entry.key.text.as_str(), &entry.value))
                .collect();
            let mut rows = Vec::with_capacity(sorted.len());
            for (name, property) in sorted {
                rows.push((self.name(name.to_compact_string()), self.shape_behind(property)));
            }
            shape.first = self.properties.len() as u32;
            shape.count = rows.len() as u32;
            self.properties.extend(rows);
        }
        if let Some(values) = fields.get("additionalProperties").filter(|node| node.as_mapping().is_some()) {
            shape.values = self.shape_behind(values);
        }
        if let Some(items) = fields.get("items").filter(|node| node.as_mapping().is_some())
            && is_list(schema)
        {
            shape.items = self.shape_behind(items);
        }
        if let Some(merge) = merge(schema)? {
            let next = self.merges.len() as u32;
            shape.merge = *self.merges.entry(merge).or_insert(next);
        }
        Ok(shape)
    }

    fn into_table(self, kinds: Vec<(u32, u32, u32)>) -> Table {
        let mut merges: Vec<(Merge, u32)> = self.merges.into_iter().collect();
        merges.sort_by_key(|row| row.1);
        Table {
            names: Cow::Owned(self.names),
            starts: Cow::Owned(self.starts),
            shapes: Cow::Owned(self.shapes),
            properties: Cow::Owned(self.properties),
            merges: merges.into_iter().map(|row| row.0).collect(),
            kinds: Cow::Owned(kinds),
        }
    }
}

/// Returns the builtin definitions by name, with their shapes.
fn builtin_definitions() -> impl Iterator<Item = (&'static str, u32)> {
    let row =
        |line: &'static str| line.split_once(' ').and_then(|(name, shape)| Some((name, shape.parse().ok()?)));
    builtin::DEFINITIONS.lines().filter_map(row)
}

/// Returns whether `type` is `array`, alone.
fn is_list(schema: &Node) -> bool {
    let kind = schema.get("type");
    let alone = kind.and_then(Node::as_sequence).map(|kinds| kinds.items.as_slice());
    matches!(alone, Some([kind]) if kind.as_str() == Some("array"))
        || kind.and_then(Node::as_str) == Some("array")
}

/// Returns how a list merges. Without a strategy the keys mean nothing.
fn merge(schema: &Node) -> Result<Option<Merge>, SchemaError> {
    let Some(strategy) = schema.get(STRATEGY) else { return Ok(None) };
    let keys: Vec<CompactString> = match (schema.get(MAP_KEYS), schema.get(MERGE_KEY)) {
        (Some(Node::Sequence(keys)), _) => {
            keys.items.iter().map(|key| text(key, MAP_KEYS)).collect::<Result<_, _>>()?
        }
        (Some(other), _) => return Err(wrong(other, format!("`{MAP_KEYS}` must be a list"))),
        (None, Some(key)) => vec![text(key, MERGE_KEY)?],
        (None, None) => Vec::new(),
    };
    Ok(Some(Merge { strategy: text(strategy, STRATEGY)?, keys: Cow::Owned(keys) }))
}

/// Returns what `#/definitions/X` points at within the document.
fn resolve<'d>(document: &'d Node, pointer: &str) -> Option<&'d Node> {
    let steps = pointer.strip_prefix("#/")?.split('/');
    steps.map(|step| step.replace("~1", "/").replace("~0", "~")).try_fold(document, |node, step| match node {
        Node::Mapping(fields) => fields.get(&step),
        Node::Sequence(list) => list.items.get(step.parse::<usize>().ok()?),
        Node::Scalar(_) => None,
    })
}

/// Returns apiVersion and kind of a `{group, version, kind}`.
fn type_of(row: &Node) -> Result<(CompactString, CompactString), SchemaError> {
    let required = |name: &str| match row.get(name) {
        Some(value) => text(value, name),
        None => Err(wrong(row, format!("an item of `{KINDS}` has no `{name}`"))),
    };
    let (version, kind) = (required("version")?, required("kind")?);
    match row.get("group").and_then(Node::as_str) {
        None | Some("") => Ok((version, kind)),
        Some(group) => Ok((compact_str::format_compact!("{group}/{version}"), kind)),
    }
}

/// Returns which kinds have a namespace: those with a path through `namespaces/{namespace}`.
fn scopes(document: &Node) -> Result<Vec<(CompactString, CompactString, bool)>, SchemaError> {
    let mut scopes = BTreeMap::new();
    if let Some(paths) = document.get("paths").and_then(Node::as_mapping) {
        // What has no slash in front is no path.
        for path in paths.entries.iter().filter(|path| path.key.text.as_str().starts_with('/')) {
            if let Some(row) = path.value.at(&["get", KINDS]).filter(|row| row.as_mapping().is_some()) {
                let namespaced = path.key.text.as_str().contains("namespaces/{namespace}");
                *scopes.entry(type_of(row)?).or_insert(false) |= namespaced;
            }
        }
    }
    Ok(scopes.into_iter().map(|((api_version, kind), namespaced)| (api_version, kind, namespaced)).collect())
}

fn mapping<'d>(node: &'d Node, what: &str) -> Result<&'d Mapping, SchemaError> {
    node.as_mapping().ok_or_else(|| wrong(node, format!("{what} must be a mapping")))
}

fn text(node: &Node, what: &str) -> Result<CompactString, SchemaError> {
    let text = node.as_str().ok_or_else(|| wrong(node, format!("`{what}` must hold text")))?;
    Ok(text.into())
}

fn wrong(node: &Node, message: String) -> SchemaError {
    SchemaError { span: node.span(), message }
}
