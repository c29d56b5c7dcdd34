//! What must be true of the database at any moment, and how many rows break it: of the books, and of the network.

use sea_orm::{ConnectionTrait, Statement};

use crate::{Result, Store};

/// A rule, and how many rows break it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What must never be, in plain words.
    pub rule: String,
    /// How many there are.
    pub broken: i64,
}

/// Money, each rule with the rows that break it. Written for MariaDB, MySQL and SQLite alike, and for a million lines: two
/// tables are compared by adding one to the other with its sign turned, in one grouping. A join of a grouping makes MariaDB
/// group anew for each row, which takes minutes.
const BOOKS: &str = "
SELECT 'a movement does not sum to zero, or is of two customers or currencies' AS rule, COUNT(*) AS broken FROM (
    SELECT movement FROM credit_ledger GROUP BY movement HAVING SUM(amount) <> 0
    OR MIN(user_id) <> MAX(user_id) OR MIN(currency) <> MAX(currency)) wrong
UNION ALL SELECT 'a wallet''s balance is not the sum of its lines', COUNT(*) FROM (
    SELECT user_id FROM (
        SELECT user_id, account, currency, amount FROM credit_ledger
        WHERE account IN ('customer_credit', 'stripe_credit', 'rewards_pending')
        UNION ALL SELECT user_id, account, currency, -balance FROM ledger_balances) a
    GROUP BY user_id, account, currency HAVING SUM(amount) <> 0) wrong
UNION ALL SELECT 'a wallet has a balance and no lines', COUNT(*) FROM ledger_balances b WHERE b.balance <> 0
    AND NOT EXISTS (SELECT 1 FROM credit_ledger l WHERE l.user_id = b.user_id AND l.account = b.account)
UNION ALL SELECT 'a wallet is below zero by more than a debt', COUNT(*) FROM ledger_balances b
    WHERE b.balance < 0 AND b.balance < (
        SELECT COALESCE(SUM(l.amount), 0) FROM credit_ledger l WHERE l.user_id = b.user_id AND l.account = b.account
        AND l.currency = b.currency AND l.amount < 0 AND l.kind IN ('opening', 'reward_taken_back'))
UNION ALL SELECT 'a paid invoice is not booked once with what was paid', COUNT(*) FROM (
    SELECT about FROM (
        SELECT about, amount FROM credit_ledger WHERE account = 'stripe_cash' AND kind = 'payment'
        UNION ALL SELECT stripe_invoice_id, amount_paid FROM invoices WHERE status = 'paid') a
    GROUP BY about HAVING SUM(amount) <> 0) wrong
UNION ALL SELECT 'a payment is booked without a paid invoice', COUNT(*) FROM credit_ledger l
    WHERE l.kind = 'payment' AND l.account = 'revenue' AND NOT EXISTS (
        SELECT 1 FROM invoices i WHERE i.stripe_invoice_id = l.about AND i.status = 'paid')
UNION ALL SELECT 'refunds of an invoice are not booked as they were', COUNT(*) FROM (
    SELECT about FROM (
        SELECT about, amount FROM credit_ledger WHERE account = 'refunds' OR account = 'taxes' AND kind = 'refund'
        UNION ALL SELECT stripe_invoice_id, amount_refunded FROM invoices WHERE amount_refunded <> 0) a
    GROUP BY about HAVING SUM(amount) <> 0) wrong
UNION ALL SELECT 'the tax of an invoice is not booked as it is owed', COUNT(*) FROM (
    SELECT about FROM (
        SELECT about, amount FROM credit_ledger WHERE account = 'taxes'
        UNION ALL SELECT stripe_invoice_id, -amount_tax FROM invoices WHERE status = 'paid' AND amount_tax <> 0
        UNION ALL SELECT stripe_invoice_id,
            (amount_tax * amount_refunded - amount_tax * amount_refunded % amount_total) / amount_total
        FROM invoices WHERE amount_refunded <> 0 AND amount_tax <> 0) a
    GROUP BY about HAVING SUM(amount) <> 0) wrong
UNION ALL SELECT 'disputes of an invoice are not booked as they stand', COUNT(*) FROM (
    SELECT about FROM (
        SELECT about, amount FROM credit_ledger WHERE account = 'disputes'
        UNION ALL SELECT stripe_invoice_id, amount_disputed FROM invoices WHERE dispute IN ('open', 'lost')) a
    GROUP BY about HAVING SUM(amount) <> 0) wrong
