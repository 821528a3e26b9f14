//! An origin that a test plays, and a site that has it for an origin.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatepass_distribution::{Endpoint, HttpOrigin, Origin, OriginKind, Patience};

use crate::support::{SiteDraft, site};

/// An origin on a free port; it stops listening when it is dropped.
pub(crate) struct Played {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
}

/// Plays an origin: `play` is given each connection, on a thread of its own, and the head of
/// the first request on it.
pub(crate) fn played(play: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> Played {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (heads, is_over) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(false)));
    let (kept, stop, play) = (Arc::clone(&heads), Arc::clone(&is_over), Arc::new(play));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            let (kept, play) = (Arc::clone(&kept), Arc::clone(&play));
            std::thread::spawn(move || {
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                let Some(head) = read_head(&mut stream) else { return };
                kept.lock().unwrap().push(head.clone());
                play(&mut stream, &head);
            });
        }
    });
    Played { address, heads, is_over }
}

impl Played {
    /// The heads of all requests so far, one for each connection.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// A site whose `/private/*` asks for a pass, and all of whose content is here.
    pub(crate) fn site(&self) -> SiteDraft {
        let endpoint =
            Endpoint { is_https: false, host: "127.0.0.1".into(), port: self.address.port() };
        let origin = HttpOrigin {
            endpoint,
            path: "".into(),
            headers: Vec::new(),
            patience: Patience { connect: Duration::from_secs(2), ..Patience::default() },
            allow_private_addresses: false,
        };
        site().with(|site| {
            site.origins = vec![Origin { id: "site".into(), kind: OriginKind::Http(origin) }];
        })
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

/// Everything up to the empty line, and not a byte more.
pub(crate) fn read_head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    String::from_utf8(head).ok()
}

/// Says it, if anybody still listens.
pub(crate) fn say(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).is_ok()
}
