//! Profiles: what each cluster does, as of the last block of an [`Activity`] and the labels of one moment.
//!
//! In: records and the cluster of every address. Out: one [`Profile`] a cluster that has spent, by cluster; payments
//! between clusters.
//! Definition: a record belongs to the cluster of its inputs. If they lie in several clusters (a link between them is
//! held or withdrawn) it is nobody's and counted in `n_split`.
//! **When clusters merge**, the profile of the union is [`Profile::add`] of the two, exactly: every part of it is a sum,
//! a smallest or a largest. Two things depend on labels on *both* sides and are made again with the labels: payments
//! (one between the two becomes the owner's own) and the position of change.
//! Cost: O(records + outputs + input addresses) and a sort of the records by cluster.
//! Checked against: counting by double loop, sums of parts (`tests/it/resolution.rs`).

use std::cmp::Reverse;

use ledger::{AddressId, ClusterId, Height};

use super::activity::{Activity, Payee, Spend, UNKNOWN};
use super::error::ResolutionError;
use super::rules::slots;

/// What one cluster does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The cluster.
    pub cluster: ClusterId,
    /// How many transactions of its own it made; at least 1.
    pub n_spends: u64,
    /// The block in which its first address appeared.
    pub first_seen: Height,
    /// The block of its first transaction.
    pub first_spend: Height,
    /// The block of its last one.
    pub last_spend: Height,
    /// How many of them show which class of which habit: place of the class, count; ascending, counts above 0.
    counts: Vec<(u8, u32)>,
}

impl Profile {
    /// Makes this the profile of the union of two clusters that have no address in common.
    pub fn add(&mut self, other: &Self) {
        self.cluster = self.cluster.min(other.cluster);
        self.n_spends += other.n_spends;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.first_spend = self.first_spend.min(other.first_spend);
        self.last_spend = self.last_spend.max(other.last_spend);
        self.counts.extend_from_slice(&other.counts);
        self.counts.sort_unstable();
        self.counts.dedup_by(|next, sum| {
            let same = next.0 == sum.0;
            sum.1 += if same { next.1 } else { 0 };
            same
        });
    }

    /// The counts of the classes from place `from` to before `to`.
    pub(super) fn histogram(&self, from: usize, to: usize) -> Vec<f64> {
        let mut histogram = vec![0.0; to - from];
        let own = self.counts.iter().map(|(place, count)| (usize::from(*place), *count));
        for (place, count) in own.filter(|(place, _)| (from..to).contains(place)) {
            histogram[place - from] = f64::from(count);
        }
        histogram
    }
}

/// A payment from one cluster to another, once for each transaction and payee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payment {
    /// The payer's profile.
    pub(super) payer: u32,
    /// The cluster paid.
    pub(super) cluster: u32,
    /// The record.
    pub(super) spend: u32,
    /// The largest output of the record to that cluster (of equal ones the first), among its payees.
    pub(super) payee: u32,
}

/// The profiles of all clusters that have spent.
#[derive(Clone, Debug)]
pub struct Profiles<'a> {
    activity: &'a Activity,
    labels: &'a [u32],
    profiles: Vec<Profile>,
    /// Records by profile, then order.
    rows: Vec<u32>,
    starts: Vec<usize>,
    /// How often change of a two-output payment was the first output, and the second.
    change_positions: Vec<[f64; 2]>,
    payments: Vec<Payment>,
    n_split: u64,
}

impl<'a> Profiles<'a> {
    /// The profiles under these labels, one an address.
    ///
    /// # Errors
    /// An address of the records has no label, or there are 2^32 records.
    pub fn new(activity: &'a Activity, labels: &'a [u32]) -> Result<Self, ResolutionError> {
        if (activity.n_addresses() as usize) > labels.len() {
            return Err(ResolutionError::NoLabel {
                n_addresses: activity.n_addresses(),
                n_labels: labels.len(),
            });
        }
        let n_spends = u32::try_from(activity.n_spends())
            .map_err(|_| ResolutionError::TooManySpends { n_spends: activity.n_spends() })?;
        let mut owned: Vec<(u32, u32)> = Vec::with_capacity(n_spends as usize);
        for spend in 0..n_spends {
            let inputs = activity.inputs_of(spend as usize);
            let label = labels[inputs[0] as usize];
            if inputs.iter().all(|input| labels[*input as usize] == label) {
                owned.push((label, spend));
            }
        }
        let n_split = u64::from(n_spends) - owned.len() as u64;
        owned.sort_unstable();
        let mut profiles = Self {
            activity,
            labels,
            profiles: Vec::new(),
            rows: owned.iter().map(|row| row.1).collect(),
            starts: vec![0],
            change_positions: Vec::new(),
            payments: Vec::new(),
            n_split,
        };
        for rows in owned.chunk_by(|one, next| one.0 == next.0) {
            profiles.push(rows);
        }
        profiles.payments.sort_unstable_by_key(|row| (row.spend, row.payee));
        Ok(profiles)
    }

