//! Random kustomizations, and the many ways to write one.

use hagane_yaml::{Dialect, Mapping, Node, ParseOptions, Scalar, Sequence, Tag};

use hagane_cases::rng::Rng;

pub(crate) const PATHS: [&str; 10] =
    ["a.yaml", "b.yaml", "../base", "dir/c d.yaml", "1.0", "yes", "# no", "it's.yaml", "x: y", "ü.yaml"];
pub(crate) const NAMES: [&str; 5] = ["web", "db", "cache", "a.b/c", "0"];
pub(crate) const TEXTS: [&str; 9] = ["one", "1", "true", "", "two words", "it's", "a: b", "\"q\"", "~"];
const LONG: [&str; 3] = ["kind: A\nmetadata:\n  name: b\n", "- op: add\n  path: /a", "one\n\n two\n"];

/// A kustomization as text, and what it means.
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) meaning: Node,
    /// The lines of each field, with the comments above it.
    pub(crate) fields: Vec<(String, String)>,
    /// Whether a field is an alias: what others lean on cannot be edited.
    pub(crate) has_alias: bool,
}

impl Written {
    pub(crate) fn random(rng: &mut Rng) -> Written {
        let mut meaning = Mapping::default();
        let mut names = FIELDS.to_vec();
        for _ in 0..rng.up_to(7) {
            let name = names.remove(rng.up_to(names.len()));
            meaning.push(name, value(name, rng));
        }
        let labels = meaning.get("commonLabels").cloned().filter(|_| rng.once_in(3));
        if let Some(labels) = &labels {
            meaning.set("commonAnnotations", labels.clone());
        }
        let has_alias =
            labels.is_some() && meaning.position("commonLabels") < meaning.position("commonAnnotations");
        let meaning = Node::Mapping(meaning);
        let mut writer = Writer {
            mapping: rng.pick(&[2, 2, 2, 4, 3]),
            sequence: rng.pick(&[0, 0, 2, 4]),
            comments: 0,
            odd: rng.pick(&[2, 4, 1000]),
            has_alias,
            rng,
        };
        let (text, fields) = writer.document(&meaning);
        let crlf = writer.rng.once_in(4);
        let broken = |text: String| if crlf { text.replace('\n', "\r\n") } else { text };
        Written {
            has_alias: has_alias && text.contains("*same"),
            text: broken(text),
            meaning,
            fields: fields.into_iter().map(|(name, lines)| (name, broken(lines))).collect(),
        }
    }
}

const FIELDS: [&str; 18] = [
    "apiVersion",
    "kind",
    "resources",
    "bases",
    "components",
    "namePrefix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "images",
    "imageTags",
    "replicas",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "configMapGenerator",
    "buildMetadata",
];

pub(crate) fn string(text: &str) -> Node {
    Node::string(text)
}

pub(crate) fn mapping(entries: &[(&str, Node)]) -> Node {
    let mut mapping = Mapping::default();
    for (key, value) in entries {
        mapping.push(*key, value.clone());
    }
    Node::Mapping(mapping)
}

fn list(rng: &mut Rng, mut item: impl FnMut(&mut Rng) -> Node) -> Node {
    let items = (0..rng.up_to(4)).map(|_| item(rng)).collect();
    Node::Sequence(Sequence { items, ..Sequence::default() })
}

fn pairs(rng: &mut Rng) -> Node {
    let mut pairs = Mapping::default();
    for name in NAMES {
        if rng.once_in(2) {
            pairs.push(name, string(rng.pick(&TEXTS)));
        }
    }
    Node::Mapping(pairs)
}

