//! A bucket that speaks Amazon S3's protocol, and the signature that opens it.
//!
//! What is signed is what is sent. A signed request's path and query are first spelled as S3
//! spells them (each byte but `A-Z a-z 0-9 - . _ ~` and `/` percent-encoded, once), so that
//! it does not matter whether a server checks the bytes that it got or those that it makes of
//! them. The key stays the same: `/a%20b+c` and `/a%20b%2Bc` are both the key `a b+c`.
//!
//! The edge may do with a bucket what its credentials allow, and that is more than viewers are
//! meant to. So what is signed asks for an object, and for nothing but the object: never for
//! the bucket, whose answer is a list of every key, nor for one of S3's sub-resources.
//!
//! A bucket's answers are passed on with their status and body: whether a missing object is
//! 404 or 403 is the bucket's policy, and S3's `Access Denied` stays S3's own.

use std::sync::Arc;

use gatepass_distribution::{Endpoint, S3Origin, SigningBehavior};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, HOST, RANGE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use reqsign_aws_v4::RequestSigner;
use reqsign_core::{Context, SignRequest};

use crate::origin::credentials::Credentials;
use crate::origin::http::host;
use crate::origin::peer::{Outgoing, Peer};
use crate::origin::remote_body::RemoteBody;
use crate::origin::request::{OriginRequest, RequestBody};
use crate::origin::surroundings::{Surroundings, elsewhere};
use crate::origin::target::target;
use crate::origin::trouble::Trouble;

/// What S3 percent-encodes in a query.
const QUERY: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What S3 percent-encodes in a path.
const PATH: AsciiSet = QUERY.remove(b'/');

