//! Bodies: how they are read, and what they do when the file changes under them.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};

use gatepass_edge::origin::file_body::FileBody;
use http::header::RANGE;
use http_body::Body;
use http_body_util::BodyExt;

use crate::origin;

#[test]
fn files_of_any_length_arrive_whole() {
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 1_000_000] {
        let content = origin::noise(length);
        let answer = origin::serving("a", &content).get("/a");
        assert!(answer.body == content, "{length} bytes");
    }
}

#[test]
fn the_size_hint_is_exact() {
    let origin = origin::serving("a", origin::noise(500_000));
    let hint = |headers: &[_]| origin.fetch("/a", headers).body().size_hint().exact();
    assert_eq!(hint(&[]), Some(500_000));
    assert_eq!(hint(&[(RANGE, "bytes=-200000")]), Some(200_000));
    assert_eq!(hint(&[(RANGE, "bytes=500000-")]), Some(0));
}

#[test]
fn a_file_that_shrinks_ends_the_body_with_an_error() {
    for (length, left) in [(1_000_000, 300_000), (1_000_000, 0), (1_000, 500)] {
        let content = origin::noise(length);
        let origin = origin::serving("a", &content);
        let mut body = origin.fetch("/a", &[]).into_body();
        let file = OpenOptions::new().write(true).open(origin.path("a")).unwrap();
        let (sent, error) = origin::block_on(async {
            let mut sent = Vec::new();
            if length > left * 2 && left > 0 {
                sent.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
            }
            file.set_len(left as u64).unwrap();
            loop {
                match body.frame().await {
                    Some(Ok(frame)) => sent.extend(frame.into_data().unwrap()),
                    Some(Err(error)) => break (sent, error),
                    None => panic!("the body ended in silence"),
                }
            }
        });
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert!(content.starts_with(&sent) && sent.len() <= left, "no padding");
        assert!(origin::block_on(body.frame()).is_none());
    }
}

#[test]
fn a_file_that_grows_sends_the_promised_length() {
    for length in [1_000, 300_000] {
        let content = origin::noise(length);
        let origin = origin::serving("a", &content);
        let body = origin.fetch("/a", &[]).into_body();
        let mut file = OpenOptions::new().append(true).open(origin.path("a")).unwrap();
        file.write_all(&content).unwrap();
        assert!(origin::read(body).unwrap() == content);
    }
}

#[test]
fn a_file_that_is_replaced_or_removed_is_sent_as_it_was() {
    let content = origin::noise(300_000);
    let origin = origin::serving("a", &content).with("b", "new");
    let body = origin.fetch("/a", &[]).into_body();
    fs::rename(origin.path("b"), origin.path("a")).unwrap();
    assert!(origin::read(body).unwrap() == content);

    let body = origin.fetch("/a", &[]).into_body();
    fs::remove_file(origin.path("a")).unwrap();
    assert_eq!(origin::read(body).unwrap(), b"new");
}

#[test]
fn bodies_can_be_sent_between_threads_and_directories_shared() {
    fn is_send<T: Send + 'static>() {}
    fn is_shared<T: Send + Sync + 'static>() {}
    is_send::<FileBody>();
    is_shared::<gatepass_edge::origin::directory::Directory>();
}

#[cfg(target_os = "linux")]
mod page_cache {
    use std::fs::File;
    use std::io::IoSliceMut;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;
    use gatepass_edge::origin::file_body::FileBody;
    use http_body::Body;
    use rustix::fs::{Advice, fadvise};
    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    use crate::origin::{self, Origin};

    /// Whether the file system can read without waiting. Some overlays can't.
    fn can_tell(origin: &Origin, name: &str) -> bool {
        let file = File::open(origin.path(name)).unwrap();
        let mut byte = [0];
        let mut bytes = [IoSliceMut::new(&mut byte)];
        preadv2(file, &mut bytes, 0, ReadWriteFlags::NOWAIT) != Err(Errno::OPNOTSUPP)
    }

    /// Takes what can be had without a runtime, and hence without another thread.
    fn take_at_once(body: &mut FileBody) -> Option<Bytes> {
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(body).poll_frame(&mut context) {
            Poll::Ready(frame) => Some(frame?.unwrap().into_data().unwrap()),
            Poll::Pending => panic!("not at once"),
        }
    }

    #[test]
    fn what_it_holds_is_read_at_once() {
        let content = origin::noise(300_000);
        let origin = origin::serving("large", &content).with("small", &content[..65_536]);
        if !can_tell(&origin, "small") {
            return;
        }
        let mut small = origin.fetch("/small", &[]).into_body();
        assert_eq!(small.size_hint().exact(), Some(65_536));
        assert_eq!(take_at_once(&mut small).unwrap(), content[..65_536]);
        assert!(small.is_end_stream());

        let mut large = origin.fetch("/large", &[]).into_body();
        let mut taken = Vec::new();
        while let Some(chunk) = take_at_once(&mut large) {
            assert!(chunk.len() <= 256 * 1024);
            taken.extend_from_slice(&chunk);
            assert_eq!(large.size_hint().exact(), Some((content.len() - taken.len()) as u64));
        }
        assert!(taken == content);
    }

    #[test]
    fn what_it_lacks_is_read_elsewhere() {
        let content = origin::noise(3_000_000);
        let origin = origin::serving("a", &content);
        let file = File::open(origin.path("a")).unwrap();
        file.sync_all().unwrap();
        fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        assert!(origin.get("/a").body == content);
    }
}
