//! `[[entitlement]]` and `[webhook]`: who may have what, and how the cookies are laid.

use std::time::Duration;

use gatepass::{CookieNaming, EpochTime, SameSite};
use gatepass_issuer::{
    AddressBinding, AllowedResources, Conditions, CookieWishes, Entitlement, Reader, Secret, Start,
    WebhookConfig, Who,
};

use crate::config::table::{Table, Value};

/// Reads entitlements; what only the whole can tell is left to `Entitlements::new`.
pub(in crate::config) fn entitlements(tables: Vec<Table<'_>>) -> Vec<Entitlement> {
    tables.into_iter().map(entitlement).collect()
}

fn entitlement(mut table: Table<'_>) -> Entitlement {
    let id = table.required("id", "a name for messages").and_then(|id| id.text());
    let who = table.required("for", WHO).and_then(who);
    let resources = table.required("resources", "a list of URLs, such as https://…/films/*");
    let resources = resources.map_or_else(Vec::new, Value::items);
    let start = start(&mut table);
    let granting = Granting::read(&mut table);
    table.finish();
    Entitlement {
        id: id.unwrap_or_default().into(),
        who: who.unwrap_or(Who::Everybody),
        resources: resources.iter().filter_map(Value::parsed).collect(),
        lifetime_seconds: granting.lifetime_seconds,
        start,
        address: granting.address,
        cookies: granting.cookies,
        reader: granting.reader,
    }
}

/// Reads `[webhook]`, if it is there. `secret` reads where its secret is.
pub(in crate::config) fn webhook<'d>(
    mut table: Table<'d>,
    secret: impl FnOnce(Value<'d>) -> Option<Secret>,
) -> Option<WebhookConfig> {
    if !table.is_there() {
        return None;
    }
    let url = table.required("url", "where the application is asked").and_then(|url| url.parsed());
    let secret = table.required("secret", "what signs the question").and_then(secret);
    let patience = table.value("timeout-seconds").and_then(|value| value.number(1..=30));
    let patience = patience.map_or(WebhookConfig::DEFAULT_PATIENCE, Duration::from_secs);
    let allow = table.required("allow", "a list of folders that it may grant, such as https://…/*");
    let allow = allow.and_then(|value| allowed(&value));
    let claims = table.value("claims").map(Value::texts);
    let granting = Granting::read(&mut table);
    table.finish();
    Some(WebhookConfig {
        url: url?,
        secret: secret?,
        patience,
        allow: allow?,
        claims,
        lifetime_seconds: granting.lifetime_seconds,
        address: granting.address,
        cookies: granting.cookies,
        reader: granting.reader,
    })
}

fn allowed(value: &Value<'_>) -> Option<AllowedResources> {
    let items = value.clone().items();
    let mut texts = Vec::new();
    for item in &items {
        let text = item.text()?;
        if let Err(error) = AllowedResources::new([text]) {
            item.mistake(error.to_string());
            return None;
        }
        texts.push(text);
    }
    if texts.is_empty() {
        value.mistake("the list is empty: name the folders that the application may grant");
    }
    AllowedResources::new(texts).ok()
}

/// What both say of the passes that they grant.
struct Granting {
    lifetime_seconds: u64,
    address: AddressBinding,
    cookies: CookieWishes,
    reader: Reader,
}

impl Granting {
    fn read(table: &mut Table<'_>) -> Self {
        let lifetime = table.value("lifetime-seconds");
        let lifetime = lifetime.and_then(|value| value.number(Entitlement::LIFETIMES));
        let address = table.value("address").and_then(|value| value.parsed());
        let reader = table.value("reader").and_then(|value| {
            value.choice(&[("cloudfront", Reader::CloudFront), ("gatepass", Reader::Gatepass)])
        });
        Self {
            lifetime_seconds: lifetime.unwrap_or(Entitlement::DEFAULT_LIFETIME),
            address: address.unwrap_or_default(),
            cookies: cookies(table.table("cookies")),
            reader: reader.unwrap_or_default(),
        }
    }
}

fn who(value: Value<'_>) -> Option<Who> {
    if value.is_text() {
        return value.choice(&[("everybody", ())]).map(|()| Who::Everybody);
    }
    if !value.is_table() {
        value.expected(WHO);
        return None;
    }
    let mut table = value.table();
    let mut texts = |field| {
        let value = table.value(field);
        value.map_or_else(Vec::new, |value| not_empty(&value))
    };
    let (groups, has) = (texts("groups"), texts("has"));
    let email_domains = texts("email-domains");
    let named = table.value("claims").map_or_else(Vec::new, Value::named_values);
    let claims = named.into_iter().map(|(claim, value)| (claim, not_empty(&value))).collect();
    table.finish();
    Some(Who::Those(Conditions { groups, email_domains, claims, has }))
}

