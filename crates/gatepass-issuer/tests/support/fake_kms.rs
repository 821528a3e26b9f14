//! A KMS with one key: it signs as KMS does, remembers how it was asked, and answers something
//! else if a test says so. It computes AWS's Signature Version 4 itself, from the specification.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use data_encoding::{BASE64, HEXLOWER};
use gatepass::{KeySizes, PublicKey, SigningKey};
use gatepass_issuer::{AwsSurroundings, HttpsClient, KmsConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const TOKEN: &str = "FwoGZXIvYXdzSESSIONTOKEN";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A call, as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) target: String,
    pub(crate) body: Value,
    pub(crate) signature: String,
    pub(crate) expected_signature: String,
    pub(crate) canonical: String,
}

/// What is answered instead of a signature.
#[derive(Debug)]
pub(crate) enum Answer {
    Of { status: u16, body: String },
    Never,
}

impl Answer {
    pub(crate) fn of(status: u16, body: &str) -> Self {
        Self::Of { status, body: body.to_owned() }
    }
}

pub(crate) struct FakeKms {
    shared: Arc<Shared>,
    port: u16,
}

struct Shared {
    pem: String,
    key: EcdsaKeyPair,
    calls: Mutex<Vec<Call>>,
    next: Mutex<VecDeque<Answer>>,
}

impl FakeKms {
    pub(crate) async fn start() -> Self {
        let private = SigningKey::generate(gatepass::KeyType::P256).unwrap();
        let pem = private.to_pem().unwrap();
        let key = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &der(&pem))
            .unwrap();
        let pem = private.public_key().to_pem();
        let shared = Shared { pem, key, calls: Mutex::default(), next: Mutex::default() };
        let shared = Arc::new(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kms = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kms)));
            }
        });
        Self { shared, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey::parse(self.shared.pem.as_bytes(), KeySizes::Current).unwrap()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// Answers this to the next call.
    pub(crate) fn next(&self, answer: Answer) {
        self.shared.next.lock().unwrap().push_back(answer);
    }

    pub(crate) fn signature_of(&self, message: &[u8]) -> String {
        self.shared.signature_of(message).to_string()
    }
}

impl Shared {
    fn answer(&self, call: &Call) -> Value {
        match &*call.target {
            "TrentService.GetPublicKey" => json!({
                "KeyId": "arn:aws:kms:eu-central-1:111122223333:key/1",
                "KeyUsage": "SIGN_VERIFY",
                "PublicKey": BASE64.encode(&der(&self.pem)),
            }),
            "TrentService.Sign" => {
                let message = BASE64.decode(call.body["Message"].as_str().unwrap().as_bytes());
                let message = message.unwrap();
                assert_eq!(call.body["SigningAlgorithm"], "ECDSA_SHA_256");
                match call.body["MessageType"].as_str() {
                    Some("RAW") => {
                        assert!(message.len() <= 4096);
                        self.signature_of(&message)
                    }
                    _ => {
                        assert_eq!(message.len(), 32);
                        self.signature_of_digest(&message)
                    }
                }
            }
            other => panic!("{other}"),
        }
    }

    fn signature_of(&self, message: &[u8]) -> Value {
        let signature = self.key.sign(&SystemRandom::new(), message).unwrap();
        json!({ "Signature": BASE64.encode(signature.as_ref()) })
    }

    fn signature_of_digest(&self, sum: &[u8]) -> Value {
        let sum = aws_lc_rs::digest::Digest::import_less_safe(sum, &SHA256).unwrap();
        let signature = self.key.sign_digest(&sum).unwrap();
        json!({ "Signature": BASE64.encode(signature.as_ref()) })
    }
}

async fn serve(stream: TcpStream, kms: Arc<Shared>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        assert!(line.starts_with("POST / HTTP/1.1"), "{line}");
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let header = |wanted: &str| {
            let found = headers.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let mut body = vec![0; header("content-length").parse().unwrap()];
        stream.read_exact(&mut body).await.ok()?;
        let call = read(&headers, &body, header("x-amz-target"), &header("authorization"));
        assert_eq!(header("x-amz-security-token"), TOKEN);
        let scripted = kms.next.lock().unwrap().pop_front();
        let answer = kms.answer(&call);
        kms.calls.lock().unwrap().push(call);
        let (status, body) = match scripted {
            None => (200, answer.to_string()),
            Some(Answer::Of { status, body }) => (status, body),
            Some(Answer::Never) => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return None;
            }
        };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.ok()?;
    }
}

/// Signature Version 4: canonical request, string to sign, derived key.
fn read(headers: &[(String, String)], body: &[u8], target: String, authorization: &str) -> Call {
    let part = |name: &str| {
        let start = authorization.find(name).unwrap() + name.len();
        authorization[start..].split(',').next().unwrap().trim().to_owned()
    };
    let names = part("SignedHeaders=");
    for needed in ["host", "x-amz-date", "x-amz-security-token", "x-amz-target"] {
        assert!(names.split(';').any(|name| name == needed), "{needed} is not signed: {names}");
    }
    let lines: String = names
        .split(';')
        .map(|name| {
            let (_, value) = headers.iter().find(|(found, _)| found == name).unwrap();
            format!("{name}:{}\n", value.trim())
        })
        .collect();
    let hex = |bytes: &[u8]| HEXLOWER.encode(digest(&SHA256, bytes).as_ref());
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", hex(body));
    let scope = part("Credential=");
    let (access, scope) = scope.split_once('/').unwrap();
    assert_eq!(access, "AKIDEXAMPLE");
    let mut parts = scope.split('/');
    let (day, region, service) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    assert_eq!((region, service), ("eu-central-1", "kms"));
    let (_, time) = headers.iter().find(|(name, _)| name == "x-amz-date").unwrap();
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(canonical.as_bytes()));
    let step = |key: &[u8], text: &str| {
        sign(&Key::new(HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
    };
    let key = step(format!("AWS4{SECRET}").as_bytes(), day);
    let key = step(&step(&step(&key, region), service), "aws4_request");
    let expected_signature = HEXLOWER.encode(&step(&key, &text));
    let body = serde_json::from_slice(body).unwrap();
    Call { target, body, signature: part("Signature="), expected_signature, canonical }
}

pub(crate) fn config(url: &str) -> KmsConfig {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", TOKEN),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    KmsConfig {
        key: "alias/films".into(),
        region: "eu-central-1".into(),
        endpoint: Some(url.parse().unwrap()),
        profile: None,
        patience: Duration::from_secs(3),
        surroundings: AwsSurroundings {
            variables: variables.map(owned).into_iter().collect(),
            home: None,
        },
        client: HttpsClient::new(),
    }
}

fn der(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(base64.as_bytes()).unwrap()
}
