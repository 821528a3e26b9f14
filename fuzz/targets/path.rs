//! Every spelling of a path that opens a file below a guarded folder reaches its behavior.
#![no_main]

use gatepass::{Resource, Scheme, ViewerUrl};
use gatepass_distribution::{NormalPath, PathPattern};
use gatepass_edge::origin::directory::segments;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|tail: &str| {
    let raw = format!("/{tail}");
    let normal = NormalPath::read(&raw);
    let guarded: PathPattern = "/private/*".parse().expect("a pattern");
    if let Some(file) = segments(&raw) {
        if file.starts_with(b"private/") {
            assert!(guarded.covers(&normal) || normal.is_ambiguous(), "{raw}");
        }
        assert!(!file.split(|&byte| byte == b'/').any(|segment| segment == b".."));
    }
    let url = ViewerUrl::new(Scheme::Https, "e.com", &raw, None);
    let public = Resource::new("https://e.com/public/*");
    if public.covers(&url) && !normal.is_ambiguous() {
        assert!(normal.as_bytes().starts_with(b"/public/"), "{raw}");
    }
});
