//! Explaining agrees with verifying, and finds the mistakes that people make.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};
use gatepass::{
    Carrier, Diagnosis, EpochTime, HashAlgorithm, KeySizes, KeyType, Outcome, PassReport, Policy,
    PublicKey, Reading, Report, Resource, Signer, SigningKey, Trust, TrustedKeys, ViewerRequest,
    ViewerUrl, Window, encode, explain, verify,
};
use proptest::prelude::*;
use serde_json::Value;

const NOW: u64 = 1_767_225_600;
const END: u64 = NOW + 3600;
const KEY: &str = "K2GATEPASSP256";
const URL: &str = "https://media.example.com/films/part%20one/a.mp4?size=large&license=yes";
const FOLDER: &str = "https://media.example.com/films/*";
const VIEWER: &str = "192.0.2.7";

/// Someone who signs passes by hand, over SHA-256, and a gate that trusts the key.
struct Workshop {
    key: EcdsaKeyPair,
    pem: String,
    trust: Trust,
}

impl Workshop {
    fn open() -> Self {
        let key = SigningKey::generate(KeyType::P256).unwrap();
        let pem = key.to_pem().unwrap().to_string();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64.decode(body.as_bytes()).unwrap();
        Self {
            key: EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).unwrap(),
            pem,
            trust: TrustedKeys::from_iter([(KEY.parse().unwrap(), key.public_key().clone())])
                .into(),
        }
    }

    fn signer(&self) -> Signer {
        let key = SigningKey::parse(self.pem.as_bytes(), None).unwrap();
        Signer::new(KEY.parse().unwrap(), key)
    }

    /// A signature, made anew until it looks as wanted.
    fn signature(&self, text: &str, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        loop {
            let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
            if wanted(signature.as_ref()) {
                return signature.as_ref().to_vec();
            }
        }
    }

    fn sign(&self, text: &str) -> String {
        encode(&self.signature(text, |_| true))
    }

    /// The cookies of a canned pass for what is signed here.
    fn canned(&self, signed_url: &str) -> String {
        cookies(&format!("Expires={END}"), &self.sign(&canned_json(signed_url, END)))
    }

    /// The cookies of a custom pass.
    fn custom(&self, policy: &str) -> String {
        custom_cookies(policy, &self.sign(policy))
    }

    fn explain(&self, url: &str, cookies: &str) -> Report {
        self.explain_from(VIEWER, url, cookies)
    }

    fn explain_from(&self, viewer: &str, url: &str, cookies: &str) -> Report {
        explain_for(&self.trust, viewer, url, cookies)
    }

    #[track_caller]
    fn expect(&self, url: &str, cookies: &str, names: &[&str]) -> String {
        let report = self.explain(url, cookies);
        let found: Vec<_> = diagnoses(&report).iter().map(Diagnosis::name).collect();
        assert_eq!(found, names, "{report:#?}");
        diagnoses(&report).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    fn expect_canned(&self, signed: &str, asked: &str, name: &str) -> String {
        self.expect(asked, &self.canned(signed), &[name])
    }

    #[track_caller]
    fn expect_custom(&self, resource: &str, asked: &str, name: &str) -> String {
        self.expect(asked, &self.custom(&policy_json(resource)), &[name])
    }
}

fn explain_for(trust: &Trust, viewer: &str, url: &str, cookies: &str) -> Report {
    let url = ViewerUrl::parse(url).unwrap();
    let request = ViewerRequest::new(url, viewer.parse().unwrap(), [cookies]);
    explain(&request, trust, at(NOW))
}

fn at(seconds: u64) -> EpochTime {
    EpochTime::new(seconds).unwrap()
}

/// Each once: a marker of doubtful belonging makes two passes of one, with the same mistakes.
fn diagnoses(report: &Report) -> Vec<Diagnosis> {
    let in_passes = report.passes().iter().flat_map(PassReport::diagnoses);
    let mut found: Vec<_> = report.diagnoses().iter().chain(in_passes).cloned().collect();
    found.dedup();
    found
}

/// Says whether a diagnosis stands on a signature that matched when tried.
fn claims_a_match(diagnosis: &Diagnosis) -> bool {
    matches!(
        diagnosis,
        Diagnosis::CookiesIgnored { .. }
            | Diagnosis::HashMarker { .. }
            | Diagnosis::KeyId { .. }
            | Diagnosis::OtherUrlSigned { .. }
            | Diagnosis::Rewritten { .. }
    )
}

