//! What a file is, going by the end of its name.
//!
//! What players are strict about, and what is common, is listed here; the rest is asked of
//! `mime_guess`. Text is said to be UTF-8. What nobody knows is `application/octet-stream`.

use http::HeaderValue;

/// The `Content-Type` of the file with this path.
pub fn of(path: &[u8]) -> HeaderValue {
    let Some(extension) = extension(path) else { return HeaderValue::from_static(UNKNOWN) };
    if let Some(known) = known(extension) {
        return HeaderValue::from_static(known);
    }
    match mime_guess::from_ext(extension).first_raw() {
        Some(text) if text.starts_with("text/") => {
            HeaderValue::try_from(format!("{text}; charset=utf-8"))
                .unwrap_or(HeaderValue::from_static(text))
        }
        guess => HeaderValue::from_static(guess.unwrap_or(UNKNOWN)),
    }
}

/// What comes after the last dot in the last segment.
fn extension(path: &[u8]) -> Option<&str> {
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    str::from_utf8(&name[dot + 1..]).ok()
}

/// The types that `mime_guess` calls otherwise, and those asked for so often that they are
/// worth not being put together anew.
fn known(extension: &str) -> Option<&'static str> {
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..extension.len())?;
    lower.copy_from_slice(extension.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        // Streams: RFC 8216, ISO/IEC 23009-1, ISO/IEC 23000-19
        b"m3u8" => "application/vnd.apple.mpegurl",
        b"mpd" => "application/dash+xml",
        b"m4s" => "video/iso.segment",
        b"ts" => "video/mp2t",
        b"cmfv" | b"mp4" => "video/mp4",
        b"cmfa" | b"m4a" => "audio/mp4",
        b"cmft" => "application/mp4",
        b"vtt" => "text/vtt; charset=utf-8",
        b"dfxp" | b"ttml" => "application/ttml+xml",
        // Pages and what they are made of
        b"css" => "text/css; charset=utf-8",
        b"csv" => "text/csv; charset=utf-8",
        b"htm" | b"html" => "text/html; charset=utf-8",
        b"js" | b"mjs" => "text/javascript; charset=utf-8",
        b"json" | b"map" => "application/json",
        b"md" => "text/markdown; charset=utf-8",
        b"txt" => "text/plain; charset=utf-8",
        b"wasm" => "application/wasm",
        b"webmanifest" => "application/manifest+json",
        b"woff" => "font/woff",
        // Pictures
        b"avif" => "image/avif",
        b"jpeg" | b"jpg" => "image/jpeg",
        b"jxl" => "image/jxl",
        b"png" => "image/png",
        b"svg" => "image/svg+xml",
        b"webp" => "image/webp",
        _ => return None,
    })
}

/// As long as the longest extension that is listed.
const LONGEST: usize = "webmanifest".len();

const UNKNOWN: &str = "application/octet-stream";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> String {
        super::of(path.as_bytes()).to_str().unwrap().to_owned()
    }

    #[test]
    fn what_players_and_browsers_are_strict_about_is_right() {
        for (name, expected) in [
            ("a.m3u8", "application/vnd.apple.mpegurl"),
            ("a.mpd", "application/dash+xml"),
            ("a.m4s", "video/iso.segment"),
            ("a.ts", "video/mp2t"),
            ("a.mp4", "video/mp4"),
            ("a.vtt", "text/vtt; charset=utf-8"),
            ("a.webmanifest", "application/manifest+json"),
            ("a.avif", "image/avif"),
            ("a.webp", "image/webp"),
            ("a.jxl", "image/jxl"),
            ("a.wasm", "application/wasm"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.svg", "image/svg+xml"),
        ] {
            assert_eq!(of(name), expected);
            assert_eq!(of(&name.to_uppercase()), expected);
        }
    }

    #[test]
    fn the_rest_is_guessed_and_text_is_utf_8() {
        assert_eq!(of("a.zip"), "application/zip");
        assert_eq!(of("a.webm"), "video/webm");
        assert_eq!(of("a.ini"), "text/plain; charset=utf-8");
    }

    #[test]
    fn what_nobody_knows_is_bytes() {
        for path in ["a", "a.", "a.b.?", "a.mp4/b", "a.an-extension-of-some-length", "", "é.é"] {
            assert_eq!(of(path), UNKNOWN, "{path}");
        }
        assert_eq!(super::of(b"a.\xff"), UNKNOWN);
    }
}
