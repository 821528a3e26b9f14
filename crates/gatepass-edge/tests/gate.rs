//! Private content, from the wire to the wire.

mod support;

use std::io::{Read, Write};

use gatepass::Reading;
use gatepass_distribution::{Cors, ErrorResponse};
use support::{NOW, guarded, open, site};

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>"#;

#[test]
fn private_content_needs_a_pass_and_public_content_does_not() {
    let site = site().start();
    let pass = site.pass_for("http://media.test/private/*");
    assert_eq!(site.get("/public/a.txt").text(), "for all");
    assert_eq!(site.get("/").text(), "welcome");
    assert_eq!(site.get("/private/a.txt").status(), 403);
    assert_eq!(site.get("/private/a.txt").cookie(&pass).text(), "for some");
    // Known by now: the answer is the same.
    assert_eq!(site.get("/private/a.txt").cookie(&pass).text(), "for some");
    assert_eq!(site.get("/private/a.txt").host("localhost").cookie(&pass).status(), 403);
}

#[test]
fn a_refusal_is_cloudfronts_to_the_byte() {
    let site = site()
        .with(|site| {
            site.behaviors[0].1.reading = Reading::CloudFront;
        })
        .start();
    let answer = site.get("/private/a.txt").answer();
    assert_eq!(answer.body, XML);
    assert_eq!(answer.body.len(), 146);
    let names: Vec<_> =
        answer.head.lines().skip(1).filter_map(|line| line.split(": ").next()).collect();
    for (name, value) in [
        ("Server", "CloudFront"),
        ("Content-Type", "text/xml"),
        ("Content-Length", "146"),
        ("X-Cache", "Error from cloudfront"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{names:?}");
    }
    assert!(answer.head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{}", answer.head);
    assert!(answer.header("Via").unwrap().ends_with(".cloudfront.net (CloudFront)"));
    assert_eq!(answer.header("X-Amz-Cf-Id").unwrap().len(), 56);
    assert_eq!(answer.header("Cache-Control"), None, "strict adds nothing");
    assert!(answer.header("Date").is_some());
    let names: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let unexpected = names.iter().find(|name| {
        ![
            "server",
            "date",
            "content-type",
            "content-length",
            "connection",
            "x-cache",
            "via",
            "x-amz-cf-pop",
            "x-amz-cf-id",
        ]
        .contains(&&***name)
    });
    assert_eq!(unexpected, None);
}

#[test]
fn every_code_reaches_the_viewer_and_no_reason_does() {
    let site = site().start();
    let pass = site.pass_for("http://media.test/private/*");
    let changed = |part: &str, value: &str| {
        let parts = pass.split("; ").map(|pair| match pair.split_once('=').unwrap() {
            (name, _) if name.ends_with(part) => format!("{name}={value}"),
            _ => pair.to_owned(),
        });
        parts.collect::<Vec<_>>().join("; ")
    };
    for (cookie, code, length) in [
        (String::new(), "MissingKey", 146),
        (changed("Key-Pair-Id", ""), "MissingKey", 146),
        (changed("Key-Pair-Id", "KOTHER"), "InvalidKey", 106),
        (changed("Policy", "e30_"), "MalformedPolicy", 116),
        (changed("Signature", "a+b/"), "MalformedSignature", 131),
        (changed("Signature", "AAAA"), "AccessDenied", 110),
    ] {
        let answer = site.get("/private/a.txt").cookie(&cookie).answer();
        assert_eq!((answer.status, answer.body.len()), (403, length), "{}", answer.body);
        assert!(answer.body.contains(&format!("<Code>{code}</Code>")), "{}", answer.body);
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    }
}

#[test]
fn head_is_told_the_same_without_a_body() {
    let site = site().start();
    let answer = site.ask("HEAD", "/private/a.txt").answer();
    assert_eq!(
        (answer.status, answer.header("Content-Length"), &*answer.body),
        (403, Some("146"), "")
    );
    let pass = site.pass_for("*");
    let answer = site.ask("HEAD", "/private/a.txt").cookie(&pass).answer();
    assert_eq!(
        (answer.status, answer.header("Content-Length"), &*answer.body),
        (200, Some("8"), "")
    );
}

#[test]
fn a_pass_ends_on_its_second_and_a_running_download_does_not() {
    let site = site().start();
    let pass = site.pass_for("http://media.test/private/*");
    site.at(NOW + 3_599);
    assert_eq!(site.get("/private/a.txt").cookie(&pass).status(), 200);

    let mut download = site.connect();
    write!(download, "GET /private/film.bin HTTP/1.1\r\nHost: media.test\r\nCookie: {pass}\r\nConnection: close\r\n\r\n").unwrap();
    let mut begun = [0; 1_000];
    download.read_exact(&mut begun).unwrap();
    site.at(NOW + 3_600);
    let mut rest = Vec::new();
    download.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"0123456789"));
    assert!(begun.len() + rest.len() > 500_000);

    assert_eq!(site.get("/private/a.txt").cookie(&pass).status(), 403);
    let resumed = site.get("/private/film.bin").cookie(&pass).with("Range", "bytes=1000-");
    assert_eq!(resumed.status(), 403, "each range request is judged");
}

