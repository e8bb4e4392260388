#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use AddressErrorKind as Kind;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `text` decodes to `expected`, written as `family:payload`, on `chains`.
#[track_caller]
fn check(text: &str, expected: &str, chains: &[Chain]) {
    let parsed = parse_address(text).unwrap_or_else(|error| panic!("{error}"));
    let address = parsed.address;
    assert_eq!(format!("{}:{}", address.family().name(), hex(address.payload())), expected);
    assert_eq!(parsed.chains, ChainSet::of(chains), "{text}");
}

#[track_caller]
fn check_refused(text: &str, kind: AddressErrorKind) {
    let error = parse_address(text).expect_err(text);
    assert_eq!(error.kind(), kind, "{text}");
}

const BTC_LIKE: &[Chain] = &[Chain::Bitcoin, Chain::BitcoinCash, Chain::BitcoinSv];
const BCH: &[Chain] = &[Chain::BitcoinCash];
const BTC: &[Chain] = &[Chain::Bitcoin];

#[test]
fn bip_173_and_350_vectors() {
    let key = "751e76e8199196d454941c45d1b3a323f1433bd6";
    check("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", &format!("p2wpkh:{key}"), BTC);
    check("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", &format!("p2wpkh:{key}"), BTC);
    check(
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "p2tr:79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        BTC,
    );
    check("BC1SW50QGDZ25J", "witness:10751e", BTC);
    check(
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "witness:02751e76e8199196d454941c45d1b3a323",
        BTC,
    );
    // A program of 40 bytes does not fit the family: it is named by its script.
    let program = format!("5128{key}{key}");
    let script: [u8; 42] = bytes_from_hex(&program).unwrap();
    use bitcoin_hashes::Hash as _;
    let hash = bitcoin_hashes::sha256::Hash::hash(&script).to_byte_array();
    check(
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        &format!("script:{}", hex(&hash)),
        BTC,
    );
}

#[test]
fn bip_173_and_350_refusals() {
    let variant = Kind::Malformed("checksum variant, version or length that cannot be");
    let mixed = Kind::Malformed("upper and lower case mixed");
    let checksum = Kind::Checksum("bech32");
    for (text, kind) in [
        ("tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", Kind::Unknown),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", variant),
        ("BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", variant),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", variant),
        ("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", checksum),
        ("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", variant),
        ("bc1pw5dgrnzv", variant),
        ("BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", variant),
        ("bc1gmk9yu", variant),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4", mixed),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", checksum),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", Kind::Testnet),
        ("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", Kind::Testnet),
    ] {
        check_refused(text, kind);
    }
}

#[test]
fn cashaddr_vectors_are_the_same_payload_as_their_legacy_texts() {
    for (legacy, data) in [
        ("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        ("1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR", "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy"),
        ("16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb", "qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r"),
        ("3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq"),
        ("3LDsS579y7sruadqu11beEJoTjdFiFCdX4", "pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e"),
        ("31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw", "pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37"),
    ] {
        let of_legacy = parse_address(legacy).unwrap();
        let is_p2sh = of_legacy.address.family() == AddressFamily::P2sh;
        let chains =
            if is_p2sh { [BTC_LIKE, &[Chain::Litecoin]].concat() } else { BTC_LIKE.to_vec() };
        assert_eq!(of_legacy.chains, ChainSet::of(&chains));
        let address = of_legacy.address;
        let full = format!("bitcoincash:{data}");
        for text in [data, &full, &data.to_uppercase(), &full.to_uppercase()] {
            let parsed = parse_address(text).unwrap();
            assert_eq!((parsed.address, parsed.chains), (address, ChainSet::of(BCH)), "{text}");
        }
        assert_eq!(address.display(Chain::BitcoinCash), full);
        assert_eq!(address.display(Chain::Bitcoin), legacy);
    }
    let hash = "p2pkh:f5bf48b397dae70be82b3cca4793f8eb2b6cdac9";
    check("bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2", hash, BCH);
    let mixed = Kind::Malformed("upper and lower case mixed");
    check_refused("bitcoincash:QR6M7J9NJLDWWZLG9V7V53UNLR4JKMX6EYLEP8EKG2", mixed);
    check_refused("bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", Kind::Testnet);
}

#[test]
fn token_aware_cashaddr_is_the_same_owner() {
    let hash: [u8; 20] = bytes_from_hex("751e76e8199196d454941c45d1b3a323f1433bd6").unwrap();
    for (type_bits, family) in [(2, AddressFamily::P2pkh), (3, AddressFamily::P2sh)] {
        let parsed = parse_address(&cashaddr::encode(type_bits, &hash)).unwrap();
        assert_eq!(parsed.address, Address::of_20(family, hash));
        assert_eq!(parsed.notes, [AddressNote::TokenAware]);
    }
    check_refused(&cashaddr::encode(5, &hash), Kind::Unsupported("CashAddr of this type"));
}

#[test]
fn eip_55_vectors_and_what_fails_them() {
    let chains = &[Chain::Ethereum, Chain::Evm];
    for text in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
        let expected = format!("evm:{}", text[2..].to_lowercase());
        check(text, &expected, chains);
        let parsed = parse_address(text).unwrap();
        assert!(parsed.notes.is_empty());
        assert_eq!(parsed.address.display(Chain::Ethereum), text);
        assert_eq!(parsed.address.display(Chain::Evm), text);
        let swapped: String = text[2..]
            .chars()
            .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        let bent = parse_address(&format!("0X{swapped}")).unwrap();
        assert_eq!(
            (bent.address, &bent.notes[..]),
            (parsed.address, &[AddressNote::ChecksumMismatch][..])
        );
        for plain in [text.to_lowercase(), format!("0x{}", text[2..].to_uppercase())] {
            let plain = parse_address(&plain).unwrap();
            assert_eq!((plain.address, plain.notes.len()), (parsed.address, 0));
        }
    }
    let bare = "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    assert!(parse_address(bare).unwrap_err().hint().unwrap().contains("0x"));
    check_refused(
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        Kind::Malformed("not 20 bytes after 0x"),
    );
    check_refused(
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
        Kind::Malformed("not hexadecimal after 0x"),
    );
}

