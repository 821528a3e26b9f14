//! By invitation links.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::stage::{Browser, Stage};
use crate::person::Person;
use crate::server::login::invitation::{Invitation, Uses};

fn invitation(uses: Uses, group: &str) -> Invitation {
    let claims = json!({"groups": [group, "friends"]}).as_object().unwrap().clone();
    let session = Some(Duration::from_hours(2));
    let person = Person::new("grace", claims).unwrap();
    Invitation { id: [3; 16], person, session, uses, return_to: Some("/films/".into()) }
}

/// Follows a link and presses the button.
async fn accept(browser: &mut Browser<'_>, link: &str) -> super::stage::Answer {
    let page = browser.get(&format!("/invitation?{link}")).await;
    if page.status != 200 {
        return page;
    }
    let (token, link) = (page.field("token"), page.field("link"));
    browser.post("/invitation", &[("token", &token), ("link", &link)]).await
}

#[tokio::test]
async fn a_link_buys_a_session_that_ends_when_it_says() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Many, "members"));
    let mut browser = stage.browser();
    let answer = accept(&mut browser, &link).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/films/")));
    assert!(browser.is_signed_in() && browser.has_pass());
    // Longer than the link, which lasts an hour; and others may use it, too.
    assert_eq!(accept(&mut stage.browser(), &link).await.status.as_u16(), 303);
    for _ in 0..7 {
        stage.pass(1_000);
        assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 200);
    }
    assert_eq!(accept(&mut stage.browser(), &link).await.status.as_u16(), 403);
    stage.pass(200);
    assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_link_that_is_good_once_is_used_by_the_button_alone() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "members"));
    // Mail programs and messengers look at it first.
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let seen = stage.browser().send(method, &format!("/invitation?{link}"), "").await;
        assert_eq!(seen.status.as_u16(), 200);
    }
    let (mut first, mut second) = (stage.browser(), stage.browser());
    assert_eq!(accept(&mut first, &link).await.status.as_u16(), 303);
    let answer = accept(&mut second, &link).await;
    assert_eq!(answer.status.as_u16(), 410);
    assert!(answer.text.contains("This invitation was used already"), "{}", answer.text);
    assert!(first.is_signed_in() && !second.is_signed_in());
    let stage = stage.restarted();
    assert_eq!(accept(&mut stage.browser(), &link).await.status.as_u16(), 410);
}

#[tokio::test]
async fn of_two_who_press_the_button_one_is_signed_in() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "members"));
    let (mut first, mut second) = (stage.browser(), stage.browser());
    let pages = [
        first.get(&format!("/invitation?{link}")).await,
        second.get(&format!("/invitation?{link}")).await,
    ];
    let [one, two] = pages.each_ref().map(|page| (page.field("token"), page.field("link")));
    let (one, two) = tokio::join!(
        async { first.post("/invitation", &[("token", &one.0), ("link", &one.1)]).await.status },
        async { second.post("/invitation", &[("token", &two.0), ("link", &two.1)]).await.status },
    );
    let mut statuses = [one.as_u16(), two.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410]);
}

#[tokio::test]
async fn who_presses_the_button_twice_is_signed_in() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "members"));
    let mut browser = stage.browser();
    let page = browser.get(&format!("/invitation?{link}")).await;
    let (token, sent) = (page.field("token"), page.field("link"));
    let fields = [("token", &*token), ("link", &*sent)];
    // Browsers drop the first request when the second one is sent.
    assert!(asked_and_gone(browser.post("/invitation", &fields)).await);
    let second = browser.post("/invitation", &fields).await;
    assert_eq!(second.status.as_u16(), 303, "{}", second.text);
    assert!(browser.is_signed_in() && browser.has_pass());
    assert_eq!(accept(&mut stage.browser(), &link).await.status.as_u16(), 410);
}

#[tokio::test]
async fn whose_connection_breaks_may_try_again_in_the_same_browser() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "members"));
    let mut browser = stage.browser();
    let page = browser.get(&format!("/invitation?{link}")).await;
    let (token, sent) = (page.field("token"), page.field("link"));
    let fields = [("token", &*token), ("link", &*sent)];
    assert!(asked_and_gone(browser.post("/invitation", &fields)).await);
    while !stage.told().contains("signed-in") {
        tokio::task::yield_now().await;
    }
    assert!(!browser.is_signed_in(), "the answer was lost");
    assert_eq!(accept(&mut stage.browser(), &link).await.status.as_u16(), 410);
    stage.pass(299);
    assert_eq!(accept(&mut browser, &link).await.status.as_u16(), 303);
    assert!(browser.is_signed_in());
    stage.pass(1);
    assert_eq!(accept(&mut browser, &link).await.status.as_u16(), 410);
}

