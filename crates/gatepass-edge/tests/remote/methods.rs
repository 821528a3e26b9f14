//! OPTIONS: the origin's to answer, each time or once.

use gatepass_distribution::{AllowedMethods, CachedMethods};

use crate::origin::{Played, played, say};
use crate::support::{Site, guarded, open};

fn origin() -> Played {
    played(|stream, _| {
        let head = "HTTP/1.1 204 No Content\r\nAllow: GET\r\nCache-Control: max-age=60\r\n";
        say(stream, &format!("{head}Connection: close\r\n\r\n"));
    })
}

fn site(origin: &Played, cached_methods: CachedMethods) -> Site {
    let behavior = || {
        let mut behavior = open();
        behavior.conduct.allowed_methods = AllowedMethods::GetHeadOptions;
        behavior.conduct.cached_methods = cached_methods;
        behavior
    };
    let site = origin.site().with(|site| site.default_behavior = behavior());
    site.with(|site| site.behaviors[0].1 = guarded(behavior())).start()
}

#[test]
fn an_answer_to_options_is_kept_where_the_operator_says_so() {
    for (is_kept, second, asked) in
        [(true, "Hit from cloudfront", 1), (false, "Miss from cloudfront", 2)]
    {
        let origin = origin();
        let kept = if is_kept { CachedMethods::GetHeadOptions } else { CachedMethods::GetHead };
        let site = site(&origin, kept);
        for x_cache in ["Miss from cloudfront", second] {
            let answer = site.ask("OPTIONS", "/a").with("Authorization", "Basic x").answer();
            assert_eq!((answer.status, answer.header("Allow")), (204, Some("GET")));
            assert_eq!(answer.header("X-Cache"), Some(x_cache), "{is_kept}");
        }
        let heads = origin.heads();
        assert_eq!(heads.len(), asked);
        assert!(heads.iter().all(|head| head.starts_with("OPTIONS /a ")), "{heads:?}");
        let sends_authorization = heads[0].to_ascii_lowercase().contains("authorization: basic x");
        assert_eq!(sends_authorization, !is_kept, "kept back from what may be shared");
    }
}

#[test]
fn a_kept_answer_to_options_is_behind_the_gate() {
    let origin = origin();
    let site = site(&origin, CachedMethods::GetHeadOptions);
    let cookie = site.pass_for("http://media.test/private/*");
    for _ in 0..2 {
        assert_eq!(site.ask("OPTIONS", "/private/a").cookie(&cookie).status(), 204);
        assert_eq!(site.ask("OPTIONS", "/private/a").status(), 403);
    }
    assert_eq!(origin.heads().len(), 1);
}