fn value(name: &str, rng: &mut Rng) -> Node {
    let literal = |text: &str, tag| Node::Scalar(Scalar { text: text.into(), tag, ..Scalar::default() });
    match name {
        "apiVersion" => string("kustomize.config.k8s.io/v1beta1"),
        "kind" => string("Kustomization"),
        "namePrefix" | "namespace" => string(rng.pick(&["blue-", "n", "1", "yes"])),
        "resources" | "bases" | "components" => list(rng, |rng| string(rng.pick(&PATHS))),
        "buildMetadata" => list(rng, |_| string("originAnnotations")),
        "commonLabels" | "commonAnnotations" => pairs(rng),
        "labels" => list(rng, |rng| {
            let mut label = mapping(&[("pairs", pairs(rng))]);
            if rng.once_in(2) {
                label
                    .as_mapping_mut()
                    .expect("a mapping")
                    .push("includeSelectors", literal("true", Tag::Bool));
            }
            label
        }),
        "images" | "imageTags" => list(rng, |rng| {
            let mut image = mapping(&[("name", string(rng.pick(&NAMES)))]);
            for key in ["newName", "newTag", "digest"] {
                if rng.once_in(2) {
                    image
                        .as_mapping_mut()
                        .expect("a mapping")
                        .push(key, string(rng.pick(&["one", "1.0", "true"])));
                }
            }
            image
        }),
        "replicas" => {
            list(rng, |rng| mapping(&[("name", string(rng.pick(&NAMES))), ("count", literal("3", Tag::Int))]))
        }
        "patchesStrategicMerge" => {
            list(rng, |rng| if rng.once_in(2) { string(rng.pick(&LONG)) } else { string(rng.pick(&PATHS)) })
        }
        "patches" | "patchesJson6902" => list(rng, |rng| match rng.once_in(2) {
            true => mapping(&[("path", string(rng.pick(&PATHS)))]),
            false => {
                mapping(&[("patch", string(rng.pick(&LONG))), ("target", mapping(&[("kind", string("A"))]))])
            }
        }),
        _ => list(rng, |rng| {
            let mut generator = mapping(&[("name", string(rng.pick(&NAMES)))]);
            let entries = generator.as_mapping_mut().expect("a mapping");
            if rng.once_in(2) {
                entries.push("literals", list(rng, |_| string("key=a value")));
            }
            if rng.once_in(2) {
                entries.push("env", string(rng.pick(&PATHS)));
            }
            if rng.once_in(3) {
                entries.push("envs", list(rng, |rng| string(rng.pick(&PATHS))));
            }
            generator
        }),
    }
}

/// Writes a tree, every time in another way.
struct Writer<'r> {
    mapping: usize,
    sequence: usize,
    comments: usize,
    /// Once in so many times something is written in an unusual way.
    odd: usize,
    /// Whether annotations are an alias of the labels.
    has_alias: bool,
    rng: &'r mut Rng,
}

