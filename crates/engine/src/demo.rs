//! The demonstration: a simulated world taken in by the same code as real blocks, and four questions whose true answers
//! are known.

use std::io::Write;
use std::path::{Path, PathBuf};

use ledger::{Chain, Timestamp};
use simulate::{Story, Truth, World, WorldSpec};

use crate::alerts::AlertFilter;
use crate::answers::{
    AlertAnswer, ExplainAnswer, ScreenAnswer, StatusAnswer, TraceAnswer, Verdict,
};
use crate::config::CONFIG_FILE;
use crate::query::{ExplainRequest, ScreenOptions, TraceTarget};
use crate::{
    BitcoinSource, Config, Engine, Error, IngestOptions, IngestReport, ListImport, ListReport,
    Monitor, MonitorChange, PriceImport, PricesReport, Progress, RunReport, TagsReport, View,
    Watch,
};

/// Which world is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// The same seed gives the same world.
    pub seed: u64,
    /// About how many transactions it has; `None` for the usual size.
    pub n_transactions: Option<u32>,
}

/// What the demonstration did and found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DemoReport {
    /// The intake of the simulated blocks.
    pub ingest: IngestReport,
    /// The import of the simulated sanctions list.
    pub list: ListReport,
    /// The import of the simulated tag pack.
    pub tags: TagsReport,
    /// The import of the simulated prices.
    pub prices: PricesReport,
    /// The run.
    pub run: RunReport,
    /// The store after it.
    pub status: StatusAnswer,
    /// The questions with answer and truth.
    pub questions: Vec<DemoQuestion>,
    /// How good common-input clusters are against the true owners.
    pub ownership: Ownership,
    /// Where the store is.
    pub store: PathBuf,
    /// Commands to type next.
    pub try_next: Vec<String>,
}

/// Clusters compared with the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Ownership {
    /// Pairs of addresses that share a cluster and an owner.
    pub pairs_right: u64,
    /// Pairs of addresses that share a cluster and not an owner.
    pub pairs_wrong: u64,
    /// Pairs of addresses that share an owner and not a cluster.
    pub pairs_missed: u64,
}

/// One question of the demonstration.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DemoQuestion {
    /// The question in words.
    pub question: String,
    /// The command that asks it.
    pub command: String,
    /// The answer.
    pub answer: DemoAnswer,
    /// What is true of the world.
    pub truth: String,
    /// Whether the answer agrees with it.
    pub agrees: bool,
}

/// The answer to a question of the demonstration.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(tag = "kind", content = "answer", rename_all = "snake_case")]
pub enum DemoAnswer {
    /// Of `screen`.
    Screen(Box<ScreenAnswer>),
    /// Of `trace`.
    Trace(Box<TraceAnswer>),
    /// Of `cluster explain`.
    Explain(Box<ExplainAnswer>),
    /// Of `alerts show`.
    Alert(Box<AlertAnswer>),
}

