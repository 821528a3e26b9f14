//! A distribution's own pages instead of errors, from an origin behind a socket.

use gatepass_distribution::ErrorResponse;

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
