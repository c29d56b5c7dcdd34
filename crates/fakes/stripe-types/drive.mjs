// Drives the pretend Stripe with the official SDK. Arguments: a JSON object on stdin; any failed check ends it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Stripe from 'stripe';

const given = JSON.parse(readFileSync(0, 'utf8'));
const stripe = new Stripe(given.key, {
  host: given.host,
  port: given.port,
  protocol: 'http',
  maxNetworkRetries: 0,
  telemetry: false,
});

// Webhooks: every posted body is taken, a changed one, another secret and an old one are not.
assert.ok(given.webhooks.length > 0);
for (const { body, signature, at } of given.webhooks) {
  const check = (text, header, secret, seconds) =>
    stripe.webhooks.constructEvent(text, header, secret, 300, undefined, seconds * 1000);
  const refused = (...args) => assert.throws(() => check(...args), { type: 'StripeSignatureVerificationError' });
  assert.equal(check(body, signature, given.secret, at).object, 'event');
  refused(body.replace('"evt_', '"evt-'), signature, given.secret, at);
  refused(body, signature, 'whsec_other', at);
  refused(body, signature, given.secret, at + 301);
}

// The calls that a shop makes.
const customer = await stripe.customers.create({ email: 'sdk@example.com', metadata: { user_id: '7' } });
assert.equal(customer.email, 'sdk@example.com');
assert.deepEqual({ ...customer.metadata }, { user_id: '7' });

const params = {
  mode: 'subscription',
  customer: customer.id,
  success_url: 'https://vpn.example/thanks?session_id={CHECKOUT_SESSION_ID}',
  cancel_url: 'https://vpn.example/pricing',
  client_reference_id: '7',
  line_items: [{ price: given.price, quantity: 1 }],
  metadata: { user_id: '7' },
  subscription_data: { metadata: { user_id: '7', plan: 'basic' } },
};
const idempotencyKey = 'sdk-checkout-1';
const session = await stripe.checkout.sessions.create(params, { idempotencyKey });
assert.equal(session.status, 'open');
const replay = await stripe.checkout.sessions.create(params, { idempotencyKey });
assert.equal(replay.id, session.id);
assert.equal(replay.lastResponse.headers['idempotent-replayed'], 'true');
await assert.rejects(stripe.checkout.sessions.create({ ...params, client_reference_id: '8' }, { idempotencyKey }), {
  type: 'StripeIdempotencyError',
});

const paid = await fetch(session.url, {
  method: 'POST',
  redirect: 'manual',
  body: new URLSearchParams({ action: 'pay', card: '4242424242424242' }),
});
assert.equal(paid.status, 303);
assert.equal(paid.headers.get('location'), `https://vpn.example/thanks?session_id=${session.id}`);

const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['line_items', 'customer'] });
assert.equal(done.payment_status, 'paid');
assert.equal(done.line_items.data[0].price.id, given.price);
assert.equal(done.customer.id, customer.id);
const subscription = await stripe.subscriptions.retrieve(done.subscription);
assert.equal(subscription.status, 'active');
assert.equal(subscription.items.data[0].price.unit_amount_decimal.toString(), '599');
assert.ok(subscription.items.data[0].current_period_end > given.now);

const kinds = [];
for await (const event of stripe.events.list({ created: { gte: given.now }, limit: 3 })) kinds.push(event.type);
assert.ok(kinds.length > 3, 'the list goes on over several pages');
assert.ok(kinds.includes('checkout.session.completed'));

const portal = await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'https://vpn.example/' });
assert.equal((await fetch(portal.url)).status, 200);
const ending = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
assert.equal(ending.cancel_at_period_end, true);
assert.equal((await stripe.subscriptions.cancel(subscription.id)).status, 'canceled');

await assert.rejects(stripe.subscriptions.retrieve('sub_none'), { type: 'StripeInvalidRequestError', code: 'resource_missing', statusCode: 404 });
await assert.rejects(stripe.customers.create({ emial: 'x' }), { code: 'parameter_unknown', param: 'emial' });
const stranger = new Stripe('sk_test_wrong', { host: given.host, port: given.port, protocol: 'http', maxNetworkRetries: 0 });
await assert.rejects(stranger.customers.list(), { type: 'StripeAuthenticationError' });
