//! A KMS with one key, which may be away for a while: it then answers that it is busy.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use data_encoding::BASE64;
use gatepass::{KeyType, SigningKey};
use serde_json::{Value, json};

pub(crate) struct Kms {
    shared: Arc<Shared>,
    port: u16,
}

struct Shared {
    public: String,
    key: EcdsaKeyPair,
    is_away: AtomicBool,
    asked: AtomicUsize,
}

impl Kms {
    pub(crate) fn start() -> Self {
        let key = SigningKey::generate(KeyType::P256).unwrap();
        let private = der(&key.to_pem().unwrap());
        let shared = Arc::new(Shared {
            public: BASE64.encode(&der(&key.public_key().to_pem())),
            key: EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &private)
                .unwrap(),
            is_away: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let kms = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kms = Arc::clone(&kms);
                std::thread::spawn(move || while kms.answer(stream.as_ref().unwrap()).is_some() {});
            }
        });
        Self { shared, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn be_away(&self, is_away: bool) {
        self.shared.is_away.store(is_away, Ordering::SeqCst);
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Answers one call; none if nobody asks any more.
    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let (mut target, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            match line.split_once(": ") {
                Some(("x-amz-target", value)) => value.clone_into(&mut target),
                Some(("content-length", value)) => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        self.asked.fetch_add(1, Ordering::SeqCst);
        let (status, answer) = if self.is_away.load(Ordering::SeqCst) {
            (503, "{}".to_owned())
        } else {
            (200, self.said(&target, &serde_json::from_slice(&body).unwrap()).to_string())
        };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.write_all(format!("{head}{answer}").as_bytes()).ok()
    }

    fn said(&self, target: &str, asked: &Value) -> Value {
        if target.ends_with(".getpublickey") {
            return json!({"KeyId": "arn:k", "KeyUsage": "SIGN_VERIFY", "PublicKey": self.public});
        }
        let message = BASE64.decode(asked["Message"].as_str().unwrap().as_bytes()).unwrap();
        let signature = self.key.sign(&SystemRandom::new(), &message).unwrap();
        json!({ "Signature": BASE64.encode(signature.as_ref()) })
    }
}

fn der(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(base64.as_bytes()).unwrap()
}
