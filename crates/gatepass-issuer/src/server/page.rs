//! The pages that people see: plain HTML without scripts, from templates that an operator can
//! replace one by one.
//!
//! # Invariants
//!
//! - Every page forbids being framed, being kept, and loading anything from elsewhere.
//! - A template that can't be read, or that asks for something no page has, is told at the
//!   start, not when somebody needs it.
//! - All words stand in the templates: code says which sentence, never the sentence.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::response::Response;
use gatepass::EpochTime;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::csrf::FormToken;

/// What a page says. A template of the same name gets its fields, `base`, and if it has a form
/// `token`.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Page<'a> {
    /// Somebody followed an invitation link, and has to say that they mean it.
    Invitation {
        /// The link's own query, to be sent back.
        link: &'a str,
        name: &'a str,
        /// Whether the link is good for one login only.
        once: bool,
    },
    /// Logged out here, and on the way to the provider to log out there.
    ///
    /// A page, for Chromium holds what a form's answer redirects to against `form-action`, which
    /// the provider is not in: where a page goes by itself is not the form's any more.
    Leaving { provider: &'a str, url: &'a str },
    /// Who are you?
    Login {
        /// Where they want to go, to be sent back.
        return_to: &'a str,
        /// Whether a name and a password can be given.
        users: bool,
        ways: &'a [OtherWay<'a>],
        /// The name that was given.
        name: &'a str,
        error: Option<LoginTrouble>,
        /// In how many seconds it is worth trying again.
        wait: u64,
    },
    /// Known, but not entitled to anything here.
    Refused { name: &'a str },
    /// Logged in.
    SignedIn { name: &'a str, until: &'a str, return_to: &'a str },
    /// Logged out.
    SignedOut {},
    /// Something does not work, and it is not the reader's fault, or can't be mended here.
    Trouble {
        trouble: Trouble,
        return_to: &'a str,
        /// What the way of logging in says of it, in English; may be empty.
        sentence: &'a str,
    },
}

/// A way of logging in that begins with a link.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct OtherWay<'a> {
    /// What to call it, as the operator does.
    pub(crate) name: &'a str,
    /// Where it begins.
    pub(crate) url: &'a str,
    /// Whether who asks there found nobody lately.
    pub(crate) away: bool,
}

/// Why somebody sees the login page again.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LoginTrouble {
    /// So many log in right now that there is a queue.
    Busy,
    /// The form is old, or did not come from this browser.
    Form,
    /// Too many attempts.
    Wait,
    /// The name or the password is not right; it is not said which.
    Wrong,
}

/// What does not work.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Trouble {
    /// A request that makes no sense, or did not come from a page of ours.
    Asked,
    /// A login at the provider that this browser did not begin, or has finished already.
    Attempt,
    /// A login at the provider that took too long.
    AttemptLate,
    /// An invitation that was not signed by us, or is over.
    Invitation,
    /// An invitation that was good once, and was used.
    InvitationUsed,
    /// Passes can't be made right now.
    Passes,
    /// Whoever is asked who somebody is answers in a way that can't be believed.
    Provider,
    /// They don't answer.
    ProviderAway,
    /// They say no, or the person called it off.
    ProviderRefused,
}

/// A folder of templates that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PagesError {
    /// It can't be read.
    #[error("can't read {}: {error}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is none of ours.
    #[error("{} is no page of the issuer; there are {known}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The names that would be.
        known: String,
    },
    /// Its text is wrong.
    #[error("{}: line {line}: {problem}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where in it, if that is known.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// All pages, ready to be shown.
pub(crate) struct Pages {
    templates: Environment<'static>,
    style: Box<[u8]>,
    base: Box<str>,
    policy: HeaderValue,
}

const STYLE: &str = "page.css";

