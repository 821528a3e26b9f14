//! `Vary`: which of the request's headers an answer was chosen by.
//!
//! What is compared is what the origin was sent under a name, not what the viewer sent: a
//! header that no policy lets through is the same for everyone, and splits nothing; one that
//! is normalized on its way splits by what it became. So is it after the policies have
//! changed, since the names are kept as the origin gave them.

use http::HeaderMap;
use http::header::{HeaderName, VARY};

use crate::asked::Asked;
use crate::forward;

/// An answer that names more headers is taken to vary by everything.
pub(crate) const MAX_NAMES: usize = 16;

/// The request headers that an origin says it chose by: in lower case, sorted, each once.
/// Nothing if it varies by what no two requests can be compared by.
pub(crate) fn read(headers: &HeaderMap) -> Option<Vec<Box<str>>> {
    let lines = headers.get_all(VARY).iter();
    let names = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let mut read: Vec<Box<str>> = Vec::new();
    for name in names.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()) {
        let name = HeaderName::from_bytes(name).ok()?;
        // No two requests have the same ID.
        if name == "*" || name == "x-amz-cf-id" {
            return None;
        }
        read.push(name.as_str().into());
    }
    read.sort_unstable();
    read.dedup();
    (read.len() <= MAX_NAMES).then_some(read)
}

/// What a request is told apart by: each header's name, whether the origin was sent it, and
/// its values.
pub(crate) fn values(asked: &Asked<'_>, names: &[Box<str>]) -> Vec<u8> {
    told_apart(names, |name, take| forward::each_sent(asked, name, take))
}

/// The same, from all headers that the origin was sent.
pub(crate) fn values_sent(sent: &HeaderMap, names: &[Box<str>]) -> Vec<u8> {
    told_apart(names, |name, take| {
        sent.get_all(name).iter().for_each(|line| take(line.as_bytes()));
    })
}

fn told_apart(names: &[Box<str>], each: impl Fn(&str, &mut dyn FnMut(&[u8]))) -> Vec<u8> {
    let mut values = Vec::with_capacity(128);
    for name in names {
        add(&mut values, |bytes| bytes.extend_from_slice(name.as_bytes()));
        let mut is_there = false;
        add(&mut values, |bytes| {
            each(name, &mut |line| {
                is_there = true;
                add_elements(bytes, line, name);
            });
        });
        values.push(u8::from(is_there));
    }
    values
}

/// Adds something with its length in front.
fn add(bytes: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let begin = bytes.len();
    bytes.extend_from_slice(&[0; 8]);
    fill(bytes);
    let length = (bytes.len() - begin - 8) as u64;
    bytes[begin..begin + 8].copy_from_slice(&length.to_le_bytes());
}

