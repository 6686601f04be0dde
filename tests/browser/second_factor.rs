//! Two-step sign-in, as somebody lives it: turned on with an app, asked for, and a recovery code for the day without the phone.

use std::sync::Arc;
use std::time::Duration;

use herald::auth::totp;
use herald::base::{Clock as _, ManualClock, Secret, SystemClock};

use crate::support::app::{PASSWORD, Setting, TestApp};
use crate::support::chromium::{Browser, BrowserOptions};

#[tokio::test]
async fn somebody_turns_two_step_sign_in_on_and_signs_in_with_it() {
    unfolds(BrowserOptions::default(), true).await;
}

#[tokio::test]
async fn the_same_without_javascript() {
    unfolds(BrowserOptions::default().without_javascript(), false).await;
}

async fn unfolds(options: BrowserOptions, has_script: bool) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let browser = Browser::start(options).await;
    browser.signs_in(&app.url("/login"), &app.admin.email, PASSWORD).await;
    browser.open(&app.url("/profile")).await;
    browser.follow("Set up").await;
    browser.fill("Your password", PASSWORD).await;
    browser.press("Set up").await;
    browser.wait_for("svg.qr").await;
    if has_script {
        // axe-core is a script itself.
        browser.is_accessible("the QR code").await;
    }
    let key = browser.wait_for("#totp-key").await.text().await.expect("a text");
    let key = Secret::new(key.replace(' ', ""));
    let code = || totp::code_at(&key, clock.now()).expect("a key");
    browser.fill("Code", code().expose()).await;
    browser.press("Turn on").await;
    browser.wait_for_text("h1", "Two-step sign-in is on").await;
    let codes = browser.wait_for("#recovery-codes").await.text().await.expect("a text");
    let codes: Vec<_> = codes.split_whitespace().map(ToOwned::to_owned).collect();
    assert_eq!(codes.len(), 10);
    browser.follow("I have kept them").await;

    leaves(&browser).await;
    shows_the_password(&app, &browser).await;
    // Each code works once; the app shows the next one soon.
    clock.advance(Duration::from_secs(30));
    browser.fill("Code", code().expose()).await;
    browser.press("Sign in").await;
    browser.wait_for(".sidebar").await;

    leaves(&browser).await;
    shows_the_password(&app, &browser).await;
    browser.follow("Use a recovery code").await;
    browser.fill("Recovery code", &codes[0]).await;
    browser.press("Sign in").await;
    browser.wait_for(".sidebar").await;
    browser.wait_for_text("#toasts", "You used a recovery code").await;
    browser.open(&app.url("/profile/second-factor")).await;
    browser.wait_for_text("main", "9 recovery codes are left").await;
    app.stop().await;
}

async fn leaves(browser: &Browser) {
    browser.wait_for("button.switcher").await.click().await.expect("the menu opens");
    browser.press("Sign out").await;
    browser.wait_for_text("h1", "Sign in").await;
}

async fn shows_the_password(app: &TestApp, browser: &Browser) {
    browser.open(&app.url("/login")).await;
    browser.fill("Email", &app.admin.email).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.wait_for_text("h1", "Enter your code").await;
}
