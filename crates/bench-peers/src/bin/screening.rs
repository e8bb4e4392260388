//! In-process screening of many addresses against a store, one at a time, with everything the answer holds.
//!
//! In: a store and a number of questions, asked twice: of random addresses, which no ledger holds, and of addresses of
//! the ledger taken at random, whose answers carry cluster, hits, tags and up to four paths. Out: p50, p90, p99, p99.9 and the
//! slowest of each.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use engine::{Address, AddressFamily, Chain, Engine, ScreenOptions, View};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Fault = Box<dyn std::error::Error>;

fn main() -> Result<(), Fault> {
    let mut arguments = std::env::args().skip(1);
    let store = PathBuf::from(arguments.next().ok_or("usage: screening STORE [QUESTIONS]")?);
    let n_questions: usize = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let view = Engine::open(&store, &[])?.view()?;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    measure("random addresses", &view, n_questions, || random_address(&mut random))?;
    let known: Vec<String> = view.addresses().collect();
    if known.is_empty() {
        return Ok(());
    }
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let n_known = known.len() as u64;
    measure("addresses of the ledger", &view, n_questions, || {
        let at = usize::try_from(random.next_u64() % n_known).expect("below a length");
        known[at].clone()
    })
}

fn measure(
    what: &str,
    view: &View,
    n_questions: usize,
    mut question: impl FnMut() -> String,
) -> Result<(), Fault> {
    let options = ScreenOptions::default();
    let mut times = Vec::with_capacity(n_questions);
    let (mut n_hits, mut n_connected) = (0, 0);
    for _ in 0..n_questions {
        let text = question();
        let asked = Instant::now();
        let answer = view.screen(&text, &options)?;
        times.push(asked.elapsed());
        n_hits += usize::from(answer.hit);
        n_connected += usize::from(answer.proximity.from_listed.is_some());
    }
    times.sort_unstable();
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1000];
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{what}: {n_questions} questions, {n_hits} hits, {n_connected} with a path from a listed entity"
    );
    for (name, per_mille) in
        [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999), ("slowest", 1000)]
    {
        println!("{name:>8} {:>9.2} us", micros(at(per_mille)));
    }
    Ok(())
}

fn random_address(random: &mut ChaCha8Rng) -> String {
    let mut hash = [0; 20];
    random.fill_bytes(&mut hash);
    Address::of_20(AddressFamily::P2pkh, hash).display(Chain::Bitcoin)
}
