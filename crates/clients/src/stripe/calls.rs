//! The calls that we make, one function each.

use reqwest::Method;

use super::{
    BalanceTransaction, Call, Charge, CheckoutSession, Customer, Dispute, Event, Invoice, InvoicePayment, List,
    PaymentIntent, PortalSession, Price, Product, Stripe, StripeError, Subscription,
};

/// Most objects in a page.
const MAX_PAGE: u32 = 100;

/// A purchase to be opened on Stripe's hosted page, in subscription mode.
#[derive(Clone)]
pub struct NewCheckout {
    /// `cus_…`, for one who has bought before.
    pub customer: Option<String>,
    /// Address to fill in, for one who has not.
    pub customer_email: Option<String>,
    /// `price_…`.
    pub price: String,
    /// Comes back with the session: the account's id.
    pub client_reference_id: String,
    /// Where the browser goes after payment; `{CHECKOUT_SESSION_ID}` in it is filled in.
    pub success_url: String,
    /// Where it goes if the buyer turns back.
    pub cancel_url: String,
    /// For the session and for the subscription that comes of it.
    pub metadata: Vec<(String, String)>,
    /// `promo_…`, which takes something off.
    pub promotion_code: Option<String>,
    /// Days before the first payment; 1 to 730.
    pub trial_days: Option<i64>,
    /// Language of the page; the browser's if none.
    pub locale: Option<String>,
    /// Whether Stripe Tax reckons the taxes, for what follows from the purchase too, and asks for what that takes: the
    /// country, and of a company its name and tax id.
    pub automatic_tax: bool,
}

impl std::fmt::Debug for NewCheckout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCheckout")
            .field("client_reference_id", &self.client_reference_id)
            .field("price", &self.price)
            .finish_non_exhaustive()
    }
}

/// Which events.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventsQuery<'a> {
    /// Not older than this, in Unix seconds.
    pub created_gte: Option<i64>,
    /// Of these types; all if none.
    pub types: &'a [&'a str],
    /// Those older than this event.
    pub starting_after: Option<&'a str>,
    /// Those newer than this event.
    pub ending_before: Option<&'a str>,
    /// At most so many; 1 to 100.
    pub limit: u32,
}

/// A price to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewPrice<'a> {
    /// Id of the product.
    pub product: &'a str,
    /// In minor units.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: &'a str,
    /// `month` or `year`.
    pub interval: &'a str,
    /// Every so many of them.
    pub interval_count: i64,
    /// By what we find it again.
    pub lookup_key: &'a str,
}

/// When a change of price counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proration {
    /// At once, and the difference for the rest of the period is paid now.
    Now,
    /// From the next period on.
    None,
}

/// What becomes of the discounts at another price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discounts {
    /// They take something off it too.
    Stay,
    /// They end with the price that they were given for.
    End,
}

