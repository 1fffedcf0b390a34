//! The grounds of Article 17(1) GDPR, as a person types them.

use placet_schemas::record::consent::ErasureGround;

/// The grounds of Article 17(1) GDPR, by their letters.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Ground {
    /// (a) the data is no longer necessary
    NoLongerNecessary,
    /// (b) consent is withdrawn
    ConsentWithdrawn,
    /// (c) objection
    Objection,
    /// (d) it was processed unlawfully
    Unlawful,
    /// (e) a law demands erasure
    LegalObligation,
    /// (f) it was collected from a child online
    ChildOnline,
}

impl From<Ground> for ErasureGround {
    fn from(ground: Ground) -> Self {
        match ground {
            Ground::NoLongerNecessary => Self::NoLongerNecessary,
            Ground::ConsentWithdrawn => Self::ConsentWithdrawn,
            Ground::Objection => Self::Objection,
            Ground::Unlawful => Self::Unlawful,
            Ground::LegalObligation => Self::LegalObligation,
            Ground::ChildOnline => Self::ChildOnline,
        }
    }
}
