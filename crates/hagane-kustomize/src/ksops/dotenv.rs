//! dotenv files as ksops reads them: with quotes, escapes, comments behind values, `export`, and variables of the same file.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// The values of a file by their keys; of repeated keys the last.
type Pairs = BTreeMap<String, Zeroizing<String>>;

/// Bytes of all values of a file: variables put into one another can double with each line.
const MAX_BYTES: usize = 16 << 20;

/// Returns the pairs of a file, or the line that is wrong and what is wrong with it. No message holds a value.
pub(super) fn pairs(text: &str) -> Result<Pairs, (u32, String)> {
    let text = Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n"));
    let mut pairs = Pairs::new();
    let mut room = MAX_BYTES;
    let mut rest = text.as_str();
    let mut line = 1;
    loop {
        let next = rest.trim_start();
        line += lines(rest, next);
        rest = next;
        if rest.is_empty() {
            return Ok(pairs);
        }
        if rest.starts_with('#') {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        let (key, after) = key(rest).map_err(|message| (line, message.to_owned()))?;
        let (value, after) = value(after, &pairs, &mut room).map_err(|wrong| (line, wrong.of(key)))?;
        pairs.insert(key.to_owned(), value);
        line += lines(rest, after);
        rest = after;
    }
}

/// Returns how many line breaks there are between a text and an end of it.
fn lines(text: &str, end: &str) -> u32 {
    text[..text.len() - end.len()].matches('\n').count() as u32
}

/// What is wrong with a value.
#[derive(Clone, Copy)]
enum Wrong {
    Unclosed,
    TooLarge,
}

impl Wrong {
    fn of(self, key: &str) -> String {
        match self {
            Wrong::Unclosed => format!("the quote of `{key}` is not closed"),
            Wrong::TooLarge => {
                format!("with `{key}`, whose variables are put in, the values are larger than 16 MiB")
            }
        }
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

/// Returns a value and what stands behind it. What it takes is taken from `room`.
fn value<'t>(text: &'t str, pairs: &Pairs, room: &mut usize) -> Result<(Zeroizing<String>, &'t str), Wrong> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let (line, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
        let starts_comment =
            |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
        let end = line.match_indices('#').find(starts_comment).map_or(line.len(), |(at, _)| at);
        return Ok((expanded(line[..end].trim(), pairs, room)?, rest));
    };
    let inner = &text[1..];
    let is_end = |(at, _): &(usize, char)| !inner[..*at].ends_with('\\');
    let end = inner.char_indices().filter(|(_, c)| *c == quote).find(is_end);
    let (end, _) = end.ok_or(Wrong::Unclosed)?;
    let (quoted, rest) = (&inner[..end], &inner[end + 1..]);
    let value = match quote {
        '"' => expanded(&unescaped(quoted), pairs, room)?,
        _ => joined(&[quoted], room)?,
    };
    Ok((value, rest))
}

/// Joins the parts of a value, whose length is known before anything is built.
fn joined(parts: &[&str], room: &mut usize) -> Result<Zeroizing<String>, Wrong> {
    let length = parts.iter().map(|part| part.len()).sum();
    *room = room.checked_sub(length).ok_or(Wrong::TooLarge)?;
    let mut out = Zeroizing::new(String::with_capacity(length));
    parts.iter().for_each(|part| out.push_str(part));
    Ok(out)
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
fn expanded(text: &str, pairs: &Pairs, room: &mut usize) -> Result<Zeroizing<String>, Wrong> {
    let mut parts = Vec::new();
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
        parts.push(before.strip_suffix('\\').unwrap_or(before));
        if escaped {
            parts.push(&sign[..whole]);
            rest = &sign[whole..];
        } else if sign[1..].starts_with('(') {
            rest = &sign[1..];
        } else if length > 0 {
            parts.push(pairs.get(&name[..length]).map_or("", |value| value));
            rest = &sign[whole..];
        } else {
            parts.push(&sign[..whole]);
            rest = &sign[whole..];
        }
    }
    parts.push(rest);
    joined(&parts, room)
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

    #[test]
    fn values_that_double_each_time_end() {
        // 2^40 bytes, if somebody built them.
        let doubling = |depth: usize| {
            let lines = (1..=depth).map(|n| format!("A{n}=$A{}${{A{}}}\n", n - 1, n - 1));
            format!("A0=ab\n{}", lines.collect::<String>())
        };
        let (line, message) = pairs(&doubling(40)).expect_err("it is too large");
        let want = "with `A23`, whose variables are put in, the values are larger than 16 MiB";
        assert_eq!((line, message.as_str()), (24, want));
        assert_eq!(pairs(&doubling(10)).map(|pairs| pairs["A10"].len()), Ok(2048));
        // One value a line, none larger than a MiB, and all of them too large.
        let many = format!("A={}\n{}", "x".repeat(1 << 20), "B=$A\n".repeat(20));
        assert_eq!(pairs(&many).map_err(|(line, _)| line).err(), Some(17));
    }

    #[test]
    fn many_lines_are_counted_once() {
        let text = format!("{}\n?", "\n# x\nA='1\n2'\n".repeat(200_000));
        let got = pairs(&text).map_err(|(line, _)| line);
        assert_eq!(got.err(), Some(1_000_002 - 200_000));
    }
}
