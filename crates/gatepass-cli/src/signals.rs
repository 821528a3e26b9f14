//! Waiting to be told to stop.

use crate::words::Failure;

/// Returns on SIGINT (Ctrl-C) or SIGTERM. Until then `hung_up` is called on every SIGHUP.
pub(crate) fn wait(hung_up: impl FnMut()) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("can't wait for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(failed)?.block_on(told(hung_up)).map_err(failed)
}

#[cfg(unix)]
async fn told(mut hung_up: impl FnMut()) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            told = tokio::signal::ctrl_c() => return told,
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => hung_up(),
        }
    }
}

#[cfg(not(unix))]
async fn told(_: impl FnMut()) -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
