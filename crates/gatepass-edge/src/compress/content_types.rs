//! The types that CloudFront compresses ("Serve compressed files", in its developer guide).

/// Whether answers of this `Content-Type` shrink.
pub(super) fn is_worth_compressing(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    TYPES.binary_search(&&*essence).is_ok()
}

/// In order, to be searched by halves.
const TYPES: [&str; 48] = [
    "application/dash+xml",
    "application/eot",
    "application/font",
    "application/font-sfnt",
    "application/javascript",
    "application/json",
    "application/opentype",
    "application/otf",
    "application/pdf",
    "application/pkcs7-mime",
    "application/protobuf",
    "application/rss+xml",
    "application/truetype",
    "application/ttf",
    "application/vnd.apple.mpegurl",
    "application/vnd.mapbox-vector-tile",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-font-opentype",
    "application/x-font-truetype",
    "application/x-font-ttf",
    "application/x-httpd-cgi",
    "application/x-javascript",
    "application/x-mpegurl",
    "application/x-opentype",
    "application/x-otf",
    "application/x-perl",
    "application/x-ttf",
    "application/xhtml+xml",
    "application/xml",
    "font/eot",
    "font/opentype",
    "font/otf",
    "font/ttf",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/js",
    "text/plain",
    "text/richtext",
    "text/tab-separated-values",
    "text/x-component",
    "text/x-java-source",
    "text/x-script",
    "text/xml",
    "vnd.apple.mpegurl",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_shrinks_and_films_do_not() {
        assert!(TYPES.is_sorted());
        for text in ["text/html; charset=utf-8", "TEXT/HTML", " application/json ;x", TYPES[0]] {
            assert!(is_worth_compressing(text), "{text}");
        }
        for text in ["", "video/mp4", "image/png", "text", "text/htmlx", "application/octet-stream"]
        {
            assert!(!is_worth_compressing(text), "{text}");
        }
    }
}
