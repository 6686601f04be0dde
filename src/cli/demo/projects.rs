//! The projects and intakes of the organization when a demo begins.

use super::library as pairs;
use super::scene::{INGRID, PRIYA, TOMAS};

/// How far a project has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Active,
    Completed,
    Archived,
    Trashed,
}

pub struct Project {
    pub name: &'static str,
    pub client: &'static str,
    pub owner: &'static str,
    pub description: &'static str,
    /// Days since it began, and until it is due.
    pub began: u64,
    pub due: i64,
    pub fate: Fate,
    pub sections: &'static [Section],
}

pub struct Section {
    pub name: &'static str,
    pub is_completed: bool,
    pub questions: &'static [(&'static str, Given)],
}

/// The answer to a question.
pub enum Given {
    /// Taken from the pair of the library with this question.
    Taken(&'static str),
    Written(&'static str),
    NotYet,
}

use Given::{NotYet, Taken, Written};

const fn done(name: &'static str, questions: &'static [(&'static str, Given)]) -> Section {
    Section { name, is_completed: true, questions }
}

const fn open(name: &'static str, questions: &'static [(&'static str, Given)]) -> Section {
    Section { name, is_completed: false, questions }
}

/// The project that goes on when the demo begins.
pub const CURRENT: &str = "Aldgate Transit supplier security questionnaire";

pub const PROJECTS: &[Project] = &[
    Project {
        name: "Tessel Retail RFP",
        client: "Tessel Retail Group",
        owner: INGRID,
        description: "Withdrawn by the client; kept for its answers.",
        began: 23,
        due: -9,
        fate: Fate::Archived,
        sections: &[done("Company profile", &[("Tell us about your organisation.", Taken(pairs::COMPANY))])],
    },
    Project {
        name: "Pell & Osgood vendor assessment",
        client: "Pell & Osgood",
        owner: PRIYA,
        description: "Yearly re-assessment of an existing customer.",
        began: 21,
        due: -6,
        fate: Fate::Completed,
        sections: &[
            done(
                "Information security",
                &[
                    ("List your current certifications.", Taken(pairs::CERTIFICATES)),
                    ("Has a third party tested your systems in the last 12 months?", Taken(pairs::PENETRATION)),
                    ("Is MFA mandatory for your staff?", Taken(pairs::MFA)),
                ],
            ),
            done(
                "Business continuity",
                &[
                    ("Provide your RTO and RPO.", Taken(pairs::RECOVERY)),
                    ("When was your continuity plan last tested?", Taken(pairs::CONTINUITY)),
                ],
            ),
        ],
    },
    Project {
        name: "Brightwater Legal renewal",
        client: "Brightwater Legal",
        owner: TOMAS,
        description: "",
        began: 17,
        due: -3,
        fate: Fate::Completed,
        sections: &[done(
            "Changes since last year",
            &[
                ("Have your sub-processors changed?", Taken(pairs::SUBPROCESSORS)),
                ("Were there any security incidents?", Written("None that affected customer data.")),
            ],
        )],
    },
    Project {
        name: CURRENT,
        client: "Aldgate Transit Authority",
        owner: PRIYA,
        description: "48-page questionnaire, cut down to what concerns us. Their security team wants evidence for every \u{201c}yes\u{201d}.",
        began: 12,
        due: 11,
        fate: Fate::Active,
        sections: &[
            done(
                "Company profile",
                &[
                    ("Describe your company and its main products.", Taken(pairs::COMPANY)),
                    ("State the limits of your cyber liability insurance.", Taken(pairs::INSURANCE)),
                ],
            ),
            done(
                "Data protection",
                &[
                    ("In which countries will our data be stored?", Taken(pairs::REGION)),
                    ("Will you sign a data processing agreement?", Taken(pairs::GDPR)),
                    ("How is our data returned and deleted at the end?", Taken(pairs::DELETION)),
                ],
            ),
            open(
                "Encryption and access",
                &[
                    ("Is our data encrypted at rest? Name the algorithm.", Taken(pairs::ENCRYPTION)),
                    ("Who can use the keys?", Taken(pairs::KEYS)),
                    ("How do your engineers get access to production?", Taken(pairs::ACCESS)),
                ],
            ),
            open(
                "Incident response",
                &[
                    ("How soon would you inform us of a breach?", Taken(pairs::INCIDENT)),
                    ("Name the contact of your incident response team.", NotYet),
                    ("Attach the report of your last exercise.", NotYet),
                ],
            ),
        ],
    },
    Project {
        name: "Norde Bank due diligence",
        client: "Norde Bank",
        owner: INGRID,
        description: "DORA questionnaire for ICT third parties.",
        began: 8,
        due: 4,
        fate: Fate::Active,
        sections: &[
            done(
                "Resilience",
                &[
                    ("Which availability do you guarantee?", Taken(pairs::UPTIME)),
                    ("Describe your backups.", Taken(pairs::BACKUPS)),
                    ("Give your recovery objectives.", Taken(pairs::RECOVERY)),
                ],
            ),
            done(
                "Staff",
                &[
                    ("Are employees vetted?", Taken(pairs::SCREENING)),
                    ("Describe your security training.", Taken(pairs::TRAINING)),
                ],
            ),
            open(
                "Exit strategy",
                &[
                    ("How can we retrieve our data?", Taken(pairs::DELETION)),
                    ("How long do you support a migration?", Written("Three months, at no extra cost.")),
                    ("Provide a draft exit plan.", NotYet),
                ],
            ),
        ],
    },
    Project {
        name: "Carraway Health RFP",
        client: "Carraway Health",
        owner: TOMAS,
        description: "",
        began: 3,
        due: 25,
        fate: Fate::Active,
        sections: &[
            open(
                "Technical requirements",
                &[
                    ("Which single sign-on standards do you support?", Taken(pairs::SSO)),
                    ("Is traffic encrypted?", Taken(pairs::TRANSIT)),
                    ("Can users be provisioned automatically?", NotYet),
                ],
            ),
            open(
                "Service levels",
                &[("State your support hours.", Taken(pairs::SUPPORT)), ("Describe your escalation path.", NotYet)],
            ),
            open("Pricing", &[("Complete the price sheet.", NotYet)]),
        ],
    },
    Project {
        name: "Norde Bank due diligence (copy)",
        client: "Norde Bank",
        owner: INGRID,
        description: "",
        began: 8,
        due: 4,
        fate: Fate::Trashed,
        sections: &[],
    },
];

/// What was decided about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Open,
    Accepted,
    Declined,
}

pub struct Intake {
    pub title: &'static str,
    pub requester: &'static str,
    pub email: &'static str,
    pub client: &'static str,
    pub description: &'static str,
    /// Days since it came in, and until it is due.
    pub came: u64,
    pub due: i64,
    pub decision: Decision,
}

pub const INTAKES: &[Intake] = &[
    Intake {
        title: "Loyalty app tender",
        requester: "Nadia Okafor",
        email: "n.okafor@brasserie-lune.example",
        client: "Brasserie Lune",
        description: "They look for a loyalty app for 40 restaurants. Not what we do.",
        came: 9,
        due: 12,
        decision: Decision::Declined,
    },
    Intake {
        title: "Depot maintenance RFP",
        requester: "Marcus Webb",
        email: "marcus.webb@severnbuses.example",
        client: "Severn Buses",
        description: "220 vehicles at three depots. Sales expects the documents this week.",
        came: 4,
        due: 32,
        decision: Decision::Accepted,
    },
    Intake {
        title: "Security questionnaire, 96 questions",
        requester: "Yuki Tanabe",
        email: "tanabe@kitanorail.example",
        client: "Kitano Rail",
        description: "Excel sheet attached to the mail of 9:12. They need it before their board meets.",
        came: 1,
        due: 14,
        decision: Decision::Open,
    },
];

/// Who asks for a response in the stories: client, requester, and what it is about.
pub const CLIENTS: &[(&str, &str, &str)] = &[
    ("Veldhoven Semicon", "Sanne de Wit", "supplier security assessment"),
    ("Harrow County Council", "Graham Pike", "passenger information RFP"),
    ("Lumen Insurance", "Aisha Rahman", "third-party risk questionnaire"),
    ("Port of Skagen", "Mikkel Holm", "ferry timetable tender"),
    ("Ostwald Energie", "Katrin Vogel", "NIS2 supplier questionnaire"),
];
