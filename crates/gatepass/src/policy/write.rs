//! To JSON, as AWS's signers write it.

use std::fmt::Write as _;

use super::{JsonStyle, Policy, Scope, Statement};
use crate::time::EpochTime;

impl Policy {
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

impl Statement {
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
