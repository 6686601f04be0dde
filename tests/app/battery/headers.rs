//! Rows of request headers, at the form and at the API: what must be refused, at which field, with everything typed still there; and
//! what stands right at the bounds and must arrive byte for byte.

use reqwest::Method;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use super::LIST;
use crate::support::Engine;
use crate::support::app::{TestApp, Visitor, spawn_app};
use crate::support::programs::{Program, number, told};
use crate::support::recorder::Recorder;

/// Which field of the row is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Name,
    Value,
}

use At::{Name, Value as Val};

/// Name, value, and which of both is wrong.
const BAD: &[(&str, &str, At)] = &[
    // No tokens.
    ("", "x", Name),
    (" ", "x", Name),
    ("\t", "x", Name),
    (" X-A", "x", Name),
    ("X-A ", "x", Name),
    ("\tX-A", "x", Name),
    ("X-A\t", "x", Name),
    ("X A", "x", Name),
    ("X-A:", "x", Name),
    (":X-A", "x", Name),
    (":authority", "x", Name),
    (":path", "x", Name),
    ("X-A: b", "x", Name),
    ("X-A\r\nX-B", "x", Name),
    ("X-A\nX-B", "x", Name),
    ("X-A\rX-B", "x", Name),
    ("X-A\r\n\r\nGET / HTTP/1.1", "x", Name),
    ("X-A\r", "x", Name),
    ("\nX-A", "x", Name),
    ("X-A\u{0}", "x", Name),
    ("X-A\u{1}", "x", Name),
    ("X-A\u{b}", "x", Name),
    ("X-A\u{c}", "x", Name),
    ("X-A\u{1b}[31m", "x", Name),
    ("X-A\u{7f}", "x", Name),
    ("X-A\u{85}", "x", Name),
    ("X-A\u{a0}", "x", Name),
    ("X-A\u{2028}", "x", Name),
    ("X-A\u{200b}", "x", Name),
    ("X-Ä", "x", Name),
    ("Ⅹ-A", "x", Name),
    ("ｘ－ａ", "x", Name),
    ("ｈｏｓｔ", "x", Name),
    ("ho\u{17f}t", "x", Name),
    ("日本", "x", Name),
    ("(X-A)", "x", Name),
    ("<X-A>", "x", Name),
    ("X@A", "x", Name),
    ("X,A", "x", Name),
    ("X;A", "x", Name),
    ("X\\A", "x", Name),
    ("\"X-A\"", "x", Name),
    ("X/A", "x", Name),
    ("[X-A]", "x", Name),
    ("X?A", "x", Name),
    ("X=A", "x", Name),
    ("{X-A}", "x", Name),
    // Ours, the connection's, the proxies' and the clouds', in every writing.
    ("host", "x", Name),
    ("HOST", "x", Name),
    ("connection", "x", Name),
    ("Connection", "x", Name),
    ("keep-alive", "x", Name),
    ("Keep_Alive", "x", Name),
    ("upgrade", "x", Name),
    ("te", "x", Name),
    ("TE", "x", Name),
    ("trailer", "x", Name),
    ("Expect", "100-continue", Name),
    ("http2-settings", "x", Name),
    ("HTTP2_Settings", "x", Name),
    ("date", "x", Name),
    ("VIA", "x", Name),
    ("content-type", "text/plain", Name),
    ("Content_Type", "text/plain", Name),
    ("content-length", "0", Name),
    ("CONTENT_LENGTH", "0", Name),
    ("Content-Encoding", "gzip", Name),
    ("content-anything", "x", Name),
    ("content-", "x", Name),
    ("content_", "x", Name),
    ("transfer-encoding", "chunked", Name),
    ("Transfer_Encoding", "chunked", Name),
    ("TRANSFER-encoding", "chunked", Name),
    ("accept-encoding", "gzip", Name),
    ("accept_encoding", "gzip", Name),
    ("proxy-authorization", "x", Name),
    ("Proxy_Connection", "x", Name),
    ("proxy-", "x", Name),
    ("webhook-id", "x", Name),
    ("Webhook_Id", "x", Name),
    ("webhook-timestamp", "1", Name),
    ("WEBHOOK-SIGNATURE", "v1,x", Name),
    ("webhook_", "x", Name),
    ("svix-id", "x", Name),
    ("Svix_Signature", "x", Name),
    ("forwarded", "for=127.0.0.1", Name),
    ("Forwarded", "x", Name),
    ("x-forwarded-for", "127.0.0.1", Name),
    ("X_Forwarded_For", "127.0.0.1", Name),
    ("x-forwarded_proto", "https", Name),
    ("X_FORWARDED-HOST", "x", Name),
    ("x-real-ip", "127.0.0.1", Name),
    ("X_Real_IP", "127.0.0.1", Name),
    ("x-http-method-override", "DELETE", Name),
    ("X_HTTP_Method_Override", "DELETE", Name),
    ("sec-fetch-site", "same-origin", Name),
    ("Sec_WebSocket_Key", "x", Name),
    ("sec-", "x", Name),
    ("metadata", "true", Name),
    ("Metadata", "True", Name),
    ("metadata-flavor", "Google", Name),
    ("Metadata_Flavor", "Google", Name),
    ("x-google-metadata-request", "True", Name),
    ("X_Google_Metadata_Request", "True", Name),
    ("x-aws-ec2-metadata-token", "x", Name),
    ("X_aws_ec2_metadata_token_ttl_seconds", "21600", Name),
    // Values.
    ("X-A", "", Val),
    ("X-A", " ", Val),
    ("X-A", "\t \t", Val),
    ("X-A", "a\nb", Val),
    ("X-A", "a\rb", Val),
    ("X-A", "a\r\nX-B: c", Val),
    ("X-A", "a\r\n\r\nGET / HTTP/1.1\r\nhost: b", Val),
    ("X-A", "a\n", Val),
    ("X-A", "\r\na", Val),
    ("X-A", "\n", Val),
    ("X-A", "a\r\n b", Val),
    ("X-A", "a\u{0}b", Val),
    ("X-A", "\u{1}", Val),
    ("X-A", "a\u{8}", Val),
    ("X-A", "a\u{b}b", Val),
    ("X-A", "a\u{c}b", Val),
    ("X-A", "\u{1b}[31m", Val),
    ("X-A", "a\u{7f}", Val),
    ("X-A", "a\u{80}", Val),
    ("X-A", "a\u{85}b", Val),
    ("X-A", "\u{a0}a", Val),
    ("X-A", "ä", Val),
    ("X-A", "日本", Val),
    ("X-A", "“a”", Val),
    ("X-A", "a\u{2028}b", Val),
    ("X-A", "a\u{200b}b", Val),
    ("X-A", "\u{feff}a", Val),
    ("X-A", "嘊嘍X-B: c", Val),
    ("X-A", "a\u{10ffff}", Val),
];

