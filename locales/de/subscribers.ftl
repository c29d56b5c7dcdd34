# Mails of incidents and webhooks: asking for them, what they say, and the operators’ page.

status-subscribe = Mails über Störungen
status-subscribe-body = Wir schreiben, wenn eine Störung beginnt, wenn es Neues von ihr gibt, wenn sie vorbei ist und wenn Arbeiten angekündigt werden.
status-subscribe-submit = Diese Mails bekommen
status-subscribe-sent = Wenn diese Adresse diese Mails noch nicht bekommt, ist eine mit einem Link zu ihr unterwegs. Der Link gilt einen Tag.
status-confirm-body = Mit diesem Knopf beginnen die Mails über Störungen an Ihre Adresse.
status-confirm-submit = Ja, schreiben Sie mir
status-confirm-done = Ihre Adresse bekommt von jetzt an Mails über Störungen. In jeder steht ein Link, der sie beendet.
status-mails = Störungen und Wartung, von der Statusseite
unsubscribe-again-status = Wenn Sie es sich anders überlegen, bestellen Sie sie auf der Statusseite wieder.
error-subscribe-link-invalid = Dieser Link ist nicht vollständig oder älter als ein Tag. Auf der Statusseite bekommen Sie einen neuen.

mail-status-confirm-subject = Mails über Störungen bei { $brand }?
mail-status-confirm-body = Jemand, hoffentlich Sie, möchte an diese Adresse Mails bekommen, wenn bei { $brand } etwas nicht arbeitet. Dafür öffnen Sie innerhalb eines Tages diesen Link und drücken den Knopf:
mail-status-confirm-action = Mails über Störungen bekommen
mail-status-confirm-after = Wenn Sie es nicht waren, tun Sie nichts: Wir schreiben nicht mehr und vergessen die Adresse nach einem Tag.
mail-status-opened-subject = Störung: { $what }
mail-status-updated-subject = Neues zu einer Störung: { $what }
mail-status-resolved-subject = Vorbei: { $what }
mail-status-work-subject = Wartung: { $what }
mail-status-canceled-subject = Abgesagt: { $what }
mail-status-canceled-body = Diese Wartung findet nicht statt.
mail-status-body = { $what }: eine Störung seit { $since }.
mail-status-action = Die Statusseite ansehen
mail-status-optional = Diese Mails können Sie mit einem Klick beenden:
mail-status-stop = Keine solchen Mails mehr
mail-status-footer = Sie bekommen diese Mail, weil diese Adresse auf der Statusseite von { $brand } angegeben wurde.

admin-subscribers = Abonnenten
admin-subscribers-count = Bekommen Mails über Störungen: { $confirmed }. Wurden gefragt und haben nicht zugesagt: { $waiting }.
admin-subscriber-remove = Diese Adresse vergessen
admin-done-subscriber-removed = Die Adresse ist vergessen.
error-subscriber-unknown = Diese Adresse bekommt keine Mails über Störungen.
admin-webhooks = Webhooks
admin-webhooks-body = Eigene Programme, die dasselbe wie Abonnenten erfahren, in signierten Nachrichten.
admin-webhook-url = URL
admin-webhook-url-hint = Eine https-URL im öffentlichen Internet.
admin-webhook-state = Zustand
admin-webhook-works = Arbeitet
admin-webhook-failing = Nicht erreicht seit { $at }: { $trouble }
admin-webhook-disabled = Aufgegeben, { $at }: { $trouble }
admin-webhook-add = Einen Webhook hinzufügen
admin-webhook-add-ask = Jede Störung wird dann an { $url } gemeldet.
admin-webhook-resume = Wieder versuchen
admin-webhook-remove = Entfernen
admin-webhook-remove-ask = Dorthin wird nichts mehr gemeldet, und sein Geheimnis wird vergessen.
admin-done-webhook-resumed = An den Webhook wird wieder gemeldet.
admin-done-webhook-removed = Der Webhook ist entfernt.
admin-webhook-secret = Das Geheimnis des Webhooks
admin-webhook-secret-body = Damit prüft der Empfänger, dass eine Nachricht von uns ist. Es wird dieses eine Mal gezeigt.
error-webhook-url-invalid = Geben Sie eine https-URL mit höchstens 500 Zeichen ein, ohne Namen oder Passwort darin.
error-webhook-url-not-public = Das führt nicht ins öffentliche Internet.
error-webhooks-full = Mehr Webhooks kann es nicht geben. Entfernen Sie zuerst einen.

privacy-held-status-subscribers = Adressen, die Mails über Störungen bekommen, in welcher Sprache und seit wann, bis sie mit einem Klick beendet werden; solche, die gefragt wurden und nicht zugesagt haben, einen Tag lang.
privacy-held-status-tellings = Welche dieser Mails an einen Abonnenten gingen, einen Monat lang, damit keine zweimal kommt.