fn canned_json(url: &str, end: u64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{end}}}}}}}]}}"#
    )
}

/// A custom policy of one resource has the very bytes of a canned one.
fn policy_json(resource: &str) -> String {
    canned_json(resource, END)
}

fn cookies(terms: &str, signature: &str) -> String {
    format!(
        "CloudFront-{terms}; CloudFront-Signature={signature}; CloudFront-Key-Pair-Id={KEY}; CloudFront-Hash-Algorithm=SHA256"
    )
}

fn custom_cookies(policy: &str, signature: &str) -> String {
    cookies(&format!("Policy={}", encode(policy.as_bytes())), signature)
}

fn good_policy() -> Policy {
    Policy::new([Resource::new(FOLDER)], Window::until(at(END)))
}

#[test]
fn a_good_pass_has_no_diagnosis() {
    let workshop = Workshop::open();
    for cookies in [
        workshop.canned(URL),
        workshop.custom(&policy_json(FOLDER)),
        workshop.signer().sign(&good_policy(), HashAlgorithm::Sha1).unwrap().cookies().header(),
    ] {
        let report = workshop.explain(URL, &cookies);
        assert!(report.verdict().is_ok());
        assert!(report.passes()[0].rules().iter().all(|rule| *rule.outcome() == Outcome::Met));
        assert_eq!(diagnoses(&report), []);
    }
}

#[test]
fn a_forgery_has_no_diagnosis() {
    let (workshop, forger) = (Workshop::open(), Workshop::open());
    for cookies in [
        forger.canned(URL),
        forger.canned("https://media.example.com/*"),
        forger.custom(&policy_json(FOLDER)),
        cookies(&format!("Expires={END}"), &encode(&[7; 72])),
        cookies(&format!("Expires={END}"), "AAAA"),
    ] {
        workshop.expect(URL, &cookies, &[]);
    }
}

#[test]
fn every_rule_that_can_be_asked_is_asked() {
    let (workshop, forger) = (Workshop::open(), Workshop::open());
    let policy = policy_json("https://other.example.org/*").replace(&END.to_string(), "1700000000");
    let report = workshop.explain(URL, &forger.custom(&policy));
    let pass = &report.passes()[0];
    let outcomes: Vec<_> = pass
        .rules()
        .iter()
        .map(|rule| match rule.outcome() {
            Outcome::Met => "met",
            Outcome::NotAsked(why) => why,
            Outcome::Unmet(denial) => denial.reason(),
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            "met",
            "met",
            "met",
            "met",
            "met",
            "signature_mismatch",
            "expired",
            "resource_not_covered",
            "met"
        ]
    );
    assert_eq!(pass.policy(), Some(&*policy));
    assert_eq!(pass.expiry(), Some(at(1_700_000_000)));
    assert_eq!(pass.key_id().unwrap().as_str(), KEY);
    assert_eq!(pass.carrier(), Some(Carrier::Cookies));
}

#[test]
fn a_rule_without_ground_says_what_it_lacks() {
    let workshop = Workshop::open();
    let unknown = workshop.canned(URL).replace(KEY, "K2OTHER");
    let report = explain_for(&Trust::default(), VIEWER, URL, &unknown);
    let rules = report.passes()[0].rules();
    assert_eq!(*rules[5].outcome(), Outcome::NotAsked("the key is not known"));
    assert_eq!(*rules[6].outcome(), Outcome::Met);

    let report = workshop.explain(URL, "CloudFront-Policy=e30_; CloudFront-Key-Pair-Id=K1");
    let rules = report.passes()[0].rules();
    assert_eq!(*rules[7].outcome(), Outcome::NotAsked("the policy can't be read"));
    assert_eq!(report.passes()[0].policy(), Some("{}"));
}

#[test]
fn nothing_presented_is_one_report_of_nothing() {
    let report = Workshop::open().explain(URL, "session=7");
    let [pass] = report.passes() else { panic!("{report:?}") };
    assert_eq!(pass.denial(), report.verdict().as_ref().err());
    assert_eq!(pass.carrier(), None);
    assert_eq!(diagnoses(&report), []);
}

