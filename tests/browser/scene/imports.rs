//! Files on their way into the scene's answer library: one that was only looked at, one that is being imported, one that is
//! done.

use herald::base::ImportId;
use herald::db::Db;

use super::{MEMBER, Scene};
use crate::support::app::{Visitor, eventually};

const LOOKED_AT: &str = "question,answer,tags,owner,reviewed
How are backups tested?,\"Every month, by restoring one of each kind.\",operations,Ingrid Solberg,2026-03-01
Do you have a bug bounty programme?,,security,,
Which languages does your support speak?,\"English, German and Portuguese.\",support,Tomás Ferreira,2026-05-12
,Yes.,,,
Where are your offices?,\"Oslo, Porto and Leeds.\",company,,
";

const DONE: &str = "question,answer,tags,owner
How many people work for you?,\"212, of whom 94 are engineers.\",company,Marcus Webb
Who is your data protection officer?,\"Ingrid Solberg, dpo@halden.example.\",\"company, data protection\",Ingrid Solberg
";

impl Scene {
    pub(super) async fn imports_answers(&mut self) {
        let (admin, member) = (self.app.admin().await, self.app.signed_in(MEMBER).await);
        let found = uploads(&member, "supplier answers.csv", LOOKED_AT).await;
        self.names("import-found", &found);
        let finished = uploads(&admin, "company facts.csv", DONE).await;
        admin.posts(&format!("{finished}/start"), &[]).await;
        eventually("the import is finished", &mut || async {
            admin.reads(&finished).await.contains("Finished").then_some(())
        })
        .await;
        self.names("import-finished", &finished);
        let running = uploads(&admin, "library 2025.csv", DONE).await;
        self.names("import-running", &running);
        stays_on_its_way(&self.app.running().db, &self.names["import-running"]).await;
    }
}

/// Makes an import one of many pairs that is half done, and stays so: what is next in it cannot be read.
async fn stays_on_its_way(db: &Db, id: &str) {
    let id: ImportId = id.parse().expect("an id");
    let mut tx = db.begin().await.expect("the database takes a transaction");
    for text in [
        "UPDATE import_rows SET number = 3001, tags = 'cannot be read' WHERE import_id = $1 AND number = 1",
        "UPDATE imports SET state = 'running', total = 4960, done = 3000 WHERE id = $1",
    ] {
        sqlx::query(text).bind(&id).execute(&mut *tx).await.expect("a change");
    }
    tx.commit().await.expect("a commit");
}

/// Uploads a file, and gives the address of what was found in it.
async fn uploads(visitor: &Visitor, name: &str, file: &str) -> String {
    let answer = visitor.uploads("/answers/import", name, file).await;
    assert_eq!(answer.status(), 303, "{name}");
    answer.headers()["location"].to_str().expect("an address").to_owned()
}
