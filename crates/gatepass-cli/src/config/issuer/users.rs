//! `[login.users]`: where names and passwords are kept.

use std::path::Path;

use gatepass_issuer::UsersConfig;

use crate::config::table::Table;

pub(in crate::config) fn users(mut table: Table<'_>, folder: &Path) -> Option<UsersConfig> {
    let is_there = table.is_there();
    let file = table.required("file", "the path of a users file: gatepass users add makes one");
    let file = file.and_then(|value| value.text()).map(|path| folder.join(path));
    let at_once = table.value("checks-at-once");
    let at_once = at_once.and_then(|value| value.number(1..=64));
    let may_be_open = table.value("world-readable").and_then(|open| open.flag());
    let may_be_open = may_be_open.unwrap_or_default();
    table.finish();
    let at_once = at_once.and_then(|number| usize::try_from(number).ok());
    is_there.then_some(UsersConfig { file: file?, at_once, may_be_open })
}
