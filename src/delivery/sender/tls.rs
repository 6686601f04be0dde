//! Whom we trust, and what went wrong when we do not.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, InvalidMessage, OtherError,
    PeerIncompatible, RootCertStore, SignatureScheme,
};

use crate::delivery::outcome::Outcome;

/// Why the certificates of HERALD_EXTRA_CA_FILE cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidExtraCa {
    #[error("it is not PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("it holds no certificate")]
    Empty,
    #[error("a certificate in it is not valid: {0}")]
    Certificate(rustls::Error),
    #[error("TLS could not be set up: {0}")]
    Setup(String),
}

/// The client's side of TLS 1.2 and 1.3, for HTTP/1.1. Trusts the system's roots (or, on a machine that has
/// none, Mozilla's, which are built in) and the certificates in `extra_ca`, a PEM text.
pub fn client_config(extra_ca: Option<&[u8]>) -> Result<ClientConfig, InvalidExtraCa> {
    let mut roots = RootCertStore::empty();
    // A system's store may hold certificates that nobody can parse; they trust nobody and do no harm.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(pem) = extra_ca {
        add_extra(&mut roots, pem)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| InvalidExtraCa::Setup(error.to_string()))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| InvalidExtraCa::Setup(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier(inner)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn add_extra(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), InvalidExtraCa> {
    let mut is_empty = true;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate?).map_err(InvalidExtraCa::Certificate)?;
        is_empty = false;
    }
    if is_empty { Err(InvalidExtraCa::Empty) } else { Ok(()) }
}

/// Says of an untrusted certificate that it signed itself.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is signed by itself")]
struct SelfSigned;

/// The ordinary verifier (nothing is accepted that it refuses), but for the name of one failure.
#[derive(Debug)]
struct Verifier(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verdict {
            // The second is what a self-signed certificate that calls itself an authority meets.
            Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_)))
                if is_self_signed(end_entity) =>
            {
                Err(CertificateError::Other(OtherError(Arc::new(SelfSigned))).into())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate).is_ok_and(|parsed| parsed.issuer() == parsed.subject())
}

/// The TLS failure behind an error of a stream, with what its sentence tells; `None` where it is of another kind.
pub fn classify(error: &io::Error) -> Option<(Outcome, Option<String>)> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let text = || Some(error.to_string());
    Some(match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired => (Outcome::TlsExpired, None),
            CertificateError::ExpiredContext { not_after, .. } => (Outcome::TlsExpired, day(*not_after)),
            CertificateError::NotValidYet => (Outcome::TlsNotYetValid, None),
            CertificateError::NotValidYetContext { not_before, .. } => (Outcome::TlsNotYetValid, day(*not_before)),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (Outcome::TlsWrongName, None)
            }
            CertificateError::Other(OtherError(other)) if other.is::<SelfSigned>() => (Outcome::TlsSelfSigned, None),
            CertificateError::UnknownIssuer => (Outcome::TlsUntrusted, Some("its authority is not known".to_owned())),
            _ => (Outcome::TlsUntrusted, text()),
        },
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )
        | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => (Outcome::TlsVersion, None),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            (Outcome::TlsHandshake, Some("what it says is not TLS".to_owned()))
        }
        _ => (Outcome::TlsHandshake, text()),
    })
}

/// The day of a certificate's date, in UTC.
fn day(time: UnixTime) -> Option<String> {
    let time = chrono::DateTime::from_timestamp(i64::try_from(time.as_secs()).ok()?, 0)?;
    Some(time.format("%Y-%m-%d").to_string())
}