#[test]
fn milliseconds_are_found_wherever_they_stand() {
    let workshop = Workshop::open();
    let signature = workshop.sign(&canned_json(URL, END * 1000));
    let sent = |expires| cookies(&format!("Expires={expires}"), &signature);
    workshop.expect(URL, &sent(END * 1000), &["milliseconds"]);
    workshop.expect(URL, &sent(END), &["milliseconds"]);
    let said =
        workshop.expect(URL, &workshop.custom(&canned_json(FOLDER, END * 1000)), &["milliseconds"]);
    assert_eq!(said, "DateLessThan is 1767229200000, in milliseconds; in seconds it is 1767229200");
}

#[test]
fn base64_in_another_alphabet_is_found() {
    let workshop = Workshop::open();
    let canned = |signature: &str| cookies(&format!("Expires={END}"), signature);
    let json = canned_json(URL, END);
    let unpadded = |signature: &[u8]| BASE64_NOPAD.encode(signature);
    let has_slash = workshop.signature(&json, |bytes| unpadded(bytes).contains('/'));
    workshop.expect(URL, &canned(&BASE64.encode(&has_slash)), &["standard_base64"]);

    let has_score =
        workshop.signature(&json, |bytes| unpadded(bytes).trim_end_matches('/').contains('/'));
    workshop.expect(URL, &canned(&BASE64URL_NOPAD.encode(&has_score)), &["base64url"]);

    let ends_in_score = workshop.signature(&json, |bytes| {
        bytes.len() % 3 == 0 && unpadded(bytes).find('/') == Some(unpadded(bytes).len() - 1)
    });
    workshop.expect(URL, &canned(&BASE64URL_NOPAD.encode(&ends_in_score)), &["base64url"]);

    let policy = policy_json("https://media.example.com/films/a?????*b*");
    let standard = BASE64.encode(policy.as_bytes());
    assert!(standard.contains(['/', '=']));
    let sent = cookies(&format!("Policy={standard}"), &workshop.sign(&policy));
    workshop.expect("https://media.example.com/films/a12345/b", &sent, &["standard_base64"]);
}

#[test]
fn percent_encoded_and_quoted_values_are_found() {
    let workshop = Workshop::open();
    let policy = policy_json(FOLDER);
    let signature =
        encode(&workshop.signature(&policy, |bytes| encode(bytes).contains(['~', '_'])));
    let encoded = signature.replace('~', "%7E").replace('_', "%5F");
    workshop.expect(URL, &custom_cookies(&policy, &encoded), &["percent_encoded"]);
    workshop.expect(URL, &custom_cookies(&policy, &format!("\"{signature}\"")), &["quoted"]);
    let standard =
        BASE64.encode(&workshop.signature(&policy, |bytes| BASE64.encode(bytes).contains('+')));
    let encoded = standard.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    workshop.expect(
        URL,
        &custom_cookies(&policy, &encoded),
        &["percent_encoded", "standard_base64"],
    );
}

#[test]
fn a_mended_value_still_has_its_other_mistakes() {
    let workshop = Workshop::open();
    let canned = workshop.canned("https://media.example.com/films/*");
    let quoted = canned.replace(&format!("={KEY}"), &format!("=\"{KEY}\""));
    workshop.expect(URL, &quoted, &["quoted", "pattern_signed"]);
}

#[test]
fn the_wrong_hash_is_found() {
    let workshop = Workshop::open();
    let good = workshop.custom(&policy_json(FOLDER));
    let marker = "; CloudFront-Hash-Algorithm=SHA256";
    let said = workshop.expect(URL, &good.replace(marker, ""), &["hash_marker"]);
    assert_eq!(
        said,
        "the signature was made over SHA256, and the pass names none, which means SHA1"
    );
    workshop.expect(URL, &good.replace("=SHA256", "=sha-256"), &["hash_marker"]);
    let sha1 = workshop.signer().sign(&good_policy(), HashAlgorithm::Sha1).unwrap();
    workshop.expect(URL, &(sha1.cookies().header() + marker), &["hash_marker"]);
}

