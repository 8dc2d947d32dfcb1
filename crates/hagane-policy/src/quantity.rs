//! Amounts as Kubernetes writes them: `500m`, `128Mi`, `1e3`.

use std::cmp::Ordering;

/// The suffixes and what they stand for.
const SUFFIXES: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];

/// Returns which of two amounts is larger; nothing where one is none.
pub(crate) fn compare(one: &str, other: &str) -> Option<Ordering> {
    amount(one)?.partial_cmp(&amount(other)?)
}

fn amount(text: &str) -> Option<f64> {
    let (number, factor) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)))
        .unwrap_or((text, 1.0));
    let is_number =
        number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    number.parse::<f64>().ok().filter(|value| is_number && value.is_finite()).map(|value| value * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_compared_in_any_notation() {
        let check = |one, other, want| assert_eq!(compare(one, other), want, "{one} {other}");
        check("1Gi", "1024Mi", Some(Ordering::Equal));
        check("1G", "1Gi", Some(Ordering::Less));
        check("500m", "0.5", Some(Ordering::Equal));
        check("1e3", "1k", Some(Ordering::Equal));
        check("2E", "1Ei", Some(Ordering::Greater));
        check("1", "x", None);
        check("", "1", None);
        check("nan", "inf", None);
        check("1Gi ", "1", None);
    }
}
