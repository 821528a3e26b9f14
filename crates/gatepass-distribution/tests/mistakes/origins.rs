//! Custom headers, buckets and groups.

use gatepass_distribution::{Endpoint, OriginKind};

use super::*;

#[test]
fn custom_headers_keep_to_cloudfronts_limits() {
    let at = "distribution[0].origin[1].headers";
    let names: Vec<_> = (0..31).map(|nth| format!("x-{nth}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (&**name, "v")).collect();
    fine(|draft| origin(draft, http(&headers[..30])));
    one_mistake(
        |draft| origin(draft, http(&headers)),
        &format!("{at}: an origin is sent at most 30 headers, not 31"),
    );
    let value = "v".repeat(1_783);
    fine(|draft| origin(draft, http(&[("x", &value)])));
    one_mistake(
        |draft| origin(draft, http(&[("x", &format!("{value}v"))])),
        &format!("{at}.x: the value of x has 1784 bytes"),
    );
    let headers: Vec<_> = names[..6].iter().map(|name| (&**name, &*value)).collect();
    one_mistake(
        |draft| origin(draft, http(&headers)),
        &format!("{at}: the headers of an origin take at most 10240 bytes, not 10716"),
    );
}

#[test]
fn custom_headers_frame_no_message_and_end_no_line() {
    let at = "distribution[0].origin[1].headers";
    for name in
        ["Host", "connection", "Content-Length", "Transfer-Encoding", "X-Amz-Cf-Id", "X-Edge-A"]
    {
        one_mistake(
            |draft| origin(draft, http(&[(name, "v")])),
            &format!("{at}.{name}: {name} can't be set"),
        );
    }
    one_mistake(
        |draft| origin(draft, http(&[("X-A", "1"), ("x-a", "2")])),
        &format!("{at}.x-a: x-a is set twice"),
    );
    one_mistake(|draft| origin(draft, http(&[("x y", "1")])), &format!("{at}.x y: \"x y\" is no"));
    for value in ["", "swordfish\r\nX: y", " swordfish", "swördfish"] {
        let told = one_mistake(
            |draft| origin(draft, http(&[("X-Origin-Verify", value)])),
            &format!("{at}.X-Origin-Verify: the value of X-Origin-Verify can't be sent"),
        );
        assert!(!told.contains("sw"), "{told}");
    }
}

#[test]
fn a_bucket_has_a_name_and_a_region() {
    for name in ["", "Films", "fi", "-films", "films.", "a..b", "films_1", "a/b"] {
        one_mistake(
            |draft| origin(draft, s3(name, false)),
            &format!("distribution[0].origin[1].s3.bucket: {name:?} is no name of a bucket"),
        );
    }
    for name in ["", "..", "a/b", "a?b", "é"] {
        one_mistake(
            |draft| origin(draft, s3(name, true)),
            &format!("distribution[0].origin[1].s3.bucket: {name:?} is no name of a bucket"),
        );
    }
    fine(|draft| origin(draft, s3("Films_1", true)));
    fine(|draft| origin(draft, s3("films.example", true)));
    one_mistake(
        |draft| origin(draft, s3("films.example", false)),
        "distribution[0].origin[1].s3.bucket: no certificate is for films.example.s3.test",
    );
    for url in ["http://127.0.0.1:8333", "https://[::1]"] {
        let OriginKind::S3(mut bucket) = s3("films", false) else { unreachable!() };
        bucket.endpoint = Endpoint::parse_url(url).unwrap().0;
        one_mistake(
            |draft| origin(draft, OriginKind::S3(bucket)),
            "distribution[0].origin[1].s3.endpoint: no host name begins with a bucket's",
        );
    }
    let OriginKind::S3(mut bucket) = s3("films", false) else { unreachable!() };
    bucket.region = "us east\n1".into();
    one_mistake(
        |draft| origin(draft, OriginKind::S3(bucket)),
        "distribution[0].origin[1].s3.region: ",
    );
}

#[test]
fn a_group_is_two_other_origins_and_statuses_of_cloudfront() {
    let at = "distribution[0].origin[3].group";
    for (kind, expected) in [
        (group("nobody", "bucket", &[503]), "primary: no origin has the ID \"nobody\""),
        (group("folder", "bucket", &[503]), "primary: \"folder\" is a folder"),
        (group("app", "bucket-first", &[503]), "secondary: \"bucket-first\" is a group itself"),
        (group("app", "app", &[503]), "secondary: \"app\" can't stand in for itself"),
        (group("app", "bucket", &[]), "statuses: a group needs a status"),
        (group("app", "bucket", &[503, 501]), "statuses[1]: no group turns on 501"),
        (group("app", "bucket", &[503, 503]), "statuses[1]: 503 is listed twice"),
    ] {
        one_mistake(
            |draft| draft.distributions[0].origins[3].kind = kind,
            &format!("{at}.{expected}"),
        );
    }
}
