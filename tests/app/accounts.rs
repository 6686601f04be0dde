//! Accounts, through the door: the setup, signing in, who may, the settings, and the account managers' pages.

mod admin;
mod email;
mod audit;
mod members;
mod organizations;
mod own;
mod passwords;
mod reset;
mod second_factor;
mod sessions;
mod setup;
mod sign_in;

use reqwest::Response;
use scraper::{Html, Selector};

/// The texts of everything that `selector` finds.
fn texts(html: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

/// An attribute of everything that `selector` finds.
fn attributes(html: &str, selector: &str, name: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).filter_map(|element| element.attr(name).map(ToOwned::to_owned)).collect()
}

/// The value of the field with this name.
fn value(html: &str, name: &str) -> String {
    attributes(html, &format!("[name='{name}']"), "value").concat()
}

fn location(answer: &Response) -> &str {
    answer.headers().get("location").map_or("", |value| value.to_str().expect("an ASCII header"))
}
