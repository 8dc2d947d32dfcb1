//! The values that a chart is given: its file, the inline ones, and further files.

use std::ffi::OsString;
use std::path::Path;

use hagane_resource::{Diagnostic, Schema};
use hagane_yaml::emit::go_v2;
use hagane_yaml::{Node, Span};
use zeroize::Zeroizing;

use super::inflation::own_values;
use super::{Chart, ValuesMerge};
use crate::decode::Located;
use crate::json_form::{keys_through_json, value_through_json};
use crate::merge::merge;
use crate::process::{ProcessError, Processes};
use crate::sources::{Root, Sources};

/// The values of a chart, in the order in which they are laid over one another.
pub(super) struct Values {
    /// The text of the first file.
    text: Zeroizing<Vec<u8>>,
    /// Whether it was decrypted.
    is_decrypted: bool,
    /// Whether any value is secret.
    is_secret: bool,
    further: Vec<Further>,
}

/// A further values file.
enum Further {
    /// A plain one, by its path.
    Path(OsString),
    /// The text of an encrypted one.
    Decrypted { text: Zeroizing<Vec<u8>>, is_secret: bool },
}

/// Returns inline values as JSON has them; nothing for a mapping without entries.
pub(super) fn inline(node: Option<&Node>) -> Result<Option<Node>, Diagnostic> {
    match node {
        None => Ok(None),
        Some(Node::Mapping(mapping)) if mapping.entries.is_empty() => Ok(None),
        Some(node @ Node::Mapping(_)) => {
            let mut node = node.clone();
            keys_through_json(&mut node);
            value_through_json(&mut node);
            Ok(Some(node))
        }
        Some(other) => Err(Diagnostic::error(other.span(), "the values must be a mapping")),
    }
}

impl Values {
    pub(super) fn of(
        chart: &Chart,
        home: &Path,
        root: &Root,
        sources: &Sources,
        schema: &Schema,
    ) -> Result<Values, Diagnostic> {
        let own = own_values(home, chart).to_string_lossy().into_owned();
        let own = Located { value: own, span: chart.span, block: false };
        let file = chart.values_file.as_ref().unwrap_or(&own);
        let (text, is_decrypted, is_secret) = match (&chart.values_inline, chart.values_merge) {
            (Some(inline), ValuesMerge::Replace) => (written(inline, chart.span)?, false, false),
            (inline, how) => {
                let source = sources.read(&sources.file(root, file, file.span)?, file.span)?;
                let text = match inline {
                    None => Zeroizing::new(source.content().to_vec()),
                    Some(inline) => {
                        let documents = match source.decrypted.as_ref().and_then(|d| d.documents.clone()) {
                            Some(documents) => documents,
                            None => hagane_yaml::parse(source.text()?, source.file, &Default::default())?,
                        };
                        let Some(base) = documents.into_iter().next() else {
                            let message =
                                format!("the values file `{}` is empty", sources.shown(Path::new(&**file)));
                            return Err(Diagnostic::error(file.span, message)
                                .hinted("`{}` says that there are no values"));
                        };
                        let (below, above) = match how {
                            ValuesMerge::Merge => (inline.clone(), base),
                            _ => (base, inline.clone()),
                        };
                        let merged = merge(below, above, schema).map_err(|error| error.or_at(file.span))?;
                        let mut merged = merged.unwrap_or_else(Node::mapping);
                        value_through_json(&mut merged);
                        written(&merged, chart.span)?
                    }
                };
                (text, source.decrypted.is_some(), source.is_secret())
            }
        };
        let further = chart
            .additional_values_files
            .iter()
            .map(|file| Further::of(file, root, sources))
            .collect::<Result<Vec<_>, _>>()?;
        let decrypted = further.iter().filter(|further| matches!(further, Further::Decrypted { .. })).count();
        if decrypted + usize::from(is_decrypted) > 1 {
            let message = "more than one values file of a chart is encrypted";
            return Err(Diagnostic::error(chart.span, message).hinted(
                "helm is given decrypted values on its standard input, which is one; put them into one file",
            ));
        }
        let is_secret = is_secret
            || further.iter().any(|further| matches!(further, Further::Decrypted { is_secret: true, .. }));
        Ok(Values { text, is_decrypted, is_secret, further })
    }

    pub(super) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Writes the plain values to `file`. Returns what helm is given as paths, and what it reads on standard input.
    pub(super) fn write(
        &self,
        file: &Path,
        processes: &dyn Processes,
    ) -> Result<(Vec<OsString>, Zeroizing<Vec<u8>>), ProcessError> {
        let mut stdin = Zeroizing::default();
        let mut paths = Vec::with_capacity(1 + self.further.len());
        match self.is_decrypted {
            true => {
                stdin = self.text.clone();
                paths.push("-".into());
            }
            false => {
                processes.write(file, &self.text)?;
                paths.push(file.into());
            }
        }
        for further in &self.further {
            match further {
                Further::Path(path) => paths.push(path.clone()),
                Further::Decrypted { text, .. } => {
                    stdin = text.clone();
                    paths.push("-".into());
                }
            }
        }
        Ok((paths, stdin))
    }
}

impl Further {
    fn of(file: &Located<String>, root: &Root, sources: &Sources) -> Result<Further, Diagnostic> {
        let source = sources.read(&sources.file(root, file, file.span)?, file.span)?;
        match source.decrypted.is_some() {
            true => Ok(Further::Decrypted {
                text: Zeroizing::new(source.content().to_vec()),
                is_secret: source.is_secret(),
            }),
            false => Ok(Further::Path(root.path().join(file.as_str()).into())),
        }
    }
}

fn written(values: &Node, at: Span) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
    match go_v2(values) {
        Ok(text) => Ok(Zeroizing::new(text.into_bytes())),
        Err(error) => {
            Err(Diagnostic::error(if error.span.is_known() { error.span } else { at }, error.message))
        }
    }
}