const BUILT_IN: [(&str, &str); 9] = [
    ("invitation.html", include_str!("pages/invitation.html")),
    ("layout.html", include_str!("pages/layout.html")),
    ("leaving.html", include_str!("pages/leaving.html")),
    ("login.html", include_str!("pages/login.html")),
    (STYLE, include_str!("pages/page.css")),
    ("refused.html", include_str!("pages/refused.html")),
    ("signed-in.html", include_str!("pages/signed-in.html")),
    ("signed-out.html", include_str!("pages/signed-out.html")),
    ("trouble.html", include_str!("pages/trouble.html")),
];

impl Pages {
    /// The longest template, in bytes.
    const LONGEST: u64 = 256 * 1024;

    /// The built-in pages of an issuer whose paths begin with `base`, such as `/_gatepass`,
    /// with those in `folder` instead where there are any. Forms may lead to `return_hosts`.
    pub(crate) fn open<'h>(
        folder: Option<&Path>,
        base: &str,
        return_hosts: impl IntoIterator<Item = &'h str>,
    ) -> Result<Self, PagesError> {
        let mut sources: BTreeMap<&str, String> =
            BUILT_IN.into_iter().map(|(name, text)| (name, text.to_owned())).collect();
        for (name, text) in folder.map(read_folder).transpose()?.unwrap_or_default() {
            sources.insert(name, text);
        }
        let path_of = |name: &str| folder.map_or_else(|| name.into(), |folder| folder.join(name));
        let wrong = |name: &str, error: &minijinja::Error| PagesError::Wrong {
            path: path_of(error.name().unwrap_or(name)),
            line: error.line().unwrap_or(0),
            problem: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
        };
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        let style = sources.remove(STYLE).unwrap_or_default().into_bytes().into();
        for (name, text) in sources {
            templates.add_template_owned(name, text).map_err(|error| wrong(name, &error))?;
        }
        // Chromium holds the answer to a form against form-action, too: where it sends people
        // has to be listed.
        let targets = return_hosts.into_iter().fold(String::from("'self'"), |mut all, host| {
            all.extend([" ", host]);
            all
        });
        // A logo of one's own host is all that templates may want besides.
        let pictures = if folder.is_some() { "; img-src 'self'" } else { "" };
        let policy = format!(
            "default-src 'none'; style-src 'self'{pictures}; form-action {targets}; \
             frame-ancestors 'none'; base-uri 'none'"
        );
        let policy = HeaderValue::from_str(&policy).expect("listed hosts are plain text");
        let pages = Self { templates, style, base: base.into(), policy };
        for page in Page::samples() {
            let name = page.template();
            pages.render(&page, Some("token")).map_err(|error| wrong(name, &error))?;
        }
        Ok(pages)
    }

    /// An answer that tells somebody of trouble, and leads them to the login page again.
    pub(crate) fn trouble(&self, status: StatusCode, trouble: Trouble) -> Response {
        self.answer(status, &Page::Trouble { trouble, return_to: "/", sentence: "" })
    }

    /// An answer that shows a page without a form.
    pub(crate) fn answer(&self, status: StatusCode, page: &Page<'_>) -> Response {
        self.answer_with(status, page, None)
    }

    /// An answer that shows a page with a form: with its token, and the cookie that goes with it.
    pub(crate) fn form(&self, status: StatusCode, page: &Page<'_>, token: FormToken) -> Response {
        let mut answer = self.answer_with(status, page, Some(&token.token));
        if let Some(line) = token.set_cookie {
            answer.headers_mut().append(SET_COOKIE, line);
        }
        answer
    }

    fn answer_with(&self, status: StatusCode, page: &Page<'_>, token: Option<&str>) -> Response {
        // Every page was tried at the start; what fails all the same says nothing of itself.
        let text = self.render(page, token).unwrap_or_default();
        let mut answer = Response::new(Body::from(text));
        *answer.status_mut() = status;
        answer.headers_mut().extend([
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (CONTENT_SECURITY_POLICY, self.policy.clone()),
        ]);
        protect(&mut answer);
        answer
    }

    /// The style of all pages.
    pub(crate) fn style(&self) -> Response {
        let mut answer = Response::new(Body::from(self.style.to_vec()));
        answer.headers_mut().extend([
            (CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
            (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ]);
        answer
    }

    fn render(&self, page: &Page<'_>, token: Option<&str>) -> Result<String, minijinja::Error> {
        #[derive(Serialize)]
        struct Fields<'p> {
            base: &'p str,
            token: Option<&'p str>,
            #[serde(flatten)]
            page: &'p Page<'p>,
        }
        let fields = Fields { base: &self.base, token, page };
        self.templates.get_template(page.template())?.render(minijinja::value::Serde(fields))
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Adds what every answer of the issuer has that is not to be framed, kept or guessed at.
pub(crate) fn protect(answer: &mut Response) {
    const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
    answer.headers_mut().extend([
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (OPENER, HeaderValue::from_static("same-origin")),
        // With no-referrer, browsers would send forms with `Origin: null`.
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ]);
}

/// A time as pages show it, to the minute.
pub(crate) fn shown(time: EpochTime) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => text,
    }
}

