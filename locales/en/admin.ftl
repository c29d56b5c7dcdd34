# What the operators’ pages say.

admin-title = Operators
admin-code-needed = Turn on the code at login first: the operators’ pages open only with it.
admin-customers = Customers
admin-figures = Figures
admin-plans = Plans
admin-keys = API keys
admin-jobs = Jobs
admin-mails = Mails
admin-events = Events of Stripe
admin-audit = Audit log

# The customers.

admin-search = Find a customer
admin-search-hint = A mail address, an account’s id, a customer’s id at Stripe (cus_…), a device’s public key, or an address in the tunnel. Exactly as it is written.
admin-search-submit = Find
admin-unknown = Nothing was found. Check the spelling.
admin-waiting = What waits
admin-waiting-dead = Jobs that were given up
admin-waiting-jobs = Jobs in the queue
admin-waiting-events = Events of Stripe that were not applied yet
admin-waiting-servers = Servers that are up and have trouble
admin-what = What
admin-count = Number
admin-none = None.
admin-no = no
admin-account = Account
admin-role = Role
admin-joined = Signed up
admin-verified = Address confirmed
admin-stripe-customer = Customer at Stripe
admin-code = Code for friends
admin-credit = Credit
admin-suspended = Suspended
admin-deleted = Deleted
admin-sponsor = Brought in by
admin-network = Network
admin-paid-until = Paid until
admin-plan = Plan
admin-public-key = Public key
admin-paid = Paid
admin-refunded = Refunded
admin-dispute = Dispute
admin-when = When (UTC)
admin-rewards = Rewards for friends
admin-friend = Friend
admin-sessions = Sessions
admin-letter = Letter
admin-sent = Sent
admin-not-sent = not sent
admin-help = What you can do
admin-suspend = Suspend the account
admin-suspend-ask = { $account } is shut out and all its sessions end. Devices and payments go on.
admin-reinstate = Lift the suspension
admin-reinstate-ask = { $account } can log in again.
admin-end-sessions = End all sessions
admin-end-sessions-ask = Wherever { $account } is logged in, they have to log in again. Devices go on.
admin-grant = Give credit
admin-grant-ask = { $account } gets { $amount } of credit. Reason: { $reason }
admin-take = Take credit away
admin-take-ask = { $account } loses { $amount } of credit. Reason: { $reason }
admin-amount = Amount
admin-amount-hint = Such as 5.00.
admin-currency = Currency
admin-reason = Reason, for the audit log
admin-done-suspended = The account is suspended.
admin-done-reinstated = The suspension is lifted.
admin-done-sessions = All sessions have ended.
admin-done-granted = The credit is given.
admin-done-taken = The credit is taken away.
admin-refund = Give a payment back
admin-refund-ask = { $account } gets { $amount } back through Stripe. Reason: { $reason }
admin-refund-invoice = Payment
admin-refund-hint = Empty for all that is left. All of the payment for the time that runs ends the subscription.
admin-done-refunded = The payment is given back.
error-nothing-to-refund = Nothing of this payment is left to be given back.
error-refund-changed = Some of this payment has gone back meanwhile. See what is left of it before you give more back.

# The audit log.

admin-actor = By
admin-action = Action
admin-subject = To
admin-detail = Details
admin-whom = Account or name
admin-whom-hint = An account’s id, a server’s or a key’s name: as the one who acts, or is acted on.
admin-action-hint = Or how it begins, such as user. for all that is done to accounts.
admin-filter = Show
admin-next = Older ones

# The servers.

admin-active = Active now
admin-reported = Last report (UTC)
admin-trouble = Trouble
admin-server-pending = not enrolled
admin-server-retired = retired
admin-server-add = Add a server
admin-server-add-body = You get a token that its gateway enrols with, once and within fifteen minutes.
admin-server-add-ask = { $name } is added. Customers see it once it is up.
admin-country = Country (two letters)
admin-city = City
admin-endpoint = Endpoint (host:port)
admin-capacity = Devices that it is meant for
admin-bandwidth = Bandwidth (Mbit/s)
admin-public-key-hint = Only for a server without our gateway; with a key it is up at once.
admin-token = Make a token
admin-token-ask = A token to enrol a gateway of { $name } is made, good for fifteen minutes. The gateway of before goes on until the new one enrols.
admin-token-title = Token of { $name }
admin-token-body = It is shown this once and good for fifteen minutes. Give it to mirai gateway enroll on the server.
admin-seen = I have kept it
admin-status-seen = Status as seen
admin-status-set = Status as set
admin-status-change = Change the status
admin-up-ask = { $name } takes devices.
admin-draining-ask = { $name } keeps its devices and takes no new ones. Their owners are asked to move them.
admin-down-ask = { $name } is out of service. Its devices have no network until their owners move them.
admin-retired-ask = { $name } is gone for good and customers see it no more. Its devices have no network until their owners move them.
admin-gateway = Gateway
admin-gateway-body = A token lets a new gateway enrol. Revoking voids the credential of the present one at once.
admin-revoke = Revoke the credential
admin-revoke-ask = The gateway of { $name } is cut off at once and the server is down. Its devices keep the network until their leases end.
admin-enrolled = Enrolled (UTC)
admin-lag = Changes that it has not applied yet
admin-drops = Packets dropped a second
admin-cpu = Processors
admin-memory = Memory
admin-skew = Clock ahead by
admin-done-status = Done.
admin-done-revoked = The credential is void and the server is down.

