//! The bodies, bad and good.

use herald::base::{Clock as _, SystemClock};
use std::time::Duration;

/// A body, how it is sent, and what must come of it.
pub struct Case {
    pub what: String,
    pub is_batch: bool,
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Sent,
    pub status: u16,
    /// Of 422, in any order.
    pub fields: Vec<String>,
    /// How the callback ends.
    pub called_back: Option<String>,
}

pub enum Sent {
    Whole(Vec<u8>),
    InPieces(Vec<u8>),
}

const IDS: &str = r#"["5dd51ea63f3dad73ab0a344b"]"#;
const WHOM: &str = r#""john@responsive.io""#;
const KIB: usize = 1024;

fn json_type() -> Vec<(&'static str, Vec<u8>)> {
    vec![("content-type", b"application/json".to_vec())]
}

fn case(status: u16, body: impl Into<Vec<u8>>) -> Case {
    let body: Vec<u8> = body.into();
    let shown: String = String::from_utf8_lossy(&body[..body.len().min(160)]).chars().take(150).collect();
    Case {
        what: shown,
        is_batch: false,
        headers: json_type(),
        body: Sent::Whole(body),
        status,
        fields: Vec::new(),
        called_back: None,
    }
}

impl Case {
    fn at(self, fields: &[&str]) -> Case {
        Case { fields: fields.iter().map(|field| (*field).to_owned()).collect(), ..self }
    }

    fn named(self, what: &str) -> Case {
        Case { what: what.to_owned(), ..self }
    }

    fn batch(self) -> Case {
        Case { is_batch: true, ..self }
    }

