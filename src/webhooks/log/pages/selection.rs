//! Redelivering what was chosen in the table of a webhook's page: each by itself, with the reason for each that was refused
//! (docs/decisions/0032-what-the-pages-of-deliveries-settle.md).

use std::collections::BTreeMap;

use actix_web::web;
use serde::Deserialize;

use crate::base::{DeliveryId, EventId};
use crate::delivery::model::Hints;
use crate::web::toast::CodeBlock;
use crate::web::{Error, FieldErrors, Form, Page as _, Result, Toast, see_other};

use super::super::actions::{self, Refusal, Tools};
use super::deliveries::Query;
use super::urls;
use super::webhook::Desk;
use super::words::count;

/// So many are sent again by one press of the button; a page of the table has fewer.
const MOST: usize = 100;

/// The boxes that were ticked, and what is wrong with that.
#[derive(Default)]
pub(super) struct Ticked {
    pub ids: Vec<DeliveryId>,
    pub errors: FieldErrors,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SelectionForm {
    id: Vec<String>,
    /// The page that the form stood in.
    back: String,
}

impl SelectionForm {
    /// The deliveries in the order of the form, each once.
    fn ids(&self) -> Result<Vec<DeliveryId>> {
        let mut ids = Vec::with_capacity(self.id.len().min(MOST));
        for id in &self.id {
            let id = id.parse().map_err(|_| Error::NotFound)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// What the page had been asked for.
    fn asked(&self, url: &str) -> Query {
        let query = self.back.strip_prefix(url).and_then(|rest| rest.strip_prefix('?'));
        query.and_then(|query| serde_html_form::from_str(query).ok()).unwrap_or_default()
    }
}

/// POST …/webhooks/{id}/redeliver
pub(crate) async fn redeliver(desk: Desk, hints: web::Data<dyn Hints>, Form(form): Form<SelectionForm>) -> Result {
    let (url, ids) = (urls::webhook(&desk.id), form.ids()?);
    if ids.iter().any(|id| id.webhook != desk.id) {
        return Err(Error::NotFound);
    }
    let asked = form.asked(&url);
    let wrong = match ids.len() {
        0 => Some("Choose at least one delivery.".to_owned()),
        1..=MOST => None,
        _ => Some(format!("Choose at most {MOST} deliveries, or replay them all.")),
    };
    if let Some(wrong) = wrong {
        let mut errors = FieldErrors::default();
        errors.add("selection", wrong);
        return desk.page(&asked, Ticked { ids, errors }).await?.rejected(&desk.hx);
    }
    let toast = send(&desk, hints, &ids).await?;
    if desk.hx.wants_fragment() {
        return desk.page(&asked, Ticked::default()).await?.with_toast(toast).answer(&desk.hx);
    }
    desk.admin.flash(toast);
    let back = if form.back.starts_with(&format!("{url}?")) { form.back } else { url };
    Ok(see_other(&desk.hx, back))
}

/// All that can be started now is, in one transaction.
async fn send(desk: &Desk, hints: web::Data<dyn Hints>, ids: &[DeliveryId]) -> Result<Toast> {
    let (context, hints) = (&desk.context, hints.into_inner());
    let tools = Tools { clock: context.clock.as_ref(), rng: context.rng.as_ref(), hints: &hints };
    let mut started = 0;
    let mut refused = Vec::new();
    let mut tx = context.db.begin().await?;
    for id in ids {
        match actions::redeliver(&mut tx, tools, &desk.admin.actor(), id).await {
            Ok(_) => started += 1,
            Err(Refusal::Db(error)) => return Err(error.into()),
            Err(refusal) => refused.push((id.event.clone(), refusal.to_string())),
        }
    }
    tx.commit().await?;
    Ok(told(started, refused))
}

fn told(started: i64, refused: Vec<(EventId, String)>) -> Toast {
    let on_their_way = match started {
        0 => String::new(),
        _ => format!("{} on the way.", count(started, "attempt is", "attempts are")),
    };
    let toast = match started {
        0 => Toast::bad("Nothing was redelivered"),
        _ => Toast::ok("Redelivery started"),
    };
    if refused.is_empty() {
        return toast.text(on_their_way);
    }
    let mut reasons: BTreeMap<&str, i64> = BTreeMap::new();
    for (_, reason) in &refused {
        *reasons.entry(reason.as_str()).or_default() += 1;
    }
    let why = reasons.iter().map(|(reason, number)| format!("{} refused: {reason}", count(*number, "was", "were")));
    let sentences: Vec<String> = std::iter::once(on_their_way).chain(why).filter(|text| !text.is_empty()).collect();
    let lines = refused.iter().map(|(event, reason)| (event.to_string(), reason.clone())).collect();
    let block = CodeBlock { title: "Refused".into(), lines, body: String::new() };
    toast.text(sentences.join(" ")).details("Show which", vec![block])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toast_says_what_was_started_and_why_the_rest_was_not() {
        let event = |last: char| -> EventId { format!("EVT-60adfdb750b58a0c2d78bdd{last}").parse().unwrap() };
        let busy = "An attempt is under way. Wait for it to end.";
        let gone = "There is no such delivery.";
        let all = told(2, Vec::new());
        assert_eq!((all.title.as_str(), all.text.as_str()), ("Redelivery started", "2 attempts are on the way."));
        assert!(all.details.is_none() && all.timeout_ms.is_some());
        let some = told(1, vec![(event('1'), busy.into()), (event('2'), gone.into()), (event('3'), busy.into())]);
        assert_eq!(some.text, format!("1 attempt is on the way. 2 were refused: {busy} 1 was refused: {gone}"));
        assert_eq!(some.details.unwrap().blocks[0].lines.len(), 3);
        assert_eq!(told(0, vec![(event('1'), busy.into())]).title, "Nothing was redelivered");
    }
}
