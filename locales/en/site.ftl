# The site's pages.

nav-skip = Skip to the content
nav-label = Main menu
nav-menu = Menu
nav-pricing = Plans
nav-faq = Questions
nav-dashboard = Dashboard
nav-login = Log in
nav-logout = Log out
nav-register = Sign up

error-home = Back to the home page
error-title-not-found = There is nothing here
error-title-too-many = Too many attempts
error-title-busy = One moment
error-title-internal = Something broke on our side
error-title-refused = That did not work
error-not-found = The page does not exist, or it is not yours to see.
error-too-many-requests = Wait a minute, then try again. Nothing was changed.
error-unavailable = The service is busy. Nothing was changed; try again in a few seconds.
error-internal = Nothing was changed. Try again; if it stays, write to support.
error-cross-site = This form came from another site. Open our page and send it again.
error-credentials-invalid = The address or the password is wrong.
error-email-unverified = Confirm your address first: open the link in our mail.
error-account-suspended = This account is suspended. Write to support.
error-device-limit = Your plan has no room for another device. Delete one, or choose a larger plan.
error-no-subscription = Choose a plan first; then add your devices.
error-no-server-free = No server has room right now. Nothing was changed; try another region or try again soon.
error-form-unreadable = Part of the form did not arrive. Go back, load the page again and send it once more; nothing was changed.
error-form-too-large = That is more than this form takes. Nothing was changed.
error-form-method = This page can’t be opened this way. Go back to the page before it and use its buttons.
error-session-missing = You have been logged out. Log in again; nothing was changed.
error-device-name-invalid = A name has 1 to 40 characters, without line breaks.
error-region-unknown = There is no server in this region. Choose another.
error-server-not-free = This server takes no new devices right now. Choose another.
error-pool-exhausted = No address is free right now. Nothing was changed; try again later.
error-key-in-use = This key belongs to a device already. Load the page again to make a new one.
error-invalid = Something in the form can’t be taken. Nothing was changed.
error-subscription-ended = This subscription has ended. Choose a plan to start a new one.
error-subscription-ends-already = This subscription is canceled already.
error-subscription-not-ending = This subscription is not canceled.
error-no-customer = There is nothing to manage yet: choose a plan first.

error-password-too-short = Choose a password of at least 8 characters.
error-email-missing = Enter an email address, for example mika@example.com.
error-email-without-at = An email address has an @, for example mika@example.com.
error-email-domain-without-dot = The domain of an email address has a dot in it, for example example.com.
error-token-invalid = This link is unknown, was used or has expired. Log in, or ask for a new one.
error-email-domain-ends-with-dot = The domain of an email address does not end with a dot.
error-email-domain-invalid = The domain of this address can’t exist. Check what stands behind the @.
error-email-has-invisible-characters = The address has an invisible character in it. Type it instead of pasting it.
error-email-name-invalid = Something before the @ can’t stand in an address. Check it.
error-email-name-not-ascii = Before the @ only letters without accents, digits and signs can stand.
error-email-name-too-long = What stands before the @ is too long: 64 characters at most.
error-email-quoted = Write the address without quotation marks.
error-email-too-long = The address is too long: 254 characters at most.
error-password-too-long = The password is too long: 1024 bytes at most.
error-password-has-nul = The password has a character in it that can’t be typed everywhere. Choose another.
error-plan-unknown = There is no such plan. Choose one of the list.
error-plan-not-for-sale = This plan can’t be bought at the moment.
error-public-key-invalid = The browser’s key did not arrive whole. Load the page again.
error-public-key-weak = This key is no safe one. Load the page again to make another.
error-region-invalid = There is no such region. Choose one of the list.
error-server-not-ready = This server is not ready yet. Choose another.
error-session-invalid = You have been logged out. Log in again; nothing was changed.
error-language-unknown = Choose a language of the list.

home-title = A private way into the internet
home-lead = A WireGuard configuration for each of your devices, ready as soon as you have paid.
home-plans = See the plans
home-how = How it works
home-step-register = Sign up with a mail address.
home-step-pay = Choose a plan and pay.
home-step-connect = Add a device and open its file in the WireGuard app.