fn bad() -> Vec<(String, String, At)> {
    let long = |letter: &str, count| letter.repeat(count);
    let mut rows: Vec<_> = BAD.iter().map(|(name, value, at)| ((*name).to_owned(), (*value).to_owned(), *at)).collect();
    rows.extend([
        (long("n", 101), "x".into(), Name),
        (long("n", 5_000), "x".into(), Name),
        ("X-A".into(), long("v", 4_097), Val),
        ("X-A".into(), long("v", 60_000), Val),
        ("X-A".into(), format!("a{}b", long(" ", 4_095)), Val),
    ]);
    rows
}

fn webhook(url: &str, headers: Value) -> Value {
    json!({ "name": "CRM sync", "url": url, "events": ["PROJECT_CREATED"], "headers": headers })
}

async fn asks(program: &Program, method: Method, path: &str, body: &Value) -> (u16, Vec<String>, String) {
    let request = program.request(method, path).header("content-type", "application/json").body(body.to_string());
    let told = told(request).await;
    let fields = if told.status == 422 { told.fields() } else { Vec::new() };
    (told.status, fields, told.text)
}

/// Where these headers are refused by the API, and not at these fields alone.
async fn refusals(program: &Program, saved: &str, url: &str, headers: &Value, fields: &[&str]) -> Vec<String> {
    let all = webhook(url, headers.clone());
    let (change, test) = (json!({ "headers": headers }), json!({ "url": url, "headers": headers }));
    let mut wrong = Vec::new();
    for (method, path, body) in
        [(Method::POST, "/webhooks", &all), (Method::PATCH, saved, &change), (Method::POST, "/webhooks/test", &test)]
    {
        let answer = asks(program, method.clone(), path, body).await;
        if (answer.0, answer.1.iter().map(String::as_str).collect::<Vec<_>>()) != (422, fields.to_vec()) {
            wrong.push(format!("{method} {path} {headers}: {} {}", answer.0, answer.2));
        }
    }
    wrong
}

/// A form with these rows, as it comes back.
async fn form(ada: &Visitor, url: &str, rows: &[(&str, &str)], action: &str) -> (u16, Html) {
    let mut fields =
        vec![("name", "CRM \"sync\""), ("description", "Two\r\nlines"), ("url", url), ("events", "PROJECT_CREATED")];
    fields.extend(rows.iter().flat_map(|(name, value)| [("header_name", *name), ("header_value", *value)]));
    fields.push(("action", action));
    let answer = ada.posts(&format!("{LIST}/new"), &fields).await;
    let status = answer.status().as_u16();
    (status, Html::parse_document(&answer.text().await.expect("a text")))
}

