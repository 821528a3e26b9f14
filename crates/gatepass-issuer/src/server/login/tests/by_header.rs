//! By what a proxy says.

use http::HeaderName;

use super::stage::Stage;

const USER: HeaderName = HeaderName::from_static("x-auth-request-user");
const GROUPS: HeaderName = HeaderName::from_static("x-groups");

#[tokio::test]
async fn whom_a_listed_proxy_vouches_for_is_signed_in_without_a_page() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    browser.peer = [192, 0, 2, 80].into();
    browser.headers.insert(USER, "grace".parse().unwrap());
    browser.headers.insert(GROUPS, "staff, members".parse().unwrap());
    let answer = browser.get("/login?return-to=%2Ffilms%2F").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/films/")));
    assert!(browser.is_signed_in() && browser.has_pass());
    assert!(stage.told().contains(r#""subject":"grace","way":"header""#));
}

#[tokio::test]
async fn anybody_else_sees_the_login_page_whatever_they_send() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    browser.headers.insert(USER, "grace".parse().unwrap());
    browser.headers.insert(GROUPS, "members".parse().unwrap());
    let address = HeaderName::from_static("x-forwarded-for");
    browser.headers.insert(address, "192.0.2.80".parse().unwrap());
    for _ in 0..2 {
        let answer = browser.get("/login").await;
        assert!(answer.status == 200 && answer.text.contains("<h1>Sign in</h1>"));
    }
    assert!(!browser.is_signed_in());
    assert_eq!(stage.told().matches("is no listed proxy").count(), 1);
}

/// Passes may be bound to addresses, and the proxy's own is no viewer's.
#[tokio::test]
async fn a_proxy_that_logs_people_in_says_where_they_are_as_well() {
    let stage = Stage::open();
    let address = HeaderName::from_static("x-forwarded-for");
    for (peer, said, found) in [
        ([192, 0, 2, 80], "203.0.113.9", "203.0.113.9"),
        ([192, 0, 2, 80], "6.6.6.6, 203.0.113.10, 192.0.2.90", "203.0.113.10"),
        ([192, 0, 2, 80], "", "192.0.2.80"),
    ] {
        let mut browser = stage.browser();
        browser.peer = peer.into();
        browser.headers.insert(address.clone(), said.parse().unwrap());
        browser.headers.insert(USER, "grace".parse().unwrap());
        browser.headers.insert(GROUPS, "members".parse().unwrap());
        browser.get("/login").await;
        assert!(browser.is_signed_in());
        let line = format!(r#""address":"{found}","event":"signed-in""#);
        assert!(stage.told().contains(&line), "{said:?}: {}", stage.told());
    }
    assert!(!stage.told().contains("6.6.6.6"));
}

#[tokio::test]
async fn who_loads_the_login_again_is_not_refused() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    browser.peer = [192, 0, 2, 80].into();
    browser.headers.insert(USER, "grace".parse().unwrap());
    browser.headers.insert(GROUPS, "members".parse().unwrap());
    assert_eq!(browser.get("/login").await.status.as_u16(), 303);
    let again = browser.get("/login").await;
    assert_eq!(again.status.as_u16(), 200);
    assert!(again.text.contains("You are signed in"), "{}", again.text);
    // Another place, and then the same one in a circle.
    let path = "/login?return-to=%2Ffilms%2F";
    assert_eq!(browser.get(path).await.status.as_u16(), 303);
    assert_eq!(browser.get(path).await.status.as_u16(), 403);
    browser.headers.insert("sec-fetch-dest", "image".parse().unwrap());
    assert_eq!(browser.get("/login?return-to=%2F").await.status.as_u16(), 403);
}

#[tokio::test]
async fn an_edge_that_passes_on_what_viewers_send_is_not_believed() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    browser.peer = [192, 0, 2, 90].into();
    browser.headers.insert(USER, "grace".parse().unwrap());
    browser.headers.insert(GROUPS, "members".parse().unwrap());
    assert_eq!(browser.get("/login").await.status.as_u16(), 200);
    assert!(!browser.is_signed_in());
}

#[tokio::test]
async fn two_lines_of_a_header_are_refused() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    browser.peer = [192, 0, 2, 80].into();
    browser.headers.insert(GROUPS, "members".parse().unwrap());
    browser.headers.append(USER, "grace".parse().unwrap());
    browser.headers.append(USER, "ada".parse().unwrap());
    assert_eq!(browser.get("/login").await.status.as_u16(), 403);
    assert!(!browser.is_signed_in());
    assert!(stage.told().contains("several lines of x-auth-request-user"));
}

#[tokio::test]
async fn a_session_is_renewed_for_whom_the_proxy_names_now() {
    let stage = Stage::open();
    let signed_in = async || {
        let mut browser = stage.browser();
        browser.peer = [192, 0, 2, 80].into();
        browser.headers.insert(USER, "grace".parse().unwrap());
        browser.headers.insert(GROUPS, "members".parse().unwrap());
        browser.get("/login").await;
        assert!(browser.has_pass());
        browser
    };
    // Somebody else logged in at the proxy, in the same browser.
    let mut browser = signed_in().await;
    assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 200);
    browser.headers.insert(USER, "ada".parse().unwrap());
    assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 401);
    assert!(!browser.is_signed_in() && !browser.has_pass());
    // The same person, no member any more.
    let mut browser = signed_in().await;
    browser.headers.insert(GROUPS, "guests".parse().unwrap());
    assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 403);
    assert!(!browser.has_pass());
    // Scripts of a player that goes around the proxy, and anybody who would pass for it.
    let mut browser = signed_in().await;
    browser.peer = [198, 51, 100, 7].into();
    browser.headers.insert(USER, "ada".parse().unwrap());
    assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 200);
}