const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// The SHA-256 of nothing.
const EMPTY: HeaderValue =
    HeaderValue::from_static("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

/// A body that is still arriving can't be signed; TLS protects it.
const UNSIGNED: HeaderValue = HeaderValue::from_static("UNSIGNED-PAYLOAD");

/// A bucket, and who asks it.
#[derive(Debug)]
pub(crate) struct Bucket {
    peer: Peer,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
    /// The bucket, if it is part of the path, and the origin's path.
    path: Box<str>,
    /// Where in it the key begins.
    key_at: usize,
    signing: SigningBehavior,
    signer: RequestSigner,
    credentials: Credentials,
}

impl Bucket {
    pub(crate) fn open(origin: &S3Origin, surroundings: &Surroundings) -> Result<Self, Trouble> {
        let S3Origin { bucket, region, patience, allow_private_addresses, .. } = origin;
        let (endpoint, path) = locate(origin);
        let host = host(&endpoint)?;
        let authority = Authority::try_from(host.as_bytes())
            .map_err(|_| Trouble::Unreachable(format!("{bucket:?} has no host").into()))?;
        Ok(Self {
            peer: Peer::new(&endpoint, *patience, *allow_private_addresses, surroundings)?,
            scheme: if endpoint.is_https { Scheme::HTTPS } else { Scheme::HTTP },
            authority,
            host,
            key_at: path.len() - origin.path.len(),
            path,
            signing: origin.signing,
            signer: RequestSigner::new("s3", region).with_standard_session_token(),
            credentials: Credentials::new(origin.profile.as_deref(), surroundings),
        })
    }

    /// Where it is, and what it puts before every path.
    pub(crate) fn place(&self) -> (&Endpoint, &str) {
        (self.peer.endpoint(), &self.path)
    }

    pub(crate) async fn fetch(
        self: &Arc<Self>,
        request: OriginRequest,
    ) -> Result<Response<RemoteBody>, Trouble> {
        let bucket = Arc::clone(self);
        let work = async move {
            let is_part = request.headers.contains_key(RANGE);
            let outgoing = bucket.outgoing(request).await?;
            let answer = bucket.peer.exchange(outgoing).await;
            answer.map(|answer| if is_part { call_a_part_a_part(answer) } else { answer })
        };
        elsewhere(self.peer.runtime(), work).await
    }

    async fn outgoing(&self, request: OriginRequest) -> Result<Outgoing, Trouble> {
        let OriginRequest { method, path, query, mut headers, body, .. } = request;
        // A bucket answers to its own name, and to nobody else's.
        headers.insert(HOST, self.host.clone());
        if !self.signs(&headers) {
            let target = target(&self.path, &path, query.as_deref())?;
            return Ok(Outgoing { method, target, headers, body });
        }
        let path = format!("{}{path}", self.path);
        if !names_an_object(&path[self.key_at..]) {
            return Err(Trouble::NoObject);
        }
        let path = respell_path(&path);
        let query = query.as_deref().map(respell_query);
        let query = query.map(|query| without_commands(&method, &query)).transpose()?;
        let target = target("", &path, query.as_deref())?;
        drop_commands(&mut headers);
        headers.remove(AUTHORIZATION);
        let payload = if matches!(body, RequestBody::Empty) { EMPTY } else { UNSIGNED };
        headers.insert(CONTENT_SHA256, payload);
        self.sign(&method, &target, &mut headers).await?;
        Ok(Outgoing { method, target, headers, body })
    }

    fn signs(&self, headers: &HeaderMap) -> bool {
        match self.signing {
            SigningBehavior::Always => true,
            SigningBehavior::Never => false,
            SigningBehavior::NoOverride => !headers.contains_key(AUTHORIZATION),
        }
    }

    /// Signs the host and what begins with `x-amz-`, as S3 asks. Other headers, such as
    /// `Range`, are left to whatever is between us and the bucket.
    async fn sign(
        &self,
        method: &Method,
        target: &PathAndQuery,
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble> {
        let credential = self.credentials.get().await?;
        let uri = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        let uri = uri.path_and_query(target.clone()).build().expect("it has all three parts");
        let (mut parts, ()) = Request::new(()).into_parts();
        (parts.method, parts.uri) = (method.clone(), uri);
        let is_signed = |name: &HeaderName| *name == HOST || name.as_str().starts_with("x-amz-");
        let signed = headers.iter().filter(|(name, _)| is_signed(name));
        parts.headers = signed.map(|(name, value)| (name.clone(), value.clone())).collect();
        // It has no need to look anywhere.
        let nowhere = Context::new();
        let signing = self.signer.sign_request(&nowhere, &mut parts, Some(&credential), None);
        signing.await.map_err(|error| match error.kind() {
            reqsign_core::ErrorKind::CredentialInvalid => {
                Trouble::NoCredentials(error.to_string().into())
            }
            _ => Trouble::Viewer("its path is not a key that a bucket can have".into()),
        })?;
        for (name, value) in &parts.headers {
            headers.insert(name, value.clone());
        }
        Ok(())
    }
}

/// The endpoint that the bucket is asked at, and what comes before every key.
fn locate(origin: &S3Origin) -> (Endpoint, Box<str>) {
    let S3Origin { bucket, endpoint, path, .. } = origin;
    if origin.is_path_style {
        return (endpoint.clone(), format!("/{bucket}{path}").into());
    }
    let host = format!("{bucket}.{}", endpoint.host).into();
    (Endpoint { host, ..endpoint.clone() }, path.clone())
}

/// Some servers (rclone's is one) answer a range with a part of the object, and 200 all the
/// same. Taken at its word, the part would be served as the whole.
fn call_a_part_a_part<B>(mut answer: Response<B>) -> Response<B> {
    let text =
        |name| answer.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let length = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if answer.status() == StatusCode::OK
        && length.is_some()
        && text(CONTENT_RANGE).and_then(part_length) == length
    {
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    answer
}

/// How long the part is that `bytes 0-9/100` speaks of.
fn part_length(content_range: &str) -> Option<u64> {
    let (part, _) = content_range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
    last.checked_sub(first)?.checked_add(1)
}

/// Takes out what would have the bucket do more than it was asked for, with our signature
/// beneath it: copy from elsewhere, open an object to the world. What describes an object
/// stays.
fn drop_commands(headers: &mut HeaderMap) {
    let is_command = |name: &&HeaderName| {
        let command = name.as_str().strip_prefix("x-amz-");
        command.is_some_and(|rest| !rest.starts_with("meta-") && !rest.starts_with("checksum-"))
    };
    for name in headers.keys().filter(is_command).cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
}

/// Whether a path is that of an object, however a server reads it: one that resolves dots or
/// drops empty segments must not end up at the bucket itself, or outside of it.
fn names_an_object(path: &str) -> bool {
    let path: Vec<u8> = percent_decode_str(path).collect();
    let mut depth = 0_usize;
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." if depth == 0 => return false,
            b".." => depth -= 1,
            _ => depth += 1,
        }
    }
    depth > 0
}

/// Takes out of a query what does not choose among an object's versions and parts, or say how
/// it is to be answered: its ACL, its tags, a list of uploads. S3 heeds nothing else, so what
/// is no sub-resource is not missed. Without it a PUT or DELETE would do something else than
/// it says, and is refused.
fn without_commands(method: &Method, query: &str) -> Result<String, Trouble> {
    let of_object = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        matches!(name, "versionId" | "partNumber") || name.starts_with("response-")
    };
    let pairs = || query.split('&').filter(|pair| !pair.is_empty());
    if !method.is_safe() && !pairs().all(|pair| of_object(&pair)) {
        return Err(Trouble::Viewer("its query asks for more than an object".into()));
    }
    Ok(pairs().filter(of_object).collect::<Vec<_>>().join("&"))
}

