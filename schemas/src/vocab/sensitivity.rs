//! Why a term may not share a clause with anything else, or may not be used.

/// What the law, or a rule of Placet's own, attaches to a term.
///
/// Articles are of the GDPR, Regulation (EU) 2016/679. The order is from the
/// strictest consequence to the mildest (refused, explicit consent by law, a
/// separate choice by our rule); a term that comes under two gets the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sensitivity {
    /// Art. 10: criminal convictions and offences. Consent is not enough.
    CriminalRecord,
    /// Art. 9(1): special categories of personal data.
    SpecialCategory,
    /// Art. 22(1): decisions based solely on automated processing.
    AutomatedDecision,
    /// Our rule: data, or what data tells, is sold.
    Sale,
    /// Our rule: political purposes.
    Political,
    /// Our rule: profiling as in Art. 4(4).
    Profiling,
    /// Our rule: targeted or personalised advertising.
    TargetedAdvertising,
}

impl Sensitivity {
    /// Every sensitivity, strictest first.
    pub const ALL: [Self; 7] = [
        Self::CriminalRecord,
        Self::SpecialCategory,
        Self::AutomatedDecision,
        Self::Sale,
        Self::Political,
        Self::Profiling,
        Self::TargetedAdvertising,
    ];

    /// Stable name, as in the mark column of the overlay.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CriminalRecord => "criminal-record",
            Self::SpecialCategory => "special-category",
            Self::AutomatedDecision => "automated-decision",
            Self::Sale => "sale",
            Self::Political => "political",
            Self::Profiling => "profiling",
            Self::TargetedAdvertising => "targeted-advertising",
        }
    }
}
