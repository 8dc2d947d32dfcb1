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

fn source(tables: &Tables<'_>, kinds: &Keyed<'_, u32>, scopes: &Keyed<'_, bool>) -> String {
    let mut names: Vec<&str> = kinds.keys().flat_map(|key| [key.0, key.1]).collect();
    names.extend(tables.objects.values().flatten().map(|row| row.0));
    names.sort_unstable();
    names.dedup();
    let name = |name: &str| names.binary_search(&name).unwrap_or_default();

    let mut written = rust::head("The definitions of Kubernetes that kustomize merges with, see `table.rs`.");
    written.push_str(
        "use std::borrow::Cow;\n\nuse compact_str::CompactString;\n\n\
         use super::table::{Merge, NONE, Shape, Table};\n\n\
         pub(super) static TABLE: Table = Table {\n    names: Cow::Borrowed(NAMES),\n    \
         starts: Cow::Borrowed(&STARTS),\n    shapes: Cow::Borrowed(&SHAPES),\n    \
         properties: Cow::Borrowed(&PROPERTIES),\n    merges: Cow::Borrowed(&MERGES),\n    \
         kinds: Cow::Borrowed(&KINDS),\n};\n\n\
         const fn object(first: u32, count: u32) -> Shape {\n    Shape::object(first, count)\n}\n\n\
         const fn map(values: u32) -> Shape {\n    Shape::map(values)\n}\n\n\
         const fn list(items: u32) -> Shape {\n    Shape::list(items)\n}\n\n\
         const fn merged(items: u32, merge: u32) -> Shape {\n    Shape::merged(items, merge)\n}\n\n\
         const fn merge(strategy: &'static str, keys: &'static [CompactString]) -> Merge {\n    \
         Merge { strategy: CompactString::const_new(strategy), keys: Cow::Borrowed(keys) }\n}\n\n\
         const fn key(name: &'static str) -> CompactString {\n    CompactString::const_new(name)\n}\n",
    );

    let mut merges = String::new();
    written.push('\n');
    for (number, (strategy, keys)) in tables.merges.iter().enumerate() {
        let listed: Vec<String> = keys.iter().map(|key| format!("key({key:?})")).collect();
        let _ = writeln!(
            written,
            "static KEYS_{number}: [CompactString; {}] = [{}];",
            keys.len(),
            listed.join(", ")
        );
        let _ = writeln!(merges, "    merge({strategy:?}, &KEYS_{number}),");
    }
    let count = tables.merges.len();
    let _ = writeln!(written, "\n#[rustfmt::skip]\nstatic MERGES: [Merge; {count}] = [\n{merges}];");

    let mut firsts = BTreeMap::new();
    let mut properties = String::new();
    let mut count = 0;
    for (definition, rows) in &tables.objects {
        firsts.insert(*definition, count);
        count += rows.len();
        let _ = writeln!(properties, "    // {definition}");
        properties.push_str(&rust::lines(rows.iter().map(|row| format!("({}, {}),", name(row.0), row.1))));
    }
    let definitions = tables.objects.keys().map(|name| {
        let shape = tables.numbers.get(&Shape::Object(name)).copied().unwrap_or_default();
        format!("{name} {shape}")
    });
    let definitions: Vec<String> = definitions.collect();
    let shapes = tables.shapes.iter().map(|shape| match shape {
        Shape::Leaf => "Shape::LEAF,".to_owned(),
        Shape::Object(definition) => {
            format!("object({}, {}),", firsts[definition], tables.objects[definition].len())
        }
        Shape::Map(values) => format!("map({values}),"),
        Shape::List(items) => format!("list({items}),"),
        Shape::Merged(Some(items), merge) => format!("merged({items}, {merge}),"),
        Shape::Merged(None, merge) => format!("merged(NONE, {merge}),"),
    });
    let shapes = rust::lines(shapes);
    let _ = write!(
        written,
        "\n#[rustfmt::skip]\nstatic SHAPES: [Shape; {}] = [\n{shapes}];\n",
        tables.shapes.len()
    );

    let _ = writeln!(written, "\n/// apiVersion, kind, shape.\n#[rustfmt::skip]");
    let _ = writeln!(written, "static KINDS: [(u32, u32, u32); {}] = [", kinds.len());
    let rows = kinds.iter().map(|(key, shape)| format!("({}, {}, {shape}),", name(key.0), name(key.1)));
    let _ = writeln!(written, "{}];", rust::lines(rows));

    let _ = writeln!(written, "\n/// A definition a line, and its shape.\n#[rustfmt::skip]");
    let _ =
        writeln!(written, "pub(super) const DEFINITIONS: &str = \"\\\n{}\";", definitions.join("\\n\\\n"));

    let _ = writeln!(written, "\n/// apiVersion, kind, whether it has a namespace.\n#[rustfmt::skip]");
    let _ = writeln!(written, "pub(super) static SCOPES: [(&str, &str, bool); {}] = [", scopes.len());
    for ((api_version, kind), namespaced) in scopes {
        let _ = writeln!(written, "    ({api_version:?}, {kind:?}, {namespaced}),");
    }
    written.push_str("];\n");

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

    let _ = writeln!(written, "\n/// Name and shape.\n#[rustfmt::skip]");
    let _ = writeln!(written, "static PROPERTIES: [(u32, u32); {count}] = [\n{properties}];");
    written
}

fn text<'v>(row: &'v Value, name: &str) -> Result<&'v str, String> {
    row[name].as_str().ok_or_else(|| format!("a row has no `{name}`: {row}"))
}
