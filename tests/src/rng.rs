//! Numbers that look random and are the same every time, for tests over what nobody thought of.

/// A splitmix64 generator.
pub struct Rng(u64);

impl Rng {
    /// Returns a generator; the same seed gives the same numbers.
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`.
    pub fn up_to(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Returns whether something happens that happens once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.up_to(times) == 0
    }

    /// Returns one of several.
    pub fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.up_to(things.len())]
    }
}
