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
mail-password-changed-body = Le mot de passe de votre compte { $brand } vient d’être modifié et toutes les sessions ont été fermées.
mail-password-changed-after = Si ce n’était pas vous, écrivez tout de suite à { $support }.

mail-started-subject = Votre abonnement { $brand } est actif
mail-started-body = Votre paiement est arrivé et la formule { $plan } est active. Ajoutez votre premier appareil :
mail-started-action = Ajouter un appareil

mail-failed-subject = Un paiement pour { $brand } a échoué
mail-failed-body = Nous n’avons pas pu encaisser le paiement de votre abonnement { $brand }. Vos appareils restent en ligne pour l’instant ; vérifiez votre moyen de paiement :
mail-failed-action = Vérifier mon moyen de paiement

mail-ending-subject = Votre abonnement { $brand } va se terminer
mail-ending-body = Votre abonnement est résilié. Vous pouvez l’utiliser jusqu’au { $until } (UTC) ; d’ici là, vous pouvez annuler la résiliation dans votre espace.

mail-ended-subject = Votre abonnement { $brand } est terminé
mail-ended-body = Votre abonnement { $brand } est terminé et vos appareils sont hors ligne. Leurs noms sont conservés ; abonnez-vous de nouveau pour les retrouver :
mail-ended-action = Voir les formules