#[test]
fn ranges_of_private_content_are_served() {
    let site = site().start();
    let pass = site.pass_for("http://media.test/private/*");
    let answer = site.get("/private/film.bin").cookie(&pass).with("Range", "bytes=11-14").answer();
    assert_eq!((answer.status, &*answer.body), (206, "1234"));
    assert_eq!(answer.header("Content-Range"), Some("bytes 11-14/500000"));
}

#[test]
fn a_signed_url_beats_cookies() {
    let site = site().start();
    let pass = site.pass_for("http://media.test/private/*");
    let url = site.signed_url("http://media.test/private/a.txt");
    let target = url.strip_prefix("http://media.test").unwrap();
    assert_eq!(site.get(target).text(), "for some");
    assert_eq!(site.get(&format!("{target}&x=1")).status(), 403, "a parameter was added");
    let answer = site.get("/private/a.txt?Expires=1").cookie(&pass).answer();
    assert!(answer.body.contains("MissingKey"), "{}", answer.body);
}

#[test]
fn two_sets_of_cookies_are_both_tried() {
    let site = site().start();
    let other = site.pass_for("http://media.test/elsewhere/*");
    let good = site.pass_for("http://media.test/private/*");
    assert_eq!(site.get("/private/a.txt").cookie(&format!("{other}; {good}")).status(), 200);
    assert_eq!(site.get("/private/a.txt").cookie(&other).cookie(&good).status(), 200);
}

#[test]
fn no_path_trick_reaches_private_content() {
    let site = site().start();
    let elsewhere = site.pass_for("http://media.test/public/*");
    for target in [
        "//private/a.txt",
        "/private//a.txt",
        "/%70rivate/a.txt",
        "/public/../private/a.txt",
        "/./private/a.txt",
        "/public/%2e%2e/private/a.txt",
        "/public/..%2fprivate/a.txt",
        "/public%2f..%2fprivate/a.txt",
        r"/public\..\private\a.txt",
        "/public/%5c..%5cprivate/a.txt",
        "/private/a.txt%00",
        "/public/%252e%252e/private/a.txt",
        "/private%2fa.txt",
        "/public/.%2e/private/a.txt",
        "/private/./a.txt",
        "http://media.test/private/a.txt",
        "/private/a.txt?",
        "/private/a.txt?x=1",
    ] {
        for cookie in ["", &elsewhere] {
            let answer = site.get(target).cookie(cookie).answer();
            assert!(matches!(answer.status, 400 | 403 | 404), "{target}: {answer:?}");
            assert!(!answer.body.contains("for some"), "{target}");
        }
    }
    assert_eq!(site.get("/public/%2e%2e/private/a.txt").status(), 400);
    assert_eq!(site.get("/private%2fa.txt").status(), 400);
}

#[test]
fn the_folder_ends_at_its_edge() {
    let draft = site();
    let site = draft.start();
    let outside = tempfile::TempDir::new().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), site.path().join("public/link"))
        .unwrap();
    std::fs::write(site.path().join("public/.hidden"), "hidden").unwrap();
    for target in [
        "/public/link",
        "/public/.hidden",
        "/public/",
        "/public",
        "/../../etc/passwd",
        "/public/%2e%2e/%2e%2e/etc/passwd",
    ] {
        assert!(matches!(site.get(target).status(), 400 | 404), "{target}");
    }
}

