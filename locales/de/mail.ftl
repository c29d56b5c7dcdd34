# Mails an Kunden.

mail-footer = Sie bekommen diese Mail wegen Ihres Kontos bei { $brand }.

mail-verify-subject = Bestätigen Sie Ihre Adresse für { $brand }
mail-verify-body = Willkommen bei { $brand }. Öffnen Sie diesen Link, um zu bestätigen, dass diese Adresse Ihnen gehört:
mail-verify-action = Meine Adresse bestätigen
mail-verify-after = Der Link gilt einmal, 24 Stunden lang. Wenn Sie sich nicht angemeldet haben, beachten Sie diese Mail nicht: Es geschieht nichts.

mail-already-subject = Sie haben schon ein Konto bei { $brand }
mail-already-body = Jemand, vermutlich Sie, wollte sich mit dieser Adresse bei { $brand } anmelden. Sie haben schon ein Konto. Hier melden Sie sich an:
mail-already-login = Anmelden
mail-already-forgotten = Wenn Sie Ihr Passwort vergessen haben, wählen Sie hier ein neues:
mail-already-reset = Neues Passwort wählen
mail-already-after = Wenn Sie es nicht waren, beachten Sie diese Mail nicht: Es wurde nichts geändert.

mail-reset-subject = Wählen Sie ein neues Passwort für { $brand }
mail-reset-body = Sie haben um ein neues Passwort für { $brand } gebeten. Wählen Sie es hier:
mail-reset-action = Neues Passwort wählen
mail-reset-after = Der Link gilt einmal, eine Stunde lang. Wenn Sie nicht darum gebeten haben, beachten Sie diese Mail nicht: Ihr Passwort bleibt, wie es ist.

mail-password-changed-subject = Ihr Passwort für { $brand } wurde geändert
mail-password-changed-body = Das Passwort Ihres Kontos bei { $brand } wurde soeben geändert, und alle anderen Sitzungen wurden beendet.

mail-started-subject = Ihr Abonnement bei { $brand } ist aktiv
mail-started-body = Ihre Zahlung ist eingegangen, und der Tarif { $plan } ist aktiv. Fügen Sie Ihr erstes Gerät hinzu:
mail-started-action = Gerät hinzufügen

mail-ending-subject = Ihr Abonnement bei { $brand } wird enden
mail-ending-body = Ihr Abonnement ist gekündigt. Sie können es bis zum { $until } (UTC) nutzen; bis dahin können Sie die Kündigung in Ihrer Übersicht zurücknehmen.

mail-ended-subject = Ihr Abonnement bei { $brand } ist beendet
mail-ended-body = Ihr Abonnement bei { $brand } ist beendet, und Ihre Geräte sind offline. Ihre Namen bleiben erhalten; mit einem neuen Abonnement sind sie wieder da:
mail-ended-action = Tarife ansehen

mail-not-you = Wenn Sie es nicht waren, schreiben Sie sofort an { $support }.
mail-signed-in-subject = Neue Anmeldung bei { $brand }
mail-signed-in-body = Am { $day } (UTC) wurde Ihr Konto bei { $brand } mit { $client } benutzt, wo es zuvor nicht benutzt worden war. Wenn Sie das waren, ist nichts zu tun. Wenn nicht, beenden Sie diese Sitzung und ändern Sie Ihr Passwort:
mail-signed-in-action = Meine Sitzungen prüfen
mail-second-factor-subject = Der Code zur Anmeldung bei { $brand } wurde geändert
mail-second-factor-body = Der Code, nach dem Ihr Konto bei { $brand } beim Anmelden fragt, wurde ein- oder ausgeschaltet oder hat neue Ersatzcodes.
mail-address-confirm-subject = Bestätigen Sie Ihre neue Adresse für { $brand }
mail-address-confirm-body = Öffnen Sie diesen Link, um dies zur Adresse Ihres Kontos bei { $brand } zu machen:
mail-address-confirm-action = Diese Adresse verwenden
mail-address-confirm-after = Der Link gilt einmal, eine Stunde lang. Wenn Sie nicht darum gebeten haben, beachten Sie diese Mail nicht: Es geschieht nichts.
mail-address-changing-subject = Eine andere Adresse für { $brand } wurde gewünscht
mail-address-changing-body = Jemand, der Ihr Passwort kennt, möchte die Adresse Ihres Kontos bei { $brand } ändern. Solange der Link in der Mail an die neue Adresse nicht geöffnet ist, ändert sich nichts.
mail-address-changed-subject = Ihr Konto bei { $brand } hat eine andere Adresse
mail-address-changed-body = Die Adresse Ihres Kontos bei { $brand } wurde geändert; diese gehört nicht mehr dazu.
mail-deleted-subject = Ihr Konto bei { $brand } ist gelöscht
mail-deleted-body = Ihr Konto bei { $brand } wurde gelöscht, Ihre Geräte sind offline, und es wird nichts mehr abgebucht. Rechnungen werden aufbewahrt, wie das Gesetz es verlangt, ohne Ihren Namen.

mail-disputed-subject = Eine Zahlung für { $brand } wird bestritten
mail-disputed-body = Ihre Bank teilt uns mit, dass eine Zahlung für Ihr Abonnement bei { $brand } bestritten wird. Bis das entschieden ist, sind Ihre Geräte offline.
mail-disputed-after = Wenn das ein Versehen ist, ziehen Sie den Einspruch bei Ihrer Bank zurück oder schreiben Sie an { $support }.

mail-reward-subject = { $amount } für einen Freund
mail-reward-body = Jemand, den Sie eingeladen haben, ist geblieben, und { $amount } gehören Ihnen. Guthaben bezahlt einen Zeitraum ohne Karte:
mail-reward-action = Freunde und Guthaben ansehen

mail-alarm-subject = { $brand }: Etwas braucht Sie
mail-alarm-body = Eine nächtliche Prüfung hat gefunden, was nicht sein soll. Was zu tun ist, steht in docs/operations.md.
mail-alarm-action = Zu den Betreiberseiten
mail-outage-subject = { $server } antwortet nicht
mail-outage-body = { $server } arbeitet seit { $since } nicht. Das wird einmal gemeldet; eine weitere Nachricht folgt, wenn es wieder arbeitet.
mail-outage-action = Den Status ansehen
mail-outage-over-subject = { $server } arbeitet wieder
mail-outage-over-body = { $server } hat von { $since } bis { $until } nicht gearbeitet und arbeitet wieder.
mail-server-away-subject = Ein Server von { $brand } ist nicht nutzbar
mail-server-away-body = Der Server { $server } ist nicht erreichbar oder wird außer Betrieb genommen. Diese Geräte nutzen ihn: { $devices }. Ziehen Sie jedes mit einem Klick auf einen anderen Server um und geben Sie der App dann ihre neue Konfiguration:
mail-server-away-action = Meine Geräte umziehen
