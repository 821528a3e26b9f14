//! `Set-Cookie` lines, held against the advice on preventing misuse.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use gatepass::{
    CookieNaming, EpochTime, HashAlgorithm, KeyType, Level, Lint, Policy, Resource, SameSite,
    SetCookie, Signer, SigningKey, Window, encode, lint,
};
use proptest::prelude::*;

const NOW: u64 = 1_767_225_600;
const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly";
const IP: &str = r#","IpAddress":{"AWS:SourceIp":"192.0.2.7/32"}"#;

fn at(seconds: u64) -> EpochTime {
    EpochTime::new(seconds).unwrap()
}

fn signer() -> Signer {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    Signer::new("K2GATEPASSP256".parse().unwrap(), key)
}

fn policy() -> Policy {
    let films = Resource::new("https://media.example.com/films/*");
    Policy::new([films], Window::until(at(NOW + 3600))).from_network(&"192.0.2.7".parse().unwrap())
}

/// The JSON of a policy for one resource, with further conditions.
fn json(resource: &str, end: u64, more: &str) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{end}}}{more}}}}}]}}"#
    )
}

/// The lines of a custom pass for a policy, with these attributes.
fn custom(json: &str, attributes: &str) -> Vec<String> {
    lines(&format!("Policy={}", encode(json.as_bytes())), attributes)
}

fn lines(terms: &str, attributes: &str) -> Vec<String> {
    [terms, "Signature=MEUCIQ-~aA__", "Key-Pair-Id=K2GATEPASSP256"]
        .map(|pair| format!("Set-Cookie: CloudFront-{pair}{attributes}"))
        .to_vec()
}

fn good() -> Vec<String> {
    custom(&json("https://media.example.com/films/*", NOW + 3600, IP), ATTRIBUTES)
}

fn lint_all(lines: &[String]) -> Vec<Lint> {
    lint(lines.iter().map(String::as_str), at(NOW))
}

#[track_caller]
fn expect(lines: &[String], names: &[&str]) -> Vec<Lint> {
    let found = lint_all(lines);
    assert_eq!(found.iter().map(Lint::name).collect::<Vec<_>>(), names, "{found:#?}\n{lines:#?}");
    found
}

#[track_caller]
fn expect_level(lines: &[String], name: &str, level: Level) -> String {
    let found = expect(lines, &[name]);
    assert_eq!(found[0].level(), level);
    assert!(!found[0].advice().is_empty());
    found[0].to_string()
}

/// The good lines with other attributes.
#[track_caller]
fn expect_of_attributes(attributes: &str, name: &str, level: Level) -> String {
    let lines = custom(&json("https://media.example.com/films/*", NOW + 3600, IP), attributes);
    expect_level(&lines, name, level)
}

/// The good lines with another policy.
#[track_caller]
fn expect_of_policy(json: &str, name: &str, level: Level) -> String {
    expect_level(&custom(json, ATTRIBUTES), name, level)
}

#[test]
fn our_own_lines_are_fine() {
    let signer = signer();
    for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
        let pass = signer.sign(&policy(), hash).unwrap();
        for naming in [CookieNaming::Plain, CookieNaming::PerKey] {
            let cookies = pass.cookies_named(naming);
            expect(&SetCookie::default().lines(&cookies), &[]);
            let narrow = SetCookie::default()
                .path("/films".parse().unwrap())
                .domain("media.example.com")
                .unwrap()
                .same_site(SameSite::None);
            expect(&narrow.lines(&cookies), &[]);
        }
    }
    let cleared = SetCookie::default().clearing_lines(["CloudFront-Policy", "CloudFront-Expires"]);
    expect(&cleared, &[]);
    expect(&good(), &[]);
}

#[test]
fn other_cookies_are_passed_over() {
    let others = ["session=7; Path=/*", "", "set-cookie: a=b, c=d", "cloudfront=1"];
    expect(&others.map(str::to_owned), &[]);
}

