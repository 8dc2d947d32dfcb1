//! Writes the definitions that kustomize merges with as constant tables of numbers.
//!
//! References are followed here and what stands beside one is dropped, as kustomize does when it looks a field
//! up. Equal shapes are written once, and definitions that no resource leads to are left out.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::rust;

/// A shape as `schema/table.rs` knows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Shape<'v> {
    Leaf,
    /// A definition, by name: its properties are written with it.
    Object(&'v str),
    Map(u32),
    List(u32),
    /// A field with a strategy: its items, if it is a list, and the strategy's number.
    Merged(Option<u32>, u32),
}

/// Strategy and keys.
type Merge<'v> = (&'v str, Vec<&'v str>);

struct Tables<'v> {
    definitions: &'v Value,
    shapes: Vec<Shape<'v>>,
    numbers: BTreeMap<Shape<'v>, u32>,
    merges: Vec<Merge<'v>>,
    /// The properties of a definition: name and shape, sorted by name.
    objects: BTreeMap<&'v str, Vec<(&'v str, u32)>>,
}

/// Returns the source of `schema/builtin.rs`.
pub(crate) fn generate(schema: &Value, tables: &Value) -> Result<String, String> {
    let mut found = Tables {
        definitions: &schema["definitions"],
        shapes: Vec::new(),
        numbers: BTreeMap::new(),
        merges: Vec::new(),
        objects: BTreeMap::new(),
    };
    found.number(Shape::Leaf);
    let mut kinds = BTreeMap::new();
    for resource in schema["resources"].as_array().ok_or("the schema has no `resources`")? {
        // Options of subresources have a scope but no definition.
        if let Some(definition) = resource["definition"].as_str() {
            let key = (text(resource, "apiVersion")?, text(resource, "kind")?);
            kinds.insert(key, found.definition(definition)?);
        }
    }
    let mut scopes = BTreeMap::new();
    for (key, namespaced) in tables["namespaced"].as_object().ok_or("the tables have no `namespaced`")? {
        let row = key.split_once(' ').zip(namespaced.as_bool());
        let (key, namespaced) = row.ok_or_else(|| format!("wrong row `{key}`"))?;
        scopes.insert(key, namespaced);
    }
    Ok(source(&found, &kinds, &scopes))
}

impl<'v> Tables<'v> {
    fn number(&mut self, shape: Shape<'v>) -> u32 {
        let next = self.shapes.len() as u32;
        let number = *self.numbers.entry(shape.clone()).or_insert(next);
        if number == next {
            self.shapes.push(shape);
        }
        number
    }

    fn definition(&mut self, name: &'v str) -> Result<u32, String> {
        let definition = &self.definitions[name];
        if !definition.is_object() {
            return Err(format!("there is no definition `{name}`"));
        }
        let Some(properties) = definition["properties"].as_object() else { return self.shape(definition) };
        if !definition["additionalProperties"].is_null() {
            return Err(format!("`{name}` has properties and is a map"));
        }
        let number = self.number(Shape::Object(name));
        if !self.objects.contains_key(name) {
            // Entered before its properties are read: definitions are recursive.
            self.objects.insert(name, Vec::new());
            let mut rows = Vec::new();
            for (property, schema) in properties {
                rows.push((property.as_str(), self.shape(schema)?));
            }
            rows.sort_unstable();
            self.objects.insert(name, rows);
        }
        Ok(number)
    }

