//! What a request presents, and in which order it is tried.

use super::*;
use crate::key::{KeyType, SigningKey};
use crate::trusted_keys::TrustedKeys;

fn shown(cookie: &str, reading: Reading) -> Vec<String> {
    let text = |part: Option<&[u8]>| {
        part.map_or("-".to_owned(), |part| String::from_utf8_lossy(part).into_owned())
    };
    PresentedPasses::read(None, [cookie.as_bytes()])
        .tries(&Trust { reading, ..Trust::default() })
        .iter()
        .map(|pass| {
            [pass.policy().or(pass.expires()), pass.signature(), pass.key_id(), pass.hash()]
                .map(text)
                .join(" ")
        })
        .collect()
}

#[track_caller]
fn check(cookie: &str, expected: &[&str]) {
    let cookie = cookie
        .replace("P=", "CloudFront-Policy=")
        .replace("S=", "CloudFront-Signature=")
        .replace("K=", "CloudFront-Key-Pair-Id=")
        .replace("E=", "CloudFront-Expires=")
        .replace("H=", "CloudFront-Hash-Algorithm=");
    assert_eq!(shown(&cookie, Reading::Gatepass), expected, "{cookie}");
}

#[test]
fn pairs_the_nth_with_the_nth() {
    check("P=p1; S=s1; K=k1", &["p1 s1 k1 -"]);
    check("P=p1; P=p2; S=s1; S=s2; K=k1; K=k2", &["p1 s1 k1 -", "p2 s2 k2 -"]);
    check("E=1; S=s1; K=k1; P=p2; S=s2; K=k2", &["1 s1 k1 -", "p2 s2 k2 -"]);
    check("E=1; P=p1; S=s1; K=k1", &["p1 s1 k1 -", "1 s1 k1 -"]);
    check("P=p1; S=s1; K=k1; H=SHA256", &["p1 s1 k1 SHA256"]);
}

#[test]
fn a_half_set_in_front_does_no_harm() {
    check("P=old; P=p; S=s; K=k", &["old s k -", "p s k -"]);
    check("S=old; P=p; S=s; K=k", &["p old k -", "p s k -"]);
    check("S=s; K=k", &["- s k -"]);
}

#[test]
fn a_marker_that_might_be_of_either_set_is_tried_with_both() {
    check(
        "P=p1; P=p2; S=s1; S=s2; K=k1; K=k2; H=SHA256",
        &["p1 s1 k1 -", "p1 s1 k1 SHA256", "p2 s2 k2 -", "p2 s2 k2 SHA256"],
    );
}

#[test]
fn strict_reading_takes_the_first_of_each_and_no_other_names() {
    let two = "CloudFront-Expires=1; CloudFront-Policy=p1; CloudFront-Policy=p2; CloudFront-Signature=s1; CloudFront-Key-Pair-Id=k1; CloudFront-Policy-K=x";
    assert_eq!(shown(two, Reading::CloudFront), ["p1 s1 k1 -"]);
    assert_eq!(shown("CloudFront-Policy-K=x", Reading::CloudFront), [""; 0]);
    assert_eq!(
        shown("CloudFront-Policy-K=x; CloudFront-Signature-K=y", Reading::Gatepass),
        ["x y - -"]
    );
}

#[test]
fn what_a_stranger_leaves_behind_does_no_harm() {
    let key = SigningKey::generate(KeyType::P256).unwrap().public_key().clone();
    let trust = Trust::from(TrustedKeys::from_iter([("k".parse().unwrap(), key)]));
    let is_tried = |cookie: &str, hash: Option<&str>| {
        let tries = PresentedPasses::read(None, [cookie.as_bytes()]).tries(&trust);
        let good = ["good".as_bytes(), b"s9", b"k"];
        tries.iter().any(|pass| {
            [pass.policy(), pass.signature(), pass.key_id()] == good.map(Some)
                && pass.hash() == hash.map(str::as_bytes)
        })
    };
    let set = |policy: &str, signature: &str| {
        format!(
            "CloudFront-Policy={policy}; CloudFront-Signature={signature}; CloudFront-Key-Pair-Id=k; "
        )
    };
    let good = set("good", "s9");
    let half = "CloudFront-Signature=s1; CloudFront-Key-Pair-Id=k; ";
    assert!(is_tried(&format!("{half}{}{good}", set("p2", "s2")), None));
    let four: Vec<_> = (1..5).map(|n| set(&format!("p{n}"), &format!("s{n}"))).collect();
    let marked = format!("{}{good}CloudFront-Hash-Algorithm=SHA256", four.concat());
    assert!(is_tried(&marked, Some("SHA256")));
    let per_key = good.replace('=', "-k=");
    let strangers = "CloudFront-Policy=x; CloudFront-Policy=y; CloudFront-Signature=a; \
        CloudFront-Signature=b; CloudFront-Key-Pair-Id=1; CloudFront-Key-Pair-Id=2; \
        CloudFront-Key-Pair-Id=3; ";
    assert!(is_tried(&format!("{strangers}{per_key}"), None));
    let halves: Vec<_> = (0..8).map(|n| format!("CloudFront-Policy-K{n}=x")).collect();
    assert!(is_tried(&format!("{}; {per_key}", halves.join("; ")), None));
}

#[test]
fn never_more_than_eight_sets() {
    let many: Vec<_> =
        (0..20).map(|n| format!("CloudFront-Policy=p{n}; CloudFront-Signature=s{n}")).collect();
    let many = many.join("; ") + "; CloudFront-Key-Pair-Id=k";
    assert_eq!(shown(&many, Reading::Gatepass).len(), 8);
    let marked = format!("{many}; CloudFront-Hash-Algorithm=SHA256");
    assert_eq!(shown(&marked, Reading::Gatepass).len(), 16, "each set with either hash");
    let keys: Vec<_> = (0..30).map(|n| format!("CloudFront-Policy-K{n}=x{n}")).collect();
    let keys = keys.join("; ");
    assert_eq!(shown(&keys, Reading::Gatepass).len(), 8);
}

#[test]
fn tells_own_parameters_from_reserved_ones() {
    for (query, own) in [
        ("a=b&&c", Some("a=b&&c")),
        ("a=b&Expires=1&c=%7e&Signature&d", Some("a=b&c=%7e&d")),
        ("Expires=1", None),
        ("&Expires=1", Some("")),
        ("", Some("")),
        ("expires=1&Expires2=3&Policy%20=", Some("expires=1&Expires2=3&Policy%20=")),
    ] {
        assert_eq!(own_query(query).as_deref(), own, "{query}");
    }
    let pass = PresentedPasses::read(Some("Policy"), [&b"CloudFront-Policy=p"[..]]);
    assert_eq!(pass.tries(&Trust::default())[0].carrier(), Carrier::Url);
}

#[test]
fn undoes_three_escapes_once() {
    let passes = PresentedPasses::read(Some("Signature=a%7Eb%5fc%2Dd%2Be%257E%7"), []);
    assert_eq!(passes.only().unwrap().signature().unwrap(), b"a~b_c-d%2Be%257E%7");
    assert_eq!(
        PresentedPasses::read(Some("Policy=a&x&Policy=a"), []).only().unwrap().repeated(),
        Some(CookieName::Policy)
    );
}
