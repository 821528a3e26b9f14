//! Whatever lies in the store's folder is read or refused; what is read can be written, and
//! is the same when it is read again.
#![no_main]

use gatepass_store::{Bundle, Pointer, Segment};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bundle) = Bundle::read(bytes) {
        assert_eq!(Bundle::read(&bundle.write()).ok(), Some(bundle));
    }
    if let Ok(pointer) = Pointer::read(bytes) {
        assert_eq!(Pointer::read(&pointer.write()).ok(), Some(pointer));
    }
    if let Ok(segment) = Segment::read(bytes) {
        assert_eq!(Segment::read(&segment.write()).ok(), Some(segment));
    }
});
