//! Somebody comes and goes: invited by an admin, in with a browser of their own, given another role, and out.

use crate::support::app::{PASSWORD, spawn_app};
use crate::support::chromium::{Browser, BrowserOptions};

#[tokio::test]
async fn somebody_is_invited_joins_is_given_a_role_and_is_out() {
    tell(BrowserOptions::default()).await;
}

#[tokio::test]
async fn somebody_comes_and_goes_without_javascript() {
    tell(BrowserOptions::default().without_javascript()).await;
}

async fn tell(options: BrowserOptions) {
    let app = spawn_app().await;
    let admin = Browser::start(options).await;
    admin.signs_in(&app.url("/login"), &app.admin.email, PASSWORD).await;
    admin.follow("Members & roles").await;
    admin.follow("Invite member").await;
    admin.fill("Email", "lena@halden.example").await;
    admin.press("Invite").await;
    admin.wait_for_text("h1", "lena@halden.example is invited").await;
    let link = admin.value("#invitation-link").await;
    admin.follow("Done").await;
    admin.wait_for_text("tbody", "Invited").await;

    let lena = Browser::start(options).await;
    lena.open(&link).await;
    lena.wait_for_text("h1", "Join Halden Systems").await;
    lena.fill("Name", "Lena Kowalska").await;
    lena.fill("Password", "four words in a row").await;
    lena.press("Join").await;
    lena.wait_for_text("#toasts", "Welcome to Halden Systems").await;
    lena.wait_for_text(".sidebar", "Member").await;

    admin.open(&app.url("/settings/members")).await;
    admin.follow("Edit Lena Kowalska").await;
    admin.wait_for_text("h1", "Lena Kowalska").await;
    admin.wait_for("#role option[value=moderator]").await.click().await.expect("an option to choose");
    admin.press("Save changes").await;
    admin.wait_for_text("#toasts", "Role changed").await;
    lena.open(&app.url("/projects")).await;
    lena.wait_for_text(".sidebar", "Moderator").await;

    admin.follow("Edit Lena Kowalska").await;
    admin.follow("Deactivate").await;
    let question = if options.javascript { "dialog" } else { "main" };
    admin.wait_for_text(question, "Deactivate Lena Kowalska?").await;
    admin.wait_for(&format!("{question} form button[type=submit]")).await.click().await.expect("the button to confirm");
    admin.wait_for_text("#toasts", "Member deactivated").await;
    admin.wait_for_text("tbody", "Deactivated").await;
    lena.open(&app.url("/projects")).await;
    lena.wait_for_text("h1", "Sign in to Herald").await;

    admin.follow("Audit log").await;
    admin.wait_for_text("tbody", "Deactivated lena@halden.example").await;
    admin.wait_for_text("tbody", "From → to: member → moderator").await;
    app.stop().await;
}
