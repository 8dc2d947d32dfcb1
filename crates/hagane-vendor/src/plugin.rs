//! The paths in configurations of generators and transformers: kustomize's builtin ones, and those that a render knows by itself.

use hagane_edit::text_edit::Document;
use hagane_kustomize::{ChartReference, Reference, Role, chart_directory};
use hagane_resource::Diagnostic;
use hagane_yaml::{Dialect, FileId, Node, Span};

const BUILTIN: &str = "builtin";
const TEMPLATE: &str = "hagane.dev/v1alpha1";
const KSOPS: &str = "viaduct.ai/v1";

/// Where paths stand, by apiVersion and kind. A list on the way is gone through.
const PATHS: [(&str, &str, &[&str], Role); 23] = [
    (BUILTIN, "ConfigMapGenerator", &["env"], Role::File),
    (BUILTIN, "ConfigMapGenerator", &["envs"], Role::File),
    (BUILTIN, "ConfigMapGenerator", &["files"], Role::FileSource),
    (BUILTIN, "SecretGenerator", &["env"], Role::File),
    (BUILTIN, "SecretGenerator", &["envs"], Role::File),
    (BUILTIN, "SecretGenerator", &["files"], Role::FileSource),
    (BUILTIN, "HelmChartInflationGenerator", &["valuesFile"], Role::File),
    (BUILTIN, "HelmChartInflationGenerator", &["additionalValuesFiles"], Role::File),
    (BUILTIN, "PatchTransformer", &["path"], Role::File),
    (BUILTIN, "PatchJson6902Transformer", &["path"], Role::File),
    (BUILTIN, "PatchStrategicMergeTransformer", &["paths"], Role::File),
    (BUILTIN, "ReplacementTransformer", &["replacements", "path"], Role::File),
    (BUILTIN, "ValueAddTransformer", &["targetFilePath"], Role::File),
    (TEMPLATE, "Template", &["templates"], Role::File),
    (TEMPLATE, "Template", &["valuesFiles"], Role::File),
    (KSOPS, "ksops", &["files"], Role::File),
    (KSOPS, "ksops", &["secretFrom", "files"], Role::FileSource),
    (KSOPS, "ksops", &["secretFrom", "binaryFiles"], Role::FileSource),
    (KSOPS, "ksops", &["secretFrom", "envs"], Role::File),
    (KSOPS, "ksops-exec", &["files"], Role::File),
    (KSOPS, "ksops-exec", &["secretFrom", "files"], Role::FileSource),
    (KSOPS, "ksops-exec", &["secretFrom", "binaryFiles"], Role::FileSource),
    (KSOPS, "ksops-exec", &["secretFrom", "envs"], Role::File),
];

/// Who says what stands in a reference's place; nothing where it stays.
pub(crate) type Replace<'r> = dyn FnMut(&Reference) -> Result<Option<String>, Diagnostic> + 'r;

/// Returns a text of configurations with other paths in it. `start` is where the text starts.
pub(crate) fn rewrite(text: &str, start: Span, replace: &mut Replace) -> Result<String, Diagnostic> {
    let mut written = String::with_capacity(text.len());
    let mut line = start.line.saturating_sub(1);
    for chunk in documents(text) {
        written.push_str(&rewrite_document(chunk, Span { line, ..start }, replace)?);
        line += chunk.matches('\n').count() as u32;
    }
    Ok(written)
}

/// A chart that a configuration inflates.
pub(crate) struct PluginChart {
    /// The directory of charts.
    pub(crate) home: String,
    /// The chart in it.
    pub(crate) reference: ChartReference,
}

/// Returns the charts that configurations in a text inflate. `start` is where the text starts.
pub(crate) fn charts(text: &str, start: Span) -> Vec<PluginChart> {
    let mut charts = Vec::new();
    let mut line = start.line.saturating_sub(1);
    for chunk in documents(text) {
        let document = Document::parse(chunk, FileId::default(), Dialect::default());
        let span = Span { line: line + 1, ..start };
        line += chunk.matches('\n').count() as u32;
        let Ok(document) = document else { continue };
        let field = |name: &str| document.root().get(name).and_then(Node::as_str).unwrap_or_default();
        if (field("apiVersion"), field("kind")) != ("builtin", "HelmChartInflationGenerator") {
            continue;
        }
        let home = if field("chartHome").is_empty() { "charts" } else { field("chartHome") };
        let name = field("name").to_owned();
        let directory = chart_directory(home, &name, field("version"), field("repo"));
        let reference = ChartReference { span, name, directory };
        charts.push(PluginChart { home: home.to_owned(), reference });
    }
    charts
}

/// Splits a text where documents start.
fn documents(text: &str) -> Vec<&str> {
    let mut chunks = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices("\n---") {
        chunks.push(&text[start..=at]);
        start = at + 1;
    }
    chunks.push(&text[start..]);
    chunks
}

