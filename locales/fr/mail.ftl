# Courriels aux clients.

mail-footer = Vous recevez ce message parce que vous avez un compte chez { $brand }.

mail-verify-subject = Confirmez votre adresse pour { $brand }
mail-verify-body = Bienvenue chez { $brand }. Ouvrez ce lien pour confirmer que cette adresse est bien la vôtre :
mail-verify-action = Confirmer mon adresse
mail-verify-after = Le lien fonctionne une seule fois, pendant 24 heures. Si vous ne vous êtes pas inscrit, ignorez ce message : il ne se passera rien.

mail-already-subject = Vous avez déjà un compte chez { $brand }
mail-already-body = Quelqu’un, sans doute vous, a voulu s’inscrire chez { $brand } avec cette adresse. Vous avez déjà un compte. Connectez-vous ici :
mail-already-login = Se connecter
mail-already-forgotten = Si vous avez oublié votre mot de passe, choisissez-en un nouveau ici :
mail-already-reset = Choisir un nouveau mot de passe
mail-already-after = Si ce n’était pas vous, ignorez ce message : rien n’a été modifié.

mail-reset-subject = Choisissez un nouveau mot de passe pour { $brand }
mail-reset-body = Vous avez demandé un nouveau mot de passe chez { $brand }. Choisissez-le ici :
mail-reset-action = Choisir un nouveau mot de passe
mail-reset-after = Le lien fonctionne une seule fois, pendant une heure. Si vous n’avez rien demandé, ignorez ce message : votre mot de passe ne change pas.

mail-password-changed-subject = Votre mot de passe { $brand } a été modifié
mail-password-changed-body = Le mot de passe de votre compte { $brand } vient d’être modifié et toutes les sessions ailleurs ont été fermées.

mail-started-subject = Votre abonnement { $brand } est actif
mail-started-body = Votre paiement est arrivé et la formule { $plan } est active. Ajoutez votre premier appareil :
mail-started-action = Ajouter un appareil

mail-ending-subject = Votre abonnement { $brand } va se terminer
mail-ending-body = Votre abonnement est résilié. Vous pouvez l’utiliser jusqu’au { $until } (UTC) ; d’ici là, vous pouvez annuler la résiliation dans votre espace.

mail-ended-subject = Votre abonnement { $brand } est terminé
mail-ended-body = Votre abonnement { $brand } est terminé et vos appareils sont hors ligne. Leurs noms sont conservés ; abonnez-vous de nouveau pour les retrouver :
mail-ended-action = Voir les formules

mail-not-you = Si ce n’était pas vous, écrivez tout de suite à { $support }.
mail-signed-in-subject = Nouvelle connexion à { $brand }
mail-signed-in-body = Le { $day } (UTC), votre compte { $brand } a été utilisé avec { $client }, où il ne l’avait pas encore été. Si c’était vous, il n’y a rien à faire. Sinon, fermez cette session et changez de mot de passe :
mail-signed-in-action = Vérifier mes sessions
mail-second-factor-subject = Le code à la connexion de { $brand } a été modifié
mail-second-factor-body = Le code que votre compte { $brand } demande à la connexion a été activé ou désactivé, ou a de nouveaux codes de secours.
mail-address-confirm-subject = Confirmez votre nouvelle adresse pour { $brand }
mail-address-confirm-body = Ouvrez ce lien pour faire de cette adresse celle de votre compte { $brand } :
mail-address-confirm-action = Utiliser cette adresse
mail-address-confirm-after = Le lien fonctionne une seule fois, pendant une heure. Si vous n’avez rien demandé, ignorez ce message : il ne se passera rien.
mail-address-changing-subject = Une autre adresse pour { $brand } a été demandée
mail-address-changing-body = Quelqu’un qui connaît votre mot de passe a demandé à changer l’adresse de votre compte { $brand }. Tant que le lien envoyé à la nouvelle adresse n’est pas ouvert, rien ne change.
mail-address-changed-subject = Votre compte { $brand } a une autre adresse
mail-address-changed-body = L’adresse de votre compte { $brand } a été modifiée ; celle-ci n’en fait plus partie.
mail-deleted-subject = Votre compte { $brand } est supprimé
mail-deleted-body = Votre compte { $brand } a été supprimé, vos appareils sont déconnectés et plus rien ne sera prélevé. Les factures sont conservées comme la loi l’exige, sans votre nom.

mail-disputed-subject = Un paiement pour { $brand } est contesté
mail-disputed-body = Votre banque nous signale qu’un paiement de votre abonnement { $brand } est contesté. En attendant la décision, vos appareils sont déconnectés.
mail-disputed-after = Si c’est une erreur, retirez la contestation auprès de votre banque, ou écrivez à { $support }.

mail-reward-subject = { $amount } pour un ami
mail-reward-body = Un de vos amis est resté, et { $amount } sont à vous. Le crédit paie une période sans carte :
mail-reward-action = Voir mes amis et mon crédit

mail-alarm-subject = { $brand } : quelque chose vous attend
mail-alarm-body = Une vérification de la nuit a trouvé ce qui ne devrait pas être. Que faire est dans docs/operations.md.
mail-alarm-action = Ouvrir les pages d’exploitation
mail-outage-subject = { $server } ne répond pas
mail-outage-body = { $server } ne fonctionne pas depuis { $since }. C’est annoncé une seule fois ; un autre courriel suivra au retour à la normale.
mail-outage-action = Voir l’état
mail-outage-over-subject = { $server } fonctionne de nouveau
mail-outage-over-body = { $server } n’a pas fonctionné de { $since } à { $until } ; tout est revenu à la normale.
mail-server-away-subject = Un serveur { $brand } ne peut pas être utilisé
mail-server-away-body = Le serveur { $server } est injoignable, ou va être mis hors service. Ces appareils l’utilisent : { $devices }. Déplacez chacun vers un autre serveur en un clic, puis donnez à l’application sa nouvelle configuration :
mail-server-away-action = Déplacer mes appareils