#[test]
fn a_canned_pass_for_another_url_is_found() {
    let workshop = Workshop::open();
    let film = "https://media.example.com/films/hd/a.mp4";
    for (signed, asked, name) in [
        ("https://media.example.com/*", film, "pattern_signed"),
        ("https://media.example.com/films/*", film, "pattern_signed"),
        ("https://media.example.com/films/hd/*", film, "pattern_signed"),
        ("http*://media.example.com/*", film, "pattern_signed"),
        ("https://media.example.com/films/", film, "folder_signed"),
        ("https://media.example.com/films", film, "folder_signed"),
        ("https://media.example.com", film, "folder_signed"),
        ("http://media.example.com/films/hd/a.mp4", film, "scheme_differs"),
        (film, "http://media.example.com/films/hd/a.mp4", "scheme_differs"),
        (film, "https://media.example.com/films/hd/a.mp4?x=1", "query_left_out"),
        (film, "https://media.example.com/films/hd/a.mp4/", "trailing_slash"),
        ("https://media.example.com:443/films/hd/a.mp4", film, "default_port"),
        (film, "https://www.media.example.com/films/hd/a.mp4", "host_differs"),
        ("films/hd/a.mp4", film, "url_incomplete"),
        ("/films/hd/a.mp4", film, "url_incomplete"),
    ] {
        workshop.expect_canned(signed, asked, name);
    }
    let said =
        workshop.expect_canned("https://media.example.com/films/hd/*", film, "pattern_signed");
    assert_eq!(
        said,
        "the canned pass was signed for https://media.example.com/films/hd/*, and the viewer asked for https://media.example.com/films/hd/a.mp4: in a canned pass * stands for itself"
    );
}

#[test]
fn another_spelling_of_the_url_is_found() {
    let workshop = Workshop::open();
    let at = |rest: &str| format!("https://media.example.com{rest}");
    for (signed, asked, name) in [
        ("/a b.mp4", "/a%20b.mp4", "url_decoded"),
        ("/a b.mp4?x=y z", "/a%20b.mp4?x=y+z", "url_decoded"),
        ("/é.mp4", "/%C3%A9.mp4", "url_decoded"),
        ("/a%28b%29.mp4", "/a(b).mp4", "url_encoded"),
        ("/a%20(b).mp4", "/a%20%28b%29.mp4", "url_encoded"),
        ("/a%2fb", "/a%2Fb", "url_encoded"),
        ("/s?q=a+b", "/s?q=a%20b", "url_encoded"),
        ("/s?q=a%20b", "/s?q=a+b", "url_encoded"),
        ("/s?b=1&a=2", "/s?a=2&b=1", "query_order"),
        ("/s?b=1&c=3&a=2", "/s?a=2&b=1&c=3", "query_order"),
        ("/s?a=1&b=2&c=3&d=4", "/s?d=4&b=2&c=3&a=1", "query_order"),
    ] {
        workshop.expect_canned(&at(signed), &at(asked), name);
    }
}

#[test]
fn a_resource_that_nearly_covers_is_found() {
    let workshop = Workshop::open();
    let film = "https://media.example.com/films/a%28b.mp4";
    for (resource, asked, name) in [
        ("http://media.example.com/*", film, "scheme_differs"),
        ("https://media.example.com/*", "http://media.example.com/a", "scheme_differs"),
        ("https://media.example.com/films/a(b.mp4", film, "url_decoded"),
        (
            "https://media.example.com/films/a%28b.mp4",
            "https://media.example.com/films/a(b.mp4",
            "url_encoded",
        ),
        ("https://d111111abcdef8.cloudfront.net/films/*", film, "host_differs"),
        ("https://*.example.org/films/*", film, "host_differs"),
        ("https://media.example.com:8443/films/*", film, "host_differs"),
        ("https://media.example.com:443/films/*", film, "default_port"),
        ("media.example.com/films/*", film, "url_incomplete"),
        ("/films/*", film, "url_incomplete"),
        ("films/*", film, "url_incomplete"),
        ("https://media.example.com/a", "https://media.example.com/a?b=1", "query_left_out"),
        ("https://media.example.com/a/", "https://media.example.com/a", "trailing_slash"),
        ("https://media.example.com/a", "https://media.example.com/a/", "trailing_slash"),
        ("https://media.example.com/films/", film, "star_missing"),
        ("https://media.example.com/films", film, "star_missing"),
        ("https://media.example.com/Films/*", film, "letter_case"),
    ] {
        workshop.expect_custom(resource, asked, name);
    }
    workshop.expect(film, &workshop.custom(&policy_json("https://other.example.org/b/*")), &[]);
}

