//! What one table of an issuer's configuration has to say about another.

use super::*;

fn mistakes(text: &str) -> String {
    let none = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    read(text, Path::new(""), &none).unwrap_err().lines(&"issuer.toml")
}

#[test]
fn an_application_is_not_told_all_that_a_provider_says() {
    let webhook = "[webhook]\nurl = \"https://app.test/hook\"\nallow = [\"https://m.test/*\"]\n";
    let provider = "[login.oidc]\nissuer = \"https://id.test\"\nclient-id = \"gatepass\"\n";
    let told = "issuer.toml:1:1: claims is missing";
    for (text, is_told) in [
        (format!("{webhook}{provider}"), true),
        (format!("{webhook}claims = [\"groups\"]\n{provider}"), false),
        (format!("{webhook}[login.users]\nfile = \"users.toml\"\n"), false),
    ] {
        let all = mistakes(&text);
        assert_eq!(all.contains(told), is_told, "{all}");
    }
}

#[test]
fn a_session_of_an_invitation_is_as_long_as_any_unless_more_is_said() {
    let longest = |issuer: &str, invitation: &str| {
        let text = format!("[session]\n{issuer}\n[invitation]\n{invitation}\n");
        let document = toml::de::DeTable::parse(&text).unwrap();
        let reader = Reader::default();
        let mut root = Table::root(&reader, &document);
        let mut session = root.table("session");
        let longest = longest_session(&mut session, &mut root.table("invitation"));
        reader.is_clean().then_some(longest.as_secs())
    };
    assert_eq!(longest("", ""), Some(43_200));
    assert_eq!(longest("absolute-seconds = 60", ""), Some(60));
    assert_eq!(longest("absolute-seconds = 60", "longest-session-seconds = 604800"), Some(604_800));
    assert_eq!(longest("", "longest-session-seconds = 31536001"), None);
}

#[test]
fn an_issuers_state_is_beside_its_configuration() {
    let read = |text| read_state(text, Path::new("/etc/films"));
    assert_eq!(read("[issuer]\n").unwrap(), Path::new("/etc/films/issuer-state"));
    assert_eq!(read("[issuer]\nstate = \"/var/a\"\n").unwrap(), Path::new("/var/a"));
    for wrong in ["", "[issuer]\nstate = 7\n", "[issuer\n"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
