//! Chance that nobody can guess.

/// Fills bytes with what the system's generator gives.
pub fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has a generator of random bytes");
}
