//! In-process screening of many addresses against a store, one at a time, with everything the answer holds.
//!
//! In: a store and a number of questions, half of them addresses of the ledger, half random ones. Out: p50, p99, p99.9 and the slowest, and questions a second.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use engine::{Engine, ScreenOptions};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let store = PathBuf::from(arguments.next().ok_or("usage: screening STORE [QUESTIONS]")?);
    let n_questions: usize = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let engine = Engine::open(&store, &[])?;
    let view = engine.view()?;
    let known: Vec<String> = view.addresses().collect();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let options = ScreenOptions::default();
    let mut times = Vec::with_capacity(n_questions);
    let (mut n_hits, mut n_known) = (0, 0);
    let start = Instant::now();
    for question in 0..n_questions {
        let text = match question % 2 {
            0 if !known.is_empty() => known[random.next_u64() as usize % known.len()].clone(),
            _ => random_address(&mut random),
        };
        let asked = Instant::now();
        let answer = view.screen(&text, &options)?;
        times.push(asked.elapsed());
        n_hits += usize::from(answer.hit);
        n_known += usize::from(answer.in_ledger);
    }
    let elapsed = start.elapsed();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{n_questions} questions, {n_known} of addresses in the ledger, {n_hits} hits, in {:.1} s",
        elapsed.as_secs_f64()
    );
    for (name, share) in
        [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("slowest", 1.0)]
    {
        println!("{name:>8} {:>9.2} us", micros(at(share)));
    }
    Ok(())
}

fn random_address(random: &mut ChaCha8Rng) -> String {
    let mut hash = [0; 20];
    random.fill_bytes(&mut hash);
    engine::Address::of_20(engine::AddressFamily::P2pkh, hash).display(engine::Chain::Bitcoin)
}
