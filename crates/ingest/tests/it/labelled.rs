//! Labelled data in every form that is read, written by hand: lines, rounds, emulators' folders, tables of owners.

use std::fs;
use std::path::Path;

use ingest::labelled::{EmulatedWallets, SetLabel, address_of, find, label_of, read_lines};
use tracehound_ingest as ingest;

const UNKNOWN: u32 = u32::MAX;

fn id(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

/// A P2WPKH script of a key hash of one byte over and over.
fn script(byte: u8) -> String {
    format!("0014{}", format!("{byte:02x}").repeat(20))
}

/// The regtest address of the same.
fn address(byte: u8) -> String {
    let script = bitcoin::ScriptBuf::from_hex(&script(byte)).unwrap();
    bitcoin::Address::from_script(&script, bitcoin::Network::Regtest).unwrap().to_string()
}

/// A line with inputs and outputs of (key, satoshi).
fn line(tx: u8, time: u64, inputs: &[(u8, u64)], outputs: &[(u8, u64)]) -> String {
    let coin = |(key, amount): &(u8, u64)| format!("{amount}+{}+TxWitnessV0Keyhash", script(*key));
    let input = |(at, part): (usize, &(u8, u64))| format!("{}-{at}-{}", id(200), coin(part));
    let inputs: Vec<String> = inputs.iter().enumerate().map(input).collect();
    let outputs: Vec<String> = outputs.iter().map(coin).collect();
    let (inputs, outputs) = (inputs.join("}{"), outputs.join("}{"));
    format!("{}:::{}:::7:::{time}:::{inputs}:::{outputs}:::more", id(tx), id(100))
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Names of owners by key, in order of ids; `-` for unknown.
fn owners(wallets: &EmulatedWallets) -> String {
    let name = |owner: u32| wallets.owners.names().get(owner as usize).map_or("-", String::as_str);
    let labels = wallets.owners.labels(&wallets.ledger, UNKNOWN);
    labels.into_iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn names_say_what_a_set_is() {
    #[track_caller]
    fn check(name: &str, expected: Option<SetLabel>) {
        assert_eq!(label_of(name), expected, "{name}");
    }
    check("whirlpool.txt", Some(SetLabel::Mix("whirlpool")));
    check("SamouraiCoinJoins.txt", Some(SetLabel::Mix("whirlpool")));
    check("whirlpool-tx0.txt", Some(SetLabel::Tx0));
    check("SamouraiTx0s.txt", Some(SetLabel::Tx0));
    check("wasabi1-2018.txt", Some(SetLabel::Mix("wasabi1")));
    check("WasabiCoinJoins.txt", Some(SetLabel::Mix("wasabi1")));
    check("Wasabi2CoinJoins.txt.gz", Some(SetLabel::Mix("wasabi2")));
    check("WabiSabiCoinJoins.txt", Some(SetLabel::Mix("wasabi2")));
    check("joinmarket-2023.txt", Some(SetLabel::Mix("joinmarket")));
    check("joinmarket-candidates.txt", Some(SetLabel::Candidates("joinmarket")));
    check("OtherCoinJoins.txt", Some(SetLabel::Candidates("joinmarket")));
    check("OtherCoinJoinPostMixTxs.txt", Some(SetLabel::Negative));
    check("joinmarket-post-mix.txt", Some(SetLabel::Negative));
    check("wasabi2_false_positives.txt", Some(SetLabel::Negative));
    check("notes.txt", None);
}

#[test]
fn lines_are_read_in_order_of_time_and_faults_are_counted() {
    let text = [
        line(2, 50, &[(1, 9)], &[(2, 5), (3, 3)]),
        line(1, 40, &[(4, 9)], &[(1, 9)]),
        line(1, 40, &[(4, 9)], &[(1, 9)]),
        "deadbeef:::1".to_owned(),
        line(3, 60, &[(4, 9)], &[(1, 9)]).replace("+0014", "+001x"),
        String::new(),
    ];
    let (blocks, skipped) = read_lines(&text.join("\n"), "a.txt");
    let ids: Vec<String> =
        blocks.iter().flat_map(|block| &block.transactions).map(|tx| tx.id.to_string()).collect();
    assert_eq!(ids, [id(1), id(2)]);
    assert_eq!(blocks.iter().map(|block| block.time.get()).collect::<Vec<_>>(), [40, 50]);
    assert_eq!(blocks[1].inputs[0].spent.unwrap().amount_sat, 9);
    let said: Vec<String> =
        skipped.iter().map(|row| format!("{} {}: {}", row.count, row.first, row.reason)).collect();
    let again = format!("1 {}: transaction that stands there already", id(1));
    let expected =
        ["1 line 4: fewer than six fields between `:::`", "1 line 5: script is no hexadecimal"];
    assert_eq!(said, [expected[0], expected[1], &again]);
}

#[test]
fn sets_are_found_below_a_folder_and_what_says_nothing_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let text = line(1, 40, &[(1, 9)], &[(2, 5)]);
    write(dir.path(), "bitcoin/coinjoin/whirlpool.txt", &text);
    write(dir.path(), "wasabi2/june/part1.txt", &text);
    write(dir.path(), "things.txt", &text);
    // The first line of a large round is longer than what is looked at to tell the format.
    let many: Vec<(u8, u64)> = (0..200).map(|key| (key, 9)).collect();
    write(dir.path(), "whirlpool-large.txt", &line(2, 40, &many, &many));
    write(dir.path(), "whirlpool-readme.txt", "no lines of ours");
    let found = find(dir.path()).unwrap();
    let names: Vec<_> = found.mixes.iter().map(|set| (set.name.as_str(), set.label)).collect();
    let expected = [
        ("bitcoin/coinjoin/whirlpool.txt", SetLabel::Mix("whirlpool")),
        ("wasabi2/june/part1.txt", SetLabel::Mix("wasabi2")),
        ("whirlpool-large.txt", SetLabel::Mix("whirlpool")),
    ];
    assert_eq!(names, expected);
    assert_eq!(found.skipped.len(), 1);
    assert_eq!(found.skipped[0].file, "things.txt");
    let set = found.mixes[0].read().unwrap();
    assert_eq!((set.ledger.n_addresses(), set.ledger.batch().transactions.len()), (2, 1));
}

#[test]
fn a_file_without_a_transaction_is_an_error_with_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "wasabi1.txt", "00:::b:::c:::d:::e:::f\n");
    let found = find(dir.path()).unwrap();
    let error = found.mixes[0].read().unwrap_err();
    assert!(error.to_string().ends_with("no transaction can be read (line 1: no transaction id)"));
    assert!(error.hint().unwrap().contains("evaluate.md"));
    assert!(find(&dir.path().join("nothing")).is_err());
    assert!(
        find(&dir.path().join("wasabi1.txt")).unwrap_err().to_string().contains("not a folder")
    );
}

