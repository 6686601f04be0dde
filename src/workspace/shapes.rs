//! What is sent by many calls of the workspace, described.

use utoipa::ToSchema;

/// One line, with something visible in it. White space around it is left out.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 200,
    pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct Line(String);

/// One line. White space around it is left out.
#[derive(ToSchema)]
#[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct OptionalLine(String);

/// Lines without control characters. White space around them is left out.
#[derive(ToSchema)]
#[schema(max_length = 10000, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct Description(String);
