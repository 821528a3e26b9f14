//! Signed cookies in the forms in which people need them.

use clap::ValueEnum;
use gatepass::{SetCookie, SignedCookies};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;

use super::cookies::CookieSet;
use crate::shell::quote;
use crate::words::Failure;

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Output {
    SetCookie,
    Header,
    Json,
    Curl,
    Netscape,
}

pub(super) fn written(
    output: Output,
    sets: &[CookieSet],
    attributes: &SetCookie,
    domain: Option<&str>,
) -> Result<String, Failure> {
    let blocks: Vec<String> = match output {
        Output::SetCookie => sets.iter().map(|set| set_cookie(set, attributes)).collect(),
        Output::Header => {
            sets.iter().map(|set| format!("Cookie: {}", set.cookies.header())).collect()
        }
        Output::Json => vec![json(sets)],
        Output::Curl => sets.iter().map(curl).collect::<Result<_, _>>()?,
        Output::Netscape => vec![netscape(sets, domain)?],
    };
    Ok(blocks.join("\n"))
}

fn set_cookie(set: &CookieSet, attributes: &SetCookie) -> String {
    let lines = attributes.clone().path(set.path.clone()).lines(&set.cookies);
    let lines: Vec<_> = lines.iter().map(|line| format!("Set-Cookie: {line}")).collect();
    lines.join("\n")
}

/// The map that `aws cloudfront sign-cookies` prints; of several sets, a list.
fn json(sets: &[CookieSet]) -> String {
    #[derive(Serialize)]
    struct ForResource<'a> {
        resource: &'a str,
        path: &'a str,
        cookies: Map<'a>,
    }
    match sets {
        [only] => pretty(&Map(&only.cookies)),
        several => {
            let list = several.iter().map(|set| ForResource {
                resource: &set.resources[0],
                path: set.path.as_str(),
                cookies: Map(&set.cookies),
            });
            pretty(&list.collect::<Vec<_>>())
        }
    }
}

/// Cookies as a JSON object, in their own order.
struct Map<'a>(&'a SignedCookies);

impl Serialize for Map<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

/// Indented by four spaces, as the AWS CLI does.
fn pretty(value: &impl Serialize) -> String {
    let mut json = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, formatter);
    value.serialize(&mut serializer).expect("text can be written as JSON");
    String::from_utf8(json).expect("JSON is UTF-8")
}

/// A command for each resource, with a URL that the pattern covers.
fn curl(set: &CookieSet) -> Result<String, Failure> {
    let cookies = quote(&set.cookies.header());
    let command = |resource: &String| {
        let url = covered_url(resource)?;
        let globbing = if url.contains(['[', ']', '{', '}']) { "-g " } else { "" };
        Ok(format!("curl {globbing}-b {cookies} {}", quote(&url)))
    };
    let commands = set.resources.iter().map(command).collect::<Result<Vec<_>, Failure>>()?;
    Ok(commands.join("\n"))
}

/// A `*` covers nothing at all, too, so leaving it out makes a URL of the pattern.
fn covered_url(resource: &str) -> Result<String, Failure> {
    let url = resource.replace('*', "").replace("\\?", "?");
    match gatepass::ViewerUrl::parse(&url) {
        Ok(_) => Ok(url),
        Err(_) => Err(Failure::new(format!("{resource} names no host that curl could ask"))
            .hint("use --output header, and add the cookies to your own command")),
    }
}

/// What `curl -b FILE` and others read: tab-separated, secure, gone with the session.
fn netscape(sets: &[CookieSet], domain: Option<&str>) -> Result<String, Failure> {
    let mut jar = vec!["# Netscape HTTP Cookie File".to_owned()];
    for set in sets {
        let (hosts, reach) = match domain {
            Some(domain) => (vec![format!(".{}", domain.trim_start_matches('.'))], "TRUE"),
            None => (hosts(&set.resources)?, "FALSE"),
        };
        for host in &hosts {
            jar.extend(set.cookies.iter().map(|(name, value)| {
                let fields = [host, reach, set.path.as_str(), "TRUE", "0", name, value];
                format!("#HttpOnly_{}", fields.join("\t"))
            }));
        }
    }
    Ok(jar.join("\n"))
}

fn hosts(resources: &[String]) -> Result<Vec<String>, Failure> {
    let mut hosts = resources.iter().map(|one| host(one)).collect::<Result<Vec<_>, _>>()?;
    hosts.sort_unstable();
    hosts.dedup();
    Ok(hosts)
}

fn host(resource: &str) -> Result<String, Failure> {
    let rest = resource.split_once("://").map_or("", |(_, rest)| rest);
    let host = &rest[..rest.find('/').unwrap_or(rest.len())];
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    if host.is_empty() || host.contains(['*', '?']) {
        return Err(Failure::new(format!("{resource} names no host to keep cookies for"))
            .hint("add --domain"));
    }
    Ok(host.to_ascii_lowercase())
}
