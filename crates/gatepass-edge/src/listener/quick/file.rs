//! A file's bytes on their way to a socket without passing through our memory (`sendfile`).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::time::Duration;

use tokio::net::TcpStream;

/// A stream that bytes can be written to, and the socket behind it if that takes them as they are.
pub(in crate::listener) trait Wire {
    /// None where what is written has to be changed on its way, as for TLS.
    fn socket(&self) -> Option<&TcpStream>;
}

/// Sends some of these bytes, at least one, and says how many. Fails if the socket takes nothing
/// for as long as one has patience.
#[cfg(target_os = "linux")]
pub(super) async fn send(
    socket: &TcpStream,
    file: &File,
    part: &Range<u64>,
    patience: Duration,
) -> io::Result<u64> {
    use rustix::fs::sendfile;
    use tokio::io::Interest;

    let length = usize::try_from(part.end - part.start).unwrap_or(usize::MAX);
    loop {
        let mut offset = part.start;
        let sending = || Ok(sendfile(socket, file, Some(&mut offset), length)?);
        match socket.try_io(Interest::WRITABLE, sending) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(sent) => return Ok(sent as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let writable = tokio::time::timeout(patience, socket.writable());
                writable.await.map_err(|_| io::ErrorKind::TimedOut)??;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Has the socket wait for full packets, so that a head and what follows it leave together; or
/// no longer.
#[cfg(target_os = "linux")]
pub(super) fn hold_back(socket: &TcpStream, holds_back: bool) {
    let _ = socket2::SockRef::from(socket).set_tcp_cork(holds_back);
}

#[cfg(not(target_os = "linux"))]
pub(super) fn hold_back(_: &TcpStream, _: bool) {}

#[cfg(not(target_os = "linux"))]
pub(super) async fn send(_: &TcpStream, _: &File, _: &Range<u64>, _: Duration) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
