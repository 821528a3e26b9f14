//! The words that metrics count by. They are fixed lists, so that no stranger can make a new
//! time series: a word that is not on its list counts as `other`.

/// Why a request was refused: the gate's reasons, then the edge's own.
pub(super) const REFUSALS: [&str; 24] = [
    "address_not_allowed",
    "expired",
    "hash_too_weak",
    "hash_unsupported",
    "key_id_malformed",
    "key_id_missing",
    "key_unknown",
    "no_pass",
    "not_yet",
    "parameter_repeated",
    "policy_malformed",
    "policy_missing",
    "resource_not_covered",
    "revoked",
    "signature_mismatch",
    "signature_missing",
    "signature_undecodable",
    "bad_request",
    "https_only",
    "method_not_allowed",
    "too_long",
    "unexpected_body",
    "unknown_host",
    OTHER,
];

/// Why an origin gave no answer.
pub(super) const TROUBLES: [&str; 10] = [
    "no_object",
    "origin_broke_off",
    "origin_busy",
    "origin_late",
    "origin_no_credentials",
    "origin_private_address",
    "origin_unreachable",
    "origin_unreadable",
    "viewer_broke_off",
    OTHER,
];

const OTHER: &str = "other";

/// The place of a word on its list; of `other`, which is last, if it isn't there.
pub(super) fn place(list: &[&str], word: &str) -> usize {
    list.iter().position(|known| *known == word).unwrap_or(list.len() - 1)
}

#[cfg(test)]
mod tests {
    use gatepass::{Denial, EpochTime};

    use super::*;
    use crate::origin::trouble::Trouble;

    #[test]
    fn a_word_has_its_place_and_a_new_one_is_other() {
        let time = EpochTime::new(1).unwrap();
        for denial in [
            Denial::NoPass,
            Denial::KeyIdMissing,
            Denial::KeyIdMalformed(1),
            Denial::PolicyMissing,
            Denial::SignatureMissing,
            Denial::Expired { expired: time, now: time },
            Denial::NotYet { opens: time, now: time },
            Denial::HashUnsupported("x".into()),
        ] {
            let at = place(&REFUSALS, denial.reason());
            assert_eq!(REFUSALS[at], denial.reason());
        }
        for trouble in [
            Trouble::Unreachable("x".into()),
            Trouble::PrivateAddress([127, 0, 0, 1].into()),
            Trouble::Late(std::time::Duration::ZERO),
            Trouble::Busy(1),
            Trouble::Unreadable("x".into()),
            Trouble::BrokeOff("x".into()),
            Trouble::NoCredentials("x".into()),
            Trouble::Viewer("x".into()),
        ] {
            let at = place(&TROUBLES, trouble.reason());
            assert_eq!(TROUBLES[at], trouble.reason());
        }
        assert_eq!(REFUSALS[place(&REFUSALS, "a stranger's word")], "other");
        assert_eq!(TROUBLES[place(&TROUBLES, "")], "other");
    }

    /// A reason that the gate learns later has to be put on the list.
    #[test]
    fn every_reason_of_the_gate_is_on_the_list() {
        let source = include_str!("../../../gatepass/src/denial.rs");
        let body = source.split("pub const fn reason(&self)").nth(1).unwrap();
        let body = body.split("pub const fn").next().unwrap();
        let reasons: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
        assert!(reasons.len() >= 16, "{reasons:?}");
        for reason in reasons {
            assert!(REFUSALS.contains(&reason), "{reason} counts as other");
        }
    }
}