impl Page<'_> {
    const fn template(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation.html",
            Self::Leaving { .. } => "leaving.html",
            Self::Login { .. } => "login.html",
            Self::Refused { .. } => "refused.html",
            Self::SignedIn { .. } => "signed-in.html",
            Self::SignedOut {} => "signed-out.html",
            Self::Trouble { .. } => "trouble.html",
        }
    }

    /// Every page, in all that it can say.
    fn samples() -> impl Iterator<Item = Page<'static>> {
        const WAYS: &[OtherWay<'_>] = &[
            OtherWay { name: "Example", url: "/login", away: false },
            OtherWay { name: "Example", url: "/login", away: true },
        ];
        let (name, return_to) = ("ada", "/");
        let login = move |users, ways, error, wait| Page::Login {
            return_to,
            users,
            ways,
            name,
            error,
            wait,
        };
        let logins = [(true, WAYS), (true, &[][..]), (false, WAYS), (false, &[])];
        let troubles = [
            (None, 0),
            (Some(LoginTrouble::Busy), 5),
            (Some(LoginTrouble::Form), 0),
            (Some(LoginTrouble::Wait), 30),
            (Some(LoginTrouble::Wait), 300),
            (Some(LoginTrouble::Wrong), 0),
        ];
        let logins = logins.into_iter().flat_map(move |(users, ways)| {
            troubles.into_iter().map(move |(error, wait)| login(users, ways, error, wait))
        });
        let invitation = |once| Page::Invitation { link: "for=ada", name, once };
        let troubles = [
            Trouble::Asked,
            Trouble::Attempt,
            Trouble::AttemptLate,
            Trouble::Invitation,
            Trouble::InvitationUsed,
            Trouble::Passes,
            Trouble::Provider,
            Trouble::ProviderAway,
            Trouble::ProviderRefused,
        ];
        let troubles = troubles.into_iter().map(move |trouble| Page::Trouble {
            trouble,
            return_to,
            sentence: "",
        });
        let until = "2026-01-01 18:00 UTC";
        let said = Page::Trouble { trouble: Trouble::Provider, return_to, sentence: "No." };
        logins.chain([true, false].map(invitation)).chain(troubles).chain([
            Page::Leaving { provider: "Example", url: "/away" },
            Page::Refused { name },
            Page::SignedIn { name, until, return_to },
            Page::SignedOut {},
            said,
        ])
    }
}

/// The templates in a folder: each has to be one that a page has.
fn read_folder(folder: &Path) -> Result<Vec<(&'static str, String)>, PagesError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| PagesError::Unreadable { path, error }
    };
    let entries = fs::read_dir(folder).map_err(unreadable(folder))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some((name, _)) = BUILT_IN.into_iter().find(|(known, _)| *known == name) else {
            let known = BUILT_IN.map(|(name, _)| name).join(", ");
            return Err(PagesError::Unknown { path, known });
        };
        let read = || {
            if fs::metadata(&path)?.len() > Pages::LONGEST {
                let problem = format!("it has more than {} bytes", Pages::LONGEST);
                return Err(std::io::Error::other(problem));
            }
            fs::read_to_string(&path)
        };
        found.push((name, read().map_err(unreadable(&path))?));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
