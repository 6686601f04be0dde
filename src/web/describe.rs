//! What the descriptions of the API's calls are made of: values with a form of their own, parameters that many calls
//! take, and refusals that many calls give. `openapi` puts them together into one OpenAPI document.
//!
//! A handler is described where it stands, by utoipa's attribute, and then listed in `openapi::calls`:
//!
//! ```ignore
//! /// Delete a webhook
//! ///
//! /// What a caller has to know, in Markdown's plainest: paragraphs, `code` and lists.
//! #[utoipa::path(
//!     delete, path = "/webhooks/{id}", operation_id = "deleteWebhook", tag = "Webhooks",
//!     security(("api_key" = ["write"])),
//!     params(("id" = inline(describe::Id), Path, description = "The webhook.")),
//!     responses((status = 204, description = "It is deleted."), describe::ByKey, describe::NotFound),
//! )]
//! pub(crate) async fn delete(…) -> Result { … }
//! ```
//!
//! - The path is that below `/api/v1`. The operation's id is a verb and its object, unlike all others. The tag is one of
//!   `openapi::TAGS`. The scope in `security` is that of the handler's `ApiKey`; tests compare the two.
//! - The doc comment is what readers of the API's documentation see: its first line is the title, the rest the text.
//! - `responses` names its own statuses one by one, and the refusals by the types below: [`ByKey`] for every call with a key,
//!   [`WithBody`] for every call that reads one, [`Saves`] for every call that writes.
//! - A type that is answered derives `ToSchema` beside `Serialize`. A field of another type than a text, a number or a truth value
//!   says what it is on the wire: `#[schema(value_type = Option<describe::Time>)]`. A field that is null at times is an
//!   `Option` with `#[schema(required)]`, because all keys are always present.
//! - A list is described by `describe::list!`.
//! - An answer with an `ETag` says so: `headers(("ETag" = String, description = "…"))`. Calls that change what has one take [`IfMatch`] and
//!   are refused by [`Changes`].
//! - A body that is read by `web::json` is described by a type of its own, with every limit and pattern, which exists only for
//!   that: `#[derive(ToSchema)] #[serde(deny_unknown_fields)]` and `#[expect(dead_code, reason = …)]`; see
//!   `publish::api::shapes`. `null` counts as left out there, so what may be left out is an `Option`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, PartialSchema, ToSchema};

use super::{paging, problem};

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Values that have a name in the document; no value of these types is ever made.
macro_rules! values {
    ($($(#[$doc:meta])* $name:ident: $schema:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                RefOr::T($schema.build().into())
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

values! {
    /// Every id but those of events and deliveries.
    Id: text()
        .pattern(Some("^[0-9a-f]{24}$"))
        .description(Some("24 lower-case hex digits. An id is never a permission."))
        .examples(["60adfdb750b58a0c2d78bdd8"]);
    EventId: text()
        .pattern(Some("^EVT-[0-9a-f]{24}$"))
        .description(Some("`EVT-` and 24 lower-case hex digits: EVENT_ID in the callback and its `webhook-id` header."))
        .examples(["EVT-60adfdb750b58a0c2d78bdd8"]);
    DeliveryId: text()
        .pattern(Some("^[A-Za-z0-9_-]{1,64}$"))
        .description(Some("Names a delivery; what it is made of says nothing."))
        .examples(["60adfdb750b58a0c2d78bdd8-60adfdb750b58a0c2d78bdd8"]);
    EntityId: text()
        .min_length(Some(1))
        .max_length(Some(128))
        .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
        .description(Some("Names a thing in the system that the event comes from. No control characters."))
        .examples(["5dd51ea63f3dad73ab0a344b"]);
    /// A time that is answered.
    Time: text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .pattern(Some("Z$"))
        .description(Some("RFC 3339, in UTC."))
        .examples(["2026-05-26T07:50:15.000000Z"]);
    /// A time that is sent.
    AnyTime: text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("RFC 3339, with any offset."))
        .examples(["2026-05-26T00:50:15-07:00"]);
    Day: text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .description(Some("A day in the organization's time zone: `YYYY-MM-DD`."))
        .examples(["2026-12-04"]);
    /// A day that can be taken away.
    DayOrNothing: AnyOfBuilder::new()
        .item(text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))))
        .item(text().max_length(Some(0)))
        .description(Some("A day in the organization's time zone: `YYYY-MM-DD`. An empty text means none."))
        .examples(["2026-12-04"]);
    /// The version of a thing that several people change.
    Version: ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .description(Some("Rises with every change. The `ETag` of the answer is made of it."));
    /// An address that can be taken away.
    EmailOrNothing: AnyOfBuilder::new()
        .item(text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Email))).max_length(Some(crate::auth::model::EMAIL_LENGTH)))
        .item(text().max_length(Some(0)))
        .description(Some("An e-mail address, up to 254 bytes long. An empty text means none."))
        .examples(["marcus.webb@severn.example"]);
    Email: text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
        .max_length(Some(crate::auth::model::EMAIL_LENGTH))
        .description(Some("An e-mail address, up to 254 bytes long."))
        .examples(["john@responsive.io"]);
}

