//! The W3C's VC-API: credentials of any content, issued and verified for whoever holds the token.
//!
//! Off unless it is turned on. What it issues is whatever it is told to, so it has a key and a name of its own, which sign
//! nothing else: nobody can take such a credential for a receipt. What counts is the kernel's to say
//! ([`placet_kernel::vcdm`]); here is what that needs to know, which comes from no network.

mod store;

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use placet_kernel::status::Bits;
use placet_kernel::vcdm::{self, Code, Draft, Entry, Policy, Refusal, Suite, Surroundings, Verdict};
use placet_linked_data::{Contexts, ErrorCode, LinkedError};
use placet_schemas::id::{Did, Digest};
use placet_schemas::json;
use placet_service::{Clock, SystemClock};
use serde_json::json as value;
use zeroize::Zeroizing;

use crate::error::{OpenError, StoreError};
use crate::keys::IssuerKey;
use crate::lists::LIST_SECONDS;
use crate::place::PublicUrl;
use store::Entries;

/// The file of the key, in the issuer's folder.
pub const VC_API_KEY_FILE: &str = "vc-api.key";
/// The file of the entries that were given out, and which of them are set. Nothing else knows them: it is in the backup.
pub const VC_API_DATABASE_FILE: &str = "vc-api.db";
/// Where its status lists are, below the public URL.
pub(crate) const LISTS_PATH: &str = "/vc-api/status";

/// Who may call.
pub enum Access {
    /// Whoever shows this token.
    Token(Zeroizing<String>),
    /// Anyone on this machine: for test suites.
    Open,
}

/// The API's key, lists and knowledge.
pub struct VcApi {
    did: Did,
    key: IssuerKey,
    access: Access,
    lists_url: String,
    entries: Entries,
    clock: Arc<dyn Clock>,
    /// The list that was signed last, and when: whoever asks need not have it signed each time.
    signed: Mutex<Option<(u64, u64, Vec<u8>)>>,
}

/// How a credential is to be secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Securing {
    Proof(Suite),
    Envelope,
}

impl Access {
    /// Whether it may be so where the service listens.
    ///
    /// # Errors
    /// [`OpenError::OpenToAll`] for an open API that others could reach.
    pub fn check(&self, address: &SocketAddr) -> Result<(), OpenError> {
        match self {
            Self::Open if !address.ip().is_loopback() => Err(OpenError::OpenToAll(*address)),
            _ => Ok(()),
        }
    }
}

