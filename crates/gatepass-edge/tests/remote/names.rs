//! One request has one name: to the viewer, to the origin and in the log.

use crate::origin::{played, say};
use crate::support::Answer;

fn id(answer: &Answer) -> String {
    answer.header("X-Amz-Cf-Id").unwrap().to_owned()
}

/// What the log calls its requests, in their order.
fn logged(log: &str) -> Vec<String> {
    let ids = log.lines().map(|line| line.split_once(r#","id":""#).unwrap().1);
    ids.map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
}

#[test]
fn viewer_origin_and_log_call_a_request_by_the_same_name() {
    let origin = played(|stream, head| {
        if !head.starts_with("GET /broken") {
            let kept = "Cache-Control: max-age=60\r\nX-Amz-Cf-Id: the-origins-own\r\n";
            say(
                stream,
                &format!(
                    "HTTP/1.1 200 OK\r\n{kept}Content-Length: 2\r\nConnection: close\r\n\r\nok"
                ),
            );
        }
    });
    let site = origin.site().start();
    let asked = |nth: usize| {
        let head = origin.heads().remove(nth);
        let lines = head.lines().map(str::to_ascii_lowercase).zip(head.lines().map(str::to_owned));
        let mut ids = lines.filter(|(line, _)| line.starts_with("x-amz-cf-id: "));
        ids.next().unwrap().1["x-amz-cf-id: ".len()..].to_owned()
    };
    let kept = site.get("/kept").answer();
    let hit = site.get("/kept").answer();
    assert_eq!((id(&kept).len(), kept.status, hit.status), (56, 200, 200));
    assert_eq!(asked(0), id(&kept));
    assert_ne!(id(&hit), id(&kept), "a hit is a request of its own");
    let direct = site.ask("HEAD", "/direct").answer();
    assert_eq!(asked(1), id(&direct));
    let broken = site.get("/broken").answer();
    assert_eq!((broken.status, asked(2)), (502, id(&broken)));
    assert!(broken.body.contains(&format!("Request ID: {}\n", id(&broken))), "{}", broken.body);
    let log = site.log();
    assert_eq!(logged(&log), [&kept, &hit, &direct, &broken].map(id), "{log}");
}
