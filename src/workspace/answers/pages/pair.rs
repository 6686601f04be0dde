//! The page of a pair: its form, the question who is to review it, and what became of it so far.

use askama::Template;

use crate::auth::model::Role;
use crate::base::{TimeZone, Timestamp};
use crate::web::guard::Member;
use crate::web::{FieldErrors, Section, Shell, page};
use crate::workspace::answers::model::{Answer, AnswerStatus, Step};
use crate::workspace::pages::{StatusWord, today};

use super::conflict::Theirs;
use super::diff::{self, Paragraph};
use super::form::PairForm;
use super::history::{self, Line};
use super::review::AskForm;
use super::urls;
use super::words;

#[derive(Template)]
#[template(path = "answers/pair.html", blocks = ["pair", "ask"])]
pub(super) struct PairPage {
    shell: Shell,
    title: &'static str,
    here: &'static str,
    lead: &'static str,
    /// Where the form posts to: its own address.
    action: String,
    status: Option<StatusWord>,
    notices: Vec<Notice>,
    form: PairForm,
    errors: FieldErrors,
    conflict: Option<Theirs>,
    buttons: Vec<Button>,
    /// Instead of the form, while the pair is in the trash.
    trashed: Option<Trashed>,
    /// "" for a new pair.
    delete_url: String,
    /// A published pair can be sent to review.
    ask: Option<Ask>,
    panel: Option<Panel>,
}

page!(PairPage, as_pair, "ask" => as_ask);

/// What stands above the form: that the pair was sent back, or is in review.
struct Notice {
    tone: &'static str,
    icon: &'static str,
    title: &'static str,
    text: String,
    link: Option<(&'static str, String)>,
}

struct Button {
    label: &'static str,
    /// The value of `action`, or "".
    action: &'static str,
}

/// What stands beside the form of a pair that is saved.
struct Panel {
    history: Vec<Line>,
    history_url: String,
}

/// The form that asks for a review.
struct Ask {
    url: String,
    form: AskForm,
    errors: FieldErrors,
}

/// A pair in the trash can be looked at and restored.
struct Trashed {
    question: String,
    answer: Vec<Paragraph>,
    tags: Vec<String>,
    restore_url: String,
}

impl PairPage {
    /// The form of a new pair.
    pub fn new(person: &Member, form: PairForm) -> Self {
        let (lead, label) = if moderates(person) {
            ("It is published at once.", "Add pair")
        } else {
            ("It goes to moderation before it is published.", "Send to moderation")
        };
        Self {
            shell: person.shell(Section::Answers, "Add Q&A pair"),
            title: "Add Q&A pair",
            here: "Add pair",
            lead,
            action: urls::NEW.into(),
            status: None,
            notices: Vec::new(),
            form,
            errors: FieldErrors::default(),
            conflict: None,
            buttons: vec![Button { label, action: "" }],
            trashed: None,
            delete_url: String::new(),
            ask: None,
            panel: None,
        }
    }

    /// The form of a pair as it is saved, with its latest steps beside it.
    pub fn of(person: &Member, answer: &Answer, steps: &[Step], now: Timestamp) -> Self {
        let (zone, is_trashed) = (person.organization.time_zone, answer.trashed.is_some());
        let form = PairForm::of(answer);
        let (title, here) = if is_trashed { ("Q&A pair", "Pair") } else { ("Edit Q&A pair", "Edit pair") };
        let ask = (answer.status == AnswerStatus::Published && !is_trashed).then(|| Ask {
            url: urls::request_review(&answer.id),
            form: AskForm { version: form.version.clone(), ..AskForm::default() },
            errors: FieldErrors::default(),
        });
        Self {
            shell: person.shell(Section::Answers, title),
            title,
            here,
            lead: lead(person, answer),
            action: urls::show(&answer.id),
            status: Some(words::status_of(answer, today(now, zone))),
            notices: notices(person, answer),
            buttons: buttons(person, answer),
            trashed: is_trashed.then(|| trashed(answer)),
            delete_url: if is_trashed { String::new() } else { urls::delete(&answer.id) },
            ask,
            panel: Some(Panel {
                history: history::latest(&answer.id, steps, now, zone),
                history_url: urls::history(&answer.id),
            }),
            ..Self::new(person, form)
        }
    }

    /// With what was typed, which stays to be seen when the pair has gone to the trash meanwhile.
    pub fn typed(mut self, form: PairForm) -> Self {
        self.form = form;
        self.trashed = None;
        self
    }

    pub fn with_errors(mut self, errors: FieldErrors) -> Self {
        self.errors = errors;
        self
    }

    /// With what was typed beside what somebody else saved meanwhile. Saving again is about their version.
    pub fn overtaken(mut self, form: PairForm, saved: &Answer, now: Timestamp, zone: TimeZone) -> Self {
        self.conflict = Some(Theirs::of(saved, &form, now, zone));
        self.form = PairForm { version: saved.version.to_string(), ..form };
        self
    }

    /// With what was typed into the form that asks for a review.
    pub fn asked(mut self, form: AskForm, errors: FieldErrors) -> Self {
        if let Some(ask) = &mut self.ask {
            (ask.form, ask.errors) = (form, errors);
        }
        self
    }
}

pub(super) fn moderates(person: &Member) -> bool {
    person.user.role.includes(Role::Moderator)
}

fn lead(person: &Member, answer: &Answer) -> &'static str {
    if answer.trashed.is_some() {
        return "This pair is in the trash.";
    }
    match (moderates(person), answer.status) {
        (false, AnswerStatus::InReview) => "It is being reviewed. You can change its tags and its owner.",
        (false, _) => "Changes go to moderation before they are published.",
        (true, AnswerStatus::Published | AnswerStatus::InReview) => "Changes are published at once.",
        (true, AnswerStatus::InModeration | AnswerStatus::Rejected) => {
            "Publish it, or save your changes and leave it where it is."
        }
    }
}

fn buttons(person: &Member, answer: &Answer) -> Vec<Button> {
    let save = |label| Button { label, action: "" };
    match (moderates(person), answer.status) {
        (false, AnswerStatus::InModeration | AnswerStatus::Published | AnswerStatus::Rejected) => {
            vec![save("Send to moderation")]
        }
        (false, AnswerStatus::InReview) => vec![save("Save changes")],
        (true, AnswerStatus::Published | AnswerStatus::InReview) => vec![save("Save changes")],
        (true, AnswerStatus::InModeration | AnswerStatus::Rejected) => {
            vec![Button { label: "Save and publish", action: "publish" }, save("Save changes")]
        }
    }
}

fn notices(person: &Member, answer: &Answer) -> Vec<Notice> {
    let mut notices = Vec::new();
    if answer.trashed.is_some() {
        return notices;
    }
    if let Some(review) = &answer.review {
        let may = moderates(person) || answer.is_reviewed_by(&person.user.email);
        notices.push(Notice {
            tone: "info",
            icon: "info",
            title: "In review",
            text: format!("{} is to confirm or change the answer by {}.", review.reviewer, words::day(review.due_date)),
            link: may.then(|| ("Review", urls::review(&answer.id))),
        });
    }
    if answer.status == AnswerStatus::Rejected {
        let note = answer.note.clone().unwrap_or_else(|| "The moderator left no note.".into());
        notices.push(Notice { tone: "bad", icon: "circle-alert", title: "Sent back", text: note, link: None });
    }
    notices
}

fn trashed(answer: &Answer) -> Trashed {
    Trashed {
        question: answer.content.question.clone(),
        answer: diff::plain(&answer.content.answer),
        tags: answer.content.tags.clone(),
        restore_url: urls::restore(&answer.id),
    }
}
