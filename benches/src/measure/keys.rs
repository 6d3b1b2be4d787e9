//! Which keys are asked for, in which order: always the same, for everybody.

use fastrand::Rng;

/// As many keys as fit anywhere.
pub const FEW: u64 = 1_000;

/// Each key in turn.
pub fn few() -> Vec<u64> {
    (0..FEW).collect()
}

/// Uniformly random keys below `universe`.
pub fn uniform(universe: u64, count: usize) -> Vec<u64> {
    let mut random = Rng::with_seed(7);
    (0..count).map(|_| random.u64(..universe)).collect()
}

/// Keys below `universe` of which the k-th most popular has a weight of k^-skew. Who is popular has nothing to do with
/// who was stored first.
pub fn zipf(universe: u64, skew: f64, count: usize) -> Vec<u64> {
    let mut random = Rng::with_seed(11);
    let mut sum = 0.0;
    let sums: Vec<f64> = (1..=universe)
        .map(|rank| {
            sum += (rank as f64).powf(-skew);
            sum
        })
        .collect();
    let mut keys: Vec<u64> = (0..universe).collect();
    random.shuffle(&mut keys);
    (0..count)
        .map(|_| {
            let at = random.f64() * sum;
            keys[sums.partition_point(|&below| below < at).min(keys.len() - 1)]
        })
        .collect()
}