fn values(page: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).map(|field| field.attr("value").unwrap_or_default().to_owned()).collect()
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).map(|element| element.text().collect()).collect()
}

async fn scene() -> Option<(TestApp, Recorder, Program)> {
    if Engine::chosen() != Engine::Sqlite {
        return None;
    }
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    let program = app.program("read,write").await;
    Some((app, receiver, program))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_row_is_told_at_its_field_and_nothing_is_saved_or_sent() {
    let Some((app, receiver, program)) = scene().await else { return };
    let (ada, url) = (app.admin().await, receiver.url("/"));
    let (_, _, saved) = asks(&program, Method::POST, "/webhooks", &webhook(&url, json!([]))).await;
    let saved: Value = serde_json::from_str(&saved).expect("an object");
    let path = format!("/webhooks/{}", saved["id"].as_str().expect("an id"));
    let rows = bad();
    assert!(rows.len() >= 90, "{}", rows.len());
    let mut wrong = Vec::new();
    for (name, value, at) in &rows {
        let good = json!({ "name": "X-Good", "value": "Bearer a  b" });
        let field = if *at == Name { "headers[1].name" } else { "headers[1].value" };
        let headers = json!([good, { "name": name, "value": value }]);
        wrong.extend(refusals(&program, &path, &url, &headers, &[field]).await);

        let field = if *at == Name { "header_name_2" } else { "header_value_2" };
        for action in ["", "test"] {
            let (status, page) =
                form(&ada, &url, &[("X-Good", "Bearer a  b"), (name.as_str(), value.as_str())], action).await;
            let told = texts(&page, &format!("#{field}-error"));
            let rest = (values(&page, "#name"), texts(&page, "#description"), values(&page, "#url"));
            let kept = (vec!["CRM \"sync\"".to_owned()], vec!["Two\nlines".to_owned()], vec![url.clone()]);
            // A field of one line takes line breaks out of what is put into it; NUL is no character of HTML.
            let is_odd = name.contains(['\r', '\n', '\0']) || value.contains(['\r', '\n', '\0']);
            let rows = (values(&page, "[name=header_name]"), values(&page, "[name=header_value]"));
            let typed = (vec!["X-Good".to_owned(), name.clone()], vec!["Bearer a  b".to_owned(), value.clone()]);
            if status != 422
                || told.len() != 1
                || told[0].trim().is_empty()
                || rest != kept
                || (rows != typed && !is_odd)
            {
                wrong.push(format!("form {action}: {name:?}: {value:?}: {status} {told:?} {rest:?} {rows:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM webhooks").await, 1);
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM webhook_headers").await, 0);
    assert!(receiver.requests().is_empty());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_of_another_shape_too_many_and_too_large_ones_are_refused() {
    let Some((app, receiver, program)) = scene().await else { return };
    let (ada, url) = (app.admin().await, receiver.url("/"));
    let (_, _, saved) = asks(&program, Method::POST, "/webhooks", &webhook(&url, json!([]))).await;
    let saved: Value = serde_json::from_str(&saved).expect("an object");
    let path = format!("/webhooks/{}", saved["id"].as_str().expect("an id"));
    let row = |name: &str, value: &str| json!({ "name": name, "value": value });
    let many = |count: usize| (1..=count).map(|n| row(&format!("X-{n}"), "x")).collect::<Vec<_>>();
    // Names of 2 bytes with values of 4,094: four of them are 16 KiB.
    let heavy = |last: usize| {
        let mut rows: Vec<_> = (1..=3).map(|n| row(&format!("X{n}"), &"v".repeat(4_094))).collect();
        rows.push(row("X4", &"v".repeat(last)));
        rows
    };
    let table = [
        (json!({}), vec!["headers"]),
        (json!("X-A: b"), vec!["headers"]),
        (json!(7), vec!["headers"]),
        (json!(true), vec!["headers"]),
        (json!([7]), vec!["headers[0]"]),
        (json!(["X-A: b"]), vec!["headers[0]"]),
        (json!([["X-A", "b"]]), vec!["headers[0]"]),
        (json!([null]), vec!["headers[0]"]),
        (json!([{}]), vec!["headers[0].name"]),
        (json!([{ "value": "x" }]), vec!["headers[0].name"]),
        (json!([{ "name": null, "value": "x" }]), vec!["headers[0].name"]),
        (json!([{ "name": 5, "value": "x" }]), vec!["headers[0].name"]),
        (json!([{ "name": ["X-A"], "value": "x" }]), vec!["headers[0].name"]),
        (json!([{ "name": "X-A" }]), vec!["headers[0].value"]),
        (json!([{ "name": "X-A", "value": null }]), vec!["headers[0].value"]),
        (json!([{ "name": "X-A", "value": 5 }]), vec!["headers[0].value"]),
        (json!([{ "name": "X-A", "value": {} }]), vec!["headers[0].value"]),
        (json!([{ "name": "X-A", "value": ["x"] }]), vec!["headers[0].value"]),
        (json!([{ "name": "X-A", "value": "x", "secret": true }]), vec!["headers[0].secret"]),
        (json!([{ "Name": "X-A", "value": "x" }]), vec!["headers[0].Name", "headers[0].name"]),
        (json!([row("X-A", "x"), row("X-A", "y")]), vec!["headers[1].name"]),
        (json!([row("X-A", "x"), row("x-a", "x")]), vec!["headers[1].name"]),
        (
            json!([row("x-a", "x"), row("X-B", "x"), row("X-A", "x"), row("x-A", "x")]),
            vec!["headers[2].name", "headers[3].name"],
        ),
        (
            json!([row("host", "x"), row("X-A", ""), row("X A", "x")]),
            vec!["headers[0].name", "headers[1].value", "headers[2].name"],
        ),
        (json!(many(21)), vec!["headers"]),
        (json!(many(5_000)), vec!["headers"]),
        (json!(heavy(4_095)), vec!["headers"]),
    ];
    let mut wrong = Vec::new();
    for (headers, fields) in &table {
        for refusal in refusals(&program, &path, &url, headers, fields).await {
            // The order in which they are told is the reader's.
            let all = fields.iter().all(|field| refusal.contains(&format!("\"{field}\"")));
            if !all || fields.len() < 2 {
                wrong.push(refusal);
            }
        }
    }
    let rows_of = |headers: &[Value]| -> Vec<(String, String)> {
        let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
        headers.iter().map(|row| (text(row, "name"), text(row, "value"))).collect()
    };
    for headers in [many(21), heavy(4_095), vec![row("X-A", "x"), row("x-a", "y")]] {
        let rows = rows_of(&headers);
        let rows: Vec<_> = rows.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (status, page) = form(&ada, &url, &rows, "").await;
        let kept = values(&page, "[name=header_value]");
        if status != 422
            || kept.len() != rows.len()
            || texts(&page, "[id$=-error]").iter().all(|told| told.trim().is_empty())
        {
            wrong.push(format!("form: {} rows: {status}, {} kept", rows.len(), kept.len()));
        }
    }
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));

    for headers in [many(20), heavy(4_094), Vec::new()] {
        let (status, _, text) = asks(&program, Method::POST, "/webhooks", &webhook(&url, json!(headers))).await;
        assert_eq!(status, 201, "{text}");
        let rows = rows_of(&headers);
        let rows: Vec<_> = rows.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(form(&ada, &url, &rows, "").await.0, 303, "{} rows", rows.len());
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_sent_arrives_byte_for_byte() {
    let Some((app, receiver, program)) = scene().await else { return };
    let (ada, url) = (app.admin().await, receiver.url("/"));
    let visible: String = (b'!'..=b'~').map(char::from).collect();
    let (name, value) = ("n".repeat(100), "v".repeat(4_096));
    let good = [
        ("Authorization", "Bearer abc.def", "Bearer abc.def"),
        ("!#$%&'*+-.^_`|~09AZaz", "x", "x"),
        ("X", "1", "1"),
        (name.as_str(), "x", "x"),
        ("X-All", visible.as_str(), visible.as_str()),
        ("X-Spaces", " \t a  b\tc \t ", "a  b\tc"),
        ("X-Long", value.as_str(), value.as_str()),
        (
            "X-Injection",
            "<script>alert(1)</script>' OR 1=1 --%0d%0aX-B: c",
            "<script>alert(1)</script>' OR 1=1 --%0d%0aX-B: c",
        ),
        ("User-Agent", "Acme/2", "Acme/2"),
        ("Accept", "*/*", "*/*"),
        ("Cookie", "a=b; c=d", "a=b; c=d"),
        ("X-Forwarded", "x", "x"),
        ("Hosts", "x", "x"),
        ("Security", "x", "x"),
        ("Content", "x", "x"),
        ("X_Custom_1", "\"\\", "\"\\"),
    ];
    let headers: Vec<_> = good.iter().map(|(name, value, _)| json!({ "name": name, "value": value })).collect();
    let (status, _, text) =
        asks(&program, Method::POST, "/webhooks/test", &json!({ "url": url, "headers": headers })).await;
    assert_eq!(status, 200, "{text}");
    let rows: Vec<_> = good.iter().map(|(name, value, _)| (*name, *value)).collect();
    assert_eq!(form(&ada, &url, &rows, "test").await.0, 200);
    for received in receiver.wait_for(2).await {
        for (name, _, sent) in good {
            let arrived: Vec<_> =
                received.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name)).collect();
            assert_eq!(arrived.len(), 1, "{name}");
            assert_eq!(arrived[0].1, sent, "{name}");
        }
    }
    app.stop().await;
}
