//! Every call of the API, in the order of the documentation. Tests compare the list with the routes.

use super::api as description;
use crate::publish::api as publish;

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    publish::publish,
    publish::batch,
    // Last: what describes the rest.
    description::show,
))]
pub(super) struct Calls;
