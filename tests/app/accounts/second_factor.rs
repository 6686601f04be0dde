//! The second step of sign-in: turned on, asked for, lost and turned off.

use std::sync::Arc;
use std::time::Duration;

use herald::auth::totp;
use herald::base::{Clock as _, ManualClock, Secret, SystemClock};
use reqwest::Response;

use super::{location, texts};
use crate::support::app::{PASSWORD, Setting, TestApp, Visitor, eventually};
use crate::support::programs::number;

const STEP: Duration = Duration::from_secs(30);

/// Ada, who turns it on.
struct Ada {
    app: TestApp,
    clock: Arc<ManualClock>,
    visitor: Visitor,
    key: Secret,
    codes: Vec<String>,
}

impl Ada {
    async fn with_second_factor() -> Self {
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
        let visitor = app.admin().await;
        let answer = visitor.posts("/profile/second-factor/begin", &[("password", PASSWORD)]).await;
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/profile/second-factor"));
        let html = visitor.reads("/profile/second-factor").await;
        let key = Secret::new(texts(&html, "#totp-key")[0].replace(' ', ""));
        let mut ada = Self { app, clock, visitor, key, codes: Vec::new() };
        let answer = ada.visitor.posts("/profile/second-factor/confirm", &[("code", &ada.code())]).await;
        assert_eq!(answer.status(), 200);
        ada.codes = codes_of(&answer.text().await.unwrap());
        ada.clock.advance(STEP);
        ada
    }

    /// What the app on the phone shows.
    fn code(&self) -> String {
        totp::code_at(&self.key, self.clock.now()).unwrap().expose().to_owned()
    }

    /// Somebody who has shown the right password.
    async fn after_the_password(&self) -> Visitor {
        let visitor = self.app.visitor();
        let fields = [("email", "ada@halden.example"), ("password", PASSWORD), ("next", "/events")];
        let answer = visitor.posts("/login", &fields).await;
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/login/code"));
        visitor
    }
}

fn codes_of(html: &str) -> Vec<String> {
    let text = texts(html, "#recovery-codes").concat();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect()
}

async fn tries(visitor: &Visitor, code: &str) -> Response {
    visitor.posts("/login/code", &[("code", code)]).await
}

#[tokio::test]
async fn it_is_turned_on_with_the_password_and_a_code_of_the_app() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let (here, elsewhere) = (app.admin().await, app.admin().await);
    assert!(texts(&here.reads("/profile").await, "[aria-labelledby=h-second]")[0].contains("Off"));
    for (password, says) in [("", "Enter your password."), ("not the password", "not your current password")] {
        let answer = here.posts("/profile/second-factor/begin", &[("password", password)]).await;
        assert_eq!(answer.status(), 422);
        assert!(texts(&answer.text().await.unwrap(), "#password-error")[0].contains(says));
    }
    assert!(texts(&here.reads("/profile/second-factor").await, "#totp-key").is_empty());
    here.posts("/profile/second-factor/begin", &[("password", PASSWORD)]).await;
    let html = here.reads("/profile/second-factor").await;
    let shown = texts(&html, "#totp-key")[0].clone();
    assert_eq!(shown.replace(' ', "").len(), 32);
    assert!(html.contains("<svg class=\"qr\"") && !html.contains("data:image"));
    let key = Secret::new(shown.replace(' ', ""));
    let stored = "SELECT COUNT(*) FROM second_factors WHERE secret LIKE 'v1.%' AND confirmed_at IS NULL";
    assert_eq!(number(&app.running().db, stored).await, 1, "sealed, and not asked for yet");
    assert_eq!(elsewhere.gets("/events").await.status(), 200);

    let answer = here.posts("/profile/second-factor/confirm", &[("code", "000")]).await;
    assert_eq!(answer.status(), 422);
    let html = answer.text().await.unwrap();
    assert_eq!((texts(&html, "#code-error").len(), texts(&html, "#totp-key")), (1, vec![shown]), "nothing is lost");
    let code = totp::code_at(&key, clock.now()).unwrap();
    let answer = here.posts("/profile/second-factor/confirm", &[("code", code.expose())]).await;
    assert_eq!(answer.status(), 200);
    let codes = codes_of(&answer.text().await.unwrap());
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 11), "{codes:?}");
    assert_eq!(elsewhere.gets("/events").await.status(), 303, "every other session ends");
    let html = here.reads("/profile/second-factor").await;
    assert!(texts(&html, "#totp-key").is_empty() && html.contains("10 recovery codes are left"));
    assert!(!codes.iter().any(|code| html.contains(code.as_str())), "they are shown once");
    assert!(texts(&here.reads("/profile").await, "[aria-labelledby=h-second]")[0].contains("On"));
    let again = here.posts("/profile/second-factor/begin", &[("password", PASSWORD)]).await;
    assert_eq!(again.status(), 409);
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.second_factor_enabled'";
    assert_eq!(number(&app.running().db, entries).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn a_key_that_nobody_confirmed_is_forgotten() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let admin = app.admin().await;
    admin.posts("/profile/second-factor/begin", &[("password", PASSWORD)]).await;
    assert_eq!(admin.posts("/profile/second-factor/cancel", &[]).await.status(), 303);
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM second_factors").await, 0);
    admin.posts("/profile/second-factor/begin", &[("password", PASSWORD)]).await;
    clock.advance(Duration::from_secs(30 * 60));
    assert!(texts(&admin.reads("/profile/second-factor").await, "#totp-key").is_empty());
    app.stop().await;
}

