//! JSON as it was written: members in order, repeated ones noticed, whole numbers kept whole.
//!
//! A policy is a credential, so two readers must never understand it differently. A
//! repeated member, a byte order mark, bytes after the end: all are errors here.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Nesting beyond this is refused. A policy needs five levels.
const MAX_DEPTH: usize = 8;

/// An object with more members is refused: each is compared with those before it.
const MAX_MEMBERS: usize = 32;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Array(Vec<Json<'a>>),
    Bool,
    Integer(u64),
    Null,
    /// A number that is no whole number from 0 to 2^64 - 1.
    OtherNumber,
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
    Text(Cow<'a, str>),
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("it begins with a byte order mark")]
    ByteOrderMark,
    #[error("it is nested more than {MAX_DEPTH} levels deep")]
    Depth,
    #[error("an object has more than {MAX_MEMBERS} members")]
    Members,
    #[error("the member {0:?} appears twice")]
    RepeatedMember(Box<str>),
    #[error("it is not JSON: {0}")]
    Syntax(Box<str>),
    #[error("there are bytes after its end")]
    TrailingBytes,
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Json<'_>, JsonError> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::ByteOrderMark);
    }
    let culprit = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let json =
        Value { depth: MAX_DEPTH, culprit: &culprit }.deserialize(&mut deserializer).map_err(
            |error| culprit.take().unwrap_or_else(|| JsonError::Syntax(error.to_string().into())),
        )?;
    deserializer.end().map_err(|_| JsonError::TrailingBytes)?;
    Ok(json)
}

/// Reads one value. Serde's errors hold only text, so the real one is left in `culprit`.
#[derive(Clone, Copy)]
struct Value<'c> {
    depth: usize,
    culprit: &'c Cell<Option<JsonError>>,
}

impl Value<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.fail(JsonError::Depth)),
        }
    }

    fn fail<E: serde::de::Error>(self, error: JsonError) -> E {
        let text = E::custom(&error);
        self.culprit.set(Some(error));
        text
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json<'de>, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(name) = map.next_key_seed(inner)? {
            let Json::Text(name) = name else {
                return Err(A::Error::custom("a member's name is text"));
            };
            if members.len() == MAX_MEMBERS {
                return Err(self.fail(JsonError::Members));
            }
            if members.iter().any(|(known, _)| *known == name) {
                return Err(self.fail(JsonError::RepeatedMember(name.into())));
            }
            members.push((name, map.next_value_seed(inner)?));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrows_what_has_no_escapes() {
        let json = parse(br#"{"a":["b",1,-1,1.0,true,null,"c\/d"]}"#).unwrap();
        let Json::Object(members) = json else { panic!("{json:?}") };
        let Json::Array(items) = &members[0].1 else { panic!("{members:?}") };
        assert!(matches!(items[0], Json::Text(Cow::Borrowed("b"))));
        assert_eq!(items[1], Json::Integer(1));
        assert_eq!(items[2..6], [Json::OtherNumber, Json::OtherNumber, Json::Bool, Json::Null]);
        assert_eq!(items[6], Json::Text(Cow::Borrowed("c/d")));
    }

    #[test]
    fn notices_a_repeated_member_under_any_spelling() {
        let error = parse(br#"{"x":{"ab":1,"a\u0062":2}}"#).unwrap_err();
        assert_eq!(error, JsonError::RepeatedMember("ab".into()));
    }

    #[test]
    fn refuses_what_stands_around_it() {
        assert_eq!(parse(b"\xef\xbb\xbf{}").unwrap_err(), JsonError::ByteOrderMark);
        assert_eq!(parse(b"{} x").unwrap_err(), JsonError::TrailingBytes);
        assert_eq!(parse(b"{}\0").unwrap_err(), JsonError::TrailingBytes);
        assert!(parse(b"{}\r\n ").is_ok());
    }

    #[test]
    fn stops_at_thirty_two_members() {
        let object = |count: usize| {
            let members: Vec<_> = (0..count).map(|n| format!("\"{n}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(object(32).as_bytes()).is_ok());
        assert_eq!(parse(object(33).as_bytes()).unwrap_err(), JsonError::Members);
    }

    #[test]
    fn stops_at_eight_levels() {
        assert!(parse(b"[[[[[[[[]]]]]]]]").is_ok());
        assert_eq!(parse(b"[[[[[[[[[]]]]]]]]]").unwrap_err(), JsonError::Depth);
    }
}
