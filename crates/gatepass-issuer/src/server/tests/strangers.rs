//! What strangers may write into the journal: something, and not without end.

use super::*;

const MANY: usize = 200;

#[tokio::test]
async fn strangers_fill_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let used = folder.path().join("used");
    let users = folder.path().join("users.toml");
    std::fs::write(&users, "").unwrap();
    let own = ("origin", "https://media.example.com");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (method, route, body) in [
        ("GET", "/login/oidc/callback?state=x&code=y", ""),
        ("GET", "/invitation?x", ""),
        ("POST", "/invitation", "token=a&link=b"),
        ("POST", "/login", "name=ada&password=hunter2&token=x&return-to=/"),
        ("POST", "/login/oidc/backchannel-logout", "logout_token=rubbish"),
    ] {
        let house = House::new(|config| {
            config.login.oidc = Some(OidcConfig::new("https://id.example.com", "gatepass"));
            config.login.invitation = Some(InvitationConfig::new(used.clone()));
            let file = users.clone();
            config.login.users = Some(UsersConfig { file, at_once: None, may_be_open: true });
        });
        for _ in 0..MANY {
            let answer = house.ask(method, route, &[own, form], body).await;
            assert!(answer.status.is_client_error(), "{method} {route}: {}", answer.status);
        }
        let told = house.told.lock().unwrap().len();
        // Ten at once, and one more in ten seconds.
        assert!((10..MANY / 2).contains(&told), "{method} {route}: {told}");
    }
}
