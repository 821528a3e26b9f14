//! The extension module `gatepass._gatepass`: floor 0, as Python sees it.
//!
//! ```python
//! signer = Signer("K2JCJMDEHXQW5F", pem)
//! policy = Policy("https://media.example.com/films/*", expires)
//! cookies = signer.sign(policy).cookies()
//! ```
//!
//! Reading order: `problem` is what can go wrong; `moment` and `word` read what Python
//! gives; `policy`, `signer` and `set_cookie` make passes; `trust`, `judge` and
//! `report` tell what they are good for. What needs no Rust is in `python/gatepass/`: the
//! exceptions, the class `SignedCookies`, and putting cookies on frameworks' responses.
//!
//! # Invariants
//!
//! - Nothing is decided here. Every rule is `gatepass`'s, and is asked of it.
//! - Python's lock is free while a key is read, a pass is signed, or a request is judged.
//! - No private key, signature or policy's text is in a `repr`.

#![forbid(unsafe_code)]

// Low to high: a file uses only modules declared above it.
mod problem;

mod moment;
mod word;

mod policy;
mod signer;

mod set_cookie;

mod trust;

mod judge;
mod report;

/// What `gatepass._gatepass` holds. Its names are told to type checkers in `_gatepass.pyi`.
#[pyo3::pymodule]
mod _gatepass {
    #[pymodule_export]
    use super::judge::{Pass, verify};
    #[pymodule_export]
    use super::policy::Policy;
    #[pymodule_export]
    use super::report::{Diagnosis, PassReport, Report, RuleReport, explain};
    #[pymodule_export]
    use super::set_cookie::{clear_cookie_lines, cookie_names, set_cookie_lines};
    #[pymodule_export]
    use super::signer::{SignedPass, Signer};
    #[pymodule_export]
    use super::trust::Trust;
}