#[test]
fn an_unknown_host_gets_the_html_page() {
    let site = site().start();
    let answer = site.get("/public/a.txt").host("other.test").answer();
    assert_eq!((answer.status, answer.header("Content-Type")), (403, Some("text/html")));
    assert!(answer.body.contains("<H1>403 ERROR</H1>"));
    let id = answer.header("X-Amz-Cf-Id").unwrap();
    assert!(answer.body.contains(&format!("Request ID: {id}")));
    assert_eq!(site.get("/public/a.txt").host("MEDIA.test:8080").status(), 200);
}

#[test]
fn other_methods_get_the_html_page() {
    let site = site().start();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"] {
        let answer = site.ask(method, "/public/a.txt").with("Content-Length", "0").answer();
        assert_eq!(answer.status, 403, "{method}");
        assert!(answer.body.contains("supports only cachable requests"), "{method}");
    }
    let bytes = b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx";
    assert_eq!(support::Answer::read(&site.raw(bytes)).status, 403, "a GET with a body");
}

#[test]
fn pages_are_sent_to_the_login_and_media_are_not() {
    let site =
        site().with(|site| site.behaviors[0].1.on_denied = "/login.html".parse().ok()).start();
    let page = site.get("/private/a.txt?Expires=1&x=2").with("Sec-Fetch-Dest", "document").answer();
    assert_eq!(page.status, 302);
    assert_eq!(
        page.header("Location"),
        Some("/login.html?return-to=/private/a.txt%3Fx%3D2"),
        "where it wanted to go, without any credential"
    );
    assert_eq!(page.header("Cache-Control"), Some("no-store"));
    let slashes = site.get("//private/a.txt").with("Sec-Fetch-Dest", "document").answer();
    assert_eq!(
        slashes.header("Location"),
        Some("/login.html?return-to=/private/a.txt"),
        "not a host"
    );
    let old = site.get("/private/a.txt").with("Accept", "text/html,*/*").answer();
    assert_eq!(old.status, 302);
    for (name, value) in [
        ("Sec-Fetch-Dest", "image"),
        ("Sec-Fetch-Dest", "empty"),
        ("Accept", "*/*"),
        ("X-Nothing", "x"),
    ] {
        let answer =
            site.get("/private/a.txt").with("Accept", "text/html").with(name, value).answer();
        let expected = if name == "Sec-Fetch-Dest" { 403 } else { 302 };
        assert_eq!(answer.status, expected, "{name}: {value}");
    }
    assert_eq!(site.get("/private/a.txt").status(), 403);
}

#[test]
fn a_custom_page_answers_the_gates_403_even_from_behind_the_gate() {
    let site = site()
        .with(|site| {
            site.error_responses = vec![
                ErrorResponse::new(403, "/private/sorry.html", 403).unwrap(),
                ErrorResponse::new(404, "/errors/missing.html", 404).unwrap(),
            ];
        })
        .start();
    std::fs::write(site.path().join("private/sorry.html"), "sorry").unwrap();
    let answer = site.get("/private/a.txt").answer();
    assert_eq!((answer.status, &*answer.body), (403, "sorry"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    assert_eq!(answer.header("ETag"), None);
    assert_eq!(site.get("/nothing.html").status(), 404, "a page that is missing is no loop");
    assert_eq!(site.get("/private/sorry.html").answer().body, "sorry");
}

#[test]
fn a_custom_page_may_answer_with_200() {
    let site = site()
        .with(|site| {
            site.error_responses = vec![ErrorResponse::new(404, "/index.html", 200).unwrap()];
        })
        .start();
    assert_eq!(site.get("/app/route").text(), "welcome");
}

#[test]
fn a_player_on_another_site_can_read_the_refusal() {
    let cors = Cors {
        allow_origins: vec!["https://app.test".into()],
        allow_credentials: true,
        max_age_seconds: 60,
    };
    let site = site().with(|site| site.behaviors[0].1.cors = Some(cors)).start();
    let answer = site.get("/private/a.txt").with("Origin", "https://app.test").answer();
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("https://app.test"));
    assert_eq!(answer.header("Access-Control-Allow-Credentials"), Some("true"));
    let answer = site.get("/private/a.txt").with("Origin", "https://evil.test").answer();
    assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
    assert_eq!(answer.header("Vary"), Some("Origin"));

    let preflight = site
        .ask("OPTIONS", "/private/a.txt")
        .with("Origin", "https://app.test")
        .with("Access-Control-Request-Method", "GET")
        .with("Access-Control-Request-Headers", "range")
        .answer();
    assert_eq!((preflight.status, &*preflight.body), (204, ""));
    assert_eq!(preflight.header("Access-Control-Allow-Headers"), Some("range"));
    assert_eq!(preflight.header("Access-Control-Max-Age"), Some("60"));
    assert_eq!(site.ask("OPTIONS", "/private/a.txt").status(), 403, "no preflight: no way in");
}

#[test]
fn only_a_listed_proxy_is_believed() {
    let proxied = site()
        .with_config(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()])
        .start();
    let pass = proxied.pass_from("https://media.test/private/*", "203.0.113.9/32");
    let ask = |site: &support::Site, pass: &str| {
        site.get("/private/a.txt")
            .cookie(pass)
            .with("X-Forwarded-For", "198.51.100.1, 203.0.113.9")
            .with("X-Forwarded-Proto", "https")
            .status()
    };
    assert_eq!(ask(&proxied, &pass), 200);
    let direct = site().start();
    let pass = direct.pass_from("https://media.test/private/*", "203.0.113.9/32");
    assert_eq!(ask(&direct, &pass), 403);
    let pass = direct.pass_from("http*://media.test/private/*", "203.0.113.9/32");
    assert_eq!(ask(&direct, &pass), 403);
}

