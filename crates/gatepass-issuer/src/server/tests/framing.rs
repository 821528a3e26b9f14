//! Bodies whose end two readers could find at different places.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const NEXT: &str = "GET /_gatepass/keys HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// All that a connection says, until it ends, to whoever sends this and then asks for the keys.
async fn said(fields: &str, body: &str) -> String {
    let house = House::new(|_| {});
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(Arc::clone(&house.issuer), listener, std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let asked = format!("POST /_gatepass/renew HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}{NEXT}");
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    // What it did not read makes it break off behind its answer.
    drop(stream.read_to_end(&mut said).await);
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn a_length_and_chunks_together_have_one_end_and_nothing_behind_it() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let plain = said(chunked, "0\r\n\r\n").await;
    assert!(plain.matches("HTTP/1.1 ").count() == 2 && plain.contains("\"K1\""), "{plain}");
    for fields in [
        format!("Content-Length: 4\r\n{chunked}"),
        format!("{chunked}Content-Length: 4\r\n"),
        format!("{chunked}Content-Length: 0\r\n"),
    ] {
        let said = said(&fields, "0\r\n\r\n").await;
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{fields}{said}");
        assert!(!said.contains("\"K1\""), "{fields}{said}");
    }
}

#[tokio::test]
async fn a_coding_other_than_chunked_is_refused() {
    for fields in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
    ] {
        let said = said(fields, "0\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.1 400 "), "{fields}{said}");
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{fields}{said}");
    }
}
