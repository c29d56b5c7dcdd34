# Mails of incidents and webhooks: asking for them, what they say, and the operators’ page.

status-subscribe = Mails of incidents
status-subscribe-body = We write when an incident begins, when there is news of it, when it is over, and when work is announced.
status-subscribe-submit = Get these mails
status-subscribe-sent = If this address does not get these mails yet, one with a link is on its way to it. The link works for a day.
status-confirm-body = With this button mails of incidents begin to come to your address.
status-confirm-submit = Yes, write to me
status-confirm-done = Mails of incidents come to your address from now on. Each has a link that ends them.
status-mails = Incidents and maintenance, from the status page
unsubscribe-again-status = If you change your mind, ask for them again on the status page.
error-subscribe-link-invalid = This link is not complete, or older than a day. Ask for another on the status page.

mail-status-confirm-subject = Mails of incidents at { $brand }?
mail-status-confirm-body = Somebody, you we hope, wants mails at this address when something does not work at { $brand }. To get them, open this link within a day and press the button:
mail-status-confirm-action = Get mails of incidents
mail-status-confirm-after = If it was not you, do nothing: we write no more, and forget the address after a day.
mail-status-opened-subject = Incident: { $what }
mail-status-updated-subject = News of an incident: { $what }
mail-status-resolved-subject = It is over: { $what }
mail-status-work-subject = Maintenance: { $what }
mail-status-canceled-subject = Canceled: { $what }
mail-status-canceled-body = This maintenance does not take place.
mail-status-body = { $what }: an incident since { $since }.
mail-status-action = See the status page
mail-status-optional = You can end these mails with one click:
mail-status-stop = No more of these mails
mail-status-footer = You get this mail because this address was given on the status page of { $brand }.

admin-subscribers = Subscribers
admin-subscribers-count = Get mails of incidents: { $confirmed }. Were asked and have not said yes: { $waiting }.
admin-subscriber-remove = Forget this address
admin-done-subscriber-removed = The address is forgotten.
error-subscriber-unknown = This address does not get mails of incidents.
admin-webhooks = Webhooks
admin-webhooks-body = Programs of your own that are told of the same as subscribers, in signed messages.
admin-webhook-url = URL
admin-webhook-url-hint = An https URL in the public internet.
admin-webhook-state = State
admin-webhook-works = Works
admin-webhook-failing = Not reached since { $at }: { $trouble }
admin-webhook-disabled = Given up, { $at }: { $trouble }
admin-webhook-add = Add a webhook
admin-webhook-add-ask = Each incident is then posted to { $url }.
admin-webhook-resume = Try again
admin-webhook-remove = Remove
admin-webhook-remove-ask = Nothing more is posted there, and its secret is forgotten.
admin-done-webhook-resumed = The webhook is posted to again.
admin-done-webhook-removed = The webhook is removed.
admin-webhook-secret = The webhook’s secret
admin-webhook-secret-body = The receiver checks with it that a message is ours. It is shown this once.
error-webhook-url-invalid = Write an https URL of at most 500 characters, without a name or password in it.
error-webhook-url-not-public = This does not lead into the public internet.
error-webhooks-full = There are as many webhooks as can be. Remove one first.

privacy-held-status-subscribers = Addresses that get mails of incidents, in which language and since when, until they are ended with one click; those that were asked and did not say yes, for a day.
privacy-held-status-tellings = Which of those mails were sent to a subscriber, for a month, so that none comes twice.
