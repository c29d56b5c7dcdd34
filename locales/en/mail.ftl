# Mails to customers.

mail-footer = You get this mail because of your account at { $brand }.

mail-verify-subject = Confirm your address for { $brand }
mail-verify-body = Welcome to { $brand }. Open this link to confirm that this address is yours:
mail-verify-action = Confirm my address
mail-verify-after = The link works once, for 24 hours. If you did not sign up, ignore this mail: nothing happens.

mail-already-subject = You already have an account at { $brand }
mail-already-body = Somebody, probably you, tried to sign up at { $brand } with this address. You already have an account. Log in here:
mail-already-login = Log in
mail-already-forgotten = If you have forgotten your password, choose a new one here:
mail-already-reset = Choose a new password
mail-already-after = If it was not you, ignore this mail: nothing was changed.

mail-reset-subject = Choose a new password for { $brand }
mail-reset-body = You asked for a new password at { $brand }. Choose it here:
mail-reset-action = Choose a new password
mail-reset-after = The link works once, for one hour. If you did not ask for it, ignore this mail: your password stays as it is.

mail-password-changed-subject = Your { $brand } password was changed
mail-password-changed-body = The password of your { $brand } account was just changed, and all sessions elsewhere were ended.

mail-started-subject = Your { $brand } subscription is active
mail-started-body = Your payment has arrived and the plan { $plan } is active. Add your first device:
mail-started-action = Add a device

mail-ending-subject = Your { $brand } subscription will end
mail-ending-body = Your subscription is canceled. You can use it until { $until } (UTC); until then you can take the cancellation back on your dashboard.

mail-ended-subject = Your { $brand } subscription has ended
mail-ended-body = Your { $brand } subscription has ended and your devices are offline. Their names are kept; subscribe again to bring them back:
mail-ended-action = See the plans

mail-not-you = If it was not you, write to { $support } at once.
mail-signed-in-subject = New sign-in to { $brand }
mail-signed-in-body = On { $day } (UTC) your { $brand } account was used with { $client }, where it was not used before. If that was you, there is nothing to do. If not, end that session and change your password:
mail-signed-in-action = Check my sessions
mail-second-factor-subject = The code at login of { $brand } was changed
mail-second-factor-body = The code that your { $brand } account asks for at login was turned on or off, or has new recovery codes.
mail-address-confirm-subject = Confirm your new address for { $brand }
mail-address-confirm-body = Open this link to make this the address of your { $brand } account:
mail-address-confirm-action = Use this address
mail-address-confirm-after = The link works once, for one hour. If you did not ask for it, ignore this mail: nothing happens.
mail-address-changing-subject = Another address for { $brand } was asked for
mail-address-changing-body = Somebody who knows your password asked to change the address of your { $brand } account. Until the link in the mail to the new address is opened, nothing changes.
mail-address-changed-subject = Your { $brand } account has another address
mail-address-changed-body = The address of your { $brand } account was changed; this one does not belong to it any more.
mail-deleted-subject = Your { $brand } account is deleted
mail-deleted-body = Your { $brand } account was deleted, your devices are offline and nothing will be charged any more. Invoices are kept as the law demands, without your name.

mail-disputed-subject = A payment for { $brand } is disputed
mail-disputed-body = Your bank tells us that a payment for your { $brand } subscription is disputed. Until that is decided your devices are offline.
mail-disputed-after = If this is a mistake, withdraw the dispute at your bank, or write to { $support }.

mail-reward-subject = You have { $amount } for a friend
mail-reward-body = A friend of yours has stayed, and { $amount } are yours. Credit pays for a period without a card:
mail-reward-action = See my friends and credit

mail-alarm-subject = { $brand }: something needs you
mail-alarm-body = A check of the night found what should not be. What to do stands in docs/operations.md.
mail-alarm-action = Open the operators’ pages
mail-outage-subject = { $server } does not answer
mail-outage-body = { $server } has not worked since { $since }. This is told once; another mail follows when it works again.
mail-outage-action = See the status
mail-outage-over-subject = { $server } works again
mail-outage-over-body = { $server } did not work from { $since } to { $until }, and works again.
mail-server-away-subject = A { $brand } server cannot be used
mail-server-away-body = The server { $server } cannot be reached, or is being taken out of service. These devices use it: { $devices }. Move each to another server with one click; then give the app its new configuration:
mail-server-away-action = Move my devices
