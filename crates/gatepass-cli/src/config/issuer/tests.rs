//! Configurations of issuers: read whole, and what one table has to say about another.

use gatepass::{KeyType, SigningKey};

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

const WHOLE: &str = r#"[issuer]
url = "https://media.example.com/_gatepass"
trusted-proxies = ["127.0.0.1"]
secret = { file = "issuer.secret" }

[[signing-key]]
key-pair-id = "K1"
private-key = { file = "K1.private.pem" }

[[entitlement]]
id = "films"
for = "everybody"
resources = ["https://media.example.com/films/*"]

[login.users]
file = "users.toml"
"#;

/// What is read, or what is told.
fn whole(text: &str) -> Result<IssuerFile, String> {
    let key = SigningKey::generate(KeyType::P256).unwrap().to_pem().unwrap();
    let files = |path: &Path| match path.to_str() {
        Some("/nowhere/K1.private.pem") => Ok(key.as_bytes().to_vec()),
        Some("/nowhere/issuer.secret") => Ok(vec![b's'; 40]),
        Some("/nowhere/token") => Ok(vec![b't'; 40]),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    read(text, Path::new("/nowhere"), &files).map_err(|mistakes| mistakes.lines(&"issuer.toml"))
}

#[test]
fn partitioned_cookies_are_refused_where_people_log_in_and_nobody_embeds() {
    let torn = WHOLE.replace(
        "films/*\"]\n",
        "films/*\"]\ncookies = { same-site = \"none\", partitioned = true }\n",
    );
    let told = whole(&torn).unwrap_err();
    assert!(told.contains("issuer.toml:14:"), "{told}");
    assert!(told.contains("never sent when another site embeds"), "{told}");
    assert!(told.contains("sign URLs") && told.contains("application-token"), "{told}");
    let token = "application-token = { file = \"token\" }\n\n[[signing-key]]";
    assert!(whole(&torn.replace("\n[[signing-key]]", token)).is_ok());
    let webhook = "[webhook]\nurl = \"https://app.example.com/hook\"\nsecret = { file = \"token\" }\nallow = [\"https://media.example.com/of/*\"]\ncookies = { same-site = \"none\", partitioned = true }\n\n[login";
    let (head, tail) = WHOLE.split_once("[[entitlement]]").unwrap();
    let asking = format!("{head}{webhook}{}", tail.split_once("[login").unwrap().1);
    let told = whole(&asking).unwrap_err();
    assert!(told.contains("never sent when another site embeds"), "{told}");
    assert!(whole(WHOLE).is_ok(), "what asks for no partition is as before");
}

#[test]
fn what_a_proxy_says_is_cut_only_where_that_is_said() {
    let with = |line: &str| {
        let header = "\n[login.header]\nname = \"X-User\"\nfrom = [\"10.0.0.5\"]\n";
        whole(&format!("{WHOLE}{header}{line}")).map(|file| file.config.login.header.unwrap())
    };
    assert_eq!(with("").unwrap().separator, None);
    assert_eq!(with("separator = \"|\"").unwrap().separator, Some('|'));
    for wrong in ["separator = \"\"", "separator = \", \"", "separator = true"] {
        assert!(with(wrong).unwrap_err().contains("issuer.toml:21:13: "), "{wrong}");
    }
}

#[test]
fn whoever_is_believed_as_an_edge_is_not_believed_about_people() {
    let with = |trusted: &str, from: &str| {
        let text = WHOLE.replace("[\"127.0.0.1\"]", trusted);
        whole(&format!("{text}\n[login.header]\nname = \"X-User\"\nfrom = {from}\n"))
    };
    for (trusted, from) in [
        (r#"["127.0.0.1"]"#, r#"["127.0.0.0/8"]"#),
        (r#"["10.0.0.5"]"#, r#"["10.0.0.0/24"]"#),
        (r#"["10.0.0.0/24"]"#, r#"["192.0.2.1", "10.0.0.5"]"#),
        (r#"["192.0.2.1", "fd00::5"]"#, r#"["fd00::/64"]"#),
        ("[]", r#"["0.0.0.0/0"]"#),
    ] {
        let told = with(trusted, from).unwrap_err();
        assert!(told.contains("issuer.toml:20:8: ") && told.contains("trusted-proxies"), "{told}");
    }
    let apart = with(r#"["10.0.0.5"]"#, r#"["10.0.1.0/24"]"#).unwrap();
    assert_eq!(apart.config.login.header.unwrap().from, ["10.0.1.0/24".parse().unwrap()]);
    assert!(with("[]", "\"10.0.1.0/24\"").is_err());
}

#[test]
fn a_users_file_may_be_open_only_where_that_is_said() {
    let users = |text: &str| whole(text).unwrap().config.login.users.unwrap();
    assert!(!users(WHOLE).may_be_open);
    assert!(users(&format!("{WHOLE}world-readable = true\n")).may_be_open);
}
