//! `Signer` and `SignedPass`: a key, read once, and what it signs.

use gatepass::{PublicKey, SignedPass as Signed, Signer as Key, SigningKey};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::policy::Policy;
use crate::word::{self, Kind, Text};
use crate::{moment, problem};

/// Signs with one private key, from any number of threads. Make it once and keep it.
#[pyclass(frozen, module = "gatepass")]
#[derive(Debug)]
pub(crate) struct Signer {
    key: Key,
    public: PublicKey,
}

#[pymethods]
impl Signer {
    #[new]
    #[pyo3(signature = (key_pair_id, private_key, *, passphrase=None))]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what Python's text lies in is held meanwhile"
    )]
    fn new(
        py: Python<'_>,
        key_pair_id: &str,
        private_key: Text,
        passphrase: Option<Text>,
    ) -> PyResult<Self> {
        let id = word::key_pair_id(key_pair_id)?;
        let passphrase = passphrase.as_ref().map(Text::as_bytes);
        // An encrypted key takes its time on purpose.
        let key = py
            .detach(|| SigningKey::parse(private_key.as_bytes(), passphrase))
            .map_err(|error| problem::private_key(&error, private_key.as_bytes()))?;
        let public = key.public_key().clone();
        Ok(Self { key: Key::new(id, key), public })
    }

    /// The ID that its passes name.
    #[getter]
    fn key_pair_id(&self) -> &str {
        self.key.id().as_str()
    }

    /// The public half in PEM, as CloudFront and Gatepass take it.
    #[getter]
    fn public_key(&self) -> String {
        self.public.to_pem()
    }

    /// Signs a policy: custom, or canned if asked for and if a canned pass can say it.
    #[pyo3(signature = (policy, *, kind="custom", hash_algorithm="SHA1", style="botocore"))]
    fn sign(
        &self,
        py: Python<'_>,
        policy: &Bound<'_, Policy>,
        kind: &str,
        hash_algorithm: &str,
        style: &str,
    ) -> PyResult<SignedPass> {
        let (kind, style) = (word::kind(kind)?, word::style(style)?);
        let hash = word::hash_algorithm(hash_algorithm)?;
        let policy = policy.get();
        let make = || {
            let unsigned = match kind {
                Kind::Canned => policy.canned(hash),
                Kind::Custom => policy.custom(style, hash),
            };
            self.key.complete(unsigned?)
        };
        let signed = py.detach(make).map_err(|error| problem::signing(&error))?;
        let expiry = policy.expiry();
        Ok(SignedPass { signed, expiry, id: self.key.id().to_string() })
    }

    /// Signs one URL: canned, unless it has to say more than a canned pass can.
    #[pyo3(signature = (url, *, expires, starts=None, ip_address=None, hash_algorithm="SHA1"))]
    fn sign_url(
        &self,
        py: Python<'_>,
        url: &str,
        expires: &Bound<'_, PyAny>,
        starts: Option<&Bound<'_, PyAny>>,
        ip_address: Option<&Bound<'_, PyAny>>,
        hash_algorithm: &str,
    ) -> PyResult<String> {
        let hash = word::hash_algorithm(hash_algorithm)?;
        let policy = Policy::over(url, expires, starts, ip_address)?;
        let make = || {
            let unsigned = if policy.says_more_than_canned() {
                policy.custom(gatepass::JsonStyle::Botocore, hash)
            } else {
                policy.canned(hash)
            };
            self.key.complete(unsigned?)?.url(url)
        };
        py.detach(make).map_err(|error| problem::signing(&error))
    }

    fn __repr__(&self) -> String {
        format!("<gatepass.Signer {}, {}>", self.key.id(), self.public)
    }
}

/// A pass, ready to be carried in cookies or in a URL.
#[pyclass(frozen, module = "gatepass")]
#[derive(Debug)]
pub(crate) struct SignedPass {
    signed: Signed,
    expiry: gatepass::EpochTime,
    id: String,
}

#[pymethods]
impl SignedPass {
    /// The key's ID.
    #[getter]
    fn key_pair_id(&self) -> &str {
        &self.id
    }

    /// The first second in which it no longer admits.
    #[getter]
    fn expires<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment::write(py, self.expiry)
    }

    /// The bytes that were signed.
    #[getter]
    fn message(&self) -> &[u8] {
        self.signed.message()
    }

    /// The cookies, as a `SignedCookies`.
    #[pyo3(signature = (naming="plain"))]
    fn cookies<'py>(&self, py: Python<'py>, naming: &str) -> PyResult<Bound<'py, PyAny>> {
        let cookies = PyDict::new(py);
        for (name, value) in self.signed.cookies_named(word::naming(naming)?).iter() {
            cookies.set_item(name, value)?;
        }
        py.import("gatepass._cookies")?.getattr("SignedCookies")?.call1((cookies,))
    }

    /// `url` as it is, with the pass behind it.
    fn url(&self, url: &str) -> PyResult<String> {
        self.signed.url(url).map_err(|error| problem::signing(&error))
    }

    fn __repr__(&self) -> String {
        format!("<gatepass.SignedPass by {} until {}>", self.id, self.expiry)
    }
}
