//! Two people empty the same trash at the same time, each at a node of his own.

use std::collections::BTreeSet;

use sqlx::Row as _;

use super::{Cluster, stop, text};
use crate::support::app::Visitor;
use crate::support::many::{self, Size};
use crate::support::process::Server;

const PROJECTS: usize = 2_500;
const PAIRS: usize = 1_200;

/// An administrator in a browser at that node.
async fn signed_in(cluster: &Cluster, node: &Server, email: &str) -> Visitor {
    let organization = cluster.house.organization.to_string();
    let arguments = ["create-user", "--organization", &organization, "--email", email, "--role", "admin"];
    let user = cluster.home.admin(&arguments).await;
    let visitor = Visitor::at(&node.base);
    let answer = visitor.posts("/login", &[("email", email), ("password", &text(&user, "password"))]).await;
    assert_eq!(answer.status(), 303, "{email} can sign in");
    visitor
}

/// Puts so many projects and pairs into the trash.
async fn fill(cluster: &Cluster) {
    let house = &cluster.house;
    many::fill(&house.db, &house.organization, Size { pairs: PAIRS, projects: 0, intakes: 0 }).await;
    let mut tx = house.db.begin().await.expect("a transaction");
    let pairs = "UPDATE answers SET trashed_at = $1 + number, trashed_by = 'ada@example.com'";
    sqlx::query(pairs).bind(house.now()).execute(&mut *tx).await.expect("pairs");
    sqlx::query("UPDATE answer_tags SET trashed = 1").execute(&mut *tx).await.expect("their tags");
    let projects = "INSERT INTO projects (id, organization_id, name, status, trashed_at, trashed_by, version, created_by, created_at, \
                    updated_at, search) SELECT '5dd51ea63f3dad73ab' || lpad(n::text, 6, '0'), $1, 'Many', 'active', $2 + n, \
                    'ada@example.com', 2, 'ada', 1, 1, 'many' FROM generate_series(1, $3) n";
    let count = i64::try_from(PROJECTS).expect("a small number");
    sqlx::query(projects)
        .bind(&house.organization)
        .bind(house.now())
        .bind(count)
        .execute(&mut *tx)
        .await
        .expect("projects");
    tx.commit().await.expect("a commit");
}

/// Empties the trash, and gives how many things the page says are gone.
async fn empties(visitor: &Visitor) -> usize {
    let answer = visitor.posts("/trash/empty", &[("confirm", "empty trash")]).await;
    assert_eq!(answer.status(), 303);
    let page = visitor.reads("/trash").await;
    if page.contains("Nothing was in it.") {
        return 0;
    }
    let (before, _) = page.split_once(" items are gone.").expect("it says what went");
    before.rsplit('>').next().unwrap_or_default().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trash_that_two_nodes_empty_at_once_is_emptied_once() {
    let cluster = Cluster::prepare().await;
    fill(&cluster).await;
    let (first, second) = tokio::join!(cluster.home.serve(), cluster.home.serve());
    let ada = signed_in(&cluster, &first, "ada@example.com").await;
    let bob = signed_in(&cluster, &second, "bob@example.com").await;
    let (by_ada, by_bob) = tokio::join!(empties(&ada), empties(&bob));
    assert_eq!(by_ada + by_bob, PROJECTS + PAIRS, "each is told what went by his own hand");
    let mut conn = cluster.house.db.read().await.expect("a connection");
    let rows = sqlx::query("SELECT event_type, entity_ids, data FROM events ORDER BY seq").fetch_all(&mut *conn).await;
    let mut told = Vec::new();
    for row in rows.expect("the events") {
        let (kind, data): (String, String) = (row.get(0), row.get(2));
        assert_eq!((kind.as_str(), data.as_str()), ("PROJECT_DELETED", r#"{"PERMANENT":true}"#));
        let ids: Vec<String> = serde_json::from_str(row.get(1)).expect("a list");
        told.push(ids);
    }
    assert_eq!(told.iter().map(Vec::len).collect::<Vec<_>>(), [1_000, 1_000, 500]);
    let unique: BTreeSet<String> = told.into_iter().flatten().collect();
    assert_eq!(unique.len(), PROJECTS, "nothing is told twice, and nothing is lost");
    drop(conn);
    let left = "SELECT (SELECT COUNT(*) FROM projects) + (SELECT COUNT(*) FROM answers) + (SELECT COUNT(*) FROM answer_tags) + \
                (SELECT COUNT(*) FROM answer_history)";
    assert_eq!(cluster.house.number(left).await, 0);
    stop([first, second]).await;
}
