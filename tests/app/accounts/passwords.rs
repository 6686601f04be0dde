//! Which passwords are taken, wherever somebody sets one; and what many sign-ins at once cost.

use std::collections::HashSet;

use herald::base::{Secret, SystemRng};

use super::{texts, value};
use crate::support::app::{PASSWORD, Setting, spawn_app};

/// What is refused for Ada of Halden Systems, and what the refusal says.
const REFUSED: &[(&str, &str)] = &[
    ("eleven char", "at least 12"),
    ("Password1234", "common ones"),
    ("abcabcabcabcabc", "common ones"),
    ("Halden Systems 1", "more than a name"),
    ("ada@halden.example", "more than a name"),
    ("herald herald", "more than a name"),
];

#[tokio::test]
async fn one_rule_holds_at_setup_and_on_the_profile() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    let long = "x y".repeat(43);
    for (password, says) in REFUSED.iter().copied().chain([(long.as_str(), "up to 128")]) {
        let fields = [("current_password", PASSWORD), ("new_password", password), ("repeat_password", password)];
        let answer = admin.posts("/profile/password", &fields).await;
        assert_eq!(answer.status(), 422, "{password}");
        let html = answer.text().await.unwrap();
        assert!(texts(&html, "#new_password-error")[0].contains(says), "{password}");
        assert_eq!(value(&html, "new_password"), "", "it is not sent back");
    }
    app.stop().await;

    let app = Setting { without_users: true, ..Setting::default() }.spawn().await;
    let code = app.running().setup_code.expose().to_owned();
    for (password, says) in REFUSED {
        let fields = [
            ("code", code.as_str()),
            ("organization_name", "Halden Systems"),
            ("time_zone", "UTC"),
            ("email", "ada@halden.example"),
            ("password", password),
        ];
        let answer = app.visitor().posts("/setup", &fields).await;
        assert_eq!(answer.status(), 422, "{password}");
        assert!(texts(&answer.text().await.unwrap(), "#password-error")[0].contains(says), "{password}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_password_is_the_same_on_every_keyboard() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    let (composed, decomposed) = ("caf\u{e9} au lait \u{e0} midi", "cafe\u{301} au lait a\u{300} midi");
    let fields = [("current_password", PASSWORD), ("new_password", composed), ("repeat_password", composed)];
    assert_eq!(admin.posts("/profile/password", &fields).await.status(), 303);
    let fields = [("email", "ada@halden.example"), ("password", decomposed)];
    assert_eq!(app.visitor().posts("/login", &fields).await.status(), 303);
    app.stop().await;
}

#[tokio::test]
async fn known_and_unknown_addresses_cost_the_same_hashes() {
    let app = spawn_app().await;
    let hasher = app.running().context.hasher.clone();
    let long = format!("{}@halden.example", "x".repeat(300));
    for email in ["ada@halden.example", "nobody@halden.example", "", "no address", &long] {
        let before = hasher.made();
        let answer = app.visitor().posts("/login", &[("email", email), ("password", "not the password")]).await;
        assert_eq!((answer.status().as_u16(), hasher.made() - before), (422, 1), "{email}");
    }
    let before = hasher.made();
    app.visitor().posts("/login", &[("email", "ada@halden.example"), ("password", PASSWORD)]).await;
    assert_eq!(hasher.made() - before, 1, "as many for the right one");
    app.stop().await;
}

#[tokio::test]
async fn of_too_many_sign_ins_at_once_some_are_told_to_come_back() {
    let app = Setting::default().with("HERALD_SIGN_IN_RATE", "100000/m").spawn().await;
    let visitor = app.visitor();
    let tries = (0..200).map(|_| async {
        let answer = visitor.posts("/login", &[("email", "ada@halden.example"), ("password", PASSWORD)]).await;
        (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
    });
    let answers: HashSet<_> = futures_util::future::join_all(tries).await.into_iter().collect();
    assert!(answers.contains(&(303, false)), "{answers:?}");
    assert!(answers.is_subset(&HashSet::from([(303, false), (503, true)])), "{answers:?}");
    // Whatever became of them, nobody waits any more.
    let fields = [("email", "ada@halden.example"), ("password", PASSWORD)];
    assert_eq!(app.visitor().posts("/login", &fields).await.status(), 303);
    app.stop().await;
}

#[tokio::test]
async fn a_generated_password_passes_the_rule() {
    use herald::auth::passwords::{Names, check, generate};
    for _ in 0..100 {
        assert_eq!(check(&generate(&SystemRng), &Names::default()), Ok(()));
    }
    assert!(check(&Secret::new("a".repeat(12)), &Names::default()).is_err());
}
