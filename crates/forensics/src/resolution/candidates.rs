//! Candidates: pairs of clusters worth comparing, without comparing all with all.
//!
//! In: profiles. Out: pairs `a` < `b` of clusters that have spent, each with its [`Ties`], by (a, b).
//! Source: blocking, as in Fellegi and Sunter, "A Theory for Record Linkage", JASA 1969. The keys:
//! - one paid the other (change not recognized, a purse moved on, a peeling chain's next step);
//! - both pay one address, or one cluster, that no more than `degree_max` clusters pay;
//! - both are paid by one cluster that pays no more than `degree_max` others.
//!
//! Dust ties nobody: anybody can send it to any address that is on chain, and does, to be spent together with other coins.
//!
//! **Bounds, all counted in [`Skipped`].** A key shared by more clusters than `degree_max` (a service) makes no pairs. Of
//! the pairs of a cluster the best `candidates_max` stay (more kinds of ties, then rarer ones, then the smaller
//! ids), and a pair stays only if it is among the best of *both*: a service keeps few of its customers.
//! Cost: O(P log P) for P payments and pairs; pairs are at most payments × `degree_max`, then clusters ×
//! `candidates_max` / 2.
//! Checked against: all pairs by double loop (`tests/it/resolution.rs`).

use ledger::TxIndex;

use super::pair::{EVIDENCE_MAX, Signs, Ties};
use super::profiles::{Payment, Profiles};

/// Bounds of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandidateLimits {
    /// A counterparty or address shared by more clusters ties nobody.
    pub degree_max: u32,
    /// Pairs that one cluster may be in.
    pub candidates_max: u32,
    /// Payments of so many satoshi or less tie nobody.
    pub dust_sat_max: u64,
}

impl Default for CandidateLimits {
    fn default() -> Self {
        Self { degree_max: 8, candidates_max: 32, dust_sat_max: 1_000 }
    }
}

/// Two clusters to be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The profile of the smaller cluster, as its place in [`Profiles::all`].
    pub a: u32,
    /// That of the larger.
    pub b: u32,
    /// What ties them.
    pub ties: Ties,
}

/// What the bounds left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Addresses and clusters shared by more than `degree_max`.
    pub n_keys: u64,
    /// Pairs that these would have made, counted once a key.
    pub n_key_pairs: u128,
    /// Payments of dust.
    pub n_dust: u64,
    /// Pairs over the bound of one of their clusters.
    pub n_pairs: u64,
}

/// Candidates, and what was left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// By (a, b).
    pub pairs: Vec<Candidate>,
    /// Left out.
    pub skipped: Skipped,
}

/// One reason to compare a pair.
#[derive(Clone, Copy, Debug)]
struct Tie {
    pair: (u32, u32),
    kind: Kind,
    /// The payments that show it, as places; one of them twice for a direct payment.
    shown_by: [u32; 2],
    /// Clusters that share the key.
    degree: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Direct,
    Deposit,
    Payee,
    Payer,
}

impl Candidates {
    /// All pairs within the limits.
    ///
    /// # Panics
    /// There are 2^32 payments: [`Profiles`] of fewer records have fewer.
    pub fn new(profiles: &Profiles<'_>, limits: CandidateLimits) -> Self {
        let activity = profiles.activity();
        let amount_sat = |payment: &Payment| {
            activity.payees_of(payment.spend as usize)[payment.payee as usize].amount_sat
        };
        let all = (0u32..).zip(profiles.payments());
        let payments = all.filter(|(_, payment)| amount_sat(payment) > limits.dust_sat_max);
        let payments: Vec<(u32, &Payment)> = payments.collect();
        let n_dust = (profiles.payments().len() - payments.len()) as u64;
        let skipped = Skipped { n_dust, ..Skipped::default() };
        let mut found = Found { profiles, payments, limits, ties: Vec::new(), skipped };
        found.direct();
        found.shared();
        let Found { mut ties, skipped, .. } = found;
        ties.sort_unstable_by_key(|tie| (tie.pair, tie.kind, tie.shown_by));
        let pairs = ties.chunk_by(|one, next| one.pair == next.pair);
        let pairs = pairs.map(|ties| candidate(profiles, ties)).collect();
        let mut candidates = Self { pairs, skipped };
        candidates.keep_best(profiles.all().len(), limits.candidates_max as usize);
        candidates
    }

