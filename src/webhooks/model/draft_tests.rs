use super::*;

fn header(row: usize, name: &str, value: Option<&str>) -> DraftHeader {
    DraftHeader { row, name: name.into(), value: value.map(Secret::new) }
}

fn draft() -> Draft {
    Draft {
        name: "CRM sync".into(),
        url: "https://hooks.example.com/crm".into(),
        headers: vec![header(1, "Authorization", Some("Bearer abc")), header(2, "X-Tenant", Some("prod"))],
        events: vec!["PROJECT_CREATED".into()],
        ..Draft::default()
    }
}

fn stored_headers() -> Vec<Header> {
    draft().parse().unwrap().headers
}

#[test]
fn a_draft_becomes_a_webhook_that_needs_no_more_checks() {
    let new = draft().parse().unwrap();
    assert_eq!(new.name.as_str(), "CRM sync");
    assert_eq!(new.status, Status::Active);
    assert_eq!(new.headers.len(), 2);
    assert_eq!(new.events, BTreeSet::from([EventType::ProjectCreated]));
    assert_eq!(new.signing, Prepared::New(None));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let wrong = Draft {
        name: " ".into(),
        description: "x".repeat(1_001),
        url: "example.com".into(),
        status: Some("disabled".into()),
        limits: DraftLimits { max_concurrency: Some("51".into()), max_per_second: Some("0".into()) },
        headers: vec![
            header(1, "Host", Some("x")),
            header(3, "X-A", Some("é")),
            header(4, "x-a", Some("1")),
            header(5, "X-B", None),
            header(6, "X-C", Some("  ")),
            header(7, "", Some("1")),
        ],
        events: Vec::new(),
        signing: DraftSigning { secret: Some(Secret::new("whsec_abc")), ..DraftSigning::default() },
    };
    let Invalid(errors) = wrong.parse().unwrap_err();
    let fields: Vec<Field> = errors.iter().map(|(field, _)| *field).collect();
    assert_eq!(
        fields,
        [
            Field::Name,
            Field::Description,
            Field::Url,
            Field::Status,
            Field::MaxConcurrency,
            Field::MaxPerSecond,
            Field::HeaderName(1),
            Field::HeaderValue(3),
            Field::HeaderName(4),
            Field::HeaderValue(5),
            Field::HeaderValue(6),
            Field::HeaderName(7),
            Field::Events,
            Field::SigningSecret,
        ]
    );
    let said: Vec<&str> = errors.iter().map(|(_, message)| message.as_str()).collect();
    for sentence in [
        "Enter a name.",
        "Enter a full URL that starts with https:// or http://",
        "We set this header ourselves.",
        "x-a is there twice.",
        "Enter a value for X-B.",
        "Choose at least one event.",
    ] {
        assert!(said.contains(&sentence), "{sentence}: {said:?}");
    }
}

#[test]
fn only_event_types_of_the_catalog_can_be_chosen() {
    for name in ["TEST", "project_created", "", "PROJECT_MADE"] {
        let wrong = Draft { events: vec!["PROJECT_CREATED".into(), name.into()], ..draft() };
        assert_eq!(wrong.parse().unwrap_err().0[0].0, Field::Event(1), "{name}");
    }
    let none = Draft { events: Vec::new(), ..draft() };
    assert_eq!(none.parse().unwrap_err().0[0].0, Field::Events);
}

#[test]
fn headers_are_limited_in_number_and_in_all() {
    let rows = |count: usize, size: usize| {
        let value = "v".repeat(size);
        Draft { headers: (0..count).map(|row| header(row, &format!("X-{row:02}"), Some(&value))).collect(), ..draft() }
    };
    assert_eq!(rows(20, 1).parse().unwrap().headers.len(), 20);
    assert_eq!(rows(21, 1).parse().unwrap_err().0[0].0, Field::Headers);
    // Four bytes of name and 4,092 of value, four times: exactly 16 KiB.
    assert!(rows(4, 4_092).parse().is_ok());
    assert_eq!(rows(4, 4_093).parse().unwrap_err().0[0].0, Field::Headers);
}

#[test]
fn a_header_without_a_value_keeps_the_stored_one_at_the_same_address_only() {
    let headers = stored_headers();
    let endpoint = draft().parse().unwrap().endpoint;
    let stored = Stored { endpoint: Some(&endpoint), headers: &headers };
    let change = |url: &str| DraftChange {
        url: Some(url.into()),
        headers: Some(vec![header(1, "AUTHORIZATION", None), header(2, "X-Tenant", Some("test"))]),
        ..DraftChange::default()
    };
    let kept = change("https://hooks.example.com:443/other?x=1").parse(&stored).unwrap().headers.unwrap();
    assert_eq!(kept[0].value.secret().expose(), "Bearer abc");
    assert_eq!(kept[0].name.as_str(), "AUTHORIZATION");
    assert_eq!(kept[1].value.secret().expose(), "test");
    for url in ["https://other.example.com/crm", "http://hooks.example.com/crm", "https://hooks.example.com:8443/crm"] {
        let Invalid(errors) = change(url).parse(&stored).unwrap_err();
        assert_eq!(errors, [(Field::HeaderValue(1), HOST_CHANGED.to_owned())], "{url}");
        let test = TestDraft {
            url: url.into(),
            headers: vec![header(1, "Authorization", None)],
            signing: DraftSigning::default(),
            event_type: None,
        };
        assert_eq!(test.parse(&stored).unwrap_err().0, [(Field::HeaderValue(1), HOST_CHANGED.to_owned())]);
        let silent = DraftChange { url: Some(url.into()), ..DraftChange::default() };
        assert_eq!(silent.parse(&stored).unwrap_err().0, [(Field::Headers, HOST_CHANGED.to_owned())]);
    }
}

#[test]
fn a_header_that_nothing_is_stored_for_needs_a_value() {
    let headers = stored_headers();
    let endpoint = draft().parse().unwrap().endpoint;
    let stored = Stored { endpoint: Some(&endpoint), headers: &headers };
    let change = DraftChange { headers: Some(vec![header(1, "X-New", None)]), ..DraftChange::default() };
    assert_eq!(change.parse(&stored).unwrap_err().0, [(Field::HeaderValue(1), "Enter a value for X-New.".to_owned())]);
}

#[test]
fn what_is_not_mentioned_stays() {
    assert_eq!(DraftChange::default().parse(&Stored::NOTHING), Ok(WebhookChange::default()));
}

#[test]
fn a_test_needs_an_address_only() {
    let target = TestDraft { url: "https://hooks.example.com/".into(), ..TestDraft::default() };
    assert!(target.parse(&Stored::NOTHING).is_ok());
}
