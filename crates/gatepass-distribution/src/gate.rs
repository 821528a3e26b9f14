//! The gate: the only way in.
//!
//! This file is short on purpose, for privacy ends at the file: [`Admitted`] has no public
//! maker, and whoever serves content accepts nothing else.
//!
//! An [error page](Admitted::error_page) is let in without a pass, since a viewer who lacks
//! one must be able to see the page that says so. Its path is the operator's, never the
//! viewer's.

use std::sync::Arc;

use gatepass::{
    Denial, EpochTime, GenuinePass, Pass, PresentedPass, Trust, ViewerRequest, authenticate,
    first_admitted,
};

use crate::error_response::ErrorResponse;
use crate::revocation::Revocations;
use crate::verified::{Asked, VerifiedPasses};

/// A request that the gate let through. Caches and origins accept nothing else.
///
/// Its fields are private and the gate is its only maker, so "did we check?" is a question
/// for the compiler:
///
/// ```compile_fail,E0423
/// let smuggled = gatepass_distribution::Admitted("/private/film.mp4");
/// ```
/// ```compile_fail,E0451
/// use gatepass_distribution::Admitted;
/// let smuggled = Admitted { request: "/private/film.mp4", pass: None, reported: None };
/// ```
#[derive(Debug)]
pub struct Admitted<R> {
    request: R,
    pass: Option<Pass>,
    reported: Option<Denial>,
}

/// Stands before everything that a behavior serves.
#[derive(Clone, Debug)]
pub enum Gate {
    /// The behavior trusts no key group: anyone may come in.
    Open,
    /// The behavior trusts these keys: a pass must be shown.
    Guarded(Trust),
    /// As guarded, but everyone may come in, and who would have been denied is reported. For
    /// trying out a gate before real viewers; the operator alone can choose it.
    Reporting(Trust),
}

impl Gate {
    /// Lets a request in, or says why not. `now` is when the request arrived.
    pub fn admit<R>(
        &self,
        request: R,
        shown: &ViewerRequest<'_>,
        verified: &VerifiedPasses,
        revocations: &Revocations,
        now: EpochTime,
    ) -> Result<Admitted<R>, Denial> {
        let judge = |trust| judge(shown, trust, verified, revocations, now);
        let (pass, reported) = match self {
            Self::Open => (None, None),
            Self::Guarded(trust) => (Some(judge(trust)?), None),
            Self::Reporting(trust) => match judge(trust) {
                Ok(pass) => (Some(pass), None),
                Err(denial) => (None, Some(denial)),
            },
        };
        Ok(Admitted { request, pass, reported })
    }

    /// Says whether a pass must be shown.
    pub const fn is_guarded(&self) -> bool {
        matches!(self, Self::Guarded(_))
    }

    /// What it judges by; nothing if it stands open.
    pub const fn trust(&self) -> Option<&Trust> {
        match self {
            Self::Open => None,
            Self::Guarded(trust) | Self::Reporting(trust) => Some(trust),
        }
    }
}

impl<R> Admitted<R> {
    /// What was let in.
    pub const fn request(&self) -> &R {
        &self.request
    }

    /// The pass that opened the gate; none if it stood open.
    pub const fn pass(&self) -> Option<&Pass> {
        self.pass.as_ref()
    }

    /// Lets an error response's own page in, if it has one.
    pub fn error_page(response: &ErrorResponse, ask: impl FnOnce(&str) -> R) -> Option<Self> {
        let request = ask(response.page()?);
        Some(Self { request, pass: None, reported: None })
    }

    /// Why it would not have been let in, if the gate only reports.
    pub const fn reported(&self) -> Option<&Denial> {
        self.reported.as_ref()
    }

    /// What follows from a request that was let in: the origin is asked for it, or for a part
    /// of it, or whether it still holds. The pass stays with it.
    pub fn derive<S>(&self, ask: impl FnOnce(&R) -> S) -> Admitted<S> {
        Admitted {
            request: ask(&self.request),
            pass: self.pass.clone(),
            reported: self.reported.clone(),
        }
    }

    /// What was let in, for good: it can't be asked for again.
    pub fn into_request(self) -> R {
        self.request
    }
}

