//! Proxies that an operator forgot to list.

use gatepass_distribution::Proxies;
use http::HeaderName;

use super::*;

async fn told_by(house: &House, peer: &str, headers: &[(&str, &str)]) -> usize {
    for _ in 0..3 {
        let mut request = Request::builder().uri("/_gatepass/login");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(format!("{peer}:4711").parse().unwrap()));
        house.router.clone().call(request).await.unwrap();
    }
    let told = house.told.lock().unwrap();
    assert!(told.iter().all(|line| line.contains("list it in trusted-proxies")), "{told:?}");
    told.len()
}

#[tokio::test]
async fn a_forgotten_edge_is_told_once() {
    const FORWARDED: (&str, &str) = ("x-forwarded-for", "198.51.100.1");

    for near in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "[::1]", "[fd00::1]", "[::ffff:10.0.0.1]"]
    {
        assert_eq!(told_by(&House::new(|_| {}), near, &[FORWARDED]).await, 1, "{near}");
        assert_eq!(told_by(&House::new(|_| {}), near, &[]).await, 0, "{near}");
    }
    let viewer = House::new(|_| {});
    assert_eq!(told_by(&viewer, "198.51.100.9", &[FORWARDED]).await, 0, "a viewer's own header");
    let listed = House::new(|config| {
        config.proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
    });
    assert_eq!(told_by(&listed, "10.1.2.3", &[FORWARDED]).await, 0);
    let logging_in = House::new(|config| {
        config.login.header = Some(HeaderConfig {
            name: HeaderName::from_static("x-user"),
            claims: Vec::new(),
            separator: None,
            from: vec!["10.0.0.0/8".parse().unwrap()],
        });
    });
    assert_eq!(told_by(&logging_in, "10.1.2.3", &[FORWARDED]).await, 0);
}
