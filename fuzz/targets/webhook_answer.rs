//! No answer of a webhook grants a URL that was not allowed.
#![no_main]

use gatepass::{Resource, ViewerUrl};
use gatepass_issuer::{AllowedResources, WebhookAnswer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (path, json) = input.split_once('\n').unwrap_or_default();
    let patterns = ["https://m.test/of/*", "https://m.test/a.mp4"];
    let allow = AllowedResources::new(patterns).expect("they are bounds");
    let Ok(answer) = WebhookAnswer::read(json.as_bytes(), &allow) else { return };
    for resource in answer.policies().iter().flat_map(|policy| &policy.resources) {
        let spelled = resource.as_str().replace(r"\?", "?").replace('*', path);
        for url in [format!("https://m.test/{path}"), spelled] {
            let Ok(url) = ViewerUrl::parse(&url) else { continue };
            if resource.covers(&url) {
                let is_allowed = patterns.iter().any(|one| Resource::new(*one).covers(&url));
                assert!(is_allowed, "{resource} {url}");
            }
        }
    }
});
