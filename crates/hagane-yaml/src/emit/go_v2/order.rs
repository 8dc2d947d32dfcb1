//! The order of keys.

use std::cmp::Ordering;

use super::EmitError;
use crate::{Mapping, Tag, scalar};

/// Returns the order of the entries, or the key that stands twice or is no string.
pub(super) fn sorted(mapping: &Mapping, depth: usize, in_flow: bool) -> Result<Vec<usize>, EmitError> {
    let entries = &mapping.entries;
    let mut order: Vec<usize> = (0..entries.len()).collect();
    for entry in entries {
        let is_text = matches!(entry.key.resolved_tag(), Tag::Str | Tag::Merge)
            || in_flow && scalar::gains_quotes_in_flow(&entry.key);
        if depth > 1 && !is_text {
            return Err(EmitError {
                span: entry.key.span,
                message: format!("the key `{}` is not a string", entry.key.text.shown()),
                hint: "quote the key",
            });
        }
    }
    let key = |i: usize| entries[i].key.text.as_str();
    merge_sort(&mut order, |a, b| natural(key(a), key(b)));
    for pair in order.windows(2) {
        if key(pair[0]) == key(pair[1]) {
            let (first, second) = (&entries[pair[0]].key, &entries[pair[1]].key);
            return Err(EmitError {
                span: second.span,
                message: format!(
                    "the key `{}` stands twice in this mapping, first in line {}",
                    first.text.shown(),
                    first.span.line
                ),
                hint: "keep one of them",
            });
        }
    }
    Ok(order)
}

/// Sorts as `sort_by` does, which may panic where an order goes round: `10` < `010` < `0x1` < `10`.
fn merge_sort(list: &mut [usize], compare: impl Fn(usize, usize) -> Ordering) {
    let mut out = Vec::with_capacity(list.len());
    let mut width = 1;
    while width < list.len() {
        out.clear();
        for pair in list.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let (Some((&a, rest_a)), Some((&b, rest_b))) = (left.split_first(), right.split_first()) {
                if compare(b, a) == Ordering::Less {
                    out.push(b);
                    right = rest_b;
                } else {
                    out.push(a);
                    left = rest_a;
                }
            }
            out.extend_from_slice(left);
            out.extend_from_slice(right);
        }
        list.copy_from_slice(&out);
        width *= 2;
    }
}

/// Compares keys as yaml.v2 sorts them: runs of digits as numbers, letters after everything else.
fn natural(a: &str, b: &str) -> Ordering {
    let shared = shared_bytes(a.as_bytes(), b.as_bytes());
    let (Some(&x), Some(&y)) = (a.as_bytes().get(shared), b.as_bytes().get(shared)) else {
        return a.len().cmp(&b.len());
    };
    if x.is_ascii() && y.is_ascii() && !x.is_ascii_digit() && !y.is_ascii_digit() {
        return (x.is_ascii_alphabetic(), x).cmp(&(y.is_ascii_alphabetic(), y));
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = (0..a.len().min(b.len())).find(|&i| a[i] != b[i]) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at].cmp(&b[at]),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero inside a number counts as a digit of that number; at its front it does not.
    let inside_number = (a[at] == '0' || b[at] == '0')
        && a[..at].iter().rev().take_while(|c| is_digit(**c)).any(|c| *c != '0');
    let start = i64::from(inside_number);
    let number = |text: &[char]| {
        let digits = text[at..].iter().take_while(|c| is_digit(**c)).count();
        let value = text[at..at + digits]
            .iter()
            .fold(start, |n, c| n.wrapping_mul(10).wrapping_add(i64::from(*c as u32) - 48));
        (value, digits)
    };
    number(&a).cmp(&number(&b)).then(a[at].cmp(&b[at]))
}

/// Returns how many bytes two texts begin with alike; labels share long ones.
fn shared_bytes(a: &[u8], b: &[u8]) -> usize {
    let (long_a, long_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let whole = 8 * long_a.iter().zip(long_b).take_while(|(x, y)| x == y).count();
    whole + a[whole..].iter().zip(&b[whole..]).take_while(|(x, y)| x == y).count()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}
