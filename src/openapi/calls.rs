//! Every call of the API, in the order of the documentation. Tests compare the list with the routes.

use super::api as description;
use crate::publish::api as publish;
use crate::webhooks::api as webhooks;
use crate::webhooks::log::api::{deliveries, event_types, events, replays};
use crate::workspace::answers::api as answers;
use crate::workspace::intakes::api as intakes;
use crate::workspace::projects::api::{projects, questions, sections};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    publish::publish,
    publish::batch,
    webhooks::list,
    webhooks::create,
    webhooks::show,
    webhooks::update,
    webhooks::delete,
    webhooks::restore,
    webhooks::secret,
    webhooks::testing::saved,
    webhooks::testing::unsaved,
    webhooks::life::pause,
    webhooks::life::resume,
    webhooks::life::enable,
    event_types::list,
    events::list,
    events::show,
    deliveries::list,
    deliveries::show,
    deliveries::redeliver,
    replays::start,
    replays::show,
    replays::cancel,
    projects::list,
    projects::create,
    projects::show,
    projects::edit,
    projects::delete,
    projects::complete,
    projects::reopen,
    projects::archive,
    projects::unarchive,
    projects::restore,
    sections::list,
    sections::create,
    sections::show,
    sections::change,
    sections::delete,
    sections::complete,
    sections::reopen,
    questions::list,
    questions::create,
    questions::change,
    questions::delete,
    answers::list,
    answers::create,
    answers::bulk::create,
    answers::bulk::publish,
    answers::bulk::delete,
    answers::show,
    answers::edit,
    answers::delete,
    answers::life::publish,
    answers::life::reject,
    answers::life::request_review,
    answers::life::review,
    answers::life::restore,
    intakes::list,
    intakes::create,
    intakes::show,
    intakes::edit,
    intakes::convert,
    // Last: what describes the rest.
    description::show,
))]
pub(super) struct Calls;
