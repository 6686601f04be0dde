//! Every URL on one page: path, methods, handlers. Who may stands behind each group, and is enforced by the guard in each
//! handler's signature.

use actix_web::middleware::from_fn;
use actix_web::web::{self as actix, ServiceConfig};

use crate::accounts::api_keys;
use crate::accounts::audit::pages as audit;
use crate::accounts::members::pages::{invitation, invite, join, list as members, member};
use crate::accounts::pages::{
    code, forgot, home, mails, member_access, organizations, profile, reset, settings, setup, sign_in,
};
use crate::cli::demo::send;
use crate::openapi::api as openapi;
use crate::openapi::pages as api_docs;
use crate::ops::health;
use crate::publish::api as publish;
use crate::receiver;
use crate::web::{assets, at, error, problem};
use crate::webhooks::alerts::pages as alerts;
use crate::webhooks::api as webhooks_api;
use crate::webhooks::doctor::pages as doctor;
use crate::webhooks::guide::pages as guide;
use crate::webhooks::log::api as log_api;
use crate::webhooks::log::pages as log;
use crate::webhooks::pages::{collaboration, delete, edit, life, list, reveal, rotate};
use crate::workspace::answers::api as answers;
use crate::workspace::answers::pages as answer_pages;
use crate::workspace::answers::transfer::pages as transfer;
use crate::workspace::intakes::api as intakes;
use crate::workspace::intakes::pages as intakes_pages;
use crate::workspace::projects::api::{projects, questions, sections};
use crate::workspace::projects::pages as projects_pages;
use crate::workspace::trash::pages as trash;

