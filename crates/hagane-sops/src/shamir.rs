//! Shamir's secret sharing as HashiCorp Vault does it: a polynomial a byte over GF(2^8) with the modulus
//! 0x11B; a part is the bytes of the secret's share and then, last, its x.

use zeroize::Zeroizing;

use crate::SecretBytes;

/// Returns the secret of which these are parts. Too few parts give a wrong secret, not an error: it is the
/// MAC of the file that tells.
pub(crate) fn combine(parts: &[SecretBytes]) -> Option<SecretBytes> {
    let length = parts.first()?.expose().len();
    if parts.len() < 2 || length < 2 || parts.iter().any(|p| p.expose().len() != length) {
        return None;
    }
    let xs: Vec<u8> = parts.iter().map(|p| p.expose()[length - 1]).collect();
    if xs.iter().enumerate().any(|(i, x)| *x == 0 || xs[..i].contains(x)) {
        return None;
    }
    // The value at zero of the polynomial through the points, by Lagrange's formula.
    let weights: Vec<u8> = (0..xs.len())
        .map(|i| {
            let others = (0..xs.len()).filter(|&j| j != i);
            others.fold(1, |weight, j| multiply(weight, divide(xs[j], xs[i] ^ xs[j])))
        })
        .collect();
    let mut secret = Zeroizing::new(vec![0; length - 1]);
    for (byte, out) in secret.iter_mut().enumerate() {
        for (part, weight) in parts.iter().zip(&weights) {
            *out ^= multiply(part.expose()[byte], *weight);
        }
    }
    Some(SecretBytes::new(std::mem::take(&mut *secret)))
}

/// Returns `count` parts, of which `threshold` give the secret. `random` fills bytes with chance.
pub(crate) fn split(
    secret: &[u8],
    count: u8,
    threshold: usize,
    random: &dyn Fn(&mut [u8]),
) -> Vec<SecretBytes> {
    let mut polynomials = Zeroizing::new(vec![0; secret.len() * threshold.saturating_sub(1)]);
    random(&mut polynomials);
    let coefficients = |byte: usize| polynomials.iter().skip(byte).step_by(secret.len());
    let part = |x: u8| {
        let mut part = Vec::with_capacity(secret.len() + 1);
        for (byte, constant) in secret.iter().enumerate() {
            let higher = coefficients(byte).fold(0, |sum, coefficient| multiply(sum ^ coefficient, x));
            part.push(constant ^ higher);
        }
        part.push(x);
        SecretBytes::new(part)
    };
    (1..=count).map(part).collect()
}

/// Multiplies in the field, in the same time for all values.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0u8, |product, bit| {
        let carry = (product >> 7).wrapping_neg() & 0x1b;
        (product << 1) ^ carry ^ ((b >> bit & 1).wrapping_neg() & a)
    })
}

/// Divides by a value that is not zero: the inverse is the 254th power.
fn divide(a: u8, b: u8) -> u8 {
    let inverse = (0..7).fold(1, |power, _| multiply(multiply(power, power), b));
    multiply(a, multiply(inverse, inverse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_that_of_aes() {
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        for a in 1..=255 {
            assert_eq!(multiply(divide(1, a), a), 1, "{a}");
        }
    }

    #[track_caller]
    fn check(parts: &[&[u8]], secret: Option<&[u8]>) {
        let parts: Vec<SecretBytes> = parts.iter().map(|p| SecretBytes::new(p.to_vec())).collect();
        assert_eq!(combine(&parts).as_ref().map(SecretBytes::expose), secret);
    }

    #[test]
    fn what_is_split_comes_together() {
        let random = |bytes: &mut [u8]| {
            bytes.iter_mut().enumerate().for_each(|(i, b)| *b = (i as u8).wrapping_mul(37) ^ 5)
        };
        let secret = [1, 2, 3, 250];
        let parts = split(&secret, 5, 3, &random);
        for chosen in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
            let chosen = chosen.map(|index| parts[index].clone());
            assert_eq!(combine(&chosen).as_ref().map(SecretBytes::expose), Some(&secret[..]));
        }
        assert_ne!(combine(&parts[..2]).as_ref().map(SecretBytes::expose), Some(&secret[..]));
    }

    #[test]
    fn parts_give_the_secret() {
        // f(x) = 0x2a + 0x05·x
        check(&[&[0x2a ^ 5, 1], &[0x2a ^ 10, 2]], Some(&[0x2a]));
        check(&[&[0x2a ^ 15, 3], &[0x2a ^ 5, 1]], Some(&[0x2a]));
        check(&[&[0x2a ^ 5, 1]], None);
        check(&[&[7, 1], &[7, 1]], None);
        check(&[&[7, 0], &[7, 1]], None);
        check(&[&[7, 2], &[7, 7, 1]], None);
    }
}
