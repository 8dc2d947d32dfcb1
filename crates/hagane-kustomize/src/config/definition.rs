//! The types of an OpenAPI definition's fields, which kustomize reads strictly wherever they stand.

use hagane_resource::Diagnostic;
use hagane_yaml::scalar::{Value, value};
use hagane_yaml::{Mapping, Node};

/// What a field of a schema holds. A null is nothing to any of them.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Texts,
    TextOrTexts,
    Bool,
    Integer,
    Number,
    Values,
    Schema,
    Schemas,
    NamedSchemas,
    /// A schema or a list of them; anything else is passed over.
    Items,
    SchemaOrBool,
    Dependencies,
    Documentation,
}

const FIELDS: [(&str, Holds); 34] = [
    ("id", Holds::Text),
    ("description", Holds::Text),
    ("type", Holds::TextOrTexts),
    ("nullable", Holds::Bool),
    ("format", Holds::Text),
    ("title", Holds::Text),
    ("maximum", Holds::Number),
    ("exclusiveMaximum", Holds::Bool),
    ("minimum", Holds::Number),
    ("exclusiveMinimum", Holds::Bool),
    ("maxLength", Holds::Integer),
    ("minLength", Holds::Integer),
    ("pattern", Holds::Text),
    ("maxItems", Holds::Integer),
    ("minItems", Holds::Integer),
    ("uniqueItems", Holds::Bool),
    ("multipleOf", Holds::Number),
    ("enum", Holds::Values),
    ("maxProperties", Holds::Integer),
    ("minProperties", Holds::Integer),
    ("required", Holds::Texts),
    ("items", Holds::Items),
    ("allOf", Holds::Schemas),
    ("oneOf", Holds::Schemas),
    ("anyOf", Holds::Schemas),
    ("not", Holds::Schema),
    ("properties", Holds::NamedSchemas),
    ("additionalProperties", Holds::SchemaOrBool),
    ("patternProperties", Holds::NamedSchemas),
    ("dependencies", Holds::Dependencies),
    ("additionalItems", Holds::SchemaOrBool),
    ("definitions", Holds::NamedSchemas),
    ("discriminator", Holds::Text),
    ("readOnly", Holds::Bool),
];

/// Refuses a definition with a field of another type than OpenAPI's.
pub(super) fn refuse_wrong_types(definition: &Node) -> Result<(), Diagnostic> {
    let Node::Mapping(mapping) = definition else { return Ok(()) };
    for entry in &mapping.entries {
        match entry.key.text.as_str() {
            key if key.eq_ignore_ascii_case("Schema") => check(&entry.value, Holds::Schema, key)?,
            key if key.eq_ignore_ascii_case("Dependencies") => check(&entry.value, Holds::Texts, key)?,
            _ => {}
        }
    }
    Ok(())
}

fn schema(mapping: &Mapping) -> Result<(), Diagnostic> {
    for entry in &mapping.entries {
        let key = entry.key.text.as_str();
        let holds = FIELDS.iter().find(|(name, _)| *name == key).map(|(_, holds)| *holds);
        let holds = holds.or((key == "externalDocs").then_some(Holds::Documentation));
        holds.map_or(Ok(()), |holds| check(&entry.value, holds, key))?;
    }
    Ok(())
}

fn check(node: &Node, holds: Holds, name: &str) -> Result<(), Diagnostic> {
    if node.is_null() {
        return Ok(());
    }
    let all = |list: &[Node], holds| list.iter().try_for_each(|item| check(item, holds, name));
    let wrong = |wanted: &str| {
        Err(Diagnostic::error(node.span(), format!("`{name}` of a definition must be {wanted}"))
            .hinted("`crds` takes the OpenAPI definitions of custom resources"))
    };
    let scalar = node.as_scalar().map(value);
    match (holds, node) {
        (Holds::Text, _) if matches!(scalar, Some(Ok(Value::Str(_)))) => Ok(()),
        (Holds::Text, _) => wrong("a string"),
        (Holds::Bool, _) if matches!(scalar, Some(Ok(Value::Bool(_)))) => Ok(()),
        (Holds::Bool, _) => wrong("true or false"),
        (Holds::Integer, Node::Scalar(s)) if matches!(scalar, Some(Ok(Value::Int(_)))) => {
            // `1.0` is no integer.
            if s.text.as_str().contains('.') { wrong("an integer") } else { Ok(()) }
        }
        (Holds::Integer, _) => wrong("an integer"),
        (Holds::Number, _) => match scalar {
            Some(Ok(Value::Int(_) | Value::Uint(_))) => Ok(()),
            Some(Ok(Value::Float(number))) if number.is_finite() => Ok(()),
            _ => wrong("a number"),
        },
        (Holds::Texts, Node::Sequence(list)) => all(&list.items, Holds::Text),
        (Holds::Texts, _) => wrong("a list of strings"),
        (Holds::TextOrTexts, Node::Sequence(list)) => all(&list.items, Holds::Text),
        (Holds::TextOrTexts, _) => check(node, Holds::Text, name),
        (Holds::Values, Node::Sequence(_)) => Ok(()),
        (Holds::Values, _) => wrong("a list"),
        (Holds::Schema, Node::Mapping(mapping)) => schema(mapping),
        (Holds::Schema, _) => wrong("a mapping"),
        (Holds::Schemas, Node::Sequence(list)) => all(&list.items, Holds::Schema),
        (Holds::Schemas, _) => wrong("a list of mappings"),
        (Holds::NamedSchemas, Node::Mapping(named)) => named
            .entries
            .iter()
            .try_for_each(|entry| check(&entry.value, Holds::Schema, entry.key.text.as_str())),
        (Holds::NamedSchemas, _) => wrong("a mapping"),
        (Holds::Items, Node::Mapping(mapping)) => schema(mapping),
        (Holds::Items, Node::Sequence(list)) => all(&list.items, Holds::Schema),
        (Holds::Items, Node::Scalar(_)) => Ok(()),
        (Holds::SchemaOrBool, Node::Mapping(mapping)) => schema(mapping),
        (Holds::SchemaOrBool, _) => check(node, Holds::Bool, name),
        (Holds::Dependencies, Node::Mapping(named)) => {
            named.entries.iter().try_for_each(|entry| match &entry.value {
                Node::Mapping(mapping) => schema(mapping),
                Node::Sequence(list) => all(&list.items, Holds::Text),
                Node::Scalar(_) => Ok(()),
            })
        }
        (Holds::Dependencies, _) => wrong("a mapping"),
        (Holds::Documentation, Node::Mapping(mapping)) => {
            let texts = ["description", "url"].into_iter().filter_map(|key| mapping.get(key));
            texts.into_iter().try_for_each(|text| check(text, Holds::Text, name))
        }
        (Holds::Documentation, _) => wrong("a mapping"),
    }
}
