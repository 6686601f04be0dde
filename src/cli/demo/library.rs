//! The answer library of an organization that is asked about its security, day after day.

/// A question and its answer.
pub struct Pair {
    pub question: &'static str,
    pub answer: &'static str,
    /// Separated by commas.
    pub tags: &'static str,
    pub owner: &'static str,
}

const fn pair(question: &'static str, answer: &'static str, tags: &'static str, owner: &'static str) -> Pair {
    Pair { question, answer, tags, owner }
}

const INGRID: &str = super::scene::INGRID;
const PRIYA: &str = super::scene::PRIYA;
const TOMAS: &str = super::scene::TOMAS;

pub const ENCRYPTION: &str = "Is customer data encrypted at rest?";
pub const TRANSIT: &str = "Is data encrypted in transit?";
pub const KEYS: &str = "Who manages the encryption keys?";
pub const REGION: &str = "Where is customer data stored?";
pub const CERTIFICATES: &str = "Which security certifications do you hold?";
pub const PENETRATION: &str = "Do you have penetration tests done by a third party?";
pub const SSO: &str = "Do you support single sign-on?";
pub const MFA: &str = "Is multi-factor authentication enforced for employees?";
pub const ACCESS: &str = "How is access to production systems controlled?";
pub const INCIDENT: &str = "How soon are customers told about a security incident?";
pub const CONTINUITY: &str = "Is there a business continuity plan, and is it tested?";
pub const RECOVERY: &str = "What are your recovery time and recovery point objectives?";
pub const BACKUPS: &str = "How are backups made and protected?";
pub const UPTIME: &str = "Which availability do you commit to?";
pub const SUBPROCESSORS: &str = "Which sub-processors do you use?";
pub const GDPR: &str = "Do you sign a data processing agreement under the GDPR?";
pub const DELETION: &str = "What happens to our data when the contract ends?";
pub const TRAINING: &str = "How often are employees trained in security?";
pub const SCREENING: &str = "Are employees screened before they are hired?";
pub const COMPANY: &str = "Describe your company.";
pub const SUPPORT: &str = "When is support available, and how soon do you respond?";
pub const INSURANCE: &str = "Do you carry cyber liability insurance?";

