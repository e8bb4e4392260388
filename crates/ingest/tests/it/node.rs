//! A node in this process: a server on a loopback port that answers like Bitcoin Core, and what a follower makes of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bitcoin::Block;
use bitcoin::consensus::{encode::serialize_hex, serialize};
use ledger::Height;
use serde_json::{Value, json};
use tracehound_ingest::bitcoin::{Network, NodeAccess, NodeSource, core_rpc};
use tracehound_ingest::source::{
    BatchLimit, Delivered, Held, Options, Source, SourceError, SourceFault, Step,
};

use crate::served::{data_folder, held, options, pull};
use crate::world::{Coin, World, mine};

/// What the node is to answer.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) best: Vec<Block>,
    /// Of branches that it was on before: a node still gives them.
    pub(crate) stale: Vec<Block>,
    pub(crate) coins: BTreeMap<bitcoin::OutPoint, Coin>,
    /// The highest verbosity of `getblock`; beyond it the node answers with an error.
    pub(crate) verbosity_max: u64,
    /// Answers everything with this status and body instead.
    pub(crate) always: Option<(u16, String)>,
    /// A block by its hash, and the answer to any question for a block.
    pub(crate) real: Option<(&'static str, Vec<u8>)>,
    /// Blocks below are gone.
    pub(crate) pruned: u32,
    /// The user that it lets in.
    pub(crate) credentials: &'static str,
    /// Put on a branch of its own after this many more questions.
    pub(crate) reorg_after: Option<(u32, Vec<Block>)>,
    /// Changes the transactions of every block it gives.
    pub(crate) damaged: bool,
}

