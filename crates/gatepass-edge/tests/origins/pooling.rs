//! Connections: kept, given up, and what is asked twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gatepass_distribution::Endpoint;
use gatepass_edge::origin::trouble::Trouble;
use http::Method;
use http_body_util::BodyExt;

use crate::script::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let site = answering(OK);
    let remote = site.remote();
    for _ in 0..50 {
        assert_eq!(fetch_text(&remote, "/").await.unwrap(), "ok");
    }
    assert_eq!((site.connections(), site.requests().len()), (1, 50));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let (told, hung_up) = std::sync::mpsc::channel();
    let site = scripted(move |line| {
        line.hear();
        line.say(OK);
        told.send(line.is_hung_up_within(Duration::from_secs(5))).unwrap();
    });
    let mut origin = site.origin();
    origin.patience.keep_alive = Duration::from_millis(200);
    let remote = remote(origin);
    assert_eq!(fetch_text(&remote, "/").await.unwrap(), "ok");
    let start = Instant::now();
    assert!(tokio::task::spawn_blocking(move || hung_up.recv().unwrap()).await.unwrap());
    assert!(start.elapsed() > Duration::from_millis(100));
}

#[tokio::test]
async fn an_origin_that_closes_after_each_answer_is_connected_to_anew() {
    for header in ["Connection: close\r\n", "", "Connection: close, keep-alive\r\n"] {
        let site = parting_with(format!("HTTP/1.1 200 OK\r\n{header}Content-Length: 2\r\n\r\nok"));
        let remote = site.remote();
        for _ in 0..5 {
            assert_eq!(fetch_text(&remote, "/").await.unwrap(), "ok");
        }
        assert_eq!(site.connections(), 5);
    }
}

/// Answers the first request of the first connection, then resets it at the second.
fn fickle() -> Scripted {
    scripted(|line| {
        line.hear();
        line.say(OK);
        if line.hear().is_some() && line.number == 1 {
            line.reset();
        } else {
            line.say(OK);
        }
    })
}

#[tokio::test]
async fn what_is_safe_is_asked_again_if_an_idle_connection_turns_out_dead() {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let site = fickle();
        let remote = site.remote();
        assert_eq!(fetch_text(&remote, "/").await.unwrap(), "ok");
        assert_eq!(fetch(&remote, ask(method.clone(), "/b")).await.unwrap().status(), 200);
        assert_eq!((site.connections(), site.requests().len()), (2, 3), "{method}");
    }
}

#[tokio::test]
async fn what_may_have_had_an_effect_is_not_asked_again() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let site = fickle();
        let remote = site.remote();
        assert_eq!(fetch_text(&remote, "/").await.unwrap(), "ok");
        let trouble = fetch(&remote, ask(method.clone(), "/b")).await.unwrap_err();
        assert_eq!(trouble.reason(), "origin_broke_off");
        assert_eq!((site.connections(), site.requests().len()), (1, 2), "{method}");
    }
}

#[tokio::test]
async fn a_fresh_connection_that_breaks_is_not_tried_again() {
    let site = scripted(|line| {
        line.hear();
        line.reset();
    });
    assert_eq!(fetch(&site.remote(), get("/")).await.unwrap_err().reason(), "origin_broke_off");
    assert_eq!(site.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_that_has_begun_is_not_asked_for_again() {
    let site = scripted(|line| {
        line.hear();
        line.say(OK);
        line.hear();
        line.say("HTTP/1.1 2");
    });
    let remote = site.remote();
    assert_eq!(fetch_text(&remote, "/").await.unwrap(), "ok");
    assert_eq!(fetch(&remote, get("/")).await.unwrap_err().reason(), "origin_broke_off");
    assert_eq!(site.requests().len(), 2);
}

#[tokio::test]
async fn one_attempt_is_one_attempt() {
    let site = fickle();
    let mut origin = site.origin();
    origin.patience.attempts = 1;
    let remote = remote(origin);
    assert_eq!(fetch_text(&remote, "/").await.unwrap(), "ok");
    assert!(fetch(&remote, get("/")).await.is_err());
    assert_eq!(site.requests().len(), 2);
}

#[tokio::test]
async fn an_origin_that_nobody_listens_for_is_unreachable() {
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let endpoint = Endpoint { is_https: false, host: "127.0.0.1".into(), port };
    let trouble = fetch(&remote(http_origin(endpoint)), get("/")).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Unreachable(_)), "{trouble}");
    assert_eq!(trouble.status(), 502);
}