/// A round of two wallets, once in coins and once in satoshi.
fn rounds(value: &dyn Fn(f64) -> String) -> String {
    let part = |key: u8, coins: f64, more: &str| {
        format!(
            r#"{{"address": "{}", "value": {}{more}, "extra": [1]}}"#,
            address(key),
            value(coins)
        )
    };
    let named = |wallet: &str| format!(r#", "wallet_name": "{wallet}""#);
    format!(
        r#"{{"coinjoins": {{"{tx}": {{"txid": "{tx}", "broadcast_time": "2024-04-05 13:27:15.123",
            "inputs": {{"0": {a}, "10": {c}, "2": {b}}}, "outputs": {{"0": {d}, "1": {e}}}}},
            "bad": {{"inputs": {{}}}}}},
            "address_wallet_mapping": {{"{mapped}": "wallet-000"}},
            "wallets_coins": {{"wallet-001": [{{"address": "{coin}", "amount": 1}}]}}, "rounds": {{}}}}"#,
        tx = id(1),
        a = part(1, 0.5, &named("wallet-000")),
        b = part(2, 1.0, &named("unknown")),
        c = part(3, 0.75, ""),
        d = part(4, 1.25, ""),
        e = part(5, 1.0, &named("wallet-001")),
        mapped = address(4),
        coin = address(3),
    )
}