/// The running server; stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn new(world: &World, best: &[Block]) -> Self {
        let script = Arc::new(Mutex::new(Script {
            best: best.to_vec(),
            stale: Vec::new(),
            coins: world.coins.clone(),
            verbosity_max: 3,
            always: None,
            real: None,
            pruned: 0,
            credentials: "YWxpY2U6c2VjcmV0", // alice:secret
            reorg_after: None,
            damaged: false,
        }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = script.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serve(stream.unwrap(), &shared).is_none() {
                    break;
                }
            }
        });
        Self { address, script, thread: Some(thread) }
    }

    pub(crate) fn access(&self) -> NodeAccess {
        let url = format!("http://{}", self.address);
        NodeAccess { url, user: Some("alice:secret".into()), ..NodeAccess::default() }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(b"STOP / HTTP/1.1\r\n\r\n").unwrap();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Answers one question; `None` to stop.
fn serve(stream: TcpStream, script: &Mutex<Script>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let first = head.first()?.clone();
    let field = |name: &str| {
        let found = head.iter().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then(|| value.to_owned())
        });
        found.unwrap_or_default()
    };
    let mut body = vec![0; field("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let (method, path) = first.split_once(' ')?;
    let mut script = script.lock().unwrap();
    let (status, answer) = match method {
        "STOP" => return None,
        "GET" => script.rest(path.split(' ').next()?),
        _ => script.rpc(&field("authorization"), &body),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    let mut stream = stream;
    // A client that has given up on a long answer is no fault of the server.
    drop(stream.write_all(&[head.as_bytes(), &answer].concat()));
    Some(())
}

impl Script {
    fn count(&mut self) {
        if let Some((left, best)) = &mut self.reorg_after {
            match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => self.stale = std::mem::replace(&mut self.best, std::mem::take(best)),
            }
        }
        if self.reorg_after.as_ref().is_some_and(|(_, best)| best.is_empty()) {
            self.reorg_after = None;
        }
    }

    fn at(&self, hash: &str) -> Option<(usize, &Block)> {
        let is_it = |(_, block): &(usize, &Block)| block.block_hash().to_string() == hash;
        let stale = || self.stale.iter().enumerate().find(is_it);
        self.best.iter().enumerate().find(is_it).or_else(stale)
    }

    fn info(&self) -> Value {
        let mut info =
            json!({"chain": "regtest", "blocks": self.best.len() - 1, "pruned": self.pruned > 0});
        if self.pruned > 0 {
            info["pruneheight"] = self.pruned.into();
        }
        info
    }

    fn rest(&mut self, path: &str) -> (u16, Vec<u8>) {
        self.count();
        let parts: Vec<&str> = path.trim_start_matches("/rest/").split(['/', '.']).collect();
        let found = match parts[..] {
            ["chaininfo", "json"] => Some(self.info().to_string().into_bytes()),
            ["blockhashbyheight", height, "hex"] => {
                let block = self.best.get(height.parse::<usize>().unwrap());
                block.map(|block| format!("{}\n", block.block_hash()).into_bytes())
            }
            ["headers", "1", hash, "bin"] => {
                self.at(hash).map(|(_, block)| serialize(&block.header))
            }
            ["block", hash, "bin"] => self.at(hash).map(|(_, block)| serialize(block)),
            _ => None,
        };
        found.map_or((404, b"not found".to_vec()), |found| (200, found))
    }

    fn rpc(&mut self, authorization: &str, body: &[u8]) -> (u16, Vec<u8>) {
        if let Some((status, body)) = &self.always {
            return (*status, body.clone().into_bytes());
        }
        if authorization != format!("Basic {}", self.credentials) {
            return (401, Vec::new());
        }
        self.count();
        let question: Value = serde_json::from_slice(body).unwrap();
        let params = &question["params"];
        let method = question["method"].as_str().unwrap();
        if let (Some((_, answer)), "getblock") = (&self.real, method) {
            return (200, answer.clone());
        }
        let answer = match (&self.real, method) {
            (Some(_), "getblockchaininfo") => Ok(json!({"chain": "main", "blocks": 279_671})),
            (Some((hash, _)), _) => Ok(json!(hash)),
            (None, method) => self.answer(method, params),
        };
        let (status, answer) = match answer {
            Ok(result) => (200, json!({"result": result, "error": null, "id": 0})),
            Err((code, message)) => {
                (500, json!({"result": null, "error": {"code": code, "message": message}, "id": 0}))
            }
        };
        (status, answer.to_string().into_bytes())
    }

    fn answer(&self, method: &str, params: &Value) -> Result<Value, (i64, &'static str)> {
        match method {
            "getblockchaininfo" => Ok(self.info()),
            "getblockhash" => {
                let block = self.best.get(usize::try_from(params[0].as_u64().unwrap()).unwrap());
                block
                    .map(|block| json!(block.block_hash().to_string()))
                    .ok_or((-8, "Block height out of range"))
            }
            "getblockheader" => {
                let (_, block) = self.at(params[0].as_str().unwrap()).unwrap();
                Ok(json!(serialize_hex(&block.header)))
            }
            "getblock" => self.block(params[0].as_str().unwrap(), params[1].as_u64().unwrap()),
            _ => Err((-32601, "Method not found")),
        }
    }

    fn block(&self, hash: &str, verbosity: u64) -> Result<Value, (i64, &'static str)> {
        if verbosity > self.verbosity_max {
            return Err((-8, "Verbosity out of range"));
        }
        let (height, block) = self.at(hash).ok_or((-5, "Block not found"))?;
        if height < self.pruned as usize {
            return Err((-1, "Block not available (pruned data)"));
        }
        let mut answer = json!({
            "hash": hash,
            "height": height,
            "version": block.header.version.to_consensus(),
            "merkleroot": block.header.merkle_root.to_string(),
            "time": block.header.time,
            "nonce": block.header.nonce,
            "bits": format!("{:08x}", block.header.bits.to_consensus()),
        });
        if height > 0 {
            answer["previousblockhash"] = json!(block.header.prev_blockhash.to_string());
        }
        let transactions: Vec<Value> =
            block.txdata.iter().map(|tx| self.transaction(tx, verbosity)).collect();
        answer["tx"] = json!(transactions);
        Ok(answer)
    }

    fn transaction(&self, tx: &bitcoin::Transaction, verbosity: u64) -> Value {
        let mut tx = tx.clone();
        let inputs = tx.input.iter().map(|input| {
            if tx.is_coinbase() {
                return json!({"coinbase": "00"});
            }
            let mut answer = json!({"txid": input.previous_output.txid.to_string()});
            if verbosity == 3 {
                let output = &self.coins[&input.previous_output].output;
                #[expect(clippy::cast_precision_loss, reason = "as a node prints it")]
                let value = output.value.to_sat() as f64 / 1e8;
                let script = json!({"hex": serialize_hex(&output.script_pubkey)[2..]});
                answer["prevout"] = json!({"value": value, "scriptPubKey": script});
            }
            answer
        });
        let inputs: Vec<Value> = inputs.collect();
        if self.damaged {
            tx.version.0 ^= 1;
        }
        json!({"txid": tx.compute_txid().to_string(), "hex": serialize_hex(&tx), "vin": inputs})
    }
}

fn world_and_server() -> (World, Server) {
    let world = World::new();
    let server = Server::new(&world, &world.best);
    (world, server)
}

fn open(server: &Server, held: &Held) -> Result<NodeSource, SourceError> {
    core_rpc(&server.access(), held, &options())
}

fn limit(blocks_max: usize) -> BatchLimit {
    BatchLimit { blocks_max, ..BatchLimit::default() }
}

fn heights(step: &Step) -> Vec<u32> {
    let Step::Blocks(blocks) = step else { panic!("{step:?}") };
    blocks.iter().map(|block| block.block.height.get()).collect()
}

#[test]
fn a_follower_goes_on_when_the_node_has_more_and_turns_when_it_reorganizes() {
    let (mut world, server) = world_and_server();
    server.change(|script| script.best.truncate(4));
    let mut source = open(&server, &Held::nothing()).unwrap();
    assert_eq!(heights(&source.next(limit(100)).unwrap()), [0, 1, 2, 3]);
    assert_eq!(source.next(limit(100)).unwrap(), Step::End);

    let stale = [&world.best[..4], &world.stale].concat();
    server.change(|script| script.best = stale);
    assert_eq!(heights(&source.next(limit(100)).unwrap()), [4]);
    assert_eq!(source.next(limit(100)).unwrap(), Step::End);

    server.change(|script| script.best = world.best[..5].to_vec());
    assert_eq!(source.next(limit(100)).unwrap(), Step::End, "equal work: the ledger keeps its own");

    world.extend(vec![]);
    server.change(|script| script.best = world.best.clone());
    assert_eq!(source.next(limit(100)).unwrap(), Step::Unwind { to: Height::new(3) });
    assert_eq!(heights(&source.next(limit(2)).unwrap()), [4, 5]);
    assert_eq!(heights(&source.next(limit(2)).unwrap()), [6]);
    assert_eq!(source.next(limit(2)).unwrap(), Step::End);
}

#[test]
fn a_deep_reorganization_is_found_below_many_blocks() {
    let (mut world, server) = world_and_server();
    let mut other = world.clone();
    for _ in 0..40 {
        world.extend(vec![]);
    }
    let mut tip = other.best.last().unwrap().clone();
    for height in 6..50 {
        tip = mine(&tip, height, 9, vec![]);
        other.best.push(tip.clone());
    }
    server.change(|script| script.best = other.best.clone());
    let mut source = open(&server, &held(0, &world.best)).unwrap();
    let (unwound, delivered) = pull(&mut source, BatchLimit::default()).unwrap();
    assert_eq!(unwound, Some(Height::new(5)));
    assert_eq!(delivered.len(), 44);
}

#[test]
fn a_chain_that_changes_between_two_questions_gives_no_mixed_branch() {
    for n_questions in 0..20 {
        let (mut world, server) = world_and_server();
        let before = [&world.best[..4], &world.stale].concat();
        world.extend(vec![]);
        server.change(|script| {
            script.best = before;
            script.reorg_after = Some((n_questions, world.best.clone()));
        });
        let mut source = open(&server, &Held::nothing()).unwrap();
        let mut chain: Vec<(u32, String, String)> = Vec::new();
        for _ in 0..20 {
            match source.next(limit(2)).unwrap() {
                Step::Unwind { to } => chain.retain(|(height, _, _)| *height <= to.get()),
                Step::Blocks(blocks) => chain.extend(blocks.iter().map(|block| {
                    let block = &block.block;
                    (block.height.get(), block.hash.to_string(), block.previous_hash.to_string())
                })),
                _ => {}
            }
            for pair in chain.windows(2) {
                assert_eq!(pair[0].1, pair[1].2, "after {n_questions} questions");
            }
        }
        let best: Vec<_> = world.best.iter().map(|block| block.block_hash().to_string()).collect();
        let got: Vec<_> = chain.into_iter().map(|(_, hash, _)| hash).collect();
        assert_eq!(got, best, "after {n_questions} questions");
    }
}

#[test]
fn an_old_node_gives_blocks_without_spent_outputs() {
    let (_, server) = world_and_server();
    server.change(|script| script.verbosity_max = 2);
    let mut source = open(&server, &Held::nothing()).unwrap();
    let (_, delivered) = pull(&mut source, BatchLimit::default()).unwrap();
    assert_eq!(delivered.len(), 6);
    let inputs = delivered.iter().flat_map(|block| &block.block.inputs);
    assert!(inputs.clone().count() > 5 && inputs.clone().all(|input| input.spent.is_none()));
}

#[test]
fn what_the_node_refuses_says_what_to_do() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut Script), says: &str, hint: &str, is_temporary: bool) {
        let (_, server) = world_and_server();
        server.change(change);
        let outcome = open(&server, &Held::nothing())
            .and_then(|mut source| pull(&mut source, BatchLimit::default()));
        let error = outcome.err().unwrap();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{error}: {:?}", error.hint());
        assert_eq!(error.is_temporary(), is_temporary, "{error}");
    }
    let warming = r#"{"result":null,"error":{"code":-28,"message":"Loading block index"},"id":0}"#;
    check(|node| node.always = Some((503, warming.into())), "Loading", "try again", true);
    check(|node| node.credentials = "another", "credentials (HTTP 401)", "cookie", false);
    check(|node| node.always = Some((200, "<html>".into())), "not usable", "Bitcoin Core", false);
    check(|node| node.always = Some((200, "{}".into())), "neither", "Bitcoin Core", false);
    let test = r#"{"result":{"chain":"test","blocks":0},"error":null}"#;
    check(|node| node.always = Some((200, test.into())), "testnet3", "--network testnet3", false);
    check(|node| node.damaged = true, "merkle root", "damaged", false);
}

