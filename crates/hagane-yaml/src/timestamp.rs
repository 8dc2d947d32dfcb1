//! Timestamps, in the forms that Go reads.

/// Returns a timestamp in the form of RFC 3339 if the text is one in a form that Go reads: a date, or a date
/// and a time with `T`, `t` or a space, and a zone after the `T`.
pub fn timestamp(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let year: u32 = text[..4].parse().ok()?;
    let mut rest = &text[5..];
    let month = one_or_two_digits(&mut rest)?;
    rest = rest.strip_prefix('-')?;
    let day = one_or_two_digits(&mut rest)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let Some(separator) = rest.chars().next() else {
        return Some(date + "T00:00:00Z");
    };
    rest = rest.strip_prefix(['T', 't', ' '])?;
    if separator == ' ' {
        // Go takes any number of blanks for one.
        rest = rest.trim_start_matches(' ');
    }
    let hour = one_or_two_digits(&mut rest)?;
    rest = rest.strip_prefix(':')?;
    let minute = one_or_two_digits(&mut rest)?;
    rest = rest.strip_prefix(':')?;
    let second = one_or_two_digits(&mut rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = fraction_of_second(&mut rest);
    let zone = if separator == ' ' { rest.is_empty().then(|| "Z".to_owned()) } else { zone(rest) }?;
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

fn one_or_two_digits(rest: &mut &str) -> Option<u32> {
    let count = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at(count);
    *rest = after;
    digits.parse().ok()
}

/// Takes `.123` or `,123` off the front and returns it with nine digits at most and no zeros at the end.
fn fraction_of_second(rest: &mut &str) -> String {
    let Some(after) = rest.strip_prefix(['.', ',']) else {
        return String::new();
    };
    let count = after.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return String::new();
    }
    let digits = after[..count.min(9)].trim_end_matches('0');
    *rest = &after[count..];
    if digits.is_empty() { String::new() } else { format!(".{digits}") }
}

fn zone(text: &str) -> Option<String> {
    if text == "Z" {
        return Some("Z".into());
    }
    let &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = text.as_bytes() else {
        return None;
    };
    let number = |ten: u8, unit: u8| {
        (ten.is_ascii_digit() && unit.is_ascii_digit())
            .then(|| u32::from(ten - b'0') * 10 + u32::from(unit - b'0'))
    };
    let (hours, minutes) = (number(h1, h2)?, number(m1, m2)?);
    match (hours, minutes) {
        (0, 0) => Some("Z".into()),
        (0..=24, 0..=59) => Some(format!("{}{hours:02}:{minutes:02}", sign as char)),
        _ => None,
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
