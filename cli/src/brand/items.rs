//! The checklist: what the law asks a request and its notices to say. Each item has its article of the GDPR, and what a person is
//! to write there.

/// An item of a notice (Articles 13 and 7(3)).
#[derive(Debug, Clone, Copy)]
pub(super) struct NoticeItem {
    /// Its member in the notice.
    pub(super) member: &'static str,
    /// What it is.
    pub(super) name: &'static str,
    /// The article that asks for it.
    pub(super) article: &'static str,
    /// What a person is to write.
    pub(super) write: &'static str,
}

/// The items of a notice, in its own order.
pub(super) const NOTICE_ITEMS: [NoticeItem; 13] = [
    NoticeItem {
        member: "title",
        name: "a heading in plain language",
        article: "7(2)",
        write: "a heading that says what this is about",
    },
    NoticeItem {
        member: "controllers",
        name: "who the controllers are, and how to reach them",
        article: "13(1)(a)",
        write: "the name in law and the contact of each controller that relies on the consent",
    },
    NoticeItem {
        member: "dataProtectionOfficer",
        name: "how to reach the data protection officer",
        article: "13(1)(b)",
        write: "the contact of the data protection officer, or that there is none",
    },
    NoticeItem {
        member: "purposes",
        name: "the purposes, and that consent is the basis",
        article: "13(1)(c)",
        write: "what the data is used for, each purpose by itself, and that the legal basis is consent",
    },
    NoticeItem {
        member: "recipients",
        name: "who receives the data",
        article: "13(1)(e)",
        write: "who receives the data, processors by category, or that nobody does",
    },
    NoticeItem {
        member: "transfers",
        name: "transfers to third countries",
        article: "13(1)(f)",
        write: "to which countries outside the Union the data goes, with which safeguards and where to get a copy of them, or that it \
                goes to none",
    },
    NoticeItem {
        member: "retention",
        name: "how long the data is kept",
        article: "13(2)(a)",
        write: "how long the data of each purpose is kept, or by what that is decided",
    },
    NoticeItem {
        member: "rights",
        name: "the rights of the person",
        article: "13(2)(b)",
        write: "that one may ask for access, rectification, erasure, restriction and portability, and how",
    },
    NoticeItem {
        member: "withdrawal",
        name: "how to withdraw, at any time and as easily",
        article: "13(2)(c), 7(3)",
        write: "that one may withdraw at any time, how (as easily as saying yes), and that what was done before stays lawful",
    },
    NoticeItem {
        member: "complaint",
        name: "the right to complain, and to whom",
        article: "13(2)(d)",
        write: "that one may complain to a supervisory authority, and to which",
    },
    NoticeItem {
        member: "requirement",
        name: "that nobody has to say yes, and what follows from a no",
        article: "13(2)(e)",
        write: "that neither law nor contract asks for the data, and what follows from not giving it",
    },
    NoticeItem {
        member: "automatedDecisions",
        name: "decisions made by machines alone",
        article: "13(2)(f)",
        write: "whether machines alone decide about the person; if so: by what logic, how much it matters, and what may follow",
    },
    NoticeItem {
        member: "proofRetention",
        name: "how long the proof of the consent is kept",
        article: "17(3)",
        write: "how long after its end the proof of the consent is kept, and why",
    },
];

/// An item of a request. Its name in code is what problems are sorted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestItem {
    Controllers,
    Purposes,
    Apart,
    Crimes,
    Audience,
    Validity,
    ProofRetention,
    Benefit,
    OtherBases,
    Languages,
    Form,
}

impl RequestItem {
    /// All of them, in the order in which they are printed.
    pub(super) const ALL: [Self; 11] = [
        Self::Controllers,
        Self::Purposes,
        Self::Apart,
        Self::Crimes,
        Self::Audience,
        Self::Validity,
        Self::ProofRetention,
        Self::Benefit,
        Self::OtherBases,
        Self::Languages,
        Self::Form,
    ];

    /// The item that a place in a template belongs to.
    pub(super) fn of(pointer: &str) -> Self {
        match pointer.split('/').nth(1) {
            Some("controllers") => Self::Controllers,
            Some("clauses") => Self::Purposes,
            Some("audience") => Self::Audience,
            Some("validity") => Self::Validity,
            Some("proofRetention") => Self::ProofRetention,
            Some("benefit") => Self::Benefit,
            Some("otherBases") => Self::OtherBases,
            _ => Self::Form,
        }
    }

    /// What it is, and the article that asks for it.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Controllers => ("every controller is named, and can be reached", "13(1)(a), 7(2)"),
            Self::Purposes => ("each purpose is specific, in words, with its data", "6(1)(a), 5(1)(b)"),
            Self::Apart => ("what needs a choice of its own has one", "7(2), 9, 22, 49(1)(a)"),
            Self::Crimes => ("no data about crimes, for which consent is no ground", "10"),
            Self::Audience => ("whom it is for; no children", "8"),
            Self::Validity => ("how long a yes lasts", "5(1)(e)"),
            Self::ProofRetention => ("how long the proof is kept", "17(3)"),
            Self::Benefit => ("what one gets with a yes, and without", "7(4)"),
            Self::OtherBases => ("other bases for the same data are named beforehand", "17(1)(b)"),
            Self::Languages => ("all words are there in every language of a notice", "7(2)"),
            Self::Form => ("the form of a request", "7(1)"),
        }
    }
}

/// What a person is to write into a template.
pub(super) mod write {
    /// `controllers/0/legalName`.
    pub(in super::super) const LEGAL_NAME: &str = "the controller's name in law";
    /// `controllers/0/contact`.
    pub(in super::super) const CONTACT: &str = "how people reach the controller: address and e-mail";
    /// `controllers/0/dpo`.
    pub(in super::super) const DPO: &str =
        "how people reach the data protection officer; take the member away if there is none";
    /// `clauses/*/purpose/text`.
    pub(in super::super) const PURPOSE: &str = "what is done, in one plain sentence with a concrete example";
    /// `audience/description`.
    pub(in super::super) const AUDIENCE: &str = "whom this is meant for; no children may be among them";
    /// `benefit/withConsent`.
    pub(in super::super) const WITH: &str = "what one gets with a yes";
    /// `benefit/withoutConsent`.
    pub(in super::super) const WITHOUT: &str = "what one gets without it; a no must cost nothing else";
}