#[test]
fn a_node_that_is_not_there_is_out_of_reach() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let access = NodeAccess { url, ..NodeAccess::default() };
    let error = core_rpc(&access, &Held::nothing(), &options()).err().unwrap();
    assert!(error.is_temporary() && error.hint().unwrap().contains("bitcoind"), "{error}");
    let cookie = Some("/nowhere/.cookie".into());
    let access = NodeAccess { cookie, ..access };
    let error = core_rpc(&access, &Held::nothing(), &options()).err().unwrap();
    assert!(error.to_string().contains("/nowhere/.cookie"), "{error}");
}

#[test]
fn a_pruned_node_begins_where_its_blocks_do() {
    let (world, server) = world_and_server();
    server.change(|script| script.pruned = 3);
    let mut source = open(&server, &Held::nothing()).unwrap();
    let (_, delivered) = pull(&mut source, BatchLimit::default()).unwrap();
    assert_eq!(delivered[0].block.height, Height::new(3));

    let short = held(0, &world.best[..2]);
    let error = pull(&mut open(&server, &short).unwrap(), BatchLimit::default()).unwrap_err();
    assert!(matches!(*error.fault, SourceFault::Gap { .. }), "{error}");
    let options = Options { allow_gaps: true, ..options() };
    let mut source = core_rpc(&server.access(), &short, &options).unwrap();
    let (_, delivered) = pull(&mut source, BatchLimit::default()).unwrap();
    assert_eq!(delivered.len(), 3);
}

