//! At a provider: how the login page leads there.

use super::stage::Stage;
use crate::server::OidcConfig;
use crate::server::login::LoginConfig;

const BEGINS: &str = "/_gatepass/login/oidc?return-to=%2Ffilms%2F%3Fa%3Db%26c";
const PAGE: &str = "/login?return-to=%2Ffilms%2F%3Fa%3Db%26c";

fn add_provider(login: &mut LoginConfig) {
    let mut provider = OidcConfig::new("https://id.example.com", "gatepass");
    provider.label = Some("Example & Sons".into());
    login.oidc = Some(provider);
}

#[tokio::test]
async fn the_provider_is_one_of_several_ways() {
    let stage = Stage::with(add_provider);
    let page = stage.browser().get(PAGE).await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.text.contains("Continue with Example &amp; Sons"), "{}", page.text);
    let link = page.text.split("href=\"").find(|part| part.contains("oidc")).unwrap();
    let link = link.split('"').next().unwrap().replace("&#x2f;", "/");
    assert_eq!(link, BEGINS);
}

#[tokio::test]
async fn the_only_way_needs_no_page() {
    let stage = Stage::with(|login| {
        add_provider(login);
        login.users = None;
    });
    let answer = stage.browser().get(PAGE).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some(BEGINS)));
}

#[tokio::test]
async fn who_is_signed_in_already_is_not_sent_around_in_circles() {
    let stage = Stage::with(add_provider);
    let mut browser = stage.browser();
    browser.log_in("ada", "correct horse").await;
    assert_eq!(browser.get(PAGE).await.status, 303, "sent back with fresh passes");
    let page = browser.get(PAGE).await;
    assert!(page.status == 403 && page.text.contains("You have no access here"), "{}", page.text);
}
