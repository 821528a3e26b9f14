//! Origins that take their time. No wait is without end.

use std::time::{Duration, Instant};

use gatepass_distribution::Endpoint;
use gatepass_edge::origin::trouble::Trouble;
use http::Method;
use http_body_util::BodyExt;

use crate::script::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Long enough for anything that is on its way, short of a hang.
const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn silence_is_late() {
    for said in ["", "HTTP/1.1 200 OK\r\nX:"] {
        let site = scripted(move |line| {
            line.hear();
            line.say(said);
            line.is_hung_up_within(LIMIT);
        });
        let start = Instant::now();
        let trouble = fetch(&site.remote(), get("/")).await.unwrap_err();
        assert!(matches!(trouble, Trouble::Late(_)), "{trouble}");
        assert_eq!(trouble.status(), 504);
        assert!(start.elapsed() < LIMIT);
        assert_eq!(site.requests().len(), 1, "it is not asked again");
    }
}

#[tokio::test]
async fn a_head_that_trickles_is_late() {
    let site = scripted(|line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\n");
        while line.say("X: y\r\n") {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let trouble = fetch(&site.remote(), get("/")).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Late(_)), "{trouble}");
}

#[tokio::test]
async fn a_body_that_stalls_is_late() {
    let site = scripted(|line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
        line.is_hung_up_within(LIMIT);
    });
    let mut body = fetch(&site.remote(), get("/")).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "some");
    let trouble = body.frame().await.unwrap().unwrap_err();
    assert!(matches!(trouble, Trouble::Late(_)), "{trouble}");
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_body_that_comes_slowly_but_steadily_is_read() {
    let site = scripted(|line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(100));
            line.say("x");
        }
    });
    assert_eq!(fetch_text(&site.remote(), "/").await.unwrap(), "xxxxxxxxxx");
}

#[tokio::test]
async fn a_viewer_that_pauses_does_not_make_the_origin_late() {
    let site = scripted(|line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsome");
        std::thread::sleep(Duration::from_millis(900));
        line.say("more");
        line.is_hung_up_within(LIMIT);
    });
    let mut body = fetch(&site.remote(), get("/")).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "some");
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "more");
}

#[tokio::test]
async fn an_address_that_swallows_everything_is_late() {
    // A listener whose queue is full: the kernel drops what else comes.
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let fill = || {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        socket.set_nonblocking(true).unwrap();
        drop(socket.connect(&address.into()));
        socket
    };
    let _full: Vec<_> = (0..8).map(|_| fill()).collect();
    let endpoint = Endpoint { is_https: false, host: "127.0.0.1".into(), port: address.port() };
    let mut origin = http_origin(endpoint);
    origin.patience.attempts = 2;
    let start = Instant::now();
    let trouble = fetch(&remote(origin), get("/")).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Late(_)), "{trouble}");
    let attempts = start.elapsed().as_millis() / 400;
    assert_eq!(attempts, 2, "each attempt waits for its own");
}

#[tokio::test]
async fn an_upload_may_take_longer_than_an_answer() {
    let site = scripted(|line| {
        line.hear();
        line.hear_bytes("1\r\nx\r\n".len() * 10 + "0\r\n\r\n".len());
        std::thread::sleep(Duration::from_millis(200));
        line.say(OK);
    });
    let (sender, parts) = parts();
    let request = carrying(ask(Method::POST, "/"), parts);
    tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            sender.send(Ok("x".into())).unwrap();
        }
    });
    assert_eq!(read(fetch(&site.remote(), request).await.unwrap()).await.unwrap().1, "ok");
}

#[tokio::test]
async fn a_viewer_that_stops_sending_is_told_from_a_slow_origin() {
    let site = scripted(|line| {
        line.hear();
        line.is_hung_up_within(LIMIT);
    });
    let (sender, parts) = parts();
    let trouble = fetch(&site.remote(), carrying(ask(Method::POST, "/"), parts)).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Viewer(_)), "{trouble}");
    drop(sender);
}

#[tokio::test]
async fn a_viewer_that_breaks_off_ends_the_upload() {
    let (told, hung_up) = std::sync::mpsc::channel();
    let site = scripted(move |line| {
        line.hear();
        told.send(line.is_hung_up_within(LIMIT)).unwrap();
    });
    let (sender, parts) = parts();
    sender.send(Ok("some".into())).unwrap();
    sender.send(Err(Trouble::Viewer("it went away".into()))).unwrap();
    let trouble = fetch(&site.remote(), carrying(ask(Method::PUT, "/"), parts)).await.unwrap_err();
    assert!(matches!(&trouble, Trouble::Viewer(why) if &**why == "it went away"), "{trouble}");
    assert!(tokio::task::spawn_blocking(move || hung_up.recv().unwrap()).await.unwrap());
}

#[tokio::test]
async fn an_origin_that_does_not_read_an_upload_is_late() {
    let site = scripted(|line| {
        line.hear();
        std::thread::sleep(LIMIT);
    });
    let (sender, parts) = parts();
    for _ in 0..1000 {
        sender.send(Ok(vec![0; 1 << 16].into())).unwrap();
    }
    let start = Instant::now();
    let trouble = fetch(&site.remote(), carrying(ask(Method::PUT, "/"), parts)).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Late(_)), "{trouble}");
    assert!(start.elapsed() < LIMIT);
}

#[tokio::test]
async fn an_answer_before_the_upload_is_through_is_passed_on_and_ends_the_connection() {
    let site = scripted(|line| {
        line.hear();
        line.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        line.is_hung_up_within(LIMIT);
    });
    let remote = site.remote();
    for number in 1..=3 {
        let (_sender, parts) = parts();
        let response = fetch(&remote, carrying(ask(Method::PUT, "/"), parts)).await.unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(site.connections(), number);
    }
}
