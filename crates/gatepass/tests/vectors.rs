//! Every vector of the contract gets the verdict that it states.

use std::fs;
use std::path::{Path, PathBuf};

use gatepass::{
    EpochTime, KeySizes, PublicKey, Reading, Trust, TrustedKeys, ViewerRequest, ViewerUrl, verify,
};
use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

/// What is asked: one request, at one time, of one gate.
struct Case<'a> {
    url: &'a str,
    cookies: Vec<&'a str>,
    address: &'a str,
    now: u64,
}

impl Case<'_> {
    fn judge(&self, trust: &Trust) -> (&'static str, &'static str) {
        let url = ViewerUrl::parse(self.url).expect("a vector's URL is absolute");
        let address = self.address.parse().expect("a vector's address is one");
        let request = ViewerRequest::new(url, address, self.cookies.iter().copied());
        let now = EpochTime::new(self.now).expect("a vector's time is one");
        match verify(&request, trust, now) {
            Ok(_) => ("admitted", ""),
            Err(denial) => (denial.reason(), denial.code()),
        }
    }
}

fn expected(expect: &Value) -> (&str, &str) {
    match expect["denied"].as_str() {
        None => ("admitted", ""),
        Some(reason) => (reason, expect["code"].as_str().expect("a denial has a code")),
    }
}

fn read_key(file: &str, legacy: bool) -> Option<PublicKey> {
    let pem = fs::read(vectors().join(file)).expect("a vector's key is there");
    let sizes = if legacy { KeySizes::Legacy } else { KeySizes::Current };
    PublicKey::parse(&pem, sizes).ok()
}

#[track_caller]
fn report(judged: usize, wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of {judged} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_rule_is_met() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for folder in fs::read_dir(vectors().join("rules")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let file = file.unwrap().path();
            judged += 1;
            let vector: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            let legacy = vector["legacy"] == true;
            let keys: TrustedKeys = vector["keys"]
                .as_object()
                .unwrap()
                .iter()
                .filter_map(|(id, file)| {
                    Some((id.parse().unwrap(), read_key(file.as_str().unwrap(), legacy)?))
                })
                .collect();
            let mut trust = Trust::from(keys);
            if vector["reading"] == "strict" {
                trust.reading = Reading::CloudFront;
            }
            let cookies = vector["cookies"].as_array().unwrap();
            let case = Case {
                url: vector["request"]["url"].as_str().unwrap(),
                cookies: cookies.iter().map(|line| line.as_str().unwrap()).collect(),
                address: vector["request"]["from"].as_str().unwrap(),
                now: vector["now"].as_u64().unwrap(),
            };
            let (found, expected) = (case.judge(&trust), expected(&vector["expect"]));
            if found != expected {
                wrong.push(format!("{}: {found:?}, not {expected:?}", file.display()));
            }
        }
    }
    assert!(judged >= 500, "only {judged} vectors were found");
    report(judged, &wrong);
}

#[test]
fn every_signer_is_understood() {
    let lines = fs::read_to_string(vectors().join("signers.jsonl")).unwrap();
    let mut wrong = Vec::new();
    let mut judged = 0;
    for line in lines.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let key = vector["key"].as_str().unwrap();
        let key = read_key(&format!("keys/{key}"), vector["legacy"] == true);
        let id = vector["key_id"].as_str().unwrap();
        let keys: TrustedKeys = id.parse().ok().zip(key).into_iter().collect();
        for check in vector["checks"].as_array().unwrap() {
            let address = check.get("client_ip").unwrap_or(&vector["client_ip"]);
            let case = Case {
                url: vector["url"].as_str().unwrap(),
                cookies: vector["cookie"].as_str().into_iter().collect(),
                address: address.as_str().unwrap(),
                now: check["now"].as_u64().unwrap(),
            };
            for reading in [Reading::Gatepass, Reading::CloudFront] {
                let expect = match reading {
                    Reading::CloudFront => check.get("strict").unwrap_or(&check["expect"]),
                    Reading::Gatepass => &check["expect"],
                };
                judged += 1;
                let trust = Trust { reading, ..Trust::from(keys.clone()) };
                let (found, expected) = (case.judge(&trust), expected(expect));
                if found != expected {
                    wrong.push(format!(
                        "{} at {} ({reading:?}): {found:?}, not {expected:?}",
                        vector["id"], case.now
                    ));
                }
            }
        }
    }
    assert!(judged >= 9_000, "only {judged} checks were found");
    report(judged, &wrong);
}
