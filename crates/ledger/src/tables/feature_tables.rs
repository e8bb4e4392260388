//! The table `cluster_features`: one list of columns, from which come the row type, the schema, both ways between
//! rows and columns, and the reference page.

use std::sync::Arc;

use arrow_array::builder::PrimitiveBuilder;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};

use super::columns::{Columns, batch, number_array};
use super::{Table, TableError, field};
use crate::{AddressId, ClusterId};

/// What one column of `cluster_features` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureColumn {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// What it says.
    pub about: &'static str,
    /// When it is null; empty where it never is.
    pub null: &'static str,
}

/// A type that stands in a column of features.
trait Value: Copy {
    type Arrow: ArrowPrimitiveType;
    const NULLABLE: bool;
    fn to_native(self) -> Option<<Self::Arrow as ArrowPrimitiveType>::Native>;
    fn from_native(native: Option<<Self::Arrow as ArrowPrimitiveType>::Native>) -> Option<Self>;
    /// The nearest number; `None` for null.
    fn number(self) -> Option<f64>;
}

macro_rules! value {
    ($native:ty, $arrow:ty) => {
        impl Value for $native {
            type Arrow = $arrow;
            const NULLABLE: bool = false;
            fn to_native(self) -> Option<$native> {
                Some(self)
            }
            fn from_native(native: Option<$native>) -> Option<Self> {
                native
            }
            fn number(self) -> Option<f64> {
                Some(self as f64)
            }
        }

        impl Value for Option<$native> {
            type Arrow = $arrow;
            const NULLABLE: bool = true;
            fn to_native(self) -> Self {
                self
            }
            fn from_native(native: Self) -> Option<Self> {
                Some(native)
            }
            fn number(self) -> Option<f64> {
                self.map(|value| value as f64)
            }
        }
    };
}

value!(u64, UInt64Type);
value!(i64, Int64Type);
value!(f64, Float64Type);

fn column_field<V: Value>(name: &str) -> Field {
    Field::new(name, <V::Arrow as ArrowPrimitiveType>::DATA_TYPE, V::NULLABLE)
}

fn column_to<V: Value>(values: impl ExactSizeIterator<Item = V>) -> ArrayRef {
    let mut builder = PrimitiveBuilder::<V::Arrow>::with_capacity(values.len());
    values.for_each(|value| builder.append_option(value.to_native()));
    Arc::new(builder.finish())
}

fn column_from<V: Value>(columns: &Columns<'_>, name: &'static str) -> Result<Vec<V>, TableError> {
    let array = columns.nullable::<V::Arrow>(name)?;
    let value = |row: usize| {
        let native = (!array.is_null(row)).then(|| array.value(row));
        V::from_native(native).ok_or_else(|| columns.bad(name, row, "null"))
    };
    (0..array.len()).map(value).collect()
}

macro_rules! features {
    ($($name:ident: $value:ty, $unit:literal, $about:literal, $null:literal;)*) => {
        /// A row of the table `cluster_features`: what the ledger says of the behavior of one cluster.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct ClusterFeatures {
            /// The cluster.
            pub cluster: ClusterId,
            $(
                #[doc = $about]
                pub $name: $value,
            )*
        }

        impl ClusterFeatures {
            /// The values of [`FEATURE_COLUMNS`] as the nearest numbers; `None` where null.
            pub fn numbers(&self) -> [Option<f64>; FEATURE_COLUMNS.len()] {
                [$(Value::number(self.$name),)*]
            }
        }

        /// Every column of `cluster_features` but the first, which names the cluster.
        pub const FEATURE_COLUMNS: &[FeatureColumn] = &[$(
            FeatureColumn { name: stringify!($name), unit: $unit, about: $about, null: $null },
        )*];

        /// One row a cluster.
        pub static CLUSTER_FEATURES: Table = Table {
            name: "cluster_features",
            about: "what the ledger says of the behavior of one cluster; `docs/reference/features.md` tells what each \
                    column means and when it is null",
            key: None,
            columns: || vec![
                field("cluster", DataType::UInt32),
                $(column_field::<$value>(stringify!($name)),)*
            ],
        };

        /// Rows of `cluster_features` to columns.
        pub fn cluster_features_to(rows: &[ClusterFeatures]) -> RecordBatch {
            batch(&CLUSTER_FEATURES, vec![
                number_array::<UInt32Type>(rows.iter().map(|row| row.cluster.get().get())),
                $(column_to::<$value>(rows.iter().map(|row| row.$name)),)*
            ])
        }

        /// Rows of `cluster_features` from columns.
        ///
        /// # Errors
        /// If the batch has another schema, or null where a value must stand.
        pub fn cluster_features_from(batch: &RecordBatch) -> Result<Vec<ClusterFeatures>, TableError> {
            let columns = Columns::new(&CLUSTER_FEATURES, batch);
            let clusters = columns.numbers::<UInt32Type>("cluster")?;
            $(let $name = column_from::<$value>(&columns, stringify!($name))?;)*
            let row = |row: usize| ClusterFeatures {
                cluster: ClusterId::new(AddressId::new(clusters[row])),
                $($name: $name[row],)*
            };
            Ok((0..batch.num_rows()).map(row).collect())
        }
    };
}

