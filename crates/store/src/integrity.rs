//! One question that finds out whether the books and the network agree: money, addresses, slots, grants, and that
//! nothing that was announced is forgotten.

use sea_orm::{ConnectionTrait, Statement};

use crate::{Db, Result};

/// A rule, and how many rows break it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What must never be, in plain words.
    pub rule: String,
    /// How many there are.
    pub broken: i64,
}

/// Written for MariaDB, MySQL and SQLite alike. Device numbers begin at 2, so that many are in use or free as the
/// high-water mark less one says.
const QUESTION: &str = "
SELECT 'an address is lost or counted twice' AS rule, ABS(
    (SELECT COUNT(*) FROM wireguard_peers) + (SELECT COUNT(*) FROM freed_addresses)
    - (SELECT high_water - 1 FROM pool_state WHERE id = 1)) AS broken
UNION ALL SELECT 'an address is in use and free at once', COUNT(*)
    FROM wireguard_peers p JOIN freed_addresses f ON f.address = p.address
UNION ALL SELECT 'an address was never given out', COUNT(*)
    FROM wireguard_peers p WHERE p.address > (SELECT high_water FROM pool_state WHERE id = 1)
UNION ALL SELECT 'a device is beyond fair use', COUNT(*) FROM wireguard_peers p WHERE p.slot < 0 OR p.slot >= 50
UNION ALL SELECT 'a server''s number of devices is wrong', COUNT(*)
    FROM vps_servers v WHERE v.peers <> (SELECT COUNT(*) FROM wireguard_peers p WHERE p.server_id = v.id)
UNION ALL SELECT 'a device hangs on another customer''s subscription', COUNT(*)
    FROM wireguard_peers p JOIN subscriptions s ON s.id = p.subscription_id WHERE s.user_id <> p.user_id
UNION ALL SELECT 'an invoice hangs on another customer''s subscription', COUNT(*)
    FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE s.user_id <> i.user_id
UNION ALL SELECT 'a subscription is served without a paid invoice', COUNT(*)
    FROM subscriptions s WHERE s.status IN ('active', 'past_due')
    AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.subscription_id = s.id AND i.status = 'paid')
UNION ALL SELECT 'a customer''s credit is below zero', COUNT(*) FROM (
    SELECT user_id FROM credit_ledger GROUP BY user_id, currency HAVING SUM(amount) < 0) below
UNION ALL SELECT 'more was refunded than was paid', COUNT(*) FROM invoices i WHERE i.amount_refunded > i.amount_paid
UNION ALL SELECT 'a subscription rests without an open dispute, or the reverse', COUNT(*)
    FROM subscriptions s WHERE s.status <> 'ended' AND s.held <> (
        CASE WHEN EXISTS (SELECT 1 FROM invoices i WHERE i.subscription_id = s.id AND i.dispute = 'open')
        THEN 1 ELSE 0 END)
UNION ALL SELECT 'a deleted account has a running subscription', COUNT(*)
    FROM subscriptions s JOIN users u ON u.id = s.user_id WHERE u.deleted_at IS NOT NULL AND s.status <> 'ended'
UNION ALL SELECT 'a deleted account has a device', COUNT(*)
    FROM wireguard_peers p JOIN users u ON u.id = p.user_id WHERE u.deleted_at IS NOT NULL
UNION ALL SELECT 'an event waits and nobody will apply it', COUNT(*)
    FROM stripe_events e WHERE e.applied_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM jobs j WHERE j.kind = 'stripe_event_apply' AND INSTR(j.payload, e.id) > 0)
UNION ALL SELECT 'a mail waits and nobody will send it', COUNT(*)
    FROM outbox o WHERE o.sent_at IS NULL AND o.sealed IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM jobs j WHERE j.kind = 'mail_send' AND INSTR(UPPER(REPLACE(j.payload, '-', '')), HEX(o.id)) > 0)";

/// Every rule with its count, in one reading of the database.
pub async fn check(db: &impl Db) -> Result<Vec<Finding>> {
    let backend = db.conn().get_database_backend();
    let rows = db.conn().query_all_raw(Statement::from_string(backend, QUESTION)).await?;
    let finding =
        |row: sea_orm::QueryResult| Ok(Finding { rule: row.try_get_by_index(0)?, broken: row.try_get_by_index(1)? });
    rows.into_iter().map(finding).collect()
}
