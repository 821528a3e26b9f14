//! What `openssl speed` reaches on this core, asked in the same run.

use std::process::Command;

use crate::Outcome;

/// Signatures made and checked in a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    pub(crate) signs: f64,
    pub(crate) verifies: f64,
}

/// Asks for `rsa2048` or `ecdsap256`.
pub(crate) fn speed(algorithm: &str) -> Outcome<Speed> {
    let openssl = std::env::var("GATEPASS_TOOL_OPENSSL").unwrap_or_else(|_| "openssl".to_owned());
    let output = Command::new(openssl).args(["speed", "-seconds", "1", algorithm]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line =
        text.lines().rev().find(|line| line.contains("bits")).ok_or("openssl said no figures")?;
    let figures: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match *figures {
        [.., signs, verifies] => Ok(Speed { signs, verifies }),
        _ => Err(format!("openssl said {line:?}, which is not understood").into()),
    }
}
