//! Signature Version 4 from the server's side, written from Amazon's description, and held
//! against the examples that Amazon published.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};

/// A request as a server reads it from the wire.
pub(crate) struct Received<'r> {
    method: &'r str,
    path: &'r str,
    query: &'r str,
    headers: Vec<(String, &'r str)>,
}

/// What a signature says of itself.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) access_key: String,
    date: String,
    region: String,
    service: String,
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: String,
}

/// How a server gets from the bytes that it received to those that were signed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// The path and query are taken as they came; a query is sorted.
    AsSent,
    /// They are decoded, and encoded again. A `+` in a query is a space.
    Respelled,
}

impl<'r> Received<'r> {
    pub(crate) fn parse(head: &'r str) -> Self {
        let mut lines = head.trim_end().split("\r\n");
        let mut words = lines.next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.map(|line| line.split_once(':').unwrap());
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim())).collect();
        Self { method, path, query, headers }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&'r str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let first = found.next().map(|(_, value)| *value);
        assert!(found.next().is_none(), "{name} was sent twice");
        first
    }

    pub(crate) fn path(&self) -> &'r str {
        self.path
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| &**name)
    }

    pub(crate) fn claim(&self) -> Option<Claim> {
        let text = self.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let part = |name: &str| {
            let mut parts = text.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let scope: Vec<_> = part("Credential")?.split('/').collect();
        let [access_key, date, region, service, "aws4_request"] = *scope else { return None };
        Some(Claim {
            access_key: access_key.into(),
            date: date.into(),
            region: region.into(),
            service: service.into(),
            signed_headers: part("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: part("Signature")?.into(),
        })
    }

    /// The signature that this request should have.
    pub(crate) fn expected(&self, claim: &Claim, secret: &str, reading: Reading) -> String {
        let payload = self.header("x-amz-content-sha256").map_or_else(|| hash(""), str::to_owned);
        let header = |name: &String| format!("{name}:{}\n", self.header(name).unwrap());
        let canonical = format!(
            "{}\n{}\n{}\n{}\n{}\n{payload}",
            self.method,
            canonical_path(self.path, reading),
            canonical_query(self.query, reading),
            claim.signed_headers.iter().map(header).collect::<String>(),
            claim.signed_headers.join(";"),
        );
        let Claim { date, region, service, .. } = claim;
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let moment = self.header("x-amz-date").unwrap();
        let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hash(&canonical));
        let key = format!("AWS4{secret}").into_bytes();
        let steps = [date, region, service, "aws4_request", &text];
        let signature = steps.iter().fold(key, |key, step| {
            sign(&Key::new(HMAC_SHA256, &key), step.as_bytes()).as_ref().to_vec()
        });
        data_encoding::HEXLOWER.encode(&signature)
    }
}

fn hash(text: &str) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

fn canonical_path(path: &str, reading: Reading) -> String {
    match reading {
        Reading::AsSent => path.to_owned(),
        Reading::Respelled => encode(&decode(path), "/"),
    }
}

fn canonical_query(query: &str, reading: Reading) -> String {
    let respell = |text: &str| match reading {
        Reading::AsSent => text.to_owned(),
        Reading::Respelled => encode(&decode(&text.replace('+', " ")), ""),
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (respell(name), respell(value))).collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

fn encode(bytes: &[u8], also_plain: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: &u8| {
        if is_plain(*byte) || also_plain.as_bytes().contains(byte) {
            char::from(*byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    bytes.iter().map(encode).collect()
}

/// The key of Amazon's examples.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[track_caller]
fn check(lines: &[&str], secret: &str) {
    let head = format!("{}\r\n\r\n", lines.join("\r\n"));
    let received = Received::parse(&head);
    let claim = received.claim().unwrap();
    assert_eq!(received.expected(&claim, secret, Reading::AsSent), claim.signature);
    assert_eq!(received.expected(&claim, secret, Reading::Respelled), claim.signature);
}

fn authorization(headers: &str, signature: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 \
         Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders={headers},Signature={signature}"
    )
}

#[test]
fn the_examples_of_the_s3_documentation_verify() {
    let content = format!("x-amz-content-sha256: {EMPTY}");
    check(
        &[
            "GET /test.txt HTTP/1.1",
            "Host: examplebucket.s3.amazonaws.com",
            "Range: bytes=0-9",
            &content,
            "x-amz-date: 20130524T000000Z",
            &authorization(
                "host;range;x-amz-content-sha256;x-amz-date",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
        ],
        SECRET,
    );
    check(
        &[
            "PUT /test%24file.text HTTP/1.1",
            "Host: examplebucket.s3.amazonaws.com",
            "Date: Fri, 24 May 2013 00:00:00 GMT",
            "x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "x-amz-date: 20130524T000000Z",
            "x-amz-storage-class: REDUCED_REDUNDANCY",
            &authorization(
                "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
        ],
        SECRET,
    );
    for (target, signature) in [
        ("/?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "/?max-keys=2&prefix=J",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        check(
            &[
                &format!("GET {target} HTTP/1.1"),
                "Host: examplebucket.s3.amazonaws.com",
                &content,
                "x-amz-date: 20130524T000000Z",
                &authorization("host;x-amz-content-sha256;x-amz-date", signature),
            ],
            SECRET,
        );
    }
}

#[test]
fn the_published_test_suite_verifies() {
    for (line, signature) in [
        ("GET / HTTP/1.1", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST / HTTP/1.1", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET /?Param2=value2&Param1=value1 HTTP/1.1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    ] {
        check(
            &[
                line,
                "Host: example.amazonaws.com",
                "X-Amz-Date: 20150830T123600Z",
                &format!(
                    "Authorization: AWS4-HMAC-SHA256 \
                     Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature={signature}"
                ),
            ],
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        );
    }
}
