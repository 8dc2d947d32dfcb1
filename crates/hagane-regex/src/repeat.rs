//! Repetition operators: `*`, `+?`, `{2,5}`.

/// The most that a counted repetition may count, nested ones multiplied.
pub(crate) const MOST: u32 = 1000;

/// A repetition operator as read.
pub(crate) struct Repeat {
    pub(crate) least: u32,
    /// `None` is without end.
    pub(crate) most: Option<u32>,
    /// Whether it was written with braces; only those count against [`MOST`].
    pub(crate) counted: bool,
    /// Bytes read, without a `?` behind.
    pub(crate) read: usize,
}

/// Reads the operator at the start of `rest`; `None` when there is none, as for the braces of `a{,3}`,
/// which are text in Go.
pub(crate) fn read(rest: &str) -> Option<Repeat> {
    let (least, most) = match rest.as_bytes().first()? {
        b'*' => (0, None),
        b'+' => (1, None),
        b'?' => (0, Some(1)),
        b'{' => return braces(rest),
        _ => return None,
    };
    Some(Repeat { least, most, counted: false, read: 1 })
}

fn braces(rest: &str) -> Option<Repeat> {
    let (inside, _) = rest.get(1..)?.split_once('}')?;
    let (least, most) = match inside.split_once(',') {
        None => (number(inside)?, Some(number(inside)?)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some(Repeat { least, most, counted: true, read: inside.len() + 2 })
}

/// Returns the number; one too big for a `u32` is as wrong as `u32::MAX`. Go reads `{01}` as text.
fn number(digits: &str) -> Option<u32> {
    let wrong = digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit());
    if wrong || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

impl Repeat {
    /// Returns whether the counts by themselves are allowed.
    pub(crate) fn is_in_range(&self) -> bool {
        self.least <= MOST && self.most.is_none_or(|most| most <= MOST && self.least <= most)
    }

    /// Returns how often the operand is written out at most, given how often it is already by repetitions
    /// within it.
    pub(crate) fn weight(&self, within: u32) -> u32 {
        match (self.counted, self.most.unwrap_or(self.least)) {
            (true, 0) if self.most.is_some() => 1,
            (true, count) => within.saturating_mul(count.max(1)),
            (false, _) => within,
        }
    }

    /// Returns whether the operator repeats enough that nested counts are checked.
    pub(crate) fn multiplies(&self) -> bool {
        self.counted && (self.least >= 2 || self.most.is_some_and(|most| most >= 2))
    }
}
