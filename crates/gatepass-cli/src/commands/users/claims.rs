//! `--group` and `--claim`: what is said of somebody besides their name.

use clap::Args;
use serde_json::{Map, Value};

use crate::words::Failure;

#[derive(Args, Debug)]
pub(crate) struct ClaimArgs {
    /// A group; several make a list
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// A claim, such as plan=gold; the same name several times makes a list
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
}

impl ClaimArgs {
    pub(crate) const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.claims.is_empty()
    }

    /// The claims: texts, or lists of texts. Groups are a list even if there is one.
    pub(crate) fn read(&self) -> Result<Map<String, Value>, Failure> {
        let mut claims = Map::new();
        if !self.groups.is_empty() {
            claims.insert("groups".to_owned(), self.groups.clone().into());
        }
        for text in &self.claims {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                Failure::new(format!("--claim {text:?} has no value"))
                    .hint("write NAME=VALUE, such as plan=gold")
            })?;
            if name.is_empty() || name == "sub" {
                return Err(Failure::new(format!("--claim {text:?}: {name:?} can't be claimed"))
                    .hint("the name of somebody is their sub; any other name will do"));
            }
            match claims.get_mut(name) {
                None => drop(claims.insert(name.to_owned(), value.into())),
                Some(Value::Array(values)) => values.push(value.into()),
                Some(first) => *first = vec![first.take(), value.into()].into(),
            }
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(groups: &[&str], claims: &[&str]) -> Result<Value, String> {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let args = ClaimArgs { groups: owned(groups), claims: owned(claims) };
        args.read().map(Value::Object).map_err(|failure| failure.sentence().to_owned())
    }

    #[test]
    fn a_claim_that_is_said_twice_is_a_list() {
        let claims = read(&["a"], &["plan=gold", "team=x", "team=y", "groups=b", "note=a=b"]);
        let expected = json!({
            "groups": ["a", "b"], "plan": "gold", "team": ["x", "y"], "note": "a=b"
        });
        assert_eq!(claims, Ok(expected));
        for wrong in ["plan", "=gold", "sub=eve"] {
            assert!(read(&[], &[wrong]).is_err(), "{wrong}");
        }
    }
}
