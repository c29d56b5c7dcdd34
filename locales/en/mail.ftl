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
mail-password-changed-body = The password of your { $brand } account was just changed, and every session was ended.
mail-password-changed-after = If it was not you, write to { $support } at once.

mail-started-subject = Your { $brand } subscription is active
mail-started-body = Your payment has arrived and the plan { $plan } is active. Add your first device:
mail-started-action = Add a device

mail-failed-subject = A payment for { $brand } failed
mail-failed-body = We could not collect the payment for your { $brand } subscription. Your devices stay online for now; please check your payment method:
mail-failed-action = Check my payment method

mail-ending-subject = Your { $brand } subscription will end
mail-ending-body = Your subscription is canceled. You can use it until { $until } (UTC); until then you can take the cancellation back on your dashboard.

mail-ended-subject = Your { $brand } subscription has ended
mail-ended-body = Your { $brand } subscription has ended and your devices are offline. Their names are kept; subscribe again to bring them back:
mail-ended-action = See the plans
