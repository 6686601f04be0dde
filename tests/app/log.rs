//! The log: what its queries answer on both engines, its pages, and its part of the API.

mod api;
mod pages;
mod store;
