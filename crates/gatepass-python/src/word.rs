//! What Python says by a word, a text or an address.

use std::net::IpAddr;

use gatepass::{
    CookieNaming, HashAlgorithm, JsonStyle, KeySizes, Network, PublicKeyId, Reading, SameSite,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyString;

use crate::problem;

/// Text or bytes, where they lie: a private key is not copied to be read.
#[derive(FromPyObject)]
pub(crate) enum Text {
    Str(PyBackedStr),
    Bytes(PyBackedBytes),
}

impl Text {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Str(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The two kinds of policy.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Canned,
    Custom,
}

pub(crate) fn kind(word: &str) -> PyResult<Kind> {
    choose("kind", word, &[("custom", Kind::Custom), ("canned", Kind::Canned)])
}

pub(crate) fn hash_algorithm(word: &str) -> PyResult<HashAlgorithm> {
    hash("hash_algorithm", word)
}

pub(crate) fn minimum_hash(word: &str) -> PyResult<HashAlgorithm> {
    hash("minimum_hash", word)
}

fn hash(argument: &str, word: &str) -> PyResult<HashAlgorithm> {
    choose(argument, word, &[("SHA1", HashAlgorithm::Sha1), ("SHA256", HashAlgorithm::Sha256)])
}

pub(crate) fn naming(word: &str) -> PyResult<CookieNaming> {
    choose("naming", word, &[("plain", CookieNaming::Plain), ("per-key", CookieNaming::PerKey)])
}

pub(crate) fn reading(word: &str) -> PyResult<Reading> {
    let words = [("gatepass", Reading::Gatepass), ("cloudfront", Reading::CloudFront)];
    choose("reading", word, &words)
}

pub(crate) fn key_sizes(word: &str) -> PyResult<KeySizes> {
    choose("key_sizes", word, &[("current", KeySizes::Current), ("legacy", KeySizes::Legacy)])
}

pub(crate) fn style(word: &str) -> PyResult<JsonStyle> {
    let words = [("botocore", JsonStyle::Botocore), ("javascript", JsonStyle::JavaScript)];
    choose("style", word, &words)
}

/// In lower or upper case: frameworks differ.
pub(crate) fn same_site(word: &str) -> PyResult<SameSite> {
    let words = [("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)];
    choose("same_site", &word.to_ascii_lowercase(), &words)
}

fn choose<T: Copy>(argument: &str, word: &str, words: &[(&str, T)]) -> PyResult<T> {
    if let Some((_, meant)) = words.iter().find(|(known, _)| *known == word) {
        return Ok(*meant);
    }
    let known: Vec<_> = words.iter().map(|(known, _)| format!("{known:?}")).collect();
    let shown: String = word.chars().take(40).collect();
    Err(PyValueError::new_err(format!("{argument} is {shown:?}: expected {}", known.join(" or "))))
}

pub(crate) fn key_pair_id(text: &str) -> PyResult<PublicKeyId> {
    text.parse().map_err(|error| problem::key_id(&error))
}

pub(crate) fn network(given: &Bound<'_, PyAny>) -> PyResult<Network> {
    text_of_address(given)?
        .parse()
        .map_err(|error| problem::policy(format!("ip_address: {error}"), Some(NETWORK)))
}

pub(crate) fn address(given: &Bound<'_, PyAny>) -> PyResult<IpAddr> {
    let text = text_of_address(given)?;
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(80).collect();
        problem::request(format!("ip_address: {shown:?} is no IP address"), ADDRESS)
    })
}

/// The text itself, or that of one of the classes of `ipaddress`.
fn text_of_address(given: &Bound<'_, PyAny>) -> PyResult<String> {
    let is_address = given.get_type().getattr("__module__")?.eq("ipaddress")?;
    if given.is_instance_of::<PyString>() || is_address {
        return given.str()?.extract();
    }
    let kind = given.get_type().name()?;
    Err(PyTypeError::new_err(format!("ip_address is of type {kind}: expected text")))
}

const NETWORK: &str = "write one address (203.0.113.7) or a range (203.0.113.0/24)";
const ADDRESS: &str = "give the viewer's address, without a port";
