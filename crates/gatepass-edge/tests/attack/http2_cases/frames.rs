//! §§4 and 6: frames.

use super::{Case, case, either, post};
use crate::http2::Code::{Compression, FlowControl, FrameSize, Protocol};
use crate::http2::Reaction::{Answered, Connection, Nothing};
use crate::http2::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY,
    PUSH_PROMISE, REQUEST, RST_STREAM, SETTINGS, WHOLE, WINDOW_UPDATE, WITH_PRIORITY, block, frame,
    get, setting, window_update,
};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn frames() -> Vec<Case> {
    let request = block(&REQUEST);
    let (half, rest) = request.split_at(10);
    vec![
        case("§3.4", "a good request, so that the others can fail", [get(1)], [Answered]),
        case("§4.1", "a frame of an unknown kind", [frame(0xee, 0, 0, b"?")], [Nothing]),
        case("§4.1", "flags that PING doesn't know", [frame(PING, 0xfe, 0, &[0; 8])], [Nothing]),
        case(
            "§4.1",
            "the reserved bit of a stream's number",
            [frame(PING, 0, 1 << 31, &[0; 8])],
            [Nothing],
        ),
        case(
            "§4.2",
            "HEADERS longer than SETTINGS_MAX_FRAME_SIZE",
            [frame(HEADERS, WHOLE, 1, &[0; 16_385])],
            [Connection(FrameSize)],
        ),
        case(
            "§4.2",
            "DATA longer than SETTINGS_MAX_FRAME_SIZE",
            [post(&[]), frame(DATA, END_STREAM, 1, &[0; 16_385])],
            either(FrameSize),
        ),
        case(
            "§4.3",
            "a block that can't be read",
            [frame(HEADERS, WHOLE, 1, &[0xff; 12])],
            [Connection(Compression)],
        )
        .but(Connection(Protocol)),
        case(
            "§4.3",
            "a table larger than allowed",
            [frame(HEADERS, WHOLE, 1, &[0x3f, 0xe1, 0xff, 0x03])],
            [Connection(Compression)],
        )
        .but(Connection(Protocol)),
        case(
            "§4.3",
            "an index beyond the table",
            [frame(HEADERS, WHOLE, 1, &[0xfe])],
            [Connection(Compression)],
        )
        .but(Connection(Protocol)),
        case(
            "§4.3",
            "a block in two frames",
            [frame(HEADERS, END_STREAM, 1, half), frame(CONTINUATION, END_HEADERS, 1, rest)],
            [Answered],
        ),
        case(
            "§4.3",
            "PING inside of a block",
            [frame(HEADERS, END_STREAM, 1, half), frame(PING, 0, 0, &[0; 8])],
            [Connection(Protocol)],
        ),
        case(
            "§4.3",
            "another request inside of a block",
            [frame(HEADERS, END_STREAM, 1, half), get(3)],
            [Connection(Protocol)],
        ),
        case(
            "§5.5",
            "an unknown frame inside of a block",
            [frame(HEADERS, END_STREAM, 1, half), frame(0xee, 0, 1, b"?")],
            [Connection(Protocol)],
        ),
        case("§6.1", "DATA of no stream", [frame(DATA, 0, 0, b"a")], [Connection(Protocol)]),
        case(
            "§6.1",
            "DATA padded beyond its end",
            [post(&[]), frame(DATA, PADDED | END_STREAM, 1, &[9, 0, 0])],
            [Connection(Protocol)],
        ),
        case(
            "§6.2",
            "HEADERS of no stream",
            [frame(HEADERS, WHOLE, 0, &request)],
            [Connection(Protocol)],
        ),
        case(
            "§6.2",
            "HEADERS padded beyond its end",
            [frame(HEADERS, WHOLE | PADDED, 1, &[&[200][..], &request].concat())],
            [Connection(Protocol)],
        ),
        case(
            "§6.2",
            "HEADERS with padding and priority",
            [frame(
                HEADERS,
                WHOLE | PADDED | WITH_PRIORITY,
                1,
                &[&[2, 0, 0, 0, 0, 16][..], &request, &[0, 0]].concat(),
            )],
            [Answered],
        ),
        case(
            "§6.3",
            "PRIORITY of no stream",
            [frame(PRIORITY, 0, 0, &[0; 5])],
            [Connection(Protocol)],
        ),
        case(
            "§6.3",
            "PRIORITY of another length",
            [frame(PRIORITY, 0, 1, &[0; 4])],
            either(FrameSize),
        )
        .but(Connection(Protocol)),
        case(
            "§6.3",
            "PRIORITY of an idle stream",
            [frame(PRIORITY, 0, 9, &[0, 0, 0, 1, 16])],
            [Nothing],
        ),
        case(
            "§6.4",
            "RST_STREAM of no stream",
            [frame(RST_STREAM, 0, 0, &[0; 4])],
            [Connection(Protocol)],
        ),
        case(
            "§6.4",
            "RST_STREAM of an idle stream",
            [frame(RST_STREAM, 0, 1, &[0; 4])],
            [Connection(Protocol)],
        ),
        case(
            "§6.4",
            "RST_STREAM of another length",
            [get(1), frame(RST_STREAM, 0, 1, &[0; 3])],
            [Connection(FrameSize)],
        )
        .but(Connection(Protocol)),
        case(
            "§6.5",
            "SETTINGS that acknowledge and set",
            [frame(SETTINGS, ACK, 0, &[0; 6])],
            [Connection(FrameSize)],
        )
        .but(Connection(Protocol)),
        case("§6.5", "SETTINGS of a stream", [frame(SETTINGS, 0, 1, &[])], [Connection(Protocol)]),
        case(
            "§6.5",
            "SETTINGS of another length",
            [frame(SETTINGS, 0, 0, &[0; 5])],
            [Connection(FrameSize)],
        )
        .but(Connection(Protocol)),
        case("§6.5.2", "SETTINGS_ENABLE_PUSH of 2", [setting(2, 2)], [Connection(Protocol)]),
        case(
            "§6.5.2",
            "SETTINGS_INITIAL_WINDOW_SIZE too large",
            [setting(4, 1 << 31)],
            [Connection(FlowControl)],
        )
        .but(Connection(Protocol)),
        case(
            "§6.5.2",
            "SETTINGS_MAX_FRAME_SIZE too small",
            [setting(5, 16_383)],
            [Connection(Protocol)],
        ),
        case(
            "§6.5.2",
            "SETTINGS_MAX_FRAME_SIZE too large",
            [setting(5, 1 << 24)],
            [Connection(Protocol)],
        ),
        case("§6.5.2", "a setting that is unknown", [setting(0xfff, 1)], [Nothing]),
        case(
            "§6.6",
            "PUSH_PROMISE by a viewer",
            [frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &request].concat())],
            [Connection(Protocol)],
        ),
        case("§6.7", "PING of a stream", [frame(PING, 0, 1, &[0; 8])], [Connection(Protocol)]),
        case(
            "§6.7",
            "PING of another length",
            [frame(PING, 0, 0, &[0; 6])],
            [Connection(FrameSize)],
        )
        .but(Connection(Protocol)),
        case("§6.7", "an answer to no PING", [frame(PING, ACK, 0, b"I think.")], [Nothing]),
        case("§6.8", "GOAWAY of a stream", [frame(GOAWAY, 0, 1, &[0; 8])], [Connection(Protocol)]),
        case("§6.9", "WINDOW_UPDATE by nothing", [window_update(0, 0)], [Connection(Protocol)]),
        case(
            "§6.9",
            "WINDOW_UPDATE of a stream by nothing",
            [post(&[]), window_update(1, 0)],
            either(Protocol),
        ),
        case(
            "§6.9",
            "WINDOW_UPDATE of another length",
            [frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1])],
            [Connection(FrameSize)],
        )
        .but(Connection(Protocol)),
        case(
            "§6.9.1",
            "the connection's window beyond 2^31-1",
            [window_update(0, (1 << 31) - 1), window_update(0, (1 << 31) - 1)],
            [Connection(FlowControl)],
        ),
        case(
            "§6.9.1",
            "a stream's window beyond 2^31-1",
            [
                setting(4, 0),
                get(1),
                window_update(1, (1 << 31) - 1),
                window_update(1, (1 << 31) - 1),
            ],
            either(FlowControl),
        ),
        case(
            "§6.9.2",
            "a setting that takes a stream's window beyond 2^31-1",
            [setting(4, 0), get(1), window_update(1, (1 << 31) - 1), setting(4, (1 << 31) - 1)],
            [Connection(FlowControl)],
        ),
        case(
            "§6.10",
            "CONTINUATION of no stream",
            [frame(HEADERS, END_STREAM, 1, half), frame(CONTINUATION, END_HEADERS, 0, rest)],
            [Connection(Protocol)],
        ),
        case(
            "§6.10",
            "CONTINUATION of nothing",
            [frame(CONTINUATION, END_HEADERS, 1, &request)],
            [Connection(Protocol)],
        ),
        case(
            "§6.10",
            "CONTINUATION after the end of the block",
            [post(&[]), frame(CONTINUATION, END_HEADERS, 1, &block(&[("a", "b")]))],
            [Connection(Protocol)],
        ),
    ]
}
