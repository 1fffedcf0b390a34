//! Bearer tokens: 256 random bits, shown once, stored hashed, revocable.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_schemas::api::AuditScope;
use placet_schemas::id::{Did, Digest, encode_hex};
use placet_schemas::record::Kind;
use placet_schemas::time::Timestamp;

use crate::error::StoreError;
use crate::ledger::Ledger;
use crate::page::clamp;
use crate::store::TokenFound;
use placet_service::random;

/// What every token starts with, so that scanners for leaked secrets know one when they see it.
const PREFIX: &str = "placet_";
/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Random bytes of a token's public name.
const ID_BYTES: usize = 8;

/// Whom a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A brand.
    Brand,
    /// A follower of the ledger.
    Service,
    /// An auditor of one brand.
    Auditor,
    /// The operator.
    Operator,
}

/// A token that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOrder {
    /// Its role.
    pub role: Role,
    /// Its brand, which must be registered.
    pub controller: Option<Did>,
    /// What an auditor may look at.
    pub audit: Option<AuditScope>,
    /// Which records a service may open, besides public ones.
    pub kinds: Option<BTreeSet<Kind>>,
    /// By which did:key a service signs that it has destroyed what it held.
    pub key: Option<Did>,
    /// A name for people.
    pub label: String,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
}

/// The public name of a token: 16 lowercase hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(String);

/// A token. Whoever has it may use it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What a token gives access to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Which token it is.
    pub id: TokenId,
    /// Its role.
    pub role: Role,
    /// Its brand.
    pub controller: Option<Did>,
    /// What an auditor may look at.
    pub audit: Option<AuditScope>,
    /// Which records a service may open, besides public ones.
    pub kinds: Option<BTreeSet<Kind>>,
}

/// A token as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its public name.
    pub id: TokenId,
    /// Its role.
    pub role: Role,
    /// Its brand.
    pub controller: Option<Did>,
    /// What an auditor may look at.
    pub audit: Option<AuditScope>,
    /// Which records a service may open, besides public ones.
    pub kinds: Option<BTreeSet<Kind>>,
    /// By which did:key a service signs that it has destroyed what it held.
    pub key: Option<Did>,
    /// A name for people.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// A text is no name of a role or of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenTextError(&'static str);

impl Ledger {
    /// Makes a token. Its secret is given out here and never again.
    ///
    /// # Errors
    /// [`StoreError::ControllerUnknown`] when the brand is not registered.
    pub async fn issue_token(&self, order: TokenOrder) -> Result<(TokenId, Token), StoreError> {
        let id = TokenId(encode_hex(&random::bytes::<ID_BYTES>()?));
        let secret = random::bytes::<TOKEN_BYTES>()?;
        let token = Token(format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&secret)));
        let TokenOrder {
            role,
            controller,
            audit,
            kinds,
            key,
            label,
            expires,
        } = order;
        let row = TokenFound {
            public_id: id.0.clone(),
            role: role.as_str().to_owned(),
            controller,
            audit,
            kinds: kinds.map(|kinds| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ")),
            key,
            label,
            created: self.now(),
            expires,
            revoked: None,
        };
        if !self.node().store.add_token(&row, &token.digest()).await? {
            return Err(StoreError::ControllerUnknown);
        }
        Ok((id, token))
    }

    /// What a token gives access to now; `None` if it is unknown, expired or revoked.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn authenticate(&self, token: &str) -> Result<Option<Access>, StoreError> {
        // Only its hash is compared, by the database: how long that takes says nothing about a token of 256 random bits.
        let Some(found) = self.node().store.token(&Digest::of(token.as_bytes())).await? else {
            return Ok(None);
        };
        if found.revoked.is_some() || found.expires.is_some_and(|expires| expires <= self.now()) {
            return Ok(None);
        }
        let row = TokenRow::try_from(found)?;
        Ok(Some(Access {
            id: row.id,
            role: row.role,
            controller: row.controller,
            audit: row.audit,
            kinds: row.kinds,
        }))
    }

    /// The tokens, in the order of their names, after the one called `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn tokens(&self, after: Option<TokenId>, limit: usize) -> Result<Vec<TokenRow>, StoreError> {
        let after = after.map_or_else(String::new, |id| id.0);
        let found = self.node().store.tokens_after(&after, clamp(limit)).await?;
        found.into_iter().map(TokenRow::try_from).collect()
    }

    /// Ends a token. `false` if there is none of that name, or it has ended already.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revoke_token(&self, id: &TokenId) -> Result<bool, StoreError> {
        self.node().store.revoke_token(&id.0, self.now()).await
    }
}

impl Role {
    /// The role as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Brand => "brand",
            Self::Service => "service",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Role {
    type Err = TokenTextError;
    fn from_str(text: &str) -> Result<Self, TokenTextError> {
        let known = [Self::Brand, Self::Service, Self::Auditor, Self::Operator];
        known
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(TokenTextError("no such role"))
    }
}

impl TokenId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenId {
    type Err = TokenTextError;
    fn from_str(text: &str) -> Result<Self, TokenTextError> {
        let legal = text.len() == 2 * ID_BYTES && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if legal {
            Ok(Self(text.to_owned()))
        } else {
            Err(TokenTextError("a token's name is 16 lowercase hex digits"))
        }
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Token {
    /// The secret, to be handed to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl TryFrom<TokenFound> for TokenRow {
    type Error = StoreError;
    fn try_from(found: TokenFound) -> Result<Self, StoreError> {
        let corrupt = |_| StoreError::Corrupt("token");
        Ok(Self {
            id: found.public_id.parse().map_err(corrupt)?,
            role: found.role.parse().map_err(corrupt)?,
            controller: found.controller,
            audit: found.audit,
            kinds: found.kinds.as_deref().map(kinds).transpose()?,
            key: found.key,
            label: found.label,
            created: found.created,
            expires: found.expires,
            revoked: found.revoked,
        })
    }
}

fn kinds(text: &str) -> Result<BTreeSet<Kind>, StoreError> {
    let kind = |name: &str| Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
    let kinds = text
        .split(' ')
        .map(|name| kind(name).ok_or(StoreError::Corrupt("token")));
    kinds.collect()
}
