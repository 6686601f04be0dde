//! The catalog: every event type there is, with its group, its entity and a sentence for people.

use crate::base::names;

names! {
    /// What a webhook can subscribe to. TEST is not among them: it is sent at once and never recorded.
    EventType {
        SectionCompleted = "SECTION_COMPLETED",
        ProjectCreated = "PROJECT_CREATED",
        ProjectEdited = "PROJECT_EDITED",
        ProjectCompleted = "PROJECT_COMPLETED",
        ProjectArchived = "PROJECT_ARCHIVED",
        ProjectDeleted = "PROJECT_DELETED",
        AnswerLibCreated = "ANSWER_LIB_CREATED",
        AnswerLibUpdated = "ANSWER_LIB_UPDATED",
        AnswerLibDeleted = "ANSWER_LIB_DELETED",
        IntakeCreated = "INTAKE_CREATED",
    }
}

names! {
    /// ENTITY_TYPE in the callback.
    EntityType {
        Section = "SECTION",
        Project = "PROJECT",
        AnswerLibrary = "ANSWER_LIBRARY",
        Intake = "INTAKE",
    }
}

names! {
    /// How the form and the API group event types.
    Group {
        Section = "section",
        Project = "project",
        AnswerLibrary = "answer_library",
        Intake = "intake",
    }
}

impl EventType {
    pub const fn entity_type(self) -> EntityType {
        match self.group() {
            Group::Section => EntityType::Section,
            Group::Project => EntityType::Project,
            Group::AnswerLibrary => EntityType::AnswerLibrary,
            Group::Intake => EntityType::Intake,
        }
    }

    pub const fn group(self) -> Group {
        match self {
            Self::SectionCompleted => Group::Section,
            Self::ProjectCreated
            | Self::ProjectEdited
            | Self::ProjectCompleted
            | Self::ProjectArchived
            | Self::ProjectDeleted => Group::Project,
            Self::AnswerLibCreated | Self::AnswerLibUpdated | Self::AnswerLibDeleted => Group::AnswerLibrary,
            Self::IntakeCreated => Group::Intake,
        }
    }

    /// When it is raised, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::SectionCompleted => "A section of a project is completed.",
            Self::ProjectCreated => "A project is created.",
            Self::ProjectEdited => "Project metadata is edited.",
            Self::ProjectCompleted => "A project is marked as complete.",
            Self::ProjectArchived => "A project is archived.",
            Self::ProjectDeleted => "A project is moved to the trash or deleted permanently.",
            Self::AnswerLibCreated => "A Q&A pair is saved to the library for the first time.",
            Self::AnswerLibUpdated => "A pair is changed, or published in moderation or review.",
            Self::AnswerLibDeleted => "A Q&A pair is deleted.",
            Self::IntakeCreated => "An intake is created.",
        }
    }
}

impl Group {
    /// The group's heading on the form.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Section => "Section events",
            Self::Project => "Project events",
            Self::AnswerLibrary => "Answer Library events",
            Self::Intake => "Intake events",
        }
    }

    pub fn event_types(self) -> impl Iterator<Item = EventType> {
        EventType::ALL.iter().copied().filter(move |kind| kind.group() == self)
    }
}
