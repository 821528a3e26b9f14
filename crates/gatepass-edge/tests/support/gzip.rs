//! What a viewer makes of an answer that was compressed on its way.

use async_compression::codecs::{DecodeV2 as _, GzipDecoder};
use async_compression::core::util::{PartialBuffer, WriteBuffer};

/// The text of a gzip that has an end.
pub(crate) fn text(gzip: &[u8]) -> String {
    let mut text = vec![0; 1 << 20];
    let mut written = WriteBuffer::new_initialized(&mut text);
    let is_over = GzipDecoder::new().decode(&mut PartialBuffer::new(gzip), &mut written);
    assert!(is_over.unwrap(), "it has an end");
    String::from_utf8(written.written().to_vec()).unwrap()
}

/// What `Transfer-Encoding: chunked` wraps.
pub(crate) fn unchunked(mut chunked: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = chunked.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = std::str::from_utf8(&chunked[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&chunked[end + 2..][..length]);
        chunked = &chunked[end + 2 + length + 2..];
    }
}
