//! Ranges are ascending, apart, inside the file, and few.
#![no_main]

use gatepass_edge::origin::range::{self, Ranges};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &str)| {
    let (length, header) = input;
    if let Ranges::Parts(parts) = range::parse(header, length) {
        assert!(!parts.is_empty() && parts.len() <= 16);
        let mut next = 0;
        for part in parts {
            assert!(*part.start() >= next && part.end() < &length && part.start() <= part.end());
            next = part.end() + 1;
        }
    }
});
