//! Every route and every actor: who is let in, who is sent away, and with which status; and that what belongs to another
//! organization is answered exactly as what does not exist.
//!
//! The table is `routes.txt`. The routes are read off `src/routes.rs`, so a new one without a row fails here.

pub mod things;

use std::collections::BTreeMap;

use herald::auth::model::Role;
use reqwest::{Method, RequestBuilder, Response};

use self::things::Things;
use crate::support::app::{Setting, TestApp, Visitor, client};
use crate::support::dump::dump;
use crate::support::programs::{Program, told};
use crate::support::routes::{self, Route, Thing, WEBHOOKS, routed};

/// Who asks for pages, in the order of the table's columns. Removed members and programs with a key of the API are nobody there.
const PEOPLE: [&str; 6] = ["nobody", "member", "moderator", "admin", "other", "manager"];
/// Who calls the API. Sessions, and keys that are revoked or belong to a removed member, are nobody there.
const PROGRAMS: [&str; 5] = ["nobody", "read", "write", "publish", "other"];

/// Sent away to sign in.
const LOGIN: u16 = 1;

struct Row {
    route: Route,
    /// What the id in the path is of, as [`Things`] knows it; empty where there is none.
    thing: &'static str,
    statuses: Vec<u16>,
}

fn table() -> Vec<Row> {
    let mut rows: Vec<Row> = routes::table().into_iter().map(row).collect();
    // Who ends his other sessions, or this one, gets nowhere with them afterwards.
    rows.sort_by_key(|row| (row.route.path == "/logout", row.route.path.starts_with("/profile")));
    rows
}

fn row(row: routes::Row) -> Row {
    let status = |word: &str| match word {
        "login" => LOGIN,
        number => number.parse().unwrap_or_else(|_| panic!("{number} is no status of {:?}", row.route)),
    };
    let statuses: Vec<u16> = row.answers.iter().copied().map(status).collect();
    let row = Row { route: row.route, thing: row.thing, statuses };
    let actors = row.actors();
    assert_eq!(row.statuses.len(), actors.len(), "{:?} needs a status for each of {actors:?}", row.route);
    row
}

impl Row {
    fn actors(&self) -> &'static [&'static str] {
        if self.route.is_api() { &PROGRAMS } else { &PEOPLE }
    }
}

/// Whether an actor got to what was asked for.
fn is_let_in(status: u16) -> bool {
    !matches!(status, LOGIN | 401 | 403 | 404)
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let rows: Vec<Route> = table().into_iter().map(|row| row.route).collect();
    let routes = routed();
    assert!(routes.len() > 150, "{routes:?}");
    let missing: Vec<_> = routes.iter().filter(|route| !rows.contains(route)).collect();
    assert!(missing.is_empty(), "add rows to tests/app/battery/routes.txt for {missing:#?}");
    let gone: Vec<_> = rows.iter().filter(|route| !routes.contains(route)).collect();
    assert!(gone.is_empty(), "these rows of tests/app/battery/routes.txt have no route: {gone:#?}");
    let mut twice: BTreeMap<&Route, usize> = BTreeMap::new();
    rows.iter().for_each(|route| *twice.entry(route).or_default() += 1);
    twice.retain(|_, count| *count > 1);
    assert!(twice.is_empty(), "{twice:?}");
}

/// Whoever may ask, with what is needed for it.
struct Actors {
    people: BTreeMap<&'static str, Visitor>,
    /// Signed in before he was removed.
    removed: Visitor,
    programs: BTreeMap<&'static str, Program>,
    /// Keys that do not work any more.
    dead: Vec<(&'static str, Program)>,
}

impl Actors {
    async fn gather(app: &TestApp) -> Actors {
        for (email, role) in [
            ("member@halden.example", Role::Member),
            ("moderator@halden.example", Role::Moderator),
            ("manager@herald.example", Role::AccountManager),
        ] {
            app.adds_person(email, role).await;
        }
        let removed = app.adds_person("removed@halden.example", Role::Admin).await;
        let visitor_removed = app.signed_in(&removed.email).await;
        let people = BTreeMap::from([
            ("nobody", app.visitor()),
            ("member", app.signed_in("member@halden.example").await),
            ("moderator", app.signed_in("moderator@halden.example").await),
            ("admin", app.admin().await),
            ("other", things::stranger(app).await),
            ("manager", app.signed_in("manager@herald.example").await),
        ]);
        let programs = BTreeMap::from([
            ("read", app.program("read").await),
            ("write", app.program("write").await),
            ("publish", app.program("publish").await),
            ("other", app.stranger("read,write,publish").await),
        ]);
        let dead = vec![
            ("a removed member's key", app.program_of(Some(removed.id.clone()), "read,write,publish").await),
            ("a revoked key", app.program("read,write,publish").await),
        ];
        things::removes(app, &removed.id).await;
        things::revokes(app, &dead[1].1.key.id).await;
        Actors { people, removed: visitor_removed, programs, dead }
    }

