//! By name and password.

use http::header::ORIGIN;

use super::stage::{Stage, users_file};
use crate::server::password::PasswordHash;

const SESSION: &str = "__Host-gatepass-session";

#[tokio::test]
async fn a_right_password_brings_passes_and_leads_back() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    let answer = browser.log_in("ada", "correct horse").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/films/")));
    assert!(browser.is_signed_in() && browser.has_pass());
    let page = browser.get("/login").await;
    assert!(page.text.contains("You are signed in") && page.text.contains("ada"), "{}", page.text);
    let told = stage.told();
    assert!(told.contains(r#""event":"signed-in","subject":"ada","way":"users""#), "{told}");
}

#[tokio::test]
async fn the_login_page_leads_to_the_provider_as_well() {
    let stage = Stage::open();
    let page = stage.browser().get("/login?return-to=%2Ffilms%2F%3Fa%3D%22%26b").await;
    let link = "href=\"/_gatepass/login/oidc?return-to=%2Ffilms%2F%3Fa%3D%22%26b\"";
    let text = page.text.replace("&#x2f;", "/");
    assert!(text.contains(link) && text.contains("Continue with id.example.com"), "{text}");
}

#[tokio::test]
async fn nobody_can_tell_whether_a_name_is_known() {
    let stage = Stage::open();
    let mut answers = Vec::new();
    for name in ["ada", "eve", "bob"] {
        let mut browser = stage.browser();
        let answer = browser.log_in(name, "hunter2").await;
        assert!(!browser.is_signed_in() && !browser.has_pass());
        let mut headers = answer.headers;
        headers.remove("set-cookie");
        let token = answer.text.split("name=\"token\" value=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap();
        let text = answer.text.replace(token, "").replace(&format!("\"{name}\""), "");
        answers.push((answer.status, headers, text));
    }
    assert_eq!(answers[0].0.as_u16(), 403);
    assert!(answers[0].2.contains("The name or the password is not right."));
    assert!(answers[0] == answers[1] && answers[1] == answers[2], "{answers:?}");
    let told = stage.told();
    assert!(told.contains("is wrong") && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn whoever_has_to_wait_hears_the_same_with_a_right_password() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    for _ in 0..5 {
        assert_eq!(browser.log_in("ada", "wrong").await.status.as_u16(), 403);
    }
    let wrong = browser.log_in("ada", "wrong").await;
    let right = browser.log_in("ada", "correct horse").await;
    assert_eq!((wrong.status.as_u16(), right.status.as_u16()), (429, 429));
    let wait: u64 = right.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(wrong.text.contains("too many attempts") && right.text.contains("too many attempts"));
    assert!(!browser.is_signed_in());
    // Somebody else at the same address does not wait.
    assert_eq!(browser.log_in("nobody", "wrong").await.status.as_u16(), 403);
}

#[tokio::test]
async fn a_form_that_is_not_ours_logs_nobody_in() {
    let stage = Stage::open();
    let mut victim = stage.browser();
    let mut attacker = stage.browser();
    let stolen = attacker.get("/login").await.field("token");
    let own = victim.get("/login").await.field("token");
    let credentials = [("name", "ada"), ("password", "correct horse")];
    let with = |token| [&[("token", token)], &credentials[..]].concat();
    for (token, origin) in
        [("", None), (&*stolen, None), (&*own, Some("https://evil.example")), (&*own, Some("null"))]
    {
        if let Some(origin) = origin {
            victim.headers.insert(ORIGIN, origin.parse().unwrap());
        }
        let answer = victim.post("/login", &with(token)).await;
        victim.headers.remove(ORIGIN);
        assert_eq!(answer.status.as_u16(), 403, "{origin:?}");
        assert!(answer.text.contains("open for too long"), "{}", answer.text);
        assert!(!victim.is_signed_in());
    }
    assert_eq!(victim.post("/login", &with(&own)).await.status.as_u16(), 303);
}

#[tokio::test]
async fn a_session_has_another_name_after_each_login() {
    let stage = Stage::open();
    // What an attacker got for themselves and planted in somebody's browser.
    let mut attacker = stage.browser();
    attacker.log_in("ada", "correct horse").await;
    let planted = attacker.cookies[SESSION].clone();
    let mut victim = stage.browser();
    victim.cookies.insert(SESSION.to_owned(), planted.clone());
    // It is shown that they are signed in already, so they log out first or send the form.
    let token = {
        let mut fresh = stage.browser();
        let page = fresh.get("/login").await;
        victim.cookies.extend(fresh.cookies);
        page.field("token")
    };
    let fields = [("token", &*token), ("name", "ada"), ("password", "correct horse")];
    assert_eq!(victim.post("/login", &fields).await.status.as_u16(), 303);
    let own = victim.cookies[SESSION].clone();
    assert_ne!(own, planted);
    // Ending one does not end the other: they are two sessions.
    assert_eq!(attacker.post("/logout", &[]).await.status.as_u16(), 303);
    assert_eq!(victim.post("/renew", &[]).await.status.as_u16(), 200);
    attacker.cookies.insert(SESSION.to_owned(), planted);
    assert_eq!(attacker.post("/renew", &[]).await.status.as_u16(), 401);
}

#[tokio::test]
async fn whoever_is_known_and_not_entitled_is_told_so_and_gets_nothing() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    let answer = browser.log_in("eve", "correct horse").await;
    assert_eq!(answer.status.as_u16(), 403);
    assert!(answer.text.contains("You have no access here"), "{}", answer.text);
    assert!(!browser.is_signed_in() && !browser.has_pass());
}

#[tokio::test]
async fn who_leaves_the_file_is_not_renewed() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    browser.log_in("ada", "correct horse").await;
    assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 200);
    std::fs::write(stage.folder.path().join("users.toml"), users_file(&["eve"])).unwrap();
    // The file is looked at once a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 401);
    assert!(!browser.is_signed_in() && !browser.has_pass());
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_one_before() {
    let stage = Stage::open();
    let users = stage.folder.path().join("users.toml");
    let [old, new] =
        ["correct horse", "battery staple"].map(|one| PasswordHash::cheap(one).to_string());
    let before = users_file(&["ada"]);
    let after = before.replace(&old, &new);
    let mut browser = stage.browser();
    browser.log_in("ada", "correct horse").await;
    for (text, status) in [(&before, 200), (&after, 401), (&before, 200), (&after, 401)] {
        std::fs::write(&users, text).unwrap();
        // The file is looked at once a second.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let mut copy = stage.browser();
        copy.cookies = browser.cookies.clone();
        assert_eq!(copy.post("/renew", &[]).await.status.as_u16(), status);
    }
    let mut new = stage.browser();
    assert_eq!(new.log_in("ada", "battery staple").await.status.as_u16(), 303);
    assert_eq!(new.post("/renew", &[]).await.status.as_u16(), 200);
}

#[tokio::test]
async fn logging_out_takes_a_form_of_a_known_page() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    browser.log_in("ada", "correct horse").await;
    browser.headers.insert(ORIGIN, "https://evil.example".parse().unwrap());
    assert_eq!(browser.post("/logout", &[]).await.status.as_u16(), 403);
    browser.headers.remove(ORIGIN);
    let unsaid = browser.send(http::Method::POST, "/logout", "").await;
    assert_eq!(unsaid.status.as_u16(), 403, "who says nothing of where they come from is nobody");
    assert!(browser.is_signed_in());
    let answer = browser.post("/logout", &[]).await;
    assert_eq!(answer.status.as_u16(), 303);
    assert_eq!(answer.header("location"), Some("/_gatepass/signed-out"));
    assert!(!browser.is_signed_in() && !browser.has_pass());
    assert!(browser.get("/signed-out").await.text.contains("You are signed out"));
}

