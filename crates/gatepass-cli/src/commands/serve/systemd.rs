//! systemd: the sockets that it hands over, and what it is told (`Type=notify`).
//!
//! With a socket unit the sockets outlive the process: who connects during a restart waits in
//! their queue for the next one. Without systemd, nothing is handed over and nobody listens.

use std::net::TcpListener;

use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::words::{Failure, note};

/// The sockets of the socket unit, if there is one.
pub(in crate::commands) fn sockets() -> Result<Vec<TcpListener>, Failure> {
    let mut given = ListenFd::from_env();
    let sockets = (0..given.len()).map(|index| given.take_tcp_listener(index));
    let sockets: Result<Vec<_>, _> = sockets.collect();
    let sockets = sockets.map_err(|error| {
        Failure::new(format!("systemd handed over what is no TCP socket: {error}"))
            .hint("list addresses alone under ListenStream= in the socket unit")
    })?;
    Ok(sockets.into_iter().flatten().collect())
}

/// Viewers are answered from now on; also at the end of a reload.
pub(in crate::commands) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// No more viewers are taken.
pub(in crate::commands) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The configuration is being read again; [`ready`] says when that is over.
pub(in crate::commands) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        // `Type=notify-reload` compares it with the time of its own signal.
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => note(&format!("can't read the clock for systemd: {error}")),
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        note(&format!("can't reach systemd's notification socket: {error}"));
    }
}
