# Notices: their mails, the page on which they are chosen, and the one on which they are turned off.

mail-notice-support = Questions? Write to { $support }.
mail-notice-optional = You can do without mails of this kind, with one click:
mail-notice-stop = No more mails of this kind

mail-failed-subject = A payment for { $brand } failed
mail-failed-body = We could not collect { $amount } for your { $brand } subscription: the payment was declined.
mail-failed-online = Your devices stay online until { $date } (UTC).
mail-failed-offline = Your devices are offline until it is paid.
mail-failed-next = The payment is tried again on { $date }.
mail-failed-do = Check your payment method, or put in another:
mail-failed-action = Check my payment method

mail-quota-most-subject = Most of your { $brand } data volume is used
mail-quota-most-body = You have used 80 % of the data volume of this period. When all of it is used, your devices are offline, or slower where your plan says so, until the period ends on { $date } (UTC). A larger plan gives you more at once:
mail-quota-used-subject = Your { $brand } data volume is used up
mail-quota-used-body = The data volume of this period is used up, and your devices are offline until { $date } (UTC). A larger plan brings them back at once:
mail-quota-slowed-body = The data volume of this period is used up. Until { $date } (UTC) your devices run at { $mbit } Mbit/s. A larger plan makes them fast again at once:
mail-quota-action = See my use and plans

mail-card-subject = The card that pays for { $brand } will expire
mail-card-body = The card that pays for your subscription is good until { $date }. If your bank has sent you a new one, put it in, so that the next payment goes through and your devices stay online:
mail-card-action = Put in a new card

mail-trial-subject = Your trial of { $brand } ends soon
mail-trial-body = Your trial of the plan { $plan } ends on { $date } (UTC). It then goes on as a paid subscription; the price is { $price }, less any discount that you have. If that is what you want, there is nothing to do. If not, cancel before that day, and nothing is charged:
mail-renewal-subject = Your { $brand } subscription renews soon
mail-renewal-body = Your plan { $plan } renews for another year on { $date } (UTC). The price is { $price }, less any discount that you have. If that is what you want, there is nothing to do. If not, cancel before that day, and nothing is charged:
mail-price-subject = Your { $brand } plan will have another price
mail-price-body = The price of your plan { $plan } changes: from your first renewal on { $date } (UTC) or later, a period costs { $new } instead of { $old }, less any discount that you have. Until then nothing changes. If that is all right, there is nothing to do. If not, cancel before that renewal, and nothing more is charged:
mail-renewal-action = See my subscription

mail-soon-subject = Your { $brand } subscription ends soon
mail-soon-body = Your subscription to the plan { $plan } ends on { $date } (UTC), and does not renew. Your devices are offline from then on.
mail-soon-resume = To keep it, take the cancellation back:
mail-soon-resume-action = Keep my subscription
mail-soon-longer = To keep it, pay for another period with credit, or choose a plan:
mail-soon-longer-action = Pay for another period

mail-back-subject = Your devices at { $brand } are waiting for you
mail-back-body = Your subscription to the plan { $plan } ended on { $date } (UTC). Your devices are kept as they were: subscribe again, and they are back online with the files that they have. We ask this once and not again:

notices-title = Mails about your subscription
notices-intro = We write when there is something to know in time. Choose what you want to hear of.
notices-save = Save the choice
notices-saved = Your choice is saved.
notices-always = What always comes
notices-always-body = Mails about your account’s security and about the end of your service, and these:
notice-payment-failing = A payment was declined
notice-quota-used = The data volume is used up
notice-price-change = The price of the subscription changes
notice-quota-most = 80 % of the data volume are used
notice-card-expiring = The card expires: a month and a week before
notice-trial-ending = The trial ends: three days before
notice-renewal-ahead = A yearly plan renews: a month and a week before
notice-ending = A subscription that you do not renew ends: three days and one day before
notice-come-back = A day after it has ended, once

unsubscribe-title = Mails that you don’t want
unsubscribe-question = This turns off the mails of this kind:
unsubscribe-submit = No more of these mails
unsubscribe-done = You get no more mails of this kind:
unsubscribe-again = If you change your mind, turn them on again in your account.
error-unsubscribe-link-invalid = This link is not complete. Copy all of it from the mail, or log in and choose your mails under “Security”.
error-notice-necessary = These mails are necessary and always come.

privacy-held-subscription-cards = The card that pays for a subscription: a hash of what the payment service knows it by, and the month in which it expires.
privacy-held-price-moves = A price of your subscription that was announced to you, and from when it holds.
privacy-held-notices = Which notices you were sent, why and when, for a bit more than a year, so that none comes twice.
privacy-held-notice-refusals = Which kinds of mails you do without, and since when.