    /// Asks as `actor`, with `body` where the method has one.
    async fn ask(&self, app: &TestApp, route: &Route, path: &str, actor: &str, body: &'static str) -> Answered {
        let method: Method = route.method.parse().expect("a method");
        if route.is_api() {
            let below = path.strip_prefix("/api/v1").expect("a path of the API");
            let request = match self.programs.get(actor) {
                Some(program) => program.request(method, below),
                None => client().request(method, app.url(path)),
            };
            return answered(with_body(route, request, body).send().await.expect("an answer")).await;
        }
        let visitor = &self.people[actor];
        answered(visitor.sends(with_body(route, visitor.request(method, path), body)).await).await
    }
}

/// A form without a field, or an object without a key.
fn nothing(route: &Route) -> &'static str {
    if route.is_api() { "{}" } else { "" }
}

/// What is in order at this route, so that nothing but what it is about can be wrong.
fn in_order(route: &Route) -> &'static str {
    match route.path.strip_prefix("/api/v1") {
        Some("/webhooks/{webhook}/replay") => r#"{"since":"2020-01-01T00:00:00Z"}"#,
        Some("/projects/{id}/sections") => r#"{"name":"Security"}"#,
        Some("/sections/{id}/questions") => r#"{"question":"Do you?"}"#,
        Some("/answers/{id}/request-review") => r#"{"reviewer":"ines@brightwater.example","due_date":"2036-01-01"}"#,
        Some(_) => "{}",
        None if route.path.ends_with("/dismiss") => "since=1&kind=failing",
        None if route.path.ends_with("/replay") => "since=2020-01-01T00:00&states=failed&per_second=10",
        // More than any of the forms has: what it does not know, a form ignores.
        None => {
            "name=N&title=T&question=Q&answer=A&note=Because&position=1&reviewer=ines@brightwater.example\
             &due_date=2036-01-01&url=https://example.com/&events=PROJECT_CREATED&confirm=on"
        }
    }
}

/// As our own pages and programs send it; each on a connection of its own, since the server gives up those that wait for long.
fn with_body(route: &Route, request: RequestBuilder, body: &'static str) -> RequestBuilder {
    let request = request.header("connection", "close");
    match (route.method.as_str(), route.is_api()) {
        ("GET", _) => request,
        (_, true) => request.header("content-type", "application/json").body(body),
        (_, false) => request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(body),
    }
}

/// All of an answer that a stranger could learn from.
#[derive(Debug, PartialEq, Eq)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
}

async fn answered(answer: Response) -> Answered {
    let mut headers: Vec<(String, String)> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date"))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    let mut status = answer.status().as_u16();
    let is_login = answer.headers().get("location").is_some_and(|place| place.as_bytes().starts_with(b"/login"));
    if status == 303 && is_login {
        status = LOGIN;
    }
    Answered { status, headers, text: answer.text().await.unwrap_or_default() }
}

impl Answered {
    /// As if it had been asked about the other.
    fn about(mut self, thing: &Thing, other: &Thing) -> Answered {
        let ids = thing.webhook.iter().zip(&other.webhook).chain([(&thing.id, &other.id)]);
        // The longer ones first: a delivery's id has its webhook's in it.
        for (id, instead) in ids.collect::<Vec<_>>().into_iter().rev() {
            self.text = self.text.replace(id, instead);
            self.headers.iter_mut().for_each(|(_, value)| *value = value.replace(id, instead));
        }
        self
    }
}