#[tokio::test]
async fn a_dropped_body_closes_its_connection_and_frees_its_place() {
    let (told, hung_up) = std::sync::mpsc::channel();
    let site = scripted(move |line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
        told.send(line.is_hung_up_within(Duration::from_secs(5))).unwrap();
    });
    let mut origin = site.origin();
    origin.patience.connections = 1;
    let remote = remote(origin);
    for _ in 0..3 {
        let mut response = fetch(&remote, get("/")).await.unwrap();
        assert!(response.body_mut().frame().await.unwrap().is_ok());
        drop(response);
    }
    let all = tokio::task::spawn_blocking(move || (0..3).all(|_| hung_up.recv().unwrap()));
    assert!(all.await.unwrap());
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_closes_its_connection() {
    let (told, hung_up) = std::sync::mpsc::channel();
    let site = scripted(move |line| {
        line.hear();
        told.send(line.is_hung_up_within(Duration::from_secs(5))).unwrap();
    });
    let mut origin = site.origin();
    origin.patience.response = Duration::from_mins(1);
    let remote = remote(origin);
    let impatient = tokio::time::timeout(Duration::from_millis(200), fetch(&remote, get("/")));
    assert!(impatient.await.is_err());
    assert!(tokio::task::spawn_blocking(move || hung_up.recv().unwrap()).await.unwrap());
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let site = scripted(|line| {
        while line.hear().is_some() {
            MOST.fetch_max(UNDER_WAY.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
            line.say(OK);
        }
    });
    let mut origin = site.origin();
    origin.patience.connections = 3;
    origin.patience.connect = Duration::from_secs(10);
    let remote = remote(origin);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let remote = remote.clone();
        all.spawn(async move { fetch_text(&remote, "/").await.unwrap() });
    }
    assert_eq!(all.join_all().await.len(), 30);
    assert_eq!(MOST.load(Ordering::SeqCst), 3);
    assert!(site.connections() <= 3, "{}", site.connections());
}

#[tokio::test]
async fn who_waits_too_long_for_a_place_is_told_so() {
    let site = scripted(|line| {
        line.hear();
        line.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        line.is_hung_up_within(Duration::from_secs(5));
    });
    let mut origin = site.origin();
    origin.patience.connections = 1;
    let remote = remote(origin);
    let slow = fetch(&remote, get("/")).await.unwrap();
    let trouble = fetch(&remote, get("/")).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Busy(1)), "{trouble}");
    assert_eq!(trouble.status(), 503);
    drop(slow);
    assert!(fetch(&remote, get("/")).await.is_ok());
}

#[test]
fn connections_outlive_the_runtime_that_asked() {
    let driving = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (site, remote) = driving.block_on(async {
        let site = answering(OK);
        let remote = site.remote();
        (site, remote)
    });
    let asking = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..3 {
        // A runtime without timers, even, and it is gone after each request.
        assert_eq!(asking().block_on(fetch_text(&remote, "/")).unwrap(), "ok");
    }
    assert_eq!(site.connections(), 1);
    let response = asking().block_on(fetch(&remote, get("/"))).unwrap();
    assert_eq!(asking().block_on(read(response)).unwrap().1, "ok");
}

#[test]
fn a_body_whose_connection_is_given_up_with_the_edge_is_not_taken_for_whole() {
    for framing in ["Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n", "\r\nsome"] {
        let driving = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let asking = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let site = scripted(move |line| {
            line.hear();
            line.say(format!("HTTP/1.1 200 OK\r\n{framing}"));
            line.is_hung_up_within(Duration::from_secs(5));
        });
        let remote = driving.block_on(async { site.remote() });
        let mut body = asking.block_on(fetch(&remote, get("/"))).unwrap().into_body();
        assert_eq!(asking.block_on(body.frame()).unwrap().unwrap().into_data().unwrap(), "some");
        driving.shutdown_timeout(Duration::from_secs(1));
        let trouble = asking.block_on(body.frame()).unwrap().unwrap_err();
        assert_eq!(trouble.reason(), "origin_broke_off");
        // Nor is anybody answered who asks only now.
        assert!(asking.block_on(fetch(&remote, get("/"))).is_err());
    }
}
