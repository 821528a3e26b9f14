//! A pasted `curl` command: the URL that it asks for, and the cookies that it sends.
//!
//! Browsers copy requests in this form ("Copy as cURL"). Of curl's many flags, those are known
//! that matter here, and those whose value could be mistaken for the URL.

use crate::shell;
use crate::words::Failure;

/// What a `curl` command would send.
#[derive(Debug, Default)]
pub(crate) struct CurlCommand {
    pub(crate) url: Option<String>,
    /// `Cookie` headers, without their name.
    pub(crate) cookies: Vec<String>,
    pub(crate) cookie_files: Vec<String>,
}

/// Flags with a value that says nothing about URL and cookies.
const WITH_VALUE: &[&str] = &[
    "-A",
    "-C",
    "-D",
    "-E",
    "-F",
    "-K",
    "-P",
    "-Q",
    "-T",
    "-U",
    "-X",
    "-Y",
    "-c",
    "-d",
    "-e",
    "-h",
    "-m",
    "-o",
    "-r",
    "-t",
    "-u",
    "-w",
    "-x",
    "-y",
    "-z",
    "--cacert",
    "--cert",
    "--connect-timeout",
    "--connect-to",
    "--cookie-jar",
    "--data",
    "--data-ascii",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "--dump-header",
    "--form",
    "--interface",
    "--json",
    "--key",
    "--limit-rate",
    "--max-time",
    "--noproxy",
    "--output",
    "--proxy",
    "--proxy-header",
    "--range",
    "--referer",
    "--request",
    "--resolve",
    "--retry",
    "--user",
    "--user-agent",
    "--write-out",
];

impl CurlCommand {
    pub(crate) fn parse(line: &str) -> Result<Self, Failure> {
        if line.contains("^\"") || line.contains("Invoke-WebRequest") {
            return Err(Failure::new("this was copied for another shell than bash")
                .hint("choose \"Copy as cURL (bash)\" in the browser's network panel"));
        }
        let words = shell::split(line)?;
        let Some(("curl", words)) = words.split_first().map(|(first, rest)| (&**first, rest))
        else {
            return Err(Failure::new("this is not a curl command")
                .hint("paste all of it, as one word: --curl \"$(cat request.txt)\""));
        };
        let mut command = Self::default();
        let mut bare = Vec::new();
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match flag(word) {
                None => bare.push(word),
                Some((name, value)) => {
                    let takes_value = WITH_VALUE.contains(&name) || Self::matters(name);
                    let value = value.or_else(|| takes_value.then(|| words.next()).flatten());
                    command.take(name, value.unwrap_or_default());
                }
            }
        }
        let from_bare = || bare.iter().find(|word| word.contains("://")).or(bare.first());
        command.url = command.url.or_else(|| from_bare().map(|word| (*word).to_owned()));
        command.url =
            command.url.map(|url| if url.contains("://") { url } else { format!("http://{url}") });
        Ok(command)
    }

    fn matters(name: &str) -> bool {
        matches!(name, "-H" | "--header" | "-b" | "--cookie" | "--url")
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "-H" | "--header" => self.cookies.extend(cookie_header(value)),
            // curl's own rule: what has no = is the name of a file.
            "-b" | "--cookie" if value.contains('=') => self.cookies.push(value.to_owned()),
            "-b" | "--cookie" => self.cookie_files.push(value.to_owned()),
            "--url" => self.url = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// A flag, and its value if it is in the same word: `-bFILE`, `-sSb FILE`, `--header=…`.
fn flag(word: &str) -> Option<(&str, Option<&str>)> {
    if word.starts_with("--") {
        return Some(match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        });
    }
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty())?;
    // Of letters written together, the first that takes a value ends the row.
    let named = ["-H", "-b"].into_iter().chain(WITH_VALUE.iter().copied());
    let ending = letters.char_indices().find_map(|(at, letter)| {
        let mut named = named.clone();
        let name = named.find(|name| name.len() == 2 && name.ends_with(letter))?;
        Some((name, &letters[at + letter.len_utf8()..]))
    });
    match ending {
        Some((name, value)) => Some((name, (!value.is_empty()).then_some(value))),
        None => Some((word, None)),
    }
}

fn cookie_header(header: &str) -> Option<String> {
    let (name, value) = header.split_once(':')?;
    name.trim().eq_ignore_ascii_case("cookie").then(|| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_url_and_cookies_in_what_browsers_copy() {
        let url = "https://media.example.com/a.mp4?x=1";
        for line in [
            "curl 'https://media.example.com/a.mp4?x=1' \\\n  -H 'accept: */*' \\\n  -b 'a=1; b=2' \\\n  -H 'referer: https://app.example.com/' --compressed",
            "curl 'https://media.example.com/a.mp4?x=1' --compressed -H 'Accept-Language: de' -H 'Cookie: a=1; b=2'",
            "curl -X GET -H $'cookie: a=1; b=2' $'https://media.example.com/a.mp4?x=1'",
            "curl -e https://app.example.com/ -sSLb 'a=1; b=2' -o out https://media.example.com/a.mp4?x=1",
            "curl --cookie \"a=1; b=2\" --url https://media.example.com/a.mp4?x=1 -I",
            "curl -b'a=1; b=2' --proxy http://proxy:8080 https://media.example.com/a.mp4?x=1",
        ] {
            let command = CurlCommand::parse(line).unwrap();
            assert_eq!(command.url.as_deref(), Some(url), "{line}");
            assert_eq!(command.cookies, ["a=1; b=2"], "{line}");
        }
    }

    #[test]
    fn knows_a_file_of_cookies_and_a_url_without_scheme() {
        let command = CurlCommand::parse("curl -b jar.txt localhost:8080/a").unwrap();
        assert_eq!(command.cookie_files, ["jar.txt"]);
        assert_eq!(command.url.as_deref(), Some("http://localhost:8080/a"));
    }

    #[test]
    fn refuses_what_was_copied_for_another_shell() {
        for line in ["curl ^\"https://e.com^\"", "Invoke-WebRequest -Uri x", "wget x", "curl 'x"] {
            assert!(CurlCommand::parse(line).is_err(), "{line}");
        }
    }
}
