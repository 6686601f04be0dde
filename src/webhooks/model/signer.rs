//! How a webhook's callbacks are to be signed, as it was typed.

use crate::base::{Rng, Secret, Vault};
use crate::delivery::signing::{Signing, SigningSecret};

use super::draft::{Field, Invalid};

/// The choice and the secret as they were typed.
#[derive(Clone, Debug, Default)]
pub struct DraftSigning {
    /// Nothing: as the secret says, or symmetric.
    pub signing: Option<String>,
    /// Nothing: the server makes one.
    pub secret: Option<Secret>,
    /// The secret is the one that the server prepared for the form, whichever way of signing is chosen there.
    pub is_prepared: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Choose symmetric or asymmetric.")]
pub struct InvalidSigning;

/// Said of a secret that is none for the way of signing that was chosen.
const OTHER_KIND: &str = "A whsec_ secret is for symmetric signing. Leave it out, and we make a key pair.";
const OTHER_KIND_OF_KEY: &str = "A whsk_ key is for asymmetric signing. Leave it out, and we make a secret.";

/// What is to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// A new one, made when it is needed; nothing said: symmetric.
    New(Option<Signing>),
    /// The one that was given.
    Given(SigningSecret),
    /// A key pair that is made from what was prepared: the private key never stands in a form.
    PairOf(SigningSecret),
}

impl Prepared {
    pub fn signing(&self) -> Signing {
        match self {
            Self::New(signing) => signing.unwrap_or(Signing::Symmetric),
            Self::Given(secret) => secret.signing(),
            Self::PairOf(_) => Signing::Asymmetric,
        }
    }

    /// The secret that this comes to.
    pub fn secret(self, vault: &Vault, rng: &dyn Rng) -> SigningSecret {
        match self {
            Self::New(_) => SigningSecret::generate_for(self.signing(), rng),
            Self::Given(secret) => secret,
            Self::PairOf(prepared) => successor(vault, &prepared, Signing::Asymmetric),
        }
    }
}

impl DraftSigning {
    pub(super) fn parse(&self, wrong: &mut Invalid) -> Option<Prepared> {
        let signing = wrong.take(Field::Signing, parse_signing(self.signing.as_deref()));
        let secret = self.secret.as_ref().map(|text| SigningSecret::parse(text.expose())).transpose();
        let secret = wrong.take(Field::SigningSecret, secret);
        let (signing, Some(secret)) = (signing?, secret?) else {
            return Some(Prepared::New(signing?));
        };
        let wanted = signing.unwrap_or(secret.signing());
        match (wanted, secret.signing()) {
            (Signing::Symmetric, Signing::Symmetric) | (Signing::Asymmetric, Signing::Asymmetric) => {
                Some(Prepared::Given(secret))
            }
            (Signing::Asymmetric, Signing::Symmetric) if self.is_prepared => Some(Prepared::PairOf(secret)),
            (Signing::Asymmetric, Signing::Symmetric) => {
                wrong.take(Field::SigningSecret, Err::<Prepared, _>(OTHER_KIND))
            }
            (Signing::Symmetric, Signing::Asymmetric) => {
                wrong.take(Field::SigningSecret, Err::<Prepared, _>(OTHER_KIND_OF_KEY))
            }
        }
    }
}

/// What was typed or sent; nothing says nothing.
pub(super) fn parse_signing(text: Option<&str>) -> Result<Option<Signing>, InvalidSigning> {
    text.map(|text| text.parse().map_err(|_| InvalidSigning)).transpose()
}

/// The secret of the other kind that follows `secret`: always the same one, so that a form can show its public key and sign tests
/// with it before it is saved. Nobody can tell one from the other without the vault's key.
pub fn successor(vault: &Vault, secret: &SigningSecret, signing: Signing) -> SigningSecret {
    let purpose = format!("{signing} signing after {}", secret.expose());
    SigningSecret::of_new(signing, &vault.derive(&purpose))
}
