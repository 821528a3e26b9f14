//! Logging out of people who logged in at a provider.

use axum::Json;
use axum::routing::get;

use super::*;

/// A provider on this machine that tells where it ends its sessions, and nothing else.
async fn provider() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let name = format!("http://{}", listener.local_addr().unwrap());
    let document = json!({
        "issuer": name,
        "authorization_endpoint": format!("{name}/begin"),
        "token_endpoint": format!("{name}/token"),
        "jwks_uri": format!("{name}/keys"),
        "end_session_endpoint": format!("{name}/bye?tenant=a"),
    });
    let router =
        Router::new().route("/.well-known/openid-configuration", get(async || Json(document)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    name
}

/// Chromium holds the redirect after a form against `form-action`, which has no provider in it.
#[tokio::test]
async fn logging_out_at_the_provider_needs_no_redirect_after_the_form() {
    let name = provider().await;
    let house = House::new(|config| {
        let mut oidc = OidcConfig::new(&name, "gatepass");
        oidc.end_session = true;
        oidc.label = Some("Example & Sons".into());
        config.login.oidc = Some(oidc);
    });
    let cookie = house.session(&["members"]);
    let headers = [("cookie", &*cookie), ("origin", "https://media.example.com")];
    let answer = house.ask("POST", "/logout?return-to=/films/", &headers, "").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::OK, None));
    let (set, gone) = answer.names();
    assert!(set.is_empty() && gone.contains(&"__Host-gatepass-session"), "{set:?} {gone:?}");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self'") && !policy.contains(&name), "{policy}");
    let url = format!("{name}/bye?tenant=a&client_id=gatepass&logout_hint=ada");
    let url = url.replace('/', "&#x2f;").replace("&c", "&amp;c").replace("&l", "&amp;l");
    assert!(answer.body.contains(&format!("content=\"0; url={url}")), "{}", answer.body);
    assert!(answer.body.contains(&format!("href=\"{url}")), "{}", answer.body);
    assert!(answer.body.contains("Continue to Example &amp; Sons"), "{}", answer.body);
}
