//! Logging in, without a server around it.

use http::header::COOKIE;
use zeroize::Zeroizing;

use super::*;

/// A file with one user, whose password is "correct horse".
struct Stage {
    login: UsersLogin,
    _folder: tempfile::TempDir,
}

fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.toml");
    let hash = PasswordHash::cheap("correct horse");
    let text = format!(
        "[[user]]\nname = \"ada\"\npassword = \"{hash}\"\nclaims = {{ groups = [\"members\"] }}\n"
    );
    std::fs::write(&file, text).unwrap();
    let secret = Secret::new(&[7; 32]).unwrap();
    let config = UsersConfig { file, at_once: Some(2), may_be_open: true };
    let login = UsersLogin::open(&config, &secret, Arc::new(|_: &str| ())).unwrap();
    Stage { login, _folder: folder }
}

impl Stage {
    async fn try_from(
        &self,
        address: &str,
        name: &str,
        password: &str,
        headers: &HeaderMap,
    ) -> Result<LoggedIn, LoginRefusal> {
        let form = LoginForm {
            token: String::new(),
            return_to: String::new(),
            name: name.to_owned(),
            password: Zeroizing::new(password.to_owned()),
        };
        self.login.log_in(form, address.parse().unwrap(), headers).await
    }

    async fn log_in(&self, name: &str, password: &str) -> Result<LoggedIn, LoginRefusal> {
        self.try_from("192.0.2.1", name, password, &HeaderMap::new()).await
    }
}

#[tokio::test]
async fn a_right_password_logs_in_and_brings_the_claims() {
    let stage = stage();
    let ada = stage.log_in("ada", "correct horse").await.ok().unwrap().person;
    assert_eq!(ada.subject(), "ada");
    assert_eq!(ada.texts("groups").collect::<Vec<_>>(), ["members"]);
    let current = stage.login.current("ada").await.map(|(person, _)| person);
    assert_eq!(current, Some(ada));
    assert_eq!(stage.login.current("eve").await, None);
}

#[tokio::test]
async fn a_name_that_nobody_has_costs_and_answers_the_same_as_a_wrong_password() {
    let stage = stage();
    for (name, password) in [("ada", "wrong"), ("eve", "wrong"), ("eve", ""), ("ada", "")] {
        let before = stage.login.checks.made();
        let refusal = stage.log_in(name, password).await.err();
        assert_eq!(refusal, Some(LoginRefusal::Wrong), "{name}");
        assert_eq!(stage.login.checks.made(), before + 1, "{name}");
    }
}

#[tokio::test]
async fn a_right_password_does_not_help_whoever_has_to_wait() {
    let stage = stage();
    for _ in 0..5 {
        assert_eq!(stage.log_in("ada", "wrong").await.err(), Some(LoginRefusal::Wrong));
    }
    let made = stage.login.checks.made();
    // Each is told to wait for what is left of a minute: how much that is, is up to the machine.
    let waits = |refusal: LoginRefusal| {
        matches!(refusal, LoginRefusal::Throttled(_)) && (1..=60).contains(&refusal.seconds())
    };
    assert!(waits(stage.log_in("ada", "wrong").await.err().unwrap()));
    assert!(waits(stage.log_in("ada", "correct horse").await.err().unwrap()));
    assert_eq!(stage.login.checks.made(), made, "nothing is hashed for who has to wait");
    // An unknown name waits as a known one does.
    for _ in 0..5 {
        assert_eq!(stage.log_in("eve", "wrong").await.err(), Some(LoginRefusal::Wrong));
    }
    assert!(waits(stage.log_in("eve", "wrong").await.err().unwrap()));
}

#[tokio::test]
async fn strangers_do_not_lock_anybody_out_of_their_own_browser() {
    let stage = stage();
    let line = stage.log_in("ada", "correct horse").await.ok().unwrap().set_cookie;
    let cookie = line.to_str().unwrap().split(';').next().unwrap();
    let own = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookie).unwrap())]);
    for number in 0..120 {
        let address = format!("2001:db8:{number:x}::1");
        // Their passwords are not checked here, which would take long: they are only counted.
        let attempt = Attempt { address: address.parse().unwrap(), name: "ada", browser: None };
        let _counted = stage.login.throttle.admit(attempt);
    }
    let elsewhere = stage.try_from("203.0.113.9", "ada", "correct horse", &HeaderMap::new()).await;
    assert!(matches!(elsewhere.err(), Some(LoginRefusal::Throttled(_))));
    let at_home = stage.try_from("203.0.113.9", "ada", "correct horse", &own).await;
    assert!(at_home.is_ok());
}
