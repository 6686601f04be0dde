//! Send Test Webhook, and Send example: from the form to its toast.

use std::time::Duration;

use crate::base::Timestamp;
use crate::delivery::endpoint::masked_query;
use crate::delivery::sender::{Attempt, Outcome};
use crate::web::time::taken;
use crate::web::toast::CodeBlock;
use crate::web::{self, Context, Error, Hx, Page, Toast};
use crate::webhooks::actions::{self, Target, TestReport, Tools};
use crate::webhooks::form::{Intent, WebhookForm};
use crate::webhooks::limit::TestLimit;
use crate::webhooks::model::{LastTest, Message, Stored, Webhook, WebhookState};
use crate::webhooks::{store, urls};

use super::WebhooksAdmin;
use super::form::FormPage;

/// What stands for the value of a webhook's own header.
const DOTS: &str = "••••••••";

/// What sending a test needs.
pub(super) struct Bench<'a> {
    pub admin: &'a WebhooksAdmin,
    pub context: &'a Context,
    pub tools: &'a Tools,
    pub limit: &'a TestLimit,
}

impl Bench<'_> {
    /// Sends a test to what is in the form, and answers the form with its toast: 200 whatever the destination did, 422 for input
    /// that cannot be sent to.
    pub async fn test(
        &self,
        form: &WebhookForm,
        saved: Option<(&Webhook, Stored<'_>)>,
        page: impl Fn() -> FormPage,
        hx: &Hx,
    ) -> web::Result {
        let stored = saved.as_ref().map_or(Stored::NOTHING, |(_, stored)| *stored);
        let typed = match form.test().parse(&stored) {
            Ok(typed) => typed,
            Err(invalid) => {
                let toast = Toast::bad(format!("{} not sent", thing(form.intent() == Intent::Example)))
                    .text("Check the fields marked in red.");
                return page().with_errors(&invalid).with_toast(toast).rejected(hx);
            }
        };
        let webhook = saved.map(|(webhook, _)| webhook);
        let secrets = match webhook {
            Some(webhook) => {
                let mut conn = self.context.db.read().await?;
                store::secrets(&mut conn, &self.context.vault, &webhook.id, self.context.clock.now()).await?
            }
            None => Vec::new(),
        };
        let target = Target::from_form(typed, secrets.into_iter().map(|(secret, _)| secret).collect(), self.tools);
        let zone = self.admin.organization.time_zone;
        let sending = actions::send_test(self.tools, &self.admin.user.email, zone, &target);
        let report = self.limit.admit(&self.admin.actor(), sending).await.map_err(too_many)?;
        if let Some(webhook) = webhook {
            let mut tx = self.context.db.begin().await?;
            actions::finish_test(&mut tx, self.tools, &self.admin.actor(), &webhook.id, &report).await?;
            tx.commit().await?;
        }
        let now = self.context.clock.now();
        page().with_toast(toast(&report, webhook)).with_test(last_test(&report, now), now, zone).answer_test(hx)
    }
}

fn too_many(wait: Duration) -> Error {
    Error::TooManyRequests { retry_after_seconds: wait.as_millis().div_ceil(1_000).try_into().unwrap_or(60) }
}

fn last_test(report: &TestReport, now: Timestamp) -> LastTest {
    LastTest { at: now, success: report.succeeded(), status_code: report.attempt.status_code }
}

/// What the title of a toast calls it.
fn thing(is_example: bool) -> &'static str {
    if is_example { "Example" } else { "Test webhook" }
}

/// What a test came to, in words.
fn toast(report: &TestReport, webhook: Option<&Webhook>) -> Toast {
    let attempt = &report.attempt;
    let thing = thing(report.message != Message::Test);
    if attempt.outcome == Outcome::BlockedAddress {
        return Toast::bad(format!("{thing} not sent")).text(attempt.error.clone().unwrap_or_default());
    }
    let details = vec![request(report)].into_iter().chain(response(report)).collect();
    if !report.succeeded() {
        return Toast::bad(format!("{thing} failed")).text(failure(attempt)).details("Show details", details);
    }
    let success = Toast::ok(format!("{thing} delivered")).details("Show details", details);
    match webhook.filter(|webhook| webhook.state == WebhookState::Disabled) {
        Some(webhook) => success.text(format!("{} This instance is disabled.", summary(attempt))).post(
            "Enable instance",
            urls::enable(&webhook.id),
            Vec::new(),
        ),
        None => success.text(summary(attempt)),
    }
}

