//! What a world is to be like: its seed and its size.

use crate::block::MATURITY;
use crate::laundering::LaunderingSpec;

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
    /// Wasabi-1-shaped rounds, every other one with several levels.
    pub n_wasabi_rounds: u32,
    /// Exchanges; the story's is the first.
    pub n_exchanges: u32,
    /// Wasabi-2-shaped rounds, aimed for: one that lacks people with coins waits.
    pub n_wabisabi_rounds: u32,
    /// JoinMarket-shaped rounds, aimed for.
    pub n_joinmarket_rounds: u32,
    /// Payments in which the payee gives inputs too, aimed for. Nothing on chain shows them, so each joins two owners
    /// by common input.
    pub n_payjoins: u32,
    /// Transactions of one owner that look like rounds, aimed for: Stonewall, equal payouts, equal splits, by turns.
    pub n_look_alikes: u32,
    /// Peeling chains besides the story's.
    pub n_peeling_chains: u32,
    /// Planted laundering.
    pub laundering: LaunderingSpec,
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

/// The bound of things of which a block holds one.
const A_BLOCK: &str = "at most one for each of its blocks after the first 100";

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
            n_exchanges: 1,
            n_wabisabi_rounds: 0,
            n_joinmarket_rounds: 0,
            n_payjoins: 0,
            n_look_alikes: 0,
            n_peeling_chains: 0,
            laundering: LaunderingSpec::NONE,
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
            n_exchanges: 1,
            n_wabisabi_rounds: 0,
            n_joinmarket_rounds: 0,
            n_payjoins: 0,
            n_look_alikes: 0,
            n_peeling_chains: 0,
            laundering: LaunderingSpec::NONE,
        }
    }

    /// A world to measure ownership on: every kind of wallet, exchange, mix and look-alike, about thirty thousand
    /// transactions in four hundred blocks.
    pub const fn ownership(seed: u64) -> Self {
        Self {
            seed,
            n_transactions: 30_000,
            n_blocks: 400,
            n_customers: 5_000,
            n_merchants: 50,
            n_miners: 6,
            n_whirlpool_rounds: 60,
            n_wasabi_rounds: 14,
            n_exchanges: 3,
            n_wabisabi_rounds: 24,
            n_joinmarket_rounds: 60,
            n_payjoins: 12,
            n_look_alikes: 60,
            n_peeling_chains: 12,
            laundering: LaunderingSpec::NONE,
        }
    }

    /// A world to measure risk on: the ordinary economy of [`WorldSpec::ownership`] with fewer mixes, laundering of every
    /// kind beside it, and half a year of quiet in the middle.
    pub const fn laundering(seed: u64) -> Self {
        Self {
            n_transactions: 34_000,
            n_blocks: 1_000,
            n_customers: 4_000,
            n_whirlpool_rounds: 12,
            n_wasabi_rounds: 3,
            n_wabisabi_rounds: 4,
            n_joinmarket_rounds: 8,
            n_look_alikes: 30,
            n_peeling_chains: 0,
            laundering: LaunderingSpec::SOME,
            ..Self::ownership(seed)
        }
    }

    /// The heights of the quiet time, the second not among them: none, at the end, where there is none.
    pub(crate) fn quiet(&self) -> (u32, u32) {
        let n_quiet = self.laundering.n_quiet_blocks;
        if n_quiet == 0 {
            return (self.n_blocks, self.n_blocks);
        }
        let from = MATURITY + self.n_blocks.saturating_sub(MATURITY + n_quiet) / 2;
        (from, from + n_quiet)
    }

    /// The same kind of world with about so many transactions: everything but exchanges, miners and the story grows
    /// with them, and blocks hold at most two thousand.
    #[must_use]
    pub fn scaled_to(self, n_transactions: u32) -> Self {
        let scale = |count: u32| {
            let scaled = u64::from(count) * u64::from(n_transactions)
                / u64::from(self.n_transactions.max(1));
            u32::try_from(scaled).unwrap_or(u32::MAX)
        };
        let n_blocks = self.n_blocks.max(100 + n_transactions / 2_000).clamp(180, 20_000);
        let n_active = n_blocks - 100;
        Self {
            n_transactions,
            n_blocks,
            n_customers: scale(self.n_customers).clamp(60, n_blocks * 20),
            n_merchants: scale(self.n_merchants).clamp(2, 100_000),
            n_whirlpool_rounds: scale(self.n_whirlpool_rounds).clamp(2, n_active / 4),
            n_wasabi_rounds: scale(self.n_wasabi_rounds).clamp(1, n_active / 20),
            n_wabisabi_rounds: scale(self.n_wabisabi_rounds).min(n_active),
            n_joinmarket_rounds: scale(self.n_joinmarket_rounds).min(n_active),
            n_payjoins: scale(self.n_payjoins).min(n_active),
            n_look_alikes: scale(self.n_look_alikes).min(n_active),
            n_peeling_chains: scale(self.n_peeling_chains).min(1_000),
            ..self
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
            ("n_exchanges", self.n_exchanges, 1, 100, "1 to 100"),
            ("n_wabisabi_rounds", self.n_wabisabi_rounds, 0, n_active, A_BLOCK),
            ("n_joinmarket_rounds", self.n_joinmarket_rounds, 0, n_active, A_BLOCK),
            ("n_payjoins", self.n_payjoins, 0, n_active, A_BLOCK),
            ("n_look_alikes", self.n_look_alikes, 0, n_active, A_BLOCK),
            ("n_peeling_chains", self.n_peeling_chains, 0, 1_000, "at most 1000"),
        ];
        let planted = self.laundering;
        if planted.any()
            && (planted.n_quiet_blocks < 20 || self.n_blocks < planted.n_quiet_blocks + 740)
        {
            return Err(SpecError {
                field: "n_blocks",
                given: self.n_blocks,
                range: "at least 740 beside 20 or more quiet ones to plant laundering",
            });
        }
        for (field, given, least, most, range) in bounds {
            if !(least..=most).contains(&given) {
                return Err(SpecError { field, given, range });
            }
        }
        Ok(())
    }
}