# The work inside.

admin-job-dead = Given up
admin-job-queued = Waiting
admin-job-running = Running
admin-attempts = Tries
admin-due = Due (UTC)
admin-last-error = Last error
admin-retry = Try again
admin-retry-all = Try all again
admin-done-retried = The jobs are in the queue again.
admin-mails-body = Which letter, when, and whether it went, for a month. What it says is nobody’s to read here.
admin-events-body = What Stripe has told us, without its content.
admin-event = Event
admin-received = Received (UTC)
admin-outcome = Outcome
admin-waits = waits

# API keys.

admin-keys-body = Keys of programs that call the API. A key’s text is shown once, when it is made.
admin-opens = Opens
admin-opens-hint = Without a choice it opens everything.
admin-everything = everything
admin-made = Made (UTC)
admin-ends = Ends (UTC)
admin-days = Days
admin-days-hint = After these it ends by itself. Empty: not before it is revoked.
admin-key-add = Add a key
admin-key-add-ask = The key { $name } is made. Whoever has it can call the API.
admin-key-title = Key { $name }
admin-key-body = It is shown this once. Keep it where its program reads it.
admin-key-revoke = Revoke
admin-key-revoke-ask = The key { $name } opens nothing any more, within five seconds. That can’t be taken back.
admin-done-key-revoked = The key is revoked.

# Plans.

admin-plans-body = Whoever has bought keeps what was agreed until their plan changes.
admin-plan-body = An empty field is no limit; an empty speed afterwards cuts devices off once the volume is used up. A new price is sold once mirai admin stripe sync has run.
admin-plan-set = Change the plan
admin-plan-set-ask = { $name } is sold like this from now on. Whoever has bought keeps what was agreed.
admin-price = Price
admin-quota = Volume a period (GB)
admin-speed = Speed (Mbit/s)
admin-slow = Speed afterwards (Mbit/s)
admin-no-limit = no limit
admin-off = off
admin-stripe-price = Price at Stripe
admin-prices-now = Prices now
admin-prices-so-far = Prices so far
admin-trial = Free days at first
admin-plan-regions = Regions, separated by commas (none: all)
admin-listed = On the price list
admin-price-set = Set a price
admin-price-body = For another period or currency. It can be bought once mirai admin stripe sync has run. No amount takes it off the list; whoever has bought at it keeps it.
admin-period = How often
admin-sync = Make the prices at Stripe
admin-sync-body = Makes what is missing there, for all plans. Only then a new price is sold; what somebody pays stays.
admin-done-sync = All prices are at Stripe.
admin-move = Bring present customers to these prices
admin-move-body = Whoever has bought keeps what was agreed until told otherwise. This writes to everyone who pays another price than the list’s; a higher one is charged from the first renewal after the notice, a lower one from the next renewal on.
admin-move-days = Days of notice
admin-move-ask = By mail now: { $raised } will pay more, { $lowered } less. { $left } stay as they are: the list has no price for their period and currency, or they have chosen another plan.
admin-done-move = The customers are told.
admin-done-plan = The plan is changed.

# Figures.

admin-figures-body = From the books, the subscriptions and the gateways’ reports, by month and day in UTC.
admin-as-table = As a table
admin-month = Month
admin-revenue = Revenue in { $currency }
admin-revenue-body = What was sold less what went back, by month. The highest: { $most }.
admin-sold = Sold
admin-disputed = Disputed
admin-kept = Kept
admin-tax = Taxes
admin-subscriptions = Active subscriptions
admin-subscriptions-body = At the end of each month. The highest: { $most }. Each period paid with credit counts as one of its own.
admin-before = At the beginning
admin-began = Began
admin-ended = Ended
admin-after = At the end
admin-churn = Churn
admin-traffic = Traffic of the network
admin-traffic-body = By day, all devices together. The highest: { $most }.
admin-from-devices = From devices
admin-to-devices = To devices
admin-load = Load of the servers now

# What can go wrong.

error-operator-own-account = This is your own account. Another operator has to do that.
error-operator-team-account = This is an account of the team. Only an admin can do that.
error-account-not-suspended = This account is not suspended.
error-reason-invalid = Say why, in 1 to 200 characters.
error-amount-invalid = An amount such as 5.00, up to 10,000.00.
error-currency-invalid = Three letters, such as USD.
error-movement-known = This was done already. Nothing was changed again.
error-server-name-invalid = 1 to 40 of: a to z, 0 to 9, hyphen.
error-endpoint-invalid = host:port, such as vpn1.example.net:51820.
error-country-invalid = Two letters, such as JP.
error-city-invalid = 1 to 64 printable characters.
error-number-invalid = This number can’t be taken.
error-server-status-unknown = There is no such status. Choose one of the list.
error-server-not-enrolled = This server has no key. Enrol its gateway first.
error-server-no-gateway = This server has no gateway.
error-server-key-in-use = A server has this key already.
error-name-in-use = This name is taken.
error-name-invalid = A name has 1 to 64 printable characters.
error-scope-unknown = There is no such part of the API.
