//! Login pages, and those that renew, lead to where anybody may go, and nowhere else.

use super::Check;
use crate::distribution::{Distribution, covers_host, without_port};
use crate::login_page::LoginPage;
use crate::path_pattern::NormalPath;

impl Check<'_> {
    pub(super) fn login_pages(&mut self, at: &str, distribution: &Distribution) {
        let places = (0..distribution.behaviors.len()).map(|nth| format!("{at}.behavior[{nth}]"));
        let places = places.chain([format!("{at}.default-behavior")]);
        for (place, behavior) in places.zip(distribution.behaviors()) {
            let pages = [
                (behavior.on_denied(), "on-denied.redirect-pages-to"),
                (behavior.renewal().map(|renewal| &renewal.page), "renew.pages-at"),
            ];
            for (page, field) in pages {
                if let Some(problem) = page.and_then(|page| login_page_problem(page, distribution))
                {
                    self.mistake(format!("{place}.{field}"), problem);
                }
            }
        }
    }
}

fn login_page_problem(page: &LoginPage, distribution: &Distribution) -> Option<String> {
    let is_own = |host: &str| {
        distribution.aliases().any(|alias| alias != "*" && covers_host(alias, without_port(host)))
    };
    if let Some(host) = page.host().filter(|host| !is_own(host)) {
        return Some(format!(
            "{host:?} is no host of this distribution; viewers are redirected within it"
        ));
    }
    let target = distribution.behavior(&NormalPath::read(page.path()));
    target.gate().is_guarded().then(|| {
        format!("{:?} asks for a pass itself, so the redirect would never end", page.as_str())
    })
}
