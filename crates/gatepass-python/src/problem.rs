//! What can go wrong, as Python's exceptions: the fact, and what to write instead.
//!
//! The classes are Python's own, in `python/gatepass/_errors.py`. A hint of `gatepass` that
//! speaks of the command's flags is said here in Python's words.

use std::fmt::Display;

use gatepass::{Denial, InvalidPublicKeyId, KeyError, PolicyError as Unreadable, SignError};
use pyo3::PyErr;

mod exception {
    pyo3::import_exception!(gatepass._errors, CookieError);
    pyo3::import_exception!(gatepass._errors, Denied);
    pyo3::import_exception!(gatepass._errors, NaiveDatetimeError);
    pyo3::import_exception!(gatepass._errors, PolicyError);
    pyo3::import_exception!(gatepass._errors, RequestError);
    pyo3::import_exception!(gatepass._errors, UnusableKeyError);
}

/// A policy, or a part of one, that would be no good.
pub(crate) fn policy(fact: impl Display, hint: Option<&str>) -> PyErr {
    exception::PolicyError::new_err((fact.to_string(), hint.map(str::to_owned)))
}

/// A moment that could be any of two dozen.
pub(crate) fn naive(fact: String) -> PyErr {
    exception::NaiveDatetimeError::new_err((fact, NAIVE))
}

/// Attributes of a cookie that a browser would not understand as meant.
pub(crate) fn cookie(fact: impl Display, hint: Option<&str>) -> PyErr {
    exception::CookieError::new_err((fact.to_string(), hint.map(str::to_owned)))
}

/// A request that can't be judged, for it is none.
pub(crate) fn request(fact: impl Display, hint: &str) -> PyErr {
    exception::RequestError::new_err((fact.to_string(), hint.to_owned()))
}

pub(crate) fn denied(denial: &Denial) -> PyErr {
    let (sentence, hint) = (denial.to_string(), hint_of_denial(denial));
    exception::Denied::new_err((sentence, hint, denial.reason(), denial.code(), denial.message()))
}

pub(crate) fn key_id(error: &InvalidPublicKeyId) -> PyErr {
    let hint = "give the ID under which CloudFront or Gatepass knows the public key, such as K2JCJMDEHXQW5F";
    exception::UnusableKeyError::new_err((error.to_string(), hint))
}

pub(crate) fn key(error: &KeyError) -> PyErr {
    let hint = match error {
        KeyError::PassphraseMissing => "give it as passphrase=…",
        KeyError::Unsupported(_) => {
            "make one with: openssl genrsa -out KEY 2048, or: openssl ecparam -name prime256v1 -genkey -noout -out KEY; old public keys of 1024 and 4096 bits verify with key_sizes=\"legacy\""
        }
        other => other.hint(),
    };
    exception::UnusableKeyError::new_err((error.to_string(), hint))
}

/// What can't be read as a private key may be the path of one.
pub(crate) fn private_key(error: &KeyError, given: &[u8]) -> PyErr {
    const LONGER_THAN_PATHS: usize = 300;
    let is_path = given.len() < LONGER_THAN_PATHS && !given.contains(&b'\n');
    match error {
        KeyError::Unreadable { .. } if is_path => {
            let hint = "give what is in the file, not its path: pathlib.Path(…).read_text()";
            exception::UnusableKeyError::new_err((error.to_string(), hint))
        }
        error => key(error),
    }
}

pub(crate) fn signing(error: &SignError) -> PyErr {
    let hint = match error {
        SignError::Key => {
            return exception::UnusableKeyError::new_err((error.to_string(), None::<&str>));
        }
        SignError::NotCanned(_) => Some("leave out kind=\"canned\": a custom policy says all that"),
        SignError::Policy(Unreadable::TooLong(_)) => {
            Some("cover many URLs by one pattern, such as https://media.example.com/films/*")
        }
        SignError::Policy(Unreadable::Ipv6(_)) => {
            Some("CloudFront reads IPv4 alone; only Gatepass reads this policy as it is")
        }
        SignError::Policy(_) => Some(MOMENT),
        SignError::Star(_) => {
            Some("for a pattern sign a Policy, which is custom; for a real * in the URL write %2A")
        }
        other => other.hint(),
    };
    policy(error, hint)
}

/// What the operator might try next, in Python's words.
pub(crate) const fn hint_of_denial(denial: &Denial) -> Option<&'static str> {
    match denial {
        Denial::AddressNotAllowed { .. } => Some(
            "behind a proxy, give the viewer's address and not the proxy's; phones change addresses often",
        ),
        Denial::HashTooWeak { .. } => Some("sign with hash_algorithm=\"SHA256\""),
        Denial::KeyUnknown(_) => Some("trust the public key under this ID: Trust({ID: pem})"),
        other => other.hint(),
    }
}

/// How to write a moment.
pub(crate) const MOMENT: &str =
    "give a datetime with a time zone, or whole seconds since 1970 as an int";

const NAIVE: &str = "write datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1); before Python 3.11 the zone is datetime.timezone.utc. What utcnow() gives has no time zone";
