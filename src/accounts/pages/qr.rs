//! A QR code as one path of an inline SVG: no picture is loaded, and no script runs.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

use crate::web::Error;

/// Modules of white around a code, as ISO 18004 asks for.
const QUIET: i32 = 4;

/// What stands in the SVG.
pub struct Picture {
    /// Width and height of the view box.
    pub side: i32,
    /// The dark modules: a horizontal bar for each run of them.
    pub path: String,
}

impl Picture {
    pub fn of(text: &str) -> Result<Self, Error> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|error| Error::internal(error.to_string()))?;
        let mut path = String::new();
        for y in 0..code.size() {
            let mut x = 0;
            while x < code.size() {
                let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count() as i32;
                if run > 0 {
                    // Writing into a String cannot fail.
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
                }
                x += run.max(1);
            }
        }
        Ok(Self { side: code.size() + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_as_large_as_it_must_be_and_has_its_finder_patterns() {
        let picture = Picture::of(&"x".repeat(130)).unwrap();
        assert_eq!((picture.side - 2 * QUIET - 17) % 4, 0, "a size of QR codes");
        assert!(picture.path.starts_with("M4 4h7v1h-7z"), "the upper left corner");
        let lower = picture.side - QUIET - 1;
        assert!(picture.path.contains(&format!("M4 {lower}h7v1h-7z")), "the lower left corner");
        assert!(Picture::of(&"x".repeat(5_000)).is_err());
    }
}