/// An empty list could be taken for anybody, or for nobody.
fn not_empty(value: &Value<'_>) -> Vec<Box<str>> {
    let texts = value.clone().texts();
    if value.is_list() && texts.is_empty() {
        value.mistake("the list is empty: leave it out, or name somebody");
    }
    texts
}

fn start(table: &mut Table<'_>) -> Start {
    let ago = table.value("start-seconds-ago").and_then(|value| value.number(1..=86_400));
    let after = table.value("start-after");
    if let (Some(_), Some(after)) = (ago, &after) {
        after.mistake("start-seconds-ago is there, too: a pass has one start");
    }
    let moment = after.and_then(|value| {
        let seconds = value.number(1..=u64::MAX)?;
        EpochTime::in_pass(seconds).map_err(|error| value.mistake(error.to_string())).ok()
    });
    match (ago, moment) {
        (_, Some(moment)) => Start::After(moment),
        (Some(seconds), None) => Start::SecondsAgo(seconds),
        (None, None) => Start::AtOnce,
    }
}

fn cookies(mut table: Table<'_>) -> CookieWishes {
    let naming = table.value("names").and_then(|value| {
        value.choice(&[("plain", CookieNaming::Plain), ("per-key", CookieNaming::PerKey)])
    });
    let domain = table.value("domain").and_then(|value| value.text());
    let path = table.value("path").and_then(|value| value.parsed());
    let same_site = table.value("same-site").and_then(|value| {
        value.choice(&[
            ("lax", SameSite::Lax),
            ("strict", SameSite::Strict),
            ("none", SameSite::None),
        ])
    });
    let mut flag = |field| table.value(field).and_then(|value| value.flag()).unwrap_or(false);
    let (is_partitioned, is_forced) = (flag("partitioned"), flag("force"));
    table.finish();
    CookieWishes {
        naming: naming.unwrap_or_default(),
        domain: domain.map(Box::from),
        path,
        same_site,
        is_partitioned,
        is_forced,
    }
}

const WHO: &str = "\"everybody\", or a table such as { groups = [\"members\"] }";

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;
    use crate::config::Mistakes;
    use crate::config::table::Reader as TableReader;

    /// What is read, or what is told by lines.
    fn read(text: &str) -> Result<(Vec<Entitlement>, Option<WebhookConfig>), String> {
        let document = DeTable::parse(text).unwrap();
        let reader = TableReader::default();
        let mut root = Table::root(&reader, &document);
        let all = entitlements(root.tables("entitlement"));
        let secret = |value: Value<'_>| Secret::new(value.text()?.as_bytes()).ok();
        let webhook = webhook(root.table("webhook"), secret);
        root.finish();
        if reader.is_clean() {
            Ok((all, webhook))
        } else {
            Err(Mistakes::found(text, reader, &[]).lines(&"issuer.toml"))
        }
    }

    const SHORTEST: &str = r#"[[entitlement]]
id = "films"
for = "everybody"
resources = ["https://m.test/films/*"]
"#;

    const WEBHOOK: &str = r#"[webhook]
