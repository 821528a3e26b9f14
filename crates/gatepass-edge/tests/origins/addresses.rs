//! Names that lead where they should not.

use std::net::IpAddr;

use gatepass_distribution::Endpoint;
use gatepass_edge::origin::trouble::Trouble;

use crate::script::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused() {
    let site = answering(OK);
    // The resolver reads these as 127.0.0.1; they are not spelled as addresses, though.
    for host in ["127.1", "0x7f000001", "2130706433", "127.0.1"] {
        let endpoint = Endpoint { host: host.into(), ..site.endpoint() };
        let trouble = fetch(&remote(http_origin(endpoint)), get("/")).await.unwrap_err();
        let loopback = IpAddr::from([127, 0, 0, 1]);
        assert!(
            matches!(trouble, Trouble::PrivateAddress(at) if at == loopback),
            "{host}: {trouble}"
        );
        assert_eq!(trouble.status(), 502);
    }
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn an_operator_may_say_that_a_name_leads_there() {
    let site = answering(OK);
    let mut origin = http_origin(Endpoint { host: "127.1".into(), ..site.endpoint() });
    origin.allow_private_addresses = true;
    assert_eq!(fetch_text(&remote(origin), "/").await.unwrap(), "ok");
}

#[tokio::test]
async fn an_address_and_localhost_name_themselves() {
    let site = answering(OK);
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]"] {
        let origin = http_origin(Endpoint { host: host.into(), ..site.endpoint() });
        assert_eq!(fetch_text(&remote(origin), "/").await.unwrap(), "ok", "{host}");
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_unreachable() {
    let origin =
        http_origin(Endpoint { is_https: false, host: "no-such-name.invalid".into(), port: 80 });
    let start = std::time::Instant::now();
    let trouble = fetch(&remote(origin), get("/")).await.unwrap_err();
    // A machine without a resolver may take longer than we wait.
    assert!(matches!(trouble, Trouble::Unreachable(_) | Trouble::Late(_)), "{trouble}");
    assert!(start.elapsed().as_secs() < 5);
}
