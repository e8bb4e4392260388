//! Thresholds and windows of every detector, with their defaults; a part of the configuration, in TOML.
//!
//! Parts are in percent and amounts in satoshi, so that everything is compared in whole numbers. Where a default comes from
//! is on the detector's page in `docs/methods/`.

use serde::{Deserialize, Serialize};

use super::error::PatternError;

const HOUR_S: u32 = 3_600;
const DAY_S: u32 = 24 * HOUR_S;

macro_rules! options {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

options! {
    /// What every detector is to find.
    PatternOptions {
        /// Transfers below this count for nothing: dust that anybody can send.
        transfer_sat_min: u64 = 10_000,
        /// The most of a cluster's newest events that one evaluation looks at; a cluster that is busier than that within a window
        /// is judged by its newest ones.
        events_max: u32 = 1_024,
        /// When clusters change, so many times as many events as there are in all are looked at to find out what depends on them; then
        /// everything is evaluated again. To look at one costs a tenth of evaluating it.
        relabel_factor: u32 = 4,
        /// Many payments just below a threshold of reporting.
        structuring: Structuring = Structuring::default(),
        /// Many pay one.
        fan_in: Fan = Fan { counterparties_min: 8, ..Fan::default() },
        /// One pays many.
        fan_out: Fan = Fan { amount_sat_min: 100_000_000, ..Fan::default() },
        /// Many pay one, who pays many.
        gather_scatter: GatherScatter = GatherScatter::default(),
        /// One pays many, who pay one.
        scatter_gather: ScatterGather = ScatterGather::default(),
        /// Money comes back to where it started.
        temporal_cycle: TemporalCycle = TemporalCycle::default(),
        /// A large coin is peeled step by step.
        peeling_chain: PeelingChain = PeelingChain::default(),
        /// Whole amounts move through level after level.
        layering: Layering = Layering::default(),
        /// What comes in goes out at once.
        pass_through: PassThrough = PassThrough::default(),
        /// Long rest, then everything leaves.
        dormancy_then_drain: Dormancy = Dormancy::default(),
        /// Straight from or to a mixer.
        mixer_within_a_hop: Nearby = Nearby::default(),
        /// Straight from or to a bridge.
        bridge_within_a_hop: Nearby = Nearby::default(),
        /// What comes in is turned into money at once.
        rapid_cash_out: CashOut = CashOut::default(),
    }
}

options! {
    /// Structuring.
    Structuring {
        /// From the first payment to the last, seconds.
        window_s: u32 = 2 * DAY_S,
        /// Thresholds of reporting, in whole units of the currency of the prices.
        thresholds: Vec<u64> = vec![10_000, 3_000, 1_000],
        /// A payment is just below a threshold from so many percent of it on.
        from_percent: u32 = 80,
        /// So many transactions at least have such a payment.
        payments_min: u32 = 4,
        /// Of all transactions of that side within the window, so many percent have one.
        share_percent_min: u32 = 60,
        /// The smallest of them is at least so many thousandths below the largest: a sum in equal parts falls below some threshold by
        /// chance.
        spread_permille_min: u32 = 10,
    }
}

options! {
    /// Fan-in and fan-out.
    Fan {
        /// From the first transfer to the last, seconds.
        window_s: u32 = DAY_S,
        /// So many distinct counterparties at least.
        counterparties_min: u32 = 10,
        /// So much in all, satoshi.
        amount_sat_min: u64 = 10_000_000,
        /// Fan-in: so many percent of the payers keep nothing back, as those who get change do. Fan-out: so many percent of what is paid
        /// came in within the window, and so many of what came in are paid.
        whole_percent_min: u32 = 80,
        /// Fan-in: and have so many percent at most left of all they ever got. Fan-out: no bound.
        kept_percent_max: u32 = 10,
        /// Fan-out: what is paid came from so many payers at most. Fan-in: no bound.
        funders_max: u32 = 3,
        /// Fan-out: no payee gets more than so many percent of what they get on average, as the change of a payroll does. Fan-in: no
        /// bound.
        largest_percent_max: u32 = 150,
    }
}

options! {
    /// Gather-scatter.
    GatherScatter {
        /// From the first transfer in to the last out, seconds.
        window_s: u32 = DAY_S,
        /// So many distinct payers at least.
        payers_min: u32 = 7,
        /// So many distinct payees at least.
        payees_min: u32 = 7,
        /// What went out is at least so many percent of what came in.
        out_percent_min: u32 = 90,
        /// So many percent of the payers keep nothing back, as those who get change do.
        whole_percent_min: u32 = 80,
        /// And have so many percent at most left of all they ever got.
        kept_percent_max: u32 = 10,
        /// What still comes in once it goes out is at most so many percent of what came in before.
        late_percent_max: u32 = 10,
        /// So much in all, satoshi.
        amount_sat_min: u64 = 10_000_000,
    }
}

options! {
    /// Scatter-gather.
    ScatterGather {
        /// From the first transfer to the last, seconds.
        window_s: u32 = 2 * DAY_S,
        /// So many branches at least, each over another last cluster.
        mids_min: u32 = 3,
        /// Each cluster between passes on at least so many percent of what the one before gave it, and no more than that.
        out_percent_min: u32 = 90,
        /// Over so many clusters a branch leads at most.
        relays_max: u32 = 8,
        /// A cluster with more events than that since it got the money is no wallet between but a business.
        relay_events_max: u32 = 64,
        /// So much in all, satoshi.
        amount_sat_min: u64 = 10_000_000,
        /// The most payees of the one at the start that are looked at, newest first.
        payees_max: u32 = 64,
    }
}

options! {
    /// Temporal cycles.
    TemporalCycle {
        /// From the first transfer to the last, seconds.
        window_s: u32 = 2 * DAY_S,
        /// So many transfers at least; two are a refund.
        length_min: u32 = 3,
        /// So many at most.
        length_max: u32 = 32,
        /// Each transfer is at least so many percent of the one before it, and no more than that.
        kept_percent_min: u32 = 97,
        /// The first transfer, satoshi.
        amount_sat_min: u64 = 50_000_000,
        /// A cluster with more events than that within the window is no wallet to which money comes back but a business.
        events_max: u32 = 64,
        /// The most transfers that are looked at for one that may close a cycle.
        visited_max: u32 = 2_000,
    }
}

options! {
    /// Peeling chains.
    PeelingChain {
        /// From one step to the next, seconds.
        step_s: u32 = 6 * HOUR_S,
        /// So many steps at least.
        steps_min: u32 = 8,
        /// What is peeled is at most so many percent.
        peel_percent_max: u32 = 20,
        /// The rest that moves on, at least, at the first step, satoshi.
        amount_sat_min: u64 = 10_000_000,
        /// Where one cluster keeps the rest all along, the largest of its peels is at least so many percent of the smallest: who pays
        /// equal sums pays wages, or fans out.
        spread_percent_min: u32 = 150,
        /// Between two steps the rest may move on whole so many times.
        moves_max: u32 = 8,
        /// The most steps that one match is followed back.
        steps_max: u32 = 128,
    }
}

options! {
    /// Layering.
    Layering {
        /// How long one level holds the money, seconds.
        dwell_s: u32 = 12 * HOUR_S,
        /// So many clusters in a row at least: the first, and three levels behind it.
        levels_min: u32 = 4,
        /// Each level passes on so many percent of what it got, and no more than it got.
        out_percent_min: u32 = 90,
        /// So many percent of what was paid at the start pass through all of them.
        mass_percent_min: u32 = 70,
        /// What was paid at the start, satoshi.
        amount_sat_min: u64 = 10_000_000,
        /// The most levels that one match is followed back.
        levels_max: u32 = 32,
        /// The most clusters of one match.
        clusters_max: u32 = 256,
        /// A cluster with more events about the time it passes on is no layer but a service.
        events_max: u32 = 64,
    }
}

options! {
    /// Pass-through.
    PassThrough {
        /// How long the money stays, seconds.
        dwell_s: u32 = 2 * HOUR_S,
        /// So many percent of what came in leave.
        out_percent_min: u32 = 90,
        /// So much, satoshi.
        amount_sat_min: u64 = 10_000_000,
    }
}

options! {
    /// Dormancy, then drain.
    Dormancy {
        /// How long nothing moves, seconds.
        dormant_s: u32 = 180 * DAY_S,
        /// How long the drain takes, seconds.
        drain_s: u32 = DAY_S,
        /// So many percent of what was held, and of what came in meanwhile, leave: people who pay three bills in a day keep
        /// something.
        out_percent_min: u32 = 99,
        /// In so many transactions at least: one is a sale, or a move to a new wallet.
        payments_min: u32 = 3,
        /// And none of them carries more than so many percent of it: a sale with small change about it is still a sale.
        largest_percent_max: u32 = 75,
        /// What was held, satoshi.
        amount_sat_min: u64 = 100_000_000,
    }
}

options! {
    /// A mixer or a bridge within a hop.
    Nearby {
        /// Transfers so close in time are one match, seconds.
        window_s: u32 = DAY_S,
        /// So much, satoshi.
        amount_sat_min: u64 = 1_000_000,
    }
}

options! {
    /// Rapid cash-out.
    CashOut {
        /// How long the money stays, seconds.
        dwell_s: u32 = 6 * HOUR_S,
        /// So many percent of what came in go to exchanges, and no more than the rest of them is left.
        out_percent_min: u32 = 99,
        /// So much, satoshi.
        amount_sat_min: u64 = 50_000_000,
        /// A cluster with more events than that within the time is no wallet but the till of a business.
        events_max: u32 = 64,
    }
}

impl PatternOptions {
    /// Options from TOML; what is left out is the default.
    ///
    /// # Errors
    /// The text is no TOML, names an option that does not exist, or one is out of range.
    pub fn from_text(text: &str) -> Result<Self, PatternError> {
        let options: Self = toml::from_str(text)
            .map_err(|error| PatternError::Text { reason: error.to_string() })?;
        options.check()?;
        Ok(options)
    }

    /// Refuses options that no detector can work with.
    ///
    /// # Errors
    /// One is out of range.
    pub fn check(&self) -> Result<(), PatternError> {
        self.check_windows()?;
        self.check_percents()?;
        self.check_counts()
    }

    fn check_windows(&self) -> Result<(), PatternError> {
        let windows = [
            ("structuring.window_s", self.structuring.window_s),
            ("fan_in.window_s", self.fan_in.window_s),
            ("fan_out.window_s", self.fan_out.window_s),
            ("gather_scatter.window_s", self.gather_scatter.window_s),
            ("scatter_gather.window_s", self.scatter_gather.window_s),
            ("temporal_cycle.window_s", self.temporal_cycle.window_s),
            ("peeling_chain.step_s", self.peeling_chain.step_s),
            ("layering.dwell_s", self.layering.dwell_s),
            ("pass_through.dwell_s", self.pass_through.dwell_s),
            ("dormancy_then_drain.dormant_s", self.dormancy_then_drain.dormant_s),
            ("dormancy_then_drain.drain_s", self.dormancy_then_drain.drain_s),
            ("mixer_within_a_hop.window_s", self.mixer_within_a_hop.window_s),
            ("bridge_within_a_hop.window_s", self.bridge_within_a_hop.window_s),
            ("rapid_cash_out.dwell_s", self.rapid_cash_out.dwell_s),
        ];
        within(&windows, 1, 100 * 366 * DAY_S, "1 second to 100 years")?;
        let (rest, drain) = (self.dormancy_then_drain.dormant_s, self.dormancy_then_drain.drain_s);
        let option = "dormancy_then_drain.drain_s";
        within(&[(option, drain)], 1, rest, "no longer than dormancy_then_drain.dormant_s")
    }

    fn check_percents(&self) -> Result<(), PatternError> {
        let percents = [
            ("structuring.from_percent", self.structuring.from_percent),
            ("structuring.share_percent_min", self.structuring.share_percent_min),
            ("fan_in.whole_percent_min", self.fan_in.whole_percent_min),
            ("fan_in.kept_percent_max", self.fan_in.kept_percent_max),
            ("gather_scatter.kept_percent_max", self.gather_scatter.kept_percent_max),
            ("fan_out.whole_percent_min", self.fan_out.whole_percent_min),
            ("gather_scatter.whole_percent_min", self.gather_scatter.whole_percent_min),
            ("gather_scatter.out_percent_min", self.gather_scatter.out_percent_min),
            ("gather_scatter.late_percent_max", self.gather_scatter.late_percent_max),
            ("scatter_gather.out_percent_min", self.scatter_gather.out_percent_min),
            ("temporal_cycle.kept_percent_min", self.temporal_cycle.kept_percent_min),
            ("peeling_chain.peel_percent_max", self.peeling_chain.peel_percent_max),
            ("layering.out_percent_min", self.layering.out_percent_min),
            ("layering.mass_percent_min", self.layering.mass_percent_min),
            ("pass_through.out_percent_min", self.pass_through.out_percent_min),
            ("dormancy_then_drain.out_percent_min", self.dormancy_then_drain.out_percent_min),
            (
                "dormancy_then_drain.largest_percent_max",
                self.dormancy_then_drain.largest_percent_max,
            ),
            ("rapid_cash_out.out_percent_min", self.rapid_cash_out.out_percent_min),
        ];
        within(&percents, 0, 100, "0 to 100 percent")
    }

    fn check_counts(&self) -> Result<(), PatternError> {
        let counts = [
            ("events_max", self.events_max),
            ("structuring.payments_min", self.structuring.payments_min),
            ("fan_in.counterparties_min", self.fan_in.counterparties_min),
            ("fan_out.counterparties_min", self.fan_out.counterparties_min),
            ("gather_scatter.payers_min", self.gather_scatter.payers_min),
            ("gather_scatter.payees_min", self.gather_scatter.payees_min),
            ("scatter_gather.mids_min", self.scatter_gather.mids_min),
            ("fan_out.largest_percent_max", self.fan_out.largest_percent_max),
            ("dormancy_then_drain.payments_min", self.dormancy_then_drain.payments_min),
            ("temporal_cycle.events_max", self.temporal_cycle.events_max),
            ("rapid_cash_out.events_max", self.rapid_cash_out.events_max),
        ];
        within(&counts, 1, 1 << 20, "1 to 1,048,576")?;
        let cycle = &self.temporal_cycle;
        within(&[("temporal_cycle.length_min", cycle.length_min)], 2, 64, "2 to 64")?;
        let longest = [("temporal_cycle.length_max", cycle.length_max)];
        within(&longest, cycle.length_min, 64, "temporal_cycle.length_min to 64")?;
        let spread = [("peeling_chain.spread_percent_min", self.peeling_chain.spread_percent_min)];
        within(&spread, 100, 10_000, "100 to 10,000 percent")?;
        let relays = [
            ("scatter_gather.relays_max", self.scatter_gather.relays_max),
            ("scatter_gather.relay_events_max", self.scatter_gather.relay_events_max),
        ];
        within(&relays, 1, 4_096, "1 to 4,096")?;
        let steps = [("peeling_chain.steps_max", self.peeling_chain.steps_max)];
        within(&steps, self.peeling_chain.steps_min.max(1), 4_096, "steps_min to 4,096")?;
        let levels = [("layering.levels_max", self.layering.levels_max)];
        within(&levels, self.layering.levels_min.max(1), 4_096, "levels_min to 4,096")
    }
}

fn within(
    options: &[(&'static str, u32)],
    least: u32,
    most: u32,
    range: &'static str,
) -> Result<(), PatternError> {
    let outside = options.iter().find(|(_, given)| !(least..=most).contains(given));
    outside.map_or(Ok(()), |&(option, given)| {
        Err(PatternError::Option { option, given: f64::from(given), range })
    })
}
