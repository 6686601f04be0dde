//! Every macro of the kit on one page: shows that they compile, escape, and name what they must.
//! With HERALD_SAMPLES set to a folder, the pages are written there, to be looked at.

use std::time::Duration;

use askama::Template;
use scraper::{Html, Selector};

use super::chart::{Bar, Chart, Sparkline};
use super::form::FieldErrors;
use super::json_view::Coloured;
use super::shell::{Section, Shell};
use super::time::Moment;
use super::toast::{CodeBlock, Toast};
use super::{Hx, Page};
use crate::base::{TimeZone, Timestamp};

const EVIL: &str = "<script>\"'&";

#[derive(Template)]
#[template(ext = "html", blocks = ["rows"], source = r##"
{%- extends "layout.html" -%}
{%- import "kit/base.html" as kit -%}
{%- import "kit/form.html" as form -%}
{%- import "kit/table.html" as table -%}
{%- import "kit/code.html" as code -%}
{%- import "kit/chart.html" as chart -%}
{%- import "kit/dialog.html" as dialog -%}
{% block main %}
{{ kit::crumbs([("Organization Settings", "/settings"), ("Integrations", "/settings/integrations/collaboration")], evil) }}
<div class="page__head"><div><div class="page__title"><h1>Kit</h1>{{ kit::badge("warn", "clock", "Retrying") }}</div><p class="page__lead">{{ kit::moment(at) }}</p></div>
<div class="page__actions">{{ kit::link_button("Add Instance", "/new", "btn--primary", "plus") }}{{ kit::icon_link("Edit CRM sync", "/edit", "pencil") }}</div></div>
<div class="stack stack--lg">
{% call kit::alert("bad", evil) %}<p>We keep retrying each one for about 3 days.</p>{% endcall %}
<section class="table-wrap" aria-labelledby="h-rows"><div class="card__head"><h2 id="h-rows">Rows</h2></div>
<form class="filters" method="get" role="search" aria-label="Filter rows">{{ form::filter("state", "Status", states, chosen) }}<button class="btn btn--sm" type="submit">Apply</button></form>
<table class="table table--fit table--stack" role="table"><caption class="visually-hidden">Rows</caption><thead role="rowgroup"><tr role="row">{{ table::head("Status") }}{{ table::head("Deliveries") }}{{ table::head_hidden("Actions") }}</tr></thead>
<tbody role="rowgroup" id="rows">{% block rows %}<tr role="row"><td role="cell" class="first">{{ kit::status("ok", "circle-check", evil) }}</td><td role="cell" class="clip">{{ chart::sparkline(spark) }}</td><td role="cell" class="actions">{{ kit::icon_link("Delete CRM sync", "/delete", "trash-2", "btn--danger-hover") }}</td></tr>{% endblock %}</tbody></table>
{{ table::paging("", "?cursor=abc", "50 newest") }}</section>
<div class="card">{% call kit::empty("webhook", "No deliveries yet", evil) %}{{ kit::link_button("Send test", "/test") }}{% endcall %}</div>
<form class="form" method="post" action="/x" novalidate>
{{ form::summary(errors) }}
{{ form::input("name", "Name", evil, errors, maxlength = 100) }}
{{ form::input("url", "URL", evil, errors, kind = "url", help = "We send an HTTP POST here.", class = "mono") }}
{{ form::textarea("description", "Description", evil, errors, required = false) }}
{{ form::select("time_zone", "Time zone", states, chosen, errors, help = "Times are shown in it.") }}
{{ form::check("enable", "enable_webhooks", "true", "Enable webhooks", true, "They can be turned off later.") }}
{{ form::radio("active", "status", "active", "Active", true) }}
<div class="form-actions">{{ kit::submit("Submit", "btn--primary") }}{{ kit::link_button("Cancel", "/") }}</div>
</form>
<div class="card">{{ code::block("body", "Body, 248 bytes", "Response body", json, "code code--flush") }}{{ code::headers_row(headers, open = true) }}{{ kit::copy("body", "Copy body") }}</div>
<section class="card" aria-labelledby="h-chart"><div class="card__head"><h2 id="h-chart">Attempts per hour</h2></div>{{ chart::bars(picture, ["10:00", "22:00"]) }}</section>
{% call dialog::confirm_page("/delete", "Keep instance", "/", "Delete instance") %}<p>{{ evil }}</p>{% endcall %}
{% call dialog::confirm_dialog("Delete CRM sync?", "/delete", "Keep instance", "/", "Delete instance") %}<p>{{ evil }}</p>{% endcall %}
</div>
{% endblock %}"##)]
struct Sampler {
    shell: Shell,
    evil: String,
    at: Moment,
    states: Vec<(String, String)>,
    chosen: String,
    errors: FieldErrors,
    spark: Sparkline,
    picture: Chart,
    json: Coloured,
    headers: Vec<(String, String)>,
}

super::page!(Sampler, as_rows);

