//! The tables of `auth`, a file each.

pub mod api_keys;
pub mod audit;
pub mod links;
pub mod invitations;
pub mod mail_choices;
pub mod members;
pub mod organizations;
pub mod second_factors;
pub mod sessions;
pub mod users;