#[test]
fn rounds_of_an_analysis_are_read_in_either_unit() {
    let in_coins = |coins: f64| format!("{coins:?}");
    let in_satoshi = |coins: f64| format!("{:.0}", coins * 1e8);
    for value in [&in_coins as &dyn Fn(f64) -> String, &in_satoshi] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "ww2-run/coinjoin_tx_info.json", &rounds(value));
        let found = find(dir.path()).unwrap();
        assert_eq!(found.mixes[0].label, SetLabel::Mix("wasabi2"));
        let wallets = found.experiments[0].read().unwrap().unwrap();
        let batch = wallets.ledger.batch();
        let amounts: Vec<u64> = batch.inputs.iter().map(|i| i.spent.unwrap().amount_sat).collect();
        assert_eq!(amounts, [50_000_000, 100_000_000, 75_000_000]);
        assert_eq!(batch.outputs[0].amount_sat, 125_000_000);
        assert_eq!(batch.transactions[0].time.get(), 1_712_323_635);
        assert_eq!(owners(&wallets), "wallet-000 - wallet-001 wallet-000 wallet-001");
        assert_eq!(wallets.skipped.len(), 1);
        assert_eq!((wallets.mixes.len(), wallets.protocol), (1, Some("wasabi2")));
    }
}

/// A transaction as a node prints it, without `hex`.
fn printed(tx: u8, inputs: &[(u8, u32)], outputs: &[(u8, f64)]) -> String {
    let input = |(tx, output): &(u8, u32)| {
        format!(
            r#"{{"txid": "{}", "vout": {output}, "scriptSig": {{"asm": "", "hex": ""}}, "sequence": 4294967293}}"#,
            id(*tx)
        )
    };
    let output = |(at, (key, coins)): (usize, &(u8, f64))| {
        format!(
            r#"{{"value": {coins:.8}, "n": {at}, "scriptPubKey": {{"hex": "{}", "address": "{}"}}}}"#,
            script(*key),
            address(*key)
        )
    };
    let inputs: Vec<String> = match inputs {
        [] => vec![r#"{"coinbase": "5100", "sequence": 4294967295}"#.to_owned()],
        inputs => inputs.iter().map(input).collect(),
    };
    let outputs: Vec<String> = outputs.iter().enumerate().map(output).collect();
    format!(
        r#"{{"txid": "{}", "version": 2, "locktime": 101, "vin": [{}], "vout": [{}]}}"#,
        id(tx),
        inputs.join(","),
        outputs.join(",")
    )
}

fn printed_block(height: u32, transactions: &[String]) -> String {
    format!(
        r#"{{"hash": "{}", "height": {height}, "time": {}, "nTx": 1, "tx": [{}]}}"#,
        id(150),
        1_700_000_000 + height,
        transactions.join(",")
    )
}

/// Two wallets, blocks 2 and 10, one transaction whose first input is of a block that was cut away.
fn emulation(dir: &Path) {
    let base = "run/data";
    let blocks = [
        (2, vec![printed(1, &[], &[(1, 50.0)]), printed(2, &[(1, 0)], &[(2, 20.1), (3, 29.9)])]),
        (10, vec![printed(3, &[(77, 1), (2, 0)], &[(4, 20.0)]), "\"only an id\"".to_owned()]),
    ];
    for (height, transactions) in blocks {
        let text = printed_block(height, &transactions);
        write(dir, &format!("{base}/btc-node/block_{height}.json"), &text);
    }
    let coins =
        |key: u8| format!(r#"[{{"txid": "x", "address": "{}", "amount": 1}}]"#, address(key));
    write(dir, &format!("{base}/wasabi-client-000/coins.json"), &coins(2));
    let keys = format!(r#"{{"result": [{{"fullKeyPath": "84'", "address": "{}"}}]}}"#, address(4));
    write(dir, &format!("{base}/wasabi-client-000/keys.json"), &keys);
    write(dir, &format!("{base}/jcs-001/coins.json"), "\"This method is not available\"");
    let unspent = format!(r#"{{"utxos": [{{"address": "{}", "path": "m/84'"}}]}}"#, address(3));
    write(dir, &format!("{base}/jcs-001/unspent_coins.json"), &unspent);
    let log = format!(
        "x - path: m/84'/1'/0'/0/3, address: {} , value: 1\nMakers responded with: {}\n",
        address(1),
        address(4)
    );
    write(dir, &format!("{base}/jcs-001/joinmarket/jmwalletd.log"), &log);
    write(
        dir,
        &format!("{base}/wasabi-backend/WabiSabi/CoinJoinIdStore.txt"),
        &format!("{}\n", id(3)),
    );
    write(dir, "elsewhere/coins.json", &coins(9));
    write(dir, "pools/blockfills.json", "{}");
}

#[test]
fn an_emulators_folder_is_read() {
    let dir = tempfile::tempdir().unwrap();
    emulation(dir.path());
    let found = find(dir.path()).unwrap();
    assert_eq!(found.experiments.len(), 1);
    assert_eq!(found.skipped[0].file, "elsewhere");
    let wallets = found.experiments[0].read().unwrap().unwrap();
    let batch = wallets.ledger.batch();
    let heights: Vec<u32> = batch.blocks.iter().map(|block| block.height.get()).collect();
    assert_eq!(heights, [2, 10]);
    assert_eq!(batch.transactions.len(), 3);
    assert!(batch.transactions[0].coinbase && batch.transactions[0].n_inputs == 0);
    assert_eq!((batch.transactions[1].version, batch.transactions[1].lock_time), (2, 101));
    let spent: Vec<Option<u64>> = batch.inputs.iter().map(|i| Some(i.spent?.amount_sat)).collect();
    assert_eq!(spent, [Some(5_000_000_000), None, Some(2_010_000_000)]);
    // Of the log only the line with a path counts.
    assert_eq!(owners(&wallets), "wallet-001 wallet-000 wallet-001 wallet-000");
    assert_eq!(wallets.mixes.iter().map(ToString::to_string).collect::<Vec<_>>(), [id(3)]);
    assert_eq!(wallets.skipped.len(), 1);
    assert_eq!(wallets.skipped[0].reason, "transaction without its parts (verbosity 1)");
}

#[test]
fn a_table_of_owners_beside_lines_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "x/a.txt", &line(1, 40, &[(1, 9), (2, 9)], &[(3, 18)]));
    let table = format!(
        "owner,address,note\nalice,{},\nbob,{},x\nbob,{}\nalice,nonsense,\nbob,{}\n",
        address(1),
        address(2),
        script(3),
        address(1)
    );
    write(dir.path(), "x/owners.csv", &table);
    write(dir.path(), "y/owners.csv", &table);
    let found = find(dir.path()).unwrap();
    let wallets = found.experiments[0].read().unwrap().unwrap();
    assert_eq!(owners(&wallets), "- bob bob");
    assert_eq!(wallets.owners.n_contested(), 1);
    assert_eq!(wallets.skipped[0].first, "line 5");
    let said: Vec<&str> = found.skipped.iter().map(|row| row.file.as_str()).collect();
    assert_eq!(said, ["x/a.txt", "y/owners.csv"]);
}

#[test]
fn blocks_of_a_world_are_read_with_a_table_of_owners() {
    let world = simulate::World::new(simulate::WorldSpec::small(3)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut blocks = world.blocks();
    let file: Vec<u8> = blocks.by_ref().flat_map(|b| simulate::blk_record(&b)).collect();
    fs::write(dir.path().join("blk00000.dat"), file).unwrap();
    let truth = blocks.into_truth().ownership;
    let mut table = "address,owner\n".to_owned();
    for (address, owner) in &truth.address_owner {
        let has_text = address.family() != ledger::AddressFamily::BareMultisig;
        if has_text {
            table += &format!("{},{}\n", address.display(ledger::Chain::Bitcoin), owner.get());
        }
    }
    fs::write(dir.path().join("owners.csv"), table).unwrap();
    let wallets = find(dir.path()).unwrap().experiments[0].read().unwrap().unwrap();
    assert_eq!(wallets.ledger.contradictions(), 0);
    for address in wallets.ledger.addresses() {
        let owner =
            wallets.owners.of(address).map(|id| wallets.owners.names()[id as usize].clone());
        let expected = truth.owner_of(address).map(|owner| owner.get().to_string());
        let is_bare = address.family() == ledger::AddressFamily::BareMultisig;
        assert!(is_bare || owner == expected, "{address:?}");
    }
}

#[test]
fn addresses_of_every_network_and_scripts_are_the_same() {
    let main = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"; // BIP 173
    let script = "0014751e76e8199196d454941c45d1b3a323f1433bd6";
    assert_eq!(address_of(main), address_of(script));
    assert!(address_of(main).is_some());
    assert_eq!(address_of(&address(7)), address_of(&self::script(7)));
    assert_eq!(address_of("no address"), None);
    assert_eq!(address_of("6a0474657374"), None);
}
