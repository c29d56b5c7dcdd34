//! The private MariaDB itself: a database per test, real locking, stop and start.

use sqlx::{Connection as _, Executor as _, MySqlConnection, Row as _};
use testkit::mariadb::MariaDb;

#[tokio::test]
async fn mariadb_gives_each_test_its_own_empty_database() {
    let Some(server) = MariaDb::shared().await.unwrap() else { return };
    let (first, second) = (server.fresh_database().await.unwrap(), server.fresh_database().await.unwrap());
    assert_ne!(first, second);

    let mut connection = MySqlConnection::connect(&first).await.unwrap();
    connection.execute("CREATE TABLE note (text VARCHAR(40))").await.unwrap();
    connection.execute("INSERT INTO note VALUES ('未来 🚀')").await.unwrap();
    let row = connection.fetch_one("SELECT text FROM note").await.unwrap();
    assert_eq!(row.get::<String, _>(0), "未来 🚀");

    let mut other = MySqlConnection::connect(&second).await.unwrap();
    let tables = other.fetch_all("SHOW TABLES").await.unwrap();
    assert!(tables.is_empty());
    let engine = other.fetch_one("SELECT @@default_storage_engine, @@tx_isolation").await.unwrap();
    assert_eq!(engine.get::<String, _>(0), "InnoDB");
    assert_eq!(engine.get::<String, _>(1), "REPEATABLE-READ");
}

#[tokio::test]
async fn mariadb_comes_back_on_the_same_address_with_its_data() {
    let Some(server) = MariaDb::start().await.unwrap() else { return };
    let url = server.fresh_database().await.unwrap();
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    connection.execute("CREATE TABLE note (id INT PRIMARY KEY)").await.unwrap();
    connection.execute("INSERT INTO note VALUES (7)").await.unwrap();

    server.stop_server().await.unwrap();
    assert!(MySqlConnection::connect(&url).await.is_err(), "nobody answers while the server is stopped");
    assert!(server.stop_server().await.is_err());

    server.start_server().await.unwrap();
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let row = connection.fetch_one("SELECT id FROM note").await.unwrap();
    assert_eq!(row.get::<i32, _>(0), 7);
}
