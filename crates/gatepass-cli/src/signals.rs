//! Waiting to be told to stop, or to read everything again.

use crate::words::Failure;

/// Returns on SIGINT (Ctrl-C) or SIGTERM. On SIGHUP it calls `reload`; without one, SIGHUP
/// does what it always does: the terminal went away, and so do we. `caught` is called first,
/// once no signal is missed any more.
pub(crate) fn wait(caught: impl FnOnce(), reload: Option<&dyn Fn()>) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("can't wait for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(failed)?.block_on(told(caught, reload)).map_err(failed)
}

#[cfg(unix)]
async fn told(caught: impl FnOnce(), reload: Option<&dyn Fn()>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let Some(reload) = reload else {
        caught();
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        return Ok(());
    };
    let mut hangup = signal(SignalKind::hangup())?;
    caught();
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => reload(),
        }
    }
}

#[cfg(not(unix))]
async fn told(caught: impl FnOnce(), _: Option<&dyn Fn()>) -> std::io::Result<()> {
    caught();
    tokio::signal::ctrl_c().await
}
