//! What became of an attempt: a short list of names, each with a sentence for people.

use std::time::Duration;

use http::StatusCode;

use crate::base::names;

names! {
    /// How an attempt ended. The names are kept in the log and stand in the API.
    Outcome {
        /// 2xx, and a body that ended or was cut at the cap.
        Success = "success",
        /// Any other status.
        Status = "status",
        /// No complete answer within the time; also no connection within it.
        Timeout = "timeout",
        ConnectRefused = "connect_refused",
        /// The connection was reset, while connecting or later.
        ConnectReset = "connect_reset",
        ConnectUnreachable = "connect_unreachable",
        DnsNotFound = "dns_not_found",
        DnsFailed = "dns_failed",
        DnsTimeout = "dns_timeout",
        /// The guard refused the destination; nothing was sent.
        BlockedAddress = "blocked_address",
        TlsExpired = "tls_expired",
        TlsNotYetValid = "tls_not_yet_valid",
        TlsSelfSigned = "tls_self_signed",
        TlsUntrusted = "tls_untrusted",
        TlsWrongName = "tls_wrong_name",
        TlsVersion = "tls_version",
        TlsHandshake = "tls_handshake",
        /// The answer breaks HTTP.
        ProtocolError = "protocol_error",
        /// The connection was closed before the answer was complete.
        ClosedEarly = "closed_early",
        HeaderTooLarge = "header_too_large",
        /// Our own fault; never counted against the receiver.
        Internal = "internal",
    }
}

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Connecting,
    /// There is a connection, the TLS handshake is under way.
    Encrypting,
    /// The request is on its way, nothing has come back.
    Waiting,
    /// The head of the answer has come.
    Reading,
}

/// What a sentence needs to know of the attempt.
#[derive(Clone, Debug, Default)]
pub struct AttemptContext<'a> {
    /// Host of the URL.
    pub host: &'a str,
    pub phase: Phase,
    /// The time that ran out.
    pub timeout: Duration,
    pub status: Option<u16>,
    /// Where a redirect would have led.
    pub location: Option<&'a str>,
    /// What was wrong in particular: the refusal, the broken rule of HTTP or TLS.
    pub detail: Option<&'a str>,
}

impl Outcome {
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Success)
    }

    /// Whether the fault is ours, so that it must not count against the receiver.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Internal)
    }

    /// The sentence for people.
    pub fn sentence(self, context: &AttemptContext<'_>) -> String {
        let AttemptContext { host, detail, .. } = context;
        let because = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        match self {
            Self::Success => status_line(context),
            Self::Status => status_sentence(context),
            Self::Timeout => timeout_sentence(context),
            Self::ConnectRefused => {
                "Your server refused the connection: nothing listens at this port. Check the port, \
                                     and that the server runs."
                    .into()
            }
            Self::ConnectReset => match context.phase {
                Phase::Connecting => "Your server reset the connection while it was being made. Check the firewalls \
                                      and proxies in front of it."
                    .into(),
                Phase::Encrypting => "Your server reset the connection during the TLS handshake. Check that it speaks \
                                      TLS at this port."
                    .into(),
                Phase::Waiting => "Your server reset the connection without an answer. Its log may say why.".into(),
                Phase::Reading => {
                    "Your server reset the connection in the middle of its answer. Its log may say why.".into()
                }
            },
            Self::ConnectUnreachable => format!("There is no route to your server{because}. Check its address."),
            Self::DnsNotFound => {
                format!("The name {host} does not exist, or has no address. Check its spelling and its DNS records.")
            }
            Self::DnsFailed => format!("The name {host} could not be looked up. Check its name servers."),
            Self::DnsTimeout => format!(
                "The name servers of {host} did not answer within {}. Check that they can be reached.",
                for_people(context.timeout)
            ),
            Self::BlockedAddress => detail.unwrap_or("This address cannot receive webhooks.").into(),
            Self::TlsExpired => match detail {
                Some(day) => format!("Your server's certificate expired on {day}. Renew it."),
                None => "Your server's certificate has expired. Renew it.".into(),
            },
            Self::TlsNotYetValid => match detail {
                Some(day) => format!("Your server's certificate is not valid before {day}. Use one that is valid now."),
                None => "Your server's certificate is not valid yet. Use one that is valid now.".into(),
            },
            Self::TlsSelfSigned => {
                "Your server's certificate is signed by itself, not by an authority. Use one that a \
                                    public authority signed."
                    .into()
            }
            Self::TlsUntrusted => format!(
                "Your server's certificate is not trusted{because}. Use one that a public authority signed, and send \
                 the whole chain."
            ),
            Self::TlsWrongName => {
                format!("Your server's certificate is not valid for {host}. Use one that names it.")
            }
            Self::TlsVersion => "Your server offers no TLS version that we accept. Let it offer TLS 1.2 or 1.3.".into(),
            Self::TlsHandshake => format!(
                "No encrypted connection to your server could be made{because}. Check that it speaks TLS at this port."
            ),
            Self::ProtocolError => format!(
                "Your server's answer is not valid HTTP{because}. Check that a web server listens at this port."
            ),
            Self::ClosedEarly => match context.phase {
                Phase::Connecting | Phase::Encrypting | Phase::Waiting => {
                    "Your server closed the connection without an answer. Its log may say why.".into()
                }
                Phase::Reading => {
                    "Your server closed the connection in the middle of its answer. Its log may say why.".into()
                }
            },
            Self::HeaderTooLarge => {
                "The head of your server's answer is longer than 64 KiB. Send fewer or shorter headers.".into()
            }
            Self::Internal => {
                format!("Something went wrong on our side{because}. It does not count against your server.")
            }
        }
    }
}