/// `?limit=` and `?cursor=` of every list.
#[derive(Debug)]
pub enum Paging {}

impl IntoParams for Paging {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let limit = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(paging::MAX_LIMIT))
            .default(Some(paging::DEFAULT_LIMIT.into()));
        let query = |name: &str, description: &str, schema: ObjectBuilder| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        vec![
            query("limit", "How many to answer.", limit),
            query("cursor", "The `next_cursor` of the page before; without it, the newest.", text()),
        ]
    }
}

/// `describe::list!(EventList of EventWire)`: a page of such rows, which [`paging::List`] is. utoipa would write the rows'
/// schema out in every list if this were generic.
macro_rules! list {
    ($name:ident of $row:ty) => {
        /// One page of a list.
        #[derive(utoipa::ToSchema)]
        #[expect(dead_code, reason = "describes web::paging::List")]
        pub(crate) struct $name {
            data: Vec<$row>,
            /// What to send as `cursor` for the page after this one; null at the end.
            #[schema(required)]
            next_cursor: Option<String>,
        }
    };
}
pub(crate) use list;

/// The header `Idempotency-Key`.
#[derive(Debug)]
pub enum IdempotencyKey {}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "Any text that stands for this very call. The same key with the same body answers the same again \
                           and makes nothing new, for as long as the event is kept.";
        let header = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .example(Some("project-5dd51ea6-edit-7".into()))
            .schema(Some(text().min_length(Some(1)).max_length(Some(255)).pattern(Some("^[!-~]+$"))));
        vec![header.build()]
    }
}

/// The header `If-Match` of calls that change a thing with a version.
#[derive(Debug)]
pub enum IfMatch {}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "The `ETag` of what you saw, such as `\"3\"`: if it was changed since, the call is 412 and does nothing. Left \
                           out, or `*`: changed whatever became of it meanwhile.";
        let header = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(text()));
        vec![header.build()]
    }
}

/// The components that calls refer to when they are refused.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident $status:literal $description:literal $($header:literal: $what:literal)?;)*) => {
        $($(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let component = Ref::from_response_name(stringify!($name));
                BTreeMap::from([($status.to_owned(), RefOr::Ref(component))])
            }
        })*

        /// The refusals by their names, as components of the document.
        pub fn refusals() -> Vec<(&'static str, Response)> {
            vec![$((
                stringify!($name),
                refusal($description)$(.header($header, HeaderBuilder::new().description(Some($what)).build()))?.build(),
            )),*]
        }
    };
}

refusals! {
    BadRequest "400" "The body is no JSON: not well-formed, a key twice, a BOM, invalid UTF-8, half of a surrogate pair, too deep.";
    Unauthorized "401" "No API key, or none that counts (any more)." "WWW-Authenticate": "`Bearer`";
    Forbidden "403" "The key lacks the scope, or webhooks are not enabled for the organization.";
    NotFound "404" "There is nothing by that id, or it belongs to another organization.";
    Conflict "409" "The state does not allow it; `detail` says why.";
    Gone "410" "The time to get it back is over.";
    Stale "412" "Somebody changed it since the version that `If-Match` names. Nothing was done.";
    TooLarge "413" "The body is larger than this call takes.";
    UnsupportedMediaType "415" "The body is not sent as `application/json`, or is compressed.";
    Invalid "422" "Something breaks a rule; `errors` says what, all of it at once.";
    TooManyRequests "429" "More than the rate allows." "Retry-After": "Seconds to wait.";
    Internal "500" "Something went wrong on our side; `detail` has the reference to it in the log.";
    Unavailable "503" "Herald is busy, and nothing was done." "Retry-After": "Seconds to wait.";
    DiskFull "507" "The disk is full, and nothing was saved.";
}

fn refusal(description: &str) -> ResponseBuilder {
    let document = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content(problem::MEDIA_TYPE, document)
}

/// Refusals that come together.
macro_rules! together {
    ($($(#[$doc:meta])* $name:ident: $($refusal:ident)*;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($refusal::responses()),*].into_iter().flatten().collect()
            }
        }
    )*};
}

together! {
    /// Of every call that needs a key.
    ByKey: Unauthorized Forbidden Internal Unavailable;
    /// Of every call that reads a body.
    WithBody: BadRequest TooLarge UnsupportedMediaType Invalid;
    /// Of every call that writes.
    Saves: DiskFull;
    /// Of every call that changes a thing with a version, and takes [`IfMatch`].
    Changes: NotFound Conflict Stale DiskFull;
}
