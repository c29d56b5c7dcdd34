# Hinweise: ihre Mails, die Seite, auf der man sie wählt, und die, auf der man sie abstellt.

mail-notice-support = Fragen? Schreiben Sie an { $support }.
mail-notice-optional = Auf Mails dieser Art können Sie verzichten, mit einem Klick:
mail-notice-stop = Keine Mails dieser Art mehr

mail-failed-subject = Eine Zahlung für { $brand } ist fehlgeschlagen
mail-failed-body = Wir konnten { $amount } für Ihr Abonnement bei { $brand } nicht einziehen: Die Zahlung wurde abgelehnt.
mail-failed-online = Ihre Geräte bleiben bis { $date } (UTC) online.
mail-failed-offline = Ihre Geräte sind offline, bis bezahlt ist.
mail-failed-next = Der nächste Versuch ist am { $date }.
mail-failed-do = Prüfen Sie Ihre Zahlungsart oder hinterlegen Sie eine andere:
mail-failed-action = Zahlungsart prüfen

mail-quota-most-subject = Der größte Teil Ihres { $brand }-Datenvolumens ist verbraucht
mail-quota-most-body = Sie haben 80 % des Datenvolumens dieses Zeitraums verbraucht. Ist alles verbraucht, sind Ihre Geräte bis zum Ende des Zeitraums am { $date } (UTC) offline oder, wenn Ihr Tarif es so vorsieht, langsamer. Ein größerer Tarif gibt Ihnen sofort mehr:
mail-quota-used-subject = Ihr { $brand }-Datenvolumen ist aufgebraucht
mail-quota-used-body = Das Datenvolumen dieses Zeitraums ist aufgebraucht, und Ihre Geräte sind bis { $date } (UTC) offline. Ein größerer Tarif bringt sie sofort zurück:
mail-quota-slowed-body = Das Datenvolumen dieses Zeitraums ist aufgebraucht. Bis { $date } (UTC) laufen Ihre Geräte mit { $mbit } Mbit/s. Ein größerer Tarif macht sie sofort wieder schnell:
mail-quota-action = Verbrauch und Tarife ansehen

mail-card-subject = Die Karte, die { $brand } bezahlt, läuft ab
mail-card-body = Die Karte, mit der Ihr Abonnement bezahlt wird, gilt bis { $date }. Wenn Ihre Bank Ihnen eine neue geschickt hat, hinterlegen Sie sie, damit die nächste Zahlung gelingt und Ihre Geräte online bleiben:
mail-card-action = Neue Karte hinterlegen

mail-trial-subject = Ihre Testzeit bei { $brand } endet bald
mail-trial-body = Ihre Testzeit mit dem Tarif { $plan } endet am { $date } (UTC). Danach geht sie in ein bezahltes Abonnement über; der Preis ist { $price }, abzüglich Ihrer Rabatte. Ist Ihnen das recht, müssen Sie nichts tun. Wenn nicht, kündigen Sie vor diesem Tag, dann wird nichts abgebucht:
mail-renewal-subject = Ihr Abonnement bei { $brand } verlängert sich bald
mail-renewal-body = Ihr Tarif { $plan } verlängert sich am { $date } (UTC) um ein weiteres Jahr. Der Preis ist { $price }, abzüglich Ihrer Rabatte. Ist Ihnen das recht, müssen Sie nichts tun. Wenn nicht, kündigen Sie vor diesem Tag, dann wird nichts abgebucht:
mail-price-subject = Ihr Tarif bei { $brand } bekommt einen anderen Preis
mail-price-body = Der Preis Ihres Tarifs { $plan } ändert sich: Ab der ersten Verlängerung am { $date } (UTC) oder später kostet ein Zeitraum { $new } statt { $old }, abzüglich Ihrer Rabatte. Bis dahin ändert sich nichts. Ist Ihnen das recht, müssen Sie nichts tun. Wenn nicht, kündigen Sie vor dieser Verlängerung, dann wird nichts mehr abgebucht:
mail-renewal-action = Mein Abonnement ansehen

mail-soon-subject = Ihr Abonnement bei { $brand } endet bald
mail-soon-body = Ihr Abonnement mit dem Tarif { $plan } endet am { $date } (UTC) und verlängert sich nicht. Von da an sind Ihre Geräte offline.
mail-soon-resume = Wenn Sie es behalten möchten, nehmen Sie die Kündigung zurück:
mail-soon-resume-action = Abonnement behalten
mail-soon-longer = Wenn Sie es behalten möchten, bezahlen Sie einen weiteren Zeitraum mit Guthaben oder wählen Sie einen Tarif:
mail-soon-longer-action = Weiteren Zeitraum bezahlen

mail-back-subject = Ihre Geräte bei { $brand } warten auf Sie
mail-back-body = Ihr Abonnement mit dem Tarif { $plan } ist am { $date } (UTC) zu Ende gegangen. Ihre Geräte bleiben, wie sie waren: Mit einem neuen Abonnement sind sie mit denselben Dateien wieder online. Wir fragen nur dieses eine Mal:

notices-title = Mails zu Ihrem Abonnement
notices-intro = Wir schreiben, wenn Sie etwas rechtzeitig wissen sollten. Wählen Sie, wovon Sie hören möchten.
notices-save = Auswahl speichern
notices-saved = Ihre Auswahl ist gespeichert.
notices-always = Was immer kommt
notices-always-body = Mails zur Sicherheit Ihres Kontos und zum Ende Ihres Zugangs, und diese:
notice-payment-failing = Eine Zahlung wurde abgelehnt
notice-quota-used = Das Datenvolumen ist aufgebraucht
notice-price-change = Der Preis des Abonnements ändert sich
notice-quota-most = 80 % des Datenvolumens sind verbraucht
notice-card-expiring = Die Karte läuft ab: einen Monat und eine Woche vorher
notice-trial-ending = Die Testzeit endet: drei Tage vorher
notice-renewal-ahead = Ein Jahrestarif verlängert sich: einen Monat und eine Woche vorher
notice-ending = Ein Abonnement, das Sie nicht verlängern, endet: drei Tage und einen Tag vorher
notice-come-back = Einen Tag nach seinem Ende, einmal

unsubscribe-title = Mails, die Sie nicht möchten
unsubscribe-question = Das stellt die Mails dieser Art ab:
unsubscribe-submit = Keine solchen Mails mehr
unsubscribe-done = Sie bekommen keine Mails dieser Art mehr:
unsubscribe-again = Wenn Sie es sich anders überlegen, stellen Sie sie in Ihrem Konto wieder an.
error-unsubscribe-link-invalid = Dieser Link ist nicht vollständig. Kopieren Sie ihn ganz aus der Mail, oder melden Sie sich an und wählen Sie Ihre Mails unter „Sicherheit“.
error-notice-necessary = Diese Mails sind notwendig und kommen immer.

privacy-held-subscription-cards = Die Karte, mit der ein Abonnement bezahlt wird: ein Hash dessen, woran der Zahlungsdienst sie erkennt, und der Monat, in dem sie abläuft.
privacy-held-price-moves = Ein Preis Ihres Abonnements, der Ihnen angekündigt wurde, und ab wann er gilt.
privacy-held-notices = Welche Hinweise Sie bekommen haben, weshalb und wann, etwas länger als ein Jahr, damit keiner zweimal kommt.
privacy-held-notice-refusals = Auf welche Arten von Mails Sie verzichten, und seit wann.