/// Published since the library began, each for the first time by its owner.
pub const PUBLISHED: &[Pair] = &[
    pair(
        ENCRYPTION,
        "Yes. All customer data, backups included, is encrypted at rest with AES-256 in GCM mode. Disk volumes and database files are encrypted separately, with keys that are never stored beside the data.",
        "Security, Encryption",
        PRIYA,
    ),
    pair(
        TRANSIT,
        "Yes. Every connection uses TLS 1.2 or 1.3 with forward secrecy; older versions are refused. Traffic between our own services is encrypted with mutual TLS.",
        "Security, Encryption",
        PRIYA,
    ),
    pair(
        KEYS,
        "Keys are generated and kept in a hardware security module (FIPS 140-2 level 3). They are rotated every 90 days, and each use is logged. Two people of the platform team are needed to change a key policy.",
        "Security, Encryption",
        PRIYA,
    ),
    pair(
        REGION,
        "In Frankfurt, with a second site in Dublin. Customer data does not leave the European Union.",
        "Privacy, Hosting, EU",
        INGRID,
    ),
    pair(
        CERTIFICATES,
        "ISO/IEC 27001:2022 (certified since 2019, last audit in March) and SOC 2 Type II. Reports are available under a non-disclosure agreement.",
        "Security, Compliance",
        PRIYA,
    ),
    pair(
        PENETRATION,
        "Yes, twice a year, by an accredited firm that changes every two years. Findings are rated by CVSS; high ones are fixed within 14 days. We share the management summary on request.",
        "Security, Compliance",
        PRIYA,
    ),
    pair(
        SSO,
        "Yes. SAML 2.0 and OpenID Connect are part of every plan; users can be provisioned by SCIM 2.0.",
        "Product, Access",
        TOMAS,
    ),
    pair(
        MFA,
        "Yes, for every system and without exceptions. Administrators use hardware security keys.",
        "Security, Access",
        PRIYA,
    ),
    pair(
        ACCESS,
        "By role and for a limited time. An engineer asks for access with a ticket, a second person approves it, and it ends by itself after eight hours. Sessions are recorded and reviewed each week.",
        "Security, Access",
        PRIYA,
    ),
    pair(
        INCIDENT,
        "Within 24 hours after we confirm that customer data is affected, by email to the security contact that you name, and at least once a day until it is resolved.",
        "Security, Incidents",
        INGRID,
    ),
    pair(
        CONTINUITY,
        "Yes. The plan covers the loss of a data centre, of a key supplier and of our offices. It is exercised every spring; the report of the last exercise is available on request.",
        "Continuity, Compliance",
        INGRID,
    ),
    pair(
        RECOVERY,
        "Recovery time objective: 4 hours. Recovery point objective: 15 minutes. Both were met in the last four exercises.",
        "Continuity",
        INGRID,
    ),
    pair(
        BACKUPS,
        "Every 15 minutes, encrypted, and kept for 35 days at the second site. A restore is tested each month by a job that compares checksums.",
        "Continuity, Hosting",
        TOMAS,
    ),
    pair(
        UPTIME,
        "99.9 % in each calendar month, maintenance included. Measured availability over the last twelve months was 99.97 %.",
        "Product, Hosting",
        TOMAS,
    ),
    pair(
        SUBPROCESSORS,
        "Three: our hosting provider, the provider of transactional mail, and the ticket system of our support team. The list with addresses and purposes is on our website; customers are told 30 days before a change.",
        "Privacy, GDPR",
        INGRID,
    ),
    pair(
        GDPR,
        "Yes. Our agreement follows Article 28 and includes the standard contractual clauses. We also sign a customer's own agreement after a review of about a week.",
        "Privacy, GDPR, EU",
        INGRID,
    ),
    pair(
        DELETION,
        "You can export everything as CSV and JSON for 30 days. Then it is deleted, and from all backups 35 days later. We confirm the deletion in writing.",
        "Privacy, GDPR",
        INGRID,
    ),
    pair(
        TRAINING,
        "When they join and every year after that, with a test at the end. Engineers also take a course in secure development, and phishing is simulated four times a year.",
        "People, Security",
        TOMAS,
    ),
    pair(
        SCREENING,
        "Yes, as far as local law allows: identity, employment history and, for people with access to production, a criminal record check.",
        "People",
        TOMAS,
    ),
    pair(
        COMPANY,
        "Halden Systems was founded in Oslo in 2009. 210 people build and run software for planning and maintaining public transport; 140 operators in 19 countries use it.",
        "Company",
        INGRID,
    ),
    pair(
        SUPPORT,
        "Around the clock for priority 1, with a first response within 30 minutes; on weekdays from 7:00 to 19:00 CET for everything else, within four hours.",
        "Product, Support",
        TOMAS,
    ),
    pair(
        INSURANCE,
        "Yes, EUR 10 million for each claim. A certificate of the insurer is available on request.",
        "Company, Compliance",
        INGRID,
    ),
    pair(
        "Do you keep an audit log that customers can see?",
        "Yes. Sign-ins, changes of settings and exports are logged with person, time and address, kept for 13 months and can be exported.",
        "Product, Security",
        TOMAS,
    ),
    pair(
        "How do you find out about vulnerabilities in software that you use?",
        "Dependencies are checked against public advisories with every build. Critical updates are rolled out within 48 hours, all others within 30 days.",
        "Security",
        PRIYA,
    ),
    pair(
        "Do you have a vulnerability disclosure policy?",
        "Yes, published as security.txt. Reports are acknowledged within two working days, and researchers who act in good faith are not prosecuted.",
        "Security",
        PRIYA,
    ),
    pair(
        "Are development, test and production separated?",
        "Yes, in separate accounts and networks. Customer data is never used for tests.",
        "Security, Hosting",
        PRIYA,
    ),
    pair(
        "Is your product accessible?",
        "It meets WCAG 2.2 level AA. The current accessibility conformance report is available on request.",
        "Product",
        TOMAS,
    ),
    pair(
        "How do you reduce your environmental footprint?",
        "Our data centres run on renewable energy. Emissions of scopes 1 to 3 are reported every year, and have fallen by 31 % since 2021.",
        "Company",
        INGRID,
    ),
];

/// Saved by a member, and waiting for a moderator.
pub const WAITING: &[Pair] = &[
    pair(
        "Do you offer a dedicated environment?",
        "Yes, as an option: a cluster of its own in the region of your choice, with the same service levels.",
        "Product, Hosting",
        TOMAS,
    ),
    pair(
        "Can we bring our own encryption keys?",
        "Yes, in the enterprise plan. Keys can be held in your own key management service and withdrawn at any time.",
        "Security, Encryption",
        TOMAS,
    ),
    pair(
        "Do you use artificial intelligence to process customer data?",
        "Only where a customer has switched it on. Models run in our own environment, and nothing is used to train them.",
        "Privacy, Product",
        TOMAS,
    ),
];

/// Saved by a member, and sent back with this note.
pub const SENT_BACK: (Pair, &str) = (
    pair("How many customers do you have?", "A lot.", "Company", TOMAS),
    "Give the number from the last annual report, and say what it counts.",
);

/// What a story of the button adds.
pub const MORE: &[Pair] = &[
    pair(
        "Do you rate the security of your own suppliers?",
        "Yes, before the contract and once a year, by a questionnaire and the evidence for it.",
        "Compliance",
        INGRID,
    ),
    pair(
        "Are mobile devices of employees managed?",
        "Yes. They are encrypted, locked after five minutes, and can be wiped remotely.",
        "Security, People",
        PRIYA,
    ),
    pair(
        "How is software changed in production?",
        "Every change is reviewed by a second engineer, tested automatically and rolled out in steps; it can be taken back within minutes.",
        "Security, Product",
        PRIYA,
    ),
    pair("Is there a status page?", "Yes, with history, at status.halden.example.", "Support", TOMAS),
    pair("Do you have a fax number?", "Yes, but nobody has looked at it since 2016.", "Company", TOMAS),
];
