//! Configurations of issuers, read whole.

use gatepass::{KeyType, SigningKey};

use super::*;

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
