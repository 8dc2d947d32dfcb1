//! ConfigMaps and Secrets out of files, literals and dotenv files.

mod pairs;

use hagane_resource::{Diagnostic, Resource};
use hagane_yaml::{Mapping, Node, Scalar, Style, Tag, Text};

use crate::kustomization::{GeneratorArgs, GeneratorOptions};
use crate::sources::{Root, Sources};
use pairs::{Pair, pairs};

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generated {
    /// A ConfigMap: text as it is, anything else in base64.
    ConfigMap,
    /// A Secret: everything in base64.
    Secret,
}

impl Generated {
    /// Returns the name of the generator.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Generated::ConfigMap => "ConfigMapGenerator",
            Generated::Secret => "SecretGenerator",
        }
    }
}

/// Returns the object that the arguments describe.
pub(crate) fn generate(
    kind: Generated,
    args: &GeneratorArgs,
    global: &GeneratorOptions,
    root: &Root,
    sources: &Sources,
) -> Result<Resource, Diagnostic> {
    if args.name.is_empty() {
        return Err(Diagnostic::error(args.span, "a generator needs the field `name`")
            .hinted("for example `name: settings`"));
    }
    let options = args.options.over(global);
    let pairs = pairs(args, root, sources)?;
    let mut tree = header(kind, args, &options);
    if kind == Generated::Secret {
        tree.push("data", Node::mapping());
    }
    for Pair { key, value } in pairs {
        let (field, scalar) = match kind {
            Generated::ConfigMap => match String::from_utf8(value.bytes.to_vec()) {
                Ok(text) => ("data", data_scalar(text, value.sensitive)),
                Err(_) => ("binaryData", data_scalar(base64_lines(&value.bytes), value.sensitive)),
            },
            Generated::Secret => ("data", data_scalar(base64_lines(&value.bytes), value.sensitive)),
        };
        if tree.get(field).is_none() {
            tree.set(field, Node::mapping());
        }
        if let Some(Node::Mapping(data)) = tree.get_mut(field) {
            data.push(key, Node::Scalar(scalar));
        }
    }
    if options.immutable {
        tree.set("immutable", Node::Scalar(Scalar { tag: Tag::Bool, ..Scalar::bare("true") }));
    }
    let mut resource = Resource::new(Node::Mapping(tree));
    resource.needs_hash = !options.disable_name_suffix_hash;
    resource.behavior = args.behavior;
    resource.generated = true;
    Ok(resource)
}

fn header(kind: Generated, args: &GeneratorArgs, options: &GeneratorOptions) -> Mapping {
    let mut tree = Mapping { span: args.span, ..Mapping::default() };
    tree.push("apiVersion", Node::string("v1"));
    let mut metadata = Mapping { span: args.span, ..Mapping::default() };
    metadata.push("name", Node::Scalar(Scalar::quoted_if_odd(args.name.as_str())));
    if !args.namespace.is_empty() {
        metadata.push("namespace", Node::Scalar(Scalar::quoted_if_odd(args.namespace.as_str())));
    }
    for (field, entries) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !entries.is_empty() {
            let mut map = Mapping::default();
            entries.iter().for_each(|(key, value)| map.push(key.as_str(), Node::string(value.as_str())));
            metadata.push(field, Node::Mapping(map));
        }
    }
    match kind {
        Generated::ConfigMap => tree.push("kind", Node::string("ConfigMap")),
        Generated::Secret => tree.push("kind", Node::string("Secret")),
    }
    tree.push("metadata", Node::Mapping(metadata));
    if kind == Generated::Secret {
        let given = if args.secret_type.is_empty() { "Opaque" } else { &args.secret_type };
        tree.push("type", Node::string(given));
    }
    tree
}

fn data_scalar(text: String, sensitive: bool) -> Scalar {
    let style = if text.contains('\n') { Style::Literal } else { Style::Plain };
    Scalar { style, ..Scalar::string(Text::with_mark(text, sensitive)) }
}

/// Returns base64 in lines of 70 characters when it is longer than that, each line with a break.
fn base64_lines(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const LINE: usize = 70;
    let length = bytes.len().div_ceil(3) * 4;
    let mut out = String::with_capacity(length + length / LINE + 1);
    let mut column = 0;
    for chunk in bytes.chunks(3) {
        let group = [chunk[0], chunk.get(1).copied().unwrap_or(0), chunk.get(2).copied().unwrap_or(0)];
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for place in 0..4 {
            let letter =
                if place <= chunk.len() { ALPHABET[(bits >> (18 - 6 * place) & 63) as usize] } else { b'=' };
            out.push(letter as char);
            column += 1;
            if column == LINE && length >= LINE {
                out.push('\n');
                column = 0;
            }
        }
    }
    if column > 0 && length >= LINE {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64_lines;

    #[test]
    fn base64_is_broken_at_70() {
        assert_eq!(base64_lines(b""), "");
        assert_eq!(base64_lines(b"v"), "dg==");
        assert_eq!(base64_lines(b"user"), "dXNlcg==");
        assert_eq!(base64_lines(&[0xff; 51]).len(), 68);
        assert_eq!(base64_lines(&[0xff; 54]), format!("{}\n//\n", "/".repeat(70)));
    }
}
