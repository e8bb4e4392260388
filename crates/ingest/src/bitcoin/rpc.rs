//! A blocking client for the two interfaces of Bitcoin Core: JSON-RPC (with credentials) and REST (without).
//!
//! Source: Bitcoin Core 30, `doc/JSON-RPC-interface.md`, `doc/REST-interface.md`. Answers are untrusted bytes: their
//! length is limited, and blocks in them are checked like blocks from files. No TLS: a node listens on the same
//! machine, or behind a tunnel. Checked against a scripted server in `tests/it`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bitcoin::hex::FromHex;
use ledger::{BlockHash, ScriptType, SpentByInput};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use ureq::http::StatusCode;

use super::decode::{HEADER_BYTES, Header, push_compact_size};
use super::error::{Place, SourceError, SourceFault};
use super::network::Network;
use super::script::payee;

/// The longest answer that is read: a full block at verbosity 3 takes up to about 40 MB.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// The longest wait for one: a busy node takes tens of seconds for a large block.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(120);
/// JSON-RPC code for a height beyond the tip or a verbosity that is not known (`RPC_INVALID_PARAMETER`).
const RPC_INVALID_PARAMETER: i64 = -8;

/// Where a node listens and how to prove that one may ask it.
#[derive(Clone, Default)]
pub struct NodeAccess {
    /// Its address, for example `http://127.0.0.1:8332`.
    pub url: String,
    /// `name:password` of `rpcauth`, or of `rpcuser` and `rpcpassword`.
    pub user: Option<String>,
    /// The file that a node writes at every start; read again for every question.
    pub cookie: Option<PathBuf>,
    /// Whether to use REST: no credentials and less to transfer, but no spent outputs.
    pub rest: bool,
}

/// Never shows a password.
impl fmt::Debug for NodeAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.user.as_deref().and_then(|user| user.split(':').next());
        f.debug_struct("NodeAccess")
            .field("url", &split_credentials(&self.url).0)
            .field("user", &name)
            .field("cookie", &self.cookie)
            .field("rest", &self.rest)
            .finish()
    }
}

/// What a node says of its chain.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ChainInfo {
    pub(crate) chain: String,
    pub(crate) blocks: u32,
    #[serde(default)]
    pub(crate) pruneheight: Option<u32>,
}

impl ChainInfo {
    pub(crate) fn network(&self) -> Option<Network> {
        let name = if self.chain == "test" { "testnet3" } else { &self.chain };
        Network::ALL.into_iter().find(|network| network.name() == name)
    }
}

/// A block as a node gives it.
pub(crate) struct NodeBlock {
    pub(crate) bytes: Vec<u8>,
    /// Of every input but the coinbase's, in order; empty where the node does not tell.
    pub(crate) spent: Vec<Option<SpentByInput>>,
}

/// A connection to a node.
#[derive(Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    /// Its address is without credentials and without a slash at its end.
    access: NodeAccess,
}

