//! What an origin answers, and what of it is believed.

use std::time::Duration;

use gatepass_edge::origin::trouble::Trouble;
use http::Method;
use http_body_util::BodyExt;

use crate::script::*;

/// What comes of an answer, in a word.
async fn outcome(answer: impl Into<Vec<u8>>) -> &'static str {
    let site = parting_with(answer);
    match fetch_text(&site.remote(), "/").await {
        Ok(_) => "ok",
        Err(trouble) => trouble.reason(),
    }
}

async fn outcomes(expected: &str, answers: &[&str]) {
    for answer in answers {
        assert_eq!(outcome(*answer).await, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn answers_that_are_plain_are_read() {
    outcomes(
        "ok",
        &[
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nuntil the end",
            "HTTP/1.0 200 OK\r\n\r\nuntil the end",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
            "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn answers_that_can_be_read_in_two_ways_are_not() {
    outcomes(
        "origin_unreadable",
        &[
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n\
             2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n\
             2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n\
             2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn answers_that_are_no_http_are_not_read() {
    outcomes(
        "origin_unreadable",
        &[
            "SSH-2.0-OpenSSH_9.6\r\n",
            "just text, as HTTP/0.9 had it\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 99 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: folded\r\n over lines\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\rY: b\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
             ffffffffffffffffff\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok!\r\n0\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn answers_that_end_early_are_told_from_whole_ones() {
    outcomes(
        "origin_broke_off",
        &[
            "",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_head_has_256_headers_and_64_kib_at_most() {
    let head = |headers: String| format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n");
    let many = |count: usize| head("X: y\r\n".repeat(count));
    let long = |length: usize| head(format!("X: {}\r\n", "y".repeat(length)));
    assert_eq!(outcome(many(255)).await, "ok");
    assert_eq!(outcome(many(256)).await, "origin_unreadable");
    assert_eq!(outcome(long(60 << 10)).await, "ok");
    assert_eq!(outcome(long(64 << 10)).await, "origin_unreadable");
    let endless = scripted(|line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\n");
        while line.say("X: y\r\n".repeat(1000)) {}
    });
    let trouble = fetch(&endless.remote(), get("/")).await.unwrap_err();
    assert_eq!(trouble.reason(), "origin_unreadable");
}

#[tokio::test]
async fn interim_answers_without_end_are_cut_short() {
    let some = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(16);
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(outcome(format!("{some}{last}")).await, "ok");
    let site = scripted(|line| {
        line.hear();
        while line.say("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000)) {}
    });
    let trouble = fetch(&site.remote(), get("/")).await.unwrap_err();
    assert_eq!(trouble.reason(), "origin_unreadable");
}

#[tokio::test]
async fn what_is_between_origin_and_edge_stays_there() {
    let site = answering(
        "HTTP/1.1 200 OK\r\nConnection: x-hop, keep-alive, cache-control\r\nX-Hop: 1\r\n\
         Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\
         Trailer: x-sum\r\nUpgrade: h2c\r\nCache-Control: private\r\nX-End: 1\r\n\
         Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n",
    );
    let response = fetch(&site.remote(), get("/")).await.unwrap();
    let mut names: Vec<_> = response.headers().keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["cache-control", "x-end"]);
    let collected = response.into_body().collect().await.unwrap();
    assert!(collected.trailers().is_none());
    assert_eq!(collected.to_bytes(), "ok");
}

#[tokio::test]
async fn an_answer_to_head_keeps_its_length_and_has_no_body() {
    let site = answering("HTTP/1.1 200 OK\r\nContent-Length: 700\r\nETag: \"a\"\r\n\r\n");
    let remote = site.remote();
    for _ in 0..2 {
        let response = fetch(&remote, ask(Method::HEAD, "/")).await.unwrap();
        let (head, body) = read(response).await.unwrap();
        assert_eq!(head.headers()["content-length"], "700");
        assert_eq!(body, "");
    }
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn what_comes_after_an_answer_is_never_the_answer_to_another_request() {
    for framing in
        ["Content-Length: 2\r\n\r\nok", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"]
    {
        let mut answer = format!("HTTP/1.1 200 OK\r\n{framing}");
        answer += "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned";
        let site = answering(answer);
        let remote = site.remote();
        for _ in 0..20 {
            match fetch_text(&remote, "/").await {
                Ok(text) => assert_eq!(text, "ok"),
                Err(trouble) => panic!("{trouble}"),
            }
        }
    }
}

#[tokio::test]
async fn gigabytes_are_read_no_faster_than_they_are_asked_for() {
    let (told, sent) = std::sync::mpsc::channel();
    let site = scripted(move |line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 8589934592\r\n\r\n");
        line.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut sent = 0_usize;
        while std::io::Write::write(&mut line.stream, &[0; 1 << 14]).is_ok_and(|count| {
            sent += count;
            count > 0
        }) {}
        told.send(sent).unwrap();
    });
    let mut response = fetch(&site.remote(), get("/")).await.unwrap();
    assert!(response.body_mut().frame().await.unwrap().is_ok());
    let sent = tokio::task::spawn_blocking(move || sent.recv().unwrap()).await.unwrap();
    assert!(sent < 64 << 20, "{sent} bytes were taken in");
    drop(response);
}

#[tokio::test]
async fn an_upgrade_hands_over_the_connection() {
    let site = scripted(|line| {
        let head = line.hear().unwrap();
        assert!(head.contains("\r\nconnection: upgrade\r\n"), "{head}");
        assert!(head.contains("\r\nupgrade: websocket\r\n"), "{head}");
        line.say(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: x\r\n\r\nhello",
        );
        let echo = line.hear_bytes(3);
        line.say(echo);
    });
    let mut origin = site.origin();
    origin.patience.connections = 1;
    let remote = remote(origin);
    let request = with(with(get("/chat"), "upgrade", "websocket"), "connection", "Upgrade");
    let mut response = fetch(&remote, request).await.unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["connection"], "upgrade");
    let upgraded = hyper::upgrade::on(&mut response).await.unwrap();
    drop(response);

    let mut io = hyper_util::rt::TokioIo::new(upgraded);
    let mut buffer = [0; 5];
    tokio::io::AsyncReadExt::read_exact(&mut io, &mut buffer).await.unwrap();
    assert_eq!(&buffer, b"hello");
    // It counts as a request under way until it is closed.
    assert!(matches!(fetch(&remote, get("/")).await, Err(Trouble::Busy(1))));
    tokio::io::AsyncWriteExt::write_all(&mut io, b"hey").await.unwrap();
    tokio::io::AsyncReadExt::read_exact(&mut io, &mut buffer[..3]).await.unwrap();
    assert_eq!(&buffer[..3], b"hey");
    drop(io);
    assert!(!matches!(fetch(&remote, get("/")).await, Err(Trouble::Busy(_))));
}

#[tokio::test]
async fn an_upgrade_may_be_declined() {
    let site = answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    let request = with(get("/chat"), "upgrade", "websocket");
    let (head, body) = read(fetch(&site.remote(), request).await.unwrap()).await.unwrap();
    assert_eq!((head.status().as_u16(), body.as_str()), (403, "no"));
}