impl Stripe {
    /// Opens a purchase.
    pub async fn create_checkout_session(
        &self,
        new: &NewCheckout,
        idempotency_key: &str,
    ) -> Result<CheckoutSession, StripeError> {
        let mut call = Call::post(&["v1", "checkout", "sessions"])
            .param("mode", "subscription")
            .param("line_items[0][price]", &new.price)
            .param("line_items[0][quantity]", "1")
            .param("client_reference_id", &new.client_reference_id)
            .param("success_url", &new.success_url)
            .param("cancel_url", &new.cancel_url)
            .key(idempotency_key);
        for (name, value) in &new.metadata {
            call = call.param(&format!("metadata[{name}]"), value);
            call = call.param(&format!("subscription_data[metadata][{name}]"), value);
        }
        let optional = [
            ("customer", &new.customer),
            ("customer_email", &new.customer_email),
            ("discounts[0][promotion_code]", &new.promotion_code),
            ("locale", &new.locale),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                call = call.param(name, value);
            }
        }
        if let Some(days) = new.trial_days {
            call = call.param("subscription_data[trial_period_days]", days.to_string());
        }
        if new.automatic_tax {
            // No more of the address than the tax takes.
            call = call
                .param("automatic_tax[enabled]", "true")
                .param("tax_id_collection[enabled]", "true")
                .param("billing_address_collection", "auto");
        }
        // What is typed now is that of a customer from before, whose tax can't be reckoned otherwise.
        if new.automatic_tax && new.customer.is_some() {
            call = call.param("customer_update[name]", "auto").param("customer_update[address]", "auto");
        }
        self.call(call).await
    }

    /// How a purchase stands.
    pub async fn retrieve_checkout_session(&self, id: &str) -> Result<CheckoutSession, StripeError> {
        self.call(Call::get(&["v1", "checkout", "sessions", id])).await
    }

    /// Closes the page of a purchase that is still open.
    pub async fn expire_checkout_session(
        &self,
        id: &str,
        idempotency_key: &str,
    ) -> Result<CheckoutSession, StripeError> {
        self.call(Call::post(&["v1", "checkout", "sessions", id, "expire"]).key(idempotency_key)).await
    }

    /// Opens the page on which a customer manages cards and invoices. The link works for minutes only.
    pub async fn create_portal_session(
        &self,
        customer: &str,
        return_url: &str,
        locale: Option<&str>,
    ) -> Result<PortalSession, StripeError> {
        let mut call = Call::post(&["v1", "billing_portal", "sessions"])
            .param("customer", customer)
            .param("return_url", return_url);
        if let Some(locale) = locale {
            call = call.param("locale", locale);
        }
        self.call(call).await
    }

    /// A customer; a deleted one has `deleted` set.
    pub async fn retrieve_customer(&self, id: &str) -> Result<Customer, StripeError> {
        self.call(Call::get(&["v1", "customers", id])).await
    }

    /// Changes the address that a customer's invoices go to.
    pub async fn set_customer_email(&self, id: &str, email: &str) -> Result<Customer, StripeError> {
        self.call(Call::post(&["v1", "customers", id]).param("email", email)).await
    }

    /// Whether one of the newest hundred changes of a customer's balance carries this name of ours.
    pub async fn has_balance_transaction(&self, customer: &str, name: &str) -> Result<bool, StripeError> {
        let path = ["v1", "customers", customer, "balance_transactions"];
        let found: List<BalanceTransaction> = self.call(Call::get(&path).param("limit", page(MAX_PAGE))).await?;
        Ok(found.data.iter().any(|one| one.metadata.get("movement").is_some_and(|known| known == name)))
    }

    /// Changes what a customer owes by `amount` minor units, under a name of ours that is also the idempotency key; below
    /// zero it is credit, which Stripe takes off the next invoice.
    pub async fn add_to_balance(
        &self,
        customer: &str,
        amount: i64,
        currency: &str,
        name: &str,
    ) -> Result<(), StripeError> {
        let path = ["v1", "customers", customer, "balance_transactions"];
        let call = Call::post(&path)
            .param("amount", amount.to_string())
            .param("currency", currency)
            .param("metadata[movement]", name)
            .key(name);
        self.call::<BalanceTransaction>(call).await.map(drop)
    }

    /// Forgets a customer; their subscriptions end at once. One that is gone already is success.
    pub async fn delete_customer(&self, id: &str) -> Result<(), StripeError> {
        let path = ["v1", "customers", id];
        match self.call::<Customer>(Call { method: Method::DELETE, ..Call::get(&path) }).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    /// A subscription as it is now, with its newest invoice, the card that pays, and what it changes to by itself.
    pub async fn retrieve_subscription(&self, id: &str) -> Result<Subscription, StripeError> {
        let path = ["v1", "subscriptions", id];
        let call = Call::get(&path)
            .param("expand[0]", "latest_invoice")
            .param("expand[1]", "default_payment_method")
            .param("expand[2]", "schedule.phases.items.price");
        self.call(call).await
    }

    /// Sets whether a subscription ends with its period.
    pub async fn set_cancel_at_period_end(
        &self,
        id: &str,
        ends: bool,
        idempotency_key: &str,
    ) -> Result<Subscription, StripeError> {
        let path = ["v1", "subscriptions", id];
        let call = Call::post(&path).param("cancel_at_period_end", ends.to_string()).key(idempotency_key);
        self.call(call).await
    }

    /// Ends a subscription now, without a refund. One that has ended already is success.
    pub async fn cancel_subscription_now(&self, id: &str, idempotency_key: &str) -> Result<Subscription, StripeError> {
        let path = ["v1", "subscriptions", id];
        let call = Call { method: Method::DELETE, ..Call::get(&path) }.key(idempotency_key);
        match self.call(call).await {
            // Stripe keeps no keys for DELETE: the second of two says that there is nothing to cancel.
            Err(gone) if gone.is_not_found() => {
                let subscription = self.retrieve_subscription(id).await?;
                let ended = matches!(subscription.status.as_str(), "canceled" | "incomplete_expired");
                if ended { Ok(subscription) } else { Err(gone) }
            }
            done => done,
        }
    }

    /// An invoice as it is now.
    pub async fn retrieve_invoice(&self, id: &str) -> Result<Invoice, StripeError> {
        self.call(Call::get(&["v1", "invoices", id])).await
    }

    /// A customer's newest invoices, at most `limit` (1 to 100).
    pub async fn list_invoices(&self, customer: &str, limit: u32) -> Result<List<Invoice>, StripeError> {
        let call = Call::get(&["v1", "invoices"]).param("customer", customer).param("limit", page(limit));
        self.call(call).await
    }

    /// A customer's subscriptions, also those that ended; the newest hundred.
    pub async fn list_subscriptions(&self, customer: &str) -> Result<List<Subscription>, StripeError> {
        let call = Call::get(&["v1", "subscriptions"])
            .param("customer", customer)
            .param("status", "all")
            .param("limit", page(MAX_PAGE));
        self.call(call).await
    }

    /// All customers' subscriptions that have not ended, newest first: a page of a hundred, after the one with this id.
    pub async fn list_open_subscriptions(&self, after: Option<&str>) -> Result<List<Subscription>, StripeError> {
        let mut call = Call::get(&["v1", "subscriptions"]).param("limit", page(MAX_PAGE));
        if let Some(id) = after {
            call = call.param("starting_after", id);
        }
        self.call(call).await
    }

    /// A charge as it is now.
    pub async fn retrieve_charge(&self, id: &str) -> Result<Charge, StripeError> {
        self.call(Call::get(&["v1", "charges", id])).await
    }

    /// Gives so many minor units of a charge back.
    pub async fn refund(&self, charge: &str, amount: i64, idempotency_key: &str) -> Result<(), StripeError> {
        let call = Call::post(&["v1", "refunds"]).param("charge", charge).param("amount", amount.to_string());
        let call = call.param("reason", "requested_by_customer").key(idempotency_key);
        self.call::<serde_json::Value>(call).await.map(drop)
    }

    /// The disputes of a charge, newest first.
    pub async fn retrieve_dispute(&self, id: &str) -> Result<Dispute, StripeError> {
        self.call(Call::get(&["v1", "disputes", id])).await
    }

    /// The disputes of a charge, newest first.
    pub async fn list_disputes(&self, charge: &str) -> Result<List<Dispute>, StripeError> {
        let call = Call::get(&["v1", "disputes"]).param("charge", charge).param("limit", page(MAX_PAGE));
        self.call(call).await
    }

    /// The invoice that a payment (`pi_…`) paid, if it paid one.
    pub async fn invoice_of_payment(&self, intent: &str) -> Result<Option<String>, StripeError> {
        let call = Call::get(&["v1", "invoice_payments"])
            .param("payment[type]", "payment_intent")
            .param("payment[payment_intent]", intent)
            .param("limit", page(1));
        let payments: List<InvoicePayment> = self.call(call).await?;
        Ok(payments.data.into_iter().next().map(|payment| payment.invoice))
    }

    /// The charge that paid an invoice, if cash did.
    pub async fn charge_of_invoice(&self, invoice: &str) -> Result<Option<Charge>, StripeError> {
        let call = Call::get(&["v1", "invoice_payments"]).param("invoice", invoice).param("status", "paid");
        let payments: List<InvoicePayment> = self.call(call.param("limit", page(1))).await?;
        let Some(intent) = payments.data.first().and_then(InvoicePayment::payment_intent) else { return Ok(None) };
        let intent: PaymentIntent = self.call(Call::get(&["v1", "payment_intents", intent])).await?;
        match intent.latest_charge {
            Some(charge) => self.retrieve_charge(&charge).await.map(Some),
            None => Ok(None),
        }
    }

    /// Puts a subscription on another price, of its one item. With [`Proration::Now`] the difference is paid at once, and
    /// nothing changes if that payment fails; with [`Proration::None`] the new price holds from the next period on.
    pub async fn change_price(
        &self,
        id: &str,
        item: &str,
        price: &str,
        proration: Proration,
        discounts: Discounts,
        idempotency_key: &str,
    ) -> Result<Subscription, StripeError> {
        let path = ["v1", "subscriptions", id];
        let mut call = Call::post(&path)
            .param("items[0][id]", item)
            .param("items[0][price]", price)
            .param("expand[0]", "latest_invoice")
            .key(idempotency_key);
        call = match proration {
            Proration::Now => {
                call.param("proration_behavior", "always_invoice").param("payment_behavior", "error_if_incomplete")
            }
            Proration::None => call.param("proration_behavior", "none"),
        };
        if discounts == Discounts::End {
            call = call.param("discounts", "");
        }
        self.call(call).await
    }

    /// A price.
    pub async fn retrieve_price(&self, id: &str) -> Result<Price, StripeError> {
        self.call(Call::get(&["v1", "prices", id])).await
    }

    /// The active price that carries a key of ours.
    pub async fn price_by_lookup_key(&self, key: &str) -> Result<Option<Price>, StripeError> {
        let call =
            Call::get(&["v1", "prices"]).param("lookup_keys[0]", key).param("active", "true").param("limit", page(1));
        let found: List<Price> = self.call(call).await?;
        Ok(found.data.into_iter().next())
    }

    /// Makes a product under an id of our own; one that is there already is success.
    pub async fn ensure_product(&self, id: &str, name: &str, idempotency_key: &str) -> Result<(), StripeError> {
        match self.call::<Product>(Call::get(&["v1", "products", id])).await {
            Err(error) if error.is_not_found() => {}
            found => return found.map(drop),
        }
        let call = Call::post(&["v1", "products"]).param("id", id).param("name", name).key(idempotency_key);
        self.call::<Product>(call).await.map(drop)
    }

    /// Makes a recurring price of a product, which takes our key over from an older one. Taxes are inside it.
    pub async fn create_price(&self, new: &NewPrice<'_>, idempotency_key: &str) -> Result<Price, StripeError> {
        let call = Call::post(&["v1", "prices"])
            .param("product", new.product)
            .param("unit_amount", new.amount.to_string())
            .param("currency", new.currency)
            .param("recurring[interval]", new.interval)
            .param("recurring[interval_count]", new.interval_count.to_string())
            .param("lookup_key", new.lookup_key)
            .param("transfer_lookup_key", "true")
            .param("tax_behavior", "inclusive")
            .key(idempotency_key);
        self.call(call).await
    }

    /// A page of events, newest first. Stripe keeps them for 30 days.
    pub async fn list_events(&self, query: &EventsQuery<'_>) -> Result<List<Event>, StripeError> {
        let mut call = Call::get(&["v1", "events"]).param("limit", page(query.limit));
        if let Some(moment) = query.created_gte {
            call = call.param("created[gte]", moment.to_string());
        }
        for (place, type_) in query.types.iter().enumerate() {
            call = call.param(&format!("types[{place}]"), *type_);
        }
        if let Some(id) = query.starting_after {
            call = call.param("starting_after", id);
        }
        if let Some(id) = query.ending_before {
            call = call.param("ending_before", id);
        }
        self.call(call).await
    }
}

pub(super) fn page(limit: u32) -> String {
    limit.clamp(1, MAX_PAGE).to_string()
}
