//! What a viewer speaks, seen from its first bytes without taking them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spoken {
    Http1,
    Http2,
}

/// Tells HTTP/1 and cleartext HTTP/2 apart; none if the viewer is gone.
pub(super) async fn first_words(stream: &TcpStream) -> Option<Spoken> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut seen = [0; PREFACE.len()];
    let mut patience = Duration::from_millis(5);
    loop {
        let length = stream.peek(&mut seen).await.ok()?;
        match &seen[..length] {
            [] => return None,
            all if all == PREFACE => return Some(Spoken::Http2),
            part if PREFACE.starts_with(part) => {
                // The rest is still on its way; peeking again at once would only spin, and who
                // never sends it is not worth looking at often.
                tokio::time::sleep(patience).await;
                patience = (2 * patience).min(Duration::from_secs(1));
            }
            _ => return Some(Spoken::Http1),
        }
    }
}

/// Says whether the first byte is that of a TLS handshake; none if the viewer is gone.
pub(super) async fn begins_tls(stream: &TcpStream) -> Option<bool> {
    const HANDSHAKE: u8 = 0x16;
    let mut seen = [0];
    match stream.peek(&mut seen).await {
        Ok(1) => Some(seen[0] == HANDSHAKE),
        _ => None,
    }
}

/// Tells who speaks plain HTTP where TLS is spoken, in words that it understands.
pub(super) async fn refuse_plain(stream: &mut TcpStream) {
    const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\
        Content-Type: text/plain\r\nContent-Length: 27\r\n\r\nThis port speaks TLS only.\r\n";
    if stream.write_all(ANSWER).await.is_ok() && stream.shutdown().await.is_ok() {
        // Closing with something unread would take the answer back.
        let _ = stream.read(&mut [0; 4096]).await;
    }
}