async fn scene() -> (TestApp, Actors, Things) {
    let app = Setting::default().with("HERALD_SIGN_IN_RATE", "1000/m").spawn().await;
    let actors = Actors::gather(&app).await;
    let things = Things::make(&app).await;
    (app, actors, things)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_actor_gets_at_every_route_what_the_table_says() {
    let (app, actors, things) = scene().await;
    let mut wrong = Vec::new();
    for row in table() {
        let shared = things.path(&row.route, row.thing);
        let mut seen = Vec::new();
        for (actor, expected) in row.actors().iter().zip(&row.statuses) {
            // What an actor may change is made for him alone, so that the next finds it as it was.
            let path = match is_let_in(*expected) && !row.route.is_read() && !row.thing.is_empty() {
                true => row.route.about(&things.fresh(&app, row.thing).await),
                false => shared.clone(),
            };
            seen.push(actors.ask(&app, &row.route, &path, actor, nothing(&row.route)).await.status);
        }
        if seen != row.statuses {
            let told = |statuses: &[u16]| statuses.iter().map(|status| word(*status)).collect::<Vec<_>>().join(" ");
            wrong.push(format!(
                "{} {} {}: {}, not {}",
                row.route.method,
                row.route.path,
                row.thing,
                told(&seen),
                told(&row.statuses)
            ));
        }
    }
    app.stop().await;
    assert!(wrong.is_empty(), "{} rows are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

fn word(status: u16) -> String {
    if status == LOGIN { "login".into() } else { status.to_string() }
}

/// Removed members, revoked keys, keys at pages and sessions at the API: all the same as nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_opens_nothing_any_more_is_nobody() {
    let (app, actors, things) = scene().await;
    let (admin, key) = (&actors.people["admin"], &actors.programs["write"].secret);
    let mut wrong = Vec::new();
    for row in table() {
        let (method, path) =
            (row.route.method.parse::<Method>().expect("a method"), things.path(&row.route, row.thing));
        let requests: Vec<(&str, RequestBuilder)> = match row.route.is_api() {
            true => {
                let of =
                    |program: &Program| program.request(method.clone(), path.strip_prefix("/api/v1").expect("the API"));
                let dead = actors.dead.iter().map(|(who, program)| (*who, of(program)));
                dead.chain([("an admin's session", admin.request(method.clone(), &path))]).collect()
            }
            false => vec![
                ("a removed member's session", actors.removed.request(method.clone(), &path)),
                ("a program's key", client().request(method.clone(), app.url(&path)).bearer_auth(key)),
            ],
        };
        for (who, request) in requests {
            let answer =
                answered(with_body(&row.route, request, nothing(&row.route)).send().await.expect("an answer")).await;
            if answer.status != row.statuses[0] {
                wrong.push(format!("{who}: {} {}: {}", row.route.method, row.route.path, word(answer.status)));
            }
        }
    }
    app.stop().await;
    assert!(wrong.is_empty(), "{} are more than nobody:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_others_is_answered_as_what_does_not_exist() {
    let (app, actors, things) = scene().await;
    let own = things.webhook_of(&actors.people["other"]).await;
    let (mut wrong, mut count) = (Vec::new(), 0);
    let before = dump(&app.running().db).await;
    for row in table().into_iter().filter(|row| !row.thing.is_empty() && !things::is_of_nobody(row.thing)) {
        let theirs = things.get(row.thing).clone();
        let mut pairs = vec![(theirs.clone(), things::nothing_like(&theirs))];
        // Through a webhook of one's own to a delivery or a replay of others.
        if theirs.webhook.is_some() {
            pairs.extend(pairs.clone().into_iter().map(|(theirs, nothing)| {
                let own = Some(own.clone());
                (Thing { webhook: own.clone(), ..theirs }, Thing { webhook: own, ..nothing })
            }));
        }
        for (theirs, nothing) in pairs {
            let ask = async |thing: &Thing| {
                actors.ask(&app, &row.route, &row.route.about(thing), "other", in_order(&row.route)).await
            };
            let (found, missing) = (ask(&theirs).await.about(&theirs, &nothing), ask(&nothing).await);
            count += 1;
            if found != missing || found.status != 404 {
                wrong.push(format!("{} {}:\n{found:?}\n{missing:?}", row.route.method, row.route.about(&theirs)));
            }
        }
    }
    let after = dump(&app.running().db).await;
    app.stop().await;
    assert_eq!(before, after, "nothing was changed");
    assert!(count > 100, "{count}");
    assert!(wrong.is_empty(), "{} answers tell that something exists:\n{}", wrong.len(), wrong.join("\n"));
}

/// Ids that stand in bodies and in queries are those of one's own organization, too: `ID` is theirs, or nobody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_others_is_nothing_in_bodies_and_queries_either() {
    let (app, actors, things) = scene().await;
    let (person, program) = (&actors.people["other"], &actors.programs["other"]);
    let own = things.webhook_of(person).await;
    let make = async |path: &str, body: &str| {
        let made = told(program.post(path, body.to_owned())).await;
        made.json()["id"].as_str().unwrap_or_else(|| panic!("{path}: {}", made.text)).to_owned()
    };
    // The other program's organization is one of its own; what a person does is done in hers.
    let project = make("/projects", r#"{"name":"Own"}"#).await;
    let section = make(&format!("/projects/{project}/sections"), r#"{"name":"Own"}"#).await;
    let question = make(&format!("/sections/{section}/questions"), r#"{"question":"Own?"}"#).await;
    let calls = [
        ("PATCH", format!("/questions/{question}"), "pair", r#"{"answer_id":"ID"}"#),
        ("POST", format!("/sections/{section}/questions"), "pair", r#"{"question":"Q?","answer_id":"ID"}"#),
        ("POST", "/answers/bulk-publish".into(), "pair-in-moderation", r#"{"ids":["ID"]}"#),
        ("POST", "/answers/bulk-delete".into(), "pair", r#"{"ids":["ID"]}"#),
        ("GET", "/deliveries?webhook_id=ID".into(), "webhook", ""),
        ("GET", "/deliveries?event_id=ID".into(), "event", ""),
    ];
    let pages = [
        ("POST", "/answers/bulk".into(), "pair", "action=delete&id=ID"),
        ("POST", "/answers/bulk".into(), "pair-in-moderation", "action=publish&id=ID"),
        ("POST", "/answers/bulk".into(), "pair", "action=tag&new_tag=T&id=ID"),
        ("GET", "/answers/moderation?item=ID".into(), "pair-in-moderation", ""),
        ("POST", format!("{WEBHOOKS}/{own}/redeliver"), "delivery", "id=ID"),
        ("GET", format!("{WEBHOOKS}/guide/check?webhook=ID"), "webhook", ""),
        ("GET", format!("{WEBHOOKS}/guide/check?delivery=ID"), "delivery", ""),
        ("GET", format!("{WEBHOOKS}/new?from=ID"), "webhook", ""),
    ];
    let before = dump(&app.running().db).await;
    let mut wrong = Vec::new();
    let calls = calls.into_iter().map(|call| (true, call));
    for (is_api, (method, path, kind, body)) in calls.chain(pages.into_iter().map(|page| (false, page))) {
        let theirs = things.get(kind);
        let nothing = things::nothing_like(theirs);
        let ask = async |thing: &Thing| {
            let (path, body) = (path.replace("ID", &thing.id), body.replace("ID", &thing.id));
            let method: Method = method.parse().expect("a method");
            let answer = match is_api {
                true => {
                    program.request(method, &path).header("content-type", "application/json").body(body).send().await
                }
                false => {
                    let request = person.request(method, &path).header("sec-fetch-site", "same-origin");
                    let form = request.header("content-type", "application/x-www-form-urlencoded").body(body);
                    Ok(person.sends(form).await)
                }
            };
            answered(answer.expect("an answer")).await
        };
        let (found, missing) = (ask(theirs).await.about(theirs, &nothing), ask(&nothing).await);
        if found != missing {
            wrong.push(format!("{method} {path} {body}:\n{found:?}\n{missing:?}"));
        }
    }
    let after = dump(&app.running().db).await;
    app.stop().await;
    assert_eq!(before, after, "nothing was changed");
    assert!(wrong.is_empty(), "{} answers tell that something exists:\n{}", wrong.len(), wrong.join("\n"));
}
