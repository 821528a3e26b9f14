//! Other spellings of a URL, and the folders above it: what a signer may have taken it for.

use std::borrow::Cow;
use std::collections::HashSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Difference;
use crate::url::ViewerUrl;

/// A URL that may have been meant, and how it differs from the viewer's.
pub(super) type Other = (Difference, String);

/// The same thing, spelled otherwise: the likeliest first.
pub(super) fn spellings(url: &ViewerUrl<'_>) -> Vec<Other> {
    let origin = origin(url);
    let (path, query) = (url.path(), url.query());
    let mut others = vec![(Difference::Scheme, url.with_scheme(url.scheme().other()).to_string())];
    if query.is_some() {
        others.push((Difference::Query, format!("{origin}{path}")));
    }
    others.extend(encodings(url).map(|(difference, rest)| (difference, format!("{origin}{rest}"))));
    if let Some(query) = query {
        let orders = query_orders(query).into_iter();
        others.extend(
            orders.map(|query| (Difference::QueryOrder, format!("{origin}{path}?{query}"))),
        );
    }
    let slashed = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    others.push((Difference::Slash, format!("{origin}{slashed}{}", suffix(query))));
    distinct(others, url)
}

/// What a canned pass may have been signed for in the hope that it opens all beneath, and
/// what else a canned pass may name.
pub(super) fn canned_misuses(url: &ViewerUrl<'_>) -> Vec<Other> {
    let (origin, path) = (origin(url), url.path());
    let folders: Vec<_> =
        path.rmatch_indices('/').take(MAX_FOLDERS).map(|(at, _)| &path[..=at]).collect();
    let pattern = |text: String| (Difference::Pattern, text);
    let mut others = vec![pattern(format!("{origin}/*"))];
    others.extend(folders.iter().map(|folder| pattern(format!("{origin}{folder}*"))));
    others.extend(folders.iter().flat_map(|folder| {
        let bare = folder.trim_end_matches('/');
        [folder, bare].map(|folder| (Difference::Folder, format!("{origin}{folder}")))
    }));
    let rest = format!("{path}{}", suffix(url.query()));
    let (scheme, host) = (url.scheme().as_str(), url.host());
    others.push(pattern("*".to_owned()));
    others.push(pattern(format!("http*://{host}/*")));
    others.push((Difference::Port, format!("{origin}:{}{rest}", default_port(scheme))));
    others.push((Difference::Host, format!("{scheme}://{}{rest}", other_www(host))));
    others.push((Difference::Incomplete, rest.trim_start_matches('/').to_owned()));
    others.push((Difference::Incomplete, format!("{host}{rest}")));
    others.push((Difference::Incomplete, rest));
    distinct(others, url)
}

/// Each but once, and none that is the viewer's own.
fn distinct(others: Vec<Other>, url: &ViewerUrl<'_>) -> Vec<Other> {
    let mut seen = HashSet::from([url.to_string()]);
    others.into_iter().filter(|(_, other)| seen.insert(other.clone())).collect()
}

/// Path and query in other percent-encodings.
fn encodings(url: &ViewerUrl<'_>) -> impl Iterator<Item = Other> {
    let rest = format!("{}{}", url.path(), suffix(url.query()));
    let decoded = percent_decode_str(&rest).decode_utf8_lossy().into_owned();
    let encode = |set| utf8_percent_encode(&decoded, set).to_string();
    let others = [
        (Difference::Decoded, decoded.clone()),
        (Difference::Decoded, decoded.replace('+', " ")),
        (Difference::Encoded, rest.replace("%20", "+")),
        (Difference::Encoded, rest.replace('+', "%20")),
        (Difference::Encoded, encode(THOROUGH)),
        (Difference::Encoded, encode(SPARING)),
        (Difference::Encoded, in_lower_hex(&rest)),
    ];
    others.into_iter().filter(move |(_, other)| *other != rest)
}

fn in_lower_hex(text: &str) -> String {
    let mut lowered = String::with_capacity(text.len());
    for (at, piece) in text.split('%').enumerate() {
        let (digits, rest) = piece.split_at_checked(2).unwrap_or(("", piece));
        if at > 0 {
            lowered.push('%');
            lowered.push_str(&digits.to_ascii_lowercase());
        } else {
            lowered.push_str(digits);
        }
        lowered.push_str(rest);
    }
    lowered
}

/// Turns the parameters around, and reverses them: for up to three, that is every order.
fn query_orders(query: &str) -> Vec<String> {
    let mut parameters: Vec<_> = query.split('&').collect();
    if !(2..=MAX_PARAMETERS).contains(&parameters.len()) {
        return Vec::new();
    }
    let mut sorted = parameters.clone();
    sorted.sort_unstable();
    let mut orders = vec![sorted.join("&")];
    for _ in 0..parameters.len().min(MAX_TURNS) {
        let reversed: Vec<_> = parameters.iter().rev().copied().collect();
        orders.push(reversed.join("&"));
        parameters.rotate_left(1);
        orders.push(parameters.join("&"));
    }
    orders.sort_unstable();
    orders.dedup();
    orders
}

fn origin(url: &ViewerUrl<'_>) -> String {
    format!("{}://{}", url.scheme().as_str(), url.host())
}

fn suffix(query: Option<&str>) -> Cow<'_, str> {
    query.map_or(Cow::Borrowed(""), |query| Cow::Owned(format!("?{query}")))
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "http" { 80 } else { 443 }
}

fn other_www(host: &str) -> String {
    host.strip_prefix("www.").map_or_else(|| format!("www.{host}"), str::to_owned)
}

/// So many folders above the URL are tried, from the deepest up.
const MAX_FOLDERS: usize = 6;

const MAX_PARAMETERS: usize = 32;
const MAX_TURNS: usize = 3;

/// What a thorough encoder escapes, but for what gives a URL its shape.
const THOROUGH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'?')
    .remove(b'&')
    .remove(b'=');

/// What JavaScript's `encodeURI` escapes.
const SPARING: &AsciiSet = &THOROUGH
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b':')
    .remove(b';')
    .remove(b'@');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_url_has_no_more_others_than_there_are_checks() {
        for rest in ["/a%20(b+c".repeat(500), "/".repeat(8_000), format!("/?{}", "a&%+".repeat(9))]
        {
            let url = format!("https://media.example.com{rest}?z=1&y=2&x=3&w=4");
            let url = ViewerUrl::parse(&url).unwrap();
            let others = spellings(&url).len() + canned_misuses(&url).len();
            assert!(others <= 48, "{others}");
        }
    }
}