impl Client {
    pub(crate) fn new(access: &NodeAccess) -> Self {
        let (url, user) = split_credentials(&access.url);
        let access = NodeAccess { url, user: access.user.clone().or(user), ..access.clone() };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_TIME_MAX))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build();
        Self { agent: config.into(), access }
    }

    pub(crate) fn url(&self) -> &str {
        &self.access.url
    }

    pub(crate) fn place(&self) -> Place {
        Place::Url(self.access.url.clone())
    }

    pub(crate) fn chain_info(&self) -> Result<ChainInfo, SourceError> {
        match self.access.rest {
            true => {
                let path = "rest/chaininfo.json";
                let body =
                    self.get(path)?.ok_or_else(|| self.answer(path, "REST is off (rest=1)"))?;
                serde_json::from_slice(&body).map_err(|error| self.answer(path, error))
            }
            false => self.call("getblockchaininfo", json!([])),
        }
    }

    /// The hash at a height of the node's best chain; `None` beyond its tip.
    pub(crate) fn block_hash(&self, height: u32) -> Result<Option<BlockHash>, SourceError> {
        let text = if self.access.rest {
            let path = format!("rest/blockhashbyheight/{height}.hex");
            let Some(body) = self.get(&path)? else { return Ok(None) };
            String::from_utf8_lossy(&body).trim().to_owned()
        } else {
            match self.call::<String>("getblockhash", json!([height])) {
                Ok(text) => text,
                Err(error) if has_code(&error, RPC_INVALID_PARAMETER) => return Ok(None),
                Err(error) => return Err(error),
            }
        };
        text.parse().map(Some).map_err(|error| self.answer("getblockhash", error))
    }

    pub(crate) fn header(&self, hash: &BlockHash) -> Result<Header, SourceError> {
        let method = "getblockheader";
        let bytes = if self.access.rest {
            let path = format!("rest/headers/1/{hash}.bin");
            self.get(&path)?.ok_or_else(|| self.answer(&path, "no such block"))?
        } else {
            let text: String = self.call(method, json!([hash.to_string(), false]))?;
            Vec::from_hex(&text).map_err(|error| self.answer(method, error))?
        };
        let bytes: &[u8; HEADER_BYTES] =
            bytes.as_slice().try_into().map_err(|_| self.answer(method, "not 80 bytes"))?;
        let header = Header::read(bytes);
        match header.hash == *hash {
            true => Ok(header),
            false => Err(self.answer(method, "the header has another hash")),
        }
    }

    pub(crate) fn block(&self, hash: &BlockHash) -> Result<NodeBlock, SourceError> {
        if self.access.rest {
            let path = format!("rest/block/{hash}.bin");
            let bytes = self.get(&path)?;
            let bytes =
                bytes.ok_or_else(|| self.answer(&path, "the node has no such block on disk"))?;
            return Ok(NodeBlock { bytes, spent: Vec::new() });
        }
        let ask = |verbosity| self.call("getblock", json!([hash.to_string(), verbosity]));
        let answer: BlockAnswer = match ask(3) {
            Err(error) if has_code(&error, RPC_INVALID_PARAMETER) => ask(2)?,
            other => other?,
        };
        answer.into_block().map_err(|why| self.answer("getblock", why))
    }

    fn answer(&self, method: &str, why: impl fmt::Display) -> SourceError {
        let fault = SourceFault::Answer { method: method.to_owned(), why: why.to_string() };
        SourceError::new(self.place(), fault)
    }

    fn call<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, SourceError> {
        let question = json!({"jsonrpc": "1.0", "id": 0, "method": method, "params": params});
        let mut request = self.agent.post(&self.access.url).content_type("application/json");
        if let Some(credentials) = self.credentials()? {
            request = request.header("authorization", format!("Basic {}", base64(&credentials)));
        }
        let answer = request.send(question.to_string()).map_err(|error| self.unreachable(error))?;
        let status = answer.status();
        let body = self.body(method, answer)?;
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let fault = SourceFault::Unauthorized(status.as_u16());
            return Err(SourceError::new(self.place(), fault));
        }
        let answer: Answer<T> = serde_json::from_slice(&body).map_err(|error| {
            self.answer(method, format_args!("HTTP {}: {error}", status.as_u16()))
        })?;
        match answer {
            Answer { error: Some(RpcError { code, message }), .. } => {
                let method = method.to_owned();
                Err(SourceError::new(self.place(), SourceFault::Rpc { method, code, message }))
            }
            Answer { result: Some(result), .. } => Ok(result),
            Answer { .. } => Err(self.answer(method, "neither a result nor an error")),
        }
    }

    /// `None` where the node has nothing of that name.
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let url = format!("{}/{path}", self.access.url);
        let answer = self.agent.get(&url).call().map_err(|error| self.unreachable(error))?;
        let status = answer.status();
        let body = self.body(path, answer)?;
        match status {
            StatusCode::OK => Ok(Some(body)),
            StatusCode::NOT_FOUND => Ok(None),
            other => {
                let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
                Err(self.answer(path, format_args!("HTTP {}: {}", other.as_u16(), text.trim())))
            }
        }
    }

    fn body(
        &self,
        method: &str,
        mut answer: ureq::http::Response<ureq::Body>,
    ) -> Result<Vec<u8>, SourceError> {
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        body.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(limit) => {
                self.answer(method, format_args!("longer than {limit} bytes"))
            }
            error => self.unreachable(error),
        })
    }

    fn unreachable(&self, error: ureq::Error) -> SourceError {
        SourceError::new(self.place(), SourceFault::Unreachable(error.to_string()))
    }

    fn credentials(&self) -> Result<Option<String>, SourceError> {
        if let Some(user) = &self.access.user {
            return Ok(Some(user.clone()));
        }
        let Some(path) = &self.access.cookie else { return Ok(None) };
        let text = std::fs::read_to_string(path);
        text.map(|text| Some(text.trim().to_owned())).map_err(|error| SourceError::io(path, error))
    }
}

fn has_code(error: &SourceError, wanted: i64) -> bool {
    matches!(&*error.fault, SourceFault::Rpc { code, .. } if *code == wanted)
}

/// `http://user:password@host:port/` without its credentials, and those.
fn split_credentials(url: &str) -> (String, Option<String>) {
    let url = url.trim_end_matches('/');
    let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let (scheme, rest) = with_scheme.split_once("://").expect("it was put there");
    let Some((user, host)) = rest.rsplit_once('@') else { return (with_scheme, None) };
    (format!("{scheme}://{host}"), Some(user.to_owned()))
}

/// RFC 4648; a crate for it would serve this one line.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            encoded.push(match digit <= chunk.len() {
                true => DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char,
                false => '=',
            });
        }
    }
    encoded
}

