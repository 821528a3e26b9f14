//! What is read, what is refused, and what is written.

use super::*;

fn at(seconds: u64) -> EpochTime {
    EpochTime::new(seconds).unwrap()
}

#[test]
fn writes_both_orders() {
    let policy =
        Policy::new([Resource::new("https://e.com/é\"*")], Window::until(at(200)).after(at(100)))
            .from_network(&"10.0.0.1".parse().unwrap());
    assert_eq!(
        policy.to_json(JsonStyle::Botocore),
        r#"{"Statement":[{"Resource":"https://e.com/\u00e9\"*","Condition":{"DateLessThan":{"AWS:EpochTime":200},"IpAddress":{"AWS:SourceIp":"10.0.0.1/32"},"DateGreaterThan":{"AWS:EpochTime":100}}}]}"#
    );
    assert_eq!(
        policy.to_json(JsonStyle::JavaScript),
        r#"{"Statement":[{"Resource":"https://e.com/é\"*","Condition":{"DateLessThan":{"AWS:EpochTime":200},"DateGreaterThan":{"AWS:EpochTime":100},"IpAddress":{"AWS:SourceIp":"10.0.0.1/32"}}}]}"#
    );
    let json = policy.to_json(JsonStyle::Botocore);
    let read = Policy::parse(json.as_bytes(), Reading::CloudFront).unwrap();
    assert_eq!(read.to_json(JsonStyle::Botocore), json);
}

#[test]
fn each_defect_has_its_own_reason() {
    let with = |statement: &str| format!(r#"{{"Statement":[{statement}]}}"#);
    let timed = |time: &str| {
        with(&format!(
            r#"{{"Resource":"*","Condition":{{"DateLessThan":{{"AWS:EpochTime":{time}}}}}}}"#
        ))
    };
    let condition = |condition: &str| with(&format!(r#"{{"Condition":{{{condition}}}}}"#));
    let good = r#"{"Condition":{"DateLessThan":{"AWS:EpochTime":1}}}"#;
    for (json, error) in [
        (timed("\"1\""), "DateLessThan is not a whole number"),
        (timed("1.0"), "DateLessThan is not a whole number"),
        (timed("1e3"), "DateLessThan is not a whole number"),
        (timed("-1"), "DateLessThan is not a whole number"),
        (timed("0"), "DateLessThan: 0 is out of range"),
        (timed("9223372036854775808"), "DateLessThan: 9223372036854775808 is out of range"),
        (timed("1767290400000"), "DateLessThan: 1767290400000 looks like milliseconds"),
        (timed("1}}}]} x").replace("}}}]} x}", "}}}]} x"), "there are bytes after the end"),
        (format!("\u{feff}{}", with(good)), "the policy begins with a byte order mark"),
        (with(""), "the policy has 0 statements"),
        (with(&format!("{good},{good}")), "the policy has 2 statements"),
        (format!(r#"{{"Statement":{good}}}"#), "Statement is not an array"),
        ("{}".to_owned(), "Statement is missing"),
        ("[]".to_owned(), "the policy is not an object"),
        ("undefined".to_owned(), "the policy is not JSON"),
        (with("{}"), "Condition is missing"),
        (condition(""), "the expiry (DateLessThan) is missing"),
        (condition(r#""DateLessThan":{}"#), "AWS:EpochTime is missing"),
        (with(r#"{"Condition":{},"Effect":"Deny"}"#), "Statement has an unknown member \"Effect\""),
        (
            condition(r#""DateLessThan":{"AWS:EpochTime":1},"Bool":{}"#),
            "Condition has an unknown member",
        ),
        (
            condition(r#""DateLessThan":{"AWS:EpochTime":1,"x":1}"#),
            "DateLessThan has an unknown member",
        ),
        (
            condition(r#""DateLessThan":{"AWS:EpochTime":1},"DateLessThan":{"AWS:EpochTime":2}"#),
            "the member \"DateLessThan\" appears twice",
        ),
        (
            condition(r#""DateLessThan":{"AWS:EpochTime":1},"IpAddress":{"AWS:SourceIp":"::/0"}"#),
            "AWS:SourceIp \"::/0\" is IPv6",
        ),
        (
            condition(r#""DateLessThan":{"AWS:EpochTime":1},"IpAddress":{"AWS:SourceIp":"x"}"#),
            "AWS:SourceIp: \"x\" is not an IP address",
        ),
        (
            with(r#"{"Resource":["*"],"Condition":{"DateLessThan":{"AWS:EpochTime":1}}}"#),
            "Resource is not text",
        ),
        (" ".repeat(8_193), "the policy has 8193 bytes"),
    ] {
        let found = Policy::parse(json.as_bytes(), Reading::CloudFront).unwrap_err().to_string();
        assert!(found.starts_with(error), "{json}: {found}");
    }
}

#[test]
fn gatepass_reads_lists_and_ipv6() {
    let json = br#"{"Statement":[
        {"Resource":["https://a/*","https://b/*"],"Condition":{"DateLessThan":{"AWS:EpochTime":7}}},
        {"Condition":{"DateLessThan":{"AWS:EpochTime":9},"IpAddress":{"AWS:SourceIp":"::/0"}}}
    ],"Id":"unknown members up here are ignored"}"#;
    let policy = Policy::parse(json, Reading::Gatepass).unwrap();
    assert_eq!(policy.statements().len(), 2);
    assert_eq!(policy.expiry(), at(9));
    assert!(
        Policy::parse(
            br#"{"Statement":[{"Resource":[],"Condition":{"DateLessThan":{"AWS:EpochTime":7}}}]}"#,
            Reading::Gatepass
        )
        .is_err()
    );
}