fn respell_path(path: &str) -> String {
    let key: Vec<u8> = percent_decode_str(path).collect();
    percent_encode(&key, &PATH).to_string()
}

/// A `+` is a space to some servers and a plus to others; as `%20` it is a space to all.
fn respell_query(query: &str) -> String {
    let respell = |text: &str| {
        let text: Vec<u8> = percent_decode_str(&text.replace('+', " ")).collect();
        percent_encode(&text, &QUERY).to_string()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| match pair.split_once('=') {
        Some((name, value)) => format!("{}={}", respell(name), respell(value)),
        None => respell(pair),
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_spelled_in_one_way() {
        for (path, spelled) in [
            ("/", "/"),
            ("/a/b%20c+%C3%A9~=%2525.bin", "/a/b%20c%2B%C3%A9~%3D%2525.bin"),
            ("/a/b%20c%2b\u{e9}%7e%3D%2525.bin", "/a/b%20c%2B%C3%A9~%3D%2525.bin"),
            ("/film(1)!*'.mp4", "/film%281%29%21%2A%27.mp4"),
            ("//a/../b/", "//a/../b/"),
            ("/100%", "/100%25"),
            ("/%zz", "/%25zz"),
            ("/%ff", "/%FF"),
        ] {
            assert_eq!(respell_path(path), spelled, "{path}");
            assert_eq!(respell_path(spelled), spelled, "{spelled}");
        }
    }

    #[test]
    fn an_object_is_told_from_its_bucket() {
        for path in ["/a", "/a/", "//a", "/%61", "/a/../b", "/...", "/%20", "/?", "/a/%2e%2e/b/"] {
            assert!(names_an_object(path), "{path}");
        }
        for path in ["", "/", "//", "/%2F", "/.", "/%2e/", "/a/..", "/a/%2e%2E/", "/..", "/../b/c"]
        {
            assert!(!names_an_object(path), "{path}");
        }
    }

    #[test]
    fn a_query_is_spelled_in_one_way() {
        for (query, spelled) in [
            ("", ""),
            ("versionId=3/L4kqtJ+x", "versionId=3%2FL4kqtJ%20x"),
            ("a=b=c&&acl&d=", "a=b%3Dc&acl&d="),
            ("a=%2B&%61=%7e", "a=%2B&a=~"),
        ] {
            assert_eq!(respell_query(query), spelled, "{query}");
            assert_eq!(respell_query(spelled), spelled, "{spelled}");
        }
    }
}
