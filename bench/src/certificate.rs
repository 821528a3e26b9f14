//! A certificate for 127.0.0.1 that signs itself, for the servers that speak TLS; and a key for tokens.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;

/// Writes `cert.pem` and `key.pem`, P-256 as most certificates are now.
pub(crate) fn write(folder: &Path) -> Outcome<()> {
    let openssl = std::env::var("GATEPASS_TOOL_OPENSSL").unwrap_or_else(|_| "openssl".to_owned());
    let status = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("cert.pem"))
        .stderr(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { Err("openssl makes no certificate".into()) }
}

/// Writes `token-key.pem` and `token-public.pem`, RSA with 2048 bits.
pub(crate) fn write_token_key(folder: &Path) -> Outcome<()> {
    let openssl = std::env::var("GATEPASS_TOOL_OPENSSL").unwrap_or_else(|_| "openssl".to_owned());
    let key = folder.join("token-key.pem");
    let made = Command::new(&openssl)
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"])
        .arg(&key)
        .stderr(Stdio::null())
        .status()?;
    let shown = Command::new(&openssl)
        .args(["pkey", "-pubout", "-in"])
        .arg(&key)
        .arg("-out")
        .arg(folder.join("token-public.pem"))
        .status()?;
    if made.success() && shown.success() { Ok(()) } else { Err("openssl makes no key".into()) }
}