/// The status, and what to do about it where that can be told.
fn status_sentence(context: &AttemptContext<'_>) -> String {
    let line = status_line(context);
    match (context.location, context.status) {
        (Some(location), _) => {
            format!("{line}: redirects are not followed. Enter the URL that it leads to: {location}")
        }
        (None, Some(101)) => format!("{line}: answer with a status from 200 to 299 instead."),
        (None, Some(300..=399)) => format!("{line}: redirects are not followed. Enter the final URL."),
        (None, Some(401 | 403)) => format!("{line}: check the request headers of the webhook."),
        (None, Some(404)) => format!("{line}: check the path of the URL."),
        (None, Some(405)) => format!("{line}: the URL has to accept POST."),
        (None, _) => line,
    }
}

fn timeout_sentence(context: &AttemptContext<'_>) -> String {
    let within = for_people(context.timeout);
    match context.phase {
        Phase::Connecting => format!(
            "Your server could not be reached within {within}. Check its address, and that its firewall lets us in."
        ),
        Phase::Encrypting => format!(
            "Your server did not complete the TLS handshake within {within}. Check that it speaks TLS at this port."
        ),
        Phase::Waiting => format!("Your server did not answer within {within}. Answer first, work afterwards."),
        Phase::Reading => {
            format!("Your server did not finish its answer within {within}. A short answer is enough.")
        }
    }
}

/// `503 Service Unavailable`; a status without a name is just its number.
fn status_line(context: &AttemptContext<'_>) -> String {
    let Some(number) = context.status else { return "No status".into() };
    let reason = StatusCode::from_u16(number).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| number.to_string(), |reason| format!("{number} {reason}"))
}

fn for_people(time: Duration) -> String {
    match time.as_millis() {
        whole if whole % 1_000 == 0 => format!("{} s", whole / 1_000),
        milliseconds => format!("{milliseconds} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_has_a_sentence() {
        let context = AttemptContext { host: "example.com", status: Some(503), ..AttemptContext::default() };
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(*outcome));
            let sentence = outcome.sentence(&context);
            assert!(!sentence.is_empty() && !sentence.contains("()"), "{outcome}: {sentence}");
        }
        assert_eq!("nonsense".parse::<Outcome>(), Err(crate::base::UnknownName));
    }

    #[test]
    fn sentences_say_what_happened() {
        let context = |phase, status| AttemptContext {
            host: "example.com",
            phase,
            timeout: Duration::from_secs(15),
            status,
            location: None,
            detail: None,
        };
        for (outcome, context, sentence) in [
            (
                Outcome::Timeout,
                context(Phase::Waiting, None),
                "Your server did not answer within 15 s. Answer first, work afterwards.",
            ),
            (
                Outcome::Timeout,
                context(Phase::Reading, Some(200)),
                "Your server did not finish its answer within 15 s. A short answer is enough.",
            ),
            (Outcome::Status, context(Phase::Reading, Some(503)), "503 Service Unavailable"),
            (Outcome::Status, context(Phase::Reading, Some(599)), "599"),
            (
                Outcome::Status,
                AttemptContext { location: Some("https://elsewhere.example/"), ..context(Phase::Reading, Some(302)) },
                "302 Found: redirects are not followed. Enter the URL that it leads to: https://elsewhere.example/",
            ),
            (
                Outcome::DnsNotFound,
                context(Phase::Connecting, None),
                "The name example.com does not exist, or has no address. Check its spelling and its DNS records.",
            ),
        ] {
            assert_eq!(outcome.sentence(&context), sentence);
        }
    }
}
