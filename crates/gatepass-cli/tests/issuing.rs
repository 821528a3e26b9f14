//! Keys that change while issuers run, by the real command: who signs with what is asked, and
//! never guessed from a file.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "issuing/kms.rs"]
mod kms;
#[path = "issuing/place.rs"]
mod place;

use std::fs;

use kms::Kms;
use place::{Place, until};

const EDGE: &str = r#"[edge]
listen = "127.0.0.1:0"

[[public-key]]
id = "KOLD"
file = "KOLD.public.pem"

[[key-group]]
id = "signers"
public-keys = ["KOLD"]

[[distribution]]
id = "E1"
aliases = ["localhost"]

[[distribution.origin]]
id = "app"
http = "http://127.0.0.1:8000"

[distribution.default-behavior]
origin = "app"
trusted-key-groups = ["signers"]
"#;

/// Two issuers: one follows the configuration that is rotated, one has a copy of its own.
#[test]
fn no_key_is_dropped_while_an_issuer_signs_with_it() {
    let place = Place::new();
    place.write("gatepass.toml", EDGE);
    let before = place.issuer_toml();
    place.write("issuer.toml", &before);
    place.write("other.toml", &before.replace("issuer-state", "other-state"));
    let copy = |text: String| text.replace("issuer-state", "other-state");
    let (one, other) = (place.issue("issuer.toml"), place.issue("other.toml"));
    assert_eq!(one.signs_with(), ["KOLD"]);
    let rotate = |more: &[&str]| {
        let words = ["keys", "rotate", "--issuer", "issuer.toml", "--edge", "gatepass.toml"];
        let asked = ["--probe-issuer", &one.url(), "--probe-issuer", &other.url()];
        place.run(&[&words, &asked[..], more].concat())
    };
    assert_eq!(rotate(&["--id", "KNEW"]).0, 0);
    // The file is changed, and the first issuer follows it. The other one doesn't.
    let (code, said) = rotate(&["--trusted"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains(&format!("{} signs with KNEW", one.url())), "{said}");
    let still = format!("{} still signs with KOLD, and not with KNEW", other.url());
    assert!(said.contains(&still) && said.contains("its log says why"), "{said}");
    assert_eq!(one.signs_with(), ["KNEW"]);
    assert!(rotate(&["--status"]).1.contains("KNEW was being put in force"));
    place.write("other.toml", &copy(place.read("issuer.toml")));
    let (code, said) = rotate(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("2 of 4: KNEW signs"), "{said}");
    // Somebody puts the old configuration back, and the wait is over meanwhile.
    let now = place.read("other.toml");
    place.write("other.toml", &copy(before));
    until("the other one has the old key again", || other.signs_with() == ["KOLD"]);
    let (code, said) = rotate(&["--now", "30d"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains(&still), "{said}");
    assert!(place.read("gatepass.toml").contains("KOLD"));
    place.write("other.toml", &now);
    until("the other one has the new key", || other.signs_with() == ["KNEW"]);
    let (code, said) = rotate(&["--now", "30d"]);
    assert_eq!(code, 0, "{said}");
    assert!(!place.read("gatepass.toml").contains("KOLD"));
}

#[test]
fn who_leaked_a_key_drops_it_though_an_issuer_is_away_and_is_told() {
    let place = Place::new();
    place.write("gatepass.toml", EDGE);
    place.write("issuer.toml", &place.issuer_toml());
    let rotate = |more: &[&str]| {
        let words = ["keys", "rotate", "--issuer", "issuer.toml", "--edge", "gatepass.toml"];
        place.run(&[&words, more].concat())
    };
    assert_eq!(rotate(&["--id", "KNEW"]).0, 0);
    for step in [&["--trusted"][..], &["--now", "30d"]] {
        let (code, said) = rotate(step);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("can't be asked which key it signs with"), "{said}");
        let (code, said) = rotate(&[step, &["--force"]].concat());
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("note: ") && said.contains("(--force)"), "{said}");
    }
    assert!(!place.read("gatepass.toml").contains("KOLD"));
}

/// The file doesn't change after the KMS has come back.
#[test]
fn a_kms_that_was_away_is_asked_again() {
    let place = Place::new();
    let kms = Kms::start();
    kms.be_away(true);
    let local = place.issuer_toml();
    place.write("issuer.toml", &local);
    let issuer = place.issue("issuer.toml");
    let table = format!(
        "[[signing-key]]\nkey-pair-id = \"KKMS\"\nprivate-key = {{ kms = {{ key = \"alias/films\", region = \"eu-central-1\", endpoint = \"{}\", timeout-seconds = 1 }} }}\n\n[[signing-key]]",
        kms.url()
    );
    place.write("issuer.toml", &local.replace("[[signing-key]]", &table));
    let told = || fs::read_to_string(issuer.said()).unwrap();
    until("it tells that KMS is away", || told().contains("it is tried again"));
    assert_eq!(issuer.signs_with(), ["KOLD"]);
    let asked = kms.asked();
    until("it is asked again", || kms.asked() > asked);
    kms.be_away(false);
    until("the key is in force", || issuer.signs_with() == ["KKMS"]);
    assert_eq!(told().matches("it is tried again").count(), 1, "{}", told());
}

#[test]
fn a_secret_that_changed_takes_a_restart_which_is_told_and_no_secret_is() {
    let place = Place::new();
    place.write("issuer.token", &"t".repeat(40));
    let text = place.issuer_toml();
    let token = "application-token = { file = \"issuer.token\" }\nstate";
    place.write("issuer.toml", &text.replacen("state", token, 1));
    let issuer = place.issue("issuer.toml");
    let told = || fs::read_to_string(issuer.said()).unwrap();
    let restarts = || told().matches("restart to change").count();
    place.write("issuer.toml", &place.read("issuer.toml").replace("films/*", "films/new/*"));
    until("the entitlement is in force", || told().contains("is in force as it is now"));
    assert_eq!(restarts(), 0, "{}", told());
    place.write("issuer.token", &"u".repeat(40));
    until("the token takes a restart", || restarts() == 1);
    place.write("issuer.token", &"t".repeat(40));
    until("it is back", || told().matches("is in force as it is now").count() == 3);
    assert_eq!(restarts(), 1, "{}", told());
    place.write("issuer.secret", &"v".repeat(40));
    until("the secret takes a restart", || restarts() == 2);
    assert!(!["tttt", "uuuu", "vvvv", "ssss"].iter().any(|secret| told().contains(secret)));
}

/// How long a test waits for what has to come, before it gives up.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);
