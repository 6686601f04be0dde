//! Every way to misbehave: what it is called, and what people read about it.

use std::time::Duration;

use herald::delivery::sender::Outcome::{self, *};

use crate::support::receivers::{Behaviour, ClosedPort, DeafPort, Receiver};

/// A destination, and what becomes of one request to it.
pub struct Row {
    pub name: &'static str,
    pub place: Place,
    pub outcome: Outcome,
    pub status: Option<u16>,
    /// The whole sentence; empty for a success. `{request}` and `{connect}` stand for the time-outs, `{port}` for the port.
    pub sentence: String,
}

/// What stands at a URL. Names lead where [`super::names::Names`] says.
pub enum Place {
    Http(Behaviour),
    /// TLS under a certificate of `tests/support/tls`, then the behaviour.
    Tls(&'static str, Behaviour),
    /// The behaviour without TLS, although the URL says https.
    NotTls(Behaviour),
    /// The behaviour at this name.
    Named(&'static str, Behaviour),
    Refusing,
    Deaf,
    Url(&'static str),
}

/// A place that is there for as long as this lives.
pub struct Standing {
    pub url: String,
    pub receiver: Option<Receiver>,
    _closed: Option<ClosedPort>,
    _deaf: Option<DeafPort>,
}

impl Place {
    pub async fn stand(self) -> Standing {
        let (url, receiver) = match self {
            Place::Http(behaviour) => {
                let receiver = Receiver::start(behaviour).await;
                (receiver.url(), receiver)
            }
            Place::Tls(certificate, behaviour) => {
                at("https", "hooks.example", Receiver::start_tls(certificate, behaviour).await)
            }
            Place::NotTls(behaviour) => at("https", "hooks.example", Receiver::start(behaviour).await),
            Place::Named(name, behaviour) => at("http", name, Receiver::start(behaviour).await),
            Place::Refusing => {
                let port = ClosedPort::reserve();
                return Standing { url: port.url(), receiver: None, _closed: Some(port), _deaf: None };
            }
            Place::Deaf => {
                let port = DeafPort::reserve().await;
                return Standing { url: port.url(), receiver: None, _closed: None, _deaf: Some(port) };
            }
            Place::Url(url) => return Standing { url: url.into(), receiver: None, _closed: None, _deaf: None },
        };
        Standing { url, receiver: Some(receiver), _closed: None, _deaf: None }
    }
}

fn at(scheme: &str, name: &str, receiver: Receiver) -> (String, Receiver) {
    (format!("{scheme}://{name}:{}/", receiver.port()), receiver)
}

fn row(name: &'static str, place: Place, outcome: Outcome, status: Option<u16>, sentence: impl Into<String>) -> Row {
    Row { name, place, outcome, status, sentence: sentence.into() }
}

const LATE: &str = "Your server did not answer within {request}. Answer first, work afterwards.";
const SLOW: &str = "Your server did not finish its answer within {request}. A short answer is enough.";
const RESET: &str = "Your server reset the connection without an answer. Its log may say why.";
const RESET_WITHIN: &str = "Your server reset the connection in the middle of its answer. Its log may say why.";
const CLOSED: &str = "Your server closed the connection without an answer. Its log may say why.";
const CLOSED_WITHIN: &str = "Your server closed the connection in the middle of its answer. Its log may say why.";
const LONG_HEAD: &str = "The head of your server's answer is longer than 64 KiB. Send fewer or shorter headers.";
const OLD_TLS: &str = "Your server offers no TLS version that we accept. Let it offer TLS 1.2 or 1.3.";
const SILENT_TLS: &str =
    "Your server did not complete the TLS handshake within {connect}. Check that it speaks TLS at this port.";

fn broken(why: &str) -> String {
    format!("Your server's answer is not valid HTTP ({why}). Check that a web server listens at this port.")
}

fn no_tls(why: &str) -> String {
    format!("No encrypted connection to your server could be made ({why}). Check that it speaks TLS at this port.")
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

fn says(text: impl Into<Vec<u8>>) -> Place {
    Place::Http(Behaviour::says(text))
}

fn ok(rest: &str) -> Place {
    says(format!("{OK}{rest}"))
}

fn chunks(rest: &str) -> Place {
    says(format!("{CHUNKED}{rest}"))
}

fn hangs(text: impl Into<Vec<u8>>) -> Place {
    Place::Http(Behaviour::says_and_hangs(text))
}

fn resets(text: impl Into<Vec<u8>>) -> Place {
    Place::Http(Behaviour::says_and_resets(text))
}

fn endless(start: impl Into<Vec<u8>>, repeated: impl Into<Vec<u8>>) -> Place {
    Place::Http(Behaviour::never_ends(start, repeated))
}

fn drips(start: impl Into<Vec<u8>>, repeated: &str) -> Place {
    Place::Http(Behaviour::drips(start, repeated, Duration::from_millis(20)))
}

/// A kilobyte of zeros over and over, packed: each packed kilobyte unpacks to a megabyte.
pub fn gzip_bomb() -> Behaviour {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; 1 << 20]).expect("memory takes everything");
    let packed = packed.finish().expect("memory takes everything");
    Behaviour::never_ends(format!("{OK}content-encoding: gzip\r\n\r\n"), packed)
}

/// How a server answers that knows nothing newer than this version: a ServerHello, as RFC 2246 and RFC 4346 lay it out.
fn old_server_hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    // No session; TLS_RSA_WITH_AES_128_CBC_SHA; no compression.
    hello.extend([0, 0x00, 0x2f, 0]);
    let length = u8::try_from(hello.len()).expect("a short message");
    [&[22, 3, minor, 0, length + 4, 2, 0, 0, length], hello.as_slice()].concat()
}

fn alert(version: u8, description: u8) -> Place {
    Place::NotTls(Behaviour::says_unasked([21, 3, version, 0, 2, 2, description]))
}

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    use Place::*;
    let fine = || Behaviour::says(FINE);
    let redirect = |location: &str| ok_with("302 Found", location);
    vec![
        // Never, or not in time.
        row("hangs before reading", Http(Behaviour::hangs_before_reading()), Timeout, None, LATE),
        row("hangs after reading", hangs(""), Timeout, None, LATE),
        row("hangs in the head", hangs(OK), Timeout, None, LATE),
        row("hangs in the body", hangs(format!("{OK}content-length: 10\r\n\r\nabc")), Timeout, Some(200), SLOW),
        row("hangs in a chunk", hangs(format!("{CHUNKED}5\r\nab")), Timeout, Some(200), SLOW),
        row("hangs before the last chunk", hangs(format!("{CHUNKED}2\r\nab\r\n")), Timeout, Some(200), SLOW),
        row("hangs after 100", hangs("HTTP/1.1 100 Continue\r\n\r\n"), Timeout, None, LATE),
        row("drips its head", drips("", &format!("{OK}x: y\r\n")), Timeout, None, LATE),
        row("drips 1xx", drips("", "HTTP/1.1 102 Processing\r\n\r\n"), Timeout, None, LATE),
        row("drips its body", drips(format!("{OK}\r\n"), "a"), Timeout, Some(200), SLOW),
        row("drips chunks", drips(CHUNKED, "1\r\na\r\n"), Timeout, Some(200), SLOW),
        row("drips zeros of a chunk's size", drips(CHUNKED, "0"), Timeout, Some(200), SLOW),

        // Breaks off.
        row("resets while it reads", Http(Behaviour::resets_while_reading()), ConnectReset, None, RESET),
        row("resets after reading", resets(""), ConnectReset, None, RESET),
        row("resets in the head", resets("HTTP/1.1 200 OK\r\ncontent-le"), ConnectReset, None, RESET),
        row("resets in the body", resets(format!("{OK}content-length: 10\r\n\r\nabc")), ConnectReset, Some(200), RESET_WITHIN),
        row("resets in a chunk", resets(format!("{CHUNKED}5\r\nab")), ConnectReset, Some(200), RESET_WITHIN),
        row("resets after a whole answer", resets(FINE), Success, Some(200), ""),
        row("closes before reading", Http(Behaviour::says_unasked("")), ClosedEarly, None, CLOSED),
        row("closes after reading", says(""), ClosedEarly, None, CLOSED),
        row("closes after 100", says("HTTP/1.1 100 Continue\r\n\r\n"), ClosedEarly, None, CLOSED),
        row("closes in the head", ok("content-le"), ClosedEarly, None, CLOSED),
        row("closes in the body", ok("content-length: 10\r\n\r\nabc"), ClosedEarly, Some(200), CLOSED_WITHIN),
        row("closes in a chunk", chunks("5\r\nab"), ClosedEarly, Some(200), CLOSED_WITHIN),
        row("closes before the last chunk", chunks("2\r\nab\r\n"), ClosedEarly, Some(200), CLOSED_WITHIN),
        row("closes in the trailers", chunks("0\r\nx: y"), ClosedEarly, Some(200), CLOSED_WITHIN),

        // Never ends.
        row("endless head", endless(OK, format!("x: {}\r\n", "y".repeat(900))), HeaderTooLarge, None, LONG_HEAD),
        row("endless header value", endless(format!("{OK}x: "), "y"), HeaderTooLarge, None, LONG_HEAD),
        row("endless header name", endless(OK, "y"), HeaderTooLarge, None, LONG_HEAD),
        row("endless reason", endless("HTTP/1.1 200 ", "y"), HeaderTooLarge, None, LONG_HEAD),
        row("endless 1xx", endless("", "HTTP/1.1 102 Processing\r\n\r\n"), HeaderTooLarge, None, LONG_HEAD),
        row("endless empty lines", endless("", "\r\n"), HeaderTooLarge, None, LONG_HEAD),
        row("a thousand headers", ok(&format!("{}\r\n", "a: b\r\n".repeat(1_000))), ProtocolError, None, broken("message head is too large")),
        row("endless body", endless(format!("{OK}\r\n"), "a"), Success, Some(200), ""),
        row("endless body of a length", endless(format!("{OK}content-length: 9223372036854775807\r\n\r\n"), "a"), Success, Some(200), ""),
        row("endless chunks", endless(CHUNKED, "3\r\nabc\r\n"), Success, Some(200), ""),
        row("one endless chunk", endless(format!("{CHUNKED}7fffffffffffffff\r\n"), "a"), Success, Some(200), ""),
        row("endless zeros of a chunk's size", endless(CHUNKED, "0"), Success, Some(200), ""),
        row("endless extension of a chunk", endless(format!("{CHUNKED}1;"), "x"), ProtocolError, Some(200), broken("chunk extensions over limit")),
        row("endless extensions of chunks", endless(CHUNKED, format!("1;{}\r\na\r\n", "x".repeat(99))), ProtocolError, Some(200), broken("chunk extensions over limit")),
        row("endless trailers", endless(format!("{CHUNKED}0\r\n"), "x: y\r\n"), ProtocolError, Some(200), broken("chunk trailers count overflow")),
        row("endless trailer", endless(format!("{CHUNKED}0\r\nx: "), "y"), ProtocolError, Some(200), broken("chunk trailers bytes over limit")),
        row("endless body of a failure", endless("HTTP/1.1 500 No\r\n\r\n", "a"), Status, Some(500), "500 Internal Server Error"),
        row("gzip bomb", Http(gzip_bomb()), Success, Some(200), ""),

        // Breaks HTTP.
        row("chunk size that is no number", chunks("xyz\r\n"), ProtocolError, Some(200), broken("Invalid chunk size line: missing size digit")),
        row("chunk size with a letter too many", chunks("1z\r\na\r\n0\r\n\r\n"), ProtocolError, Some(200), broken("Invalid chunk size line: Invalid Size")),
        row("chunk size that is negative", chunks("-1\r\na\r\n0\r\n\r\n"), ProtocolError, Some(200), broken("Invalid chunk size line: missing size digit")),
        row("chunk size that overflows", chunks("fffffffffffffffff\r\n"), ProtocolError, Some(200), broken("invalid chunk size: overflow")),
        row("chunk without its end", chunks("2\r\nabXX0\r\n\r\n"), ProtocolError, Some(200), broken("Invalid chunk body CR")),
        row("two lengths that differ", ok("content-length: 1\r\ncontent-length: 2\r\n\r\nab"), ProtocolError, None, broken("invalid content-length parsed")),
        row("two lengths in one", ok("content-length: 1, 2\r\n\r\nab"), ProtocolError, None, broken("invalid content-length parsed")),
        row("negative length", ok("content-length: -1\r\n\r\n"), ProtocolError, None, broken("invalid content-length parsed")),
        row("length with a sign", ok("content-length: +2\r\n\r\nok"), ProtocolError, None, broken("invalid content-length parsed")),
        row("length that overflows", ok("content-length: 99999999999999999999\r\n\r\n"), ProtocolError, None, broken("invalid content-length parsed")),
        row("length that is no number", ok("content-length: two\r\n\r\nok"), ProtocolError, None, broken("invalid content-length parsed")),
        row("length that never comes", ok("content-length: 9223372036854775807\r\n\r\nabc"), ClosedEarly, Some(200), CLOSED_WITHIN),
        row("garbage", says("\0\x01\x02 this is no HTTP\r\n\r\n"), ProtocolError, None, broken("invalid HTTP version parsed")),
        row("HTTP/0.9", says("<p>Hello</p>\r\n"), ProtocolError, None, broken("invalid HTTP version parsed")),
        row("HTTP/2 preface", says("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ProtocolError, None, broken("invalid HTTP version parsed")),
        row("HTTP/2 frames", says(b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64".as_slice()), ProtocolError, None, broken("invalid HTTP version parsed")),
        row("HTTP/2.0 in words", says("HTTP/2.0 200 OK\r\n\r\n"), ProtocolError, None, broken("invalid HTTP version parsed")),
        row("HTTP/1.2", says("HTTP/1.2 200 OK\r\n\r\n"), ProtocolError, None, broken("invalid HTTP version parsed")),
        row("a mail server", Http(Behaviour::says_unasked("220 mail.example ESMTP\r\n")), ProtocolError, None, broken("invalid HTTP version parsed")),
        row("status that is no number", says("HTTP/1.1 2x0 OK\r\n\r\n"), ProtocolError, None, broken("invalid HTTP status-code parsed")),
        row("status 99", says("HTTP/1.1 099 Low\r\n\r\n"), ProtocolError, None, broken("invalid HTTP status-code parsed")),
        row("status of four digits", says("HTTP/1.1 2000 OK\r\n\r\n"), ProtocolError, None, broken("invalid HTTP status-code parsed")),
        row("NUL in a header", ok("x: a\0b\r\ncontent-length: 0\r\n\r\n"), ProtocolError, None, broken("invalid HTTP header parsed")),
        row("NUL in a header's name", ok("x\0: a\r\ncontent-length: 0\r\n\r\n"), ProtocolError, None, broken("invalid HTTP header parsed")),
        row("header without a colon", ok("this is none\r\n\r\n"), ProtocolError, None, broken("invalid HTTP header parsed")),
        row("encoding that nobody knows", ok("transfer-encoding: gzip\r\n\r\nabc"), Success, Some(200), ""),

        // Odd, and no failure.
        row("two lengths that are the same", ok("content-length: 2\r\ncontent-length: 2\r\n\r\nok"), Success, Some(200), ""),
        row("a length beside chunks", ok("content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), Success, Some(200), ""),
        row("a folded header", ok("x: a\r\n b\r\ncontent-length: 0\r\n\r\n"), Success, Some(200), ""),
        row("bare line feeds", says("HTTP/1.1 200 OK\ncontent-length: 0\n\n"), Success, Some(200), ""),
        row("a header of other bytes", says(b"HTTP/1.1 200 OK\r\nx: \xff\xfe\r\ncontent-length: 0\r\n\r\n".as_slice()), Success, Some(200), ""),
        row("HTTP/1.0 until it closes", says("HTTP/1.0 200 OK\r\n\r\nfine"), Success, Some(200), ""),
        row("200 after 1xx", says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), Success, Some(204), ""),
        row("204 with a body", says("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello"), Success, Some(204), ""),

        // Other statuses.
        row("101", says("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"), Status, Some(101), "101 Switching Protocols: answer with a status from 200 to 299 instead."),
        row("304 with a body", says("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\nhello"), Status, Some(304), "304 Not Modified: redirects are not followed. Enter the final URL."),
        row("a redirect", redirect("https://elsewhere.example/hook"), Status, Some(302), "302 Found: redirects are not followed. Enter the URL that it leads to: https://elsewhere.example/hook"),
        row("a redirect to itself", redirect("/"), Status, Some(302), "302 Found: redirects are not followed. Enter the URL that it leads to: /"),
        row("a redirect to inside", redirect("http://169.254.169.254/"), Status, Some(302), "302 Found: redirects are not followed. Enter the URL that it leads to: http://169.254.169.254/"),
        row("a redirect in UTF-8", redirect("/häuser"), Status, Some(302), "302 Found: redirects are not followed. Enter the URL that it leads to: /häuser"),
        row("a very long redirect", redirect(&"x".repeat(9_000)), Status, Some(302), format!("302 Found: redirects are not followed. Enter the URL that it leads to: {}…", "x".repeat(2_048))),
        row("401", ok_with("401 No", ""), Status, Some(401), "401 Unauthorized: check the request headers of the webhook."),
        row("404", ok_with("404 No", ""), Status, Some(404), "404 Not Found: check the path of the URL."),
        row("405", ok_with("405 No", ""), Status, Some(405), "405 Method Not Allowed: the URL has to accept POST."),
        row("410", ok_with("410 No", ""), Status, Some(410), "410 Gone"),
        row("503", ok_with("503 No", ""), Status, Some(503), "503 Service Unavailable"),
        row("599", ok_with("599 No", ""), Status, Some(599), "599"),
        row("999", ok_with("999 No", ""), Status, Some(999), "999"),
        row("500 that resets", resets("HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\nabc"), Status, Some(500), "500 Internal Server Error"),
        row("500 that hangs", hangs("HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\nabc"), Status, Some(500), "500 Internal Server Error"),

        // TLS.
        row("TLS that is fine", Tls("good", fine()), Success, Some(200), ""),
        row("expired certificate", Tls("expired", fine()), TlsExpired, None, "Your server's certificate expired on 2021-01-01. Renew it."),
        row("certificate of the future", Tls("not-yet-valid", fine()), TlsNotYetValid, None, "Your server's certificate is not valid before 2125-01-01. Use one that is valid now."),
        row("self-signed certificate", Tls("self-signed", fine()), TlsSelfSigned, None, "Your server's certificate is signed by itself, not by an authority. Use one that a public authority signed."),
        row("certificate of another name", Tls("wrong-name", fine()), TlsWrongName, None, "Your server's certificate is not valid for hooks.example. Use one that names it."),
        row("SSL 3.0", NotTls(Behaviour::says_unasked(old_server_hello(0))), TlsVersion, None, OLD_TLS),
        row("TLS 1.0", NotTls(Behaviour::says_unasked(old_server_hello(1))), TlsVersion, None, OLD_TLS),
        row("TLS 1.1", NotTls(Behaviour::says_unasked(old_server_hello(2))), TlsVersion, None, OLD_TLS),
        row("TLS 1.0 that says so", alert(1, 70), TlsVersion, None, OLD_TLS),
        row("TLS alert", alert(3, 40), TlsHandshake, None, no_tls("received fatal alert: HandshakeFailure")),
        row("HTTP on https", NotTls(Behaviour::says_unasked("HTTP/1.1 400 Bad Request\r\n\r\n")), TlsHandshake, None, no_tls("what it says is not TLS")),
        row("silent handshake", NotTls(Behaviour::hangs_before_reading()), Timeout, None, SILENT_TLS),
        row("handshake that drips", NotTls(Behaviour::drips_unasked([22, 3, 3, 64, 0, 2, 0, 63, 252], "\0", Duration::from_millis(20))), Timeout, None, SILENT_TLS),
        row("handshake that closes", NotTls(Behaviour::says_unasked("")), TlsHandshake, None, no_tls("tls handshake eof")),
        row("handshake that resets", NotTls(Behaviour::resets_while_reading()), ConnectReset, None, "Your server reset the connection during the TLS handshake. Check that it speaks TLS at this port."),
        row("handshake that never ends", NotTls(Behaviour::never_ends_unasked("", [22, 3, 3, 0, 4, 0, 0, 0, 0])), TlsHandshake, None, no_tls("received unexpected handshake message: got HelloRequest when expecting ServerHello or HelloRetryRequest")),
        row("hangs inside TLS", Tls("good", Behaviour::says_and_hangs("")), Timeout, None, LATE),
        row("endless body inside TLS", Tls("good", Behaviour::never_ends(format!("{OK}\r\n"), "a")), Success, Some(200), ""),
        row("endless head inside TLS", Tls("good", Behaviour::never_ends(OK, format!("x: {}\r\n", "y".repeat(900)))), HeaderTooLarge, None, LONG_HEAD),

        // Nobody there.
        row("refuses", Refusing, ConnectRefused, None, "Your server refused the connection: nothing listens at this port. Check the port, and that the server runs."),
        row("never takes the connection", Deaf, Timeout, None, "Your server could not be reached within {connect}. Check its address, and that its firewall lets us in."),
        // The broadcast address of loopback, to which no connection leads.
        row("no route", Url("http://127.255.255.255:1024/"), ConnectUnreachable, None, "There is no route to your server (Network is unreachable). Check its address."),

        // Names.
        row("name that does not exist", Url("http://unknown.example/"), DnsNotFound, None, "The name unknown.example does not exist, or has no address. Check its spelling and its DNS records."),
        row("name without an address", Url("http://empty.example/"), DnsNotFound, None, "The name empty.example does not exist, or has no address. Check its spelling and its DNS records."),
        row("name servers that fail", Url("http://failing.example/"), DnsFailed, None, "The name failing.example could not be looked up. Check its name servers."),
        row("name servers that hang", Url("http://silent.example/"), DnsTimeout, None, "The name servers of silent.example did not answer within {connect}. Check that they can be reached."),
        row("name of a private address", Named("private.example", fine()), BlockedAddress, None, blocked("private.example leads to 10.0.0.1. 10.0.0.1 is not public: private use (10.0.0.0/8).")),
        row("name of a public and a private address", Named("mixed.example", fine()), BlockedAddress, None, blocked("mixed.example leads to 10.0.0.1. 10.0.0.1 is not public: private use (10.0.0.0/8).")),
        row("private address", Url("http://10.0.0.1/"), BlockedAddress, None, blocked("10.0.0.1 is not public: private use (10.0.0.0/8).")),
        row("private address in disguise", Url("http://0x0a000001/"), BlockedAddress, None, blocked("10.0.0.1 is not public: private use (10.0.0.0/8).")),
        row("name of a metadata service", Url("http://metadata.example/"), BlockedAddress, None, "This address cannot receive webhooks. metadata.example leads to 169.254.169.254. 169.254.169.254 is a cloud metadata service. HERALD_ALLOWED_NETWORKS opens it only where it names exactly this address."),
    ]
}

fn blocked(why: &str) -> String {
    format!(
        "This address cannot receive webhooks. {why} Networks of your own can be opened with HERALD_ALLOWED_NETWORKS."
    )
}

fn ok_with(status: &str, location: &str) -> Place {
    let location = if location.is_empty() { String::new() } else { format!("location: {location}\r\n") };
    says(format!("HTTP/1.1 {status}\r\n{location}content-length: 0\r\n\r\n"))
}
