//! Messages to standard error, for people and for machines.

use std::fmt::Write as _;

use clap::ValueEnum;
use hagane::{Diagnostic, Severity, SourceMap, without_credentials};

use crate::Surroundings;

/// How messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Text, with the line of the file that it is about
    #[default]
    Human,
    /// A JSON object a line
    Json,
}

/// Writes the diagnostics to standard error.
pub(crate) fn tell(
    diagnostics: &[Diagnostic],
    map: &SourceMap,
    format: MessageFormat,
    surroundings: &mut Surroundings,
) {
    if diagnostics.is_empty() {
        return;
    }
    let mut text = String::new();
    for diagnostic in diagnostics {
        match format {
            MessageFormat::Human => human(&mut text, diagnostic, map, surroundings.coloured),
            MessageFormat::Json => json(&mut text, diagnostic, map),
        }
    }
    // Where even this cannot be written there is nobody to tell.
    let _ = surroundings.stderr.write_all(text.as_bytes());
}

/// Where a diagnostic points to: the path, and line and column where they are known.
fn place<'a>(diagnostic: &'a Diagnostic, map: &'a SourceMap) -> Option<(&'a str, Option<(u32, u32)>)> {
    let span = diagnostic.span;
    match map.path(span.file) {
        path if span.is_known() && !path.is_empty() => Some((path, Some((span.line, span.column)))),
        _ => diagnostic.path.as_deref().map(|path| (path, None)),
    }
}

fn human(out: &mut String, diagnostic: &Diagnostic, map: &SourceMap, coloured: bool) {
    let paint = |colour: &'static str| if coloured { (colour, "\x1b[0m") } else { ("", "") };
    let (word, colour) = match diagnostic.severity {
        Severity::Error => ("error", "\x1b[1;31m"),
        Severity::Warning => ("warning", "\x1b[1;33m"),
    };
    let (severity, end) = paint(colour);
    let (bold, _) = paint("\x1b[1m");
    let (dim, _) = paint("\x1b[1;34m");
    let (hint, _) = paint("\x1b[1;36m");
    let _ = writeln!(out, "{severity}{word}{end}{bold}: {}{end}", visible(&diagnostic.message));
    match place(diagnostic, map) {
        Some((path, Some((line, column)))) => {
            let pad = " ".repeat(line.to_string().len());
            let _ = writeln!(out, "{pad} {dim}-->{end} {}:{line}:{column}", visible(path));
            let is_shown = |line: &&str| diagnostic.quotable && without_credentials(line) == **line;
            if let Some(text) = map.line(diagnostic.span).filter(is_shown) {
                let (text, before, length) = excerpt(text, column as usize);
                let caret = format!("{}{}", " ".repeat(before), "^".repeat(length));
                let _ = writeln!(out, "{pad}  {dim}|{end}");
                let _ = writeln!(out, " {dim}{line} |{end} {text}");
                let _ = writeln!(out, "{pad}  {dim}|{end} {severity}{caret}{end}");
            }
        }
        Some((path, None)) => _ = writeln!(out, "  {dim}-->{end} {}", visible(path)),
        None => {}
    }
    if !diagnostic.layers.is_empty() {
        let layers: Vec<String> =
            diagnostic.layers.iter().map(|layer| format!("`{}`", visible(layer))).collect();
        let _ = writeln!(out, "  in layer {}", layers.join(", under "));
    }
    for note in &diagnostic.notes {
        let _ = writeln!(out, "{bold}note{end}: {}", visible(note));
    }
    for (text, span) in &diagnostic.places {
        let _ = writeln!(
            out,
            "{hint}hint{end}: {} ({}:{})",
            visible(text),
            visible(map.path(span.file)),
            span.line
        );
    }
    for text in &diagnostic.hints {
        let _ = writeln!(out, "{hint}hint{end}: {}", visible(text));
    }
}

/// The most characters of a line that are shown, and how many of them before the place.
const WIDTH: usize = 120;
const BEFORE: usize = 40;

