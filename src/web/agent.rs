//! How a browser calls itself, and what that is in words: so that people know their own sessions again.

use actix_web::HttpRequest;
use actix_web::http::header;

/// Characters that are kept; browsers say less.
const LONGEST: usize = 300;

/// What the request says of the program that made it.
pub fn of(request: &HttpRequest) -> String {
    let header = request.headers().get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    header.unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// Every browser pretends to be those before it, so the first that is found counts.
const PROGRAMS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// `Firefox on Windows`, or what there is to say.
pub fn words(agent: &str) -> String {
    let first =
        |known: &[(&str, &'static str)]| known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (first(PROGRAMS), first(SYSTEMS)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(program), None) => program.to_owned(),
        (None, Some(system)) => format!("A program on {system}"),
        (None, None) => "A program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn browsers_are_known_by_what_they_call_themselves() {
        const MOZILLA: &str = "Mozilla/5.0";
        for (agent, expected) in [
            ("(Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
            (
                "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "(iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "(Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("(X11; Linux x86_64) Thing/1.0", "A program on Linux"),
        ] {
            assert_eq!(words(&format!("{MOZILLA} {agent}")), expected, "{agent}");
        }
        assert_eq!(words("curl/8.5.0"), "curl");
        assert_eq!(words(""), "A program");
    }

    #[test]
    fn what_is_kept_is_short_and_harmless() {
        let of = |value: &[u8]| {
            let value = header::HeaderValue::from_bytes(value).unwrap();
            of(&TestRequest::default().insert_header((header::USER_AGENT, value)).to_http_request())
        };
        assert_eq!(of(b"a\tb"), "ab");
        assert_eq!(of(b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(of(&[b'x'; 5000]).len(), LONGEST);
        assert_eq!(super::of(&TestRequest::default().to_http_request()), "");
    }
}
