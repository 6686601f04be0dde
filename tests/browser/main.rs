//! Tests in a real Chromium: few and whole journeys, with and without JavaScript, checked by axe-core.

#[expect(dead_code, reason = "the support code serves two test binaries, and each uses a part of it")]
#[path = "../support/mod.rs"]
mod support;

mod api_docs;
mod demo;
mod doctor;
mod injection;
mod life;
mod log;
mod members;
mod pages;
mod replay;
mod response;
mod scene;
mod second_factor;
mod story;
mod tools;
mod workspace;
