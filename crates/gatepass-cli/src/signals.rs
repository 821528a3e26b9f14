//! Waiting to be told to stop.

use crate::words::Failure;

/// Returns on SIGINT (Ctrl-C) or SIGTERM. Until then `hung_up` is called on every SIGHUP.
/// `caught` is called first, once no signal is missed any more.
pub(crate) fn wait(caught: impl FnOnce(), hung_up: impl FnMut()) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("can't wait for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(failed)?.block_on(told(caught, hung_up)).map_err(failed)
}

#[cfg(unix)]
async fn told(caught: impl FnOnce(), mut hung_up: impl FnMut()) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    caught();
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => hung_up(),
        }
    }
}

#[cfg(not(unix))]
async fn told(caught: impl FnOnce(), _: impl FnMut()) -> std::io::Result<()> {
    caught();
    tokio::signal::ctrl_c().await
}
