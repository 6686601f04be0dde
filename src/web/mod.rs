//! The web kit: what pages are made of, without any feature.
//!
//! A page is an Askama template that extends `layout.html` (or `auth_layout.html` before sign-in) and
//! carries a field `shell: Shell`:
//!
//! ```ignore
//! #[derive(Template)]
//! #[template(path = "webhooks/list.html", blocks = ["rows"])]
//! struct ListPage { shell: Shell, rows: Vec<Row> }
//! web::page!(ListPage, as_rows);
//!
//! async fn list(admin: Admin, hx: Hx) -> web::Result {
//!     ListPage { shell: admin.shell(Section::Integrations, "Webhook"), rows }.answer(&hx)
//! }
//! ```
//!
//! Blocks of the layouts: `main` (the content), `width` (` page--narrow` for forms). Macros are in
//! `templates/kit/`: `base.html` (icon, crumbs, status, badge, alert, empty, moment), `form.html`
//! (fields, errors), `table.html` (paging), `code.html` (code, headers), `chart.html`, `dialog.html` (confirm), `toast.html`.
//!
//! The middlewares, from the outside in: `headers::apply`, `error::pages`, `origin::check`; an app wraps
//! them in the opposite order, and takes `error::not_found` as its default service.

pub mod agent;
pub mod api_key;
pub mod assets;
pub mod chart;
pub mod connection;
pub mod context;
pub mod describe;
pub mod error;
pub mod filters;
pub mod form;
pub mod guard;
pub mod headers;
pub mod host;
pub mod hx;
pub mod json;
pub mod json_view;
pub mod origin;
pub mod paging;
pub mod panics;
pub mod problem;
pub mod query;
pub mod route;
#[cfg(test)]
mod samples;
pub mod session;
pub mod shell;
pub mod site;
pub mod throttle;
pub mod time;
pub mod toast;
pub mod upload;
pub mod version;

pub use context::Context;
pub use error::{Error, Result};
pub use form::{FieldErrors, Form};
pub(crate) use hx::page;
pub use hx::{Hx, Page, see_other};
pub use json_view::Coloured;
pub use paging::{List, Paging, Slice};
pub use problem::Problem;
pub use query::Query;
pub use route::at;
pub use shell::{Access, Section, Shell, Theme};
pub use site::Site;
pub use time::Moment;
pub use toast::{Flash, Toast};
pub use upload::Upload;
