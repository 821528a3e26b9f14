//! `[[distribution]]`: its origins, behaviors and error responses.

use std::path::Path;

use gatepass_distribution::{DistributionDraft, ErrorResponse, ErrorResponseError};

use super::table::{Table, Value};
use super::{behavior, origin};

pub(super) fn read(tables: Vec<Table<'_>>, folder: &Path) -> Vec<DistributionDraft> {
    tables.into_iter().map(|table| distribution(table, folder)).collect()
}

fn distribution(mut table: Table<'_>, folder: &Path) -> DistributionDraft {
    let id = table.required("id", "a name for the distribution").and_then(|id| id.text());
    let aliases =
        table.required("aliases", "a list of host names").map_or_else(Vec::new, Value::texts);
    let default_root_object =
        table.value("default-root-object").and_then(|object| object.text()).map(Box::from);
    let origins = table.tables("origin").into_iter().map(|one| origin::read(one, folder)).collect();
    let mut default = table.table("default-behavior");
    if !default.is_there() {
        table.mistake(
            "",
            "[distribution.default-behavior] is missing: it holds where no pattern does",
        );
    }
    let default_behavior = behavior::read(&mut default);
    default.finish();
    let behaviors = table.tables("behavior").into_iter().map(behavior::patterned).collect();
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

fn error_response(mut table: Table<'_>) -> Option<ErrorResponse> {
    let status = table.required("status", "an error such as 403");
    let status = status.and_then(|value| value.number(100..=599));
    let response_status = table.value("response-status").and_then(|value| value.number(100..=599));
    let cache_seconds = table.value("cache-seconds");
    // Where all that is said is how long an error is kept, the origin's own is answered.
    let page = if cache_seconds.is_some() && response_status.is_none() {
        table.value("page")
    } else {
        table.required("page", "a path such as /errors/403.html")
    };
    let cache_seconds = cache_seconds.and_then(|value| value.number(0..=31_536_000));
    let page = page.map(|page| page.text());
    let as_status = |number: u64| u16::try_from(number).unwrap_or(0);
    let made = match (status, page) {
        (Some(status), Some(Some(page))) => {
            let instead = as_status(response_status.unwrap_or(status));
            Some(ErrorResponse::new(as_status(status), page, instead))
        }
        (Some(status), None) => Some(ErrorResponse::kept(as_status(status))),
        _ => None,
    };
    if let Some(Err(error)) = &made {
        let field = match error {
            ErrorResponseError::Page(_) => "page",
            ErrorResponseError::Status(_) => "status",
            ErrorResponseError::ResponseStatus(_) => "response-status",
        };
        table.mistake(field, error.to_string());
    }
    table.finish();
    let response = made?.ok()?;
    Some(match cache_seconds {
        Some(seconds) => response.cached_for(seconds),
        None => response,
    })
}