#[test]
fn behaviors_are_tried_in_order() {
    let site = site()
        .with(|site| {
            site.behaviors = vec![
                ("/private/free/*".parse().unwrap(), open()),
                ("/private/*".parse().unwrap(), guarded(open())),
            ];
        })
        .start();
    std::fs::create_dir(site.path().join("private/free")).unwrap();
    std::fs::write(site.path().join("private/free/a.txt"), "free").unwrap();
    assert_eq!(site.get("/private/free/a.txt").text(), "free");
    assert_eq!(site.get("/private/free/../a.txt").status(), 403);
}

#[test]
fn a_behavior_that_trusts_no_key_stays_closed() {
    let site =
        site().with(|site| site.behaviors[0].1.trusted_key_groups = Some(Vec::new())).start();
    let pass = site.pass_for("*");
    let answer = site.get("/private/a.txt").cookie(&pass).answer();
    assert!(answer.body.contains("InvalidKey"), "{answer:?}");
}

#[test]
fn the_log_says_why_and_never_holds_a_credential() {
    let site = site().start();
    let pass = site.pass_for("http://media.test/private/*");
    let url = site.signed_url("http://media.test/private/a.txt");
    let target = url.strip_prefix("http://media.test").unwrap().to_owned();
    site.get("/private/a.txt").cookie(&pass).with("Referer", &url).status();
    site.get(&target).status();
    site.get(&format!("{target}&broken=1")).status();
    site.get("/private/a.txt").status();
    let mixed_up = pass.replace("Signature=", "Swap=").replace("Key-Pair-Id=", "Signature=");
    let mixed_up = mixed_up.replace("Swap=", "Key-Pair-Id=").replace('~', "-");
    site.get("/private/a.txt").cookie(&mixed_up).status();
    let secrets: Vec<String> = pass
        .split("; ")
        .chain(target.split(['?', '&']))
        .filter_map(|pair| pair.split_once('=').map(|(_, value)| value.to_owned()))
        .filter(|value| value.len() > 20)
        .flat_map(|value| [value.replace('~', "-"), value])
        .collect();
    assert!(secrets.len() >= 3, "{secrets:?}");
    let log = site.log();
    for secret in secrets {
        assert!(!log.contains(&secret), "{log}");
    }
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 5, "{log}");
    assert!(lines[0].contains(r#""key":"KTEST","expires":1767293600,"pass":""#), "{log}");
    assert!(lines[2].contains(r#""reason":"signature_mismatch""#), "{log}");
    assert!(lines[2].contains(r#""url":"http://media.test/private/a.txt?broken=1""#), "{log}");
    assert!(
        lines[3].contains(r#""reason":"no_pass","detail":"the viewer presented no pass"#),
        "{log}"
    );
}
