# Was die Seiten des Betriebs sagen.

admin-title = Betrieb
admin-code-needed = Schalten Sie zuerst den Code beim Anmelden ein: Die Seiten des Betriebs öffnen sich nur damit.
admin-customers = Kunden
admin-figures = Zahlen
admin-plans = Tarife
admin-keys = API-Schlüssel
admin-jobs = Aufträge
admin-mails = Mails
admin-events = Ereignisse von Stripe
admin-audit = Protokoll

# The customers.

admin-search = Kunden finden
admin-search-hint = Eine Mailadresse, die Nummer eines Kontos, die Kundennummer bei Stripe (cus_…), der öffentliche Schlüssel eines Geräts oder eine Adresse im Tunnel. Genau so, wie es geschrieben ist.
admin-search-submit = Suchen
admin-unknown = Nichts gefunden. Prüfen Sie die Schreibweise.
admin-waiting = Was wartet
admin-waiting-dead = Aufgegebene Aufträge
admin-waiting-jobs = Aufträge in der Warteschlange
admin-waiting-events = Ereignisse von Stripe, die noch nicht angewandt sind
admin-waiting-servers = Server in Betrieb, die Schwierigkeiten haben
admin-what = Was
admin-count = Anzahl
admin-none = Keine.
admin-no = nein
admin-account = Konto
admin-role = Rolle
admin-joined = Registriert
admin-verified = Adresse bestätigt
admin-stripe-customer = Kunde bei Stripe
admin-code = Code für Freunde
admin-credit = Guthaben
admin-suspended = Gesperrt
admin-deleted = Gelöscht
admin-sponsor = Geworben von
admin-network = Netz
admin-paid-until = Bezahlt bis
admin-plan = Tarif
admin-public-key = Öffentlicher Schlüssel
admin-paid = Bezahlt
admin-refunded = Erstattet
admin-dispute = Anfechtung
admin-when = Wann (UTC)
admin-rewards = Prämien für Freunde
admin-friend = Freund
admin-sessions = Sitzungen
admin-letter = Brief
admin-sent = Gesendet
admin-not-sent = nicht gesendet
admin-help = Was Sie tun können
admin-suspend = Konto sperren
admin-suspend-ask = { $account } wird ausgesperrt, und alle Sitzungen enden. Geräte und Zahlungen laufen weiter.
admin-reinstate = Sperre aufheben
admin-reinstate-ask = { $account } kann sich wieder anmelden.
admin-end-sessions = Alle Sitzungen beenden
admin-end-sessions-ask = Wo immer { $account } angemeldet ist, ist eine neue Anmeldung nötig. Geräte laufen weiter.
admin-grant = Guthaben geben
admin-grant-ask = { $account } erhält { $amount } Guthaben. Grund: { $reason }
admin-take = Guthaben nehmen
admin-take-ask = { $account } verliert { $amount } Guthaben. Grund: { $reason }
admin-amount = Betrag
admin-amount-hint = Zum Beispiel 5,00.
admin-currency = Währung
admin-reason = Grund, für das Protokoll
admin-done-suspended = Das Konto ist gesperrt.
admin-done-reinstated = Die Sperre ist aufgehoben.
admin-done-sessions = Alle Sitzungen sind beendet.
admin-done-granted = Das Guthaben ist gegeben.
admin-done-taken = Das Guthaben ist genommen.
admin-refund = Zahlung erstatten
admin-refund-ask = { $account } erhält { $amount } über Stripe zurück. Grund: { $reason }
admin-refund-invoice = Zahlung
admin-refund-hint = Leer für alles, was übrig ist. Die ganze Zahlung für die laufende Zeit beendet das Abo.
admin-done-refunded = Die Zahlung ist erstattet.
error-nothing-to-refund = Von dieser Zahlung ist nichts mehr zu erstatten.
error-refund-changed = Von dieser Zahlung ist inzwischen etwas zurückgegangen. Sehen Sie nach, was übrig ist, bevor Sie mehr erstatten.

# The audit log.

admin-actor = Von
admin-action = Handlung
admin-subject = An
admin-detail = Einzelheiten
admin-whom = Konto oder Name
admin-whom-hint = Die Nummer eines Kontos, der Name eines Servers oder Schlüssels: handelnd oder betroffen.
admin-action-hint = Oder ihr Anfang, etwa user. für alles, was mit Konten geschieht.
admin-filter = Zeigen
admin-next = Ältere

# The servers.

