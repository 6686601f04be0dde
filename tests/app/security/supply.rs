//! What the program is made of: no unsafe code of ours, and nothing that nobody looked at.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn there_is_no_unsafe_code() {
    assert!(read("Cargo.toml").contains("[lints.rust]\nunsafe_code = \"forbid\""));
    for file in ["src/lib.rs", "src/main.rs"] {
        assert!(read(file).contains("#![forbid(unsafe_code)]"), "{file}");
    }
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz/fuzz_targets"] {
        rust_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 300);
    // The words in which it would stand, put together so that this file does not have them.
    let words = ["{", "fn", "impl", "trait", "extern"].map(|next| format!("{} {next}", ["un", "safe"].concat()));
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a text");
        for word in &words {
            assert!(!text.contains(word.as_str()), "{word} in {}", file.display());
        }
        assert!(!text.contains(&["allow(", "unsafe_code"].concat()), "{}", file.display());
    }
}

#[test]
fn every_dependency_comes_from_the_registry_with_its_digest() {
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let text = read(lock);
        let packages: Vec<&str> = text.split("[[package]]").skip(1).collect();
        assert!(packages.len() > 200, "{lock}");
        for package in packages {
            let is_ours = package.contains("name = \"herald\"") || package.contains("name = \"herald-fuzz\"");
            let is_pinned = package.contains("source = \"registry+https://github.com/rust-lang/crates.io-index\"")
                && package.contains("checksum = \"");
            assert!(is_ours || is_pinned, "{lock}: {package}");
        }
    }
}

#[test]
fn licences_sources_and_advisories_are_looked_at() {
    let deny = read("deny.toml");
    for part in
        ["[advisories]", "[licenses]", "[bans]", "[sources]", "unknown-registry = \"deny\"", "unknown-git = \"deny\""]
    {
        assert!(deny.contains(part), "{part}");
    }
    let script = read("bin/test");
    assert!(script.contains("check bans licenses sources") && script.contains("check advisories"));
}
