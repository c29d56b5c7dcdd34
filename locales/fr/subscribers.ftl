# Mails of incidents and webhooks: asking for them, what they say, and the operators’ page.

status-subscribe = Messages sur les incidents
status-subscribe-body = Nous écrivons quand un incident commence, quand il y a du nouveau, quand il est terminé et quand des travaux sont annoncés.
status-subscribe-submit = Recevoir ces messages
status-subscribe-sent = Si cette adresse ne reçoit pas encore ces messages, un courriel avec un lien est en route. Le lien est valable un jour.
status-confirm-body = Ce bouton fait commencer les messages sur les incidents à votre adresse.
status-confirm-submit = Oui, écrivez-moi
status-confirm-done = Votre adresse reçoit désormais les messages sur les incidents. Chacun contient un lien pour les arrêter.
status-mails = Incidents et maintenance, depuis la page d’état
unsubscribe-again-status = Si vous changez d’avis, demandez-les de nouveau sur la page d’état.
error-subscribe-link-invalid = Ce lien n’est pas complet, ou date de plus d’un jour. Demandez-en un autre sur la page d’état.

mail-status-confirm-subject = Des messages sur les incidents de { $brand } ?
mail-status-confirm-body = Quelqu’un, vous nous l’espérons, souhaite recevoir des messages à cette adresse quand quelque chose ne fonctionne pas chez { $brand }. Pour les recevoir, ouvrez ce lien dans un délai d’un jour et appuyez sur le bouton :
mail-status-confirm-action = Recevoir les messages sur les incidents
mail-status-confirm-after = Si ce n’était pas vous, ne faites rien : nous n’écrirons plus, et oublierons l’adresse au bout d’un jour.
mail-status-opened-subject = Incident : { $what }
mail-status-updated-subject = Du nouveau sur un incident : { $what }
mail-status-resolved-subject = Terminé : { $what }
mail-status-work-subject = Maintenance : { $what }
mail-status-canceled-subject = Annulé : { $what }
mail-status-canceled-body = Cette maintenance n’aura pas lieu.
mail-status-body = { $what } : un incident depuis { $since }.
mail-status-action = Voir la page d’état
mail-status-optional = Vous pouvez arrêter ces messages en un clic :
mail-status-stop = Ne plus recevoir ces messages
mail-status-footer = Vous recevez ce message parce que cette adresse a été indiquée sur la page d’état de { $brand }.

admin-subscribers = Abonnés
admin-subscribers-count = Reçoivent les messages sur les incidents : { $confirmed }. Ont été interrogés et n’ont pas dit oui : { $waiting }.
admin-subscriber-remove = Oublier cette adresse
admin-done-subscriber-removed = L’adresse est oubliée.
error-subscriber-unknown = Cette adresse ne reçoit pas de messages sur les incidents.
admin-webhooks = Webhooks
admin-webhooks-body = Vos propres programmes, qui apprennent la même chose que les abonnés, par des messages signés.
admin-webhook-url = URL
admin-webhook-url-hint = Une URL https sur l’internet public.
admin-webhook-state = État
admin-webhook-works = Fonctionne
admin-webhook-failing = Pas joint depuis { $at } : { $trouble }
admin-webhook-disabled = Abandonné, { $at } : { $trouble }
admin-webhook-add = Ajouter un webhook
admin-webhook-add-ask = Chaque incident sera alors envoyé à { $url }.
admin-webhook-resume = Réessayer
admin-webhook-remove = Retirer
admin-webhook-remove-ask = Plus rien n’y sera envoyé, et son secret est oublié.
admin-done-webhook-resumed = Le webhook reçoit de nouveau les messages.
admin-done-webhook-removed = Le webhook est retiré.
admin-webhook-secret = Le secret du webhook
admin-webhook-secret-body = Le destinataire vérifie avec lui qu’un message vient de nous. Il n’est montré que cette fois.
error-webhook-url-invalid = Écrivez une URL https de 500 caractères au plus, sans nom ni mot de passe.
error-webhook-url-not-public = Cela ne mène pas vers l’internet public.
error-webhooks-full = Il ne peut pas y avoir plus de webhooks. Retirez-en un d’abord.

privacy-held-status-subscribers = Les adresses qui reçoivent des messages sur les incidents, dans quelle langue et depuis quand, jusqu’à leur arrêt en un clic ; celles qui ont été interrogées et n’ont pas dit oui, pendant un jour.
privacy-held-status-tellings = Lesquels de ces messages ont été envoyés à un abonné, pendant un mois, pour qu’aucun ne vienne deux fois.
