//! `Upgrade`, from a viewer that wants nothing of the kind.

use crate::origin::{played, say};

#[test]
fn a_word_about_another_protocol_keeps_nothing_from_the_cache() {
    let origin = played(|stream, _| {
        let head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 4\r\n";
        say(stream, &format!("{head}Connection: close\r\n\r\nkept"));
    });
    let site = origin.site().start();
    for (upgrade, cache) in [
        ("x", "Miss from cloudfront"),
        ("x", "Hit from cloudfront"),
        ("h2c", "Hit from cloudfront"),
        // No key, no version: no handshake.
        ("websocket", "Hit from cloudfront"),
    ] {
        let asked = format!(
            "GET /kept HTTP/1.1\r\nHost: media.test\r\nUpgrade: {upgrade}\r\nConnection: Upgrade, close\r\n\r\n"
        );
        let answer = crate::support::Answer::read(&site.raw(asked.as_bytes()));
        assert_eq!((answer.status, &*answer.body), (200, "kept"));
        assert_eq!(answer.header("X-Cache"), Some(cache), "{upgrade}");
    }
    assert_eq!(origin.heads().len(), 1);
}