pricing-title = Plans
pricing-lead = Cancel at any time; you keep what you paid for until its last day.
pricing-a-month = a month
pricing-a-year = a year
pricing-devices-unlimited = No device limit (fair use: 50)
pricing-quota = { $size } of traffic
pricing-quota-none = No traffic limit
pricing-buy = Buy
pricing-owned = You have the plan { $plan } already. Buying here adds a second subscription beside it.
pricing-not-for-sale = Not for sale right now

field-email = Mail address
field-password = Password
field-name = Name

register-title = Sign up
register-password-hint = At least 8 characters. Long is better than complicated.
register-submit = Create my account
register-known = Already have an account?

check-mail-title = Check your mail
check-mail-body = We have sent a mail to { $email }. Open the link in it to go on.
check-mail-again = Send the mail again

verify-title = Confirm your address
verify-body = One click, and your account is ready.
verify-submit = Confirm my address

login-title = Log in
login-verified = Your address is confirmed. You can log in now.
login-submit = Log in
login-new = No account yet?

login-forgotten = Forgotten your password?
forgot-title = Forgotten password
forgot-body = We mail you a link to choose a new one.
forgot-submit = Send the link
forgot-sent = If this address has an account, a mail is on its way to it.
reset-title = Choose a new password
reset-password = New password
reset-submit = Save the password
dashboard-manage = Payment method and invoices

thanks-title = Thank you
thanks-active = Your subscription is active.
thanks-processing = Your payment is on its way. This page goes on by itself.
thanks-late = It takes longer than usual. You can close this page: we will write to you when it is done.
thanks-not-paid = This purchase has not been paid.

dashboard-subscription = Subscription
dashboard-on = active
dashboard-off = off
dashboard-paid-until = Paid until { $date }.
dashboard-ends = Canceled: ends on { $date }.
dashboard-no-plan = You have no plan yet.
dashboard-devices = Devices
dashboard-no-devices = No devices yet.
dashboard-add = Add a device

device-key-here = The key is made in this browser and never leaves it.
device-key-server = Without JavaScript our server makes the key, for this one answer, and does not keep it.
device-offline = The network did not answer. Nothing is lost: try again.
device-qr-label = QR code of the configuration
device-name-hint = For you to tell them apart, such as “phone”.
device-region = Region
device-region-best = The best server
device-more = More choices
device-mtu-hint = Keep 1420 unless pages hang; then try 1380, then 1280.
device-routes = What goes through the tunnel
device-routes-all = Everything
device-routes-local = Everything but my local network (printers, shares)
device-create = Create the configuration
device-made-title = Your configuration
device-made-body = Save the file or scan the code now: the key in it exists nowhere else.
device-made-once = Copy it now: the key in it was made for this page and exists nowhere else.
device-download = Download the file
device-copy = Copy
device-copied = Copied
device-page = Go to the device
device-server = Server
device-since = Since
device-address = Address in the tunnel
device-config = Configuration
device-config-blank = The private key is left blank: only your device has it.
device-delete = Delete the device
device-keep = Keep it
device-delete-ask = Delete { $name }? It is offline at once.

servers-title = Servers
servers-lead = Where your traffic can leave for the internet.
servers-none = There are no servers yet.
servers-place = Place
servers-status = Status
servers-load = Load
servers-load-hint = A new device goes to a server with room. The load is how full a server is.
server-up = up
server-draining = no new devices
server-down = down

account-overview = Overview
account-security = Security
dashboard-manage-link = Manage the subscription

subscription-ended = Ended on { $date }.
subscription-traffic = Traffic in this period
subscription-traffic-of = { $used } of { $quota }
subscription-cancel-body = If you cancel, your devices stay online until { $date }, and nothing more is charged. Until then you can take it back.
subscription-cancel = Cancel the subscription
subscription-resume = Keep the subscription
subscription-now = End it now
subscription-now-body = Your devices go offline at once. The days that are paid are not given back by this.
subscription-now-ask = End the subscription now? This can’t be taken back.
subscription-invoices = Invoices
subscription-day = Day
subscription-number = Number
subscription-amount = Amount
invoice-draft = draft
invoice-open = open
invoice-paid = paid
invoice-void = void
invoice-uncollectible = not collected

