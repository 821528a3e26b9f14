//! From JSON: each member once, and none that the reader doesn't know inside a statement.

use std::borrow::Cow;

use super::{MAX_POLICY_BYTES, Policy, PolicyError, Reading, Scope, Statement};
use crate::json::{self, Json};
use crate::network::Network;
use crate::resource::Resource;
use crate::time::{EpochTime, Window};

impl Policy {
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
}

impl Statement {
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
