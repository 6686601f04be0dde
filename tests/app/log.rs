//! The log: what its queries answer on both engines, and its pages.

mod pages;
mod store;
