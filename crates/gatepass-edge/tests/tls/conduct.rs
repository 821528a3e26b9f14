//! Viewers that don't play along, and the end of it all.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatepass_edge::listen;

use crate::stage::{Mirror, Stage, config, connect, get, start, tcp};
use crate::support::site;

#[test]
fn who_does_not_finish_the_handshake_is_cut_off_and_disturbs_nobody() {
    let stage = Stage::new();
    let mut config = config(vec![stage.certificate("one", &["media.test"])]);
    config.limits.handshake_timeout = Duration::from_millis(300);
    let running = listen(&config, &Arc::new(Mirror)).unwrap();
    let begun = Instant::now();
    let mut silent = tcp(running.address());
    let mut half = tcp(running.address());
    half.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc").unwrap();
    let mut garbage = tcp(running.address());
    garbage.write_all(&[0x16; 600]).unwrap();
    get(&mut connect(running.address(), &stage.viewer(&[]), "media.test"), "/").unwrap();
    for stream in [&mut silent, &mut half, &mut garbage] {
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_handshake_of_single_bytes_gains_no_time() {
    let stage = Stage::new();
    let mut config = config(vec![stage.certificate("one", &["media.test"])]);
    config.limits.handshake_timeout = Duration::from_millis(300);
    let running = listen(&config, &Arc::new(Mirror)).unwrap();
    let mut slow = tcp(running.address());
    let begun = Instant::now();
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc".iter().chain(std::iter::repeat(&0));
    for byte in hello {
        if slow.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(begun.elapsed() < Duration::from_secs(5), "it is still listened to");
    }
}

#[test]
fn plain_http_on_the_tls_port_is_told_so() {
    let stage = Stage::new();
    let running = start(vec![stage.certificate("one", &["media.test"])]);
    let mut plain = tcp(running.address());
    plain.write_all(b"GET / HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.ends_with("This port speaks TLS only.\r\n"), "{answer}");
}

#[test]
fn a_second_address_speaks_plain_http_beside_tls() {
    let stage = Stage::new();
    let mut config = config(vec![stage.certificate("one", &["media.test"])]);
    config.plain_listen = Some(([127, 0, 0, 1], 0).into());
    let running = listen(&config, &Arc::new(Mirror)).unwrap();
    let mut plain = tcp(running.plain_address().unwrap());
    plain.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("http HTTP/1.1 plain"), "{answer}");
    get(&mut connect(running.address(), &stage.viewer(&[]), "media.test"), "/").unwrap();
    running.drain();
}

#[test]
fn a_viewer_that_takes_nothing_is_cut_off_over_tls_too() {
    let stage = Stage::new();
    let mut config = config(vec![stage.certificate("one", &["media.test"])]);
    config.limits.stall_timeout = Duration::from_millis(300);
    let running = listen(&config, &Arc::new(Mirror)).unwrap();
    let mut stream = connect(running.address(), &stage.viewer(&[]), "media.test");
    write!(stream, "GET /?67108864 HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
    stream.flush().unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    let (mut taken, mut buffer) = (0, vec![0; 1024 * 1024]);
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        taken += length;
    }
    assert!(taken < 60 * 1024 * 1024, "{taken} bytes were still to be had");
}

#[test]
fn an_idle_connection_is_closed_with_a_word() {
    let stage = Stage::new();
    for protocol in ["http/1.1", "h2"] {
        let mut config = config(vec![stage.certificate("one", &["media.test"])]);
        config.limits.request_timeout = Duration::from_millis(300);
        let running = listen(&config, &Arc::new(Mirror)).unwrap();
        let mut stream = connect(running.address(), &stage.viewer(&[protocol]), "media.test");
        if protocol == "h2" {
            stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
        } else {
            write!(stream, "GET / HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
        }
        stream.flush().unwrap();
        // Without a close_notify this would be an error.
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
}

#[test]
fn draining_finishes_what_runs_over_tls() {
    let stage = Stage::new();
    let running = start(vec![stage.certificate("one", &["media.test"])]);
    let address = running.address();
    let mut stream = connect(address, &stage.viewer(&[]), "media.test");
    write!(stream, "GET /?16777216 HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 4_096]).unwrap();
    let reader = std::thread::spawn(move || {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        rest.len()
    });
    running.drain();
    assert!(reader.join().unwrap() + 4_096 > 16 * 1024 * 1024);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_pass_for_https_opens_over_tls_and_not_in_the_clear() {
    let stage = Stage::new();
    let files = stage.certificate("one", &["media.test"]);
    let site = site()
        .with_config(|config| {
            config.tls = vec![files];
            config.plain_listen = Some(([127, 0, 0, 1], 0).into());
        })
        .start();
    let ask = |scheme: &str| {
        let pass = site.pass_for(&format!("{scheme}://media.test/private/*"));
        format!(
            "GET /private/a.txt HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\n\
             Cookie: {pass}\r\n\r\n"
        )
    };
    for (scheme, status) in [("https", " 200 "), ("http", " 403 ")] {
        let mut stream = connect(site.address, &stage.viewer(&[]), "media.test");
        stream.write_all(ask(scheme).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer[..16].contains(status), "{scheme}: {answer}");
    }
    let mut plain = tcp(site.plain_address.unwrap());
    plain.write_all(ask("https").as_bytes()).unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 403 "), "{answer}");
}
