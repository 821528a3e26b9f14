//! `Trust`: the public keys that may have signed a pass, read once.

use std::collections::BTreeMap;

use gatepass::{PublicKey, TrustedKeys};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use crate::problem;
use crate::word::{self, Text};

/// Whom a gate trusts, and how it reads what they signed.
#[pyclass(frozen, module = "gatepass")]
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) trust: gatepass::Trust,
}

#[pymethods]
impl Trust {
    #[new]
    #[pyo3(signature = (public_keys, *, reading="gatepass", minimum_hash="SHA1", key_sizes="current"))]
    fn new(
        public_keys: &Bound<'_, PyMapping>,
        reading: &str,
        minimum_hash: &str,
        key_sizes: &str,
    ) -> PyResult<Self> {
        let sizes = word::key_sizes(key_sizes)?;
        let mut keys = BTreeMap::new();
        for pair in public_keys.items()?.try_iter()? {
            let (id, text): (String, Text) = pair?.extract()?;
            let key =
                PublicKey::parse(text.as_bytes(), sizes).map_err(|error| problem::key(&error))?;
            keys.insert(word::key_pair_id(&id)?, key);
        }
        Ok(Self {
            trust: gatepass::Trust {
                keys: TrustedKeys::from_iter(keys),
                reading: word::reading(reading)?,
                minimum_hash: word::minimum_hash(minimum_hash)?,
            },
        })
    }

    fn __repr__(&self) -> String {
        let ids: Vec<_> = self.trust.keys.iter().map(|(id, _)| id.as_str()).collect();
        format!(
            "<gatepass.Trust in {}>",
            if ids.is_empty() { "nobody".into() } else { ids.join(", ") }
        )
    }
}