/// Most requests show one pass, and need no list of tries.
fn judge(
    shown: &ViewerRequest<'_>,
    trust: &Trust,
    verified: &VerifiedPasses,
    revocations: &Revocations,
    now: EpochTime,
) -> Result<Pass, Denial> {
    let try_one = |presented: &PresentedPass<'_>| {
        let pass = try_one(presented, shown, trust, verified, now)?;
        // Asked last and of each pass: what is remembered as genuine may be revoked since.
        if revocations.holds(&pass, now) {
            return Err(Denial::Revoked { expiry: pass.expiry() });
        }
        Ok(pass)
    };
    match shown.passes().only() {
        Some(only) => try_one(only),
        None => first_admitted(&shown.passes().tries(trust), try_one),
    }
}

fn try_one(
    presented: &PresentedPass<'_>,
    shown: &ViewerRequest<'_>,
    trust: &Trust,
    verified: &VerifiedPasses,
    now: EpochTime,
) -> Result<Pass, Denial> {
    let key = presented.key_id().and_then(|id| trust.keys.find(id));
    let asked = key.and_then(|(_, key)| Asked::new(presented, shown.url(), key, trust));
    let genuine = match asked.as_ref().and_then(|asked| verified.recall(asked)) {
        Some(known) => known,
        None => prove(presented, asked.as_ref(), shown, trust, verified)?,
    };
    genuine.admit(shown, now)
}

/// Checks the signature, and remembers that it was good.
#[cold]
fn prove(
    presented: &PresentedPass<'_>,
    asked: Option<&Asked<'_>>,
    shown: &ViewerRequest<'_>,
    trust: &Trust,
    verified: &VerifiedPasses,
) -> Result<Arc<GenuinePass>, Denial> {
    verified.checked();
    let genuine = authenticate(presented, shown.url(), trust)?;
    if let Some(asked) = asked {
        verified.keep(asked, Arc::clone(&genuine));
    }
    Ok(genuine)
}

#[cfg(test)]
mod tests {
    use gatepass::{
        HashAlgorithm, KeyType, Policy, Resource, Signer, SigningKey, TrustedKeys, ViewerUrl,
        Window,
    };

    use super::*;
    use crate::revocation::Revocation;

    const NOW: u64 = 1_767_290_000;

    struct Door {
        signer: Signer,
        gate: Gate,
        verified: VerifiedPasses,
    }

    impl Door {
        fn new() -> Self {
            let key = SigningKey::generate(KeyType::P256).unwrap();
            let keys = TrustedKeys::from_iter([("K".parse().unwrap(), key.public_key().clone())]);
            Self {
                signer: Signer::new("K".parse().unwrap(), key),
                gate: Gate::Guarded(keys.into()),
                verified: VerifiedPasses::with_capacity(1 << 20),
            }
        }

        fn cookie(&self, lasts: u64) -> String {
            let window = Window::until(EpochTime::new(NOW + lasts).unwrap());
            let policy = Policy::new([Resource::new("https://e.com/v/*")], window);
            self.signer.sign(&policy, HashAlgorithm::Sha1).unwrap().cookies().header()
        }

        #[track_caller]
        fn check(&self, cookie: &str, url: &str, seconds: u64, reason: Option<&str>) {
            let denial = self.ask(&self.gate, [cookie], url, seconds, &Revocations::default());
            assert_eq!(denial.err().as_ref().map(Denial::reason), reason);
        }