    /// Leaves the pairs that are among the best of both of their clusters.
    fn keep_best(&mut self, n_profiles: usize, n_max: usize) {
        let mut order: Vec<usize> = (0..self.pairs.len()).collect();
        let strength = |at: usize| {
            let ties = &self.pairs[at].ties;
            let kinds =
                [ties.n_paid != [0, 0], ties.n_deposits > 0, ties.n_payees > 0, ties.n_payers > 0];
            let n_kinds = kinds.into_iter().filter(|is_there| *is_there).count();
            let weight = f64::from(ties.n_deposits) + ties.payees_weight + ties.payers_weight;
            (n_kinds, weight)
        };
        order.sort_by(|&one, &other| {
            let (one_strength, other_strength) = (strength(one), strength(other));
            let by_kinds = other_strength.0.cmp(&one_strength.0);
            by_kinds.then(other_strength.1.total_cmp(&one_strength.1)).then(one.cmp(&other))
        });
        let mut n_better = vec![0usize; n_profiles];
        let mut is_kept = vec![false; self.pairs.len()];
        for at in order {
            let ends = [self.pairs[at].a as usize, self.pairs[at].b as usize];
            is_kept[at] = ends.iter().all(|end| n_better[*end] < n_max);
            ends.iter().for_each(|end| n_better[*end] += 1);
        }
        let mut kept = is_kept.iter();
        self.pairs.retain(|_| *kept.next().expect("one a pair"));
        self.skipped.n_pairs = (is_kept.len() - self.pairs.len()) as u64;
    }
}

struct Found<'p> {
    profiles: &'p Profiles<'p>,
    /// With their places in the profiles' payments.
    payments: Vec<(u32, &'p Payment)>,
    limits: CandidateLimits,
    ties: Vec<Tie>,
    skipped: Skipped,
}

impl Found<'_> {
    fn direct(&mut self) {
        for &(at, payment) in &self.payments {
            let Some(payee) = self.profiles.position(payment.cluster) else { continue };
            let payee = u32::try_from(payee).expect("profiles are fewer than records");
            let pair = (payment.payer.min(payee), payment.payer.max(payee));
            self.ties.push(Tie { pair, kind: Kind::Direct, shown_by: [at, at], degree: 2 });
        }
    }

    /// Pairs that share an address paid, a cluster paid, a payer.
    fn shared(&mut self) {
        let activity = self.profiles.activity();
        let address = |p: &Payment| activity.payees_of(p.spend as usize)[p.payee as usize].address;
        let profiles = self.profiles;
        let payer = |p: &Payment| Some(p.payer);
        self.keyed(Kind::Deposit, address, payer);
        self.keyed(Kind::Payee, |p| p.cluster, payer);
        let payee =
            |p: &Payment| profiles.position(p.cluster).and_then(|at| u32::try_from(at).ok());
        self.keyed(Kind::Payer, |p| p.payer, payee);
    }

    /// The degree of a key is the number of clusters on its other side, whether or not they have a profile.
    fn keyed(
        &mut self,
        kind: Kind,
        key: impl Fn(&Payment) -> u32,
        end: impl Fn(&Payment) -> Option<u32>,
    ) {
        let side = |p: &Payment| if kind == Kind::Payer { p.cluster } else { p.payer };
        let payments = self.payments.iter();
        let mut rows: Vec<(u32, u32, u32)> =
            payments.map(|&(at, payment)| (key(payment), side(payment), at)).collect();
        rows.sort_unstable();
        rows.dedup_by_key(|row| (row.0, row.1));
        for rows in rows.chunk_by(|one, next| one.0 == next.0).filter(|rows| rows.len() > 1) {
            let degree = u32::try_from(rows.len()).expect("fewer than payments");
            if degree > self.limits.degree_max {
                self.skipped.n_keys += 1;
                self.skipped.n_key_pairs += u128::from(degree) * u128::from(degree - 1) / 2;
                continue;
            }
            let ends = rows
                .iter()
                .filter_map(|row| Some((end(&self.profiles.payments()[row.2 as usize])?, row.2)));
            let ends: Vec<(u32, u32)> = ends.collect();
            for (first, one) in ends.iter().enumerate() {
                for other in &ends[first + 1..] {
                    let (one, other) = (one.min(other), one.max(other));
                    let (pair, shown_by) = ((one.0, other.0), [one.1, other.1]);
                    self.ties.push(Tie { pair, kind, shown_by, degree });
                }
            }
        }
    }
}

fn candidate(profiles: &Profiles<'_>, found: &[Tie]) -> Candidate {
    let (a, b) = found[0].pair;
    let mut ties = Ties::default();
    let mut evidence: Vec<TxIndex> = Vec::new();
    for tie in found {
        let weight = 1.0 / f64::from(tie.degree - 1);
        let shown = tie.shown_by.map(|at| &profiles.payments()[at as usize]);
        match tie.kind {
            Kind::Direct => {
                ties.n_paid[usize::from(shown[0].payer == b)] += 1;
                ties.signs.add(&Signs::of(profiles, shown[0]));
            }
            Kind::Deposit => ties.n_deposits += 1,
            Kind::Payee => {
                ties.n_payees += 1;
                ties.payees_weight += weight;
            }
            Kind::Payer => {
                ties.n_payers += 1;
                ties.payers_weight += weight;
            }
        }
        evidence.extend(shown.map(|payment| profiles.spend(payment.spend).tx));
    }
    evidence.sort_unstable();
    evidence.dedup();
    evidence.truncate(EVIDENCE_MAX);
    Candidate { a, b, ties: Ties { evidence, ..ties } }
}
