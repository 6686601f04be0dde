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
            Self::Status => match context.location {
                Some(location) => {
                    format!("{}: redirects are not followed. It leads to {location}", status_line(context))
                }
                None => status_line(context),
            },
            Self::Timeout => {
                let within = for_people(context.timeout);
                match context.phase {
                    Phase::Connecting => format!("Your server could not be reached within {within}."),
                    Phase::Waiting => format!("Your server did not answer within {within}."),
                    Phase::Reading => format!("Your server did not finish its answer within {within}."),
                }
            }
            Self::ConnectRefused => "Your server refused the connection: nothing listens at this port.".into(),
            Self::ConnectReset => match context.phase {
                Phase::Connecting => "Your server reset the connection while it was being made.".into(),
                Phase::Waiting => "Your server reset the connection without an answer.".into(),
                Phase::Reading => "Your server reset the connection in the middle of its answer.".into(),
            },
            Self::ConnectUnreachable => format!("There is no route to your server{because}."),
            Self::DnsNotFound => format!("The name {host} does not exist."),
            Self::DnsFailed => format!("The name {host} could not be looked up."),
            Self::DnsTimeout => {
                format!("The name servers of {host} did not answer within {}.", for_people(context.timeout))
            }
            Self::BlockedAddress => detail.unwrap_or("This address cannot receive webhooks.").into(),
            Self::TlsExpired => "Your server's certificate has expired.".into(),
            Self::TlsSelfSigned => "Your server's certificate is signed by itself, not by an authority.".into(),
            Self::TlsUntrusted => format!("Your server's certificate is not trusted{because}."),
            Self::TlsWrongName => format!("Your server's certificate is not valid for {host}."),
            Self::TlsVersion => "Your server offers no TLS version that we accept (1.2 or 1.3).".into(),
            Self::TlsHandshake => format!("No encrypted connection to your server could be made{because}."),
            Self::ProtocolError => format!("Your server's answer is not valid HTTP{because}."),
            Self::ClosedEarly => match context.phase {
                Phase::Connecting | Phase::Waiting => "Your server closed the connection without an answer.".into(),
                Phase::Reading => "Your server closed the connection in the middle of its answer.".into(),
            },
            Self::HeaderTooLarge => "The head of your server's answer is longer than 64 KiB.".into(),
            Self::Internal => {
                format!("Something went wrong on our side{because}. It does not count against your server.")
            }
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
            (Outcome::Timeout, context(Phase::Waiting, None), "Your server did not answer within 15 s."),
            (
                Outcome::Timeout,
                context(Phase::Reading, Some(200)),
                "Your server did not finish its answer within 15 s.",
            ),
            (Outcome::Status, context(Phase::Reading, Some(503)), "503 Service Unavailable"),
            (Outcome::Status, context(Phase::Reading, Some(599)), "599"),
            (
                Outcome::Status,
                AttemptContext { location: Some("https://elsewhere.example/"), ..context(Phase::Reading, Some(302)) },
                "302 Found: redirects are not followed. It leads to https://elsewhere.example/",
            ),
            (Outcome::DnsNotFound, context(Phase::Connecting, None), "The name example.com does not exist."),
        ] {
            assert_eq!(outcome.sentence(&context), sentence);
        }
    }
}
