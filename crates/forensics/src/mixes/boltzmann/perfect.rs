//! The perfect mix: all inputs equal, all outputs equal, no fee. How many mappings one has, as a yardstick.

/// Mappings of the perfect transaction next to one of so many inputs and outputs: the larger side is rounded up to a
/// multiple of the smaller. As a float, because it is only divided by.
pub(super) fn n_mappings(n_inputs: usize, n_outputs: usize) -> f64 {
    let (few, many) = (n_inputs.min(n_outputs), n_inputs.max(n_outputs));
    if few <= 1 {
        return 1.0;
    }
    let factor = many.div_ceil(few);
    let mut ways = vec![1.0];
    for n in 1..=few {
        // The part with the first coin has s coins, and factor * s of the other side.
        let with_first = (1..=n)
            .map(|s| binomial(n - 1, s - 1) * binomial(factor * n, factor * s) * ways[n - s]);
        ways.push(with_first.sum());
    }
    ways[few]
}

fn binomial(n: usize, k: usize) -> f64 {
    (1..=k).fold(1.0, |product, i| product * as_float(n - k + i) / as_float(i)).round()
}

fn as_float(n: usize) -> f64 {
    f64::from(u32::try_from(n).expect("a transaction has fewer coins than 2^32"))
}

#[cfg(test)]
mod tests {
    use super::n_mappings;

    #[test]
    fn perfect_mixes_have_the_published_numbers() {
        #[track_caller]
        fn check(n_inputs: usize, n_outputs: usize, expected: f64) {
            assert!((n_mappings(n_inputs, n_outputs) / expected - 1.0).abs() < 1e-12);
        }
        check(2, 4, 7.0);
        check(3, 5, 136.0);
        check(5, 5, 1_496.0);
        check(7, 5, n_mappings(5, 10));
        check(8, 8, 9_934_563.0);
        check(9, 9, 277_006_192.0);
        check(1, 9, 1.0);
    }
}
