//! dotenv files as ksops reads them: with quotes, escapes, comments behind values, `export`, and variables of the same file.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// The values of a file by their keys; of repeated keys the last.
type Pairs = BTreeMap<String, Zeroizing<String>>;

/// Returns the pairs of a file, or the line that is wrong and what is wrong with it. No message holds a value.
pub(super) fn pairs(text: &str) -> Result<Pairs, (u32, String)> {
    let text = Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n"));
    let mut pairs = Pairs::new();
    let mut rest = text.as_str();
    loop {
        rest = rest.trim_start();
        let line = text[..text.len() - rest.len()].matches('\n').count() as u32 + 1;
        if rest.is_empty() {
            return Ok(pairs);
        }
        if rest.starts_with('#') {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        let (key, after) = key(rest).map_err(|message| (line, message.to_owned()))?;
        let (value, after) =
            value(after, &pairs).ok_or_else(|| (line, format!("the quote of `{key}` is not closed")))?;
        pairs.insert(key.to_owned(), value);
        rest = after;
    }
}

/// Returns a name, and what stands behind its `=` or `:`.
fn key(text: &str) -> Result<(&str, &str), &'static str> {
    let text = text.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(text);
    let text = text.trim_start_matches([' ', '\t']);
    let line = text.split('\n').next().unwrap_or_default();
    let end = line.find(['=', ':']).ok_or("a line is neither `NAME=VALUE` nor a comment")?;
    let name = line[..end].trim();
    match name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) && !name.is_empty() {
        true => Ok((name, text[end + 1..].trim_start_matches([' ', '\t']))),
        false => Err("a name has letters, digits, `_` and `.` alone"),
    }
}

/// Returns a value and what stands behind it; nothing where a quote is not closed.
fn value<'t>(text: &'t str, pairs: &Pairs) -> Option<(Zeroizing<String>, &'t str)> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let (line, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
        let starts_comment =
            |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
        let end = line.match_indices('#').find(starts_comment).map_or(line.len(), |(at, _)| at);
        return Some((expanded(line[..end].trim(), pairs), rest));
    };
    let inner = &text[1..];
    let is_end = |(at, _): &(usize, char)| !inner[..*at].ends_with('\\');
    let (end, _) = inner.char_indices().filter(|(_, c)| *c == quote).find(is_end)?;
    let (quoted, rest) = (&inner[..end], &inner[end + 1..]);
    let value = match quote {
        '"' => expanded(&unescaped(quoted), pairs),
        _ => Zeroizing::new(quoted.to_owned()),
    };
    Some((value, rest))
}

/// Puts line breaks in the place of `\n` and `\r`, and takes the backslash from before anything but `$`.
fn unescaped(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some(next)) if next != '$' => {
                chars.next();
                out.push(match next {
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                });
            }
            _ => out.push(c),
        }
    }
    out
}

/// Puts values in the place of `$NAME` and `${NAME}`, whose names are in capitals; `\$` and `$(` stay, without their first sign.
fn expanded(text: &str, pairs: &Pairs) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, sign) = rest.split_at(at);
        let escaped = before.ends_with('\\');
        let braced = sign[1..].starts_with('{');
        let name = &sign[1 + usize::from(braced)..];
        let length =
            name.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_').count();
        let closed = usize::from(name[length..].starts_with('}'));
        let whole = 1 + usize::from(braced) + length + closed;
        out.push_str(before.strip_suffix('\\').unwrap_or(before));
        if escaped {
            out.push_str(&sign[..whole]);
            rest = &sign[whole..];
        } else if sign[1..].starts_with('(') {
            rest = &sign[1..];
        } else if length > 0 {
            out.push_str(pairs.get(&name[..length]).map_or("", |value| value));
            rest = &sign[whole..];
        } else {
            out.push_str(&sign[..whole]);
            rest = &sign[whole..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::pairs;

    fn check(text: &str, want: &str) {
        let got = match pairs(text) {
            Ok(pairs) => pairs.iter().map(|(key, value)| format!("{key}={}|", **value)).collect(),
            Err((line, message)) => format!("{line}: {message}"),
        };
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn values() {
        check("", "");
        check("# a\n\nA=1\nB = 2 # two\n", "A=1|B=2|");
        check("export A=1\nA: 2", "A=2|");
        check("A='x # \\n $B'\nB=\"a\\nb # \\$C\"", "A=x # \\n $B|B=a\nb # $C|");
        check("A=a#b\nB=#c\nC=", "A=a#b|B=|C=|");
        check("A=1\nB=$A-${A}-$b-\\$A-$(x)", "A=1|B=1-1-$b-$A-(x)|");
        check("A=\"one\ntwo\"\nB=2", "A=one\ntwo|B=2|");
        check("A=\"say \\\"hi\\\"\"", "A=say \"hi\"|");
        check("A.b_1=x\r\nB=y\r\n", "A.b_1=x|B=y|");
    }

    #[test]
    fn mistakes_have_their_line_and_no_value() {
        check("A=1\nhunter2", "2: a line is neither `NAME=VALUE` nor a comment");
        check("A b=1", "1: a name has letters, digits, `_` and `.` alone");
        check("A=1\n\nB=\"x", "3: the quote of `B` is not closed");
        check("=x", "1: a name has letters, digits, `_` and `.` alone");
    }
}