#[tokio::test]
async fn sign_in_asks_for_a_code_which_works_once() {
    let ada = Ada::with_second_factor().await;
    let visitor = ada.after_the_password().await;
    assert_eq!(visitor.gets("/events").await.status(), 303, "nobody is signed in yet");
    assert_eq!(location(&visitor.gets("/login").await), "", "the form, not the pages inside");
    let html = visitor.reads("/login/code").await;
    assert_eq!(super::attributes(&html, "#code", "autocomplete"), ["one-time-code"]);
    for wrong in ["", "000000x", "12345", "no code at all"] {
        let answer = tries(&visitor, wrong).await;
        assert_eq!(answer.status(), 422, "{wrong}");
        assert!(texts(&answer.text().await.unwrap(), "[role=alert]")[0].contains("wrong"));
    }
    let code = ada.code();
    let answer = tries(&visitor, &format!(" {} {} ", &code[..3], &code[3..])).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/events"), "where it was going");
    assert_eq!(visitor.gets("/events").await.status(), 200);

    let other = ada.after_the_password().await;
    assert_eq!(tries(&other, &code).await.status(), 422, "used");
    ada.clock.advance(STEP);
    assert_eq!(tries(&other, &ada.code()).await.status(), 303);
    let db = &ada.app.running().db;
    let signed_in = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.signed_in' AND details LIKE '%\"app\"%'";
    assert_eq!(number(db, signed_in).await, 2);
    eventually("the failures are written down", &mut async || {
        let failed =
            "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.sign_in_failed' AND details LIKE '%code%'";
        (number(db, failed).await == 5).then_some(())
    })
    .await;
    ada.app.stop().await;
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_however_it_is_typed() {
    let ada = Ada::with_second_factor().await;
    let visitor = ada.after_the_password().await;
    let html = visitor.reads("/login/code?with=recovery").await;
    assert_eq!(texts(&html, "label[for=code]"), ["Recovery code"]);
    let typed = format!(" {} ", ada.codes[3].to_uppercase().replace('-', " "));
    assert_eq!(tries(&visitor, &typed).await.status(), 303);
    let html = visitor.reads("/profile/second-factor").await;
    assert!(html.contains("9 recovery codes are left") && html.contains("You used a recovery code"));
    let visitor = ada.after_the_password().await;
    let fields = [("code", ada.codes[3].as_str()), ("with", "recovery")];
    let answer = visitor.posts("/login/code", &fields).await;
    assert_eq!(answer.status(), 422, "used");
    assert_eq!(texts(&answer.text().await.unwrap(), "label[for=code]"), ["Recovery code"]);
    assert_eq!(tries(&visitor, &ada.codes[4]).await.status(), 303);
    let used = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.recovery_code_used'";
    assert_eq!(number(&ada.app.running().db, used).await, 2);
    ada.app.stop().await;
}

#[tokio::test]
async fn the_second_step_belongs_to_one_browser_for_ten_minutes() {
    let ada = Ada::with_second_factor().await;
    let stranger = ada.app.visitor();
    assert_eq!(location(&stranger.gets("/login/code").await), "/login");
    assert_eq!(location(&tries(&stranger, &ada.code()).await), "/login", "whoever has not shown the password");
    let slow = ada.after_the_password().await;
    ada.clock.advance(Duration::from_secs(10 * 60));
    assert_eq!(location(&slow.gets("/login/code").await), "/login");
    assert_eq!(location(&tries(&slow, &ada.code()).await), "/login");

    // Another password ends what the old one began.
    let waiting = ada.after_the_password().await;
    let new = "another long password";
    let fields = [("current_password", PASSWORD), ("new_password", new), ("repeat_password", new)];
    assert_eq!(ada.visitor.posts("/profile/password", &fields).await.status(), 303);
    assert_eq!(location(&tries(&waiting, &ada.code()).await), "/login");
    ada.app.stop().await;
}

/// The form sent twice: the second time comes when all is done.
#[tokio::test]
async fn whoever_is_signed_in_already_stays_so() {
    let ada = Ada::with_second_factor().await;
    let visitor = ada.after_the_password().await;
    let code = ada.code();
    for expected in ["/events", "/login"] {
        assert_eq!(location(&tries(&visitor, &code).await), expected);
        assert_eq!(visitor.gets("/events").await.status(), 200);
    }
    ada.app.stop().await;
}

#[tokio::test]
async fn somebody_who_is_deactivated_between_the_steps_stays_outside() {
    let ada = Ada::with_second_factor().await;
    let waiting = ada.after_the_password().await;
    let mut tx = ada.app.running().db.begin().await.unwrap();
    sqlx::query("UPDATE users SET active = 0").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(location(&tries(&waiting, &ada.code()).await), "/login");
    assert_eq!(ada.visitor.gets("/events").await.status(), 303, "a session dies with its user at once");
    ada.app.stop().await;
}

#[tokio::test]
async fn codes_are_tried_slowly_and_nobody_is_locked_out_for_good() {
    let ada = Ada::with_second_factor().await;
    let visitor = ada.after_the_password().await;
    for _ in 0..10 {
        assert_eq!(tries(&visitor, "12345").await.status(), 422);
    }
    let answer = tries(&visitor, &ada.code()).await;
    assert_eq!(answer.status(), 429);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(texts(&answer.text().await.unwrap(), "[role=alert]")[0].contains("Too many tries"));
    ada.clock.advance(Duration::from_secs(wait));
    assert_eq!(tries(&visitor, &ada.code()).await.status(), 303);
    ada.app.stop().await;
}

#[tokio::test]
async fn codes_are_made_anew_and_it_is_turned_off_with_password_and_code() {
    let ada = Ada::with_second_factor().await;
    let (renew, remove) = ("/profile/second-factor/recovery-codes", "/profile/second-factor/remove");
    for path in [renew, remove] {
        for (password, code, field) in
            [("", "", "password"), (PASSWORD, "", "code"), ("wrong", "000000", "password"), (PASSWORD, "12345", "code")]
        {
            let answer = ada.visitor.posts(path, &[("password", password), ("code", code)]).await;
            assert_eq!(answer.status(), 422, "{path} {password} {code}");
            assert_eq!(texts(&answer.text().await.unwrap(), &format!("#{field}-error")).len(), 1);
        }
    }
    let answer = ada.visitor.posts(renew, &[("password", PASSWORD), ("code", &ada.code())]).await;
    assert_eq!(answer.status(), 200);
    let new = codes_of(&answer.text().await.unwrap());
    assert_eq!(new.len(), 10);
    let visitor = ada.after_the_password().await;
    assert_eq!(tries(&visitor, &ada.codes[0]).await.status(), 422, "an old one");
    assert_eq!(tries(&visitor, &new[0]).await.status(), 303);

    // A recovery code does as well, for whoever has lost the phone.
    let answer = ada.visitor.posts(remove, &[("password", PASSWORD), ("code", &new[1])]).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/profile"));
    assert_eq!(visitor.gets("/events").await.status(), 303, "every other session ends");
    assert_eq!(ada.visitor.gets("/events").await.status(), 200);
    assert_eq!(ada.app.admin().await.gets("/events").await.status(), 200, "the password is enough again");
    assert_eq!(number(&ada.app.running().db, "SELECT COUNT(*) FROM recovery_codes").await, 0);
    ada.app.stop().await;
}

#[tokio::test]
async fn a_code_that_two_use_at_once_lets_one_in() {
    let ada = Ada::with_second_factor().await;
    let visitors = [ada.after_the_password().await, ada.after_the_password().await, ada.after_the_password().await];
    let code = ada.code();
    let answers = futures_util::future::join_all(visitors.iter().map(|visitor| tries(visitor, &code))).await;
    let let_in = answers.iter().filter(|answer| answer.status() == 303).count();
    assert_eq!(let_in, 1);
    ada.app.stop().await;
}