#[tokio::test]
async fn a_form_of_another_site_leads_to_where_the_session_can_be_ended_whole() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    browser.log_in("ada", "correct horse").await;
    let kept = std::mem::take(&mut browser.cookies);
    // A listed site, from which browsers send no cookie that is Lax.
    browser.headers.insert(ORIGIN, "https://app.example.org".parse().unwrap());
    let answer = browser.post("/logout", &[]).await;
    assert_eq!(answer.header("location"), Some("/_gatepass/signed-out"));
    assert!(!answer.headers.contains_key("set-cookie"), "{:?}", answer.headers);
    browser.headers.remove(ORIGIN);
    assert!(browser.get("/signed-out").await.text.contains("You are signed out"));
    browser.cookies = kept;
    assert!(browser.get("/signed-out").await.text.contains("<button class=\"quiet\""));
}

#[tokio::test]
async fn what_is_longer_than_any_form_is_not_read() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    assert_eq!(browser.log_in("ada", &"a".repeat(1_025)).await.status.as_u16(), 403);
    assert_eq!(browser.log_in("ada", &"a".repeat(20_000)).await.status.as_u16(), 413);
}

#[tokio::test]
async fn nobody_is_led_to_a_place_that_is_not_listed() {
    let stage = Stage::open();
    let mut browser = stage.browser();
    let page = browser.get("/login?return-to=https%3A%2F%2Fevil.example%2F").await;
    assert_eq!(page.field("return-to"), "/");
    let token = page.field("token");
    let fields = [
        ("token", &*token),
        ("return-to", "https://evil.example/"),
        ("name", "ada"),
        ("password", "correct horse"),
    ];
    assert_eq!(browser.post("/login", &fields).await.header("location"), Some("/"));
}
