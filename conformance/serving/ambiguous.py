"""Requests that can be read in two ways, one named defect each.

What a second reader would take for a request of its own asks for `/private/x`, which stands behind
the gate.
"""

from dataclasses import dataclass

INSIDE = b"GET /private/x HTTP/1.1\r\nHost: inside.example\r\n\r\n"
HIDDEN = b"GET /private/x HTTP/1.1\r\nHost: $\r\n\r\n"


@dataclass(frozen=True)
class Case:
    name: str
    text: bytes
    """`$` stands for the front's host and port."""
    wanted: str = "refused"
    """What has to become of it.

    `refused`, before the origin hears of it; `broken`, if it shows only in the body, which may be
    on its way by then; `closed`, if a reading is laid down (RFC 9112, section 6.1) and the connection
    has to end all the same; `served`; or `either`, where the one right reading is as good.
    """

    def raw(self, port: int) -> bytes:
        return self.text.replace(b"$", b"127.0.0.1:%d" % port)


def get(target: bytes = b"/a", fields: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET %s %s\r\nHost: $\r\n%s\r\n" % (target, version, fields)


def post(fields: bytes, body: bytes) -> bytes:
    return b"POST /a HTTP/1.1\r\nHost: $\r\n%s\r\n%s" % (fields, body)


CHUNKED = b"Transfer-Encoding: chunked\r\n"
END = b"0\r\n\r\n"

CASES = [
    # As everyone means it: the harness can serve.
    Case("plain GET", get(), "served"),
    Case("plain POST with a length", post(b"Content-Length: 5\r\n", b"hello"), "served"),
    Case("plain POST in chunks", post(CHUNKED, b"5\r\nhello\r\n" + END), "served"),
    Case("two requests, the second private", get() + HIDDEN, "served"),
    # Where a body ends.
    Case("length and chunks, length first", post(b"Content-Length: 5\r\n" + CHUNKED, END + HIDDEN), "closed"),
    Case("chunks and length, length last", post(CHUNKED + b"Content-Length: 4\r\n", END + HIDDEN), "closed"),
    Case("two lengths that differ", post(b"Content-Length: 0\r\nContent-Length: 5\r\n", HIDDEN)),
    Case("two lengths that agree", post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"), "either"),
    Case("a list of lengths", post(b"Content-Length: 0, 5\r\n", HIDDEN)),
    Case("a length with a sign", post(b"Content-Length: +5\r\n", b"hello")),
    Case("a length below nothing", post(b"Content-Length: -1\r\n", HIDDEN)),
    Case("a length in hexadecimal", post(b"Content-Length: 0x5\r\n", b"hello")),
    Case("a length that overflows", post(b"Content-Length: 18446744073709551616\r\n", HIDDEN)),
    Case("a length with a space in it", post(b"Content-Length: 0 5\r\n", HIDDEN)),
    Case("an empty length", post(b"Content-Length: \r\n", HIDDEN)),
    Case("a length, a space before its colon", post(b"Content-Length : 5\r\n", b"hello")),
    Case("chunks, a space before the colon", post(b"Transfer-Encoding : chunked\r\n", END + HIDDEN)),
    Case("an encoding that is almost chunked", post(b"Transfer-Encoding: xchunked\r\n", END + HIDDEN)),
    Case("chunked, and then identity", post(b"Transfer-Encoding: chunked, identity\r\n", END + HIDDEN)),
    Case("identity on a line of its own", post(CHUNKED + b"Transfer-Encoding: identity\r\n", END + HIDDEN)),
    Case("chunked twice", post(CHUNKED * 2, END + HIDDEN)),
    Case("chunked behind a vertical tab", post(b"Transfer-Encoding: \x0bchunked\r\n", END + HIDDEN)),
    Case("chunked on a folded line", post(b"Transfer-Encoding:\r\n chunked\r\n", END + HIDDEN)),
    Case("chunked in quotes", post(b'Transfer-Encoding: "chunked"\r\n', END + HIDDEN)),
    Case("chunked in HTTP/1.0", b"POST /a HTTP/1.0\r\nHost: $\r\n" + CHUNKED + b"\r\n" + END + HIDDEN),
    Case("a chunk's size in C's notation", post(CHUNKED, b"0x5\r\nhello\r\n" + END), "broken"),
    Case("a chunk's size that overflows", post(CHUNKED, b"10000000000000000\r\nhello\r\n" + END), "broken"),
    Case("a chunk's size with a sign", post(CHUNKED, b"+5\r\nhello\r\n" + END), "broken"),
    Case("a chunk longer than it says", post(CHUNKED, b"5\r\nhelloX\r\n" + END), "broken"),
    Case("a chunk's line that ends in LF", post(CHUNKED, b"5\nhello\r\n" + END), "either"),
    Case("a chunk's extension with a bare CR", post(CHUNKED, b"5;a\rb\r\nhello\r\n" + END), "either"),
    Case("a length among the trailers", post(CHUNKED, b"0\r\nContent-Length: 50\r\n\r\n"), "either"),
    Case("a GET with a body", get(fields=b"Content-Length: %d\r\n" % len(INSIDE)) + INSIDE, "either"),
    # Where a line ends.
    Case("lines that end in LF", b"GET /a HTTP/1.1\nHost: $\n\n", "either"),
    Case("lines that end in CR", b"GET /a HTTP/1.1\rHost: $\r\r"),
    Case("a bare CR in a value", get(fields=b"X: a\rTransfer-Encoding: chunked\r\n")),
    Case("a bare LF in a value", get(fields=b"X: a\nContent-Length: 0\r\n"), "either"),
    Case("a NUL in a value", get(fields=b"X: a\0b\r\n")),
    Case("a NUL in a name", get(fields=b"X\0: a\r\n")),
    Case("a folded line", get(fields=b"X: a\r\n b\r\n"), "either"),
    Case("a first field that is indented", b"GET /a HTTP/1.1\r\n X: a\r\nHost: $\r\n\r\n"),
    Case("a field without a colon", get(fields=b"Nothing\r\n")),
    Case("a field without a name", get(fields=b": a\r\n")),
    # For whom it is.
    Case("two hosts", b"GET /a HTTP/1.1\r\nHost: $\r\nHost: other.example\r\n\r\n"),
    Case("the same host twice", b"GET /a HTTP/1.1\r\nHost: $\r\nHost: $\r\n\r\n"),
    Case("no host", b"GET /a HTTP/1.1\r\n\r\n"),
    Case("a host with a path", b"GET /a HTTP/1.1\r\nHost: $/private\r\n\r\n"),
    Case("a host with someone before it", b"GET /a HTTP/1.1\r\nHost: other.example@127.0.0.1\r\n\r\n"),
    Case("a whole URL, its host another", b"GET http://other.example/a HTTP/1.1\r\nHost: $\r\n\r\n"),
    Case("a whole URL of what is private", get(b"http://$/private/x")),
    Case("CONNECT", b"CONNECT $ HTTP/1.1\r\nHost: $\r\n\r\n"),
    # What is asked for.
    Case("a target without a slash", get(b"private/x")),
    Case("a target with a space", get(b"/a b")),
    Case("a target with a fragment", get(b"/a#/../private/x"), "either"),
    Case("a target with a backslash", get(b"/a\\..\\private\\x"), "either"),
    Case("dots that lead to what is private", get(b"/a/../private/x")),
    Case("dots, encoded", get(b"/a/%2e%2e/private/x")),
    Case("a slash, encoded", get(b"/a/..%2fprivate/x"), "either"),
    Case("two slashes before what is private", get(b"//private/x")),
    Case("tabs in the request line", b"GET\t/a\tHTTP/1.1\r\nHost: $\r\n\r\n"),
    Case("HTTP/0.9", b"GET /a\r\n\r\n"),
    Case("HTTP/2.0 in a line of HTTP/1", get(version=b"HTTP/2.0")),
    Case("a version in small letters", get(version=b"http/1.1")),
    Case("an upgrade to HTTP/2 in clear", get(fields=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), "either"),
    Case("Connection names the length", post(b"Connection: Content-Length\r\nContent-Length: %d\r\n" % len(INSIDE), INSIDE), "either"),
    Case("Connection names the encoding", post(b"Connection: Transfer-Encoding\r\n" + CHUNKED, b"%x\r\n%s\r\n" % (len(INSIDE), INSIDE) + END), "either"),
    Case("Connection names the host", get(fields=b"Connection: Host\r\n"), "either"),
]