#[test]
fn a_line_that_sets_no_cookie_is_told() {
    for line in
        ["Content-Type: text/html", "Location: https://e.com/?a=b", "=x", "CloudFront-Policy"]
    {
        let said = expect_level(&[line.to_owned()], "not_set_cookie", Level::Error);
        assert_eq!(said, format!("{line:?} is no Set-Cookie line"));
    }
}

#[test]
fn a_wide_domain_is_told_and_a_precise_one_is_not() {
    for (domain, name, level) in [
        ("example.com", "domain_wide", Level::Warning),
        (".example.com", "domain_wide", Level::Warning),
        ("Example.COM", "domain_wide", Level::Warning),
    ] {
        expect_of_attributes(&format!("; Domain={domain}{ATTRIBUTES}"), name, level);
    }
    for domain in ["media.example.com", ".media.example.com", ""] {
        let lines =
            good().iter().map(|line| format!("{line}; Domain={domain}")).collect::<Vec<_>>();
        expect(&lines, &[]);
    }
    let on = |host: &str, domain: &str| {
        let json = json(&format!("https://{host}/*"), NOW + 3600, IP);
        custom(&json, &format!("; Domain={domain}{ATTRIBUTES}"))
    };
    expect(&on("media.example.co.uk", "media.example.co.uk"), &[]);
    expect(&on("d111111abcdef8.cloudfront.net", "d111111abcdef8.cloudfront.net"), &[]);
    expect(&on("media.example.co.uk", "example.co.uk"), &["domain_wide"]);
    for domain in ["com", "uk", "co.uk", "cloudfront.net"] {
        let host = format!("media.{domain}");
        expect_level(&on(&host, domain), "domain_refused", Level::Error);
    }
    expect(&on("d1.cloudfront.net", "*.cloudfront.net"), &["domain_refused", "domain_elsewhere"]);
}

#[test]
fn a_domain_without_the_resource_is_told() {
    let attributes = format!("; Domain=app.example.com{ATTRIBUTES}");
    let said = expect_of_attributes(&attributes, "domain_elsewhere", Level::Error);
    assert_eq!(
        said,
        "Domain=app.example.com does not reach media.example.com, which the policy covers"
    );
}

#[test]
fn a_cookie_that_outlives_its_session_is_told() {
    let said = expect_of_attributes(
        "; Path=/; Secure; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
        "persistent",
        Level::Warning,
    );
    assert_eq!(said, "Expires keeps the pass on disk after the browser was closed");
    expect_of_attributes("; path=/; secure; httponly; max-age=60", "persistent", Level::Warning);
}

#[test]
fn open_doors_are_told() {
    expect_of_attributes("; Path=/; HttpOnly", "secure_missing", Level::Warning);
    expect_of_attributes("; Path=/; Secure", "http_only_missing", Level::Warning);
    let lines = custom(
        &json("https://media.example.com/films/*", NOW + 3600, IP),
        "; Path=/; HttpOnly; SameSite=none",
    );
    let found = expect(&lines, &["same_site_insecure", "secure_missing"]);
    assert_eq!(found[0].level(), Level::Error);
}

#[test]
fn an_address_that_is_missing_is_told() {
    let resource = "https://media.example.com/films/*";
    expect_of_policy(&json(resource, NOW + 3600, ""), "no_address", Level::Note);
    let anyone = IP.replace("192.0.2.7/32", "0.0.0.0/0");
    expect_of_policy(&json(resource, NOW + 3600, &anyone), "no_address", Level::Note);
    let canned = lines(&format!("Expires={}", NOW + 3600), ATTRIBUTES);
    expect_level(&canned, "canned_without_address", Level::Note);
}