#[test]
fn tron_base58_and_hexadecimal_are_one_address() {
    let expected = "tron:a614f803b6fd780986a42c78ec9c7f77e6ded13c";
    for text in [
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        "41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "0x41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "41A614F803B6FD780986A42C78EC9C7F77E6DED13C",
    ] {
        check(text, expected, &[Chain::Tron]);
    }
    let address = parse_address("41a614f803b6fd780986a42c78ec9c7f77e6ded13c").unwrap().address;
    assert_eq!(address.display(Chain::Tron), "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t");
}

#[test]
fn xrp_accounts_and_x_addresses() {
    let genesis = "xrp:b5f762798a53d543a014caf8b297cff8f2f937e8";
    check("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", genesis, &[Chain::Xrp]);
    // Vectors of XLS-5d: one account without tag, and with tag 1.
    let account = parse_address("r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59").unwrap().address;
    let plain = parse_address("X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ").unwrap();
    let tagged = parse_address("X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu").unwrap();
    assert_eq!((plain.address, &plain.notes[..]), (account, &[][..]));
    assert_eq!((tagged.address, &tagged.notes[..]), (account, &[AddressNote::PaymentTag][..]));
    check_refused("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi", Kind::Checksum("XRP base58"));
}

#[test]
fn solana_is_tried_last() {
    let system = format!("solana:{}", "00".repeat(32));
    check("11111111111111111111111111111111", &system, &[Chain::Solana]);
    let token = parse_address("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA").unwrap();
    assert_eq!(token.address.family(), AddressFamily::Solana);
    assert_eq!(token.notes, [AddressNote::NoChecksum]);
}

/// Monero's block-wise base58, written from its description and sharing nothing with the decoder.
fn monero_text(network: u8, spend: [u8; 32], tail: &[u8]) -> String {
    use sha3::Digest as _;
    let mut bytes = [&[network], &spend[..], tail].concat();
    let checksum = sha3::Keccak256::digest(&bytes);
    bytes.extend_from_slice(&checksum[..4]);
    let alphabet: Vec<char> =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".chars().collect();
    let mut text = String::new();
    for block in bytes.chunks(8) {
        let mut number = block.iter().fold(0_u128, |number, byte| number * 256 + u128::from(*byte));
        let mut letters = Vec::new();
        for _ in 0..[0, 2, 3, 5, 6, 7, 9, 10, 11][block.len()] {
            letters.push(alphabet[usize::try_from(number % 58).unwrap()]);
            number /= 58;
        }
        text.extend(letters.iter().rev());
    }
    text
}

#[test]
fn monero_addresses_name_the_spend_key() {
    let spend = [0x5b; 32];
    let expected = format!("monero:{}", hex(&spend));
    for (network, tail) in [(18, vec![9; 32]), (42, vec![9; 32]), (19, vec![9; 40])] {
        let text = monero_text(network, spend, &tail);
        assert!(matches!(text.len(), 95 | 106));
        check(&text, &expected, &[Chain::Monero]);
        let bent = text.replacen(&text[50..51], if &text[50..51] == "2" { "3" } else { "2" }, 1);
        check_refused(&bent, Kind::Checksum("Monero"));
    }
    check_refused(&monero_text(53, spend, &[9; 32]), Kind::Testnet);
    // The donation address of the Monero project.
    let donation = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A";
    assert_eq!(parse_address(donation).unwrap().address.family(), AddressFamily::Monero);
}

