//! `[[distribution]]`: its origins, behaviors and error responses.

use std::path::Path;

use gatepass::{HashAlgorithm, Reading};
use gatepass_distribution::{
    BehaviorDraft, Cors, DistributionDraft, ErrorResponse, ErrorResponseError, LoginPage, Origin,
    OriginKind, PathPattern,
};

use super::table::{Table, Value};

pub(super) fn read(tables: Vec<Table<'_>>, folder: &Path) -> Vec<DistributionDraft> {
    tables.into_iter().map(|table| distribution(table, folder)).collect()
}

fn distribution(mut table: Table<'_>, folder: &Path) -> DistributionDraft {
    let id = table.required("id", "a name for the distribution").and_then(|id| id.text());
    let aliases =
        table.required("aliases", "a list of host names").map_or_else(Vec::new, Value::texts);
    let default_root_object =
        table.value("default-root-object").and_then(|object| object.text()).map(Box::from);
    let origins = table.tables("origin").into_iter().map(|one| origin(one, folder)).collect();
    let mut default = table.table("default-behavior");
    if !default.is_there() {
        table.mistake(
            "",
            "[distribution.default-behavior] is missing: it holds where no pattern does",
        );
    }
    let default_behavior = behavior(&mut default);
    default.finish();
    let behaviors = table.tables("behavior").into_iter().map(patterned).collect();
    let error_responses =
        table.tables("error-response").into_iter().filter_map(error_response).collect();
    table.finish();
    DistributionDraft {
        id: id.unwrap_or_default().into(),
        aliases,
        default_root_object,
        origins,
        behaviors,
        default_behavior,
        error_responses,
    }
}

fn origin(mut table: Table<'_>, folder: &Path) -> Origin {
    let id = table.required("id", "a name for the origin").and_then(|id| id.text());
    let directory = table.required("directory", "the path of a folder");
    let path = directory.as_ref().and_then(Value::text).map(|path| folder.join(path));
    if let (Some(directory), Some(path)) = (directory, &path)
        && !path.is_dir()
    {
        directory.mistake(format!("there is no folder {}", path.display()));
    }
    table.finish();
    Origin {
        id: id.unwrap_or_default().into(),
        kind: OriginKind::Directory(path.unwrap_or_default()),
    }
}

fn patterned(mut table: Table<'_>) -> (PathPattern, BehaviorDraft) {
    let pattern = table
        .required("path-pattern", "a path such as /private/*")
        .and_then(|pattern| pattern.parsed());
    let behavior = behavior(&mut table);
    table.finish();
    (pattern.unwrap_or_else(PathPattern::everything), behavior)
}

fn behavior(table: &mut Table<'_>) -> BehaviorDraft {
    let origin = table.required("origin", "the ID of an origin").and_then(|origin| origin.text());
    let trusted_key_groups = table.value("trusted-key-groups").map(Value::texts);
    let is_strict = table.value("cloudfront-strict").and_then(|strict| strict.flag());
    BehaviorDraft {
        origin: origin.unwrap_or_default().into(),
        trusted_key_groups,
        reading: if is_strict == Some(true) { Reading::CloudFront } else { Reading::Gatepass },
        minimum_hash: minimum_hash(table),
        on_denied: on_denied(table.table("on-denied")),
        cors: cors(table.table("cors")),
        ..BehaviorDraft::default()
    }
}

fn minimum_hash(table: &mut Table<'_>) -> HashAlgorithm {
    let value = table.value("minimum-hash").and_then(|value| value.parsed());
    value.unwrap_or_default()
}

fn on_denied(mut table: Table<'_>) -> Option<LoginPage> {
    let is_there = table.is_there();
    let page = table.required("redirect-pages-to", "a path such as /login.html");
    let page = page.and_then(|page| page.parsed());
    table.finish();
    page.filter(|_| is_there)
}

fn cors(mut table: Table<'_>) -> Option<Cors> {
    let is_there = table.is_there();
    let origins = table.required("allow-origins", "a list such as [\"https://app.example.com\"]");
    let credentials = table.value("allow-credentials").and_then(|value| value.flag());
    let max_age = table.value("max-age-seconds").and_then(|value| value.number(0..=86_400));
    table.finish();
    is_there.then(|| Cors {
        allow_origins: origins.map_or_else(Vec::new, Value::texts),
        allow_credentials: credentials.unwrap_or(false),
        max_age_seconds: max_age.and_then(|seconds| seconds.try_into().ok()).unwrap_or(600),
    })
}

fn error_response(mut table: Table<'_>) -> Option<ErrorResponse> {
    let status = table.required("status", "an error such as 403");
    let status = status.and_then(|value| value.number(100..=599));
    let page = table.required("page", "a path such as /errors/403.html");
    let page = page.and_then(|page| page.text());
    let response_status = table.value("response-status").and_then(|value| value.number(100..=599));
    let made = status.zip(page).map(|(status, page)| {
        let as_status = |number: u64| u16::try_from(number).unwrap_or(0);
        ErrorResponse::new(as_status(status), page, as_status(response_status.unwrap_or(status)))
    });
    if let Some(Err(error)) = &made {
        let field = match error {
            ErrorResponseError::Page(_) => "page",
            ErrorResponseError::Status(_) => "status",
            ErrorResponseError::ResponseStatus(_) => "response-status",
        };
        table.mistake(field, error.to_string());
    }
    table.finish();
    made?.ok()
}