#[test]
fn a_real_answer_of_a_node_is_read() {
    let Some(folder) = data_folder() else { return };
    let answer = std::fs::read(folder.join("singles/279671-core-verbosity2.json")).unwrap();
    let hash = "0000000000000002fa7d943a10651794a50447c262216df7695da5d624761cbf";
    let (_, server) = world_and_server();
    server.change(|script| script.real = Some((hash, answer)));
    let first_height = Some(Height::new(279_671));
    let options = Options { network: Network::Main, first_height, ..Options::default() };
    let mut source = core_rpc(&server.access(), &Held::nothing(), &options).unwrap();
    let (_, delivered) = pull(&mut source, BatchLimit::default()).unwrap();
    let [Delivered { block, .. }] = delivered.as_slice() else { panic!("one block") };
    assert_eq!(block.hash.to_string(), hash);
    assert_eq!((block.transactions.len(), block.size_bytes), (217, 206_541));
    assert_eq!(block.outputs[0].amount_sat, 5_013_719);
    // Counted and added up by a script over the JSON.
    let spent = block.inputs.iter().map(|input| input.spent.unwrap().amount_sat);
    assert_eq!((block.inputs.len(), spent.sum::<u64>()), (1053, 169_963_146_850));
    assert!(block.has_spent_outputs);
}