/// Returns what to show of a line, and where and how long the mark below it is.
fn excerpt(line: &str, column: usize) -> (String, usize, usize) {
    let column = column.saturating_sub(1);
    let start = if line.chars().count() > WIDTH { column.saturating_sub(BEFORE) } else { 0 };
    let mut shown: String = if start > 0 { "…".into() } else { String::new() };
    let before = column - start + shown.chars().count();
    let mut rest = line.chars().skip(start);
    shown.extend(rest.by_ref().take(WIDTH).map(|c| if c == '\t' { ' ' } else { c }));
    if rest.next().is_some() {
        shown.push('…');
    }
    let length = token_length(line, column).min(shown.chars().count().saturating_sub(before)).max(1);
    (visible(&shown), before, length)
}

/// Returns how many characters the token at a place has: up to its closing quote, or to where a plain one ends.
fn token_length(line: &str, column: usize) -> usize {
    let token: Vec<char> = line.chars().skip(column).collect();
    match token.first() {
        Some(quote @ ('"' | '\'')) => {
            token.iter().skip(1).position(|c| c == quote).map_or(token.len(), |end| end + 2)
        }
        Some('{' | '[' | '-' | '|' | '>') | None => 1,
        Some(_) => {
            let mut depth = 0;
            let mut ends = |index: usize| match (token[index], token.get(index + 1)) {
                // `ENC[AES256_GCM,…]` is one.
                ('[', _) => {
                    depth += 1;
                    false
                }
                (']', _) if depth > 0 => {
                    depth -= 1;
                    false
                }
                (',', _) => depth == 0,
                (']' | '}', _) => true,
                (':', next) => next.is_none_or(|c| c.is_whitespace()),
                (c, _) => c.is_whitespace(),
            };
            (0..token.len()).find(|index| ends(*index)).unwrap_or(token.len())
        }
    }
}

/// Returns a name in a file as it may stand in a line of output: without characters that would steer a terminal or end
/// the line.
pub(crate) fn one_line(name: &str) -> String {
    visible(name).replace('\n', "\u{240a}")
}

/// Returns the text with control characters shown instead of obeyed: names in files must not steer a terminal.
fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => '\n',
        c if (c as u32) < 0x20 => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

fn json(out: &mut String, diagnostic: &Diagnostic, map: &SourceMap) {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let _ = write!(out, "{{\"severity\":\"{severity}\",\"message\":{}", quoted(&diagnostic.message));
    if let Some((path, position)) = place(diagnostic, map) {
        let _ = write!(out, ",\"path\":{}", quoted(path));
        if let Some((line, column)) = position {
            let _ = write!(out, ",\"line\":{line},\"column\":{column}");
        }
    }
    let at =
        |(text, span): &(String, hagane::Span)| format!("{text} ({}:{})", map.path(span.file), span.line);
    let hints: Vec<String> =
        diagnostic.places.iter().map(at).chain(diagnostic.hints.iter().cloned()).collect();
    let lists = [("layers", &diagnostic.layers), ("notes", &diagnostic.notes), ("hints", &hints)];
    for (name, texts) in lists {
        let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        let _ = write!(out, ",\"{name}\":[{}]", texts.join(","));
    }
    out.push_str("}\n");
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => _ = write!(out, "\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_below_the_token() {
        let check = |line: &str, column: usize, text: &str, mark: &str| {
            let (shown, before, length) = excerpt(line, column);
            assert_eq!((shown.as_str(), " ".repeat(before) + &"^".repeat(length)), (text, mark.to_owned()));
        };
        check("  - target: {kind: A}", 5, "  - target: {kind: A}", "    ^^^^^^");
        check("a: 'x y' # z", 4, "a: 'x y' # z", "   ^^^^^");
        check("\ta: b", 2, " a: b", " ^");
        check("a: [b,c]", 5, "a: [b,c]", "    ^");
        check("a: ENC[b,c] d", 4, "a: ENC[b,c] d", "   ^^^^^^^^");
        check("a:", 3, "a:", "  ^");
        check("a: \u{1b}[31m", 4, "a: ␛[31m", "   ^^^^^");
        check("http://x/y: z", 1, "http://x/y: z", "^^^^^^^^^^");
        let long = format!("{}needle{}", "a ".repeat(100), " b".repeat(100));
        let (shown, before, length) = excerpt(&long, 201);
        assert_eq!(shown.chars().skip(before).take(length).collect::<String>(), "needle");
        assert_eq!(shown.chars().count(), WIDTH + 2);
    }
}
