//! Programs that receive and check callbacks, one for each language. They are whole files that run as they stand; for a
//! webhook they are shown with its path and the names of its own headers.

use crate::webhooks::model::Webhook;

/// The path in the files as they stand.
const PATH: &str = "/webhooks/herald";

/// A program in one language.
pub(super) struct Receiver {
    /// `python`: part of the ids on the page.
    pub name: &'static str,
    pub language: &'static str,
    pub file: &'static str,
    /// What it runs on.
    pub needs: &'static str,
    /// The command that starts it.
    pub start: &'static str,
    /// What a line of comment begins with.
    comment: &'static str,
    source: &'static str,
}

/// In the order of the page.
pub(super) const ALL: [Receiver; 9] = [
    Receiver {
        name: "python",
        language: "Python",
        file: "receiver.py",
        needs: "Python 3.9 or later, with its standard library alone; the package cryptography for a public key",
        start: "python3 receiver.py",
        comment: "#",
        source: include_str!("receivers/receiver.py"),
    },
    Receiver {
        name: "javascript",
        language: "JavaScript",
        file: "receiver.mjs",
        needs: "Node.js 18 or later, without packages",
        start: "node receiver.mjs",
        comment: "//",
        source: include_str!("receivers/receiver.mjs"),
    },
    Receiver {
        name: "typescript",
        language: "TypeScript",
        file: "receiver.ts",
        needs: "Node.js 22.18 or later, with @types/node to check it",
        start: "node receiver.ts",
        comment: "//",
        source: include_str!("receivers/receiver.ts"),
    },
    Receiver {
        name: "go",
        language: "Go",
        file: "receiver.go",
        needs: "Go 1.19 or later, with its standard library alone",
        start: "go run receiver.go",
        comment: "//",
        source: include_str!("receivers/receiver.go"),
    },
    Receiver {
        name: "java",
        language: "Java",
        file: "Receiver.java",
        needs: "Java 11 or later, 15 for a public key, without libraries",
        start: "java Receiver.java",
        comment: "//",
        source: include_str!("receivers/Receiver.java"),
    },
    Receiver {
        name: "csharp",
        language: "C#",
        file: "Program.cs",
        needs: ".NET 8 or later: dotnet new web, dotnet add package NSec.Cryptography, and this in the place of its Program.cs",
        start: "dotnet run",
        comment: "//",
        source: include_str!("receivers/Program.cs"),
    },
    Receiver {
        name: "php",
        language: "PHP",
        file: "receiver.php",
        needs: "PHP 8.0 or later",
        start: "php -S 127.0.0.1:8000 receiver.php",
        comment: "//",
        source: include_str!("receivers/receiver.php"),
    },
    Receiver {
        name: "ruby",
        language: "Ruby",
        file: "config.ru",
        needs: "Ruby 3.0 or later, 3.1 for a public key, with the gems rack, rackup and puma",
        start: "rackup --port 8000",
        comment: "#",
        source: include_str!("receivers/config.ru"),
    },
    Receiver {
        name: "rust",
        language: "Rust",
        file: "src/main.rs",
        needs: "the crates actix-web 4, aws-lc-rs 1, base64 0.22, hmac 0.13, serde_json 1 and sha2 0.11",
        start: "cargo run",
        comment: "//",
        source: include_str!("receivers/receiver.rs"),
    },
];

impl Receiver {
    /// The program for `webhook`, or as it stands.
    pub fn program(&self, webhook: Option<&Webhook>) -> String {
        let Some(webhook) = webhook else { return self.source.to_owned() };
        let source = self.source.replace(PATH, &self.quoted(webhook.endpoint.url().path()));
        if webhook.header_names.is_empty() {
            return source;
        }
        let names: Vec<&str> = webhook.header_names.iter().map(|name| name.as_str()).collect();
        let headers =
            format!("{} These headers of your own come with every message: {}.", self.comment, names.join(", "));
        // The first line says what the program is.
        let (title, rest) = source.split_once('\n').unwrap_or((&source, ""));
        format!("{title}\n{headers}\n{rest}")
    }

    /// A path as it stands between the quotes of a text in this language. A URL's path has neither a double quote nor a
    /// backslash in it, and PHP's are the only quotes here that are single ones.
    fn quoted(&self, path: &str) -> String {
        if self.name == "php" { path.replace('\'', "\\'") } else { path.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_a_path_to_fill_in_and_a_title() {
        for receiver in ALL {
            assert_eq!(receiver.source.matches(PATH).count(), 1, "{}", receiver.language);
            let title = receiver.source.lines().next().unwrap();
            assert!(title.contains("Receives Herald's callbacks. WEBHOOK_SECRET is"), "{}: {title}", receiver.language);
        }
    }

    #[test]
    fn no_path_ends_the_text_that_it_stands_in() {
        for receiver in ALL {
            let line = receiver.source.lines().find(|line| line.contains(PATH)).unwrap();
            let quote = if receiver.name == "php" { '\'' } else { '"' };
            assert!(line.contains(&format!("{quote}{PATH}{quote}")), "{}: {line}", receiver.language);
            let quoted = receiver.quoted("/crm's/$x");
            assert_eq!(quoted, if receiver.name == "php" { "/crm\\'s/$x" } else { "/crm's/$x" });
        }
    }
}
