//! The databases that tests get: without them, green storage tests would prove nothing.

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection, Row};

use crate::support::{Engine, TestDatabase};

#[tokio::test]
async fn each_engine_gives_an_empty_database_that_compares_text_by_its_bytes() {
    install_default_drivers();
    for engine in Engine::ALL {
        let database = TestDatabase::fresh(engine);
        if engine == Engine::Sqlite {
            std::fs::write(database.path("herald.db"), "").expect("a file");
        }
        let mut connection = AnyConnection::connect(database.url()).await.expect("a connection");
        let row = sqlx::query("SELECT CASE WHEN 'Z' < 'a' THEN 1 ELSE 0 END AS bytes")
            .fetch_one(&mut connection)
            .await
            .expect("an answer");
        let bytes: i32 =
            row.try_get("bytes").or_else(|_| row.try_get::<i64, _>("bytes").map(|n| n as i32)).expect("a number");
        assert_eq!(bytes, 1, "{engine:?} compares by a language's rules");
    }
}

#[tokio::test]
async fn a_postgres_database_is_gone_after_its_test() {
    install_default_drivers();
    let database = TestDatabase::fresh(Engine::Postgres);
    let url = database.url().to_owned();
    AnyConnection::connect(&url).await.expect("it is there").close().await.expect("it closes");
    drop(database);
    assert!(AnyConnection::connect(&url).await.is_err(), "{url} is still there");
}