#[tokio::test]
async fn who_signed_out_is_not_followed_by_whoever_has_the_computer_next() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "members"));
    let mut browser = stage.browser();
    let page = browser.get(&format!("/invitation?{link}")).await;
    let (token, sent) = (page.field("token"), page.field("link"));
    let fields = [("token", &*token), ("link", &*sent)];
    assert_eq!(browser.post("/invitation", &fields).await.status.as_u16(), 303);
    assert_eq!(browser.post("/logout", &[]).await.status.as_u16(), 303);
    assert!(!browser.is_signed_in());
    // By the page that the browser still has, and by its history.
    assert_eq!(browser.post("/invitation", &fields).await.status.as_u16(), 410);
    assert_eq!(accept(&mut browser, &link).await.status.as_u16(), 410);
}

#[tokio::test]
async fn what_comes_to_nothing_is_given_back_though_nobody_waits_for_it() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "strangers"));
    let mut browser = stage.browser();
    let page = browser.get(&format!("/invitation?{link}")).await;
    let (token, sent) = (page.field("token"), page.field("link"));
    assert!(
        asked_and_gone(browser.post("/invitation", &[("token", &token), ("link", &sent)])).await
    );
    while !stage.told().contains("refused") {
        tokio::task::yield_now().await;
    }
    let mut answer = accept(&mut stage.browser(), &link).await;
    while answer.status == 410 {
        tokio::task::yield_now().await;
        answer = accept(&mut stage.browser(), &link).await;
    }
    assert_eq!(answer.status.as_u16(), 403, "they may have nothing, and the link is good");
}

/// Sends a request and waits for no answer. Says whether there was none.
async fn asked_and_gone<T>(request: impl Future<Output = T>) -> bool {
    let mut request = std::pin::pin!(request);
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(request.as_mut().poll(context).is_pending())
    })
    .await
}

#[tokio::test]
async fn a_session_lasts_as_long_as_its_invitation_says_however_silent() {
    for (longest, lasts) in
        [(None, 12 * 3_600), (Some(86_400), 86_400), (Some(7 * 86_400), 172_800)]
    {
        let stage = Stage::with_longest_session(longest);
        let two_days = Some(Duration::from_hours(48));
        let link = Invitation { session: two_days, ..invitation(Uses::Once, "members") };
        let mut browser = stage.browser();
        accept(&mut browser, &stage.link(&link)).await;
        // No pass lasts that long, and nobody was heard of.
        stage.pass(lasts - 1);
        assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 200, "{lasts}");
        stage.pass(1);
        assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 401, "{lasts}");
    }
}

#[tokio::test]
async fn without_a_length_of_its_own_it_ends_as_any_does() {
    let stage = Stage::open();
    let link = Invitation { session: None, ..invitation(Uses::Many, "members") };
    let mut browser = stage.browser();
    accept(&mut browser, &stage.link(&link)).await;
    stage.pass(1_800);
    assert_eq!(browser.post("/renew", &[]).await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_form_that_is_not_ours_uses_nothing() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "members"));
    let mut browser = stage.browser();
    let stolen = stage.browser().get(&format!("/invitation?{link}")).await.field("token");
    let answer = browser.post("/invitation", &[("token", &stolen), ("link", &link)]).await;
    assert_eq!(answer.status.as_u16(), 403);
    assert!(answer.text.contains("You are invited") && !browser.is_signed_in());
    assert_eq!(accept(&mut browser, &link).await.status.as_u16(), 303);
}

#[tokio::test]
async fn a_link_that_brought_nothing_was_not_used() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "strangers"));
    for _ in 0..2 {
        let answer = accept(&mut stage.browser(), &link).await;
        assert_eq!(answer.status.as_u16(), 403);
        assert!(answer.text.contains("You have no access here"), "{}", answer.text);
    }
}

#[tokio::test]
async fn nobody_is_signed_in_by_what_can_not_be_noted() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Once, "members"));
    std::fs::remove_dir(stage.folder.path().join("used")).unwrap();
    let mut browser = stage.browser();
    assert_eq!(accept(&mut browser, &link).await.status.as_u16(), 503);
    assert!(!browser.is_signed_in());
    assert!(stage.told().contains("can't note it in"));
}

#[tokio::test]
async fn a_link_that_was_changed_invites_nobody() {
    let stage = Stage::open();
    let link = stage.link(&invitation(Uses::Many, "members"));
    let mut browser = stage.browser();
    for changed in [link.replace("grace", "ada"), link.replace("friends", "staff"), String::new()] {
        let answer = accept(&mut browser, &changed).await;
        assert_eq!(answer.status.as_u16(), 403);
        assert!(answer.text.contains("This invitation is not valid"), "{}", answer.text);
        let sent = browser.post("/invitation", &[("token", "x"), ("link", &changed)]).await;
        assert!(sent.status == 403 && !browser.is_signed_in());
    }
    // The journal says neither the link nor its signature.
    let told = stage.told();
    assert!(told.contains("not signed by a key") && !told.contains("Signature="), "{told}");
}