impl VcApi {
    /// Opens what the folder has, or begins it. The folder is the issuer's, which has it locked.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(dir: &Path, place: &PublicUrl, access: Access) -> Result<Self, OpenError> {
        Self::open_at(dir, place, access, Arc::new(SystemClock::default())).await
    }

    /// The same by another clock.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_at(
        dir: &Path,
        place: &PublicUrl,
        access: Access,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let (did, key) = IssuerKey::alone(&dir.join(VC_API_KEY_FILE))?;
        Ok(Self {
            did,
            key,
            access,
            lists_url: place.join(LISTS_PATH),
            entries: Entries::open(&dir.join(VC_API_DATABASE_FILE)).await?,
            clock,
            signed: Mutex::default(),
        })
    }

    /// Who issues.
    #[must_use]
    pub const fn did(&self) -> &Did {
        &self.did
    }

    /// Who may call.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// An entry for a credential, written before the credential is signed.
    pub(crate) async fn entry(&self, credential: Option<&str>) -> Result<Entry, StoreError> {
        let (list, index) = self.entries.take(credential.map(name_of)).await?;
        Ok(Entry {
            purpose: "revocation",
            index,
            list: self.list_url(list),
        })
    }

    /// Sets the entries of a credential for good, by its id, or one by its own: a credential need not have an id, and several may
    /// have the same. False where there is none.
    pub(crate) async fn revoke(&self, credential: &str) -> Result<bool, StoreError> {
        let known = match self.place_of(credential) {
            Some(place) => self.entries.set_place(place).await?,
            None => self.entries.set(name_of(credential)).await?,
        };
        self.signed.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(known)
    }

    /// Signs a credential. It is this key's word only where it says so.
    pub(crate) fn issue(&self, credential: &[u8], securing: Securing) -> Result<Vec<u8>, Refusal> {
        let draft = Draft::parse(credential, self)?;
        if draft.issuer() != self.did.as_str() {
            let message = format!("the issuer is {}, whose key signs here", self.did);
            return Err(Refusal::new(Code::Malformed, "/issuer", message));
        }
        match securing {
            Securing::Envelope => vcdm::envelop(&draft, self.key.method(), &self.key),
            Securing::Proof(suite) => vcdm::secure(&draft, suite, self.clock.now(), self.key.method(), &self.key, self),
        }
    }

    pub(crate) fn verify_credential(&self, document: &[u8], asked: Asked<'_>) -> Result<Verdict, Refusal> {
        vcdm::verify_credential(document, &self.policy(asked))
    }

    pub(crate) fn verify_presentation(&self, document: &[u8], asked: Asked<'_>) -> Result<Verdict, Refusal> {
        vcdm::verify_presentation(document, &self.policy(asked))
    }

    /// A list as it is now; nothing where there is none.
    pub(crate) fn list(&self, number: u64) -> Option<Vec<u8>> {
        let bits = self.entries.bits(number)?;
        let now = self.clock.now().unix();
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, list, bytes)) = &*signed
            && (*at, *list) == (now, number)
        {
            return Some(bytes.clone());
        }
        let bytes = self.sign_list(number, &bits).ok()?;
        *signed = Some((now, number, bytes.clone()));
        Some(bytes)
    }

    fn sign_list(&self, number: u64, bits: &Bits) -> Result<Vec<u8>, Refusal> {
        let now = self.clock.now();
        let list = value!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": self.list_url(number),
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": self.did,
            "validFrom": now,
            "validUntil": now.plus_seconds(LIST_SECONDS),
            "credentialSubject": {
                "id": format!("{}#list", self.list_url(number)),
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": bits.to_bitstring(),
            },
        });
        let list = json::to_jcs(&list).map_err(|error| Refusal::new(Code::Malformed, "", error.to_string()))?;
        self.issue(&list, Securing::Proof(Suite::EddsaJcs2022))
    }

    /// The list and index that the id of a status entry names.
    fn place_of(&self, entry: &str) -> Option<(u64, u64)> {
        let number = |text: &str| text.parse().ok().filter(|n: &u64| n.to_string() == text);
        let place = entry.strip_prefix(&self.lists_url)?.strip_prefix('/')?;
        let (list, index) = place.split_once('#')?;
        Some((number(list)?, number(index)?))
    }

    fn list_url(&self, number: u64) -> String {
        format!("{}/{number}", self.lists_url)
    }

    fn policy<'a>(&'a self, asked: Asked<'a>) -> Policy<'a> {
        Policy {
            now: self.clock.now(),
            domain: asked.domain,
            challenge: asked.challenge,
            surroundings: self,
        }
    }
}

/// What a verifier asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) domain: Option<&'a str>,
    pub(crate) challenge: Option<&'a str>,
}

impl Surroundings for VcApi {
    fn linked_input(&self, document: &[u8], options: &[u8]) -> Result<[u8; 64], Refusal> {
        placet_linked_data::signing_input(document, options, Contexts::bundled()).map_err(refusal)
    }

    fn meaning(&self, document: &[u8]) -> Result<(), Refusal> {
        let canonical = placet_linked_data::canonical(document, Contexts::bundled());
        canonical.map(|_| ()).map_err(refusal)
    }

    fn resource(&self, url: &str) -> Vec<&[u8]> {
        placet_linked_data::published(url).collect()
    }

    /// Only a did:key is known, and that one is its own document: to fetch another's would be to reach wherever a caller wants.
    fn did_document(&self, _did: &str) -> Option<Vec<u8>> {
        None
    }

    fn status_list(&self, url: &str) -> Option<Vec<u8>> {
        let number = url.strip_prefix(&self.lists_url)?.strip_prefix('/')?;
        let number: u64 = number.parse().ok().filter(|n: &u64| n.to_string() == number)?;
        self.list(number)
    }
}

impl fmt::Debug for VcApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VcApi({})", self.did)
    }
}

/// By what an entry is found again: an id may say whose credential it is.
fn name_of(credential: &str) -> Digest {
    Digest::of(credential.as_bytes())
}

fn refusal(error: LinkedError) -> Refusal {
    let code = match error.code {
        ErrorCode::UnknownContext => Code::Unknown,
        ErrorCode::TooLarge | ErrorCode::TooComplex => Code::TooLarge,
        ErrorCode::BadSignature | ErrorCode::NoProof => Code::Unproven,
        _ => Code::Malformed,
    };
    Refusal::new(code, error.pointer, error.message)
}