/// `before` has the lines that come before the text.
fn rewrite_document(text: &str, before: Span, replace: &mut Replace) -> Result<String, Diagnostic> {
    // What is no YAML says so when it is built.
    let Ok(mut document) = Document::parse(text, FileId::default(), Dialect::default()) else {
        return Ok(text.to_owned());
    };
    let root = document.root();
    let field = |name: &str| root.get(name).and_then(Node::as_str).unwrap_or_default();
    let of = (field("apiVersion"), field("kind"));
    let mut paths = Vec::new();
    for (_, _, fields, role) in PATHS.iter().filter(|(version, kind, ..)| (*version, *kind) == of) {
        find(root, fields, &mut Vec::new(), &mut |path| paths.push((path.to_vec(), *role)));
    }
    for (path, role) in paths {
        let Some(scalar) = document.at(&path).and_then(Node::as_scalar) else { continue };
        let text = scalar.text.as_str().to_owned();
        if text.is_empty() || text.contains('\n') || text.contains(": ") {
            continue;
        }
        let span = Span { line: scalar.span.line + before.line, ..scalar.span };
        let reference = Reference { text, span: Span { file: before.file, ..span }, role };
        if let Some(new) = replace(&reference)? {
            document.replace(&path, Node::string(new))?;
        }
    }
    Ok(document.text().to_owned())
}

/// Tells the place of every scalar that a way through mappings, and the lists on it, leads to.
fn find(node: &Node, fields: &[&str], place: &mut Vec<usize>, tell: &mut dyn FnMut(&[usize])) {
    match (node, fields) {
        (Node::Sequence(sequence), _) => {
            for (index, item) in sequence.items.iter().enumerate() {
                place.push(index);
                find(item, fields, place, tell);
                place.pop();
            }
        }
        (Node::Mapping(mapping), [first, rest @ ..]) => {
            let named = |entry: &hagane_yaml::Entry| entry.key.text.as_str().eq_ignore_ascii_case(first);
            if let Some(index) = mapping.entries.iter().rposition(named) {
                place.push(index);
                find(&mapping.entries[index].value, rest, place, tell);
                place.pop();
            }
        }
        (Node::Scalar(scalar), []) if !scalar.is_null() => tell(place),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_replaced_where_they_stand() {
        let check = |text: &str, expected: &str, told: &[(&str, u32)]| {
            let mut seen = Vec::new();
            let start = Span { line: 10, column: 1, ..Span::default() };
            let rewritten = rewrite(text, start, &mut |reference| {
                seen.push((reference.text.clone(), reference.span.line));
                Ok(Some(format!("new/{}", reference.path())))
            });
            assert_eq!(rewritten.unwrap(), expected);
            let told: Vec<(String, u32)> = told.iter().map(|(text, line)| ((*text).into(), *line)).collect();
            assert_eq!(seen, told);
        };
        let head = "apiVersion: builtin\nkind: ";
        check(
            &format!("{head}PatchTransformer # one\nmetadata: {{name: a}}\npath: 'p.yaml' # two\n"),
            &format!("{head}PatchTransformer # one\nmetadata: {{name: a}}\npath: 'new/p.yaml' # two\n"),
            &[("p.yaml", 13)],
        );
        check(
            &format!("{head}ConfigMapGenerator\nfiles: [a, k=b]\n---\n{head}SecretGenerator\nenvs:\n- c\n"),
            &format!(
                "{head}ConfigMapGenerator\nfiles: [new/a, new/b]\n---\n{head}SecretGenerator\nenvs:\n- new/c\n"
            ),
            &[("a", 12), ("k=b", 12), ("c", 17)],
        );
        check(
            &format!("{head}ReplacementTransformer\nreplacements:\n- path: r\n- source: {{kind: A}}\n"),
            &format!("{head}ReplacementTransformer\nreplacements:\n- path: new/r\n- source: {{kind: A}}\n"),
            &[("r", 13)],
        );
        let template = "apiVersion: hagane.dev/v1alpha1\nkind: Template\nvalues: {files: [c]}\n";
        check(
            &format!("{template}templates: [a.hbs]\nvaluesFiles:\n- b.yaml\n"),
            &format!("{template}templates: [new/a.hbs]\nvaluesFiles:\n- new/b.yaml\n"),
            &[("a.hbs", 13), ("b.yaml", 15)],
        );
        let ksops = "apiVersion: viaduct.ai/v1\nkind: ksops\n";
        check(
            &format!("{ksops}files: [a.yaml]\nsecretFrom: [{{files: [k=b], envs: [c]}}]\n"),
            &format!("{ksops}files: [new/a.yaml]\nsecretFrom: [{{files: [new/b], envs: [new/c]}}]\n"),
            &[("a.yaml", 12), ("k=b", 13), ("c", 13)],
        );
        // What is none of ours, and what is no YAML.
        for text in ["apiVersion: v1\nkind: PatchTransformer\npath: a\n", "a: [", ""] {
            check(text, text, &[]);
        }
    }
}