#[test]
fn a_long_life_and_a_past_one_are_told() {
    let until = |end| json("https://media.example.com/films/*", end, IP);
    expect(&custom(&until(NOW + 86_400), ATTRIBUTES), &[]);
    let said = expect_of_policy(&until(NOW + 30 * 86_400), "long_expiry", Level::Warning);
    assert_eq!(
        said,
        "the pass is good until 2026-01-31T00:00:00Z (1769817600): that is in 30 days"
    );
    let said = expect_of_policy(&until(NOW + 36 * 3600), "long_expiry", Level::Warning);
    assert!(said.ends_with("in 36 hours"), "{said}");
    expect_of_policy(&until(NOW), "expired", Level::Error);
    let canned = lines("Expires=2147483647", ATTRIBUTES);
    expect(&canned, &["canned_without_address", "long_expiry"]);
    let start = format!(r#"{IP},"DateGreaterThan":{{"AWS:EpochTime":{}}}"#, NOW + 3600);
    let never = json("https://media.example.com/films/*", NOW + 3600, &start);
    expect_of_policy(&never, "never_opens", Level::Error);
}

#[test]
fn a_path_that_leads_elsewhere_is_told() {
    let path = |path: &str| format!("; Path={path}; Secure; HttpOnly");
    expect_of_attributes(&path("/films/*"), "path_pattern", Level::Error);
    expect_of_attributes(&path("/images"), "path_elsewhere", Level::Error);
    expect_of_attributes(&path("/film"), "path_elsewhere", Level::Error);
    expect_of_attributes(&path("/films/hd"), "path_narrow", Level::Warning);
    expect_of_attributes("; Secure; HttpOnly", "path_missing", Level::Warning);
    expect_of_attributes(&path("films"), "path_missing", Level::Warning);
    for fine in ["/", "/films", "/films/"] {
        let lines = custom(&json("https://media.example.com/films/*", NOW + 60, IP), &path(fine));
        expect(&lines, &[]);
    }
}

#[test]
fn an_incomplete_set_is_told_with_what_is_missing() {
    for (missing, part) in [(0, "CloudFront-Policy"), (1, "Signature"), (2, "Key-Pair-Id")] {
        let mut lines = good();
        lines.remove(missing);
        let said = expect_level(&lines, "missing_part", Level::Error);
        assert!(said.contains(part), "{said}");
    }
    let two = [good(), good()[..2].to_vec()].concat();
    expect(&two, &["missing_part"]);
    let mut lower = good();
    lower[0] = lower[0].replace("CloudFront-Policy", "cloudfront-policy");
    expect_level(&lower, "name_misspelled", Level::Error);
    let both = [good(), lines(&format!("Expires={}", NOW + 60), ATTRIBUTES)[..1].to_vec()].concat();
    expect_level(&both, "both_terms", Level::Note);
}

#[test]
fn parts_that_come_and_go_apart_are_told() {
    let mut lines = good();
    lines[1] = lines[1].replace("Path=/;", "Path=/films;");
    let said = expect_level(&lines, "attributes_differ", Level::Warning);
    assert_eq!(said, "the cookies of one pass differ in Path");
    lines[2].push_str("; SameSite=Lax");
    expect(&lines, &["attributes_differ", "attributes_differ"]);
}

#[test]
fn a_value_that_nobody_reads_is_told() {
    let json = json("https://media.example.com/films/a?????*", NOW + 3600, IP);
    let with_signature = |signature: &str| {
        let mut lines = custom(&json, ATTRIBUTES);
        lines[1] = lines[1].replace("MEUCIQ-~aA__", signature);
        lines
    };
    for (signature, names) in [
        ("MEUCIQ-%7EaA__", &["percent_encoded"][..]),
        ("\"MEUCIQ-~aA__\"", &["quoted"]),
        ("MEUCIQ+/aA==", &["standard_base64"]),
        ("MEUCIQ-_aA", &["base64url"]),
        ("MEUCIQ%2B%2FaA%3D%3D", &["percent_encoded", "standard_base64"]),
    ] {
        assert!(expect(&with_signature(signature), names)[0].level() == Level::Error);
    }
    let mut lines = good();
    lines[2] = lines[2].replace("K2GATEPASSP256", "-----BEGIN PUBLIC KEY-----");
    expect_level(&lines, "key_id_malformed", Level::Error);
    lines = good();
    lines.push(format!("CloudFront-Hash-Algorithm=sha256{ATTRIBUTES}"));
    expect_level(&lines, "hash_unknown", Level::Error);
}

#[test]
fn a_policy_that_is_refused_is_told() {
    let said = expect_of_policy("{}", "policy_refused", Level::Error);
    assert_eq!(said, "the policy would be refused: Statement is missing");
    let milliseconds = json("https://media.example.com/*", NOW * 1000, IP);
    expect_of_policy(&milliseconds, "policy_refused", Level::Error);
    expect_level(&lines("Policy=undefined", ATTRIBUTES), "policy_refused", Level::Error);
    let canned = lines(&format!("Expires={}", NOW * 1000), ATTRIBUTES);
    expect(&canned, &["canned_without_address", "policy_refused"]);
    let ipv6 = IP.replace("192.0.2.7/32", "2001:db8::/32");
    expect_of_policy(
        &json("https://media.example.com/*", NOW + 60, &ipv6),
        "policy_beyond_cloudfront",
        Level::Warning,
    );
}

#[test]
fn a_resource_that_covers_too_much_is_told() {
    let of = |resource| json(resource, NOW + 3600, IP);
    for resource in ["*", "https://*"] {
        expect_of_policy(&of(resource), "resource_everything", Level::Warning);
    }
    let missing = of("*").replace(r#""Resource":"*","#, "");
    let said = expect_of_policy(&missing, "resource_everything", Level::Warning);
    assert_eq!(said, "the policy covers every URL: its Resource is missing");
    for resource in ["http://media.example.com/*", "http*://media.example.com/*"] {
        expect_of_policy(&of(resource), "resource_http", Level::Warning);
    }
}

#[test]
fn several_cookies_in_one_line_are_told() {
    let [policy, signature, key_id] = &good()[..] else { panic!() };
    let bare = |line: &str| line.trim_start_matches("Set-Cookie: ").to_owned();
    let folded = format!("{policy}, {}, {}", bare(signature), bare(key_id));
    let said = expect_level(&[folded], "folded", Level::Error);
    assert_eq!(said, "one Set-Cookie line sets 3 of CloudFront's cookies, where it can set one");
    let pairs: Vec<_> = good().iter().map(|line| bare(line)).collect();
    let found = lint_all(&[pairs.join("; ")]);
    assert_eq!(found.first().map(Lint::name), Some("folded"));
}

#[test]
fn a_cookie_that_is_too_long_is_told() {
    let long = "a".repeat(3_100);
    let json = json(&format!("https://media.example.com/{long}*"), NOW + 3600, IP);
    let said = expect_of_policy(&json, "too_long", Level::Error);
    assert!(said.starts_with("CloudFront-Policy has 4"), "{said}");
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(
        lines in proptest::collection::vec(
            "(Set-Cookie: ?)?(CloudFront-(Policy|Expires|Signature|Key-Pair-Id)(-K2)?|[a-zé]{0,4})=?[A-Za-z0-9%~_*+/=\"é-]{0,20}[;,]? ?(Domain|Path|Max-Age|SameSite|Expires|CloudFront-x)?=?[./*a-zé0]{0,8}",
            0..9,
        ),
        resource in "(https?://)?[a-z*?.:é]{0,10}(/[a-z*?%]{0,6}){0,4}",
        noise in ".{0,80}",
    ) {
        let mut lines = lines;
        lines.push(noise.clone());
        lines.extend(custom(&json(&resource, NOW + 60, ""), &noise));
        for lint in lint_all(&lines) {
            prop_assert!(!lint.to_string().is_empty() && !lint.name().is_empty());
        }
    }
}