fn sampler() -> Sampler {
    let mut errors = FieldErrors::default();
    errors.add("url", "Enter a full URL that starts with https:// or http://");
    let bars: Vec<Bar> = (0..24).map(|n| Bar { ok: n % 5, bad: n % 3, label: EVIL.into() }).collect();
    let at = Timestamp::from_seconds(1_800_000_000);
    let test = Toast::bad("Test webhook failed").text("401 Unauthorized in 312 ms.").details(
        "Show details",
        vec![CodeBlock {
            title: "Response".into(),
            lines: vec![("content-type".into(), "application/json".into())],
            body: r#"{"error":"invalid_token"}"#.into(),
        }],
    );
    let deleted = Toast::ok("Instance deleted").undo("/restore", Duration::from_secs(600));
    Sampler {
        shell: Shell { is_demo: true, toasts: vec![test, deleted], ..Shell::sample() }.on("Kit", Section::Integrations),
        evil: EVIL.into(),
        at: Moment::relative(at, at + Duration::from_secs(120), TimeZone::UTC),
        states: vec![("".into(), "Any status".into()), (EVIL.into(), EVIL.into())],
        chosen: EVIL.into(),
        errors,
        spark: Sparkline::new("Deliveries per hour over 24 hours", &bars),
        picture: Chart::new("Attempts per hour over the last 24 hours", &bars),
        json: Coloured::text(r#"{"EVENT_ID":"EVT-673d0c11b50b58a0c2d78a9f","n":[1,true],"evil":"<script>"}"#),
        headers: vec![("x-evil".into(), EVIL.into())],
    }
}

fn keep(name: &str, html: &str) {
    if let Some(folder) = std::env::var_os("HERALD_SAMPLES") {
        std::fs::write(std::path::Path::new(&folder).join(name), html).unwrap();
    }
}

fn select<'a>(page: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

#[test]
fn every_part_of_the_kit_escapes_and_is_named() {
    let html = sampler().whole().unwrap();
    keep("kit.html", &html);
    let page = Html::parse_document(&html);
    assert_eq!(select(&page, "script").len(), 2, "only the two files of our own");
    assert_eq!(select(&page, "h1").len(), 1);
    assert!(select(&page, "[style], [onclick], style").is_empty());
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    for control in select(&page, "input:not([type=hidden]), select, textarea") {
        let id = control.attr("id").unwrap();
        let is_labelled = !select(&page, &format!("label[for='{id}']")).is_empty()
            || control.ancestors().any(|node| node.value().as_element().is_some_and(|e| e.name() == "label"));
        assert!(is_labelled, "{id}");
    }
    let url = select(&page, "#url")[0];
    assert_eq!(url.attr("aria-describedby"), Some("url-error url-help"));
    assert!(url.attr("autofocus").is_some() && url.attr("value") == Some(EVIL));
    assert_eq!(select(&page, "#description")[0].text().collect::<String>(), EVIL);
    assert_eq!(select(&page, "#time_zone option[selected]").len(), 1);
    assert_eq!(select(&page, ".nav__link[aria-current]").len(), 1);
    assert_eq!(select(&page, "form[action='/demo/send'] button").len(), 1);
    assert_eq!(select(&page, "#toasts .toast").len(), 2);
}

#[test]
fn ids_on_a_page_are_unique_and_every_icon_exists() {
    let html = sampler().whole().unwrap();
    let page = Html::parse_document(&html);
    let mut ids: Vec<_> = select(&page, "[id]").into_iter().map(|element| element.attr("id").unwrap()).collect();
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let sprite = include_str!("../../static/icons.svg");
    for icon in select(&page, "use") {
        let (_, name) = icon.attr("href").unwrap().split_once('#').unwrap();
        assert!(sprite.contains(&format!("<symbol id=\"{name}\"")), "{name}");
    }
}

#[actix_web::test]
async fn htmx_gets_the_block_and_the_toasts_others_the_page() {
    let partial = actix_web::test::TestRequest::default()
        .insert_header(("hx-request", "true"))
        .insert_header(("hx-request-type", "partial"))
        .to_http_request();
    let answer = sampler().answer(&Hx::from_headers(partial.headers())).unwrap();
    assert_eq!(answer.headers().get("vary").unwrap(), "HX-Request, HX-Request-Type");
    let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(body.starts_with("<tr role=\"row\">") && body.contains("<hx-partial") && !body.contains("<h1"));
    let rejected = sampler().rejected(&Hx::default()).unwrap();
    assert_eq!(rejected.status().as_u16(), 422);
}

#[test]
fn the_page_before_sign_in_has_no_sidebar() {
    let html = super::error::sample_outside();
    keep("error-outside.html", &html);
    keep("error-inside.html", &super::error::sample_inside());
    let page = Html::parse_document(&html);
    assert!(select(&page, ".sidebar").is_empty());
    assert_eq!(select(&page, "main h1").len(), 1);
}
