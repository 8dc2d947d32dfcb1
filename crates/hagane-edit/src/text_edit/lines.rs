//! The lines of a text: where they start and end, and how they are broken.

/// Returns the column of a byte in characters, from 0.
pub(super) fn column(text: &str, at: usize) -> usize {
    let start = line_start(text, at);
    let line = &text[start..at];
    line.strip_prefix('\u{feff}').unwrap_or(line).chars().count()
}

/// Returns where the line of a byte starts.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |found| found + 1)
}

/// Returns where the line of a byte ends, before its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |found| at + found)
}

/// Returns where the line after that of a byte starts; the end of the text if there is none.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    let end = line_end(text, at);
    match &text.as_bytes()[end..] {
        [b'\r', b'\n', ..] => end + 2,
        [_, ..] => end + 1,
        [] => end,
    }
}

/// Returns the bytes of the line break that ends at `at`.
pub(super) fn break_before(text: &str, at: usize) -> usize {
    match text.as_bytes().get(..at) {
        Some([.., b'\r', b'\n']) => 2,
        Some([.., b'\n' | b'\r']) => 1,
        _ => 0,
    }
}

/// Returns the line break of a text: that of its first line.
pub(super) fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        None if text.contains('\r') => "\r",
        _ => "\n",
    }
}

/// Returns a text whose lines but the first stand so many columns further in, or out where there are blanks enough.
pub(super) fn shifted(text: &str, columns: isize) -> String {
    let shift = |line: &str| match usize::try_from(columns) {
        _ if line.is_empty() => String::new(),
        Ok(further) => format!("{:further$}{line}", ""),
        Err(_) => {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            line[blanks.min(columns.unsigned_abs())..].to_owned()
        }
    };
    let lines: Vec<String> = text
        .split('\n')
        .enumerate()
        .map(|(i, line)| if i == 0 { line.into() } else { shift(line) })
        .collect();
    lines.join("\n")
}
