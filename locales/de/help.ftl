# Help without waiting.
help-title = Hilfe
help-seen = Das könnte es sein
help-else = Oder ist es etwas anderes?
help-go = Seite öffnen
help-solved = Das hat geholfen
help-human = Einen Menschen fragen
help-back = Zurück
help-glad = Das freut uns.
faq-help = Etwas geht nicht? Hier finden Sie es heraus
admin-ticket-way = Kam über
admin-help-ends = Wie die Hilfe endet
admin-help-body = Aus den letzten dreißig Tagen: wie oft eine Antwort genügte, und wie oft ein Mensch gefragt wurde.
admin-help-node = Antwort
admin-help-solved = Half
admin-help-human = Fragte einen Menschen
admin-help-rate = Ohne Ticket