#[test]
fn what_is_no_address_says_what_it_is() {
    let key = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
    for (text, kind) in [
        ("", Kind::Empty),
        (" '\u{200b}' ", Kind::Empty),
        (&"a".repeat(129), Kind::TooLong),
        (&"a".repeat(2000), Kind::TooLong),
        ("1BpEi6DfDAUFd7GtittLSdBe\u{0423}JvcoaVggu", Kind::NotAscii),
        ("1BpEi6DfDAUFd7Gt\nitt", Kind::NotAscii),
        ("1BpEi6DfDAUFd7Gt ittLSdBeYJvcoaVggu", Kind::Malformed("a blank inside")),
        (&"5b".repeat(32), Kind::NotAnAddress("transaction, payment id or key")),
        (&format!("0x{}", "5b".repeat(32)), Kind::NotAnAddress("transaction, payment id or key")),
        (&format!("02{}", "5b".repeat(32)), Kind::NotAnAddress("public key")),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Kind::Testnet),
        ("2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc", Kind::Testnet),
        ("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVgg", Kind::Checksum("base58")),
        ("binancecleos", Kind::Unknown),
        (&format!("addr1{}", "q".repeat(90)), Kind::Unsupported("Cardano address")),
        (key, Kind::NotAnAddress("private key")),
    ] {
        check_refused(text, kind);
    }
    let error = parse_address(key).unwrap_err();
    assert!(!error.to_string().contains(&key[..6]), "a private key must not be repeated");
    assert!(error.hint().unwrap().contains("never"));
    let hostile = parse_address("\u{202e}1Bp\u{1b}[31m").unwrap_err().to_string();
    assert!(hostile.is_ascii() && !hostile.contains('\u{1b}'), "{hostile}");
}

#[test]
fn wrappings_and_uris_are_left_out_with_a_note() {
    let plain = "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu";
    let address = parse_address(plain).unwrap().address;
    for text in
        [" 1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu\t", "\u{feff}'1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu',"]
    {
        let parsed = parse_address(text).unwrap();
        assert_eq!((parsed.address, &parsed.notes[..]), (address, &[AddressNote::Trimmed][..]));
    }
    for text in [
        "bitcoin:1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu?amount=20.3",
        "BITCOIN:1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu",
    ] {
        let parsed = parse_address(text).unwrap();
        assert_eq!((parsed.address, &parsed.notes[..]), (address, &[AddressNote::PaymentUri][..]));
    }
    let evm = "ethereum:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed@1";
    assert_eq!(parse_address(evm).unwrap().notes, [AddressNote::PaymentUri]);
}

#[test]
fn versions_shared_by_two_chains_are_valid_on_both() {
    let hash = [7; 20];
    for (family, chain, also) in [
        (AddressFamily::P2pkh, Chain::Dogecoin, Chain::Verge),
        (AddressFamily::P2pkh, Chain::Bitcoin, Chain::BitcoinSv),
        (AddressFamily::P2sh, Chain::Bitcoin, Chain::Litecoin),
    ] {
        let chains = parse_address(&Address::of_20(family, hash).display(chain)).unwrap().chains;
        assert!(chains.contains(chain) && chains.contains(also));
    }
    for (chain, family, start) in [
        (Chain::Litecoin, AddressFamily::P2pkh, "L"),
        (Chain::Litecoin, AddressFamily::P2sh, "M"),
        (Chain::Dogecoin, AddressFamily::P2pkh, "D"),
        (Chain::Dash, AddressFamily::P2pkh, "X"),
        (Chain::Dash, AddressFamily::P2sh, "7"),
        (Chain::BitcoinGold, AddressFamily::P2pkh, "G"),
        (Chain::BitcoinGold, AddressFamily::P2sh, "A"),
        (Chain::Zcash, AddressFamily::P2pkh, "t1"),
        (Chain::Zcash, AddressFamily::P2sh, "t3"),
        (Chain::Verge, AddressFamily::P2pkh, "D"),
    ] {
        let text = Address::of_20(family, hash).display(chain);
        assert!(text.starts_with(start), "{text}");
        assert!(parse_address(&text).unwrap().chains.contains(chain));
    }
}

fn any_address() -> impl Strategy<Value = Address> {
    let families: Vec<_> = AddressFamily::ALL.to_vec();
    (proptest::sample::select(families), any::<[u8; 32]>(), 2_usize..=31).prop_map(
        |(family, mut payload, witness_len)| {
            if family == AddressFamily::Witness {
                payload[0] = 2 + payload[0] % 15; // version 1 of 32 bytes is taproot, 0 is another family
            }
            let len = family.payload_len().unwrap_or(1 + witness_len);
            Address::new(family, &payload[..len]).unwrap()
        },
    )
}