/// All routes, in the order of the contract's tables.
#[rustfmt::skip]
pub fn configure(app: &mut ServiceConfig) {
    // Programs. First, so that the busiest call of all is not compared with the address of every page.
    app.service(api());

    // Anybody. Setup only while there is no user, with the server's one-time code.
    app.configure(assets::configure)
        .service(at("/healthz").get(health::healthz))
        .service(at("/readyz").get(health::readyz))
        .service(at("/login").get(sign_in::show).post(sign_in::sign_in))
        .service(at("/login/code").get(code::show).post(code::sign_in))
        .service(at("/logout").post(sign_in::sign_out))
        .service(at("/forgot-password").get(forgot::show).post(forgot::ask))
        .service(at("/forgot-password/sent").get(forgot::sent))
        .service(at("/reset-password").get(reset::show).post(reset::reset))
        .service(at("/setup").get(setup::show).post(setup::set_up))
        .service(at("/invitations/{code}").get(join::show).post(join::join))
        .service(at("/api/docs").get(api_docs::show));

    // Whoever is signed in.
    app.service(at("/").get(home::home))
        .service(at("/profile").get(profile::show).post(profile::save))
        .service(at("/profile/email").post(profile::email::change))
        .service(at("/confirm-email").get(profile::confirm_email::show).post(profile::confirm_email::confirm))
        .service(at("/profile/password").post(profile::password::change))
        .service(at("/profile/second-factor").get(profile::second_factor::show))
        .service(at("/profile/second-factor/begin").post(profile::second_factor::begin))
        .service(at("/profile/second-factor/cancel").post(profile::second_factor::cancel))
        .service(at("/profile/second-factor/confirm").post(profile::second_factor::confirm))
        .service(at("/profile/second-factor/recovery-codes").post(profile::second_factor::renew_codes))
        .service(at("/profile/second-factor/remove").post(profile::second_factor::remove))
        .service(at("/profile/sessions/end-others").post(profile::sessions::end_others))
        .service(at("/profile/sessions/{id}/end").post(profile::sessions::end))
        .service(at("/profile/mails").post(mails::save));

    // Members: the library as a file. Before its pairs, whose ids stand in the same place.
    app.service(at("/answers/import").get(transfer::upload::form).post(transfer::upload::upload))
        .service(at("/answers/import/{id}").get(transfer::show::show))
        .service(at("/answers/import/{id}/start").post(transfer::show::start))
        .service(at("/answers/import/{id}/stop").post(transfer::show::stop))
        .service(at("/answers/import/{id}/discard").post(transfer::show::discard))
        .service(at("/answers/export").get(transfer::export::export));

    // Members; the queue and what is decided in it is for moderators.
    app.service(at("/answers").get(answer_pages::list::show))
        .service(at("/answers/new").get(answer_pages::edit::blank).post(answer_pages::edit::create))
        .service(at("/answers/bulk").post(answer_pages::bulk::act))
        .service(at("/answers/moderation").get(answer_pages::moderation::show))
        .service(at("/answers/{id}").get(answer_pages::edit::show).post(answer_pages::edit::save))
        .service(at("/answers/{id}/history").get(answer_pages::history::show))
        .service(at("/answers/{id}/delete").post(answer_pages::edit::delete))
        .service(at("/answers/{id}/restore").post(answer_pages::edit::restore))
        .service(at("/answers/{id}/publish").post(answer_pages::moderation::publish))
        .service(at("/answers/{id}/reject").post(answer_pages::moderation::reject))
        .service(at("/answers/{id}/request-review").post(answer_pages::review::request))
        .service(at("/answers/{id}/review").get(answer_pages::review::show).post(answer_pages::review::finish));

    // Account managers.
    app.service(at("/organizations").get(organizations::list).post(organizations::create))
        .service(at("/organizations/new").get(organizations::new))
        .service(at("/organizations/{id}").get(organizations::show).post(organizations::save))
        .service(at("/organizations/{id}/admins").post(organizations::add_admin));

    // Members. Not every word in the place of an id is one: `new` is a page.
    app.service(at("/projects").get(projects_pages::list::show))
        .service(at("/projects/new").get(projects_pages::form::blank).post(projects_pages::form::create))
        .service(at("/projects/{id}").get(projects_pages::show::show))
        .service(at("/projects/{id}/edit").get(projects_pages::form::show).post(projects_pages::form::save))
        .service(at("/projects/{id}/complete").post(projects_pages::life::complete))
        .service(at("/projects/{id}/reopen").post(projects_pages::life::reopen))
        .service(at("/projects/{id}/archive").post(projects_pages::life::archive))
        .service(at("/projects/{id}/unarchive").post(projects_pages::life::unarchive))
        .service(at("/projects/{id}/trash").post(projects_pages::life::trash))
        .service(at("/projects/{id}/restore").post(projects_pages::life::restore))
        .service(at("/projects/{id}/sections").post(projects_pages::sections::add))
        .service(at("/sections/{id}").get(projects_pages::questions::list))
        .service(at("/sections/{id}/edit").get(projects_pages::sections::ask_name).post(projects_pages::sections::rename))
        .service(at("/sections/{id}/move").post(projects_pages::sections::move_to))
        .service(at("/sections/{id}/delete").get(projects_pages::sections::ask_to_delete).post(projects_pages::sections::delete))
        .service(at("/sections/{id}/complete").post(projects_pages::sections::complete))
        .service(at("/sections/{id}/reopen").post(projects_pages::sections::reopen))
        .service(at("/sections/{id}/questions").post(projects_pages::questions::add))
        .service(at("/questions/{id}").get(projects_pages::questions::show).post(projects_pages::questions::save))
        .service(at("/questions/{id}/take").post(projects_pages::library::take))
        .service(at("/questions/{id}/library").post(projects_pages::library::save))
        .service(at("/questions/{id}/move").post(projects_pages::questions::move_to))
        .service(at("/questions/{id}/delete").get(projects_pages::questions::ask_to_delete).post(projects_pages::questions::delete))
        .service(at("/intakes").get(intakes_pages::list::show))
        .service(at("/intakes/new").get(intakes_pages::form::blank).post(intakes_pages::form::create))
        .service(at("/intakes/{id}").get(intakes_pages::show::show))
        .service(at("/intakes/{id}/edit").get(intakes_pages::form::show).post(intakes_pages::form::save))
        .service(at("/intakes/{id}/accept").post(intakes_pages::show::accept))
        .service(at("/intakes/{id}/decline").post(intakes_pages::show::decline))
        .service(at("/intakes/{id}/reopen").post(intakes_pages::show::reopen))
        .service(at("/intakes/{id}/convert").post(intakes_pages::show::convert))
        .service(at("/trash").get(trash::list::show))
        .service(at("/trash/projects/{id}/restore").post(trash::list::restore_project))
        .service(at("/trash/answers/{id}/restore").post(trash::list::restore_answer));

    // Moderators.
    app.service(at("/trash/answers/{id}/delete").get(trash::delete::ask_answer).post(trash::delete::answer));

    // Admins.
    app.service(at("/settings").get(settings::show).post(settings::save))
        .service(at("/settings/members/{id}/reset-link").post(member_access::make_link))
        .service(at("/settings/members/{id}/reset-second-factor").post(member_access::reset_second_factor))
        .service(at("/settings/api-keys").get(api_keys::list).post(api_keys::create))
        .service(at("/settings/api-keys/new").get(api_keys::new))
        .service(at("/settings/api-keys/{id}/revoke").get(api_keys::ask_to_revoke).post(api_keys::revoke))
        .service(at("/settings/members").get(members::show))
        .service(at("/settings/members/roles").get(members::roles))
        .service(at("/settings/members/invite").get(invite::form).post(invite::invite))
        .service(at("/settings/members/invitations/{id}").get(invitation::show))
        .service(at("/settings/members/invitations/{id}/send").post(invitation::send_again))
        .service(at("/settings/members/invitations/{id}/revoke").get(invitation::ask_to_revoke).post(invitation::revoke))
        .service(at("/settings/members/{id}").get(member::show).post(member::save))
        .service(at("/settings/members/{id}/deactivate").get(member::ask_to_deactivate).post(member::deactivate))
        .service(at("/settings/members/{id}/reactivate").post(member::reactivate))
        .service(at("/settings/audit-log").get(audit::list::show))
        .service(at("/settings/audit-log.csv").get(audit::export::csv))
        .service(at("/settings/integrations").get(collaboration::redirect))
        .service(at("/settings/integrations/collaboration").get(collaboration::show))
        .service(at("/trash/projects/{id}/delete").get(trash::delete::ask_project).post(trash::delete::project))
        .service(at("/trash/empty").get(trash::empty::ask).post(trash::empty::empty))
        .service(at("/events").get(log::events::show))
        .service(at("/events/{event}").get(log::event::show));

    // Admins, while the organization's webhooks are enabled. Not every word in the place of an id is one: `new` is a page.
    app.service(webhooks("").get(list::show))
        .service(webhooks("/new").get(edit::blank).post(edit::create))
        .service(webhooks("/guide").get(guide::show))
        .service(webhooks("/guide/check").get(doctor::show).post(doctor::check))
        .service(webhooks("/{webhook:[0-9a-f]{24}}").get(log::webhook::show))
        .service(webhooks("/{webhook}/edit").get(edit::show).post(edit::update))
        .service(webhooks("/{webhook}/delete").get(delete::ask).post(delete::delete))
        .service(webhooks("/{webhook}/restore").post(delete::restore))
        .service(webhooks("/{webhook}/pause").post(life::pause))
        .service(webhooks("/{webhook}/resume").get(life::ask_to_resume).post(life::resume))
        .service(webhooks("/{webhook}/enable").get(life::ask_to_enable).post(life::enable))
        .service(webhooks("/{webhook}/reveal").post(reveal::reveal))
        .service(webhooks("/{webhook}/rotate-secret").get(rotate::ask).post(rotate::rotate))
        .service(webhooks("/{webhook}/rotate-secret/end").get(rotate::ask_to_end).post(rotate::end))
        .service(webhooks("/{webhook}/dismiss").post(alerts::dismiss))
        .service(webhooks("/{webhook}/deliveries.csv").get(log::export::csv))
        .service(webhooks("/{webhook}/deliveries.ndjson").get(log::export::ndjson))
        .service(webhooks("/{webhook}/redeliver").post(log::selection::redeliver))
        .service(webhooks("/{webhook}/replay").get(log::replay::ask::form).post(log::replay::ask::start))
        .service(webhooks("/{webhook}/replays").get(log::replay::list::show))
        .service(webhooks("/{webhook}/replays/{replay}").get(log::replay::show::show))
        .service(webhooks("/{webhook}/replays/{replay}/cancel").post(log::replay::show::cancel))
        .service(webhooks("/{webhook}/deliveries/{delivery}").get(log::delivery::show))
        .service(webhooks("/{webhook}/deliveries/{delivery}/redeliver").post(log::delivery::redeliver));

    app.default_service(actix::to(error::not_found));
}