    fn shape(&mut self, schema: &'v Value) -> Result<u32, String> {
        if let Some(name) = schema["$ref"].as_str() {
            return self.definition(name);
        }
        if !schema["properties"].is_null() {
            return Err("properties outside of a definition are not expected".to_owned());
        }
        let strategy = schema["x-kubernetes-patch-strategy"].as_str();
        if schema["additionalProperties"].is_object() {
            if strategy.is_some() {
                return Err("a map with a strategy is not expected".to_owned());
            }
            let values = self.shape(&schema["additionalProperties"])?;
            return Ok(self.number(Shape::Map(values)));
        }
        let items = if schema["type"] == "array" { Some(self.shape(&schema["items"])?) } else { None };
        let Some(strategy) = strategy else {
            return Ok(self.number(items.map_or(Shape::Leaf, Shape::List)));
        };
        let keys = match (&schema["x-kubernetes-list-map-keys"], &schema["x-kubernetes-patch-merge-key"]) {
            (Value::Array(keys), _) => keys.iter().filter_map(Value::as_str).collect(),
            (_, key) => key.as_str().into_iter().collect(),
        };
        let merge = (strategy, keys);
        let known = self.merges.iter().position(|known| *known == merge);
        let number = known.unwrap_or(self.merges.len());
        if known.is_none() {
            self.merges.push(merge);
        }
        Ok(self.number(Shape::Merged(items, number as u32)))
    }
}

type Keyed<'v, T> = BTreeMap<(&'v str, &'v str), T>;

/// Returns the source, a table after the other.
fn source(tables: &Tables<'_>, kinds: &Keyed<'_, u32>, scopes: &Keyed<'_, bool>) -> String {
    let mut names: Vec<&str> = kinds.keys().flat_map(|key| [key.0, key.1]).collect();
    names.extend(tables.objects.values().flatten().map(|row| row.0));
    names.sort_unstable();
    names.dedup();
    let mut written = rust::head("The definitions of Kubernetes that kustomize merges with, see `table.rs`.");
    written.push_str(PREAMBLE);
    merges(&mut written, tables);
    shapes(&mut written, tables);
    kinds_and_definitions(&mut written, kinds, tables, &names);
    scope_rows(&mut written, scopes);
    name_rows(&mut written, &names);
    properties(&mut written, tables, &names);
    written
}

/// What stands above the tables, and makes their rows short.
const PREAMBLE: &str = "\
use std::borrow::Cow;

use compact_str::CompactString;

use super::table::{Merge, NONE, Shape, Table};

pub(super) static TABLE: Table = Table {
    names: Cow::Borrowed(NAMES),
    starts: Cow::Borrowed(&STARTS),
    shapes: Cow::Borrowed(&SHAPES),
    properties: Cow::Borrowed(&PROPERTIES),
    merges: Cow::Borrowed(&MERGES),
    kinds: Cow::Borrowed(&KINDS),
};

const fn object(first: u32, count: u32) -> Shape {
    Shape::object(first, count)
}

const fn map(values: u32) -> Shape {
    Shape::map(values)
}

const fn list(items: u32) -> Shape {
    Shape::list(items)
}

const fn merged(items: u32, merge: u32) -> Shape {
    Shape::merged(items, merge)
}

const fn merge(strategy: &'static str, keys: &'static [CompactString]) -> Merge {
    Merge { strategy: CompactString::const_new(strategy), keys: Cow::Borrowed(keys) }
}

const fn key(name: &'static str) -> CompactString {
    CompactString::const_new(name)
}
";

fn merges(written: &mut String, tables: &Tables<'_>) {
    let mut merges = String::new();
    written.push('\n');
    for (number, (strategy, keys)) in tables.merges.iter().enumerate() {
        let listed: Vec<String> = keys.iter().map(|key| format!("key({key:?})")).collect();
        let (count, listed) = (keys.len(), listed.join(", "));
        let _ = writeln!(written, "static KEYS_{number}: [CompactString; {count}] = [{listed}];");
        let _ = writeln!(merges, "    merge({strategy:?}, &KEYS_{number}),");
    }
    let count = tables.merges.len();
    let _ = writeln!(written, "\n#[rustfmt::skip]\nstatic MERGES: [Merge; {count}] = [\n{merges}];");
}

