//! `herald listen`: a receiver for development. It prints each callback and whether its signature holds, and fails on demand.

mod json;
mod plan;
mod screen;
mod seen;

use std::io::{self, IsTerminal as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use actix_web::dev::PeerAddr;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{Data, Payload, to};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use bytes::Bytes;

use self::plan::Plan;
use self::screen::{Arrival, Screen};
use self::seen::Seen;
use super::Failure;
use super::signals::Signals;
use crate::base::{Clock, SystemClock, Timestamp};
use crate::config::value;
use crate::delivery::signing::Verifier;
use crate::receiver::{Key, check};

/// Far above the bodies that Herald sends.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long a sender may take for its body.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub struct Listen {
    /// Port to listen at; 0 picks a free one
    #[arg(long, value_name = "P", default_value_t = 8081)]
    port: u16,
    /// Address to listen at: 0.0.0.0 lets other machines in
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// A webhook's signing secret, or its public key, to check signatures with; may be given several times
    #[arg(long = "secret", value_name = "whsec_…|whpk_…")]
    secrets: Vec<String>,
    /// Answer with this status, from 200 to 599
    #[arg(long, value_name = "CODE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599))]
    status: u16,
    /// Wait so long before each answer, at most 10m: a whole number with ms, s or m
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = delay)]
    delay: Duration,
    /// Answer 503 to the first N attempts of each message (of each webhook-id), then as --status says
    #[arg(long, value_name = "N", default_value_t = 0)]
    fail_first: u32,
}

fn delay(text: &str) -> Result<Duration, String> {
    match value::duration(text)? {
        long if long > Duration::from_secs(600) => Err("it must be at most 10m".into()),
        good => Ok(good),
    }
}

/// What the receiver works with.
struct Listener {
    keys: Vec<Key>,
    plan: Plan,
    seen: Seen,
    screen: Screen,
}

pub async fn run(arguments: Listen) -> Result<(), Failure> {
    // From here on a signal ends it in order.
    let mut signals = Signals::listen()?;
    let is_terminal = io::stdout().is_terminal();
    let listener = Data::new(Listener {
        keys: keys(&arguments.secrets)?,
        plan: Plan { status: arguments.status, delay: arguments.delay, fail_first: arguments.fail_first },
        seen: Seen::default(),
        screen: Screen { colours: is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) },
    });
    let asked = SocketAddr::new(arguments.listen, arguments.port);
    let shared = listener.clone();
    let app = move || App::new().app_data(shared.clone()).default_service(to(receive));
    let server =
        HttpServer::new(app).workers(1).disable_signals().bind(asked).map_err(|error| cannot(asked, &error))?;
    let address = server.addrs().first().copied().unwrap_or(asked);
    let server = server.run();
    let handle = server.handle();
    let serving = tokio::spawn(server);
    say(&welcome(address, &listener));
    signals.next().await;
    // Whoever still waits for an answer gets none: with a long --delay that could take for ever.
    handle.stop(false).await;
    serving.await.map_err(Failure::failed)?.map_err(Failure::failed)?;
    say(&format!("\n{}", listener.seen.summary()));
    Ok(())
}

fn keys(secrets: &[String]) -> Result<Vec<Key>, Failure> {
    let key = |(number, text): (usize, &String)| {
        let name = if secrets.len() == 1 { "the secret".to_owned() } else { format!("secret {}", number + 1) };
        match Verifier::parse(text) {
            Ok(secret) => Ok(Key { name, secret }),
            Err(problem) => Err(Failure::unusable(format!("--secret: {problem}"))),
        }
    };
    secrets.iter().enumerate().map(key).collect()
}

fn cannot(address: SocketAddr, error: &io::Error) -> Failure {
    let port = address.port();
    Failure::failed(match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("port {port} is in use by another program: stop that one, or choose another port with --port")
        }
        io::ErrorKind::PermissionDenied => {
            format!("port {port} is not for everybody: choose one from 1024 up with --port")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{} is no address of this machine: choose another with --listen", address.ip())
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

fn welcome(address: SocketAddr, listener: &Listener) -> String {
    let signatures = match listener.keys.len() {
        0 => "Signatures are not checked. To check them, give a webhook's signing secret: --secret whsec_…".to_owned(),
        1 => "Signatures are checked with one secret.".to_owned(),
        many => format!("Signatures are checked with {many} secrets."),
    };
    let allowed = match address.ip().is_loopback() {
        true => "Herald delivers to this machine only where HERALD_ALLOWED_NETWORKS names it, as 127.0.0.0/8 does.\n",
        false => "",
    };
    format!("listening on http://{address}\n{signatures}\n{allowed}{}\nCtrl-C ends it.", listener.plan)
}

/// Whatever comes: it is checked, printed, and answered as planned.
async fn receive(request: HttpRequest, peer: PeerAddr, payload: Payload, listener: Data<Listener>) -> HttpResponse {
    let received_at = SystemClock.now();
    let mut headers: Vec<_> = request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    // The order in which they came is not known here; one that is always the same is easier to compare.
    headers.sort();
    let mut arrival = Arrival {
        received_at,
        peer: peer.0,
        method: request.method().to_string(),
        target: request.uri().to_string(),
        headers,
        body: Bytes::new(),
        note: None,
    };
    if request.method() != Method::POST {
        let answer = "callbacks come by POST";
        arrival.note = Some(format!("Not a callback: {answer}."));
        listener.show_refused(&arrival, StatusCode::METHOD_NOT_ALLOWED);
        return HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "POST")).body(answer);
    }
    match body(&request, payload).await {
        Ok(bytes) => arrival.body = bytes,
        Err((status, problem)) => {
            arrival.note = Some(problem.into());
            listener.show_refused(&arrival, status);
            return HttpResponse::build(status).force_close().body(problem);
        }
    }
    let planned = listener.take(&arrival, received_at);
    tokio::time::sleep(listener.plan.delay).await;
    HttpResponse::build(planned).content_type("application/json").body(plan::body_of(planned))
}

/// The whole body, or the status and the reason for which it is not taken.
async fn body(request: &HttpRequest, payload: Payload) -> Result<Bytes, (StatusCode, &'static str)> {
    const TOO_LONG: (StatusCode, &str) = (StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than 1 MiB.");
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > MAX_BODY_BYTES as u64) {
        return Err(TOO_LONG);
    }
    match tokio::time::timeout(PATIENCE, payload.to_bytes_limited(MAX_BODY_BYTES)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Err(_)) => Err(TOO_LONG),
        Ok(Ok(Err(_))) => Err((StatusCode::BAD_REQUEST, "The body broke off.")),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "The body took longer than 30 s.")),
    }
}

/// A header's value; bytes that are no UTF-8 as U+FFFD.
fn text(value: &header::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

impl Listener {
    /// Checks, counts and prints a callback; the status to answer it with.
    fn take(&self, arrival: &Arrival, now: Timestamp) -> StatusCode {
        let verdict = check(&self.keys, &arrival.headers, &arrival.body, now);
        let visit = self.seen.count(arrival.header("webhook-id"), &verdict, |number| self.plan.status(number));
        say(&self.screen.callback(arrival, &verdict, &visit, &self.plan));
        StatusCode::from_u16(visit.status).expect("the arguments allow 200 to 599")
    }

    fn show_refused(&self, arrival: &Arrival, status: StatusCode) {
        self.seen.count_other();
        say(&self.screen.refused(arrival, status.as_u16()));
    }
}

/// Text for the terminal, in one piece. Where nobody reads it any more, the receiver goes on.
fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{}", text.trim_end());
}
