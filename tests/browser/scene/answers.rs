//! The answer library of the scene: what was published, what waits for a moderator, and what is being reviewed.

use scraper::{Html, Selector};

use super::{MEMBER, Scene};
use crate::support::app::Visitor;

/// Question, answer, tags.
type Pair = (&'static str, &'static str, &'static str);

const PUBLISHED: [Pair; 6] = [
    (
        "Describe your company and ownership structure.",
        "Halden Systems was founded in 2009 and is privately held.",
        "company",
    ),
    ("How do you handle accessibility?", "Our products meet WCAG 2.2 level AA and are audited each year.", "product"),
    (
        "What is your uptime commitment?",
        "99.9% each month, with service credits set out in the agreement.",
        "operations, SLA",
    ),
    (
        "List the certifications your organization currently holds.",
        "ISO 27001 and SOC 2 Type II. Reports are shared under a non-disclosure agreement.",
        "security, certifications",
    ),
    (
        "Where is customer data stored?",
        "Data stays in the region chosen at signup: EU, UK, US or Australia.",
        "security, data protection",
    ),
    (
        "Do you encrypt customer data at rest, and who holds the keys?",
        "Yes. All customer data is encrypted at rest with AES-256. Keys are managed by our hosting provider and rotated every \
         year.\n\nCustomers on the Enterprise edition may request their own keys.",
        "encryption, keys, data protection",
    ),
];

const NEW: [Pair; 3] = [
    (
        "What is your recovery time objective for the hosted service?",
        "Four hours for the hosted service, tested twice a year.",
        "operations",
    ),
    ("Describe your approach to sub-processor management.", "Every sub-processor is assessed before it is used.", ""),
    ("Do you carry cyber insurance?", "Yes.", "company"),
];

const TRASHED: Pair =
    ("Do you support single sign-on with SAML 1.1?", "No, with SAML 2.0 and OpenID Connect.", "access");

const CHANGED: &str = "Yes. All customer data is encrypted at rest with AES-256. Keys are held in a dedicated hardware security \
    module, rotated every 90 days, and never leave the region where your data is stored.\n\nCustomers on the Enterprise edition \
    may bring their own keys. Access to key material is logged and reviewed every month.";

impl Scene {
    pub(super) async fn adds_answers(&mut self) {
        let (admin, member) = (self.app.admin().await, self.app.signed_in(MEMBER).await);
        for pair in PUBLISHED {
            adds(&admin, pair).await;
        }
        for pair in NEW {
            adds(&member, pair).await;
        }
        let list = admin.reads("/answers").await;
        let id = |question: &str| id_of(&list, question);
        let (encryption, insurance) = (id(PUBLISHED[5].0), id(NEW[2].0));
        changes(&member, &encryption, CHANGED).await;
        posts(&admin, &format!("{insurance}/reject"), &[("note", "Say with whom, and up to what amount.")]).await;
        for (question, due) in [(PUBLISHED[2].0, "2026-12-04"), (PUBLISHED[3].0, "2026-11-20")] {
            let fields = [("reviewer", MEMBER), ("due_date", due)];
            posts(&admin, &format!("{}/request-review", id(question)), &fields).await;
        }
        changes(
            &admin,
            &id(PUBLISHED[4].0),
            "Data stays in the region chosen at signup: EU, UK, US, Canada or Australia.",
        )
        .await;
        adds(&member, TRASHED).await;
        let trashed = id_of(&admin.reads("/answers").await, TRASHED.0);
        posts(&member, &format!("{trashed}/delete"), &[]).await;
        let names = [
            ("pair-trashed", trashed),
            ("pair", id(PUBLISHED[4].0)),
            ("pair-changed", encryption),
            ("pair-sent-back", insurance),
            ("pair-in-review", id(PUBLISHED[2].0)),
        ];
        self.names.extend(names.map(|(name, id)| (name.to_owned(), id)));
    }
}

async fn adds(person: &Visitor, (question, answer, tags): Pair) {
    let fields = [("question", question), ("answer", answer), ("tags", tags)];
    assert_eq!(person.posts("/answers/new", &fields).await.status(), 303, "{question}");
}

/// Changes the answer alone, as the form would.
async fn changes(person: &Visitor, id: &str, answer: &str) {
    let page = Html::parse_document(&person.reads(&format!("/answers/{id}")).await);
    let find = |selector: &str| page.select(&Selector::parse(selector).expect("a selector")).next().expect("a field");
    let question: String = find("#question").text().collect();
    let tags = find("#tags").attr("value").unwrap_or_default();
    posts(person, id, &[("question", &question), ("answer", answer), ("tags", tags)]).await;
}

async fn posts(person: &Visitor, path: &str, fields: &[(&str, &str)]) {
    assert_eq!(person.posts(&format!("/answers/{path}"), fields).await.status(), 303, "{path}");
}

/// The id of the pair with this question, from the list's link to it.
fn id_of(list: &str, question: &str) -> String {
    let page = Html::parse_document(list);
    let link = Selector::parse("a.cell__title").expect("a selector");
    let mut links = page.select(&link).filter(|link| link.text().collect::<String>() == question);
    let address = links.next().and_then(|link| link.attr("href")).unwrap_or_else(|| panic!("no pair {question}"));
    address.rsplit('/').next().expect("an id").to_owned()
}
