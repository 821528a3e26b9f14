//! Signs with the crate `cloudfront_sign`: terms in, as a line of JSON; what it made, out.

#![forbid(unsafe_code)]

use std::{
    borrow::Cow,
    error::Error,
    io::{self, BufRead, Write},
};

use cloudfront_sign::{SignedOptions, get_signed_cookie, get_signed_url};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let text = |name: &str| asked[name].as_str().map(|text| Cow::from(text.to_owned()));
        let url = text("url").ok_or("no url")?;
        let options = SignedOptions {
            key_pair_id: text("key_pair_id").ok_or("no key_pair_id")?,
            private_key: text("private_key").ok_or("no private_key")?,
            date_less_than: asked["expires"].as_u64().ok_or("no expires")?,
            date_greater_than: asked["starts"].as_u64(),
            ip_address: text("network"),
            resource: text("resource"),
        };
        let cookies = get_signed_cookie(&url, &options)?;
        let made = json!({ "url": get_signed_url(&url, &options)?, "cookies": cookies });
        writeln!(io::stdout().lock(), "{made}")?;
    }
    Ok(())
}
