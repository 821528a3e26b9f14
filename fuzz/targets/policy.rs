//! What is read as a policy can be written and read again, and the strict reading never
//! takes what the other refuses.
#![no_main]

use gatepass::{JsonStyle, Policy, Reading};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let strict = Policy::parse(bytes, Reading::CloudFront);
    let ours = Policy::parse(bytes, Reading::Gatepass);
    if let Ok(strict) = strict {
        assert_eq!(Ok(strict), ours);
    }
    if let Ok(policy) = ours {
        for style in [JsonStyle::Botocore, JsonStyle::JavaScript] {
            let json = policy.to_json(style);
            let again = Policy::parse(json.as_bytes(), Reading::Gatepass);
            // A range's text may grow by its prefix, and letters by their escapes.
            match again {
                Ok(again) => assert_eq!(again.to_json(style), json),
                Err(error) => assert!(json.len() > 8_192, "{error}: {json}"),
            }
        }
    }
});
