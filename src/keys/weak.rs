//! Public keys whose private half can be computed, or that verify what nobody signed.

/// How many primes the test for ROCA takes: those from 11 to 359.
const PRIMES: usize = 68;

/// A prime, and the powers of 65537 by it as bits.
struct Powers {
    prime: u64,
    members: [u64; 6],
}

const POWERS: [Powers; PRIMES] = powers();

/// Whether an RSA modulus has the fingerprint of Infineon's library (ROCA, CVE-2017-15361).
///
/// Its primes are `k * M + 65537^a mod M`, where M is the product of the first primes. So the
/// modulus is a power of 65537 by each of them, as one of 2^84 others is. Nemec and others, "The
/// Return of Coppersmith's Attack" (2017), section 2.3.
pub(super) fn is_roca(modulus: &[u8]) -> bool {
    POWERS.iter().all(|powers| {
        let rest = remainder(modulus, powers.prime);
        let (word, bit) = (rest / 64, rest % 64);
        let word = usize::try_from(word)
            .ok()
            .and_then(|at| powers.members.get(at));
        word.is_some_and(|word| word >> bit & 1 == 1)
    })
}

/// A number, big-endian, by a small one.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the divisor is no zero, and less than 2^9"
)]
fn remainder(number: &[u8], divisor: u64) -> u64 {
    let (first, words) = number.as_rchunks::<4>();
    let rest = first
        .iter()
        .fold(0, |rest, byte| (rest << 8 | u64::from(*byte)) % divisor);
    words.iter().fold(rest, |rest, word| {
        (rest << 32 | u64::from(u32::from_be_bytes(*word))) % divisor
    })
}

/// Whether an Ed25519 key is a point of small order, by which a signature holds for any message.
/// They are `y` of the points of order 1, 2, 4 and 8 on the curve of RFC 8032, section 5.1, and two
/// that are written as more than the field's prime.
pub(super) fn has_small_order(x: &[u8]) -> bool {
    const FIELD: u8 = 0xed;
    let Some((last, first)) = x.split_last() else {
        return true;
    };
    // The sign of the other coordinate.
    let last = last & 0x7f;
    let is_small = |least: u8, filler: u8, greatest: u8| {
        let mut first = first.iter();
        first.next() == Some(&least) && first.all(|byte| *byte == filler) && last == greatest
    };
    let ends = [(0, 0, 0), (1, 0, 0)];
    let about_the_field = [FIELD - 1, FIELD, FIELD + 1].map(|least| (least, 0xff, 0x7f));
    ends.into_iter()
        .chain(about_the_field)
        .any(|(least, filler, greatest)| is_small(least, filler, greatest))
        || ORDER_8.iter().any(|point| {
            let (end, start) = point.split_last().unwrap_or((&0, &[]));
            start == first && *end == last
        })
}

/// The two `y` of points of order 8, little-endian: roots of `d y^4 + 2 y^2 - 1`.
const ORDER_8: [[u8; 32]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which fails where it would"
)]
const fn powers() -> [Powers; PRIMES] {
    let mut table = [const {
        Powers {
            prime: 0,
            members: [0; 6],
        }
    }; PRIMES];
    let mut found = 0;
    let mut number = 11;
    while found < PRIMES {
        if is_prime(number) {
            table[found].prime = number;
            let mut power = 1;
            loop {
                table[found].members[(power / 64) as usize] |= 1 << (power % 64);
                power = power * 65_537 % number;
                if power == 1 {
                    break;
                }
            }
            found += 1;
        }
        number += 1;
    }
    table
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which fails where it would"
)]
const fn is_prime(number: u64) -> bool {
    let mut divisor = 2;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 1;
    }
    true
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a test fails where a number is too large"
)]
pub(super) mod tests {
    use super::{POWERS, has_small_order, is_roca, remainder};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};

    /// A number of 2,052 bits that is `power` by each of the first primes: what Infineon's library
    /// makes, as far as the test can tell.
    pub(in crate::keys) fn infineon(power: u64) -> Vec<u8> {
        // Little-endian: their product, by multiplying, and shifted to the right length.
        let mut product = vec![1_u8];
        let primes = (2_u64..360).filter(|number| super::is_prime(*number));
        for prime in primes {
            let mut carry = 0;
            for digit in &mut product {
                carry += u64::from(*digit) * prime;
                *digit = (carry & 0xff) as u8;
                carry >>= 8;
            }
            while carry > 0 {
                product.push((carry & 0xff) as u8);
                carry >>= 8;
            }
        }
        let mut modulus = vec![0; 257 - product.len()];
        modulus.extend(product);
        for (octet, added) in modulus.iter_mut().zip(power.to_le_bytes()) {
            *octet = added;
        }
        modulus.reverse();
        modulus
    }

    #[test]
    fn roca() {
        for power in [1, 65_537, 65_537 * 65_537] {
            assert!(is_roca(&infineon(power)), "{power}");
        }
        // No power of 65537: 3 is none by 11, 65539 is none by 13.
        for power in [3, 65_539] {
            assert!(!is_roca(&infineon(power)), "{power}");
        }
        let mut one_off = infineon(1);
        *one_off.last_mut().unwrap() ^= 4;
        assert!(!is_roca(&one_off));
        for _ in 0..3 {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            let modulus = pair.public_key().modulus();
            assert!(!is_roca(modulus.big_endian_without_leading_zero()));
        }
        assert!(!is_roca(&[]));
    }

    #[test]
    fn the_table() {
        assert_eq!(POWERS[0].prime, 11);
        assert_eq!(POWERS.last().unwrap().prime, 359);
        // 65537 is 10 by 11, and 10 * 10 is 1.
        assert_eq!(POWERS[0].members[0], 1 << 1 | 1 << 10);
        assert_eq!(
            remainder(&[1, 0, 0, 0, 0, 7], 359),
            ((1_u64 << 40) + 7) % 359
        );
        assert_eq!(remainder(&[9], 359), 9);
    }

    #[test]
    fn points_of_small_order() {
        let mut encoded = vec![[0; 32], [0xff; 32], [0xff; 32], [0xff; 32], [0; 32]];
        encoded[1][0] = 0xec;
        encoded[2][0] = 0xed;
        encoded[3][0] = 0xee;
        encoded[4][0] = 1;
        encoded.extend(super::ORDER_8);
        for mut point in encoded {
            for last in [point[31] & 0x7f, point[31] | 0x80] {
                point[31] = last;
                assert!(has_small_order(&point), "{point:x?}");
            }
            point[7] ^= 1;
            assert!(!has_small_order(&point), "{point:x?}");
        }
        for _ in 0..3 {
            let pair = Ed25519KeyPair::generate().unwrap();
            assert!(!has_small_order(pair.public_key().as_ref()));
        }
    }
}
