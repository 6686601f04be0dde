//! `/receiver`: what arrived, newest first, and whether each signature holds.

use actix_web::web::{Data, Query};
use actix_web::{HttpResponse, http::header};
use askama::Template;
use serde::Deserialize;

use super::check::Verdict;
use super::kept::Callback;
use super::local::{Address, Receiver};
use crate::base::{Secret, TimeZone};
use crate::delivery::signing::Verifier;
use crate::web::guard::Visitor;
use crate::web::{self, Coloured, FieldErrors, Form, Hx, Moment, Page as _, Shell, Toast, session};

/// Callbacks on the page.
const SHOWN: usize = 50;

/// Bytes of a body that the page shows.
const SHOWN_BYTES: usize = 16 * 1024;

#[derive(Template)]
#[template(path = "receiver/page.html", blocks = ["received"])]
struct ReceiverPage {
    shell: Shell,
    addresses: Vec<Destination>,
    arrived: u64,
    callbacks: Vec<Row>,
    errors: FieldErrors,
}

web::page!(ReceiverPage, as_received);

/// An address, ready to be copied.
struct Destination {
    id: &'static str,
    url: String,
    what: &'static str,
}

impl Destination {
    fn new(receiver: &Receiver, address: Address) -> Self {
        let id = match address {
            Address::Inbox => "url-inbox",
            Address::Failing => "url-failing",
        };
        Self { id, url: receiver.url(address), what: address.description() }
    }
}

/// One callback, in words.
struct Row {
    number: u64,
    event_type: String,
    id: String,
    received_at: Moment,
    /// Whose secret fitted.
    key: Option<String>,
    problem: Option<String>,
    /// How often it has arrived; 1 for what is no duplicate.
    times: usize,
    path: &'static str,
    status: u16,
    headers: Vec<(String, String)>,
    size: String,
    body: Coloured,
}

impl Row {
    fn new(callback: &Callback, zone: TimeZone) -> Self {
        let shown = &callback.body[..callback.body.len().min(SHOWN_BYTES)];
        let size = match callback.body.len() {
            bytes if bytes > SHOWN_BYTES => format!("the first 16 KiB of {bytes} bytes"),
            bytes => format!("{bytes} bytes"),
        };
        Self {
            number: callback.number,
            event_type: callback.event_type().unwrap_or_else(|| "Not a callback".into()),
            id: callback.id().unwrap_or("without webhook-id").to_owned(),
            received_at: Moment::exact(callback.received_at, zone),
            key: match &callback.verdict {
                Verdict::Holds { key } => Some(key.clone()),
                Verdict::NoKey | Verdict::Problem(_) => None,
            },
            problem: callback.verdict.problem(),
            times: callback.times,
            path: callback.address.path(),
            status: callback.status,
            headers: callback.headers.clone(),
            size,
            body: Coloured::text(&String::from_utf8_lossy(shown)),
        }
    }
}

fn page(receiver: &Receiver, shell: Shell, zone: TimeZone, errors: FieldErrors) -> ReceiverPage {
    // Counted first: what arrives in between is shown now, and once more by the next look.
    let arrived = receiver.arrived();
    ReceiverPage {
        shell,
        addresses: Address::ALL.map(|address| Destination::new(receiver, address)).into(),
        arrived,
        callbacks: receiver.newest(SHOWN).iter().map(|callback| Row::new(callback, zone)).collect(),
        errors,
    }
}

fn surroundings(visitor: &Visitor, with_toasts: bool) -> (Shell, TimeZone) {
    const TITLE: &str = "Demo receiver";
    let Some(signed_in) = &visitor.0 else {
        let mut shell = Shell::outside(TITLE);
        shell.toasts = if with_toasts { session::take_flash(&visitor.1) } else { Vec::new() };
        return (shell, TimeZone::UTC);
    };
    let zone = signed_in.organization.as_ref().map_or(TimeZone::UTC, |organization| organization.time_zone);
    // Toasts wait for a page that a person asked for, not for one that looks again by itself.
    let shell = if with_toasts { signed_in.shell(None, TITLE) } else { Shell::outside(TITLE) };
    (shell, zone)
}

#[derive(Deserialize)]
pub(crate) struct Look {
    /// How many had arrived when the page was last made.
    seen: Option<u64>,
}

/// GET /receiver: the page; to the page's own looks, 204 while nothing new has arrived.
pub(crate) async fn show(receiver: Data<Receiver>, visitor: Visitor, hx: Hx, look: Query<Look>) -> web::Result {
    let is_look = hx.wants_fragment();
    if is_look && look.seen == Some(receiver.arrived()) {
        return Ok(HttpResponse::NoContent().insert_header((header::VARY, "HX-Request, HX-Request-Type")).finish());
    }
    let (shell, zone) = surroundings(&visitor, !is_look);
    page(&receiver, shell, zone, FieldErrors::default()).answer(&hx)
}

#[derive(Deserialize)]
pub(crate) struct SecretForm {
    #[serde(default)]
    signing_secret: Option<Secret>,
}

/// POST /receiver/secrets: also checks with this secret, as a test of an instance that is not saved needs it.
pub(crate) async fn add_secret(
    receiver: Data<Receiver>,
    visitor: Visitor,
    hx: Hx,
    form: Form<SecretForm>,
) -> web::Result {
    let typed = form.0.signing_secret.unwrap_or_else(|| Secret::new(""));
    match Verifier::parse(typed.expose()) {
        Ok(secret) => {
            receiver.add_secret(secret);
            session::flash(&visitor.1, Toast::ok("Secret added").text("The receiver now checks with it, too."));
            Ok(web::see_other(&hx, "/receiver"))
        }
        Err(problem) => {
            let (shell, zone) = surroundings(&visitor, true);
            let mut errors = FieldErrors::default();
            errors.add("signing_secret", problem.to_string());
            page(&receiver, shell, zone, errors).rejected(&hx)
        }
    }
}
