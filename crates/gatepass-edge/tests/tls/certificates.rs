//! Which certificate is shown, and what happens to those that can't be.

use gatepass::EpochTime;
use gatepass_edge::{CertificateFiles, Certificates, listen};
use rcgen::{KeyPair, date_time_ymd};

use crate::stage::{Mirror, Stage, config, connect, get, shown, start};

#[test]
fn names_are_looked_up_exactly_then_by_wildcard_then_the_first_is_shown() {
    let stage = Stage::new();
    let running = start(vec![
        stage.certificate("first", &["first.test"]),
        stage.certificate("wild", &["*.media.test", "media.test"]),
        stage.certificate("exact", &["exact.media.test"]),
    ]);
    let shown = |name| shown(running.address(), &stage.viewer(&[]), name);
    assert_eq!(shown("first.test"), "the right one");
    assert_eq!(shown("media.test"), "the right one");
    assert_eq!(shown("a.media.test"), "the right one");
    assert_eq!(shown("A.Media.Test"), "the right one");
    assert_eq!(shown("exact.media.test"), "the right one");
    // A wildcard is one label; somebody unknown, or a viewer without SNI, sees the first.
    assert_eq!(shown("a.b.media.test"), r#"DnsName("first.test")"#);
    assert_eq!(shown("other.test"), r#"DnsName("first.test")"#);
    assert_eq!(shown("127.0.0.1"), r#"DnsName("first.test")"#);
}

#[test]
fn an_exact_name_comes_before_a_wildcard_that_is_listed_first() {
    let stage = Stage::new();
    let running = start(vec![
        stage.certificate("wild", &["*.media.test"]),
        stage.certificate("exact", &["a.media.test"]),
    ]);
    let mut stream = connect(running.address(), &stage.viewer(&[]), "a.media.test");
    get(&mut stream, "/").unwrap();
    let leaf = &stream.conn.peer_certificates().unwrap()[0];
    let pem = std::fs::read_to_string(stage.path("exact.pem")).unwrap();
    assert_eq!(leaf, &Stage::first_of(&pem));
}

#[test]
fn a_reload_shows_what_the_files_hold_by_then() {
    let stage = Stage::new();
    let running = start(vec![stage.certificate("one", &["old.test"])]);
    let viewer = stage.viewer(&[]);
    let mut begun = connect(running.address(), &viewer, "old.test");
    begun.conn.complete_io(&mut begun.sock).unwrap();
    stage.certificate("one", &["new.test"]);
    assert_eq!(shown(running.address(), &viewer, "old.test"), "the right one");
    running.certificates().unwrap().reload().unwrap();
    assert_eq!(shown(running.address(), &stage.viewer(&[]), "old.test"), r#"DnsName("new.test")"#);
    assert_eq!(shown(running.address(), &viewer, "new.test"), "the right one");
    // Who came before goes on.
    get(&mut begun, "/").unwrap();
}

#[test]
fn a_bad_certificate_leaves_the_old_ones_in_force_and_is_told() {
    let stage = Stage::new();
    let running = start(vec![
        stage.certificate("one", &["one.test"]),
        stage.certificate("two", &["two.test"]),
    ]);
    stage.certificate("one", &["three.test"]);
    std::fs::write(stage.path("two.pem"), "no certificate").unwrap();
    let errors = running.certificates().unwrap().reload().unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("two.pem: holds no certificate"), "{errors:?}");
    let viewer = stage.viewer(&[]);
    for name in ["one.test", "two.test"] {
        assert_eq!(shown(running.address(), &viewer, name), "the right one");
    }
}

#[test]
fn every_mistake_is_told_with_its_file() {
    let stage = Stage::new();
    let good = stage.certificate("good", &["good.test"]);
    let other = stage.certificate("other", &["other.test"]);
    std::fs::write(stage.path("empty"), "").unwrap();
    std::fs::write(
        stage.path("broken.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    std::fs::write(
        stage.path("broken.key"),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    let with = |certificate: &str, key: &str| CertificateFiles {
        certificate: stage.path(certificate),
        key: stage.path(key),
    };
    let all = [
        good.clone(),
        with("missing.pem", "good.key"),
        with("good.pem", "missing.key"),
        CertificateFiles { certificate: good.certificate.clone(), key: other.key },
        with("empty", "good.key"),
        with("good.pem", "good.pem"),
        with("broken.pem", "good.key"),
        with("good.pem", "broken.key"),
    ];
    let error = listen(&config(all.to_vec()), &std::sync::Arc::new(Mirror)).unwrap_err();
    let folder = format!("{}/", stage.folder.path().display());
    let told = error.to_string().replace(&folder, "");
    let told: Vec<&str> = told.lines().collect();
    for (line, expected) in told.iter().zip([
        "can't read missing.pem: No such file",
        "can't read missing.key: No such file",
        "the key other.key is not that of the certificate good.pem",
        "empty: holds no certificate",
        "good.pem: holds no private key",
        "broken.pem: can't be read",
        "broken.key: holds an unusable key",
    ]) {
        assert!(line.contains(expected), "{line}");
    }
    assert_eq!(told.len(), 7, "{told:?}");
}

#[test]
fn an_expired_certificate_is_shown_with_a_warning() {
    let stage = Stage::new();
    let key = KeyPair::generate().unwrap();
    let files = stage.certificate_with("one", &["one.test", "two.test"], &key, |params| {
        params.not_before = date_time_ymd(2024, 1, 1);
        params.not_after = date_time_ymd(2025, 1, 1);
    });
    let certificates = Certificates::open(&[files]).unwrap();
    let at = |seconds| {
        let warnings = certificates.warnings(EpochTime::new(seconds).unwrap());
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(at(1_704_067_199), ["the certificate for one.test, two.test is not valid yet"]);
    assert_eq!(at(1_704_067_200), [""; 0]);
    assert_eq!(at(1_735_689_600), [""; 0]);
    assert_eq!(
        at(1_735_689_601),
        ["the certificate for one.test, two.test has expired: viewers are refused by their \
          browsers"]
    );
}
