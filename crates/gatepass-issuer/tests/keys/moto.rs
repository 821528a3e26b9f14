//! Keys in the KMS of Moto, which stands in for AWS: it signs as KMS does, and takes any
//! credentials. That calls are signed as they should be is tested in `tests/kms.rs`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gatepass::{HashAlgorithm, KeyType};
use gatepass_issuer::{
    AwsSurroundings, HttpsClient, KeyPlace, KmsConfig, Signing, SigningError, SigningKeyConfig,
};
use serde_json::{Value, json};

use crate::is_good;

/// A server that ends with the test.
struct Moto {
    process: Child,
    port: u16,
}

impl Moto {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(std::env::var_os("GATEPASS_TEST_MOTO").unwrap())
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self { process, port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "Moto did not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    /// An action of KMS, as an administrator.
    fn administer(&self, action: &str, question: &Value) -> Value {
        let body = question.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: TrentService.{action}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/eu-central-1/kms/aws4_request, \
             SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    fn new_key(&self, spec: &str, usage: &str, alias: &str) {
        let made = self.administer("CreateKey", &json!({ "KeySpec": spec, "KeyUsage": usage }));
        let id = &made["KeyMetadata"]["KeyId"];
        self.administer("CreateAlias", &json!({ "AliasName": alias, "TargetKeyId": id }));
    }

    fn config(&self, key: &str) -> KmsConfig {
        let variables =
            [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "a secret")];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        KmsConfig {
            key: key.into(),
            region: "eu-central-1".into(),
            endpoint: Some(format!("http://127.0.0.1:{}/", self.port).parse().unwrap()),
            profile: None,
            patience: Duration::from_secs(20),
            surroundings: AwsSurroundings {
                variables: variables.map(owned).into_iter().collect(),
                home: None,
            },
            client: HttpsClient::new(),
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn open(config: KmsConfig) -> Result<Signing, SigningError> {
    let place = KeyPlace::Kms(Box::new(config));
    let key = SigningKeyConfig { id: "K1".parse().unwrap(), place, public_key: None };
    Signing::open(key, HashAlgorithm::Sha256).await
}

/// An environment without credentials, and a home with a file of profiles.
fn profile_in(home: &Path) -> AwsSurroundings {
    let folder = home.join(".aws");
    std::fs::create_dir(&folder).unwrap();
    let text = "[films]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = a secret\n";
    std::fs::write(folder.join("credentials"), text).unwrap();
    AwsSurroundings { variables: Default::default(), home: Some(home.to_owned()) }
}

#[tokio::test]
async fn keys_in_kms_sign_passes() {
    let moto = Moto::start();
    for (spec, key_type) in [("RSA_2048", KeyType::Rsa2048), ("ECC_NIST_P256", KeyType::P256)] {
        let alias = format!("alias/{spec}");
        moto.new_key(spec, "SIGN_VERIFY", &alias);
        let key = open(moto.config(&alias)).await.unwrap();
        assert_eq!(key.public_key().key_type(), key_type);
        is_good(&key, HashAlgorithm::Sha256).await;
    }

    let home = tempfile::tempdir().unwrap();
    let mut config = moto.config("alias/RSA_2048");
    config.surroundings = profile_in(home.path());
    config.profile = Some("films".into());
    is_good(&open(config.clone()).await.unwrap(), HashAlgorithm::Sha256).await;
    config.profile = Some("no such profile".into());
    let error = open(config).await.unwrap_err();
    assert!(error.to_string().contains("no credentials"), "{error}");

    let error = open(moto.config("alias/missing")).await.unwrap_err().to_string();
    assert!(error.contains("alias/missing") && error.contains("NotFound"), "{error}");
    moto.new_key("RSA_2048", "ENCRYPT_DECRYPT", "alias/encrypts");
    let error = open(moto.config("alias/encrypts")).await.unwrap_err();
    assert!(error.hint().unwrap().contains("SIGN_VERIFY"), "{error}");
    moto.new_key("RSA_4096", "SIGN_VERIFY", "alias/large");
    let error = open(moto.config("alias/large")).await.unwrap_err().to_string();
    assert!(error.contains("4096"), "{error}");
}
