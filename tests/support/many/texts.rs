//! What the many things say: sentences of a vendor who answers security questionnaires, the same for the same seed.

use herald::base::{Rng as _, SeededRng};

const SUBJECTS: &[&str] = &[
    "customer data",
    "backups",
    "audit logs",
    "access keys",
    "source code",
    "production servers",
    "laptops",
    "passwords",
    "payment records",
    "support tickets",
    "the disaster recovery plan",
    "subprocessors",
    "penetration tests",
    "firewalls",
    "mobile devices",
    "open source components",
    "personal data of children",
    "health records",
    "test environments",
    "privileged accounts",
    "visitors of the office",
    "security incidents",
    "the data processing agreement",
    "single sign-on",
];
const ACTS: &[&str] = &[
    "encrypted",
    "reviewed",
    "stored",
    "deleted",
    "monitored",
    "documented",
    "approved",
    "tested",
    "restored",
    "classified",
    "restricted",
    "retained",
    "transferred",
    "rotated",
    "audited",
];
const PLACES: &[&str] = &[
    "in the European Union",
    "in transit",
    "at rest",
    "in the United States",
    "outside of office hours",
    "after a contract ends",
    "by third parties",
    "in Frankfurt and Dublin",
    "across all regions",
    "in shared environments",
];
const TEAMS: &[&str] = &[
    "the security team",
    "the data protection officer",
    "site reliability engineers",
    "an external auditor",
    "the legal team",
];
const STANDARDS: &[&str] =
    &["ISO 27001", "SOC 2 Type II", "the GDPR", "HIPAA", "PCI DSS", "NIST 800-53", "TISAX", "FedRAMP"];
const TAGS: &[&str] = &[
    "Security",
    "Privacy",
    "Encryption",
    "Access",
    "Hosting",
    "Legal",
    "Backup",
    "Incident",
    "HR",
    "Network",
    "Logging",
    "Vendor",
    "Cloud",
    "GDPR",
    "ISO 27001",
    "SOC 2",
    "Pricing",
    "Support",
    "Training",
    "Mobile",
    "API",
    "Company",
    "Insurance",
];
const CLIENTS: &[&str] = &[
    "Aldgate Transit",
    "Brightwater Bank",
    "Cormorant Health",
    "Dunmore Council",
    "Eastmark Insurance",
    "Fjordland Energy",
    "Greystone University",
    "Harrow Logistics",
    "Ibis Airlines",
    "Juniper Pharma",
    "Kestrel Retail",
    "Lindqvist Steel",
];
const OCCASIONS: &[&str] =
    &["security questionnaire", "RFP", "due diligence", "vendor assessment", "renewal", "privacy review"];

/// A word that one text in forty thousand has.
pub const RARE: &str = "quokka";
/// A tag that one pair in ten thousand has.
pub const RARE_TAG: &str = "Quantum";
const RARE_EVERY: usize = 40_000;
const RARE_TAG_EVERY: usize = 10_000;

/// Writes one text after the other.
pub struct Texts {
    rng: SeededRng,
}

impl Texts {
    pub fn new(seed: u64) -> Self {
        Self { rng: SeededRng::new(seed) }
    }

    /// A number below `end`, the low ones more often: words are not used alike.
    fn low(&self, end: usize) -> usize {
        ((self.rng.unit() * self.rng.unit()) * end as f64) as usize
    }

    fn any(&self, words: &[&'static str]) -> &'static str {
        words[self.low(words.len())]
    }

    pub fn below(&self, end: usize) -> usize {
        (self.rng.unit() * end as f64) as usize
    }

    /// The question of the pair with this number, from 1.
    pub fn question(&self, number: usize) -> String {
        let (what, act, place) = (self.any(SUBJECTS), self.any(ACTS), self.any(PLACES));
        match number % 5 {
            0 => format!("Are {what} {act} {place}?"),
            1 => format!("How are {what} {act} {place}, and who is responsible for it?"),
            2 => format!("Describe the process by which {what} are {act} {place} (control {number})."),
            3 => format!("Which of your policies require that {what} are {act} {place}?"),
            _ => format!("Do you hold evidence, e.g. for {}, that {what} are {act} {place}?", self.any(STANDARDS)),
        }
    }

    /// Some eighty words, of a few hundred different ones and some numbers.
    pub fn answer(&self, number: usize) -> String {
        let mut text = String::from(if number.is_multiple_of(7) { "No. " } else { "Yes. " });
        for _ in 0..3 + self.below(5) {
            text.push_str(&self.sentence());
        }
        if number.is_multiple_of(RARE_EVERY) {
            text.push_str(&format!("The project is called {RARE} inside of the company."));
        }
        text.trim_end().to_owned()
    }

    fn sentence(&self) -> String {
        let (what, act, place) = (self.any(SUBJECTS), self.any(ACTS), self.any(PLACES));
        let (team, standard, days) = (self.any(TEAMS), self.any(STANDARDS), 1 + self.below(365));
        match self.below(7) {
            0 => {
                format!("According to {standard}, {what} are {act} {place} and looked at by {team} every {days} days. ")
            }
            1 => format!("Whatever concerns {what} is {act} by {team}; exceptions end after {days} days.\n"),
            2 => format!("We keep a record of when {what} were {act}, which {team} signs (policy {days}). "),
            3 => format!("Data is encrypted {place} with AES-256, and its keys are {act} by {team}. "),
            4 => format!("In the last audit by {standard}, number {days}, no finding concerned {what}. "),
            5 => format!("Customers are told within {days} hours when {what} had to be {act} {place}. "),
            _ => format!("For {what} see section {days} of our handbook, which {team} sends on request. "),
        }
    }

    pub fn tags(&self, number: usize) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..self.below(4) {
            let tag = self.any(TAGS);
            if !tags.iter().any(|other| other == tag) {
                tags.push(tag.to_owned());
            }
        }
        if number.is_multiple_of(RARE_TAG_EVERY) {
            tags.push(RARE_TAG.to_owned());
        }
        tags
    }

    pub fn client(&self) -> String {
        self.any(CLIENTS).to_owned()
    }

    /// What a project or an intake is called.
    pub fn name(&self, number: usize) -> String {
        let rare = if number.is_multiple_of(RARE_TAG_EVERY / 2) { RARE } else { "" };
        format!("{} {} {} {rare}", self.client(), self.any(OCCASIONS), 2_020 + number % 7).trim_end().to_owned()
    }

    /// What a section is about.
    pub fn topic(&self) -> String {
        self.any(TAGS).to_owned()
    }
}
