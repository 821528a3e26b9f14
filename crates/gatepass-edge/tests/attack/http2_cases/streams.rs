//! §5: streams.

use super::{Case, case, either, post};
use crate::http2::Code::{Protocol, RefusedStream, StreamClosed};
use crate::http2::Reaction::{Answered, Connection, Stream};
use crate::http2::{
    DATA, END_HEADERS, END_STREAM, HEADERS, REQUEST, RST_STREAM, WHOLE, WITH_PRIORITY, block,
    frame, get, window_update,
};

pub(super) fn streams() -> Vec<Case> {
    let request = block(&REQUEST);
    let reset = frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    vec![
        case(
            "§5.1",
            "DATA of an idle stream",
            [frame(DATA, END_STREAM, 1, b"a")],
            [Connection(Protocol)],
        ),
        case(
            "§5.1",
            "WINDOW_UPDATE of an idle stream",
            [window_update(1, 1)],
            [Connection(Protocol)],
        ),
        case(
            "§5.1",
            "DATA after the end of a request",
            [get(1), frame(DATA, END_STREAM, 1, b"a")],
            either(StreamClosed),
        )
        .but(Connection(Protocol)),
        case("§5.1", "HEADERS after the end of a request", [get(1), get(1)], either(StreamClosed))
            .but(Connection(Protocol)),
        case(
            "§5.1",
            "DATA after a reset",
            [post(&[]), reset.clone(), frame(DATA, END_STREAM, 1, b"a")],
            either(StreamClosed),
        ),
        case("§5.1", "HEADERS after a reset", [post(&[]), reset, get(1)], either(StreamClosed))
            .but(Connection(Protocol)),
        case("§5.1.1", "a stream with an even number", [get(2)], [Connection(Protocol)]),
        case(
            "§5.1.1",
            "a stream with a smaller number than the last",
            [post(&[]), get(5), get(3)],
            [Connection(Protocol)],
        ),
        case(
            "§5.1.2",
            "more streams at once than allowed",
            (0..65).map(|number| {
                frame(HEADERS, END_HEADERS, 2 * number + 1, &{
                    let mut lines = REQUEST;
                    lines[0].1 = "POST";
                    block(&lines)
                })
            }),
            [Stream(RefusedStream), Connection(Protocol), Stream(Protocol)],
        ),
        case(
            "§5.3",
            "a priority that depends on itself: priorities are out of use",
            [frame(HEADERS, WHOLE | WITH_PRIORITY, 1, &[&[0, 0, 0, 1, 16][..], &request].concat())],
            [Stream(Protocol), Connection(Protocol), Answered],
        ),
    ]
}