    fn push(&mut self, rows: &[(u32, u32)]) {
        let cluster = rows[0].0;
        let slots = slots();
        let mut counts = vec![0u32; slots[slots.len() - 1]];
        let mut positions = [0.0; 2];
        let payer = u32::try_from(self.profiles.len()).expect("fewer than records");
        for &(_, row) in rows {
            for (first, class) in slots.iter().zip(self.spend(row).habits) {
                if class != UNKNOWN {
                    counts[first + usize::from(class)] += 1;
                }
            }
            let payees = self.activity.payees_of(row as usize);
            let own = |payee: &Payee| self.labels[payee.address as usize] == cluster;
            if let [first, second] = payees
                && own(first) != own(second)
            {
                positions[usize::from(own(second))] += 1.0;
            }
            self.push_payments(payer, cluster, row);
        }
        let counts = (0u8..).zip(counts).filter(|(_, count)| *count > 0).collect();
        let (first, last) = (rows[0].1, rows[rows.len() - 1].1);
        self.profiles.push(Profile {
            cluster: ClusterId::new(AddressId::new(cluster)),
            n_spends: rows.len() as u64,
            first_seen: self.activity.first_seen(cluster),
            first_spend: self.spend(first).height,
            last_spend: self.spend(last).height,
            counts,
        });
        self.change_positions.push(positions);
        self.starts.push(self.starts[self.starts.len() - 1] + rows.len());
    }

    fn push_payments(&mut self, payer: u32, own: u32, spend: u32) {
        let payees = (0u32..).zip(self.activity.payees_of(spend as usize));
        let paid = payees.map(|(at, payee)| {
            (self.labels[payee.address as usize], Reverse(payee.amount_sat), at)
        });
        let mut paid: Vec<_> = paid.filter(|(cluster, ..)| *cluster != own).collect();
        paid.sort_unstable();
        paid.dedup_by_key(|row| row.0);
        let payment = |(cluster, _, payee)| Payment { payer, cluster, spend, payee };
        self.payments.extend(paid.into_iter().map(payment));
    }

    /// By cluster.
    pub fn all(&self) -> &[Profile] {
        &self.profiles
    }

    /// The profile of a cluster, `None` if it has not spent.
    pub fn of(&self, cluster: ClusterId) -> Option<&Profile> {
        self.position(cluster.get().get()).map(|at| &self.profiles[at])
    }

    /// Records whose inputs lie in several clusters: nobody's.
    pub fn n_split(&self) -> u64 {
        self.n_split
    }

    pub(super) fn position(&self, cluster: u32) -> Option<usize> {
        self.profiles.binary_search_by_key(&cluster, |p| p.cluster.get().get()).ok()
    }

    pub(super) fn activity(&self) -> &'a Activity {
        self.activity
    }

    pub(super) fn label(&self, address: u32) -> u32 {
        self.labels[address as usize]
    }

    pub(super) fn spend(&self, row: u32) -> &'a Spend {
        &self.activity.spends()[row as usize]
    }

    /// Records of a profile, in order.
    pub(super) fn rows(&self, profile: usize) -> &[u32] {
        &self.rows[self.starts[profile]..self.starts[profile + 1]]
    }

    pub(super) fn change_positions(&self, profile: usize) -> &[f64; 2] {
        &self.change_positions[profile]
    }

    /// In order of record, then output.
    pub(super) fn payments(&self) -> &[Payment] {
        &self.payments
    }
}
