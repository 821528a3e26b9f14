//! A small language for origins that say exactly what a test wants them to say.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gatepass::{EpochTime, ViewerRequest, ViewerUrl};
use gatepass_distribution::{
    Admitted, Endpoint, Gate, HttpOrigin, Origin, OriginKind, Patience, Revocations, VerifiedPasses,
};
use gatepass_edge::origin::remote::{Remote, RemoteBody, Surroundings};
use gatepass_edge::origin::request::{OriginRequest, RequestBody, Trace};
use gatepass_edge::origin::trouble::Trouble;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use http_body_util::BodyExt;

/// An origin on a free port; it stops listening when it is dropped.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    is_over: Arc<std::sync::atomic::AtomicBool>,
}

/// One connection, as the origin sees it.
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    pub(crate) number: usize,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Plays an origin: `play` is called for each connection, on a thread of its own, with the
/// connection's number.
pub(crate) fn scripted(play: impl Fn(&mut Line) + Send + Sync + 'static) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::default());
    let (counter, kept) = (Arc::clone(&connections), Arc::clone(&requests));
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (stop, play) = (Arc::clone(&is_over), Arc::new(play));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
            let mut line = Line { stream, number, requests: Arc::clone(&kept) };
            let play = Arc::clone(&play);
            std::thread::spawn(move || play(&mut line));
        }
    });
    Scripted { address, connections, requests, is_over }
}

/// An origin that answers every request with the same bytes.
pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Scripted {
    let answer = answer.into();
    scripted(move |line| {
        while line.hear().is_some() {
            line.say(&answer);
        }
    })
}

/// An origin that says this once, and hangs up.
pub(crate) fn parting_with(answer: impl Into<Vec<u8>>) -> Scripted {
    let answer = answer.into();
    scripted(move |line| {
        line.hear();
        line.say(&answer);
    })
}

impl Scripted {
    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads, and what was read of bodies, of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint { is_https: false, host: "127.0.0.1".into(), port: self.address.port() }
    }

    pub(crate) fn origin(&self) -> HttpOrigin {
        http_origin(self.endpoint())
    }

    pub(crate) fn remote(&self) -> Remote {
        remote(self.origin())
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl Line {
    /// Reads a request's head; nothing if the other side hung up.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let head = self.read_head()?;
        self.requests.lock().unwrap().push(head.clone());
        Some(head)
    }

    fn read_head(&mut self) -> Option<String> {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return None,
            }
        }
        Some(String::from_utf8(head).unwrap())
    }

    /// Reads so many bytes of a body.
    pub(crate) fn hear_bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Says it, if anybody still listens.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Waits until the other side hangs up, and says whether it did within this time.
    pub(crate) fn is_hung_up_within(&mut self, limit: Duration) -> bool {
        self.stream.set_read_timeout(Some(limit)).unwrap();
        let mut sink = [0; 1024];
        loop {
            match self.stream.read(&mut sink) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => {
                    return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                }
            }
        }
    }

    /// Hangs up with a reset instead of an end.
    pub(crate) fn reset(&mut self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

pub(crate) fn http_origin(endpoint: Endpoint) -> HttpOrigin {
    HttpOrigin {
        endpoint,
        path: "".into(),
        headers: Vec::new(),
        patience: hurried(),
        allow_private_addresses: false,
    }
}

/// Patience for tests: what is to time out does so soon.
pub(crate) fn hurried() -> Patience {
    Patience {
        connect: Duration::from_millis(400),
        response: Duration::from_millis(400),
        ..Patience::default()
    }
}

/// The runtime that drives connections, as an edge would have it.
pub(crate) fn surroundings() -> Surroundings {
    Surroundings::new(tokio::runtime::Handle::current())
}

pub(crate) fn remote(origin: HttpOrigin) -> Remote {
    open(OriginKind::Http(origin))
}

pub(crate) fn open(kind: OriginKind) -> Remote {
    Remote::open(&Origin { id: "origin".into(), kind }, &surroundings())
}

pub(crate) fn get(path: &str) -> OriginRequest {
    ask(Method::GET, path)
}

pub(crate) fn ask(method: Method, target: &str) -> OriginRequest {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.into())),
        None => (target, None),
    };
    OriginRequest {
        method,
        path: path.into(),
        query,
        headers: HeaderMap::new(),
        body: RequestBody::Empty,
        trace: Trace::default(),
    }
}

/// Sets a header.
pub(crate) fn with(mut request: OriginRequest, name: &'static str, value: &str) -> OriginRequest {
    let value = HeaderValue::from_str(value).unwrap();
    request.headers.append(HeaderName::from_static(name), value);
    request
}

pub(crate) fn carrying(
    mut request: OriginRequest,
    body: impl http_body::Body<Data = Bytes, Error = Trouble> + Send + 'static,
) -> OriginRequest {
    request.body = RequestBody::Streaming(body.boxed_unsync());
    request
}

/// Lets a request in by an open gate.
pub(crate) fn admitted(request: OriginRequest) -> Admitted<OriginRequest> {
    let url = ViewerUrl::parse("https://media.test/").unwrap();
    let shown = ViewerRequest::new(url, [192, 0, 2, 7].into(), [""; 0]);
    let now = EpochTime::new(1_767_290_000).unwrap();
    Gate::Open
        .admit(request, &shown, &VerifiedPasses::with_capacity(1), &Revocations::default(), now)
        .unwrap()
}

pub(crate) async fn fetch(
    remote: &Remote,
    request: OriginRequest,
) -> Result<Response<RemoteBody>, Trouble> {
    remote.fetch(admitted(request)).await
}

/// The whole answer: its head, and its body as text.
pub(crate) async fn read(
    response: Response<RemoteBody>,
) -> Result<(Response<()>, String), Trouble> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok((Response::from_parts(head, ()), String::from_utf8(body.to_vec()).unwrap()))
}

pub(crate) async fn fetch_text(remote: &Remote, path: &str) -> Result<String, Trouble> {
    Ok(read(fetch(remote, get(path)).await?).await?.1)
}

/// A body that comes as the test sends it.
pub(crate) struct Parts(tokio::sync::mpsc::UnboundedReceiver<Result<Bytes, Trouble>>);

pub(crate) fn parts() -> (tokio::sync::mpsc::UnboundedSender<Result<Bytes, Trouble>>, Parts) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    (sender, Parts(receiver))
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = Trouble;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Trouble>>> {
        let part = self.0.poll_recv(context);
        part.map(|part| part.map(|part| part.map(http_body::Frame::data)))
    }
}
