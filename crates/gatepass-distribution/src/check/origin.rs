//! Origins: custom headers within CloudFront's limits, buckets with a name, groups of two.
//!
//! Values of custom headers are secrets. No mistake repeats one.

use std::collections::HashSet;

use super::conduct::VALUE_RULE;
use super::{Check, list};
use crate::header_field;
use crate::origin::{HttpOrigin, Origin, OriginGroup, OriginKind, S3Origin};

const MAX_HEADERS: usize = 30;

const MAX_VALUE_BYTES: usize = 1_783;

/// Of all names and values of one origin.
const MAX_HEADER_BYTES: usize = 10_240;

/// The statuses that CloudFront lets an origin group turn on.
const GROUP_STATUSES: [u16; 8] = [403, 404, 416, 429, 500, 502, 503, 504];

impl Check<'_> {
    pub(super) fn origins(&mut self, at: &str, origins: &[Origin]) {
        self.unique(&format!("{at}.origin"), origins.iter().map(|origin| &*origin.id));
        for (nth, origin) in origins.iter().enumerate() {
            let at = format!("{at}.origin[{nth}]");
            match &origin.kind {
                OriginKind::Directory(_) => {}
                OriginKind::Http(http) => self.custom_headers(&at, http),
                OriginKind::S3(s3) => self.bucket(&at, s3),
                OriginKind::Group(group) => self.group(&at, group, origins),
            }
        }
    }

    fn custom_headers(&mut self, at: &str, http: &HttpOrigin) {
        if http.headers.len() > MAX_HEADERS {
            self.mistake(
                format!("{at}.headers"),
                format!(
                    "an origin is sent at most {MAX_HEADERS} headers, not {}",
                    http.headers.len()
                ),
            );
        }
        let bytes: usize = http.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > MAX_HEADER_BYTES {
            self.mistake(
                format!("{at}.headers"),
                format!(
                    "the headers of an origin take at most {MAX_HEADER_BYTES} bytes, not {bytes}"
                ),
            );
        }
        let mut seen = HashSet::new();
        for (name, value) in &http.headers {
            let place = format!("{at}.headers.{name}");
            if !header_field::is_name(name) {
                self.mistake(&place, format!("{name:?} is no name of a header"));
            } else if header_field::is_kept_from_origin_headers(name) {
                self.mistake(
                    &place,
                    format!("{name} can't be set: the edge sends its own, or none"),
                );
            } else if !seen.insert(name.to_ascii_lowercase()) {
                self.mistake(&place, format!("{name} is set twice; capitals don't count"));
            }
            if !header_field::is_value(value) {
                self.mistake(&place, format!("the value of {name} can't be sent: {VALUE_RULE}"));
            } else if value.len() > MAX_VALUE_BYTES {
                let length = value.len();
                self.mistake(
                    &place,
                    format!(
                        "the value of {name} has {length} bytes; it may have {MAX_VALUE_BYTES}"
                    ),
                );
            }
        }
    }

    fn bucket(&mut self, at: &str, s3: &S3Origin) {
        if !is_bucket(&s3.bucket, s3.is_path_style) {
            self.mistake(
                format!("{at}.s3.bucket"),
                format!(
                    "{:?} is no name of a bucket: expected 3 to 63 small letters, digits, - and .",
                    s3.bucket
                ),
            );
        } else if !s3.is_path_style && s3.endpoint.is_address() {
            self.mistake(
                format!("{at}.s3.endpoint"),
                format!(
                    "no host name begins with a bucket's and ends with {}: set path-style = true",
                    s3.endpoint.host
                ),
            );
        } else if !s3.is_path_style && s3.endpoint.is_https && s3.bucket.contains('.') {
            self.mistake(
                format!("{at}.s3.bucket"),
                format!(
                    "no certificate is for {}.{}, because of the dots: set path-style = true",
                    s3.bucket, s3.endpoint.host
                ),
            );
        }
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=64).contains(&s3.region.len()) || !s3.region.bytes().all(is_word) {
            self.mistake(
                format!("{at}.s3.region"),
                format!("{:?} is no region: expected one such as us-east-1", s3.region),
            );
        }
    }

    fn group(&mut self, at: &str, group: &OriginGroup, origins: &[Origin]) {
        for (field, id) in [("primary", &group.primary), ("secondary", &group.secondary)] {
            let place = format!("{at}.group.{field}");
            match origins.iter().find(|origin| origin.id == *id).map(|origin| &origin.kind) {
                None => {
                    let known = list(origins.iter().map(|origin| &*origin.id));
                    self.mistake(place, format!("no origin has the ID {id:?}; there is {known}"));
                }
                Some(OriginKind::Group(_)) => {
                    self.mistake(place, format!("{id:?} is a group itself; groups don't nest"));
                }
                Some(OriginKind::Directory(_)) => {
                    let problem = format!("{id:?} is a folder; groups are of http and s3 origins");
                    self.mistake(place, problem);
                }
                Some(OriginKind::Http(_) | OriginKind::S3(_)) => {}
            }
        }
        if group.primary == group.secondary {
            self.mistake(
                format!("{at}.group.secondary"),
                format!("{:?} can't stand in for itself", group.secondary),
            );
        }
        self.group_statuses(at, group);
    }

    fn group_statuses(&mut self, at: &str, group: &OriginGroup) {
        if group.statuses.is_empty() {
            self.mistake(
                format!("{at}.group.statuses"),
                "a group needs a status to turn on, such as 503",
            );
        }
        for (nth, status) in group.statuses.iter().enumerate() {
            let place = format!("{at}.group.statuses[{nth}]");
            if !GROUP_STATUSES.contains(status) {
                self.mistake(
                    place,
                    format!("no group turns on {status}: expected 403, 404, 416, 429, 500, 502, 503 or 504"),
                );
            } else if group.statuses[..nth].contains(status) {
                self.mistake(place, format!("{status} is listed twice"));
            }
        }
    }
}

/// Amazon's rules for a name that is part of a host; other services are laxer where it is
/// part of a path.
fn is_bucket(name: &str, is_path_style: bool) -> bool {
    let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_strict = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_small(byte) || byte == b'-' || byte == b'.')
        && !name.contains("..")
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric());
    let is_lax = (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && name != "."
        && name != "..";
    is_strict || (is_path_style && is_lax)
}
