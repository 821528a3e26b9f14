//! What a pass allows, from and to CloudFront's JSON.
//!
//! ```json
//! {"Statement":[{"Resource":"URL","Condition":{"DateLessThan":{"AWS:EpochTime":N},
//!  "IpAddress":{"AWS:SourceIp":"A.B.C.D/N"},"DateGreaterThan":{"AWS:EpochTime":N}}}]}
//! ```
//!
//! There are two readings. **CloudFront**'s grammar has one statement, one `Resource` and
//! IPv4. **Gatepass** also reads several statements, a list of resources, and IPv6. In both:
//!
//! 1. `DateLessThan` must be there. A pass without an end is no pass.
//! 2. A repeated member anywhere, or an unknown one inside a statement, is refused: a
//!    restriction that one reader overlooks would widen what another granted.
//! 3. Times are whole seconds, unquoted. Milliseconds are refused.
//! 4. A statement without `Resource` covers every URL behind the gates that trust the key.
//!
//! # Invariants
//!
//! - A [`Policy`] is well-formed by construction. It says nothing about who signed it.
//! - The signed bytes are read, never written anew and compared.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::json::{self, Json, JsonError};
use crate::network::Network;
use crate::resource::Resource;
use crate::time::{EpochTime, EpochTimeError, Window};
use crate::url::ViewerUrl;

/// A policy of more decoded bytes than this is refused.
pub(crate) const MAX_POLICY_BYTES: usize = 8_192;

/// What a pass allows: one or more statements, of which any one may admit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    statements: Box<[Statement]>,
}

/// Some URLs, for one span of time, perhaps from one network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    scope: Scope,
    window: Window,
    network: Option<Network>,
}

/// The URLs that a statement covers.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "CloudFront knows no fourth scope")]
pub enum Scope {
    /// Every URL: the statement has no `Resource`.
    Everything,
    /// One URL, in which `*` and `?` mean themselves: a canned policy.
    Exactly(Box<str>),
    /// The URLs that any of these patterns covers.
    Patterns(Vec<Resource>),
}

/// Whose grammar is read.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a third grammar would be a new major version")]
pub enum Reading {
    /// CloudFront's, and nothing that CloudFront would refuse.
    CloudFront,
    /// CloudFront's, and several resources, statements and passes, and IPv6.
    #[default]
    Gatepass,
}

/// How a custom policy is spelled: the order of its conditions, and letters beyond ASCII.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum JsonStyle {
    /// As botocore: expiry, network, start; ASCII with `\uXXXX`.
    #[default]
    Botocore,
    /// As AWS's JavaScript signer: expiry, start, network; UTF-8.
    JavaScript,
}

