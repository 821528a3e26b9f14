//! Whatever a viewer sends, a head that is read the quick way ends at its first empty line, and
//! says nothing of a body.
#![no_main]

use gatepass_edge::plain_head;
use http::{Method, Version};
use libfuzzer_sys::fuzz_target;

const FOR_HYPER: [&[u8]; 4] = [b"content-length", b"transfer-encoding", b"expect", b"upgrade"];

fuzz_target!(|sent: &[u8]| {
    let Some((request, rest)) = plain_head(sent) else { return };
    assert!(matches!(*request.method(), Method::GET | Method::HEAD));
    assert_eq!(request.version(), Version::HTTP_11);
    let head = sent.strip_suffix(&rest[..]).expect("what follows is left as it is");
    let lines = head.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
    let mut lines = lines.skip_while(|line| line.is_empty());
    let first = lines.next().expect("there is a first line");
    assert!(first.starts_with(b"GET ") || first.starts_with(b"HEAD "));
    assert!(first.ends_with(b" HTTP/1.1"));
    let headers: Vec<&[u8]> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert_eq!(headers.len(), request.headers().len());
    assert_eq!(lines.next(), Some(&b""[..]), "it ends behind its first empty line");
    assert_eq!(lines.next(), None);
    for line in headers {
        let end = line.iter().position(|byte| *byte == b':').expect("a header has a name");
        let name = line[..end].to_ascii_lowercase();
        assert!(!FOR_HYPER.contains(&&name[..]), "{name:?}");
    }
});