/// What a demo has besides: its receiver's page, for anybody who can reach it, and the button of the admins.
pub fn demo(app: &mut ServiceConfig) {
    app.service(at("/receiver").get(receiver::pages::show))
        .service(at("/receiver/secrets").post(receiver::pages::add_secret))
        .service(at("/demo/send").post(send::send));
}

/// Below `/api/v1` every answer is JSON, errors too. Who may: the scope in the handler's `ApiKey`; anybody reads the description.
#[rustfmt::skip]
fn api() -> impl actix_web::dev::HttpServiceFactory + 'static {
    actix::scope("/api/v1")
        .wrap(from_fn(problem::documents))
        .service(at("/openapi.json").get(openapi::show))
        .service(at("/event-types").get(log_api::event_types::list))
        .service(at("/events").get(log_api::events::list).post(publish::publish))
        .service(at("/events/batch").post(publish::batch))
        .service(at("/events/{event}").get(log_api::events::show))
        .service(at("/webhooks").get(webhooks_api::list).post(webhooks_api::create))
        .service(at("/webhooks/test").post(webhooks_api::testing::unsaved))
        .service(at("/webhooks/{webhook}").get(webhooks_api::show).patch(webhooks_api::update).delete(webhooks_api::delete))
        .service(at("/webhooks/{webhook}/restore").post(webhooks_api::restore))
        .service(at("/webhooks/{webhook}/secret").get(webhooks_api::secrets::read))
        .service(at("/webhooks/{webhook}/rotate-secret").post(webhooks_api::secrets::rotate))
        .service(at("/webhooks/{webhook}/rotate-secret/end").post(webhooks_api::secrets::end))
        .service(at("/webhooks/{webhook}/test").post(webhooks_api::testing::saved))
        .service(at("/webhooks/{webhook}/pause").post(webhooks_api::life::pause))
        .service(at("/webhooks/{webhook}/resume").post(webhooks_api::life::resume))
        .service(at("/webhooks/{webhook}/enable").post(webhooks_api::life::enable))
        .service(at("/deliveries").get(log_api::deliveries::list))
        .service(at("/deliveries/{delivery}").get(log_api::deliveries::show))
        .service(at("/deliveries/{delivery}/redeliver").post(log_api::deliveries::redeliver))
        .service(at("/webhooks/{webhook}/replay").post(log_api::replays::start))
        .service(at("/replays/{replay}").get(log_api::replays::show))
        .service(at("/replays/{replay}/cancel").post(log_api::replays::cancel))
        .service(at("/projects").get(projects::list).post(projects::create))
        .service(at("/projects/{id}").get(projects::show).patch(projects::edit).delete(projects::delete))
        .service(at("/projects/{id}/complete").post(projects::complete))
        .service(at("/projects/{id}/reopen").post(projects::reopen))
        .service(at("/projects/{id}/archive").post(projects::archive))
        .service(at("/projects/{id}/unarchive").post(projects::unarchive))
        .service(at("/projects/{id}/restore").post(projects::restore))
        .service(at("/projects/{id}/sections").get(sections::list).post(sections::create))
        .service(at("/sections/{id}").get(sections::show).patch(sections::change).delete(sections::delete))
        .service(at("/sections/{id}/complete").post(sections::complete))
        .service(at("/sections/{id}/reopen").post(sections::reopen))
        .service(at("/sections/{id}/questions").get(questions::list).post(questions::create))
        .service(at("/questions/{id}").patch(questions::change).delete(questions::delete))
        .service(at("/answers").get(answers::list).post(answers::create))
        .service(at("/answers/bulk-create").post(answers::bulk::create))
        .service(at("/answers/bulk-publish").post(answers::bulk::publish))
        .service(at("/answers/bulk-delete").post(answers::bulk::delete))
        .service(at("/answers/{id}").get(answers::show).patch(answers::edit).delete(answers::delete))
        .service(at("/answers/{id}/publish").post(answers::life::publish))
        .service(at("/answers/{id}/reject").post(answers::life::reject))
        .service(at("/answers/{id}/request-review").post(answers::life::request_review))
        .service(at("/answers/{id}/review").post(answers::life::review))
        .service(at("/answers/{id}/restore").post(answers::life::restore))
        .service(at("/intakes").get(intakes::list).post(intakes::create))
        .service(at("/intakes/{id}").get(intakes::show).patch(intakes::edit))
        .service(at("/intakes/{id}/convert").post(intakes::convert))
        .default_service(actix::to(problem::not_found))
}

fn webhooks(rest: &str) -> crate::web::route::Address {
    at(&format!("/settings/integrations/collaboration/webhooks{rest}"))
}
