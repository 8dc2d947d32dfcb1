//! A value that gets others around it, its own lines as they were but further in.

use hagane_yaml::{Node, Scalar};

use super::{Writer, node_at_mut};
use crate::text_edit::layout::Form;
use crate::text_edit::lines::shifted;

/// What stands for the value while its new surroundings are written.
const HOLE: &str = "HOLE";

impl Writer<'_> {
    /// Writes `outer` in the place of the value at `path`, which goes to the place `hole` in it, the last one.
    pub(super) fn enclose(&self, path: &[usize], outer: &Node, hole: &[usize]) -> Option<String> {
        let place = self.place(path)?;
        let (column, is_flow) = self.around(path)?;
        if is_flow {
            return None;
        }
        let mut outer = outer.clone();
        *node_at_mut(&mut outer, hole)? = Node::Scalar(Scalar::bare(HOLE));
        let (index, around) = path.split_last()?;
        let (mark, written) = match &self.place(around)?.form {
            Form::Mapping(_, entries) => {
                (entries.get(*index)?.colon?, self.indentation.value(&outer, column))
            }
            Form::Sequence(_, items) => {
                let item = items.get(*index)?;
                let written = self.dashed(item.start, item.value.content).item(&outer, column);
                (item.start + 1, written.strip_prefix('-')?.to_owned())
            }
            _ => return None,
        };
        let before = written.strip_suffix(HOLE)?.trim_end_matches(' ');
        let own = self.text.get(mark..place.range.end.max(mark))?.replace(self.newline, "\n");
        // The first line of an item goes on behind its dash.
        let (pen, line) = match before.rsplit_once('\n') {
            Some((_, line)) => (0, line),
            None => (column + 1, before),
        };
        let indent = line.len() - line.trim_start_matches([' ', '-']).len();
        let inner = if line.ends_with('-') { line.len() - 1 } else { indent };
        let own = shifted(&own, (pen + inner) as isize - column as isize);
        let own = own.trim_start_matches(' ');
        let gap = if own.is_empty() || own.starts_with('\n') { "" } else { " " };
        self.spliced(mark, place.range.end.max(mark), &format!("{before}{gap}{own}"))
    }
}
