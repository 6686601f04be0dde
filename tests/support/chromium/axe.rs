//! Accessibility as axe-core sees it.

use serde::Deserialize;
use serde_json::Value;

use super::Browser;

const AXE: &str = include_str!("../../vendor/axe/axe.min.js");

/// One thing axe-core found wrong on a page.
#[derive(Debug, Deserialize)]
pub struct Violation {
    /// axe's name of the rule, such as `label`.
    pub id: String,
    pub help: String,
    pub nodes: Vec<ViolationNode>,
}

/// An element that breaks a rule.
#[derive(Debug, Deserialize)]
pub struct ViolationNode {
    /// Selectors that lead to it: one, or several through frames and shadow roots.
    pub target: Vec<Value>,
    #[serde(rename = "failureSummary", default)]
    pub summary: String,
}

impl Browser {
    /// What axe-core finds wrong on the page as it is now. The script comes in through the driver, which the page's
    /// Content-Security-Policy does not bind. Needs JavaScript.
    pub async fn violations(&self) -> Vec<Violation> {
        let is_loaded = self.client.execute("return typeof axe == 'object'", vec![]).await.expect("an answer");
        if is_loaded != Value::Bool(true) {
            self.client.execute(AXE, vec![]).await.expect("axe-core loads");
        }
        let found = self
            .client
            .execute_async(
                "const [done] = arguments; \
                 axe.run(document, {resultTypes: ['violations']}) \
                    .then(r => done({violations: r.violations}), e => done({error: String(e)}));",
                vec![],
            )
            .await
            .expect("axe-core runs");
        if let Some(error) = found.get("error") {
            panic!("axe-core failed: {error}");
        }
        Vec::<Violation>::deserialize(&found["violations"]).expect("axe-core's shape of a violation")
    }

    /// Fails the test with every finding of axe-core; `page` is how the failure calls the page.
    pub async fn is_accessible(&self, page: &str) {
        let violations = self.violations().await;
        let lines: Vec<String> = violations
            .iter()
            .flat_map(|violation| {
                violation.nodes.iter().map(move |node| {
                    format!("{}: {} at {:?}\n{}", violation.id, violation.help, node.target, node.summary)
                })
            })
            .collect();
        assert!(lines.is_empty(), "axe-core on {page}:\n{}", lines.join("\n"));
    }
}
