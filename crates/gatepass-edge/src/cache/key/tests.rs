use http::{HeaderMap, Method, Version};
use proptest::prelude::*;

use super::CacheKey;
use crate::asked::sample::{Sample, all_except, get, nothing, only};
use crate::forward::origin_request;
use crate::origin::request::RequestBody;
use gatepass_distribution::{CachedMethods, Selection};

fn key(sample: &Sample) -> CacheKey {
    sample.ask(CacheKey::of)
}

#[track_caller]
fn same(one: &Sample, other: &Sample) {
    assert_eq!(key(one), key(other));
}

#[track_caller]
fn apart(one: &Sample, other: &Sample) {
    assert_ne!(key(one), key(other));
}

#[test]
fn distribution_origin_path_and_options_are_told_apart_and_nothing_else() {
    let plain = get("https://one.test/a");
    let spelled = Sample { version: Version::HTTP_2, ..get("http://ANOTHER.test:8080/a?x=1") }
        .with("cookie", "a=b")
        .with("user-agent", "x")
        .with("accept-encoding", "gzip")
        .with("authorization", "Basic x");
    same(&plain, &spelled);
    same(&plain, &Sample { method: Method::HEAD, ..plain.clone() });
    same(&plain, &Sample { method: Method::POST, ..plain.clone() });
    apart(&plain, &Sample { method: Method::OPTIONS, ..plain.clone() });
    for other in ["https://two.test/a", "https://one.test/A", "https://one.test/%61"] {
        apart(&plain, &get(other));
    }
    apart(&get("https://one.test/other/a"), &get("https://one.test/a"));
}

#[test]
fn one_path_from_two_origins_has_two_keys() {
    let of = |url: &str| {
        get(url)
            .ask(|asked| CacheKey::of(&crate::asked::Asked { path: "/i".into(), ..asked.clone() }))
    };
    assert_eq!(of("https://one.test/"), of("https://one.test/i"));
    assert_ne!(of("https://one.test/"), of("https://one.test/other/i"));
}

#[test]
fn query_parameters_count_as_sent_and_as_chosen() {
    let ask = |selection: &Selection, query: &str| {
        get(&format!("https://one.test/a{query}")).by(|p| p.query_strings = selection.clone())
    };
    let all = Selection::All;
    for (one, other) in
        [("?a=1&b=2", "?b=2&a=1"), ("?a=1", "?A=1"), ("", "?"), ("?a", "?a="), ("?a;b", "?a&b")]
    {
        apart(&ask(&all, one), &ask(&all, other));
        same(&ask(&Selection::None, one), &ask(&Selection::None, other));
    }
    let a = only(["a"]);
    same(&ask(&a, "?x=1&a=1&y"), &ask(&a, "?a=1"));
    same(&ask(&a, "?x"), &ask(&a, ""));
    same(&ask(&a, "?%61=1&A=1"), &ask(&a, ""));
    apart(&ask(&a, "?a=1&a=2"), &ask(&a, "?a=2&a=1"));
    let not_a = all_except(["a"]);
    same(&ask(&not_a, "?a=1&b=2"), &ask(&not_a, "?b=2"));
    apart(&ask(&not_a, "?a=1&b=2"), &ask(&not_a, "?b=3"));
}

#[test]
fn nothing_of_a_pass_is_in_a_key() {
    let everything = |sample: Sample| {
        sample.by(|policy| {
            policy.query_strings = Selection::All;
            policy.cookies = Selection::All;
            policy.headers = only(["referer"]);
        })
    };
    let open = everything(get("https://one.test/a?x=1"));
    let cookies = "CloudFront-Policy=p; x=1; CloudFront-Signature-K2=s; CloudFront-Key-Pair-Id =K;\
         CloudFront-Expires=1;CloudFront-Hash-Algorithm=SHA256";
    for is_guarded in [false, true] {
        let plain = Sample { is_guarded, ..open.clone() };
        same(&plain.clone().with("cookie", "x=1"), &plain.clone().with("cookie", cookies));
        let referer = "https://one.test/p?Policy=p&Signature=s&Key-Pair-Id=K";
        same(
            &plain.clone().with("referer", "https://one.test/p"),
            &plain.clone().with("referer", referer),
        );
    }
    let url = "https://one.test/a?Expires=1&x=1&Signature=s&Hash-Algorithm=SHA1&Key-Pair-Id=K";
    let signed = everything(get(url));
    apart(&open, &signed);
    same(&Sample { is_guarded: true, ..open }, &Sample { is_guarded: true, ..signed });
}

#[test]
fn a_guarded_behavior_drops_reserved_parameters_even_if_the_edge_forgot_to() {
    let ask = |url: &str| {
        let mut sample = get(url).by(|policy| policy.query_strings = Selection::All);
        sample.is_guarded = true;
        let sent = gatepass::ViewerUrl::parse(url).unwrap();
        sample.ask(|asked| CacheKey::of(&crate::asked::Asked { url: &sent, ..asked.clone() }))
    };
    assert_eq!(ask("https://e.com/a?x=1&Policy=p"), ask("https://e.com/a?x=1"));
    assert_ne!(ask("https://e.com/a?x=1&policy=p"), ask("https://e.com/a?x=1"));
}