        fn ask<'c>(
            &self,
            gate: &Gate,
            cookies: impl IntoIterator<Item = &'c str>,
            url: &'c str,
            seconds: u64,
            revocations: &Revocations,
        ) -> Result<Admitted<()>, Denial> {
            let url = ViewerUrl::parse(url).unwrap();
            let shown = ViewerRequest::new(url, [192, 0, 2, 7].into(), cookies);
            let now = EpochTime::new(NOW + seconds).unwrap();
            gate.admit((), &shown, &self.verified, revocations, now)
        }
    }

    #[test]
    fn a_pass_known_as_genuine_is_judged_anew_each_time() {
        let door = Door::new();
        let cookie = door.cookie(60);
        for _ in 0..2 {
            door.check(&cookie, "https://e.com/v/1", 0, None);
            door.check(&cookie, "https://e.com/w/1", 0, Some("resource_not_covered"));
            door.check(&cookie, "https://e.com/v/../w/1", 0, Some("resource_not_covered"));
            door.check(&cookie, "https://e.com/v/1", 60, Some("expired"));
        }
        assert_eq!(door.verified.len(), 1);
    }

    fn digest(admitted: &Admitted<()>) -> [u8; 32] {
        *admitted.pass().unwrap().digest()
    }

    #[test]
    fn a_revoked_pass_is_refused_though_it_is_known_as_genuine() {
        let door = Door::new();
        let (cookie, url) = (door.cookie(60), "https://e.com/v/1");
        let ask = |gate: &Gate, revocations: &Revocations| {
            door.ask(gate, [&*cookie], url, 0, revocations)
        };
        let admitted = ask(&door.gate, &Revocations::default()).unwrap();
        let expiry = EpochTime::new(NOW + 60).unwrap();
        let now = EpochTime::new(NOW).unwrap();
        let revocation = Revocation::new(&digest(&admitted), expiry);
        let revocations = Revocations::new([revocation], now);
        for _ in 0..2 {
            assert_eq!(ask(&door.gate, &revocations).unwrap_err(), Denial::Revoked { expiry });
        }
        let reporting = Gate::Reporting(door.gate.trust().unwrap().clone());
        let admitted = ask(&reporting, &revocations).unwrap();
        assert_eq!(admitted.reported(), Some(&Denial::Revoked { expiry }));
        assert!(admitted.pass().is_none());
        assert!(ask(&door.gate, &Revocations::default()).is_ok());
        assert_eq!(door.verified.len(), 1);
    }

    #[test]
    fn another_pass_that_is_shown_too_still_admits() {
        let door = Door::new();
        let (one, two) = (door.cookie(60), door.cookie(61));
        let url = "https://e.com/v/1";
        let ask = |revocations: &Revocations| {
            door.ask(&door.gate, [&*one, &*two], url, 0, revocations).map(|one| digest(&one))
        };
        let first = ask(&Revocations::default()).unwrap();
        let now = EpochTime::new(NOW).unwrap();
        let revoke = |digest| Revocation::new(digest, EpochTime::new(NOW + 99).unwrap());
        let revocations = Revocations::new([revoke(&first)], now);
        let second = ask(&revocations).unwrap();
        assert_ne!(second, first);
        let denial = ask(&revocations.with([revoke(&second)], now)).unwrap_err();
        assert_eq!(denial.reason(), "revoked");
    }

    /// CloudFront takes `(r, s)` and `(r, n - s)`, and so do we: that must be no way back in.
    #[test]
    fn a_revoked_pass_does_not_return_as_its_twin() {
        let door = Door::new();
        let url = "https://e.com/v/1";
        let none = Revocations::default();
        let admitted = door.ask(&door.gate, [&*door.cookie(60)], url, 0, &none).unwrap();
        let pass = admitted.pass().unwrap();
        let now = EpochTime::new(NOW).unwrap();
        let as_twin = Revocation::new(pass.twin_digest().unwrap(), pass.expiry());
        assert!(Revocations::new([as_twin], now).holds(pass, now));
    }

    #[test]
    fn forgeries_are_never_remembered() {
        let door = Door::new();
        let (cookie, other) = (door.cookie(60), door.cookie(61));
        let policy = |cookie: &str| cookie.split("; ").next().unwrap().to_owned();
        let forged = cookie.replace(&policy(&cookie), &policy(&other));
        assert_ne!(forged, cookie);
        let unknown_key = cookie.replace("Key-Pair-Id=K", "Key-Pair-Id=L");
        let unread = cookie.replace("Signature=", "Signature=*");
        for known in [0, 1] {
            for _ in 0..2 {
                door.check(&forged, "https://e.com/v/1", 0, Some("signature_mismatch"));
                door.check(&unknown_key, "https://e.com/v/1", 0, Some("key_unknown"));
                door.check(&unread, "https://e.com/v/1", 0, Some("signature_undecodable"));
            }
            assert_eq!(door.verified.len(), known);
            door.check(&cookie, "https://e.com/v/1", 0, None);
        }
    }
}
