//! Header maps to use again: every request fills two, and to allocate one costs as much as to
//! fill it.

use std::cell::RefCell;

use http::HeaderMap;

/// So many wait on each thread.
const MOST: usize = 8;

/// A map that grew larger is not kept.
const LARGEST: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// An empty map, with room for some headers as a rule.
pub(crate) fn headers() -> HeaderMap {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| HeaderMap::with_capacity(16))
}

/// To be called with what is not needed any longer.
pub(crate) fn give_back(mut headers: HeaderMap) {
    if headers.capacity() == 0 || headers.capacity() > LARGEST {
        return;
    }
    headers.clear();
    // A thread that ends has none.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MOST {
            spare.push(headers);
        }
    });
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{COOKIE, HOST};

    use super::*;

    #[test]
    fn what_is_used_again_holds_nothing_of_before() {
        let mut first = headers();
        first.append(COOKIE, HeaderValue::from_static("somebody's"));
        first.append(COOKIE, HeaderValue::from_static("and another"));
        give_back(first);
        let mut again = headers();
        assert!(again.is_empty() && again.capacity() > 0);
        assert!(again.get(COOKIE).is_none());
        again.append(HOST, HeaderValue::from_static("media.test"));
        assert_eq!(again.iter().count(), 1);
    }

    #[test]
    fn no_more_are_kept_than_some_of_ordinary_size() {
        (0..3 * MOST).for_each(|_| give_back(HeaderMap::with_capacity(16)));
        give_back(HeaderMap::with_capacity(10 * LARGEST));
        let (count, largest) =
            SPARE.with_borrow(|spare| (spare.len(), spare.iter().map(HeaderMap::capacity).max()));
        assert!(count <= MOST && largest <= Some(LARGEST));
    }
}
