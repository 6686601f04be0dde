//! What stands in the workspace while its pages are checked: projects in every state, requests, and a trash.

use reqwest::Response;

use crate::scene::{MEMBER, Scene};
use crate::support::app::Visitor;

/// Name, client, due date, owner; questions, and how many of them are answered.
type Project = (&'static str, &'static str, &'static str, &'static str, usize, usize);

const PROJECTS: [Project; 6] = [
    ("Vendor risk questionnaire", "Pell & Osgood", "2026-11-20", "Marcus Webb", 4, 3),
    ("Aldgate Transit, security and hosting", "Aldgate Transit Authority", "2026-12-04", "Ingrid Solberg", 0, 0),
    ("Core banking integration RFP", "Carraway Bank", "2026-12-08", "Ingrid Solberg", 3, 3),
    ("Norde Energy DDQ", "Norde Energy", "2026-12-11", "Tomás Ferreira", 4, 1),
    ("Framework renewal 2027", "Ministry of Works", "2027-01-15", "", 0, 0),
    ("Logistics platform RFI", "Quayside Ports", "", "Tomás Ferreira", 0, 0),
];

/// Sections of one project with their questions: how many, and how many of them are answered.
const SECTIONS: [(&str, usize, usize); 4] =
    [("Company profile", 3, 3), ("Security", 4, 2), ("Hosting and continuity", 2, 0), ("Pricing", 0, 0)];

const QUESTIONS: [(&str, &str); 4] = [
    (
        "Do you encrypt customer data at rest, and who holds the keys?",
        "Yes. All customer data is encrypted at rest with AES-256.\n\nKeys are held in a dedicated hardware security module and \
         rotated every 90 days.",
    ),
    ("Is your company certified to ISO 27001?", "Yes, since 2019. The certificate is attached."),
    ("How soon after an incident do you tell your customers?", "Within 24 hours of confirming it."),
    ("Describe how access to production is granted, reviewed and revoked.", "By role, for eight hours at a time."),
];

/// Title, client, requester, due date, what is decided.
const INTAKES: [(&str, &str, &str, &str, &str); 4] = [
    ("Document archive RFI", "Lune Council", "Tomás Ferreira", "2026-11-21", "decline"),
    ("Security and hosting RFP", "Aldgate Transit Authority", "Ingrid Solberg", "2026-12-04", "convert"),
    ("Security questionnaire, annual", "Pell & Osgood", "Ingrid Solberg", "2026-12-09", "accept"),
    ("Fleet telematics tender", "Severn Buses", "Marcus Webb", "2026-12-18", ""),
];

impl Scene {
    /// Works in the workspace as people do, by its pages.
    pub(super) async fn works(&mut self) {
        let tomas = self.app.signed_in(MEMBER).await;
        for (name, client, due_date, owner, questions, answered) in PROJECTS {
            let fields = [("name", name), ("client", client), ("due_date", due_date), ("owner", owner)];
            let here = sends(&tomas, "/projects/new", &fields).await;
            if name.starts_with("Aldgate") {
                self.writes_sections(&tomas, &here).await;
            }
            if questions > 0 {
                sends(&tomas, &format!("{here}/sections"), &[("name", "Questionnaire")]).await;
                let section = address_of(&tomas.reads(&here).await, "Questionnaire");
                asks(&tomas, &section, questions, answered).await;
            }
        }
        let done = sends(&tomas, "/projects/new", &[("name", "Ticketing support RFP"), ("client", "Quayside Ports")]);
        sends(&tomas, &format!("{}/complete", done.await), &[]).await;
        for (title, client, requester, due_date, step) in INTAKES {
            let fields = [("title", title), ("client", client), ("requester", requester), ("due_date", due_date)];
            let here = sends(&tomas, "/intakes/new", &fields).await;
            if !step.is_empty() {
                sends(&tomas, &format!("{here}/{step}"), &[]).await;
            }
            self.names(if step == "convert" { "converted-intake" } else { "intake" }, &here);
        }
        for name in ["Regional broadband RFP", "Old hosting statement"] {
            let here = sends(&tomas, "/projects/new", &[("name", name)]).await;
            sends(&tomas, &format!("{here}/trash"), &[]).await;
            self.names("trashed-project", &here);
        }
    }

    async fn writes_sections(&mut self, tomas: &Visitor, project: &str) {
        self.names("project", project);
        let edit = [
            ("name", PROJECTS[1].0),
            ("client", PROJECTS[1].1),
            ("due_date", PROJECTS[1].2),
            ("owner", PROJECTS[1].3),
            (
                "description",
                "Hosting and security of the ticketing platform.\nThree years, with an option for two more.",
            ),
        ];
        sends(tomas, &format!("{project}/edit"), &edit).await;
        for (name, ..) in SECTIONS {
            sends(tomas, &format!("{project}/sections"), &[("name", name)]).await;
        }
        let page = tomas.reads(project).await;
        for (name, questions, answered) in SECTIONS {
            let section = address_of(&page, name);
            asks(tomas, &section, questions, answered).await;
            if name == "Company profile" {
                sends(tomas, &format!("{section}/complete"), &[]).await;
            }
            if name == "Security" {
                self.names("section", &section);
                let question = tomas.reads(&section).await;
                self.names("question", &address_of(&question, "Edit question 1"));
            }
            if name == "Pricing" {
                self.names("empty-section", &section);
            }
        }
    }
}

/// Adds the first of the questions to a section, some of them answered.
async fn asks(visitor: &Visitor, section: &str, questions: usize, answered: usize) {
    for (at, (question, answer)) in QUESTIONS.iter().take(questions).enumerate() {
        let answer = if at < answered { answer } else { "" };
        sends(visitor, &format!("{section}/questions"), &[("question", question), ("answer", answer)]).await;
    }
}

/// The address of the link with this name.
fn address_of(page: &str, name: &str) -> String {
    let page = scraper::Html::parse_document(page);
    let links = scraper::Selector::parse("main a").expect("a selector");
    let is_it = |link: &scraper::ElementRef<'_>| link.text().collect::<String>().trim() == name;
    let link = page.select(&links).find(is_it).unwrap_or_else(|| panic!("no link {name}"));
    link.attr("href").expect("a link leads somewhere").to_owned()
}

/// Posts what must succeed, and gives the address that the answer leads to.
async fn sends(visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> String {
    let answer: Response = visitor.posts(path, fields).await;
    assert_eq!(answer.status(), 303, "{path}: {}", answer.text().await.unwrap_or_default());
    answer.headers()["location"].to_str().expect("an address").to_owned()
}
