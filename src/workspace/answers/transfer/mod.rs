//! The answer library as a CSV file: imports, which go on in the background, and exports.
//!
//! An uploaded file is read row by row as it comes in, and its pairs are staged in `import_rows`; nothing of the library changes. Somebody
//! looks at what was found and starts the import. From then on each thousand pairs, their event and the import's own progress
//! are one transaction (`actions::step`), which `runner` repeats until nothing is left, after a restart, too.

pub mod actions;
pub mod model;
pub mod pages;
pub mod runner;
pub mod store;
