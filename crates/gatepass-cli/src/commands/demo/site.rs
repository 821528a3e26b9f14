//! The demo's site, carried inside the binary and laid out in a folder to be served from.

use std::fs;
use std::io;
use std::path::Path;

macro_rules! site {
    ($($file:literal)*) => {
        /// Paths below the site's root, and what is there.
        const FILES: &[(&str, &[u8])] = &[
            $(($file, include_bytes!(concat!("../../../demo/site/", $file)))),*
        ];
    };
}

site! {
    "demo.js"
    "errors/403.html"
    "favicon.svg"
    "index.html"
    "login.html"
    "login.js"
    "private/film/film.m3u8"
    "private/film/init.mp4"
    "private/film/segment-0.m4s"
    "private/film/segment-1.m4s"
    "private/film/segment-2.m4s"
    "private/film/segment-3.m4s"
    "private/film/segment-4.m4s"
    "private/film/segment-5.m4s"
    "private/index.html"
    "private/picture-1.svg"
    "private/picture-2.svg"
    "public/gate.svg"
    "style.css"
}

/// Writes every file below `root`.
pub(super) fn lay_out(root: &Path) -> io::Result<()> {
    for (name, bytes) in FILES {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}
