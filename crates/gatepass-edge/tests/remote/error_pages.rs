//! A distribution's own pages instead of errors, from an origin behind a socket.

use gatepass_distribution::ErrorResponse;
use gatepass_edge::Observed;

use crate::origin::{played, say};

#[test]
fn a_page_that_was_kept_does_not_make_the_error_a_hit() {
    let origin = played(|stream, head| {
        let (status, text) = if head.starts_with("GET /sorry.html ") {
            ("200 OK", "we are sorry")
        } else {
            ("404 Not Found", "missing")
        };
        let length = text.len();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n");
        say(
            stream,
            &format!("{answer}Cache-Control: max-age=60\r\nConnection: close\r\n\r\n{text}"),
        );
    });
    let page = |status| ErrorResponse::new(status, "/sorry.html", status).unwrap();
    let site = origin.site().with(|site| site.error_responses = vec![page(403), page(404)]);
    let site = site.start();
    for (path, status) in [("/gone", 404), ("/gone", 404), ("/private/a", 403)] {
        let answer = site.get(path).answer();
        assert_eq!((answer.status, &*answer.body), (status, "we are sorry"), "{path}");
        assert_eq!(answer.header("X-Cache"), Some("Error from cloudfront"), "{path}");
    }
    assert_eq!(site.get("/sorry.html").answer().header("X-Cache"), Some("Hit from cloudfront"));
    let log = site.log();
    let told: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split(r#""x_cache":""#).nth(1)?.split('"').next())
        .collect();
    assert_eq!(told, ["Error", "Error", "Error", "Hit"], "{log}");
}

#[test]
fn a_forged_pass_is_checked_once_even_if_its_error_page_is_waited_for() {
    let origin = played(|stream, _| {
        say(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nCache-Control: no-store\r\nConnection: close\r\n\r\nsorry",
        );
    });
    let page = ErrorResponse::new(403, "/sorry.html", 403).unwrap();
    let site = origin.site().with(|site| site.error_responses = vec![page]).start();
    let pass = site.pass_for("http://media.test/private/*");
    let forged: Vec<_> = pass
        .split("; ")
        .map(|pair| match pair.split_once("Signature=") {
            Some((name, _)) => format!("{name}Signature=AAAA"),
            None => pair.to_owned(),
        })
        .collect();
    let forged = forged.join("; ");
    assert_ne!(pass, forged);
    for times in 1..4 {
        let answer = site.get("/private/a").cookie(&forged).answer();
        assert_eq!((answer.status, &*answer.body), (403, "sorry"));
        assert_eq!(site.edge().status().pass_checks, times);
    }
    assert_eq!(origin.heads().len(), 3, "each waited for the page");
    let log = site.log();
    assert_eq!(log.matches(r#""reason":"signature"#).count(), 3, "{log}");
}
