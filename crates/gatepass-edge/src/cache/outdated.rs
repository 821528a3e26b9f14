//! What a request that changed something makes outdated (RFC 9111, section 4.4).

use http::header::{CONTENT_LOCATION, HeaderName, LOCATION};
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, Method};

use gatepass::ViewerUrl;
use gatepass_distribution::NormalPath;

use crate::asked::Asked;
use crate::cache::key::CacheKey;

/// The keys of what a successful PUT, POST, PATCH or DELETE may have changed: what it was sent
/// to, and what the answer names by `Location` and `Content-Location`, if that is of the same
/// host. Nobody can make others' objects outdated this way.
///
/// Of what is told apart by headers, that is outdated which is kept for who sends the same or,
/// since browsers say more when they write (`Origin`) than when they read, none.
pub(crate) fn keys(asked: &Asked<'_>, answer: &HeaderMap) -> Vec<CacheKey> {
    let method = &Method::GET;
    let silent = &HeaderMap::new();
    let mut keys = Vec::new();
    let mut add = |asked: &Asked<'_>| {
        for key in [asked.clone(), Asked { headers: silent, ..asked.clone() }] {
            let key = CacheKey::of(&key);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    };
    add(&Asked { method, ..asked.clone() });
    for name in [LOCATION, CONTENT_LOCATION] {
        let Some(place) = place(asked, answer, &name) else { continue };
        let (path, query) = (place.path(), place.query());
        let url = ViewerUrl::new(asked.url.scheme(), asked.url.host(), path, query);
        let behavior = asked.distribution.behavior(&NormalPath::read(path));
        let path = path.into();
        add(&Asked { behavior, method, url: &url, path, ..asked.clone() });
    }
    keys
}

/// The path and query that a header names, on the host that was asked.
fn place(asked: &Asked<'_>, answer: &HeaderMap, name: &HeaderName) -> Option<PathAndQuery> {
    let uri: Uri = answer.get(name)?.to_str().ok()?.parse().ok()?;
    let is_here = uri.authority().is_none_or(|authority| {
        // `host` may have a port, as an authority may.
        authority.as_str().eq_ignore_ascii_case(asked.url.host())
    });
    // Two slashes begin a host, in a reference.
    let is_path =
        |place: &PathAndQuery| place.as_str().starts_with('/') && !place.as_str().starts_with("//");
    uri.into_parts().path_and_query.filter(|place| is_here && is_path(place))
}

#[cfg(test)]
mod tests {
    use gatepass_distribution::Selection;

    use super::*;
    use crate::asked::sample::{Sample, get};

    fn changed(sample: &Sample, name: &'static str, value: &str) -> Vec<CacheKey> {
        let mut answer = HeaderMap::new();
        answer.insert(name, value.parse().unwrap());
        sample.ask(|asked| keys(asked, &answer))
    }

    fn ask(url: &str, method: Method) -> Sample {
        let sample = get(url).by(|policy| policy.query_strings = Selection::All);
        Sample { method, ..sample }
    }

    fn key(url: &str) -> CacheKey {
        ask(url, Method::GET).ask(CacheKey::of)
    }

    #[test]
    fn the_target_is_outdated_and_what_the_answer_names() {
        let post = ask("https://one.test/list?x=1", Method::POST);
        let target = key("https://one.test/list?x=1");
        for name in ["location", "content-location"] {
            for (value, named) in [
                ("/new?y", "https://one.test/new?y"),
                ("/new", "https://one.test/new"),
                ("https://ONE.test/new", "https://one.test/new"),
                ("/other/new", "https://one.test/other/new"),
            ] {
                assert_eq!(changed(&post, name, value), [target, key(named)], "{value}");
            }
        }
        assert_eq!(changed(&post, "etag", "\"x\""), [target]);
    }

    #[test]
    fn what_is_read_without_an_origin_is_outdated_by_who_writes_with_one() {
        let by_origin = |sample: Sample| {
            sample.by(|policy| policy.headers = Selection::Only(vec!["origin".into()]))
        };
        let post = by_origin(ask("https://one.test/list", Method::POST));
        let post = post.with("origin", "https://app.test");
        let keys = changed(&post, "etag", "\"x\"");
        let silent = by_origin(ask("https://one.test/list", Method::GET)).ask(CacheKey::of);
        let told = by_origin(ask("https://one.test/list", Method::GET));
        let told = told.with("origin", "https://app.test").ask(CacheKey::of);
        assert_ne!(silent, told);
        assert_eq!(keys, [told, silent]);
    }

    #[test]
    fn what_is_elsewhere_is_not() {
        let post = ask("https://one.test/list", Method::POST);
        for value in ["https://two.test/new", "new", "", "?x", "//two.test/new", "*", "\"x\""] {
            assert_eq!(changed(&post, "location", value).len(), 1, "{value}");
        }
    }
}
