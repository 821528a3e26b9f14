//! What `serve FOLDER` says when it begins: what is guarded, and the lines that lead in.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use gatepass_distribution::{NormalPath, PathPattern};

use super::own_keys::OwnKey;
use crate::shell::quote;

/// So many files are looked at to find one that is guarded.
const MAX_LOOKED_AT: usize = 2_000;

/// The text, for a folder that is now served at `address`.
pub(super) fn text(
    folder: &Path,
    private: &[PathPattern],
    key: &OwnKey,
    address: SocketAddr,
) -> String {
    let made = if key.is_new { "made just now" } else { "from before" };
    let mut text = format!("serving  {} on http://{address}/\n", folder.display());
    for pattern in private {
        let _ = writeln!(text, "guarded  {pattern}");
    }
    let _ = writeln!(text, "key      {} ({made}; {})", key.id, key.file.display());
    match private.first() {
        Some(pattern) => text.push_str(&way_in(folder, pattern, key, address)),
        None => text
            .push_str("\nnothing is guarded: add --private '/members/*' to ask for a pass there\n"),
    }
    text
}

fn way_in(folder: &Path, pattern: &PathPattern, key: &OwnKey, address: SocketAddr) -> String {
    let resource = format!("http://{address}{pattern}");
    let example = match guarded_file(folder, pattern) {
        Some(path) => format!("http://{address}{path}"),
        None => resource.clone(),
    };
    let sign = format!(
        "gatepass sign cookies --resource {} \\\n    --key-pair-id {} --private-key {} \\\n    --date-less-than 1h",
        quote(&resource),
        key.id,
        quote(&key.file.to_string_lossy())
    );
    let example = quote(&example);
    format!(
        "\nwithout a pass:\n  curl -i {example}\n\nmake one for an hour:\n  {sign}\n\nask with it:\n  curl -i -H \"$({sign} --output header)\" {example}\n\n"
    )
}

/// The URL path of some file that the pattern covers, if its name needs no escapes.
fn guarded_file(folder: &Path, pattern: &PathPattern) -> Option<String> {
    let mut folders = vec![(folder.to_owned(), String::new())];
    let mut looked_at = 0;
    while let Some((folder, prefix)) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            looked_at += 1;
            let name = entry.file_name().into_string().ok().filter(|name| is_plain(name));
            let (Some(name), Ok(kind), true) =
                (name, entry.file_type(), looked_at <= MAX_LOOKED_AT)
            else {
                continue;
            };
            let path = format!("{prefix}/{name}");
            if kind.is_dir() {
                folders.push((entry.path(), path));
            } else if kind.is_file() && pattern.covers(&NormalPath::read(&path)) {
                return Some(path);
            }
        }
    }
    None
}

fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    !name.starts_with('.') && name.bytes().all(is_plain)
}
