//! What a world is to be like: its seed and its size.

/// The seed and size of a world. The same specification gives the same bytes, on any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldSpec {
    /// Everything random follows from it.
    pub seed: u64,
    /// Aim for the transactions of all blocks, coinbases among them; met within 5 % unless the story alone needs more.
    pub n_transactions: u32,
    /// Blocks, the genesis block among them. Money moves from block 101 on, when the first coinbase is mature.
    pub n_blocks: u32,
    /// People with a wallet. Half of them hold P2WPKH coins, which is what mixing rounds take.
    pub n_customers: u32,
    /// Shops that customers pay and that pay wages to customers.
    pub n_merchants: u32,
    /// Miners, who take turns by chance.
    pub n_miners: u32,
    /// Whirlpool-shaped rounds.
    pub n_whirlpool_rounds: u32,
    /// Wasabi-1-shaped rounds.
    pub n_wasabi_rounds: u32,
}

/// A specification that leaves no room for the story.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{field} is {given}, and a world needs {range}")]
pub struct SpecError {
    /// The field at fault.
    pub field: &'static str,
    /// What it holds.
    pub given: u32,
    range: &'static str,
}

impl SpecError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("start from `WorldSpec::small` or `WorldSpec::demo` and enlarge it".to_owned())
    }
}

impl WorldSpec {
    /// The world of the demonstration: a quarter of a million transactions in a thousand blocks.
    pub const fn demo(seed: u64) -> Self {
        Self {
            seed,
            n_transactions: 250_000,
            n_blocks: 1_000,
            n_customers: 3_000,
            n_merchants: 60,
            n_miners: 6,
            n_whirlpool_rounds: 150,
            n_wasabi_rounds: 12,
        }
    }

    /// A world for tests: the whole story in some nine hundred transactions.
    pub const fn small(seed: u64) -> Self {
        Self {
            seed,
            n_transactions: 900,
            n_blocks: 190,
            n_customers: 60,
            n_merchants: 6,
            n_miners: 3,
            n_whirlpool_rounds: 4,
            n_wasabi_rounds: 2,
        }
    }

    pub(crate) fn check(&self) -> Result<(), SpecError> {
        let n_blocks = self.n_blocks.clamp(180, 20_000); // for the bounds that depend on it
        let n_active = n_blocks - 100;
        let bounds = [
            ("n_blocks", self.n_blocks, 180, 20_000, "180 to 20000"),
            ("n_customers", self.n_customers, 60, n_blocks * 20, "60 to 20 times its blocks"),
            ("n_merchants", self.n_merchants, 2, 100_000, "2 to 100000"),
            ("n_miners", self.n_miners, 2, 1_000, "2 to 1000"),
            ("n_transactions", self.n_transactions, 0, 50_000_000, "at most 50000000"),
            (
                "n_whirlpool_rounds",
                self.n_whirlpool_rounds,
                2,
                n_active / 4,
                "2 to a quarter of its blocks after the first 100",
            ),
            (
                "n_wasabi_rounds",
                self.n_wasabi_rounds,
                1,
                n_active / 20,
                "1 to a twentieth of its blocks after the first 100",
            ),
        ];
        for (field, given, least, most, range) in bounds {
            if !(least..=most).contains(&given) {
                return Err(SpecError { field, given, range });
            }
        }
        Ok(())
    }
}
