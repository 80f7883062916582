//! Random numbers that a seed repeats: `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>).

use std::time::Duration;

/// A generator.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from nothing up to this.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        // The upper 53 bits are as many as a number of this kind holds.
        most.mul_f64((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Random;

    #[test]
    fn numbers_are_those_of_the_reference() {
        let mut random = Random::seeded(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn durations_spread_evenly() {
        let mut random = Random::seeded(1);
        let most = Duration::from_secs(1);
        let mut tenths = [0; 10];
        for _ in 0..100_000 {
            let tenth = random.up_to(most).as_millis() / 100;
            tenths[usize::try_from(tenth).unwrap()] += 1;
        }
        assert!(
            tenths.iter().all(|count| (9_500..10_500).contains(count)),
            "{tenths:?}"
        );
    }
}
