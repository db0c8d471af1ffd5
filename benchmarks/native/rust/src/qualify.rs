//! The four checks with their production thresholds, each candidate after the verdict before it is known.
use std::fs::read_to_string;
use std::time::Instant;

const FEES_BPS: f64 = 11.0;

fn qualifies(spread: f64, funding: f64, size: f64) -> bool {
    let depth = if spread > 200.0 { 5000.0 } else if spread > 100.0 { 10000.0 } else { 50000.0 };
    let strength = funding.abs();
    let score = (spread / 50.0).min(1.0) * 100.0 * 0.5 + (strength / 0.01).min(1.0) * 100.0 * 0.3;
    let profit = spread - FEES_BPS - 10.0 - (2.0 + size / depth * 3.0).min(5.0);
    strength > 0.0001 && depth >= 2.0 * size && score as i32 >= 70 && profit > 0.0
}

#[inline(never)]
fn passing(candidates: &[(f64, f64, f64)]) -> usize {
    let (mut passed, mut offset) = (0, 0);
    for i in 0..candidates.len() {
        let (spread, funding, size) = candidates[i + offset];
        let verdict = usize::from(qualifies(spread, funding, size));
        passed += verdict;
        offset = verdict >> 3; // adds nothing, but makes the next address wait for the verdict
    }
    passed
}

pub fn measure(file: &str, repeats: u64) {
    let text = read_to_string(file).unwrap();
    let candidates: Vec<(f64, f64, f64)> = text.lines().map(candidate).collect();
    let mut passed = 0;
    let begun = Instant::now();
    for _ in 0..repeats {
        passed = passing(std::hint::black_box(&candidates));
    }
    let ns_each = begun.elapsed().as_nanos() as f64 / (repeats * candidates.len() as u64) as f64;
    println!("{{\"ns_each\": {ns_each}, \"passed\": {passed}}}");
}

fn candidate(line: &str) -> (f64, f64, f64) {
    let mut numbers = line.split_whitespace().map(|word| word.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap(), numbers.next().unwrap())
}
