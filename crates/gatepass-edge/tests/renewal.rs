//! Viewers of pages whose pass is about to end are sent to have it renewed.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use gatepass_distribution::Renewal;
use support::{Answer, NOW, Site, site};

fn renewing() -> Site {
    let page = "/renew".parse().unwrap();
    let renewal = Some(Renewal { page, before_seconds: 60 });
    site().with(|site| site.behaviors[0].1.renewal = renewal).start()
}

/// What comes so many seconds before the pass ends.
fn ask(site: &Site, left: u64, more: &[(&str, &str)]) -> Answer {
    let pass = site.pass_for("http://media.test/private/*");
    site.at(END - left);
    let ask = site.get("/private/a.txt?x=1").with("Sec-Fetch-Dest", "document").cookie(&pass);
    more.iter().fold(ask, |ask, (name, value)| ask.with(name, value)).answer()
}

#[test]
fn a_page_is_sent_on_shortly_before_its_pass_ends() {
    let site = renewing();
    assert_eq!(ask(&site, 61, &[]).status, 200);
    let answer = ask(&site, 60, &[]);
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("Location"), Some("/renew?return-to=/private/a.txt%3Fx%3D1"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let marker = answer.header("Set-Cookie").unwrap();
    assert!(marker.starts_with("gatepass-renewal=sent; Max-Age=60; Path=/"), "{marker}");
    assert_eq!(ask(&site, 0, &[]).status, 403, "what has ended is not renewed");
}

#[test]
fn nobody_is_sent_in_a_circle() {
    let site = renewing();
    assert_eq!(ask(&site, 30, &[("Cookie", "a=b; gatepass-renewal=sent")]).status, 200);
    assert_eq!(ask(&site, 30, &[("Cookie", "a=b; other=sent")]).status, 302);
}

#[test]
fn players_and_signed_urls_are_left_alone() {
    let site = renewing();
    let url = site.signed_url("http://media.test/private/a.txt");
    site.at(END - 30);
    let target = url.strip_prefix("http://media.test").unwrap();
    assert_eq!(site.get(target).with("Sec-Fetch-Dest", "document").status(), 200);
    let pass = site.pass_for("http://media.test/private/*");
    assert_eq!(
        site.get("/private/a.txt").cookie(&pass).with("Sec-Fetch-Dest", "video").status(),
        200
    );
    assert_eq!(site.get("/private/a.txt").cookie(&pass).status(), 200);
}

/// When the passes end that the support makes.
const END: u64 = NOW + 3_600;