fn shapes(written: &mut String, tables: &Tables<'_>) {
    let mut firsts = BTreeMap::new();
    let mut first = 0;
    for (definition, rows) in &tables.objects {
        firsts.insert(*definition, first);
        first += rows.len();
    }
    let rows = tables.shapes.iter().map(|shape| match shape {
        Shape::Leaf => "Shape::LEAF,".to_owned(),
        Shape::Object(definition) => {
            format!("object({}, {}),", firsts[definition], tables.objects[definition].len())
        }
        Shape::Map(values) => format!("map({values}),"),
        Shape::List(items) => format!("list({items}),"),
        Shape::Merged(Some(items), merge) => format!("merged({items}, {merge}),"),
        Shape::Merged(None, merge) => format!("merged(NONE, {merge}),"),
    });
    let (count, rows) = (tables.shapes.len(), rust::lines(rows));
    let _ = writeln!(written, "\n#[rustfmt::skip]\nstatic SHAPES: [Shape; {count}] = [\n{rows}];");
}

fn kinds_and_definitions(written: &mut String, kinds: &Keyed<'_, u32>, tables: &Tables<'_>, names: &[&str]) {
    let _ = writeln!(written, "\n/// apiVersion, kind, shape.\n#[rustfmt::skip]");
    let _ = writeln!(written, "static KINDS: [(u32, u32, u32); {}] = [", kinds.len());
    let name = |name| number(names, name);
    let rows = kinds.iter().map(|(key, shape)| format!("({}, {}, {shape}),", name(key.0), name(key.1)));
    let _ = writeln!(written, "{}];", rust::lines(rows));

    let definitions = tables.objects.keys().map(|name| {
        let shape = tables.numbers.get(&Shape::Object(name)).copied().unwrap_or_default();
        format!("{name} {shape}")
    });
    let definitions = definitions.collect::<Vec<String>>().join("\\n\\\n");
    let _ = writeln!(written, "\n/// A definition a line, and its shape.\n#[rustfmt::skip]");
    let _ = writeln!(written, "pub(super) const DEFINITIONS: &str = \"\\\n{definitions}\";");
}

fn scope_rows(written: &mut String, scopes: &Keyed<'_, bool>) {
    let _ = writeln!(written, "\n/// apiVersion, kind, whether it has a namespace.\n#[rustfmt::skip]");
    let _ = writeln!(written, "pub(super) static SCOPES: [(&str, &str, bool); {}] = [", scopes.len());
    for ((api_version, kind), namespaced) in scopes {
        let _ = writeln!(written, "    ({api_version:?}, {kind:?}, {namespaced}),");
    }
    written.push_str("];\n");
}

fn name_rows(written: &mut String, names: &[&str]) {
    let starts = names.iter().scan(0, |at, name| {
        let start = *at;
        *at += name.len() + 1;
        Some(format!("{start},"))
    });
    let _ = writeln!(written, "\n#[rustfmt::skip]\nstatic STARTS: [u32; {}] = [", names.len());
    let _ = writeln!(written, "{}];", rust::lines(starts));
    // Every line ends in a blank, which the line break behind `\` swallows only from the next line on.
    let _ = writeln!(written, "\n#[rustfmt::skip]\nconst NAMES: &str = \"\\");
    let text = rust::lines(names.iter().map(|name| (*name).to_owned()));
    let _ = writeln!(written, "{}\";", text.replace('\n', " \\\n"));
}

fn properties(written: &mut String, tables: &Tables<'_>, names: &[&str]) {
    let count: usize = tables.objects.values().map(Vec::len).sum();
    let _ = writeln!(written, "\n/// Name and shape.\n#[rustfmt::skip]");
    let _ = writeln!(written, "static PROPERTIES: [(u32, u32); {count}] = [");
    for (definition, rows) in &tables.objects {
        let _ = writeln!(written, "    // {definition}");
        let rows = rows.iter().map(|row| format!("({}, {}),", number(names, row.0), row.1));
        written.push_str(&rust::lines(rows));
    }
    written.push_str("];\n");
}

/// Returns the place of a name among all, which are sorted.
fn number(names: &[&str], name: &str) -> usize {
    names.binary_search(&name).unwrap_or_default()
}

fn text<'v>(row: &'v Value, name: &str) -> Result<&'v str, String> {
    row[name].as_str().ok_or_else(|| format!("a row has no `{name}`: {row}"))
}