impl Engine {
    /// Builds a simulated world in `dir`, takes it in and asks four questions.
    ///
    /// # Errors
    /// If `dir` holds a store already or cannot be written.
    pub fn demo(
        dir: &Path,
        options: &DemoOptions,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<DemoReport, Error> {
        let store = dir.join("store");
        Self::init(&store)?;
        write_file(
            &store.join(CONFIG_FILE),
            Config::template().replace("\"main\"", "\"regtest\"").as_bytes(),
        )?;
        let engine = Self::open(&store, &[])?;
        let world = world(options)?;
        let (truth, times) = write_blocks(&world, &dir.join("blocks"), watch)?;
        let (list_file, pack_file) = (dir.join("sanctions.txt"), dir.join("tags.yaml"));
        let price_file = dir.join("btc-usd.csv");
        write_file(&list_file, truth.story.sanctions_list().as_bytes())?;
        write_file(&pack_file, truth.story.tag_pack().as_bytes())?;
        write_file(&price_file, candles(&truth, &times).as_bytes())?;
        let source = BitcoinSource::Path(vec![dir.join("blocks")]);
        let ingest = engine.ingest_bitcoin(&source, &IngestOptions::default(), now, watch)?;
        let import = ListImport {
            list: "simulated-list".to_owned(),
            paths: vec![list_file],
            ..ListImport::default()
        };
        let list = engine.import_lists(&import, now, watch)?.remove(0);
        let tags = engine.import_tags(&[pack_file], None, now, watch)?;
        let prices = PriceImport { paths: vec![price_file], ..PriceImport::default() };
        let prices = engine.import_prices(&prices, now)?;
        let monitor = Monitor {
            addresses: vec![(text(&truth.story.peeling_deposit), "customer 1001".to_owned())],
            reason: "deposit address of a customer".to_owned(),
            author: "demo".to_owned(),
        };
        engine.monitor(MonitorChange::Add, &monitor, now)?;
        let run = engine.run(now, watch)?;
        let view = engine.view()?;
        let store_argument = store.display().to_string();
        Ok(DemoReport {
            ingest,
            list,
            tags,
            prices,
            run,
            status: view.status(now)?,
            questions: questions(&view, &truth.story, &store_argument, now)?,
            ownership: ownership(&view, &truth),
            try_next: try_next(&truth.story, &store_argument),
            store,
        })
    }
}

fn world(options: &DemoOptions) -> Result<World, Error> {
    let mut spec = WorldSpec::demo(options.seed);
    if let Some(n_transactions) = options.n_transactions {
        if n_transactions < spec.n_transactions / 20 {
            spec = WorldSpec::small(options.seed);
        }
        spec.n_transactions = n_transactions;
    }
    World::new(spec)
        .map_err(|error| Error::Question { what: error.to_string(), hint: error.hint() })
}

/// Writes the blocks as a Bitcoin Core folder would hold them, one file a hundred blocks. Also returns the time of each.
fn write_blocks(
    world: &World,
    folder: &Path,
    watch: &dyn Watch,
) -> Result<(Truth, Vec<Timestamp>), Error> {
    let fault = |error| Error::File { path: folder.to_owned(), error };
    std::fs::create_dir_all(folder).map_err(fault)?;
    let total = u64::from(world.spec().n_blocks);
    watch.tell(Progress::Begin {
        what: "simulating a world".to_owned(),
        total: Some(total),
        unit: "blocks",
    });
    let mut blocks = world.blocks();
    let (mut done, mut times) = (0, Vec::new());
    loop {
        let name = format!("blk{:05}.dat", done / 100);
        let some: Vec<Vec<u8>> = blocks.by_ref().take(100).collect();
        if some.is_empty() {
            break;
        }
        let mut file = std::fs::File::create(folder.join(name)).map_err(fault)?;
        for block in &some {
            file.write_all(&simulate::blk_record(block)).map_err(fault)?;
            times.push(time_of(block));
        }
        done += some.len() as u64;
        watch.tell(Progress::At { done });
    }
    watch.tell(Progress::End);
    Ok((blocks.into_truth(), times))
}

/// The time in a block's header: four bytes, the least first, after version, previous hash and Merkle root.
fn time_of(block: &[u8]) -> Timestamp {
    let bytes = block[68..72].try_into().expect("four bytes");
    Timestamp::new(u32::from_le_bytes(bytes).into())
}

/// The simulated price, as an exchange hands it out.
fn candles(truth: &Truth, times: &[Timestamp]) -> String {
    let mut csv = "time,asset,currency,open,high,low,close,volume\n".to_owned();
    for candle in truth.prices.candles(times) {
        let simulate::Candle { time, open, high, low, close } = candle;
        let time = time.get();
        csv += &format!("{time},BTC,USD,{open:.2},{high:.2},{low:.2},{close:.2},\n");
    }
    csv
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(|error| Error::File { path: path.to_owned(), error })
}

fn text(address: &ledger::Address) -> String {
    address.display(Chain::Bitcoin)
}

fn questions(
    view: &View,
    story: &Story,
    store: &str,
    now: Timestamp,
) -> Result<Vec<DemoQuestion>, Error> {
    let options = ScreenOptions { now: Some(now), ..ScreenOptions::default() };
    let unlisted = text(&story.unlisted_addresses[0]);
    let hit = view.screen(&unlisted, &options)?;
    let (listed, deposit) = (text(&story.listed_address), text(&story.peeling_deposit));
    let traced =
        view.trace(&listed, &TraceTarget::Address(deposit.clone()), &view.trace_options())?;
    let (a, b) = (text(&story.explained.a), text(&story.explained.b));
    let explained = view.explain(&a, &b, &ExplainRequest::default())?;
    Ok(vec![
        DemoQuestion {
            question: "Is this address, which no list names, connected to a sanctioned entity?"
                .to_owned(),
            command: format!("tracehound --store {store} screen {unlisted}"),
            truth: format!(
                "its owner is the sanctioned entity: it was spent together with {listed}"
            ),
            agrees: hit.verdict == Verdict::ClusterListed,
            answer: DemoAnswer::Screen(Box::new(hit)),
        },
        DemoQuestion {
            question: "How did funds of the sanctioned entity reach this deposit of a customer?"
                .to_owned(),
            command: format!("tracehound --store {store} trace {listed} --to {deposit}"),
            truth: path_truth(story),
            agrees: path_agrees(story, &traced),
            answer: DemoAnswer::Trace(Box::new(traced)),
        },
        DemoQuestion {
            question: "Why are these two addresses, never seen in one transaction, one owner's?"
                .to_owned(),
            command: format!("tracehound --store {store} cluster explain {a} {b}"),
            truth: format!(
                "one wallet: {a} was spent with {through} in {tx_a}, and {through} with {b} in {tx_b}",
                through = text(&story.explained.through),
                tx_a = story.explained.tx_a,
                tx_b = story.explained.tx_b
            ),
            agrees: explained.same_cluster
                && explained
                    .evidence
                    .iter()
                    .map(|step| step.tx)
                    .eq([story.explained.tx_a, story.explained.tx_b]),
            answer: DemoAnswer::Explain(Box::new(explained)),
        },
        alert_question(view, story, store)?,
    ])
}

/// The alert about the last payment of the peeling chain.
fn alert_question(view: &View, story: &Story, store: &str) -> Result<DemoQuestion, Error> {
    let deposit = text(&story.peeling_deposit);
    let last = story.peeling.steps.last().expect("a chain has a payment");
    let subject = format!("payment:{}:{deposit}", last.tx_id);
    let alerts = view.alerts(&AlertFilter::default(), usize::MAX)?.alerts;
    let about = alerts.into_iter().find(|alert| alert.subject == subject);
    let Some(about) = about else {
        let hint = Some("`tracehound alerts list` shows those there are".to_owned());
        return Err(Error::Question { what: format!("no alert is about {subject}"), hint });
    };
    let alert = view.alert(&about.id)?;
    let coins = ledger::Amount::from_sat(story.peeling.bottleneck_sat()).in_coins(8);
    Ok(DemoQuestion {
        question: "A customer's deposit address is monitored. What has arrived there that somebody should look at, and why?".to_owned(),
        command: format!("tracehound --store {store} alerts show {}", about.id),
        truth: format!("{coins} BTC of the sanctioned entity arrived in {}", last.tx_id),
        agrees: alert.summary.state.is_open() && !alert.basis.is_empty(),
        answer: DemoAnswer::Alert(Box::new(alert)),
    })
}

fn path_truth(story: &Story) -> String {
    let told = |path: &simulate::FundsPath| {
        let coins = ledger::Amount::from_sat(path.bottleneck_sat()).in_coins(8);
        format!("{} transactions that carry {coins} BTC to the end", path.steps.len())
    };
    format!(
        "two ways: a shortcut of {}, and a peeling chain of {}",
        told(&story.shortcut),
        told(&story.peeling)
    )
}

/// The widest path is the peeling chain, the shortest the shortcut.
fn path_agrees(story: &Story, answer: &TraceAnswer) -> bool {
    let transactions = |path: &Option<crate::PathAnswer>| -> Vec<ledger::TxId> {
        path.iter().flat_map(|path| path.path.iter().map(|hop| hop.tx)).collect()
    };
    let told = |path: &simulate::FundsPath| -> Vec<ledger::TxId> {
        path.steps.iter().map(|step| step.tx_id).collect()
    };
    transactions(&answer.shortest) == told(&story.shortcut)
        && transactions(&answer.widest) == told(&story.peeling)
}

fn try_next(story: &Story, store: &str) -> Vec<String> {
    let command = |rest: String| format!("tracehound --store {store} {rest}");
    vec![
        command("status".to_owned()),
        command("alerts list".to_owned()),
        command(format!("risk score {}", text(&story.unlisted_addresses[0]))),
        command(format!("screen {}", text(&story.clean_address))),
        command(format!("neighbors {}", text(&story.exchange_hot_address))),
        command(format!("trace {} --to-category exchange", text(&story.listed_address))),
        command("verify --rerun".to_owned()),
    ]
}

/// Pairs of addresses by cluster and by true owner, counted by sizes of their intersections.
fn ownership(view: &View, truth: &Truth) -> Ownership {
    use std::collections::BTreeMap;
    let pairs = |n: u64| n * n.saturating_sub(1) / 2;
    let (mut clusters, mut owners, mut both) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (address, owner) in &truth.ownership.address_owner {
        let Some(id) = view.id_of(address) else { continue };
        let cluster = view.cluster_of(id);
        *clusters.entry(cluster).or_insert(0_u64) += 1;
        *owners.entry(*owner).or_insert(0_u64) += 1;
        *both.entry((cluster, *owner)).or_insert(0_u64) += 1;
    }
    let right: u64 = both.values().map(|n| pairs(*n)).sum();
    let in_clusters: u64 = clusters.values().map(|n| pairs(*n)).sum();
    let of_owners: u64 = owners.values().map(|n| pairs(*n)).sum();
    Ownership {
        pairs_right: right,
        pairs_wrong: in_clusters - right,
        pairs_missed: of_owners - right,
    }
}
