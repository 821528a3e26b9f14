//! The particulars of a mistake: how the base64, the URL or the signed bytes differ.

use std::fmt;

/// A way of writing base64 that CloudFront does not read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Alphabet {
    /// With `+`, `/` and `=`.
    Standard,
    /// With `-`, `_` and perhaps `=`.
    UrlSafe,
}

/// How the URL of a pass differs from the one asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Difference {
    /// The pass has the decoded spelling.
    Decoded,
    /// The pass has another percent-encoding.
    Encoded,
    /// The pass has a folder above.
    Folder,
    /// The pass names another host.
    Host,
    /// The pass names no scheme or no host.
    Incomplete,
    /// The pass differs in the case of letters.
    LetterCase,
    /// The canned pass was signed for a pattern.
    Pattern,
    /// The pass names the scheme's default port.
    Port,
    /// The pass has no query.
    Query,
    /// The pass has the query in another order.
    QueryOrder,
    /// The pass has the other scheme.
    Scheme,
    /// The pass has a slash more or less at the end of the path.
    Slash,
    /// The pass names a folder, but nothing in it.
    Star,
}

/// How the bytes that were signed differ from those that the gate sees.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Rewriting {
    /// Slashes were written `\/`, as PHP does.
    EscapedSlashes,
    /// There was a line break at the end.
    Newline,
    /// There were spaces after `:` and `,`, as Python's `json.dumps` writes them.
    Spaces,
    /// There was no white space at all.
    Stripped,
}

impl Difference {
    /// A stable name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Decoded => "url_decoded",
            Self::Encoded => "url_encoded",
            Self::Folder => "folder_signed",
            Self::Host => "host_differs",
            Self::Incomplete => "url_incomplete",
            Self::LetterCase => "letter_case",
            Self::Pattern => "pattern_signed",
            Self::Port => "default_port",
            Self::Query => "query_left_out",
            Self::QueryOrder => "query_order",
            Self::Scheme => "scheme_differs",
            Self::Slash => "trailing_slash",
            Self::Star => "star_missing",
        }
    }

    /// What to do about it.
    pub(super) const fn fix(self) -> &'static str {
        match self {
            Self::Decoded | Self::Encoded => {
                "sign the URL in the bytes that the browser sends: a space is %20 there"
            }
            Self::Folder | Self::Pattern => {
                "use a custom policy for a folder: CloudFront-Policy with a Resource that ends in /*"
            }
            Self::Host => "sign for the host that is in the viewer's address bar, not the origin's",
            Self::Incomplete => "begin with the scheme and the host: https://media.example.com/",
            Self::LetterCase => "spell path and query as the viewer does: their case counts",
            Self::Port => "leave :443 (and :80 with http) out of what is signed",
            Self::Query => {
                "sign the URL with its query, or let the Resource of a custom policy end in *"
            }
            Self::QueryOrder => "sign the query in the order in which it is sent",
            Self::Scheme => "sign for the scheme that the viewer uses, or for both: http*://",
            Self::Slash => "sign the URL with the very slash that the viewer sends, or end it in *",
            Self::Star => "append *: a Resource that ends in / covers nothing beneath",
        }
    }
}

impl fmt::Display for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard base64",
            Self::UrlSafe => "base64url",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decoded => "the pass has the decoded spelling",
            Self::Encoded => "the pass has another percent-encoding",
            Self::Folder => "a canned pass opens one URL, not what lies beneath",
            Self::Host => "the hosts differ",
            Self::Incomplete => "the pass names no scheme or no host",
            Self::LetterCase => "letters differ in case",
            Self::Pattern => "in a canned pass * stands for itself",
            Self::Port => "the pass names the default port, which no browser sends",
            Self::Query => "the pass leaves the query out",
            Self::QueryOrder => "the query is in another order",
            Self::Scheme => "the schemes differ",
            Self::Slash => "they differ in the slash at the end",
            Self::Star => "the pass covers the folder, but nothing in it",
        })
    }
}

impl fmt::Display for Rewriting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EscapedSlashes => r"slashes were written \/",
            Self::Newline => "a line break stood at the end",
            Self::Spaces => "spaces stood between its parts",
            Self::Stripped => "all white space was taken out",
        })
    }
}