features! {
    n_addresses: u64, "addresses", "Addresses in the cluster.", "";
    first_time_s: Option<i64>, "Unix seconds", "Block time of its first transaction.", "no transaction";
    last_time_s: Option<i64>, "Unix seconds", "Block time of its last transaction.", "no transaction";
    n_active_days: u64, "days", "Days (UTC) with a transaction of it.", "";
    n_transactions: u64, "transactions", "Transactions with a known input or an output of it.", "";
    n_sending: u64, "transactions", "Transactions with a known input of it.", "";
    n_receiving: u64, "transactions", "Transactions that pay it and have no known input of it.", "";
    n_self: u64, "transactions", "Transactions of which it owns every input and every spendable output.", "";
    n_inputs_unknown: u64, "transactions", "Its transactions in which some spent output is unknown.", "";
    n_payers: u64, "clusters", "Different clusters that paid it; mixing transactions do not count.", "";
    n_payees: u64, "clusters", "Different clusters that it paid; mixing transactions do not count.", "";
    n_payers_and_payees: u64, "clusters", "Clusters that paid it and were paid by it.", "";
    received_sat: Option<u64>, "satoshi", "Sum of what it gained by a transaction: all outputs to it where it has no input, else the outputs that exceed its inputs.", "the sum is over 64 bits";
    received_mean_sat: Option<u64>, "satoshi", "Mean of the gains, rounded down.", "no gain";
    received_median_sat: Option<u64>, "satoshi", "Median of the gains (the lower one of an even number).", "no gain";
    received_max_sat: Option<u64>, "satoshi", "Largest gain.", "no gain";
    sent_sat: Option<u64>, "satoshi", "Sum of what it lost by a transaction, inputs less outputs, with its part of the fee.", "it sent, but never by a transaction of which all inputs are known, or the sum is over 64 bits";
    sent_mean_sat: Option<u64>, "satoshi", "Mean of the losses, rounded down.", "no known loss";
    sent_median_sat: Option<u64>, "satoshi", "Median of the losses (the lower one of an even number).", "no known loss";
    sent_max_sat: Option<u64>, "satoshi", "Largest loss.", "no known loss";
    n_sent_unknown: u64, "transactions", "Sending transactions left out of the amounts, because an input is unknown.", "";
    n_unspent: u64, "outputs", "Outputs to it in this ledger that nothing in this ledger spends.", "";
    unspent_sat: Option<u64>, "satoshi", "Sum of these outputs; its balance, if the ledger begins with block 0 and has no gap.", "the sum is over 64 bits";
    fees_sat: Option<u64>, "satoshi", "Fees of transactions that it paid alone.", "no such transaction with all inputs known";
    fee_rate_median_sat_per_vbyte: Option<f64>, "satoshi a virtual byte", "Median fee rate of these transactions (the lower one of an even number).", "no such transaction of known weight";
    mixing_sending_share: Option<f64>, "share", "Sending transactions that are possibly collaborative.", "never sent";
    mixing_receiving_share: Option<f64>, "share", "Receiving transactions that are possibly collaborative.", "never received";
    mixing_sent_amount_share: Option<f64>, "share", "Amount of its inputs that went into possibly collaborative transactions.", "its known inputs hold nothing";
    mixing_received_amount_share: Option<f64>, "share", "Amount of its outputs that came out of possibly collaborative transactions.", "its outputs hold nothing";
    dwell_mean_s: Option<f64>, "seconds", "Mean time from output to spending, block time to block time, not below 0.", "no spent output is in the ledger";
    dwell_p10_s: Option<u64>, "seconds", "A tenth of them are spent at least as soon.", "no spent output is in the ledger";
    dwell_p50_s: Option<u64>, "seconds", "Half of them are spent at least as soon.", "no spent output is in the ledger";
    dwell_p90_s: Option<u64>, "seconds", "Nine tenths of them are spent at least as soon.", "no spent output is in the ledger";
    dwell_known_share: Option<f64>, "share", "Its inputs whose spent output is in the ledger.", "no known input";
    address_reuse_share: Option<f64>, "share", "Addresses paid by two transactions or more, of those that were paid.", "never paid";
    round_payment_share: Option<f64>, "share", "Payments to others, by transactions that it paid alone, that are multiples of 0.001 coins.", "no such payment";
    payments_mean: Option<f64>, "outputs", "Mean number of payments to others in transactions that it paid alone.", "no such transaction";
    batch_share: Option<f64>, "share", "Transactions paid alone that make five payments or more.", "no such transaction";
    peel_share: Option<f64>, "share", "Transactions paid alone with one input and two spendable outputs.", "no such transaction";
    gather_share: Option<f64>, "share", "Transactions paid alone with three inputs or more and one spendable output.", "no such transaction";
    hour_entropy_bits: Option<f64>, "bits", "Entropy of the hour (UTC) of sending, 0 to 4.58.", "never sent";
    weekday_entropy_bits: Option<f64>, "bits", "Entropy of the weekday (UTC) of sending, 0 to 2.81.", "never sent";
    replaceable_share: Option<f64>, "share", "Sending transactions that signal replacement (BIP 125).", "never sent";
    lock_time_share: Option<f64>, "share", "Sending transactions with a lock time above 0.", "never sent";
    low_r_share: Option<f64>, "share", "Inputs whose ECDSA signatures all have a low R, of those with an ECDSA signature.", "no ECDSA signature was seen";
    coinbase_share: Option<f64>, "share", "Amount of its outputs that is newly mined.", "its outputs hold nothing";
    p2pkh_share: Option<f64>, "share", "Outputs to it of type pubkeyhash.", "never paid";
    p2sh_share: Option<f64>, "share", "Outputs to it of type scripthash.", "never paid";
    p2wpkh_share: Option<f64>, "share", "Outputs to it of type witness_v0_keyhash.", "never paid";
    p2wsh_share: Option<f64>, "share", "Outputs to it of type witness_v0_scripthash.", "never paid";
    p2tr_share: Option<f64>, "share", "Outputs to it of type witness_v1_taproot.", "never paid";
    other_script_share: Option<f64>, "share", "Outputs to it of any other type.", "never paid";
}