/// `200 OK in 184 ms`.
fn summary(attempt: &Attempt) -> String {
    format!("{} in {}", status_line(attempt).unwrap_or_else(|| "No response".into()), taken(attempt.duration))
}

fn status_line(attempt: &Attempt) -> Option<String> {
    let code = attempt.status_code?;
    let name = actix_web::http::StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason());
    Some(name.map_or_else(|| code.to_string(), |name| format!("{code} {name}")))
}

/// The status where there is one, the time, and the reason unless it is the status.
fn failure(attempt: &Attempt) -> String {
    let error = attempt.error.as_deref().unwrap_or_default();
    let time = taken(attempt.duration);
    match status_line(attempt) {
        Some(status) if error == status => format!("{status} in {time}."),
        Some(status) => {
            format!("{status} in {time}. {}", capital(error.strip_prefix(&format!("{status}: ")).unwrap_or(error)))
        }
        None => format!("No response after {time}. {error}"),
    }
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn request(report: &TestReport) -> CodeBlock {
    let headers = report.attempt.request_headers.iter();
    CodeBlock {
        title: format!("Request: POST {}", masked_query(&report.attempt.url)),
        lines: headers
            .map(|header| (header.name.clone(), header.value.clone().unwrap_or_else(|| DOTS.into())))
            .collect(),
        body: report.body.clone(),
    }
}

fn response(report: &TestReport) -> Option<CodeBlock> {
    let attempt = &report.attempt;
    let status = status_line(attempt)?;
    let cut = if attempt.response_truncated { ", body cut" } else { "" };
    Some(CodeBlock {
        title: format!("Response: {status}{cut}"),
        lines: attempt.response_headers.clone(),
        body: report.response_text(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::sender::SentHeader;

    fn report(outcome: Outcome, status_code: Option<u16>, error: Option<&str>) -> TestReport {
        let attempt = Attempt {
            started_at: Timestamp::from_seconds(1_800_000_000),
            duration: Duration::from_millis(184),
            url: "https://example.com/".into(),
            outcome,
            status_code,
            error: error.map(ToOwned::to_owned),
            request_headers: vec![SentHeader { name: "authorization".into(), value: None }],
            response_headers: vec![("x-a".into(), "b".into())],
            response_body: b"a\0\xff".to_vec(),
            response_truncated: true,
            retry_after: None,
        };
        TestReport { message: Message::Test, body: "{}".into(), attempt }
    }

    #[test]
    fn a_toast_says_status_time_and_reason() {
        let moved = "302 Found: redirects are not followed. Enter the URL that it leads to: https://b.example/";
        for (report, title, text) in [
            (report(Outcome::Success, Some(200), None), "Test webhook delivered", "200 OK in 184 ms"),
            (
                report(Outcome::Status, Some(401), Some("401 Unauthorized")),
                "Test webhook failed",
                "401 Unauthorized in 184 ms.",
            ),
            (
                report(Outcome::Status, Some(302), Some(moved)),
                "Test webhook failed",
                "302 Found in 184 ms. Redirects are not followed. Enter the URL that it leads to: https://b.example/",
            ),
            (
                report(Outcome::ConnectRefused, None, Some("Your server refused the connection.")),
                "Test webhook failed",
                "No response after 184 ms. Your server refused the connection.",
            ),
            (
                report(Outcome::BlockedAddress, None, Some("This address cannot receive webhooks.")),
                "Test webhook not sent",
                "This address cannot receive webhooks.",
            ),
        ] {
            let toast = toast(&report, None);
            assert_eq!((toast.title.as_str(), toast.text.as_str()), (title, text));
        }
    }

    #[test]
    fn an_example_is_called_one() {
        let example = Message::Example(crate::events::EventType::ProjectCreated);
        let report = TestReport { message: example, ..report(Outcome::Success, Some(200), None) };
        assert_eq!(toast(&report, None).title, "Example delivered");
    }

    #[test]
    fn details_show_dots_for_the_webhooks_own_headers() {
        let blocks = toast(&report(Outcome::Success, Some(200), None), None).details.unwrap().blocks;
        assert_eq!(blocks[0].lines, [("authorization".to_owned(), DOTS.to_owned())]);
        assert_eq!(blocks[1].title, "Response: 200 OK, body cut");
        assert_eq!(blocks[1].body, "a\u{FFFD}\u{FFFD}");
    }
}
