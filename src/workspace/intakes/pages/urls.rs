//! The addresses of intakes.

use crate::base::IntakeId;

pub const LIST: &str = "/intakes";
pub const NEW: &str = "/intakes/new";

macro_rules! addresses {
    ($($name:ident $end:literal)*) => {$(
        pub fn $name(id: &IntakeId) -> String {
            format!(concat!("/intakes/{}", $end), id)
        }
    )*};
}

addresses! {
    show ""
    edit "/edit"
    accept "/accept"
    decline "/decline"
    reopen "/reopen"
    convert "/convert"
}
