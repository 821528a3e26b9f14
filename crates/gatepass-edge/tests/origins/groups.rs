//! Two origins, the second for when the first fails.

use gatepass_distribution::OriginGroup;
use gatepass_edge::origin::remote::Remote;
use http::Method;

use crate::script::*;

fn saying(status: u16, text: &str) -> Scripted {
    answering(format!("HTTP/1.1 {status} \r\nContent-Length: {}\r\n\r\n{text}", text.len()))
}

fn group(primary: Remote, secondary: Remote) -> Remote {
    let group = OriginGroup {
        primary: "primary".into(),
        secondary: "secondary".into(),
        statuses: vec![404, 503],
    };
    Remote::group(&group, primary, secondary)
}

async fn status(remote: &Remote, method: Method) -> u16 {
    fetch(remote, ask(method, "/a?b")).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_second_is_asked_on_the_listed_statuses_alone() {
    for (first, asked) in [(200, 0), (403, 0), (404, 1), (500, 0), (503, 1)] {
        let (primary, secondary) = (saying(first, "one"), saying(299, "two"));
        let remote = group(primary.remote(), secondary.remote());
        let expected = if asked == 1 { 299 } else { first };
        assert_eq!(status(&remote, Method::GET).await, expected);
        assert_eq!(secondary.requests().len(), asked, "{first}");
    }
}

#[tokio::test]
async fn the_second_is_asked_the_same() {
    let (primary, secondary) = (saying(404, "one"), saying(200, "two"));
    let remote = group(primary.remote(), secondary.remote());
    let request = with(get("/a%20b?c=d"), "range", "bytes=0-1");
    assert_eq!(read(fetch(&remote, request).await.unwrap()).await.unwrap().1, "two");
    let sent = secondary.requests().remove(0);
    assert!(sent.starts_with("GET /a%20b?c=d HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("\r\nrange: bytes=0-1\r\n"), "{sent}");
    assert!(sent.contains(&format!("\r\nhost: {}\r\n", secondary.address)), "{sent}");
}

#[tokio::test]
async fn the_second_is_asked_if_the_first_is_in_trouble() {
    let gone = { saying(200, "").origin() };
    let silent = scripted(|line| {
        line.hear();
        line.is_hung_up_within(std::time::Duration::from_secs(5));
    });
    for primary in
        [remote(gone), silent.remote(), parting_with("").remote(), parting_with("?").remote()]
    {
        let secondary = saying(200, "two");
        let remote = group(primary, secondary.remote());
        assert_eq!(fetch_text(&remote, "/").await.unwrap(), "two");
    }
}

#[tokio::test]
async fn what_may_have_an_effect_is_asked_of_the_first_alone() {
    let (primary, secondary) = (saying(503, "one"), saying(200, "two"));
    let remote = group(primary.remote(), secondary.remote());
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(status(&remote, method).await, 503);
    }
    assert_eq!(secondary.requests().len(), 0);
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert_eq!(status(&remote, method).await, 200);
    }
}

#[tokio::test]
async fn if_both_fail_the_seconds_answer_counts() {
    let (primary, secondary) = (saying(503, "one"), saying(404, "two"));
    let remote = group(primary.remote(), secondary.remote());
    assert_eq!(fetch_text(&remote, "/").await.unwrap(), "two");
}

#[tokio::test]
async fn an_answer_that_is_passed_over_keeps_its_connection() {
    let (primary, secondary) = (saying(404, "one"), saying(200, "two"));
    let remote = group(primary.remote(), secondary.remote());
    for _ in 0..5 {
        assert_eq!(fetch_text(&remote, "/").await.unwrap(), "two");
    }
    assert_eq!((primary.connections(), secondary.connections()), (1, 1));
}
