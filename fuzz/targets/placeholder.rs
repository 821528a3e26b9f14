//! No two persons' resources of one template cover the same URL.
#![no_main]

use gatepass::{Resource, ViewerUrl};
use gatepass_issuer::{Person, ResourceTemplate};
use libfuzzer_sys::fuzz_target;
use serde_json::Map;

fuzz_target!(|lines: &str| {
    let mut lines = lines.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (template, one, other, path) = (next(), next(), next(), next());
    let Ok(template) = ResourceTemplate::parse(&format!("https://m.test/{template}")) else {
        return;
    };
    let fill = |name: &str| template.fill(&Person::new(name, Map::new()).ok()?).ok();
    let (Some(ones), Some(others)) = (fill(one), fill(other)) else { return };
    let star = Resource::new(template.as_str().replace("{sub}", "*").replace("{claim:sub}", "*"));
    // What libFuzzer thinks of, and what the resource says itself.
    let spelled = ones.as_str().replace(r"\?", "?").replace('*', path);
    for url in [format!("https://m.test/{path}"), spelled] {
        let Ok(url) = ViewerUrl::parse(&url) else { continue };
        if ones.covers(&url) {
            assert!(star.covers(&url) || url.is_spelled(ones.as_str()), "{ones} {url}");
            let is_shared = template.fields().next().is_some() && one != other;
            assert!(!(is_shared && others.covers(&url)), "{ones} {others} {url}");
        }
    }
});