admin-active = Jetzt aktiv
admin-reported = Letzter Bericht (UTC)
admin-trouble = Schwierigkeiten
admin-server-pending = nicht angemeldet
admin-server-retired = ausgemustert
admin-server-add = Server hinzufügen
admin-server-add-body = Sie erhalten ein Token, mit dem sich sein Gateway anmeldet, einmal und binnen fünfzehn Minuten.
admin-server-add-ask = { $name } wird hinzugefügt. Kunden sehen ihn, sobald er in Betrieb ist.
admin-country = Land (zwei Buchstaben)
admin-city = Stadt
admin-endpoint = Endpunkt (Host:Port)
admin-capacity = Geräte, für die er gedacht ist
admin-bandwidth = Bandbreite (Mbit/s)
admin-public-key-hint = Nur für einen Server ohne unser Gateway; mit einem Schlüssel ist er sofort in Betrieb.
admin-token = Token erstellen
admin-token-ask = Ein Token, mit dem sich ein Gateway von { $name } anmeldet, wird erstellt; es gilt fünfzehn Minuten. Das bisherige Gateway läuft weiter, bis das neue sich anmeldet.
admin-token-title = Token von { $name }
admin-token-body = Es wird nur dieses eine Mal gezeigt und gilt fünfzehn Minuten. Geben Sie es auf dem Server mirai gateway enroll.
admin-seen = Ich habe es gesichert
admin-status-seen = Gesehener Zustand
admin-status-set = Gesetzter Zustand
admin-status-change = Zustand ändern
admin-up-ask = { $name } nimmt Geräte an.
admin-draining-ask = { $name } behält seine Geräte und nimmt keine neuen an. Ihre Besitzer werden gebeten, sie umzuziehen.
admin-down-ask = { $name } ist außer Betrieb. Seine Geräte haben kein Netz, bis ihre Besitzer sie umziehen.
admin-retired-ask = { $name } ist für immer weg, und Kunden sehen ihn nicht mehr. Seine Geräte haben kein Netz, bis ihre Besitzer sie umziehen.
admin-gateway = Gateway
admin-gateway-body = Mit einem Token meldet sich ein neues Gateway an. Ein Widerruf macht den Zugang des jetzigen sofort ungültig.
admin-revoke = Zugang widerrufen
admin-revoke-ask = Das Gateway von { $name } wird sofort getrennt, und der Server ist außer Betrieb. Seine Geräte behalten das Netz, bis ihre Fristen enden.
admin-enrolled = Angemeldet (UTC)
admin-lag = Änderungen, die es noch nicht angewandt hat
admin-drops = Verworfene Pakete je Sekunde
admin-cpu = Prozessoren
admin-memory = Speicher
admin-skew = Uhr geht vor um
admin-done-status = Erledigt.
admin-done-revoked = Der Zugang ist ungültig, und der Server ist außer Betrieb.

# The work inside.

admin-job-dead = Aufgegeben
admin-job-queued = Wartend
admin-job-running = Laufend
admin-attempts = Versuche
admin-due = Fällig (UTC)
admin-last-error = Letzter Fehler
admin-retry = Noch einmal versuchen
admin-retry-all = Alle noch einmal versuchen
admin-done-retried = Die Aufträge sind wieder in der Warteschlange.
admin-mails-body = Welcher Brief, wann, und ob er hinausging, einen Monat lang. Was darin steht, liest hier niemand.
admin-events-body = Was Stripe uns gemeldet hat, ohne den Inhalt.
admin-event = Ereignis
admin-received = Erhalten (UTC)
admin-outcome = Ergebnis
admin-waits = wartet

# API keys.

admin-keys-body = Schlüssel von Programmen, die die API aufrufen. Der Text eines Schlüssels wird einmal gezeigt, wenn er erstellt wird.
admin-opens = Öffnet
admin-opens-hint = Ohne Auswahl öffnet er alles.
admin-everything = alles
admin-made = Erstellt (UTC)
admin-ends = Endet (UTC)
admin-days = Tage
admin-days-hint = Danach endet er von selbst. Leer: nicht bevor er widerrufen wird.
admin-key-add = Schlüssel hinzufügen
admin-key-add-ask = Der Schlüssel { $name } wird erstellt. Wer ihn hat, kann die API aufrufen.
admin-key-title = Schlüssel { $name }
admin-key-body = Er wird nur dieses eine Mal gezeigt. Verwahren Sie ihn dort, wo sein Programm ihn liest.
admin-key-revoke = Widerrufen
admin-key-revoke-ask = Der Schlüssel { $name } öffnet binnen fünf Sekunden nichts mehr. Das lässt sich nicht zurücknehmen.
admin-done-key-revoked = Der Schlüssel ist widerrufen.

# Plans.