UNION ALL SELECT 'a redeemed gift code is not booked once with its worth', COUNT(*) FROM (
    SELECT about FROM (
        SELECT about, amount FROM credit_ledger WHERE account = 'customer_credit' AND kind = 'gift'
        UNION ALL SELECT LOWER(HEX(g.id)), -b.amount FROM gift_codes g JOIN gift_batches b ON b.id = g.batch_id
        WHERE g.redeemed_at IS NOT NULL) a
    GROUP BY about HAVING SUM(amount) <> 0) wrong
UNION ALL SELECT 'more was refunded than was paid', COUNT(*) FROM invoices i WHERE i.amount_refunded > i.amount_paid
UNION ALL SELECT 'more tax is in an invoice than it is for', COUNT(*) FROM invoices i
    WHERE i.amount_tax < 0 OR i.amount_tax > i.amount_total
UNION ALL SELECT 'a subscription is served without a paid invoice or period', COUNT(*) FROM ";

/// Subscriptions that are served and were never paid.
const UNPAID: &str = "subscriptions s WHERE s.status IN ('active', 'past_due')
    AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.subscription_id = s.id AND i.status = 'paid')
    AND NOT EXISTS (SELECT 1 FROM credit_ledger l WHERE l.about = s.stripe_subscription_id AND l.kind = 'period')";

/// All the rest: addresses, slots, grants, and that nothing that was announced is forgotten. Written alike. Numbers of
/// devices, and of gateways that look at others, begin at 2, so that many are in use or free as the high-water mark less
/// one says.
const NETWORK: &str = "
SELECT 'an address is lost or counted twice' AS rule, ABS(
    (SELECT COUNT(*) FROM wireguard_peers) + (SELECT COUNT(*) FROM vantages) + (SELECT COUNT(*) FROM freed_addresses)
    - (SELECT high_water - 1 FROM pool_state WHERE id = 1)) AS broken
UNION ALL SELECT 'an address is in use and free at once', COUNT(*)
    FROM wireguard_peers p JOIN freed_addresses f ON f.address = p.address
UNION ALL SELECT 'an address is a device''s and a gateway''s at once', COUNT(*)
    FROM wireguard_peers p JOIN vantages v ON v.address = p.address
UNION ALL SELECT 'an address was never given out', COUNT(*)
    FROM wireguard_peers p WHERE p.address > (SELECT high_water FROM pool_state WHERE id = 1)
UNION ALL SELECT 'a key is a device''s and a gateway''s at once', COUNT(*)
    FROM wireguard_peers p JOIN vantages v ON v.public_key = p.public_key
UNION ALL SELECT 'a device is beyond fair use', COUNT(*) FROM wireguard_peers p WHERE p.slot < 0 OR p.slot >= 50
UNION ALL SELECT 'a server''s number of devices is wrong', COUNT(*)
    FROM vps_servers v WHERE v.peers <> (SELECT COUNT(*) FROM wireguard_peers p WHERE p.server_id = v.id)
UNION ALL SELECT 'a device hangs on another customer''s subscription', COUNT(*)
    FROM wireguard_peers p JOIN subscriptions s ON s.id = p.subscription_id WHERE s.user_id <> p.user_id
UNION ALL SELECT 'an invoice hangs on another customer''s subscription', COUNT(*)
    FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE s.user_id <> i.user_id
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

/// Every rule of the books with its count, in one reading of the database.
pub async fn books(store: &Store) -> Result<Vec<Finding>> {
    ask(store, &format!("{BOOKS}{UNPAID}")).await
}

/// Stripe's ids of the subscriptions that are served and were never paid.
pub async fn unpaid(store: &Store) -> Result<Vec<String>> {
    let db = store.unlimited();
    let question = format!("SELECT s.stripe_subscription_id FROM {UNPAID} ORDER BY s.stripe_subscription_id");
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), question)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Every other rule with its count, in one reading of the database.
pub async fn network(store: &Store) -> Result<Vec<Finding>> {
    ask(store, NETWORK).await
}

async fn ask(store: &Store, question: &str) -> Result<Vec<Finding>> {
    // However many rows there are, the answer is waited for.
    let db = store.unlimited();
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), question)).await?;
    let finding =
        |row: sea_orm::QueryResult| Ok(Finding { rule: row.try_get_by_index(0)?, broken: row.try_get_by_index(1)? });
    rows.into_iter().map(finding).collect()
}
