//! Where in a text a byte is, by line and column, without a walk along its line: a template may be one long line.

/// Bytes between two counts.
const STEP: usize = 64;

/// A text's lines, and how many characters stand before every so many bytes.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The characters that begin before each multiple of [`STEP`].
    counts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Lines<'t> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        let mut counts = vec![0];
        let mut count = 0;
        for step in text.as_bytes().chunks(STEP) {
            count += chars(step);
            counts.push(count);
        }
        Lines { text, starts, counts }
    }

    /// Returns the number of the line that a byte is in, from 0, and where it starts.
    pub(crate) fn line(&self, byte: usize) -> (usize, usize) {
        let number = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        (number, self.starts[number])
    }

    /// Returns where a line starts, counted from 0.
    pub(crate) fn start(&self, number: usize) -> Option<usize> {
        self.starts.get(number).copied()
    }

    /// Returns how many characters begin between two bytes.
    pub(crate) fn between(&self, from: usize, to: usize) -> usize {
        self.before(to).saturating_sub(self.before(from))
    }

    /// Returns the byte where the character of a column of a line begins, both counted from 0; the line's end where it has fewer.
    pub(crate) fn byte(&self, line: usize, column: usize) -> Option<usize> {
        let start = self.start(line)?;
        let end = self.start(line + 1).unwrap_or(self.text.len() + 1) - 1;
        let wanted = self.before(start) + column;
        let step = self.counts.partition_point(|count| *count <= wanted).saturating_sub(1);
        let from = (step * STEP).max(start).min(end);
        let mut left = wanted - self.before(from);
        let at = self.text.as_bytes()[from..end].iter().position(|byte| {
            let is_it = left == 0 && is_start(*byte);
            left = left.saturating_sub(usize::from(is_start(*byte)));
            is_it
        });
        Some(at.map_or(end, |at| from + at))
    }

    fn before(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        let step = byte / STEP;
        self.counts[step] + chars(&self.text.as_bytes()[step * STEP..byte])
    }
}

fn is_start(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

fn chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| is_start(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_as_by_walking() {
        for text in ["", "\n", "a", "aä𝄞\n\nb", &"xä𝄞\u{10ffff}".repeat(50), &"äö\n".repeat(70)] {
            let lines = Lines::new(text);
            for (byte, c) in text.char_indices().chain([(text.len(), '\n')]) {
                let (number, start) = lines.line(byte);
                assert_eq!(start, text[..byte].rfind('\n').map_or(0, |at| at + 1), "{byte} of {text}");
                let column = text[start..byte].chars().count();
                assert_eq!(lines.between(start, byte), column, "{byte} of {text}");
                assert_eq!(lines.byte(number, column), Some(byte), "{c} at {byte} of {text}");
            }
            assert_eq!(lines.byte(0, 10_000), Some(text.find('\n').unwrap_or(text.len())), "{text}");
            assert_eq!(lines.byte(10_000, 0), None);
        }
    }
}
