//! What goes wrong with KMS, in words: the key, the reason, the way forward, no credential.

use gatepass::KeyError;
use http::StatusCode;
use serde::Deserialize;

use crate::https_client::HttpsError;
use crate::signing::SigningError;

/// Why KMS did not do what it was asked.
#[derive(Debug)]
pub(super) enum KmsTrouble {
    /// No endpoint can be made of the region's name.
    Region(Box<str>),
    NoCredentials,
    Unasked(HttpsError),
    Refused {
        status: StatusCode,
        kind: Box<str>,
        message: Box<str>,
    },
    Usage(Box<str>),
    Key(KeyError),
    Unreadable,
}

#[derive(Default, Deserialize)]
struct Complaint {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

impl KmsTrouble {
    /// Reads the answer of a KMS that refused.
    pub(super) fn refused(status: StatusCode, body: &[u8]) -> Self {
        let Complaint { kind, message } = serde_json::from_slice(body).unwrap_or_default();
        let kind = kind.rsplit('#').next().unwrap_or_default();
        let is_name = kind.len() <= 60 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let message = message.chars().filter(|letter| !letter.is_control()).take(300).collect();
        Self::Refused { status, kind: if is_name { kind.into() } else { "".into() }, message }
    }

    /// Whether asking again at once may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unasked(error) => matches!(error, HttpsError::Unreachable(_)),
            Self::Refused { status, kind, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || matches!(&**kind, "ThrottlingException" | "LimitExceededException")
            }
            _ => false,
        }
    }

    pub(super) fn of(self, key: &str) -> SigningError {
        let may_pass = self.may_pass() || matches!(self, Self::Unasked(HttpsError::Late(_)));
        let (problem, hint) = self.words();
        SigningError::Elsewhere { key: key.into(), problem: problem.into(), hint, may_pass }
    }

    fn words(self) -> (String, &'static str) {
        match self {
            Self::Region(region) => (
                format!("{region:?} is no region"),
                "write the region as AWS does, such as eu-central-1, or give an endpoint",
            ),
            Self::NoCredentials => (
                "there are no credentials to ask KMS with".to_owned(),
                "looked at the environment, profiles, web identity and metadata services; name a profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ),
            Self::Unasked(error) => (
                format!("KMS was not reached: {error}"),
                "see whether this machine reaches the region's endpoint, or give another `endpoint`",
            ),
            Self::Usage(usage) => (
                format!("its usage is {usage}"),
                "make a key for signing: aws kms create-key --key-usage SIGN_VERIFY --key-spec RSA_2048 (or ECC_NIST_P256)",
            ),
            Self::Key(error) => (
                error.to_string(),
                "make a key of a kind that CloudFront uses: aws kms create-key --key-usage SIGN_VERIFY --key-spec RSA_2048 (or ECC_NIST_P256)",
            ),
            Self::Unreadable => {
                ("what KMS answered can't be read".to_owned(), "see whether `endpoint` is KMS")
            }
            Self::Refused { status, kind, message } => {
                let (is_shown, hint) = advice(&kind);
                let kind = if kind.is_empty() { status.to_string() } else { kind.into_string() };
                if is_shown && !message.is_empty() {
                    (format!("KMS says {kind}: {message}"), hint)
                } else {
                    (format!("KMS says {kind}"), hint)
                }
            }
        }
    }
}

/// Whether KMS's own sentence is passed on, and what to do. Some of its sentences repeat the
/// request, with the session token in it: only those are shown that are known not to.
fn advice(kind: &str) -> (bool, &'static str) {
    match kind {
        "AccessDeniedException" => (
            true,
            "allow kms:GetPublicKey and kms:Sign on this key to whoever runs the issuer, in the key's policy or in theirs",
        ),
        "NotFoundException" => {
            (true, "see the key's ID and region: aws kms list-keys, aws kms list-aliases")
        }
        "DisabledException" | "KMSInvalidStateException" => {
            (true, "enable the key, or rotate to another: gatepass keys rotate")
        }
        "InvalidKeyUsageException" => (
            true,
            "make a key for signing: aws kms create-key --key-usage SIGN_VERIFY --key-spec RSA_2048 (or ECC_NIST_P256)",
        ),
        "ThrottlingException" | "LimitExceededException" => (
            false,
            "have the quota of cryptographic operations raised, or let passes live longer so that fewer are signed",
        ),
        "InvalidSignatureException" | "SignatureDoesNotMatch" => {
            (false, "see the secret access key, and whether this machine's clock is right")
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" | "ExpiredTokenException" => {
            (false, "these credentials are not known or not valid any more: renew them")
        }
        _ => (false, "see AWS's health dashboard and CloudTrail for this key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> (bool, String) {
        let trouble = KmsTrouble::refused(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let may_pass = trouble.may_pass();
        (may_pass, trouble.of("the key \"K\" of AWS KMS").to_string())
    }

    #[test]
    fn kms_is_quoted_where_it_says_nothing_secret() {
        let denied = r#"{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/u is not authorized"}"#;
        let (may_pass, words) = told(400, denied);
        assert!(!may_pass);
        assert!(
            words.ends_with("AccessDeniedException: User: arn:aws:iam::1:user/u is not authorized"),
            "{words}"
        );
        let signature = r#"{"__type":"com.amazonaws.kms#InvalidSignatureException","message":"The Canonical String should have been x-amz-security-token:SECRET"}"#;
        let (_, words) = told(400, signature);
        assert!(words.ends_with("KMS says InvalidSignatureException"), "{words}");
    }

    #[test]
    fn busy_is_told_from_refused() {
        assert!(told(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#).0);
        assert!(told(503, "<html>").0);
        assert!(!told(400, r#"{"__type":"NotFoundException"}"#).0);
        let long = format!(r#"{{"__type":"NotFoundException","message":"{}"}}"#, "x".repeat(9000));
        assert!(told(400, &long).1.len() < 500);
    }
}
