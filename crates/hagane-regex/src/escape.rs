//! Single characters written with a backslash: `\n`, `\.`, `\x{263A}`, `\141`.

use crate::RegexError;

/// The largest code point.
pub(crate) const MAX: u32 = 0x10FFFF;

/// Reads the escape at the start of `rest`, which begins with a backslash. Returns the code point (Go allows
/// surrogates, which no text has) and the bytes read. `offset` is where the backslash stands.
pub(crate) fn read(rest: &str, offset: usize) -> Result<(u32, usize), RegexError> {
    let wrong = |message: String| RegexError::new(offset, message);
    let letter = match rest.chars().nth(1) {
        Some(letter) => letter,
        None => return Err(wrong("the pattern ends in a backslash".to_owned())),
    };
    let code = match letter {
        '0' => return Ok(octal(rest)),
        '1'..='7' if rest.as_bytes().get(2).is_some_and(|b| (b'0'..=b'7').contains(b)) => {
            return Ok(octal(rest));
        }
        '1'..='9' => return Err(wrong(format!("back-references such as `\\{letter}` are not supported"))),
        'x' => return hexadecimal(rest).ok_or_else(|| wrong("`\\x` is not followed by a code point".into())),
        'a' => 0x07,
        'f' => 0x0C,
        'n' => 0x0A,
        'r' => 0x0D,
        't' => 0x09,
        'v' => 0x0B,
        _ if letter.is_ascii() && !letter.is_ascii_alphanumeric() => u32::from(letter),
        _ => return Err(wrong(format!("there is no escape `\\{letter}`"))),
    };
    Ok((code, 2))
}

/// Reads one to three octal digits behind the backslash.
fn octal(rest: &str) -> (u32, usize) {
    let digits = rest.bytes().skip(1).take(3).take_while(|b| (b'0'..=b'7').contains(b));
    digits.fold((0, 1), |(code, read), digit| (code * 8 + u32::from(digit - b'0'), read + 1))
}

/// Reads `\x7F` or `\x{10FFFF}`.
fn hexadecimal(rest: &str) -> Option<(u32, usize)> {
    let digits = rest.get(2..)?;
    let (digits, read) = match digits.strip_prefix('{') {
        Some(braced) => braced.split_once('}').map(|(digits, _)| (digits, 4 + digits.len()))?,
        None => (digits.get(..2)?, 4),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let code = if significant.is_empty() { 0 } else { u32::from_str_radix(significant, 16).ok()? };
    (code <= MAX).then_some((code, read))
}
