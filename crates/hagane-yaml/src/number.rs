//! Numbers as Go reads and prints them.

/// A number as Go's YAML libraries decode it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// Fits a signed 64-bit integer.
    Int(i64),
    /// Fits only an unsigned one.
    Uint(u64),
    /// Anything else.
    Float(f64),
}

/// Returns the integer that `strconv.ParseInt(text, 0, 64)` or `ParseUint` reads: a sign, the prefixes
/// `0x`, `0o`, `0b`, and `0` alone for octal. Underscores are gone before this is called.
pub(crate) fn parse_integer(text: &str) -> Option<Number> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.as_bytes().first()?.is_ascii_alphanumeric() {
        return None; // Rust would take a second sign here.
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return match magnitude {
            0..=0x7fff_ffff_ffff_ffff => Some(Number::Int(-(magnitude as i64))),
            0x8000_0000_0000_0000 => Some(Number::Int(i64::MIN)),
            _ => None,
        };
    }
    match i64::try_from(magnitude) {
        Ok(int) => Some(Number::Int(int)),
        Err(_) if signed => None, // ParseUint takes no sign.
        Err(_) => Some(Number::Uint(magnitude)),
    }
}

/// Returns whether the text has the shape of a decimal float: digits, a point, an exponent.
pub(crate) fn is_float_shape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut rest = match bytes.first() {
        Some(b'+' | b'-') => &bytes[1..],
        _ => bytes,
    };
    let digits = |b: &[u8]| b.iter().take_while(|c| c.is_ascii_digit()).count();
    let whole = digits(rest);
    rest = &rest[whole..];
    if let Some((b'.', after)) = rest.split_first() {
        let fraction = digits(after);
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    } else if whole == 0 {
        return false;
    }
    match rest.split_first() {
        None => true,
        Some((b'e' | b'E', after)) => {
            let after = match after.first() {
                Some(b'+' | b'-') => &after[1..],
                _ => after,
            };
            !after.is_empty() && digits(after) == after.len()
        }
        Some(_) => false,
    }
}

/// Returns the shortest decimal digits of `value` and the power of ten of the first one.
fn shortest(value: f64) -> (String, i32) {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn scientific(out: &mut String, digits: &str, exponent: i32, exponent_width: usize) {
    out.push_str(&digits[..1]);
    if digits.len() > 1 {
        out.push('.');
        out.push_str(&digits[1..]);
    }
    out.push('e');
    out.push(if exponent < 0 { '-' } else { '+' });
    out.push_str(&format!("{:0exponent_width$}", exponent.unsigned_abs()));
}

/// Returns `value` without an exponent: `strconv.FormatFloat(value, 'f', -1, 64)`.
pub fn go_fixed(value: f64) -> String {
    let mut out = String::new();
    if value.is_sign_negative() {
        out.push('-');
    }
    let (digits, exponent) = shortest(value);
    let point = exponent + 1;
    if point <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
        out.push_str(&digits);
    } else if digits.len() <= point as usize {
        out.push_str(&digits);
        out.extend(std::iter::repeat_n('0', point as usize - digits.len()));
    } else {
        out.push_str(&digits[..point as usize]);
        out.push('.');
        out.push_str(&digits[point as usize..]);
    }
    out
}

/// Returns what `strconv.FormatFloat(value, 'g', -1, 64)` prints: an exponent below 1e-4 and from 1e6 on.
pub fn go_general(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    let (digits, exponent) = shortest(value);
    if (-4..6).contains(&exponent) || value == 0.0 {
        return go_fixed(value);
    }
    let mut out = String::new();
    if value.is_sign_negative() {
        out.push('-');
    }
    scientific(&mut out, &digits, exponent, 2);
    out
}

/// Returns what `encoding/json` prints for a finite float.
pub fn go_json(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let (digits, exponent) = shortest(value);
        let mut out = String::new();
        if value.is_sign_negative() {
            out.push('-');
        }
        // JSON drops the zero of a negative one-digit exponent (1e-07), and never pads a positive one below 21.
        scientific(&mut out, &digits, exponent, if exponent < 0 { 1 } else { 2 });
        return out;
    }
    go_fixed(value)
}