/// Adds the elements of a line (RFC 9111, section 4.1): spaces around the commas don't count,
/// nor does which line an element stands on. Languages have no case; their order is left as it
/// is, for many an origin takes the first.
fn add_elements(bytes: &mut Vec<u8>, line: &[u8], name: &str) {
    let mut is_quoted = false;
    let elements = line.split(|byte| {
        is_quoted ^= *byte == b'"';
        *byte == b',' && !is_quoted
    });
    for element in elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty()) {
        let begin = bytes.len();
        bytes.extend_from_slice(element);
        bytes.push(b',');
        if name == "accept-language" {
            bytes[begin..].make_ascii_lowercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use gatepass_distribution::Selection;
    use http::HeaderValue;

    use super::*;
    use crate::asked::sample::{Sample, get, only};
    use crate::origin::request::RequestBody;

    fn read(lines: &[&str]) -> Option<Vec<Box<str>>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(VARY, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        super::read(&headers)
    }

    /// From the one header, and from all: it must be the same.
    fn values(names: &str, sample: &Sample) -> Vec<u8> {
        let names = read(&[names]).unwrap();
        let sent = sample.ask(|asked| forward::origin_request(asked, RequestBody::Empty));
        let values = sample.ask(|asked| super::values(asked, &names));
        assert_eq!(values, values_sent(&sent.headers, &names));
        values
    }

    fn all() -> Sample {
        get("https://e.com/").sending(|policy| policy.headers = Selection::All)
    }

    #[test]
    fn names_are_sorted_and_few() {
        assert_eq!(read(&[]), Some(Vec::new()));
        assert_eq!(read(&["", " , "]), Some(Vec::new()));
        let names = Some(vec!["accept".into(), "x-a".into()]);
        assert_eq!(read(&["X-A,accept", " Accept , x-a"]), names);
        for everything in ["*", "a, *", ", *", "*, *", "a b", "é", "x-amz-cf-id", "a;b"] {
            assert_eq!(read(&["x", everything]), None, "{everything}");
        }
        let many = |count| (0..count).map(|n| format!("x-{n}")).collect::<Vec<_>>().join(",");
        assert_eq!(read(&[&many(16)]).map(|names| names.len()), Some(16));
        assert_eq!(read(&[&many(17)]), None);
    }

    #[test]
    fn what_an_origin_reads_alike_is_alike_and_nothing_else() {
        let of = |lines: &[&str]| {
            let sample = lines.iter().fold(all(), |sample, line| sample.with("foo", line));
            values("Foo", &sample)
        };
        for lines in [&["1,2"][..], &["1, 2"], &[" 1 ,\t2, "], &["1", "2"]] {
            assert_eq!(of(lines), of(&["1,2"]), "{lines:?}");
        }
        let others =
            [&[][..], &[""], &["1"], &["2,1"], &["12"], &["1 2"], &["\"1,2\""], &["\"1, 2\""]];
        for (at, lines) in others.iter().enumerate() {
            assert_ne!(of(lines), of(&["1,2"]), "{lines:?}");
            assert!(others[..at].iter().all(|other| of(other) != of(lines)), "{lines:?}");
        }
    }

    #[test]
    fn languages_have_no_case_but_an_order() {
        let of = |line: &str| values("accept-language", &all().with("accept-language", line));
        assert_eq!(of("en, de"), of(" eN ,DE"));
        assert_ne!(of("en, de"), of("de, en"));
    }

    #[test]
    fn what_an_origin_never_sees_tells_nobody_apart() {
        let names = "foo, user-agent, cookie, accept-encoding, authorization, range, host";
        let plain = get("https://e.com/");
        let other = [("foo", "1"), ("user-agent", "x"), ("cookie", "a=1"), ("range", "bytes=0-1")]
            .into_iter()
            .chain([("accept-encoding", "gzip"), ("authorization", "x")])
            .fold(get("https://other.com/"), |sample, (name, value)| sample.with(name, value));
        assert_eq!(values(names, &plain), values(names, &other));
        for seen in ["foo", "user-agent", "host", "accept-encoding", "authorization"] {
            let sees = |sample: &Sample| {
                values(
                    names,
                    &sample.clone().sending(|policy| {
                        policy.headers = if seen == "accept-encoding" || seen == "authorization" {
                            Selection::All
                        } else {
                            only([seen])
                        };
                    }),
                )
            };
            assert_ne!(sees(&plain), sees(&other), "{seen}");
        }
        let sees = |sample: &Sample| {
            values(names, &sample.clone().sending(|policy| policy.cookies = only(["a"])))
        };
        assert_ne!(sees(&plain), sees(&other));
    }

    #[test]
    fn encodings_split_by_what_they_are_normalized_to() {
        let of = |line: &str| {
            let sample = get("https://e.com/").by(|policy| policy.gzip = true);
            values("accept-encoding", &sample.with("accept-encoding", line))
        };
        assert_eq!(of("gzip, deflate, br"), of("gzip;q=0.5"));
        assert_ne!(of("gzip"), of("deflate"));
    }

    #[test]
    fn who_asks_is_among_what_an_origin_sees() {
        let of = |peer: &str| {
            let sample = Sample { peer: peer.parse().unwrap(), ..get("https://e.com/") };
            values("x-forwarded-for", &sample)
        };
        assert_eq!(of("192.0.2.7:1"), of("192.0.2.7:2"));
        assert_ne!(of("192.0.2.7:1"), of("192.0.2.8:1"));
    }
}