admin-plans-body = Wer gekauft hat, behält das Vereinbarte, bis sich der Tarif ändert.
admin-plan-body = Ein leeres Feld ist keine Grenze; ein leeres Tempo danach trennt Geräte, sobald das Volumen verbraucht ist. Ein neuer Preis wird verkauft, sobald mirai admin stripe sync gelaufen ist.
admin-plan-set = Tarif ändern
admin-plan-set-ask = { $name } wird ab jetzt so verkauft. Wer gekauft hat, behält das Vereinbarte.
admin-price = Preis
admin-quota = Volumen je Zeitraum (GB)
admin-speed = Tempo (Mbit/s)
admin-slow = Tempo danach (Mbit/s)
admin-no-limit = keine Grenze
admin-off = aus
admin-stripe-price = Preis bei Stripe
admin-prices-now = Preise jetzt
admin-prices-so-far = Preise bisher
admin-trial = Kostenlose Tage am Anfang
admin-plan-regions = Regionen, mit Kommas getrennt (leer: alle)
admin-listed = In der Preisliste
admin-price-set = Preis setzen
admin-price-body = Für einen anderen Zeitraum oder eine andere Währung. Er ist zu haben, sobald mirai admin stripe sync gelaufen ist. Ohne Betrag kommt er von der Liste; wer dazu gekauft hat, behält ihn.
admin-period = Wie oft
admin-sync = Preise bei Stripe anlegen
admin-sync-body = Legt an, was dort fehlt, für alle Tarife. Erst dann wird ein neuer Preis verkauft; was jemand zahlt, bleibt.
admin-done-sync = Alle Preise sind bei Stripe.
admin-move = Bestandskunden auf diese Preise bringen
admin-move-body = Wer gekauft hat, behält das Vereinbarte, bis etwas anderes angekündigt ist. Damit bekommt jeder Post, der einen anderen Preis zahlt als den der Liste; ein höherer gilt ab der ersten Verlängerung nach der Frist, ein niedrigerer ab der nächsten.
admin-move-days = Tage Frist
admin-move-ask = Jetzt per Mail: { $raised } zahlen künftig mehr, { $lowered } weniger. { $left } bleiben, wie sie sind: Die Liste hat keinen Preis für ihren Zeitraum und ihre Währung, oder sie haben einen anderen Tarif gewählt.
admin-done-move = Die Kunden haben Post.
admin-done-plan = Der Tarif ist geändert.

# Figures.

admin-figures-body = Aus den Büchern, den Abonnements und den Berichten der Gateways, nach Monaten und Tagen in UTC.
admin-as-table = Als Tabelle
admin-month = Monat
admin-revenue = Umsatz in { $currency }
admin-revenue-body = Was verkauft wurde, weniger was zurückging, nach Monaten. Der höchste Wert: { $most }.
admin-sold = Verkauft
admin-disputed = Angefochten
admin-kept = Behalten
admin-tax = Steuern
admin-subscriptions = Aktive Abonnements
admin-subscriptions-body = Am Ende jedes Monats. Der höchste Wert: { $most }. Jeder mit Guthaben bezahlte Zeitraum zählt für sich.
admin-before = Am Anfang
admin-began = Begonnen
admin-ended = Beendet
admin-after = Am Ende
admin-churn = Abwanderung
admin-traffic = Verkehr im Netz
admin-traffic-body = Nach Tagen, alle Geräte zusammen. Der höchste Wert: { $most }.
admin-from-devices = Von Geräten
admin-to-devices = Zu Geräten
admin-load = Auslastung der Server jetzt

# What can go wrong.

error-operator-own-account = Das ist Ihr eigenes Konto. Das muss jemand anders vom Betrieb tun.
error-operator-team-account = Das ist ein Konto des Teams. Das kann nur ein Admin tun.
error-account-not-suspended = Dieses Konto ist nicht gesperrt.
error-reason-invalid = Sagen Sie, warum, in 1 bis 200 Zeichen.
error-amount-invalid = Ein Betrag wie 5,00, höchstens 10.000,00.
error-currency-invalid = Drei Buchstaben, etwa USD.
error-movement-known = Das ist schon geschehen. Es wurde nichts noch einmal geändert.
error-server-name-invalid = 1 bis 40 aus: a bis z, 0 bis 9, Bindestrich.
error-endpoint-invalid = Host:Port, etwa vpn1.example.net:51820.
error-country-invalid = Zwei Buchstaben, etwa JP.
error-city-invalid = 1 bis 64 druckbare Zeichen.
error-number-invalid = Diese Zahl geht nicht.
error-server-status-unknown = Diesen Zustand gibt es nicht. Wählen Sie einen aus der Liste.
error-server-not-enrolled = Dieser Server hat keinen Schlüssel. Melden Sie zuerst sein Gateway an.
error-server-no-gateway = Dieser Server hat kein Gateway.
error-server-key-in-use = Ein Server hat diesen Schlüssel schon.
error-name-in-use = Dieser Name ist vergeben.
error-name-invalid = Ein Name hat 1 bis 64 druckbare Zeichen.
error-scope-unknown = Diesen Teil der API gibt es nicht.