security-password = Choose a new password
security-sessions = Where you are logged in
security-sessions-body = A session is kept with the kind of browser and the day, without any address.
security-client = Browser
security-browser = { $browser } on { $system }
security-seen = Last seen
security-this = this one
security-end = End
security-everywhere = Log out everywhere
security-language = Language
security-language-of = Language of pages and mails
security-language-submit = Save the language

device-rename = Rename
device-rename-submit = Save the name
device-move = Another server
device-move-body = The device keeps its address and its key. Its old server accepts it too until it has moved.
device-move-submit = Move the device
device-stayed = Nothing was changed: { $server } is the best choice already.
device-moved = The device is on { $server } now.
device-moved-how = In the WireGuard app, edit the tunnel: take Endpoint and the peer’s PublicKey from below. Everything else stays.
device-rekey = New key
device-rekey-body = If the file was lost, or somebody else has it: the old key stops working, and you get a new file and code.
device-rekey-submit = Make a new key
device-delete-body = The device goes offline, and there is room for another.

faq-title = Questions and answers
faq-need = What do I need to use { $brand }?
faq-need-answer = An account, a plan, and the WireGuard app. It is free, and there is one for Android, iOS, Windows, macOS and Linux. There is nothing of ours to install: { $brand } gives you a configuration that the app reads.
faq-import = How do I get the configuration into the app?
faq-import-answer = On a phone, open the WireGuard app, press +, choose “Scan from QR code” and point the camera at the code on our page. On Windows and macOS, download the file, open the app and choose “Import tunnel(s) from file”.
faq-linux = And on Linux?
faq-linux-answer = Install your distribution’s wireguard-tools, put the file into /etc/wireguard/ (for example as mirai-laptop.conf, readable by root only) and run: wg-quick up mirai-laptop. NetworkManager can import the file too.
faq-key = Who has my private key?
faq-key-answer = Only you. Your browser makes the key, and { $brand } gets the public half alone. Without JavaScript our server makes the key for the one page that shows it, and keeps no copy.
faq-lost-file = I have lost the file. Can I download it again?
faq-lost-file-answer = Not with its key, since nobody but you had it. Open the device on your dashboard and make a new key: you get a new file and code, and the old ones stop working.
faq-devices = How many devices can I use?
faq-devices-answer = As many as your plan names. Each device has a file of its own: the same file on two devices at once disturbs both.
faq-move = Can I change the server?
faq-move-answer = Yes, at any time: open the device on your dashboard and choose another region. Address and key stay; in the app you change two lines, and the page shows you which.
faq-lost-device = My phone was stolen. What now?
faq-lost-device-answer = Delete the device on your dashboard: its key is no longer accepted. Then end its session on the page “Security”.
faq-pages-hang = Connected, but some pages hang. Why?
faq-pages-hang-answer = Most often packets are too large for a network on the way, in hotels and on mobile networks above all. Edit the tunnel in the app and set MTU to 1380, then to 1280.
faq-local = Can I still reach my printer?
faq-local-answer = Yes: when you add the device, open “More choices” and let everything but your local network go through the tunnel.
faq-pay = How do I pay, and who sees my card?
faq-pay-answer = On a page of Stripe’s. The number of your card goes to Stripe and never to us.
faq-failed = What if a payment fails?
faq-failed-answer = We write to you, and the payment is tried again. Your devices stay online for three days after the paid time has ended; change your card on the page “Subscription”.
faq-cancel = How do I cancel?
faq-cancel-answer = On the page “Subscription” of your dashboard, with one click. You keep what you have paid for until its last day and can take the cancellation back until then. About money that you want back, write to { $support }.
faq-logs = What do you keep about me?
faq-logs-answer = Your mail address, your plan, your invoices, and your devices with their public keys and their addresses in the tunnel. A session is kept with the kind of browser and the day, without your IP address. The site counts attempts per address to stop guessing; it does so in memory, as a keyed hash that changes daily.

pricing-devices = { $count ->
    [one] { $count } device
   *[other] { $count } devices
}