#[test]
fn a_key_known_under_another_id_is_found() {
    let mut workshop = Workshop::open();
    let unknown = workshop.canned(URL).replace(KEY, "K2FORGOTTEN");
    let said = workshop.expect(URL, &unknown, &["key_id"]);
    assert_eq!(said, "the pass was signed with the key K2GATEPASSP256, and names K2FORGOTTEN");

    let other = Workshop::open();
    let keys = workshop.trust.keys.iter().map(|(id, key)| (id.clone(), key.clone()));
    let others = other.trust.keys.iter().map(|(_, key)| ("K2OTHER".parse().unwrap(), key.clone()));
    workshop.trust.keys = keys.chain(others).collect();
    workshop.expect(URL, &other.canned(URL), &["key_id"]);

    let pem = workshop.canned(URL).replace(KEY, "-----BEGIN PRIVATE KEY-----MIGH");
    let report = workshop.explain(URL, &pem);
    let told = format!("{report:?}");
    assert!(!told.contains("MIGH"), "{told}");
    assert!(told.contains("K2GATEPASSP256"), "{told}");
}

#[test]
fn clocks_that_differ_a_little_are_found() {
    let workshop = Workshop::open();
    let ends = |seconds| canned_json(FOLDER, seconds);
    let starts = |seconds: u64| {
        ends(END)
            .replace("}}}]", &format!(r#"}},"DateGreaterThan":{{"AWS:EpochTime":{seconds}}}}}}}]"#))
    };
    for (policy, names, said) in [
        (ends(NOW - 60), &["just_expired"][..], "the pass expired 60 s ago"),
        (ends(NOW - 301), &[], ""),
        (starts(NOW + 59), &["opens_soon"], "the pass opens in 60 s"),
        (starts(NOW + 300), &[], ""),
    ] {
        let found = workshop.expect(URL, &workshop.custom(&policy), names);
        assert!(found.starts_with(said), "{found}");
    }
}

#[test]
fn a_missing_part_is_named() {
    let workshop = Workshop::open();
    let good = workshop.custom(&policy_json(FOLDER));
    let parts: Vec<_> = good.split("; ").collect();
    for (missing, said) in [
        (0, "the pass lacks CloudFront-Policy (or, if canned, CloudFront-Expires)"),
        (1, "the pass lacks CloudFront-Signature"),
    ] {
        let mut parts = parts.clone();
        parts.remove(missing);
        assert_eq!(workshop.expect(URL, &parts.join("; "), &["missing_part"]), said);
    }
    let without_id = good.replace(&format!("; CloudFront-Key-Pair-Id={KEY}"), "");
    workshop.expect(URL, &without_id, &["missing_part", "key_id"]);
    let query = format!("{URL}&Expires={END}&Key-Pair-Id={KEY}");
    let said = workshop.expect(&query, "", &["missing_part"]);
    assert_eq!(said, "the pass lacks Signature");
}

#[test]
fn a_name_in_another_case_is_found() {
    let workshop = Workshop::open();
    let good = workshop.custom(&policy_json(FOLDER));
    let lower = good.replace("CloudFront-Policy", "cloudfront-policy");
    let said = workshop.expect(URL, &lower, &["name_misspelled", "missing_part"]);
    let (said, _) = said.split_once("; ").unwrap();
    assert_eq!(said, r#""cloudfront-policy" is not a name that is read: CloudFront-Policy is"#);
    let all = good.replace("CloudFront-", "Cloudfront_");
    workshop.expect(URL, &all, &["name_misspelled"; 4]);
    workshop.expect(URL, &format!("{good}; cloudfront-policy=x"), &[]);

    let query = good.replace("CloudFront-", "").replace("; ", "&").to_lowercase();
    let url = format!("https://media.example.com/films/a?{query}");
    workshop.expect(&url, "", &["name_misspelled"; 4]);
    workshop.expect("https://media.example.com/a?policy=1&signature=2", "", &[]);

    let strict = Trust { reading: Reading::CloudFront, ..workshop.trust.clone() };
    let per_key = good.replace("CloudFront-Policy", "CloudFront-Policy-K2");
    let report = explain_for(&strict, VIEWER, URL, &per_key);
    assert_eq!(report.diagnoses()[0].name(), "name_misspelled");
}

#[test]
fn other_bytes_of_the_same_policy_are_found() {
    let workshop = Workshop::open();
    let (canned, policy) = (canned_json(URL, END), policy_json(FOLDER));
    let spaced = |json: &str| {
        let spaced = json.replace("\":", "\": ").replace(",\"", ", \"");
        assert_ne!(spaced, json);
        spaced
    };
    for (rewritten, name) in [
        (|json: &str| format!("{json}\n"), "trailing_newline"),
        (|json: &str| format!("{json}\r\n"), "trailing_newline"),
        (|json: &str| json.replace('/', r"\/"), "escaped_slashes"),
    ] as [(fn(&str) -> String, &str); 3]
    {
        let signature = workshop.sign(&rewritten(&canned));
        workshop.expect(URL, &cookies(&format!("Expires={END}"), &signature), &[name]);
        let signature = workshop.sign(&rewritten(&policy));
        workshop.expect(URL, &custom_cookies(&policy, &signature), &[name]);
    }
    let signature = workshop.sign(&spaced(&canned));
    workshop.expect(URL, &cookies(&format!("Expires={END}"), &signature), &["white_space"]);
    let sent = custom_cookies(&spaced(&policy), &workshop.sign(&policy));
    workshop.expect(URL, &sent, &["white_space"]);
    let sent = custom_cookies(&format!("{policy}\n"), &workshop.sign(&policy));
    workshop.expect(URL, &sent, &["white_space"]);
}

#[test]
fn a_reserved_parameter_that_hides_good_cookies_is_found() {
    let workshop = Workshop::open();
    let good = workshop.custom(&policy_json(FOLDER));
    let url = "https://media.example.com/films/a?x=1&Expires=7";
    let report = workshop.explain(url, &good);
    let [ignored] = report.diagnoses() else { panic!("{report:?}") };
    assert_eq!(ignored.name(), "cookies_ignored");
    assert_eq!(
        ignored.to_string(),
        "the cookies hold a good pass, but the URL holds Expires, and is judged in their place"
    );
    let forged = Workshop::open().custom(&policy_json(FOLDER));
    assert_eq!(workshop.explain(url, &forged).diagnoses(), []);
}

#[test]
fn an_ipv6_viewer_of_an_ipv4_pass_is_found() {
    let workshop = Workshop::open();
    let policy =
        policy_json(FOLDER).replace("}}}]", r#"},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}}}]"#);
    let cookies = workshop.custom(&policy);
    let names = |viewer| {
        let report = workshop.explain_from(viewer, URL, &cookies);
        diagnoses(&report).iter().map(Diagnosis::name).collect::<Vec<_>>()
    };
    assert_eq!(names("2001:db8::1"), ["ipv6_viewer"]);
    assert_eq!(names("::ffff:192.0.2.1"), [""; 0]);
    assert_eq!(names("198.51.100.1"), [""; 0]);
}

#[test]
fn what_is_shown_holds_no_control_characters() {
    let workshop = Workshop::open();
    let policy = policy_json("http://media.example.com/\u{1b}[2J*").replace('\u{1b}', "\\u001b");
    let report =
        workshop.explain("https://media.example.com/\u{1b}[2Ja", &workshop.custom(&policy));
    let denial = report.verdict().as_ref().unwrap_err().to_string();
    let said: Vec<_> = diagnoses(&report).iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(!denial.contains('\u{1b}') && !said[0].contains('\u{1b}'), "{denial} {said:?}");
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

fn read_key(file: &str, legacy: bool) -> Option<PublicKey> {
    let sizes = if legacy { KeySizes::Legacy } else { KeySizes::Current };
    PublicKey::parse(&fs::read(vectors().join(file)).unwrap(), sizes).ok()
}

/// Holds a report against the verdict, and the report against itself.
#[track_caller]
fn check_agreement(request: &ViewerRequest<'_>, trust: &Trust, now: EpochTime) {
    let (report, verdict) = (explain(request, trust, now), verify(request, trust, now));
    assert_eq!(*report.verdict(), verdict);
    let denials: Vec<_> = report.passes().iter().map(PassReport::denial).collect();
    match &verdict {
        Ok(pass) => {
            let admitted = report.passes().iter().find(|pass| pass.denial().is_none()).unwrap();
            assert_eq!(admitted.key_id(), Some(pass.key_id()));
            assert_eq!(report.diagnoses(), []);
        }
        Err(denial) => assert!(denials.contains(&Some(denial)), "{denial:?}: {report:#?}"),
    }
    for pass in report.passes() {
        assert_eq!(pass.rules().len(), 9);
        assert!(pass.denial().is_some() || pass.diagnoses().is_empty());
    }
}

#[test]
fn explains_every_rule_as_it_is_verified() {
    for folder in fs::read_dir(vectors().join("rules")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let vector: Value =
                serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
            let read = |(id, file): (&String, &Value)| {
                let key = read_key(file.as_str().unwrap(), vector["legacy"] == true)?;
                Some((id.parse().unwrap(), key))
            };
            let keys: TrustedKeys =
                vector["keys"].as_object().unwrap().iter().filter_map(read).collect();
            let mut trust = Trust::from(keys);
            if vector["reading"] == "strict" {
                trust.reading = Reading::CloudFront;
            }
            let url = ViewerUrl::parse(vector["request"]["url"].as_str().unwrap()).unwrap();
            let address = vector["request"]["from"].as_str().unwrap().parse().unwrap();
            let cookies = vector["cookies"].as_array().unwrap().iter();
            let cookies = cookies.map(|cookie| cookie.as_str().unwrap());
            let request = ViewerRequest::new(url, address, cookies);
            check_agreement(&request, &trust, at(vector["now"].as_u64().unwrap()));
        }
    }
}

#[test]
fn explains_every_signer_as_it_is_verified() {
    let lines = fs::read_to_string(vectors().join("signers.jsonl")).unwrap();
    for line in lines.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let key = format!("keys/{}", vector["key"].as_str().unwrap());
        let key = read_key(&key, vector["legacy"] == true);
        let id = vector["key_id"].as_str().unwrap().parse().ok();
        let trust = Trust::from(id.zip(key).into_iter().collect::<TrustedKeys>());
        for check in vector["checks"].as_array().unwrap() {
            let address = check.get("client_ip").unwrap_or(&vector["client_ip"]);
            let url = ViewerUrl::parse(vector["url"].as_str().unwrap()).unwrap();
            let address = address.as_str().unwrap().parse().unwrap();
            let request = ViewerRequest::new(url, address, vector["cookie"].as_str());
            check_agreement(&request, &trust, at(check["now"].as_u64().unwrap()));
        }
    }
}

proptest! {
    #[test]
    fn no_request_makes_it_panic(
        path in "[/a-z%\\\\\"é*?.~+ ]{0,40}",
        query in "((Policy|policy|Expires|Signature|Key-Pair-Id|x)=[A-Za-z0-9%~_*+/=\"-]{0,20}&?){0,6}",
        cookies in "((cloudFront|CloudFront)[-_](Policy|Expires|Signature|Key-Pair-Id|Hash-Algorithm)=[A-Za-z0-9%~_+/=\"-]{0,20}; ?){0,12}",
        noise in proptest::collection::vec(any::<u8>(), 0..60),
        seconds in 1_u64..u64::from(u32::MAX),
    ) {
        let workshop = Workshop::open();
        let url = format!("https://media.example.com/{path}?{query}");
        let headers = [cookies.as_bytes(), &noise];
        let request = ViewerRequest::new(
            ViewerUrl::parse(&url).unwrap(), VIEWER.parse().unwrap(), headers,
        );
        let report = explain(&request, &workshop.trust, at(seconds));
        for diagnosis in diagnoses(&report) {
            prop_assert!(!diagnosis.to_string().is_empty() && !diagnosis.fix().is_empty());
            prop_assert!(!claims_a_match(&diagnosis), "{diagnosis}");
        }
    }

    #[test]
    fn no_policy_makes_it_panic(
        resource in "(https?://)?[a-z*?.:]{0,10}(/[a-z*?%\\\\]{0,6}){0,4}", url in "(/[a-z%+é]{0,5}){0,9}",
    ) {
        let forger = Workshop::open();
        let cookies = forger.custom(&policy_json(&resource.replace('\\', "\\\\")));
        let report = Workshop::open().explain(&format!("https://media.example.com{url}?a=b&c"), &cookies);
        prop_assert!(!diagnoses(&report).iter().any(claims_a_match));
        for pass in report.passes() {
            prop_assert!(pass.rules().iter().any(|rule| matches!(rule.outcome(), Outcome::Unmet(_))));
        }
    }
}
