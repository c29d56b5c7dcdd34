# Help without waiting.
help-title = Aide
help-seen = C’est peut-être cela
help-else = Ou est-ce autre chose ?
help-go = Ouvrir la page
help-solved = Cela m’a aidé
help-human = Demander à un humain
help-back = Retour
help-glad = Nous en sommes ravis.
faq-help = Quelque chose ne marche pas ? Trouvez ici
admin-ticket-way = Venu par
admin-help-ends = Comment l’aide se termine
admin-help-body = Des trente derniers jours : combien de fois une réponse a suffi, et combien de fois un humain a été sollicité.
admin-help-node = Réponse
admin-help-solved = A aidé
admin-help-human = A demandé à un humain
admin-help-rate = Sans ticket
