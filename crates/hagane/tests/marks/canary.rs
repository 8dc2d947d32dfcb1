//! Texts that are found again wherever they end, raw or in base64.

use hagane_cases::rng::Rng;

/// The canaries of one composition.
#[derive(Default)]
pub(crate) struct Canaries {
    /// What each is made of: to find one part is to find a canary.
    parts: Vec<String>,
}

impl Canaries {
    /// Returns a new part.
    pub(crate) fn part(&mut self, rng: &mut Rng) -> String {
        let letters: String = (0..9).map(|_| char::from(rng.pick(b"bcdfghjkmnpqrstvwxz"))).collect();
        let part = format!("q{}{letters}", self.parts.len());
        self.parts.push(part.clone());
        part
    }

    /// Returns a new canary of two parts, which `-` parts.
    pub(crate) fn two(&mut self, rng: &mut Rng) -> String {
        format!("{}-{}", self.part(rng), self.part(rng))
    }

    /// Returns whether a text holds bytes of a canary, as they are or in base64.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        let unbroken = text.replace('\n', "");
        self.parts.iter().any(|part| {
            text.contains(part.as_str()) || encodings(part).iter().any(|encoded| unbroken.contains(encoded))
        })
    }
}

/// Returns what of a text's base64 does not depend on its neighbours, for each place where it may begin.
fn encodings(text: &str) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let bytes: Vec<u8> = std::iter::repeat_n(b' ', before).chain(text.bytes()).collect();
        let whole = base64(&bytes[..bytes.len() / 3 * 3]);
        whole[(before * 8).div_ceil(6)..].to_owned()
    })
}

/// Returns the base64 of whole triples.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for triple in bytes.chunks(3) {
        let number = triple.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        let number = number << (8 * (3 - triple.len()));
        for place in 0..4 {
            out.push(match place > triple.len() {
                true => '=',
                false => char::from(LETTERS[(number >> (18 - 6 * place)) as usize & 63]),
            });
        }
    }
    out
}

#[test]
fn a_canary_is_found() {
    let mut canaries = Canaries::default();
    let part = canaries.part(&mut Rng::new(7));
    for text in ["", "a", "ab", "abc", "abcd"].map(|before| format!("{before}{part}zz")) {
        assert!(canaries.are_in(&text) && canaries.are_in(&base64(text.as_bytes())), "{text}");
    }
    assert!(!canaries.are_in("") && !canaries.are_in(&base64(b"another text altogether")));
}
