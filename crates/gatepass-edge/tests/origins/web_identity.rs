//! Credentials for a token that the machine was given: as in Kubernetes, on Amazon's service for it.

use std::time::{Duration, UNIX_EPOCH};

use crate::s3::{ACCESS, SECRET, answer, bucket, guarded_by, opened, rfc3339};
use crate::script::*;
use crate::signature::Received;

const ROLE: &str = "arn:aws:iam::123456789012:role/films";

/// A token service that gives credentials to this role for this token, and to nobody else.
fn token_service() -> Scripted {
    scripted(move |line| {
        let Some(head) = line.hear() else { return };
        let received = Received::parse(&head);
        let length = received.header("content-length").unwrap().parse().unwrap();
        let form = String::from_utf8(line.hear_bytes(length)).unwrap();
        let (status, text) = if is_good(&form) {
            let expires = httpdate::HttpDate::from(
                UNIX_EPOCH + UNIX_EPOCH.elapsed().unwrap() + Duration::from_hours(1),
            );
            let expires = rfc3339(&expires.to_string());
            let credentials = format!(
                "<AccessKeyId>{ACCESS}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
                 <SessionToken>a session</SessionToken><Expiration>{expires}</Expiration>"
            );
            ("200 OK", wrapped(&format!("<Credentials>{credentials}</Credentials>")))
        } else {
            let error = "<Error><Code>InvalidIdentityToken</Code><Message>no</Message></Error>";
            ("400 Bad Request", format!("<ErrorResponse>{error}</ErrorResponse>"))
        };
        line.say(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{text}", text.len()));
    })
}

fn wrapped(result: &str) -> String {
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult>{result}</AssumeRoleWithWebIdentityResult>\
         </AssumeRoleWithWebIdentityResponse>"
    )
}

fn is_good(form: &str) -> bool {
    let has = |pair: &str| form.split('&').any(|other| other == pair);
    has("Action=AssumeRoleWithWebIdentity")
        && has("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ffilms")
        && has("WebIdentityToken=a.web.identity")
        && has("RoleSessionName=gatepass")
}

#[tokio::test]
async fn a_bucket_is_signed_for_with_what_a_web_identity_brings() {
    let site = guarded_by(SECRET);
    let service = token_service();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let endpoint = format!("http://{}", service.address);
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_ROLE_SESSION_NAME", "gatepass"),
        ("AWS_ENDPOINT_URL_STS", &*endpoint),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let remote = || opened(bucket(site.endpoint()), &variables);

    assert_eq!(answer(&remote(), get("/a")).await, "origin_no_credentials", "there is no token");
    std::fs::write(&token, "another").unwrap();
    assert_eq!(answer(&remote(), get("/a")).await, "origin_no_credentials", "it is not good");
    assert_eq!((service.requests().len(), site.requests().len()), (1, 0));

    std::fs::write(&token, "a.web.identity\n").unwrap();
    let remote = remote();
    for _ in 0..3 {
        assert_eq!(answer(&remote, get("/a")).await, "ok");
    }
    assert_eq!(service.requests().len(), 2, "they are kept while they last");
    let requests = site.requests();
    let received = Received::parse(requests.last().unwrap());
    assert_eq!(received.header("x-amz-security-token"), Some("a session"));
    assert_eq!(received.claim().unwrap().access_key, ACCESS);
}
