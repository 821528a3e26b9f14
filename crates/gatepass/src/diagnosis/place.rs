//! Why a pass is not good here and now, if it nearly is.

use std::borrow::Cow;

use super::urls::spellings;
use super::{Diagnosis, Difference};
use crate::policy::{Scope, Statement};
use crate::request::ViewerRequest;
use crate::resource::Resource;
use crate::time::{EpochTime, Moment};
use crate::url::ViewerUrl;

/// Clocks may differ by so many seconds before it is no accident.
const CLOCK_SKEW: u64 = 300;

/// So many patterns of one statement are looked at.
const MAX_PATTERNS: usize = 8;

pub(super) fn diagnose(
    statement: &Statement,
    request: &ViewerRequest<'_>,
    now: EpochTime,
) -> Vec<Diagnosis> {
    [clock(statement, now), resource(statement, request.url()), ipv6(statement, request)]
        .into_iter()
        .flatten()
        .collect()
}

fn clock(statement: &Statement, now: EpochTime) -> Option<Diagnosis> {
    let window = statement.window();
    let (seconds, diagnosis) = match window.place(now) {
        Moment::Inside => return None,
        Moment::TooEarly => {
            let seconds = window.start()?.plus(1).seconds_since(now);
            (seconds, Diagnosis::OpensSoon { seconds })
        }
        Moment::TooLate => {
            let seconds = now.seconds_since(window.expiry());
            (seconds, Diagnosis::JustExpired { seconds })
        }
    };
    (seconds <= CLOCK_SKEW).then_some(diagnosis)
}

fn ipv6(statement: &Statement, request: &ViewerRequest<'_>) -> Option<Diagnosis> {
    let (allowed, address) = (statement.network()?, request.address().to_canonical());
    if !address.is_ipv6() || allowed.is_ipv6() || allowed.contains(address) {
        return None;
    }
    Some(Diagnosis::Ipv6Viewer { address, allowed: allowed.clone() })
}

fn resource(statement: &Statement, url: &ViewerUrl<'_>) -> Option<Diagnosis> {
    let Scope::Patterns(patterns) = statement.scope() else { return None };
    if statement.scope().covers(url) {
        return None;
    }
    let spelled = spellings(url);
    let spelled: Vec<_> = spelled
        .iter()
        .filter_map(|(difference, text)| Some((*difference, ViewerUrl::parse(text).ok()?)))
        .collect();
    patterns.iter().take(MAX_PATTERNS).find_map(|pattern| {
        let covered_url = spelled.iter().find(|(_, other)| pattern.covers(other));
        let difference = covered_url
            .map(|(difference, _)| *difference)
            .or_else(|| mended_pattern(pattern.as_str(), url))
            .or_else(|| other_host(pattern, url))?;
        let (covered, asked) = (pattern.as_str().into(), url.to_string().into());
        Some(Diagnosis::OtherUrlCovered { covered, asked, difference })
    })
}

/// Finds what would have to be put right in the pattern for it to cover the URL.
fn mended_pattern(text: &str, url: &ViewerUrl<'_>) -> Option<Difference> {
    let (scheme, host) = (url.scheme().as_str(), url.host());
    let folder = text.strip_suffix('/').unwrap_or(text);
    let port = [":443/", ":80/"].iter().find(|port| text.contains(**port));
    let mended = [
        (Difference::Star, format!("{folder}/*")),
        (Difference::Incomplete, format!("{scheme}://{text}")),
        (Difference::Incomplete, format!("{scheme}://{host}{text}")),
        (Difference::Incomplete, format!("{scheme}://{host}/{text}")),
        (Difference::Port, port.map_or_else(String::new, |port| text.replacen(*port, "/", 1))),
    ];
    let covering = mended.into_iter().find(|(_, text)| Resource::new(&**text).covers(url));
    covering.map(|(difference, _)| difference).or_else(|| other_case(text, url))
}

fn other_case(text: &str, url: &ViewerUrl<'_>) -> Option<Difference> {
    let lowered = url.to_string().to_ascii_lowercase();
    let lowered = ViewerUrl::parse(&lowered).ok()?;
    Resource::new(text.to_ascii_lowercase()).covers(&lowered).then_some(Difference::LetterCase)
}

fn other_host(pattern: &Resource, url: &ViewerUrl<'_>) -> Option<Difference> {
    let (_, rest) = pattern.as_str().split_once("://")?;
    let host = rest.split('/').next()?;
    let query = url.query().map(|query| Cow::Owned(query.to_owned()));
    let there = ViewerUrl::new(url.scheme(), host, url.path(), None).with_query(query);
    pattern.covers(&there).then_some(Difference::Host)
}