    fn sent(self, headers: &[(&'static str, &[u8])]) -> Case {
        Case {
            what: format!("{} {headers:?}", self.what),
            headers: headers.iter().map(|(name, value)| (*name, value.to_vec())).collect(),
            ..self
        }
    }

    fn in_pieces(self) -> Case {
        let Sent::Whole(bytes) = self.body else { return self };
        Case { body: Sent::InPieces(bytes), ..self }
    }

    fn ending(self, text: impl Into<String>) -> Case {
        Case { called_back: Some(text.into()), ..self }
    }
}

/// An event with these members, written as they are.
fn event(kind: &str, ids: &str, whom: &str, more: &str) -> String {
    format!(r#"{{"event_type":{kind},"entity_ids":{ids},"performed_by":{whom}{more}}}"#)
}

const KIND: &str = r#""PROJECT_EDITED""#;

fn small() -> String {
    event(KIND, IDS, WHOM, "")
}

fn with(more: &str) -> String {
    event(KIND, IDS, WHOM, &format!(",{more}"))
}

fn data(data: &str) -> String {
    with(&format!(r#""data":{data}"#))
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

fn deep_objects(levels: usize) -> String {
    format!("{}1{}", r#"{"x":"#.repeat(levels), "}".repeat(levels))
}

fn ids(count: usize) -> String {
    let ids: Vec<String> = (0..count).map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", ids.join(","))
}

/// A body of exactly this many bytes.
fn padded(bytes: usize) -> String {
    let body = small();
    format!("{body}{}", " ".repeat(bytes - body.len()))
}

fn from_now(seconds: i64) -> String {
    let (now, by) = (SystemClock.now(), Duration::from_secs(seconds.unsigned_abs()));
    if seconds < 0 { (now - by).rfc3339() } else { (now + by).rfc3339() }
}

pub fn bad() -> Vec<Case> {
    [
        no_json(),
        wrong_types(),
        wrong_kinds(),
        wrong_ids(),
        wrong_people_and_times(),
        wrong_data(),
        unknown(),
        batches(),
        large(),
        keys(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// 400.
fn no_json() -> Vec<Case> {
    let mut bodies: Vec<Vec<u8>> = [
        "".to_owned(),
        " \r\n\t".into(),
        "{".into(),
        "}".into(),
        "[".into(),
        "\"".into(),
        "nul".into(),
        "NULL".into(),
        "True".into(),
        "NaN".into(),
        "undefined".into(),
        "event_type=PROJECT_EDITED".into(),
        "<event/>".into(),
        "--X\r\ncontent-disposition: form-data; name=a\r\n\r\nb\r\n--X--".into(),
        small().replace('"', "'"),
        small().replace("\"event_type\"", "event_type"),
        small().replace(":[", ":[,"),
        small().replace("]", ",]"),
        format!("{},}}", &small()[..small().len() - 1]),
        small().replace(",\"performed_by\"", " \"performed_by\""),
        small().replace("\"performed_by\":", "\"performed_by\""),
        small().replace("\"performed_by\":", "\"performed_by\"="),
        small()[..small().len() - 1].to_owned(),
        small()[..small().len() - 2].to_owned(),
        format!("{}x", small()),
        format!("{}}}", small()),
        format!("{},", small()),
        format!("{0}{0}", small()),
        format!("{0}\n{0}", small()),
        format!("{}\0", small()),
        format!("{}//", small()),
        format!("/**/{}", small()),
        format!("#\n{}", small()),
        format!(")]}}'\n{}", small()),
        format!("\u{feff}{}", small()),
        format!("\u{a0}{}", small()),
        format!("\u{b}{}", small()),
        format!("\0{}", small()),
        // Strings.
        data("{\"A\":\"a\nb\"}"),
        data("{\"A\":\"a\tb\"}"),
        data("{\"A\":\"\0\"}"),
        data("{\"A\":\"\u{1f}\"}"),
        data(r#"{"A":"\x41"}"#),
        data(r#"{"A":"\u00"}"#),
        data(r#"{"A":"\u00g0"}"#),
        data(r#"{"A":"\u{41}"}"#),
        data(r#"{"A":"\'"}"#),
        data(r#"{"A":"\"#),
        data(r#"{"A":'x'}"#),
        // Halves of surrogate pairs, in values, keys and every field.
        data(r#"{"A":"\ud800"}"#),
        data(r#"{"A":"\udfff"}"#),
        data(r#"{"A":"\ud83d\ud83d"}"#),
        data(r#"{"A":"\ude00\ud83d"}"#),
        data(r#"{"A":"\ud83dx"}"#),
        data(r#"{"A":{"\ud800":1}}"#),
        event(KIND, r#"["\udc00"]"#, WHOM, ""),
        event(r#""\ud800""#, IDS, WHOM, ""),
        // Numbers.
        data(r#"{"A":01}"#),
        data(r#"{"A":+1}"#),
        data(r#"{"A":-}"#),
        data(r#"{"A":1.}"#),
        data(r#"{"A":.5}"#),
        data(r#"{"A":1e}"#),
        data(r#"{"A":1e+}"#),
        data(r#"{"A":0x10}"#),
        data(r#"{"A":1_000}"#),
        data(r#"{"A":-01}"#),
        data(r#"{"A":1 2}"#),
        data(r#"{"A":Infinity}"#),
        data(r#"{"A":-NaN}"#),
        data(r#"{"A":１}"#),
        // Keys twice, at any depth and however they are written.
        small().replacen('{', r#"{"event_type":"PROJECT_CREATED","#, 1),
        small().replacen('{', r#"{"event\u005ftype":"PROJECT_EDITED","#, 1),
        with(r#""data":{},"data":{}"#),
        with(r#""data":null,"data":{}"#),
        with(r#""performed_at":null,"performed_at":null"#),
        data(r#"{"A":1,"A":1}"#),
        data(r#"{"A":1,"\u0041":2}"#),
        data(r#"{"A":{"b":1,"b":2}}"#),
        data(r#"{"A":[[{"b":{"c":1,"d":2,"c":3}}]]}"#),
        data(r#"{"A":{"":1,"":2}}"#),
        data(r#"{"A":{"/":1,"\/":2}}"#),
        data(r#"{"A":{"😀":1,"\ud83d\ude00":2}}"#),
        data(r#"{"A":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"a":1}}"#),
        // Too deep.
        nested(65),
        data(&format!(r#"{{"A":{}}}"#, nested(65))),
        data(&format!(r#"{{"A":{}}}"#, deep_objects(65))),
        data(&format!(r#"{{"A":[{}]}}"#, deep_objects(64))),
        data(&format!(r#"{{"A":{}}}"#, nested(20_000))),
        with(&format!(r#""x":{}"#, nested(64))),
        r#"{"data":"#.repeat(2_000),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    let raw = |bytes: &[u8]| {
        let body = data(r#"{"A":"@"}"#);
        let (before, after) =
            body.split_once('@').map(|(a, b)| (a.as_bytes().to_vec(), b.as_bytes().to_vec())).expect("a mark");
        // The first @ is the address's.
        let (name, rest) = (before, after);
        let rest = String::from_utf8(rest).expect("a text");
        let (between, after) = rest.split_once('@').expect("a mark");
        [name, b"@".to_vec(), between.as_bytes().to_vec(), bytes.to_vec(), after.as_bytes().to_vec()].concat()
    };
    bodies.extend([
        raw(b"\xff"),
        raw(b"\x80"),
        raw(b"\xc3"),
        raw(b"\xc0\xaf"),
        raw(b"\xe0\x80\xaf"),
        raw(b"\xed\xa0\x80"),
        raw(b"\xf4\x90\x80\x80"),
        raw(b"\xf8\x88\x80\x80\x80"),
        [small().as_bytes(), b"\xff"].concat(),
        [b"\xff".as_slice(), small().as_bytes()].concat(),
        // Other encodings.
        small().encode_utf16().flat_map(u16::to_le_bytes).collect(),
        small().encode_utf16().flat_map(u16::to_be_bytes).collect(),
        [b"\xfe\xff".as_slice(), &small().encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()].concat(),
        small().replace("john", "jöhn").chars().map(|c| c as u8).collect(),
        // Packed, without saying so.
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(),
    ]);
    bodies.into_iter().map(|body| case(400, body)).collect()
}

/// 415.
fn wrong_types() -> Vec<Case> {
    let kinds: [&[(&'static str, &[u8])]; 22] = [
        &[],
        &[("content-type", b"")],
        &[("content-type", b"text/plain")],
        &[("content-type", b"text/json")],
        &[("content-type", b"application/x-www-form-urlencoded")],
        &[("content-type", b"multipart/form-data; boundary=X")],
        &[("content-type", b"application/octet-stream")],
        &[("content-type", b"application/jsonp")],
        &[("content-type", b"application/json-seq")],
        &[("content-type", b"application/x-ndjson")],
        &[("content-type", b"application/problem+json")],
        &[("content-type", b"application/vnd.api+json")],
        &[("content-type", b"application/cbor")],
        &[("content-type", b"application")],
        &[("content-type", b"json")],
        &[("content-type", b"*/*")],
        &[("content-type", b"application/json, text/plain")],
        &[("content-type", b"application/json; charset=iso-8859-1")],
        &[("content-type", b"application/json; charset=utf-16")],
        &[("content-type", b"application/json"), ("content-type", b"text/plain")],
        &[("content-type", b"application/json\xff")],
        &[("content-type", b"text/plain; application/json")],
    ];
    let codings: [&[u8]; 8] =
        [b"gzip", b"GZIP", b"br", b"deflate", b"zstd", b"identity, gzip", b"x-gzip", b"unheard-of"];
    let by_type = kinds.into_iter().map(|headers| case(415, small()).sent(headers));
    let by_coding = codings
        .into_iter()
        .map(|coding| case(415, small()).sent(&[("content-type", b"application/json"), ("content-encoding", coding)]));
    by_type.chain(by_coding).collect()
}

fn wrong_kinds() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        r#""TEST""#,
        r#""""#,
        r#""project_edited""#,
        r#"" PROJECT_EDITED""#,
        r#""PROJECT_EDITED ""#,
        r#""PROJECT-EDITED""#,
        r#""PROJECT_EDITED\u0000""#,
        r#""PROJECT_MOVED""#,
        r#""ALL""#,
        r#""PROJECT_*""#,
        "null",
        "7",
        "true",
        r#"["PROJECT_EDITED"]"#,
        r#"{"PROJECT_EDITED":1}"#,
    ]
    .into_iter()
    .map(|kind| case(422, event(kind, IDS, WHOM, "")).at(&["event_type"]))
    .collect();
    cases.extend([
        case(422, format!(r#"{{"entity_ids":{IDS},"performed_by":{WHOM}}}"#)).at(&["event_type"]),
        case(422, format!(r#"{{"type":"PROJECT_EDITED","entity_ids":{IDS},"performed_by":{WHOM}}}"#))
            .at(&["event_type", "type"]),
        case(422, "{}").at(&["event_type", "entity_ids", "performed_by"]),
        case(422, "[]").at(&[""]),
        case(422, "7").at(&[""]),
        case(422, "null").at(&[""]),
        case(422, "\"PROJECT_EDITED\"").at(&[""]),
        case(422, "false").at(&[""]),
        case(422, format!("[{}]", small())).at(&[""]),
        case(422, format!(r#"{{"events":[{}]}}"#, small())).at(&["event_type", "entity_ids", "performed_by", "events"]),
    ]);
    cases
}

fn wrong_ids() -> Vec<Case> {
    let (long, long_in_bytes) = ("é".repeat(129), format!("\"{}\"", "a".repeat(129)));
    let list = |ids: &str, fields: &[&str]| case(422, event(KIND, ids, WHOM, "")).at(fields);
    let mut cases = vec![
        case(422, format!(r#"{{"event_type":{KIND},"performed_by":{WHOM}}}"#)).at(&["entity_ids"]),
        list("null", &["entity_ids"]),
        list("[]", &["entity_ids"]),
        list("{}", &["entity_ids"]),
        list(r#""a""#, &["entity_ids"]),
        list(r#"{"0":"a"}"#, &["entity_ids"]),
        list("7", &["entity_ids"]),
        list("true", &["entity_ids"]),
        list(&ids(1_001), &["entity_ids"]),
        list(&ids(20_000), &["entity_ids"]),
        list("[7]", &["entity_ids[0]"]),
        list("[null]", &["entity_ids[0]"]),
        list(r#"[["a"]]"#, &["entity_ids[0]"]),
        list(r#"["a",{}]"#, &["entity_ids[1]"]),
        list(r#"[""]"#, &["entity_ids[0]"]),
        list(r#"["a","b",""]"#, &["entity_ids[2]"]),
        list(&format!("[{long_in_bytes}]"), &["entity_ids[0]"]),
        list(&format!(r#"["a","{long}"]"#), &["entity_ids[1]"]),
        list(r#"["a","a"]"#, &["entity_ids[1]"]),
        list(r#"["a","\u0061","b","b"]"#, &["entity_ids[1]", "entity_ids[3]"]),
        list(r#"["a\u0000"]"#, &["entity_ids[0]"]),
        list(r#"["a\nb"]"#, &["entity_ids[0]"]),
        list(r#"["a\tb"]"#, &["entity_ids[0]"]),
        list(r#"["\u001b[31m"]"#, &["entity_ids[0]"]),
        list(r#"["a\u007f"]"#, &["entity_ids[0]"]),
        list(r#"["a\u0085"]"#, &["entity_ids[0]"]),
        list("[\"a\u{9f}\"]", &["entity_ids[0]"]),
        list(r#"["ok",1,"","ok","\r"]"#, &["entity_ids[1]", "entity_ids[2]", "entity_ids[3]", "entity_ids[4]"]),
    ];
    let last_twice = ids(999).replace(']', ",\"0\"]");
    cases.push(list(&last_twice, &["entity_ids[999]"]));
    cases
}

fn wrong_people_and_times() -> Vec<Case> {
    let address = |bytes: usize| format!(r#""{}@example.com""#, "a".repeat(bytes - "@example.com".len()));
    let too_long = address(255);
    let whom = [
        "null",
        "7",
        "[]",
        "{}",
        "true",
        r#""""#,
        r#"" ""#,
        r#""john""#,
        r#""john@""#,
        r#""@responsive.io""#,
        r#""a@b@c.example""#,
        r#""a b@c.example""#,
        r#"" a@b.example""#,
        r#""a@b.example ""#,
        r#""a@b.example\n""#,
        r#""a\u0000@b.example""#,
        r#""<a@b.example>""#,
        r#""John <a@b.example>""#,
        r#""a@b..example""#,
        r#""a@-b.example""#,
        r#""a@.b.example""#,
        r#""mailto:a@b.example""#,
        r#""a@b.example,c@d.example""#,
        r#""a@b.example\r\nBcc: c@d.example""#,
        r#"["a@b.example"]"#,
        r#""a@[127.0.0.1]""#,
        &too_long,
    ];
    let mut cases: Vec<Case> =
        whom.into_iter().map(|whom| case(422, event(KIND, IDS, whom, "")).at(&["performed_by"])).collect();
    cases.push(case(422, format!(r#"{{"event_type":{KIND},"entity_ids":{IDS}}}"#)).at(&["performed_by"]));
    let ahead = format!("\"{}\"", from_now(330));
    let times = [
        r#""""#,
        r#""now""#,
        r#""yesterday""#,
        "1764000000",
        "0",
        "[]",
        "{}",
        "false",
        r#""2026-05-26""#,
        r#""2026-05-26T07:50:15""#,
        r#""2026-05-26 07:50:15 PDT""#,
        r#""2026-05-26T07:50Z""#,
        r#""2026-13-01T00:00:00Z""#,
        r#""2026-02-30T00:00:00Z""#,
        r#""2026-05-26T24:00:00Z""#,
        r#""2026-05-26T23:60:00Z""#,
        r#""2026-05-26T07:50:15+25:00""#,
        r#""2026-05-26T07:50:15.Z""#,
        r#""2026-05-26T07:50:15+0200""#,
        r#""20260526T075015Z""#,
        r#""2026-W22-2T07:50:15Z""#,
        r#""Tue, 26 May 2026 07:50:15 GMT""#,
        r#"" 2026-05-26T07:50:15Z""#,
        r#""2026-05-26T07:50:15Z ""#,
        r#""+12026-05-26T07:50:15Z""#,
        r#""9999-12-31T23:59:59Z""#,
        &ahead,
    ];
    cases.extend(
        times.into_iter().map(|time| case(422, with(&format!(r#""performed_at":{time}"#))).at(&["performed_at"])),
    );
    cases
}

fn wrong_data() -> Vec<Case> {
    let (longest, too_long) = ("A".repeat(64), "A".repeat(65));
    let of = |members: &str, fields: &[&str]| case(422, data(members)).at(fields);
    let mut cases = vec![
        of("[]", &["data"]),
        of("7", &["data"]),
        of("true", &["data"]),
        of(r#""{}""#, &["data"]),
        of(r#"["A"]"#, &["data"]),
        of(r#"{"a":1}"#, &["data.a"]),
        of(r#"{"Aa":1}"#, &["data.Aa"]),
        of(r#"{"":1}"#, &["data."]),
        of(r#"{"1A":1}"#, &["data.1A"]),
        of(r#"{"_A":1}"#, &["data._A"]),
        of(r#"{"A B":1}"#, &["data.A B"]),
        of(r#"{"A-B":1}"#, &["data.A-B"]),
        of(r#"{"A.B":1}"#, &["data.A.B"]),
        of(r#"{" A":1}"#, &["data. A"]),
        of(r#"{"A\n":1}"#, &["data.A\n"]),
        of(r#"{"Ä":1}"#, &["data.Ä"]),
        of(r#"{"А":1}"#, &["data.А"]),
        of(r#"{"A\u0000":1}"#, &["data.A\0"]),
        of(r#"{"A":1,"b":2,"C":3,"d":4}"#, &["data.b", "data.d"]),
        of(r#"{"PERFORMED\u005fBY":1}"#, &["data.PERFORMED_BY"]),
        of(&format!(r#"{{"{too_long}":1,"{longest}":1}}"#), &[&format!("data.{too_long}")]),
    ];
    for key in ["EVENT_ID", "EVENT_TYPE", "ENTITY_ID", "ENTITY_TYPE", "PERFORMED_BY", "PERFORMED_AT"] {
        cases.push(of(&format!(r#"{{"{key}":1}}"#), &[&format!("data.{key}")]));
    }
    cases
}

fn unknown() -> Vec<Case> {
    [
        (r#""entity_type":"PROJECT""#, "entity_type"),
        (r#""event_id":"EVT-60adfdb750b58a0c2d78bdd8""#, "event_id"),
        (r#""id":1"#, "id"),
        (r#""organization_id":"60adfdb750b58a0c2d78bdd8""#, "organization_id"),
        (r#""webhook_id":null"#, "webhook_id"),
        (r#""recorded_at":null"#, "recorded_at"),
        (r#""Data":{}"#, "Data"),
        (r#""DATA":{}"#, "DATA"),
        (r#""performedBy":"a@b.example""#, "performedBy"),
        (r#""__proto__":{}"#, "__proto__"),
        (r#""":1"#, ""),
        (r#"" data":{}"#, " data"),
        (r#""data\u0000":{}"#, "data\0"),
    ]
    .into_iter()
    .map(|(member, field)| case(422, with(member)).at(&[field]))
    .collect()
}

fn batches() -> Vec<Case> {
    let of = |events: &str, fields: &[&str]| case(422, format!(r#"{{"events":{events}}}"#)).at(fields).batch();
    let (good, many) = (small(), |count: usize| vec![small(); count].join(","));
    vec![
        case(422, "{}").at(&["events"]).batch(),
        case(422, "[]").at(&[""]).batch(),
        case(422, format!("[{good}]")).at(&[""]).batch(),
        case(422, good.clone()).at(&["events", "event_type", "entity_ids", "performed_by"]).batch(),
        of("null", &["events"]),
        of("[]", &["events"]),
        of("{}", &["events"]),
        of("7", &["events"]),
        of(&format!("[{}]", many(501)), &["events"]),
        of("[null]", &["events[0]"]),
        of("[7]", &["events[0]"]),
        of(&format!("[{good},[]]"), &["events[1]"]),
        of("[{}]", &["events[0].event_type", "events[0].entity_ids", "events[0].performed_by"]),
        of(&format!("[{good},{}]", event(r#""TEST""#, IDS, WHOM, "")), &["events[1].event_type"]),
        of(&format!("[{good},{good},{}]", event(KIND, r#"["a","a"]"#, WHOM, "")), &["events[2].entity_ids[1]"]),
        of(&format!("[{}]", event(KIND, "[]", r#""john""#, "")), &["events[0].entity_ids", "events[0].performed_by"]),
        of(&format!("[{good},{good},{good},{}]", data(r#"{"Foo":1}"#)), &["events[3].data.Foo"]),
        of(
            &format!("[{},{}]", with(r#""x":1"#), with(r#""performed_at":"soon""#)),
            &["events[0].x", "events[1].performed_at"],
        ),
        of(&format!("[{},{}]", many(499), event(KIND, IDS, "null", "")), &["events[499].performed_by"]),
        case(422, format!(r#"{{"events":[{good}],"dry_run":true}}"#)).at(&["dry_run"]).batch(),
        case(400, format!(r#"{{"events":[{good}],"events":[{good}]}}"#)).batch(),
        case(400, format!(r#"{{"events":[{good},{}]}}"#, data(r#"{"A":1,"A":2}"#))).batch(),
        case(400, format!(r#"{{"events":[{good},{}]}}"#, data(r#"{"A":"\ud800"}"#))).batch(),
        case(400, format!(r#"{{"events":[{good},]}}"#)).batch(),
        case(400, format!("{{\"events\":[{good}]}}{{\"events\":[{good}]}}")).batch(),
        case(400, format!("{good}\n{good}\n")).batch(),
        case(400, format!(r#"{{"events":[{}]}}"#, data(&format!(r#"{{"A":{}}}"#, nested(65))))).batch(),
        case(400, "").batch(),
        case(415, format!(r#"{{"events":[{good}]}}"#)).sent(&[("content-type", b"application/x-ndjson")]).batch(),
        case(415, format!(r#"{{"events":[{good}]}}"#))
            .sent(&[("content-type", b"application/json"), ("content-encoding", b"gzip")])
            .batch(),
    ]
}

/// 413.
fn large() -> Vec<Case> {
    let filled = |bytes: usize| {
        let empty = data(r#"{"A":""}"#);
        empty.replace(r#":"""#, &format!(r#":"{}""#, "x".repeat(bytes - empty.len())))
    };
    vec![
        case(413, padded(256 * KIB + 1)).named("one byte of space too many"),
        case(413, filled(256 * KIB + 1)).named("one byte of data too many"),
        case(413, padded(256 * KIB + 1)).in_pieces().named("one byte too many, in pieces"),
        case(413, vec![b' '; 3 * 1024 * KIB]).named("3 MiB of space"),
        case(413, vec![b'{'; 1024 * KIB]).in_pieces().named("1 MiB of braces, in pieces"),
        case(413, vec![b' '; 5 * 1024 * KIB + 1]).batch().named("a batch of one byte too many"),
        case(413, vec![b' '; 6 * 1024 * KIB]).batch().in_pieces().named("a batch of 6 MiB, in pieces"),
    ]
}

/// Idempotency keys that are none.
fn keys() -> Vec<Case> {
    let long = vec![b'a'; 256];
    let keys: [&[u8]; 8] = [b"", b"a b", b"a\tb", "é".as_bytes(), b"\x80", b"a\xff", &long, b" "];
    let by_one = keys.into_iter().map(|key| {
        case(422, small())
            .sent(&[("content-type", b"application/json"), ("idempotency-key", key)])
            .at(&["Idempotency-Key"])
    });
    let two = case(422, small())
        .sent(&[("content-type", b"application/json"), ("idempotency-key", b"a"), ("idempotency-key", b"a")])
        .at(&["Idempotency-Key"]);
    by_one.chain([two]).collect()
}

pub fn good() -> Vec<Case> {
    let good = |body: String| case(202, body);
    let kept = |members: &str| {
        let inside = members.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).expect("an object").to_owned();
        case(202, data(members)).ending(format!(",{inside}}}"))
    };
    let address = |bytes: usize| format!(r#""{}@example.com""#, "a".repeat(bytes - "@example.com".len()));
    let longest = "A".repeat(64);
    let mut cases = vec![
        good(small()),
        good(format!(" \r\n\t{}\n", small())),
        good(small().replace("\"PROJECT_EDITED\"", r#""\u0050ROJECT_EDITED""#)),
        good(with(r#""data":null"#)),
        good(with(r#""data":{}"#)),
        good(with(r#""performed_at":null"#)),
        good(with(&format!(r#""performed_at":"{}""#, from_now(200)))),
        good(with(r#""performed_at":"1970-01-01T00:00:00Z""#)),
        good(with(r#""performed_at":"2021-05-26T00:50:15.999999999-07:00""#)),
        good(with(r#""performed_at":"2021-05-26t00:50:15z""#)),
        good(with(r#""performed_at":"2024-02-29T23:59:59+14:00""#)),
        good(event(KIND, &ids(1_000), WHOM, "")),
        good(event(KIND, &format!(r#"["{}"]"#, "é".repeat(128)), WHOM, "")),
        good(event(KIND, &format!(r#"["{}"]"#, "😀".repeat(128)), WHOM, "")),
        good(event(KIND, r#"["a"," a","A","\u0000b"]"#.replace("\\u0000", "\\\\u0000").as_str(), WHOM, "")),
        good(event(KIND, r#"["<script>alert(1)</script>","' OR 1=1 --","../../etc/passwd"]"#, WHOM, "")),
        good(event(KIND, IDS, &address(254), "")),
        good(event(KIND, IDS, r#""Ada.Lovelace+x@Example.COM""#, "")),
        good(event(KIND, IDS, r#""o'brien@example.com""#, "")),
        good(event(KIND, IDS, r#""root@localhost""#, "")),
        good(padded(256 * KIB)).named("256 KiB"),
        good(padded(256 * KIB)).in_pieces().named("256 KiB, in pieces"),
        good(small()).sent(&[("content-type", b"application/json; charset=utf-8")]),
        good(small()).sent(&[("content-type", b"Application/JSON;charset=\"UTF-8\"")]),
        good(small()).sent(&[("content-type", b"application/json"), ("content-encoding", b"identity")]),
        good(small()).sent(&[("content-type", b"application/json"), ("idempotency-key", &[b'~'; 255])]),
        kept(r#"{"A":1}"#),
        kept(&format!(r#"{{"{longest}":1,"A1_":2}}"#)),
        kept(r#"{"N":[0,-0,1E400,-1.5e-9999,0.10,123456789012345678901234567890,1e+2]}"#),
        kept(r#"{"S":["","\u00e9","é","\/","/","\ud83d\ude00","😀","\u0000","\u2028","\"\\\b\f\n\r\t"]}"#),
        kept(r#"{"O":{"":{},"a":[],"A":null,"__proto__":true,"b":{"a":false}}}"#),
        kept(&format!(r#"{{"A":{},"B":{}}}"#, nested(64), deep_objects(64))),
        case(202, data("{ \"A\" : [ 1 ,\t2 ] ,\r\n \"B\" : { } }")).ending(r#","A":[1,2],"B":{}}"#),
    ];
    let batch = |count: usize| format!(r#"{{"events":[{}]}}"#, vec![small(); count].join(","));
    let heavy = data(&format!(r#"{{"A":"{}"}}"#, "x".repeat(9_900)));
    cases.extend([
        good(batch(1)).batch(),
        good(batch(500)).batch(),
        good(format!(r#"{{"events":[{}]}}"#, vec![heavy; 500].join(","))).batch().named("a batch of nearly 5 MiB"),
        good(format!(r#"{{"events":[{}]}}"#, data(&format!(r#"{{"A":{}}}"#, nested(64))))).batch(),
    ]);
    cases
}