url = "https://app.test/hook"
secret = "0123456789abcdef0123456789abcdef"
allow = ["https://m.test/of/*"]
"#;

    #[test]
    fn what_is_left_out_is_the_most_precise() {
        let (all, webhook) = read(SHORTEST).unwrap();
        assert!(webhook.is_none());
        let expected = Entitlement {
            id: "films".into(),
            who: Who::Everybody,
            resources: vec!["https://m.test/films/*".parse().unwrap()],
            lifetime_seconds: 600,
            start: Start::AtOnce,
            address: AddressBinding::Anywhere,
            cookies: CookieWishes::default(),
            reader: Reader::CloudFront,
        };
        assert_eq!(all, [expected]);
    }

    #[test]
    fn everything_can_be_said() {
        let text = r#"[[entitlement]]
id = "films"
for = { groups = ["a", "b"], email-domains = ["example.com"], claims = { plan = ["gold"] }, has = ["team"] }
resources = ["https://m.test/of/{sub}/*"]
lifetime-seconds = 60
start-seconds-ago = 30
address = "viewer/24,56"
reader = "gatepass"
cookies = { names = "per-key", domain = "m.test", path = "/of", same-site = "none", partitioned = true, force = true }
"#;
        let (all, _) = read(text).unwrap();
        let one = &all[0];
        let texts = |texts: &[&str]| texts.iter().map(|text| Box::from(*text)).collect::<Vec<_>>();
        let conditions = Conditions {
            groups: texts(&["a", "b"]),
            email_domains: texts(&["example.com"]),
            claims: vec![("plan".into(), texts(&["gold"]))],
            has: texts(&["team"]),
        };
        assert_eq!(one.who, Who::Those(conditions));
        assert_eq!((one.lifetime_seconds, one.start), (60, Start::SecondsAgo(30)));
        assert_eq!(one.address, AddressBinding::Viewer { v4: 24, v6: Some(56) });
        let cookies = CookieWishes {
            naming: CookieNaming::PerKey,
            domain: Some("m.test".into()),
            path: Some("/of".parse().unwrap()),
            same_site: Some(SameSite::None),
            is_partitioned: true,
            is_forced: true,
        };
        assert_eq!((&one.cookies, one.reader), (&cookies, Reader::Gatepass));
        let premiere = format!("{SHORTEST}start-after = 1767290400\n");
        let after = Start::After(EpochTime::new(1_767_290_400).unwrap());
        assert_eq!(read(&premiere).unwrap().0[0].start, after);
    }

    #[test]
    fn every_mistake_is_told_where_it_is() {
        let replaced = |from: &str, to: &str| SHORTEST.replace(from, to);
        for (text, told) in [
            (replaced("id = \"films\"\n", ""), "1:1: id is missing"),
            (replaced("\"everybody\"", "\"all\""), "3:7: \"all\" is not known here"),
            (replaced("\"everybody\"", "7"), "3:7: entitlement[0].for: expected \"everybody\""),
            (
                replaced("\"everybody\"", "{ group = [\"a\"] }"),
                "3:9: entitlement[0].for has no field \"group\"",
            ),
            (replaced("\"everybody\"", "{ groups = [] }"), "3:18: the list is empty"),
            (replaced("\"everybody\"", "{ claims = { plan = [] } }"), "3:27: the list is empty"),
            (
                replaced("\"everybody\"", "{ claims = { plan = \"a\" } }"),
                "3:27: entitlement[0].for.claims.plan: expected a list",
            ),
            (replaced("films/*\"", "{name}/*\""), "4:14: {name} is no placeholder"),
            (replaced("films/*\"", "*/{sub}\""), "4:14: a * stands before {sub}"),
            (
                format!("{SHORTEST}lifetime-seconds = 0"),
                "5:20: entitlement[0].lifetime-seconds: expected a whole number",
            ),
            (format!("{SHORTEST}address = \"viewer/33\""), "5:11: \"viewer/33\" binds no address"),
            (format!("{SHORTEST}reader = \"nginx\""), "5:10: \"nginx\" is not known here"),
            (
                format!("{SHORTEST}start-after = 1767290400000"),
                "5:15: 1767290400000 looks like milliseconds",
            ),
            (
                format!("{SHORTEST}start-after = 5\nstart-seconds-ago = 5"),
                "5:15: start-seconds-ago is there, too",
            ),
            (
                format!("{SHORTEST}cookies = {{ path = \"/a*\" }}"),
                "5:20: \"/a*\" is no cookie path",
            ),
            (
                format!("{SHORTEST}cookies = {{ samesite = \"lax\" }}"),
                "5:13: entitlement[0].cookies has no field",
            ),
            (WEBHOOK.replace("allow", "allows"), "1:1: allow is missing"),
            (WEBHOOK.replace("of/*", "*/x"), "4:10: \"https://m.test/*/x\" bounds nothing"),
            (WEBHOOK.replace("[\"https://m.test/of/*\"]", "[]"), "4:9: the list is empty"),
            (format!("{WEBHOOK}timeout-seconds = 31"), "5:19: webhook.timeout-seconds: expected"),
        ] {
            let all = read(&text).unwrap_err();
            assert!(all.contains(&format!("issuer.toml:{told}")), "{told}\n{all}");
            assert!(!all.contains("0123456789abcdef"), "{all}");
        }
    }

    #[test]
    fn an_application_is_asked_as_it_is_told() {
        let (_, webhook) =
            read(&format!("{WEBHOOK}timeout-seconds = 7\nclaims = [\"groups\"]\n")).unwrap();
        let webhook = webhook.unwrap();
        assert_eq!((webhook.patience, webhook.lifetime_seconds), (Duration::from_secs(7), 600));
        assert_eq!(webhook.claims, Some(vec!["groups".into()]));
        assert!(webhook.allow.hold("https://m.test/of/ada/*"));
        assert_eq!(read(WEBHOOK).unwrap().1.unwrap().patience, Duration::from_secs(3));
    }
}
