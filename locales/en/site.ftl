# The site's pages.

nav-skip = Skip to the content
nav-label = Main menu
nav-menu = Menu
nav-pricing = Plans
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

error-password-too-short = Choose a password of at least 8 characters.
error-email-missing = Enter an email address, for example mika@example.com.
error-email-without-at = An email address has an @, for example mika@example.com.
error-email-domain-without-dot = The domain of an email address has a dot in it, for example example.com.
error-token-invalid = This link is unknown, was used or has expired. Log in, or ask for a new one.

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
dashboard-manage = Payment method, invoices, cancellation

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

pricing-devices = { $count ->
    [one] { $count } device
   *[other] { $count } devices
}