/// What the `bitcoin` crate writes for the same script.
fn by_the_bitcoin_crate(address: &Address) -> Option<String> {
    let mut script = match address.family() {
        AddressFamily::P2pkh => vec![0x76, 0xa9, 20],
        AddressFamily::P2sh => vec![0xa9, 20],
        AddressFamily::P2wpkh => vec![0, 20],
        AddressFamily::P2wsh => vec![0, 32],
        AddressFamily::P2tr => vec![0x51, 32],
        _ => return None,
    };
    script.extend_from_slice(address.payload());
    match address.family() {
        AddressFamily::P2pkh => script.extend_from_slice(&[0x88, 0xac]),
        AddressFamily::P2sh => script.push(0x87),
        _ => {}
    }
    let script = bitcoin::ScriptBuf::from_bytes(script);
    Some(bitcoin::Address::from_script(&script, bitcoin::Network::Bitcoin).unwrap().to_string())
}

#[test]
fn a_checksum_tells_base58_from_what_begins_like_bech32() {
    let tron = "tron:0b4f000000000000000000000000000000000000";
    check("TB115BhpCAFbjPUgniZ36TZYxNB67fPKzr", tron, &[Chain::Tron]);
    let mixed = AddressErrorKind::Malformed("upper and lower case mixed");
    check_refused("TB115BhpCAFbjPUgniZ36TZYxNB67fPKzs", mixed);
}

#[test]
fn a_solana_key_that_begins_like_bech32_is_told_by_its_letters() {
    let parsed = parse_address("Bc11111DeqpgTz94LYJGh9Dxsrgat8D9NHPSZCKKgg6j").unwrap();
    assert_eq!(parsed.address.family(), AddressFamily::Solana);
    assert_eq!(parsed.chains, ChainSet::of(&[Chain::Solana]));
    // One letter of the other case is a slip in an address of Bitcoin or Litecoin, never another chain's.
    let slip = AddressErrorKind::Malformed("upper and lower case mixed");
    check_refused("ltc1qw5u8d6qejxtdg4y5r3zarvary4c5xw7kgmn4nY", slip);
    // Nor is one of Litecoin whose prefix begins with a wrong letter.
    check_refused("mtc1qw5u8d6qejxtdg4y5r3zarvary4c5xw7kgmn4n9", AddressErrorKind::Unknown);
    check_refused("Mtc1qw5u8d6qejxtdg4y5r3zarvary4c5xw7kgmn4n9", AddressErrorKind::Unknown);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn every_address_is_read_back_from_its_text_on_every_chain(address in any_address()) {
        for chain in Chain::all() {
            let text = address.display(chain);
            let parsed = parse_address(&text).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(parsed.address, address, "{}", text);
            let has_text = !text.contains(':') || text.starts_with("bitcoincash:");
            prop_assert!(!has_text || parsed.chains.contains(chain), "{}", text);
        }
        if let Some(expected) = by_the_bitcoin_crate(&address) {
            prop_assert_eq!(address.display(Chain::Bitcoin), expected);
        }
    }

    #[test]
    fn one_wrong_character_is_refused(
        address in any_address(), chain in 0_usize..15, at in any::<prop::sample::Index>(),
        letter in proptest::char::range('0', 'z'),
    ) {
        let chain = Chain::all().nth(chain).unwrap();
        let text = address.display(chain);
        let is_checked = !matches!(address.family(), AddressFamily::Evm | AddressFamily::Solana);
        let at = at.index(text.len());
        let is_plain = text.contains(':') && !(text.starts_with("bitcoincash:") && at > 12);
        let is_same = text.as_bytes()[at] == letter as u8;
        if !is_checked || is_plain || is_same || !letter.is_ascii_alphanumeric() {
            return Ok(());
        }
        let mut bent = text.clone();
        bent.replace_range(at..=at, &letter.to_string());
        prop_assert!(parse_address(&bent).is_err(), "{} for {}", bent, text);
    }

    #[test]
    fn nothing_panics_and_errors_are_printable(text in "\\PC{0,140}", junk in any::<String>()) {
        for text in [text.as_str(), junk.as_str(), &format!("0x{text}"), &format!("bc1{junk}")] {
            if let Err(error) = parse_address(text) {
                prop_assert!(error.to_string().chars().all(|c| c == '…' || c.is_ascii_graphic() || c == ' '));
                prop_assert!(error.to_string().len() < 800);
            }
        }
    }
}
