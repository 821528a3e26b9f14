//! What is agreed on: versions, protocols, ciphers, tickets.

use std::io::{Read, Write};

use rcgen::KeyPair;
use rustls::HandshakeKind;

use crate::stage::{Stage, connect, get, start};

#[test]
fn tls_1_3_and_1_2_are_spoken_with_both_kinds_of_keys() {
    let stage = Stage::new();
    let rsa = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let rsa = stage.certificate_with("rsa", &["rsa.test"], &rsa, |_| {});
    let running = start(vec![stage.certificate("p256", &["p256.test"]), rsa]);
    let new = stage.viewer(&[]);
    let old = stage.viewer_of(&[], &[&rustls::version::TLS12]);
    for (viewer, name, agreed) in [
        (&new, "p256.test", "TLSv1.3 TLS_AES_256_GCM_SHA384"),
        (&new, "rsa.test", "TLSv1.3 TLS_AES_256_GCM_SHA384"),
        (&old, "p256.test", "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384"),
        (&old, "rsa.test", "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384"),
    ] {
        let answer = get(&mut connect(running.address(), viewer, name), "/").unwrap();
        assert!(answer.ends_with(&format!("https HTTP/1.1 {agreed}")), "{name}: {answer}");
    }
}

#[test]
fn a_name_with_two_kinds_of_keys_shows_what_the_viewer_can_check() {
    let stage = Stage::new();
    let rsa = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let rsa = stage.certificate_with("rsa", &["media.test"], &rsa, |_| {});
    let running = start(vec![stage.certificate("p256", &["media.test"]), rsa]);
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| format!("{suite:?}").contains("ECDHE_RSA"));
    let mut viewer = (*stage.viewer_of(&[], &[&rustls::version::TLS12])).clone();
    let both = std::sync::Arc::new(viewer.clone());
    let ecdsa = get(&mut connect(running.address(), &both, "media.test"), "/").unwrap();
    assert!(ecdsa.contains("ECDHE-ECDSA"), "{ecdsa}");
    viewer = rebuilt(&stage, provider);
    let only_rsa = std::sync::Arc::new(viewer);
    let rsa = get(&mut connect(running.address(), &only_rsa, "media.test"), "/").unwrap();
    assert!(rsa.contains("ECDHE-RSA"), "{rsa}");
}

fn rebuilt(stage: &Stage, provider: rustls::crypto::CryptoProvider) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(stage.root()).unwrap();
    rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[test]
fn http2_is_chosen_by_alpn() {
    let stage = Stage::new();
    let running = start(vec![stage.certificate("one", &["media.test"])]);
    for (protocols, chosen) in [
        (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
        (&["http/1.1", "h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let mut stream = connect(running.address(), &stage.viewer(protocols), "media.test");
        stream.conn.complete_io(&mut stream.sock).unwrap();
        assert_eq!(stream.conn.alpn_protocol(), chosen);
    }
    let mut stream = connect(running.address(), &stage.viewer(&["h2"]), "media.test");
    // The preface, empty SETTINGS, and HEADERS on stream 1 for https://media.test/
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    stream.write_all(b"\0\0\x0f\x01\x05\0\0\0\x01\x82\x87\x84\x01\x0amedia.test").unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    while !answer.windows(14).any(|window| window == b"HTTP/2.0 TLSv1") {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "{answer:?}");
        answer.extend_from_slice(&buffer[..length]);
    }
}

#[test]
fn a_protocol_that_is_not_spoken_is_refused() {
    let stage = Stage::new();
    let running = start(vec![stage.certificate("one", &["media.test"])]);
    for protocol in ["acme-tls/1", "spdy/3"] {
        let mut stream = connect(running.address(), &stage.viewer(&[protocol]), "media.test");
        get(&mut stream, "/").unwrap_err();
    }
    let again = get(&mut connect(running.address(), &stage.viewer(&[]), "media.test"), "/");
    again.unwrap();
}

#[test]
fn sessions_are_resumed_and_carry_no_early_data() {
    let stage = Stage::new();
    let running = start(vec![stage.certificate("one", &["media.test"])]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let viewer = stage.viewer_of(&[], &[version]);
        let mut early = (*viewer).clone();
        early.enable_early_data = true;
        let viewer = std::sync::Arc::new(early);
        let mut kinds = Vec::new();
        for _ in 0..3 {
            let mut stream = connect(running.address(), &viewer, "media.test");
            assert!(stream.conn.early_data().is_none(), "no ticket allows early data");
            let answer = get(&mut stream, "/").unwrap();
            let kind = stream.conn.handshake_kind().unwrap();
            assert_eq!(answer.ends_with(" resumed"), kind == HandshakeKind::Resumed, "{answer}");
            kinds.push(kind);
        }
        assert_eq!(
            kinds,
            [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed],
            "{version:?}"
        );
    }
}