#[test]
fn a_header_that_connection_names_is_neither_sent_nor_in_the_key() {
    let ask = || get("https://one.test/a").by(|policy| policy.headers = only(["x-tenant"]));
    let named = ask().with("x-tenant", "1").with("connection", "close, X-Tenant");
    same(&ask(), &named);
    apart(&ask().with("x-tenant", "1"), &named);
}

#[test]
fn what_the_edge_knows_of_a_viewer_may_be_in_the_key_and_a_viewer_can_t_say_it() {
    let ask = |url: &str| {
        get(url).by(|policy| policy.headers = only(["cloudfront-forwarded-proto", "host"]))
    };
    let plain = ask("http://one.test/a");
    apart(&plain, &ask("https://one.test/a"));
    apart(&plain, &ask("http://three.test/a"));
    same(&plain, &ask("http://ONE.test:80/a"));
    same(&plain, &plain.clone().with("cloudfront-forwarded-proto", "https"));
}

#[test]
fn variants_of_an_object_have_keys_of_their_own() {
    let key = key(&get("https://one.test/a"));
    let keys = [key, key.variant(b""), key.variant(b"a"), key.variant(b"a").variant(b"")];
    for (at, one) in keys.iter().enumerate() {
        assert!(keys[..at].iter().all(|other| other != one));
    }
    assert_eq!(key.variant(b"a"), key.variant(b"a"));
}

/// What an origin is sent, but for what says who asked.
fn sent(sample: &Sample) -> (bool, Box<str>, Option<Box<str>>, HeaderMap) {
    let request = sample.ask(|asked| origin_request(asked, RequestBody::Empty));
    let mut headers = request.headers;
    for introduction in ["via", "x-forwarded-for", "x-amz-cf-id"] {
        headers.remove(introduction);
    }
    (request.method == Method::OPTIONS, request.path, request.query, headers)
}

const NAMES: [&str; 10] = [
    "x-a",
    "x-b",
    "x-ab",
    "connection",
    "accept-encoding",
    "user-agent",
    "referer",
    "authorization",
    "range",
    "cloudfront-viewer-address",
];

/// Those of them that a policy may name.
const CHOSEN: [&str; 7] =
    ["x-a", "x-b", "x-ab", "user-agent", "referer", "authorization", "cloudfront-viewer-address"];

fn selections() -> impl Strategy<Value = Selection> {
    let names = prop::sample::subsequence(vec!["a", "b", "ab"], 0..3);
    let names =
        names.prop_map(|names| names.into_iter().map(Into::into).collect::<Vec<Box<str>>>());
    prop_oneof![
        Just(Selection::None),
        Just(Selection::All),
        names.clone().prop_map(Selection::Only),
        names.prop_map(Selection::AllExcept),
    ]
}

fn urls() -> impl Strategy<Value = String> {
    let query = prop_oneof![Just(String::new()), r"\?[ab=&;A]{0,6}(&Policy=[ab])?"];
    (prop::sample::select(vec!["/", "/a", "/ab", "/a/b", "/A"]), query)
        .prop_map(|(path, query)| format!("https://one.test{path}{query}"))
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let value = prop_oneof!["[ab, ]{0,4}", "x-a|X-B, x-ab", "gzip|br|gzip, br", r"a\?Policy=[ab]"];
    let plain = (prop::sample::select(NAMES.to_vec()), value);
    let cookie = (Just("cookie"), r"[ab=; ]{0,8}(;CloudFront-Signature=[ab])?");
    prop::collection::vec(prop_oneof![plain, cookie], 0..5)
}

fn methods() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::GET, Method::HEAD, Method::OPTIONS])
}

prop_compose! {
    fn pairs()(
        parts in (methods(), urls(), headers()),
        others in (prop::option::weighted(0.2, methods()), prop::option::weighted(0.3, urls()), prop::option::weighted(0.6, headers())),
        query_strings in selections(), cookies in selections(),
        names in prop::sample::subsequence(CHOSEN.to_vec(), 0..=4),
        is_guarded: bool, gzip: bool, brotli: bool,
    ) -> (Sample, Sample) {
        let build = |method: &Method, url: &str, headers: &[(&str, String)]| {
            let policy = gatepass_distribution::CachePolicy {
                query_strings: query_strings.clone(),
                cookies: cookies.clone(),
                headers: Selection::Only(names.iter().copied().map(Into::into).collect()),
                gzip,
                brotli,
                ..nothing()
            };
            let mut sample = Sample { method: method.clone(), cache_policy: policy, is_guarded, ..get(url) };
            sample.conduct.cached_methods = CachedMethods::GetHeadOptions;
            headers.iter().fold(sample, |sample, (name, value)| sample.with(name, value.trim()))
        };
        let (method, url, headers) = parts;
        let one = build(&method, &url, &headers);
        let (other_method, other_url, other_headers) = others;
        let other = build(
            &other_method.unwrap_or(method),
            &other_url.unwrap_or(url),
            &other_headers.unwrap_or(headers),
        );
        (one, other)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn requests_share_a_key_just_if_they_send_the_same_to_the_origin((one, other) in pairs()) {
        prop_assert_eq!(key(&one) == key(&other), sent(&one) == sent(&other));
    }
}
