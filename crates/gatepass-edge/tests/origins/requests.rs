//! What an origin is sent.

use bytes::Bytes;
use http::Method;
use http_body_util::Full;

use crate::script::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn lines(request: &str) -> Vec<&str> {
    let mut lines: Vec<_> = request.trim_end().split("\r\n").collect();
    lines[1..].sort_unstable();
    lines
}

#[tokio::test]
async fn a_request_is_its_path_behind_the_origins_and_its_own_headers() {
    let site = answering(OK);
    let mut origin = site.origin();
    origin.path = "/films".into();
    origin.headers = vec![("X-Origin-Verify".into(), "a shared secret".into())];
    let request = with(get("/a/../b%20c|d//e?x=%2f&y"), "accept", "text/html");
    let request = with(request, "x-origin-verify", "the viewer's");

    let (head, body) = read(fetch(&remote(origin), request).await.unwrap()).await.unwrap();

    assert_eq!((head.status().as_u16(), body.as_str()), (200, "ok"));
    let host = format!("host: 127.0.0.1:{}", site.address.port());
    assert_eq!(
        lines(&site.requests()[0]),
        [
            "GET /films/a/../b%20c|d//e?x=%2f&y HTTP/1.1",
            "accept: text/html",
            "connection: keep-alive",
            &host,
            "x-origin-verify: a shared secret",
        ]
    );
}

#[tokio::test]
async fn a_forwarded_host_stands() {
    let site = answering(OK);
    fetch(&site.remote(), with(get("/"), "host", "media.test")).await.unwrap();
    assert!(site.requests()[0].contains("\r\nhost: media.test\r\n"));
}

#[tokio::test]
async fn nothing_between_the_viewer_and_the_edge_goes_on() {
    let site = answering(OK);
    let mut request = get("/");
    for name in ["te", "trailer", "transfer-encoding", "keep-alive", "proxy-authorization"] {
        request = with(request, name, "chunked");
    }
    request = with(with(request, "content-length", "7"), "expect", "100-continue");
    fetch(&site.remote(), request).await.unwrap();
    let host = format!("host: 127.0.0.1:{}", site.address.port());
    assert_eq!(lines(&site.requests()[0]), ["GET / HTTP/1.1", "connection: keep-alive", &host]);
}

#[tokio::test]
async fn a_body_of_known_length_is_sent_with_it() {
    let site = scripted(|line| {
        let head = line.hear().unwrap();
        assert!(head.contains("\r\ncontent-length: 5\r\n"), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        let body = line.hear_bytes(5);
        line.say("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n");
        line.say(body);
    });
    let body = http_body_util::BodyExt::map_err(Full::new(Bytes::from("hello")), |e| match e {});
    let request = carrying(ask(Method::PUT, "/a"), body);
    let request = with(request, "content-length", "4");
    let (head, body) = read(fetch(&site.remote(), request).await.unwrap()).await.unwrap();
    assert_eq!((head.status().as_u16(), body.as_str()), (201, "hello"));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_chunked() {
    let site = scripted(|line| {
        let head = line.hear().unwrap();
        assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
        assert_eq!(line.hear_bytes(20), b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n".to_vec());
        line.say(OK);
    });
    let (sender, parts) = parts();
    sender.send(Ok("ab".into())).unwrap();
    sender.send(Ok("cde".into())).unwrap();
    drop(sender);
    let request = carrying(ask(Method::POST, "/a"), parts);
    assert_eq!(read(fetch(&site.remote(), request).await.unwrap()).await.unwrap().1, "ok");
}

#[tokio::test]
async fn a_put_of_nothing_says_so() {
    let site = answering(OK);
    fetch(&site.remote(), ask(Method::PUT, "/a")).await.unwrap();
    assert!(site.requests()[0].contains("\r\ncontent-length: 0\r\n"), "{}", site.requests()[0]);
}
