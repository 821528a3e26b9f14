//! The pages as they are shown, and templates that are replaced.

use axum::body::to_bytes;

use super::*;

fn pages(folder: Option<&Path>) -> Result<Pages, PagesError> {
    Pages::open(folder, "/_gatepass", ["https://media.example.com", "http://localhost:8080"])
}

async fn shown_text(pages: &Pages, page: &Page<'_>) -> String {
    let token = FormToken { token: "T0k3n".to_owned(), set_cookie: None };
    let body = pages.form(StatusCode::OK, page, token).into_body();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

fn login<'a>(name: &'a str, return_to: &'a str) -> Page<'a> {
    Page::Login {
        return_to,
        users: true,
        ways: &[],
        name,
        error: Some(LoginTrouble::Wrong),
        wait: 0,
    }
}

#[tokio::test]
async fn every_page_is_protected() {
    let pages = pages(None).unwrap();
    for page in Page::samples() {
        let answer = pages.answer(StatusCode::FORBIDDEN, &page);
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            header("content-security-policy"),
            "default-src 'none'; style-src 'self'; form-action 'self' https://media.example.com \
             http://localhost:8080; frame-ancestors 'none'; base-uri 'none'"
        );
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn every_page_can_be_read_without_scripts_and_by_machines() {
    let pages = pages(None).unwrap();
    for page in Page::samples() {
        let text = shown_text(&pages, &page).await;
        assert!(text.starts_with("<!doctype html>\n<html lang=\"en\">"), "{text}");
        assert!(text.contains("<title>") && text.contains("<h1>"), "{text}");
        assert!(text.contains("name=\"viewport\""), "{text}");
        for unwanted in ["<script", "style=", "onclick", "http://", "https://", "{{", "{%"] {
            assert!(!text.contains(unwanted), "{unwanted} in {text}");
        }
        for (at, _) in text.match_indices("<input ") {
            let input = &text[at..at + text[at..].find('>').unwrap()];
            let id = input.split("id=\"").nth(1).map(|rest| rest.split('"').next().unwrap());
            let is_labelled = id.is_some_and(|id| text.contains(&format!("<label for=\"{id}\"")));
            assert!(is_labelled || input.contains("type=\"hidden\""), "{input}");
        }
    }
}

#[tokio::test]
async fn what_people_type_is_never_markup() {
    let pages = pages(None).unwrap();
    let evil = "\"><script>alert(1)</script>";
    let text = shown_text(&pages, &login(evil, evil)).await;
    assert!(!text.contains("<script") && text.contains("&lt;script&gt;"), "{text}");
    assert!(text.contains("value=\"T0k3n\"") && text.contains("role=\"alert\""), "{text}");
}

#[tokio::test]
async fn a_page_can_be_replaced_without_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let own = "{% extends \"layout.html\" %}{% block body %}Wer ist da? {{ token }}{% endblock %}";
    fs::write(folder.path().join("login.html"), own).unwrap();
    fs::write(folder.path().join("page.css"), "body { color: red }").unwrap();
    let pages = pages(Some(folder.path())).unwrap();
    let text = shown_text(&pages, &login("ada", "/")).await;
    assert!(text.contains("Wer ist da? T0k3n"), "{text}");
    assert!(shown_text(&pages, &Page::SignedOut {}).await.contains("signed out"));
    let style = to_bytes(pages.style().into_body(), 1 << 20).await.unwrap();
    assert_eq!(&style[..], b"body { color: red }");
}

#[test]
fn a_template_that_can_not_be_used_is_told_at_the_start() {
    for (name, text, problem) in [
        ("logn.html", "", "logn.html is no page of the issuer; there are invitation.html"),
        ("login.html", "a\n{% if %}", "login.html: line 2"),
        ("login.html", "{{ tokn }}", "login.html: line 1"),
        ("trouble.html", "{% if trouble == 'passes' %}\n{{ tokn }}{% endif %}", "html: line 2"),
        ("layout.html", "{% block body %}{% endblock %}{{ nme }}", "layout.html: line 1"),
        ("login.html", "{% include \"other.html\" %}", "login.html"),
        ("login.html", &"a".repeat(262_145), "more than 262144 bytes"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        let told = pages(Some(folder.path())).unwrap_err().to_string();
        assert!(told.contains(problem), "{told}");
    }
    assert!(pages(Some(Path::new("no such folder"))).is_err());
}

#[test]
fn a_time_is_shown_to_the_minute() {
    assert_eq!(shown(EpochTime::new(1_767_290_459).unwrap()), "2026-01-01 18:00 UTC");
}
