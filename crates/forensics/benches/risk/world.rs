//! Where blocks come from: real ones, a chain drawn like them, or an economy far denser than it.

use ledger::Entity;
use ledger::EntityId;
use tracehound_forensics::exposure::Parties;

use crate::chain::{Chain, Joined};
use crate::economy::{Blocks, Economy};
use crate::real::Real;
use crate::timed;

pub(crate) enum World {
    /// Copies of real blocks; clusters are those of the program.
    Real(Box<Real>),
    /// Figures of real blocks; clusters grow by common input.
    Chain(Box<Chain>),
    /// Everybody pays everybody within a day; wallets are known as such from their first block on.
    Dense(Economy),
}

/// A block, and what it changed of before.
pub(crate) struct News {
    pub(crate) blocks: Blocks,
    pub(crate) joined: Option<Joined>,
    /// What it took to find out; nothing where owners are drawn with the block.
    pub(crate) owners_ms: f64,
}

impl World {
    pub(crate) fn parties(&self) -> Parties<'_> {
        match self {
            Self::Real(real) => real.parties(),
            Self::Chain(chain) => chain.parties(),
            Self::Dense(economy) => economy.parties(),
        }
    }

    pub(crate) fn n_addresses(&self) -> usize {
        self.parties().owners.labels.len()
    }

    pub(crate) fn n_outputs(&self) -> usize {
        match self {
            Self::Real(real) => real.n_outputs(),
            Self::Chain(chain) => chain.n_outputs(),
            Self::Dense(economy) => economy.n_outputs(),
        }
    }

    /// Blocks until there are so many addresses, in parts of `n_at_once`.
    pub(crate) fn history(
        &mut self,
        n_addresses: u32,
        n_at_once: u32,
        mut take: impl FnMut(&Blocks, &Parties<'_>),
    ) {
        match self {
            Self::Real(real) => real.history(n_addresses, take),
            Self::Chain(chain) => {
                while chain.labels.len() < n_addresses as usize {
                    chain.draw();
                }
                // Who owns what is known from the beginning as it is at the end.
                for first in (0..chain.n_blocks()).step_by(n_at_once as usize) {
                    let end = chain.n_blocks().min(first + n_at_once);
                    take(&chain.written(first..end), &chain.parties());
                }
                chain.likeness();
            }
            Self::Dense(economy) => {
                while economy.wallets.len() < n_addresses as usize {
                    let blocks = economy.blocks(n_at_once);
                    take(&blocks, &economy.parties());
                }
            }
        }
    }

    pub(crate) fn block(&mut self) -> News {
        match self {
            Self::Real(real) => {
                let blocks = real.next_blocks();
                let (joined, owners_ms) = timed(|| real.own(&blocks));
                News { blocks, joined: Some(joined), owners_ms }
            }
            Self::Chain(chain) => {
                let (blocks, joined) = chain.block();
                News { blocks, joined: Some(joined), owners_ms: 0.0 }
            }
            Self::Dense(economy) => {
                News { blocks: economy.blocks(1), joined: None, owners_ms: 0.0 }
            }
        }
    }

    /// All transactions so far in which addresses take part; of worlds where nobody merges, none.
    pub(crate) fn touching(&self, addresses: impl Iterator<Item = u32>) -> Option<Blocks> {
        match self {
            Self::Real(real) => Some(real.touching(addresses)),
            Self::Chain(chain) => Some(chain.touching(addresses)),
            Self::Dense(_) => None,
        }
    }

    pub(crate) fn entities(&self) -> Vec<Entity> {
        if let Self::Real(real) = self {
            return real.known_entities();
        }
        let entity = |(id, category): (u32, &ledger::Category)| Entity {
            id: EntityId::new(id),
            category: *category,
            name: format!("entity {id}"),
            source: "pack drawn".to_owned(),
            source_version: "1".to_owned(),
            confidence: 100,
        };
        (0..).zip(self.parties().categories).map(entity).collect()
    }
}