/// Why bytes are not a policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is not base64 in CloudFront's alphabet.
    #[error("the policy is {0}")]
    Encoding(#[from] crate::encoding::EncodingError),
    /// It begins with a byte order mark.
    #[error("the policy begins with a byte order mark")]
    ByteOrderMark,
    /// It is nested too deeply.
    #[error("the policy is nested more than 8 levels deep")]
    Depth,
    /// A time is not a whole number of seconds: a string, a fraction, an exponent, a sign.
    #[error("{0} is not a whole number of seconds: expected digits without quotes")]
    EpochTimeKind(&'static str),
    /// A time is out of range.
    #[error("{0}: {1}")]
    EpochTimeRange(&'static str, EpochTimeError),
    /// The canned pass's `Expires` is not a time.
    #[error("Expires: {0}")]
    Expires(EpochTimeError),
    /// `AWS:SourceIp` is an IPv6 range, which CloudFront refuses.
    #[error("AWS:SourceIp {0:?} is IPv6, which CloudFront does not support in a policy")]
    Ipv6(Box<str>),
    /// A member has a value of the wrong kind.
    #[error("{member} is not {expected}")]
    Kind {
        /// The member's name.
        member: &'static str,
        /// What should have been there.
        expected: &'static str,
    },
    /// A member is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// `AWS:SourceIp` is no address and no range.
    #[error("AWS:SourceIp: {0}")]
    Network(#[from] crate::network::NetworkError),
    /// A member appears twice.
    #[error("the member {0:?} appears twice")]
    RepeatedMember(Box<str>),
    /// There is not exactly one statement.
    #[error("the policy has {0} statements, where CloudFront wants exactly one")]
    StatementCount(usize),
    /// It is not JSON.
    #[error("the policy is not JSON: {0}")]
    Syntax(Box<str>),
    /// It is too long.
    #[error("the policy has {0} bytes, more than 8192")]
    TooLong(usize),
    /// Something stands behind the end.
    #[error("there are bytes after the end of the policy")]
    TrailingBytes,
    /// A statement or condition has a member that CloudFront does not know.
    #[error("{parent} has an unknown member {member:?}")]
    UnknownMember {
        /// Where it stands.
        parent: &'static str,
        /// Its name.
        member: Box<str>,
    },
}

impl Policy {
    /// One statement over some patterns; over every URL if there are none.
    pub fn new(resources: impl IntoIterator<Item = Resource>, window: Window) -> Self {
        let resources: Vec<_> = resources.into_iter().collect();
        let scope =
            if resources.is_empty() { Scope::Everything } else { Scope::Patterns(resources) };
        Self { statements: [Statement { scope, window, network: None }].into() }
    }

    /// What a canned pass says: this very URL, until then.
    pub(crate) fn canned(url: &ViewerUrl<'_>, expiry: EpochTime) -> Self {
        let scope = Scope::Exactly(url.to_string().into());
        let window = Window::until(expiry);
        Self { statements: [Statement { scope, window, network: None }].into() }
    }

    /// The same policy, good only from this network.
    #[must_use]
    pub fn from_network(mut self, network: &Network) -> Self {
        for statement in &mut self.statements {
            statement.network = Some(network.clone());
        }
        self
    }

    /// Reads the JSON that was signed.
    pub fn parse(json: &[u8], reading: Reading) -> Result<Self, PolicyError> {
        if json.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::TooLong(json.len()));
        }
        let Json::Object(members) = json::parse(json)? else {
            return Err(PolicyError::Kind { member: "the policy", expected: "an object" });
        };
        let statements = member(&members, "Statement").ok_or(PolicyError::Missing("Statement"))?;
        let Json::Array(statements) = statements else {
            return Err(PolicyError::Kind { member: "Statement", expected: "an array" });
        };
        let wanted = match reading {
            Reading::CloudFront => statements.len() == 1,
            Reading::Gatepass => !statements.is_empty(),
        };
        if !wanted {
            return Err(PolicyError::StatementCount(statements.len()));
        }
        let statements = statements
            .iter()
            .map(|json| Statement::read(json, reading))
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// Its statements: at least one.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The last second in which any of it admits is the one before this.
    pub fn expiry(&self) -> EpochTime {
        let expiries = self.statements.iter().map(|statement| statement.window.expiry());
        expiries.max().expect("a policy has a statement")
    }

    /// Writes the JSON as AWS's signers do, byte for byte.
    pub fn to_json(&self, style: JsonStyle) -> String {
        let mut json = String::from(r#"{"Statement":["#);
        for (at, statement) in self.statements.iter().enumerate() {
            json.push_str(if at == 0 { "" } else { "," });
            statement.write(&mut json, style);
        }
        json.push_str("]}");
        json
    }
}

impl From<Statement> for Policy {
    fn from(statement: Statement) -> Self {
        Self { statements: Box::new([statement]) }
    }
}

impl Statement {
    /// The same for other URLs.
    pub(crate) fn with_scope(&self, scope: Scope) -> Self {
        Self { scope, ..self.clone() }
    }

    /// The URLs it covers.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// When it admits.
    pub const fn window(&self) -> &Window {
        &self.window
    }

    /// Where the viewer must be, if that is restricted.
    pub const fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    fn read(json: &Json<'_>, reading: Reading) -> Result<Self, PolicyError> {
        let members = object(json, "Statement", &["Resource", "Condition"])?;
        let condition = member(members, "Condition").ok_or(PolicyError::Missing("Condition"))?;
        let condition =
            object(condition, "Condition", &["DateLessThan", "DateGreaterThan", "IpAddress"])?;
        let expiry = read_time(condition, "DateLessThan")?
            .ok_or(PolicyError::Missing("the expiry (DateLessThan)"))?;
        let window = Window::until(expiry);
        Ok(Self {
            scope: read_scope(member(members, "Resource"), reading)?,
            window: match read_time(condition, "DateGreaterThan")? {
                Some(start) => window.after(start),
                None => window,
            },
            network: read_network(condition, reading)?,
        })
    }

    fn write(&self, json: &mut String, style: JsonStyle) {
        json.push('{');
        if let Some(resource) = self.scope.to_json(style) {
            json.push_str(r#""Resource":"#);
            json.push_str(&resource);
            json.push(',');
        }
        let time =
            |name, time: EpochTime| format!(r#""{name}":{{"AWS:EpochTime":{}}}"#, time.seconds());
        let expiry = Some(time("DateLessThan", self.window.expiry()));
        let start = self.window.start().map(|start| time("DateGreaterThan", start));
        let network = self.network.as_ref().map(|network| {
            format!(r#""IpAddress":{{"AWS:SourceIp":"{}"}}"#, network.policy_text())
        });
        let conditions = match style {
            JsonStyle::Botocore => [expiry, network, start],
            JsonStyle::JavaScript => [expiry, start, network],
        };
        let conditions: Vec<_> = conditions.into_iter().flatten().collect();
        json.push_str(r#""Condition":{"#);
        json.push_str(&conditions.join(","));
        json.push_str("}}");
    }
}

impl Scope {
    /// Says whether the URL is among them.
    pub fn covers(&self, url: &ViewerUrl<'_>) -> bool {
        match self {
            Self::Everything => true,
            Self::Exactly(text) => url.is_spelled(text) && !url.has_dot_segments(),
            Self::Patterns(patterns) => patterns.iter().any(|pattern| pattern.covers(url)),
        }
    }

    /// The URL or the patterns, as text; none if it covers everything.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Everything => Vec::new(),
            Self::Exactly(url) => vec![url],
            Self::Patterns(patterns) => patterns.iter().map(Resource::as_str).collect(),
        }
    }

    fn to_json(&self, style: JsonStyle) -> Option<String> {
        let texts: Vec<_> = self.texts().into_iter().map(|text| quote(text, style)).collect();
        match &*texts {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("[{}]", several.join(","))),
        }
    }
}

/// The bytes a canned pass signs: the URL is put in as it is, unescaped.
pub(crate) fn canned_json(url: &str, expires: &str) -> String {
    let mut json = String::with_capacity(url.len() + expires.len() + 90);
    let written = write!(
        json,
        r#"{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}"#
    );
    written.expect("a string takes all text");
    json
}

/// Writes JSON text as Python's `json.dumps` or JavaScript's `JSON.stringify` does.
pub(crate) fn quote(text: &str, style: JsonStyle) -> String {
    let quoted = serde_json::to_string(text).expect("text can be written as JSON");
    match style {
        JsonStyle::JavaScript => quoted,
        JsonStyle::Botocore => {
            quoted.chars().fold(String::with_capacity(quoted.len()), |mut ascii, letter| {
                if letter.is_ascii() {
                    ascii.push(letter);
                } else {
                    for unit in letter.encode_utf16(&mut [0; 2]) {
                        write!(ascii, "\\u{unit:04x}").expect("a string takes all text");
                    }
                }
                ascii
            })
        }
    }
}

type Members<'j, 'a> = &'j [(Cow<'a, str>, Json<'a>)];

fn member<'j, 'a>(members: Members<'j, 'a>, name: &str) -> Option<&'j Json<'a>> {
    members.iter().find(|(known, _)| known == name).map(|(_, json)| json)
}

fn object<'j, 'a>(
    json: &'j Json<'a>,
    parent: &'static str,
    known: &[&str],
) -> Result<Members<'j, 'a>, PolicyError> {
    let Json::Object(members) = json else {
        return Err(PolicyError::Kind { member: parent, expected: "an object" });
    };
    match members.iter().find(|(name, _)| !known.contains(&&**name)) {
        Some((name, _)) => Err(PolicyError::UnknownMember { parent, member: (&**name).into() }),
        None => Ok(members),
    }
}

fn read_time(
    condition: Members<'_, '_>,
    name: &'static str,
) -> Result<Option<EpochTime>, PolicyError> {
    let Some(json) = member(condition, name) else {
        return Ok(None);
    };
    match member(object(json, name, &["AWS:EpochTime"])?, "AWS:EpochTime") {
        Some(Json::Integer(seconds)) => EpochTime::in_pass(*seconds)
            .map(Some)
            .map_err(|error| PolicyError::EpochTimeRange(name, error)),
        Some(_) => Err(PolicyError::EpochTimeKind(name)),
        None => Err(PolicyError::Missing("AWS:EpochTime")),
    }
}

fn read_network(
    condition: Members<'_, '_>,
    reading: Reading,
) -> Result<Option<Network>, PolicyError> {
    let Some(json) = member(condition, "IpAddress") else {
        return Ok(None);
    };
    let Some(json) = member(object(json, "IpAddress", &["AWS:SourceIp"])?, "AWS:SourceIp") else {
        return Err(PolicyError::Missing("AWS:SourceIp"));
    };
    let Json::Text(text) = json else {
        return Err(PolicyError::Kind { member: "AWS:SourceIp", expected: "text" });
    };
    let network: Network = text.parse()?;
    match reading {
        Reading::CloudFront if network.is_ipv6() => Err(PolicyError::Ipv6((&**text).into())),
        _ => Ok(Some(network)),
    }
}

fn read_scope(json: Option<&Json<'_>>, reading: Reading) -> Result<Scope, PolicyError> {
    let pattern = |json: &Json<'_>| match json {
        Json::Text(text) => Ok(Resource::new(&**text)),
        _ => Err(PolicyError::Kind { member: "Resource", expected: "text" }),
    };
    match json {
        None => Ok(Scope::Everything),
        Some(Json::Array(several)) if reading == Reading::Gatepass && !several.is_empty() => {
            Ok(Scope::Patterns(several.iter().map(pattern).collect::<Result<_, _>>()?))
        }
        Some(one) => Ok(Scope::Patterns(vec![pattern(one)?])),
    }
}

impl From<JsonError> for PolicyError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::ByteOrderMark => Self::ByteOrderMark,
            JsonError::Depth => Self::Depth,
            JsonError::Members => Self::Syntax("an object has more than 32 members".into()),
            JsonError::RepeatedMember(name) => Self::RepeatedMember(name),
            JsonError::Syntax(problem) => Self::Syntax(problem),
            JsonError::TrailingBytes => Self::TrailingBytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(seconds).unwrap()
    }

    #[test]
    fn writes_both_orders() {
        let policy = Policy::new(
            [Resource::new("https://e.com/é\"*")],
            Window::until(at(200)).after(at(100)),
        )
        .from_network(&"10.0.0.1".parse().unwrap());
        assert_eq!(
            policy.to_json(JsonStyle::Botocore),
            r#"{"Statement":[{"Resource":"https://e.com/\u00e9\"*","Condition":{"DateLessThan":{"AWS:EpochTime":200},"IpAddress":{"AWS:SourceIp":"10.0.0.1/32"},"DateGreaterThan":{"AWS:EpochTime":100}}}]}"#
        );
        assert_eq!(
            policy.to_json(JsonStyle::JavaScript),
            r#"{"Statement":[{"Resource":"https://e.com/é\"*","Condition":{"DateLessThan":{"AWS:EpochTime":200},"DateGreaterThan":{"AWS:EpochTime":100},"IpAddress":{"AWS:SourceIp":"10.0.0.1/32"}}}]}"#
        );
        let json = policy.to_json(JsonStyle::Botocore);
        let read = Policy::parse(json.as_bytes(), Reading::CloudFront).unwrap();
        assert_eq!(read.to_json(JsonStyle::Botocore), json);
    }

    #[test]
    fn each_defect_has_its_own_reason() {
        let with = |statement: &str| format!(r#"{{"Statement":[{statement}]}}"#);
        let timed = |time: &str| {
            with(&format!(
                r#"{{"Resource":"*","Condition":{{"DateLessThan":{{"AWS:EpochTime":{time}}}}}}}"#
            ))
        };
        let condition = |condition: &str| with(&format!(r#"{{"Condition":{{{condition}}}}}"#));
        let good = r#"{"Condition":{"DateLessThan":{"AWS:EpochTime":1}}}"#;
        for (json, error) in [
            (timed("\"1\""), "DateLessThan is not a whole number"),
            (timed("1.0"), "DateLessThan is not a whole number"),
            (timed("1e3"), "DateLessThan is not a whole number"),
            (timed("-1"), "DateLessThan is not a whole number"),
            (timed("0"), "DateLessThan: 0 is out of range"),
            (timed("9223372036854775808"), "DateLessThan: 9223372036854775808 is out of range"),
            (timed("1767290400000"), "DateLessThan: 1767290400000 looks like milliseconds"),
            (timed("1}}}]} x").replace("}}}]} x}", "}}}]} x"), "there are bytes after the end"),
            (format!("\u{feff}{}", with(good)), "the policy begins with a byte order mark"),
            (with(""), "the policy has 0 statements"),
            (with(&format!("{good},{good}")), "the policy has 2 statements"),
            (format!(r#"{{"Statement":{good}}}"#), "Statement is not an array"),
            ("{}".to_owned(), "Statement is missing"),
            ("[]".to_owned(), "the policy is not an object"),
            ("undefined".to_owned(), "the policy is not JSON"),
            (with("{}"), "Condition is missing"),
            (condition(""), "the expiry (DateLessThan) is missing"),
            (condition(r#""DateLessThan":{}"#), "AWS:EpochTime is missing"),
            (
                with(r#"{"Condition":{},"Effect":"Deny"}"#),
                "Statement has an unknown member \"Effect\"",
            ),
            (
                condition(r#""DateLessThan":{"AWS:EpochTime":1},"Bool":{}"#),
                "Condition has an unknown member",
            ),
            (
                condition(r#""DateLessThan":{"AWS:EpochTime":1,"x":1}"#),
                "DateLessThan has an unknown member",
            ),
            (
                condition(
                    r#""DateLessThan":{"AWS:EpochTime":1},"DateLessThan":{"AWS:EpochTime":2}"#,
                ),
                "the member \"DateLessThan\" appears twice",
            ),
            (
                condition(
                    r#""DateLessThan":{"AWS:EpochTime":1},"IpAddress":{"AWS:SourceIp":"::/0"}"#,
                ),
                "AWS:SourceIp \"::/0\" is IPv6",
            ),
            (
                condition(r#""DateLessThan":{"AWS:EpochTime":1},"IpAddress":{"AWS:SourceIp":"x"}"#),
                "AWS:SourceIp: \"x\" is not an IP address",
            ),
            (
                with(r#"{"Resource":["*"],"Condition":{"DateLessThan":{"AWS:EpochTime":1}}}"#),
                "Resource is not text",
            ),
            (" ".repeat(8_193), "the policy has 8193 bytes"),
        ] {
            let found =
                Policy::parse(json.as_bytes(), Reading::CloudFront).unwrap_err().to_string();
            assert!(found.starts_with(error), "{json}: {found}");
        }
    }

    #[test]
    fn gatepass_reads_lists_and_ipv6() {
        let json = br#"{"Statement":[
            {"Resource":["https://a/*","https://b/*"],"Condition":{"DateLessThan":{"AWS:EpochTime":7}}},
            {"Condition":{"DateLessThan":{"AWS:EpochTime":9},"IpAddress":{"AWS:SourceIp":"::/0"}}}
        ],"Id":"unknown members up here are ignored"}"#;
        let policy = Policy::parse(json, Reading::Gatepass).unwrap();
        assert_eq!(policy.statements().len(), 2);
        assert_eq!(policy.expiry(), at(9));
        assert!(Policy::parse(br#"{"Statement":[{"Resource":[],"Condition":{"DateLessThan":{"AWS:EpochTime":7}}}]}"#, Reading::Gatepass).is_err());
    }
}