impl Writer<'_> {
    fn document(&mut self, meaning: &Node) -> (String, Vec<(String, String)>) {
        let entries = &meaning.as_mapping().expect("a mapping").entries;
        let mut text = String::new();
        if self.rng.once_in(12) {
            text.push('\u{feff}');
        }
        if self.rng.once_in(6) {
            text.push_str("# the file\n\n");
        }
        if self.rng.once_in(6) {
            text.push_str("---\n");
        }
        if entries.is_empty() || self.rng.once_in(15) {
            text.push_str(&self.flow(meaning));
            text.push('\n');
            return (text, Vec::new());
        }
        let mut fields = Vec::new();
        for entry in entries {
            let mut lines = self.comments_above(0);
            let name = entry.key.text.as_str();
            let value = match name {
                "commonAnnotations" if self.has_alias => format!(" *same{}", self.end()),
                "commonLabels" if self.has_alias => format!(" &same{}", self.value(&entry.value, 0)),
                _ => self.value(&entry.value, 0),
            };
            lines.push_str(&format!("{}:{value}", self.key(name)));
            text.push_str(&lines);
            fields.push((entry.key.text.as_str().to_owned(), lines));
            if self.rng.once_in(3) {
                text.push('\n');
            }
        }
        if self.rng.once_in(8) {
            text.push_str("# the end\n");
        }
        // A block without its last line break means something else.
        let has_block = fields.last().is_some_and(|(_, lines)| lines.contains('|'));
        if self.rng.once_in(6) && !has_block && text.ends_with('\n') && !text.ends_with("\n\n") {
            text.pop();
            if let Some((_, lines)) =
                fields.last_mut().filter(|(_, lines)| text.ends_with(lines.trim_end_matches('\n')))
            {
                lines.truncate(lines.trim_end_matches('\n').len());
            }
        }
        (text, fields)
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{}", self.comments)
    }

    fn comments_above(&mut self, column: usize) -> String {
        let mut lines = String::new();
        while self.rng.once_in(7) {
            lines.push_str(&format!("{:column$}{}\n", "", self.comment()));
        }
        lines
    }

    /// The end of a line.
    fn end(&mut self) -> String {
        if self.rng.once_in(6) { format!(" {}\n", self.comment()) } else { "\n".to_owned() }
    }

    fn key(&mut self, key: &str) -> String {
        if self.rng.once_in(self.odd * 3) { format!("\"{key}\"") } else { self.scalar(key, true) }
    }

    /// What stands behind the colon of a key at `column`, with the line's end.
    fn value(&mut self, value: &Node, column: usize) -> String {
        match value {
            Node::Mapping(mapping) if !mapping.entries.is_empty() && !self.rng.once_in(self.odd * 2) => {
                let inner = column + self.mapping;
                format!("{}{:inner$}{}", self.end(), "", self.entries(mapping, inner))
            }
            Node::Sequence(sequence) if !sequence.items.is_empty() && !self.rng.once_in(self.odd * 2) => {
                let inner = column + self.sequence;
                let mut text = self.end();
                for item in &sequence.items {
                    text.push_str(&self.comments_above(inner));
                    text.push_str(&self.item(item, inner));
                }
                text
            }
            Node::Scalar(scalar)
                if scalar.text.as_str().ends_with('\n') || scalar.text.as_str().contains("\n\n") =>
            {
                self.block(scalar.text.as_str(), column)
            }
            other => format!(" {}{}", self.flow(other), self.end()),
        }
    }

    fn entries(&mut self, mapping: &Mapping, column: usize) -> String {
        let mut text = String::new();
        for (index, entry) in mapping.entries.iter().enumerate() {
            if index > 0 {
                text.push_str(&self.comments_above(column));
                text.push_str(&" ".repeat(column));
            }
            text.push_str(&format!(
                "{}:{}",
                self.key(entry.key.text.as_str()),
                self.value(&entry.value, column)
            ));
        }
        text
    }

    fn item(&mut self, item: &Node, column: usize) -> String {
        let blanks = if self.rng.once_in(self.odd * 3) { 3 } else { 1 };
        let dash = format!("{:column$}-{:blanks$}", "", "");
        match item {
            Node::Mapping(mapping) if !mapping.entries.is_empty() && !self.rng.once_in(self.odd * 2) => {
                format!("{dash}{}", self.entries(mapping, column + 1 + blanks))
            }
            Node::Scalar(scalar) if scalar.text.as_str().contains('\n') => {
                format!("{:column$}-{}", "", self.block(scalar.text.as_str(), column))
            }
            other => format!("{dash}{}{}", self.flow(other), self.end()),
        }
    }

    /// `|` and its lines.
    fn block(&mut self, text: &str, column: usize) -> String {
        let indent = column + self.rng.pick(&[2, 2, 4]);
        let chomp = if text.ends_with('\n') { "" } else { "-" };
        let mut block = format!(" |{chomp}{}", self.end());
        for line in text.trim_end_matches('\n').split('\n') {
            block.push_str(&if line.is_empty() {
                "\n".to_owned()
            } else {
                format!("{:indent$}{line}\n", "")
            });
        }
        block
    }

    /// A node in one piece.
    fn flow(&mut self, node: &Node) -> String {
        match node {
            Node::Scalar(scalar) if scalar.tag != Tag::Str => scalar.text.as_str().to_owned(),
            Node::Scalar(scalar) => self.scalar(scalar.text.as_str(), false),
            Node::Sequence(sequence) => {
                let items: Vec<String> = sequence.items.iter().map(|item| self.flow(item)).collect();
                if !items.is_empty() && self.rng.once_in(self.odd) {
                    // On lines of their own, with a comma behind the last one or not.
                    let comma = if self.rng.once_in(2) { "," } else { "" };
                    let items: Vec<String> = items.iter().map(|item| format!("{:20}{item}", "")).collect();
                    return format!("[\n{}{comma}\n{:18}]", items.join(",\n"), "");
                }
                format!("[{}]", items.join(", "))
            }
            Node::Mapping(mapping) => {
                let entries: Vec<String> = mapping
                    .entries
                    .iter()
                    .map(|entry| {
                        format!("{}: {}", self.scalar(entry.key.text.as_str(), true), self.flow(&entry.value))
                    })
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn scalar(&mut self, text: &str, is_key: bool) -> String {
        let single = format!("'{}'", text.replace('\'', "''"));
        let double = format!("{:?}", text).replace("\\'", "'");
        let options = ParseOptions { dialect: Dialect::V2, ..ParseOptions::default() };
        let read = hagane_yaml::parse(&format!("[{text}]"), Default::default(), &options).ok();
        let is_plain = read.and_then(|documents| {
            let items = &documents.first()?.as_sequence()?.items;
            Some(items.len() == 1 && items[0] == string(text) && !text.is_empty())
        });
        match self.rng.up_to(if is_key { 3 } else { 4 * self.odd.min(3) }) {
            _ if text.contains('\n') => double,
            0 => double,
            1 => single,
            _ if is_plain == Some(true) && !text.contains(['#', ':', '\'', '"', ',']) => text.to_owned(),
            _ => single,
        }
    }
}