#[derive(Deserialize)]
struct Answer<T> {
    result: Option<T>,
    error: Option<RpcError>,
}

#[derive(Deserialize)]
struct RpcError {
    code: i64,
    #[serde(default)]
    message: String,
}

/// `getblock` at verbosity 2 or 3. All but the header and the raw transactions is left unread: whatever else it says
/// follows from those, and is then known to be true.
#[derive(Deserialize)]
struct BlockAnswer {
    version: i32,
    previousblockhash: Option<String>,
    merkleroot: String,
    time: u32,
    nonce: u32,
    bits: String,
    tx: Vec<TransactionAnswer>,
}

#[derive(Deserialize)]
struct TransactionAnswer {
    hex: String,
    vin: Vec<InputAnswer>,
}

#[derive(Deserialize)]
struct InputAnswer {
    coinbase: Option<IgnoredAny>,
    prevout: Option<PreviousOutput>,
}

#[derive(Deserialize)]
struct PreviousOutput {
    value: Box<RawValue>,
    #[serde(rename = "scriptPubKey")]
    script: ScriptAnswer,
}

#[derive(Deserialize)]
struct ScriptAnswer {
    hex: String,
}

impl BlockAnswer {
    fn into_block(self) -> Result<NodeBlock, String> {
        let previous_hash = match &self.previousblockhash {
            Some(text) => text.parse::<BlockHash>().map_err(|error| error.to_string())?,
            None => BlockHash::default(),
        };
        let merkle_root: BlockHash =
            self.merkleroot.parse().map_err(|error| format!("merkleroot: {error}"))?;
        let bits = u32::from_str_radix(&self.bits, 16).map_err(|error| format!("bits: {error}"))?;
        let words = [self.time, bits, self.nonce];
        let header = Header::write(self.version, &previous_hash, merkle_root.as_bytes(), words);
        let mut bytes = header.to_vec();
        push_compact_size(&mut bytes, self.tx.len());
        let mut spent = Vec::new();
        for transaction in &self.tx {
            let raw: Vec<u8> =
                FromHex::from_hex(&transaction.hex).map_err(|error| format!("hex: {error}"))?;
            bytes.extend_from_slice(&raw);
            for input in transaction.vin.iter().filter(|input| input.coinbase.is_none()) {
                spent.push(input.prevout.as_ref().map(PreviousOutput::read).transpose()?);
            }
        }
        Ok(NodeBlock { bytes, spent })
    }
}

impl PreviousOutput {
    fn read(&self) -> Result<SpentByInput, String> {
        let amount_sat = satoshi(self.value.get())
            .ok_or_else(|| format!("not an amount: {}", self.value.get()))?;
        let script: Vec<u8> = FromHex::from_hex(&self.script.hex)
            .map_err(|error| format!("scriptPubKey: {error}"))?;
        let payee = payee(&script);
        let script_type: ScriptType = payee.script_type;
        Ok(SpentByInput { amount_sat, script_type, address: payee.address })
    }
}

/// Satoshi from a decimal number of bitcoins, without a detour over floats: `0.05013719`, `5e-05`.
fn satoshi(text: &str) -> Option<u64> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number: u64 = format!("{whole}{fraction}").parse().ok()?;
    let shift = 8 + exponent - i32::try_from(fraction.len()).ok()?;
    let power = 10_u64.checked_pow(shift.unsigned_abs())?;
    match shift >= 0 {
        true => number.checked_mul(power),
        false => number.is_multiple_of(power).then_some(number / power),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn amounts_are_exact() {
        #[track_caller]
        fn check(text: &str, amount_sat: Option<u64>) {
            assert_eq!(satoshi(text), amount_sat, "{text}");
        }
        check("0.05013719", Some(5_013_719));
        check("20999999.97690000", Some(2_099_999_997_690_000));
        check("50", Some(5_000_000_000));
        check("1e-8", Some(1));
        check("5.0e-05", Some(5_000));
        check("0.000000001", None);
        check("-1", None);
        check("1e99", None);
        check("", None);
    }

    #[test]
    fn credentials_leave_the_url_and_no_password_is_shown() {
        let client =
            |url: &str| Client::new(&NodeAccess { url: url.into(), ..NodeAccess::default() });
        assert_eq!(client("localhost:1").url(), "http://localhost:1");
        let client = client("http://alice:se:cret@127.0.0.1:8332/");
        assert_eq!(client.url(), "http://127.0.0.1:8332");
        assert_eq!(client.credentials().unwrap().unwrap(), "alice:se:cret");
        assert!(!format!("{client:?}").contains("cret"));
    }

    #[test]
    fn base64_pads() {
        let encoded = ["", "f", "fo", "foo", "foobar"].map(base64);
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }
}
