//! Keys that are elsewhere, for real: on a token of SoftHSM, and in the KMS that Moto plays.
//! Run by the stage `keys`, which says in the environment where both are.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod moto;
mod softhsm;

use std::process::Command;

use gatepass::{
    EpochTime, HashAlgorithm, PublicKey, SignedPass, Trust, TrustedKeys, Unsigned, ViewerRequest,
    ViewerUrl, verify,
};
use gatepass_issuer::Signing;

const URL: &str = "https://media.example.com/films/a.mp4";

/// Has a key sign, and shows the pass to Gatepass and the signature to openssl.
async fn is_good(key: &Signing, hash: HashAlgorithm) -> SignedPass {
    let expiry = EpochTime::new(2_000_000_000).unwrap();
    let unsigned = Unsigned::canned(URL, expiry, hash).unwrap();
    let pass = key.complete(unsigned).await.unwrap();
    let signed = pass.url(URL).unwrap();
    let trust = Trust::from(TrustedKeys::from_iter([(key.id().clone(), key.public_key().clone())]));
    admits(&trust, &signed);
    openssl_agrees(key.public_key(), hash, &pass, &signed);
    pass
}

fn admits(trust: &Trust, signed: &str) {
    let url = ViewerUrl::parse(signed).unwrap();
    let no_cookies: [&[u8]; 0] = [];
    let request = ViewerRequest::new(url, "203.0.113.7".parse().unwrap(), no_cookies);
    let now = EpochTime::new(1_900_000_000).unwrap();
    verify(&request, trust, now).unwrap();
}

fn openssl_agrees(key: &PublicKey, hash: HashAlgorithm, pass: &SignedPass, signed: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let key = file("key.pem", key.to_pem().as_bytes());
    let signature = file("signature", &signature(signed));
    let message = file("message", pass.message());
    let openssl = std::env::var_os("GATEPASS_TOOL_OPENSSL").unwrap();
    let digest = format!("-{}", hash.as_str().to_lowercase());
    let mut command = Command::new(openssl);
    command.args(["dgst", &digest, "-verify"]).arg(key).arg("-signature").arg(signature);
    let said = command.arg(message).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}

/// The signature's bytes, out of a signed URL.
fn signature(signed: &str) -> Vec<u8> {
    let (_, rest) = signed.split_once("Signature=").unwrap();
    let text = rest.split('&').next().unwrap();
    let text: String = text
        .chars()
        .map(|letter| match letter {
            '-' => '+',
            '_' => '=',
            '~' => '/',
            other => other,
        })
        .collect();
    data_encoding::BASE64.decode(text.as_bytes()).unwrap()
}
