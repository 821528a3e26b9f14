//! Where a viewer of pages is sent whose pass is about to end: `renew = { … }`.

use crate::login_page::LoginPage;

/// The renewal of passes that were shown in cookies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Renewal {
    /// The page that renews, and sends the viewer back by `return-to`.
    pub page: LoginPage,
    /// So many seconds before its end a pass is about to end.
    pub before_seconds: u32,
}
