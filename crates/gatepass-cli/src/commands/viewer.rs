//! Who asks for what: a viewer's request as the command line tells it.

use std::net::{IpAddr, Ipv4Addr};

use clap::Args;
use gatepass::{Denial, EpochTime, ViewerRequest, ViewerUrl};

use crate::cookie_jar;
use crate::curl::CurlCommand;
use crate::input::Source;
use crate::words::{Failure, note};

#[derive(Args, Debug)]
pub(super) struct ViewerArgs {
    /// The URL that the viewer asks for; it may carry the pass itself
    pub(super) url: Option<String>,
    /// A Cookie header: 'a=b; c=d'
    #[arg(long = "cookie", value_name = "COOKIES")]
    cookies: Vec<String>,
    /// Cookies in a file: a header, name=value lines, Set-Cookie lines, JSON, or a cookie jar
    #[arg(long, value_name = "FILE")]
    cookie_file: Option<String>,
    /// The viewer's address [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) client_ip: Option<IpAddr>,
    /// When the viewer asks, if not now: RFC 3339, epoch seconds, or a span from now
    #[arg(long, value_name = "T")]
    pub(super) now: Option<String>,
}

/// A request that can be judged.
pub(super) struct Viewer {
    pub(super) url: String,
    cookies: Vec<String>,
    address: Option<IpAddr>,
}

impl ViewerArgs {
    pub(super) fn viewer(&self, now: EpochTime) -> Result<Viewer, Failure> {
        let url = self.url.clone().ok_or_else(no_url)?;
        let cookies = self.cookies.clone();
        self.complete(Viewer { url, cookies, address: self.client_ip }, now)
    }

    /// The request that a pasted `curl` command would make.
    pub(super) fn viewer_of_curl(&self, line: &str, now: EpochTime) -> Result<Viewer, Failure> {
        let stdin = if line == "-" { Some(Source::Stdin.read_text()?) } else { None };
        let line = stdin.as_ref().map_or(line, |text| text.as_str());
        let command = CurlCommand::parse(line).map_err(|failure| failure.at("--curl"))?;
        let url = self.url.clone().or(command.url).ok_or_else(no_url)?;
        let mut viewer = Viewer { url, cookies: command.cookies, address: self.client_ip };
        viewer.cookies.extend(self.cookies.iter().cloned());
        for file in &command.cookie_files {
            viewer.read_cookies(file, now)?;
        }
        self.complete(viewer, now)
    }

    fn complete(&self, mut viewer: Viewer, now: EpochTime) -> Result<Viewer, Failure> {
        if let Some(file) = &self.cookie_file {
            viewer.read_cookies(file, now).map_err(|failure| failure.at("--cookie-file"))?;
        }
        Ok(viewer)
    }
}

impl Viewer {
    pub(super) fn request(&self) -> Result<ViewerRequest<'_>, Failure> {
        request(&self.url, &self.cookies, self.address)
    }

    /// An address that nobody gave can't be inside a policy's network.
    pub(super) fn note_the_address(&self, verdict: &Result<gatepass::Pass, Denial>) {
        if let (None, Err(Denial::AddressNotAllowed { .. })) = (self.address, verdict) {
            note("the viewer is taken to be at 127.0.0.1; give its address with --client-ip");
        }
    }

    fn read_cookies(&mut self, file: &str, now: EpochTime) -> Result<(), Failure> {
        let source = Source::new(file)?;
        let text = source.read_text()?;
        let found = cookie_jar::read(&text).map_err(|failure| failure.at(source))?;
        let url = parse_url(&self.url)?;
        let sent = found.sent_to(&url, now);
        if sent.kept_back > 0 {
            note(&format!(
                "{} of the file's cookies stay at home, by their domain, path or expiry",
                sent.kept_back
            ));
        }
        self.cookies.push(sent.header);
        Ok(())
    }
}

pub(super) fn request<'a>(
    url: &'a str,
    cookies: &'a [String],
    address: Option<IpAddr>,
) -> Result<ViewerRequest<'a>, Failure> {
    let headers = cookies.iter().map(|header| cookie_jar::without_name(header));
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Ok(ViewerRequest::new(parse_url(url)?, address, headers))
}

fn parse_url(url: &str) -> Result<ViewerUrl<'_>, Failure> {
    ViewerUrl::parse(url).map_err(|error| {
        Failure::new(error.to_string()).hint("write it as the browser's address bar copies it")
    })
}

fn no_url() -> Failure {
    Failure::new("no URL is given").hint("say what the viewer asks for: https://…")
}
