//! Which address families a currency or network, as packs write it, may have.
//!
//! Used only to count contradictions and to tell damage from a chain unknown to us; never to match.

use ledger::AddressFamily as F;

const SEGWIT: &[F] =
    &[F::P2pkh, F::P2sh, F::P2wpkh, F::P2wsh, F::P2tr, F::Witness, F::Script, F::BareMultisig];
const LEGACY: &[F] = &[F::P2pkh, F::P2sh, F::Script, F::BareMultisig];
const EVM: &[F] = &[F::Evm];
/// Tokens that live on several chains.
const TOKEN: &[F] = &[F::Evm, F::Tron, F::Solana, F::P2pkh, F::P2sh, F::P2wpkh, F::P2wsh, F::P2tr];

/// Whether a currency lives on many chains, some unknown to us: its addresses may be of any form.
pub(super) fn is_token(currency: &str) -> bool {
    families(currency).is_some_and(|families| families == TOKEN)
}

/// The families of a currency; `None` if it is of a chain that we do not decode, or not known at all.
pub(super) fn families(currency: &str) -> Option<&'static [F]> {
    Some(match currency.to_ascii_uppercase().as_str() {
        "BTC" | "XBT" | "BITCOIN" | "OMNI" => SEGWIT,
        "LTC" | "LITECOIN" | "BTG" => SEGWIT,
        "BCH" | "BSV" | "DOGE" | "DASH" | "ZEC" | "XVG" => LEGACY,
        "ETH" | "ETHEREUM" | "ETC" | "BSC" | "BEP20" | "MATIC" | "ARB" | "OPTIMISM" | "BASE" => EVM,
        "USDT" | "USDC" | "DAI" | "TUSD" => TOKEN,
        "TRX" | "TRON" => &[F::Tron],
        "SOL" | "SOLANA" => &[F::Solana],
        "XRP" | "RIPPLE" => &[F::Xrp],
        "XMR" | "MONERO" => &[F::Monero],
        _ => return None,
    })
}
