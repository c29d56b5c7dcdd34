# Avis : leurs courriels, la page où on les choisit et celle où on y renonce.

mail-notice-support = Des questions ? Écrivez à { $support }.
mail-notice-optional = Vous pouvez renoncer aux messages de ce genre, en un clic :
mail-notice-stop = Ne plus recevoir ces messages

mail-failed-subject = Un paiement pour { $brand } a échoué
mail-failed-body = Nous n’avons pas pu encaisser { $amount } pour votre abonnement { $brand } : le paiement a été refusé.
mail-failed-online = Vos appareils restent en ligne jusqu’au { $date } (UTC).
mail-failed-offline = Vos appareils sont hors ligne jusqu’au paiement.
mail-failed-next = Une nouvelle tentative aura lieu le { $date }.
mail-failed-do = Vérifiez votre moyen de paiement, ou indiquez-en un autre :
mail-failed-action = Vérifier mon moyen de paiement

mail-quota-most-subject = La plus grande partie de votre volume de données { $brand } est utilisée
mail-quota-most-body = Vous avez utilisé 80 % du volume de données de cette période. Quand il sera épuisé, vos appareils seront hors ligne, ou plus lents si votre formule le prévoit, jusqu’à la fin de la période, le { $date } (UTC). Une formule plus large vous en donne plus tout de suite :
mail-quota-used-subject = Votre volume de données { $brand } est épuisé
mail-quota-used-body = Le volume de données de cette période est épuisé, et vos appareils sont hors ligne jusqu’au { $date } (UTC). Une formule plus large les remet en ligne tout de suite :
mail-quota-slowed-body = Le volume de données de cette période est épuisé. Jusqu’au { $date } (UTC), vos appareils vont à { $mbit } Mbit/s. Une formule plus large les accélère tout de suite :
mail-quota-action = Voir ma consommation et les formules

mail-card-subject = La carte qui paie { $brand } va expirer
mail-card-body = La carte qui paie votre abonnement est valable jusqu’au { $date }. Si votre banque vous en a envoyé une nouvelle, indiquez-la, pour que le prochain paiement passe et que vos appareils restent en ligne :
mail-card-action = Indiquer une nouvelle carte

mail-trial-subject = Votre essai de { $brand } se termine bientôt
mail-trial-body = Votre essai de la formule { $plan } se termine le { $date } (UTC). Il devient alors un abonnement payant ; le prix est de { $price }, moins vos remises éventuelles. Si cela vous convient, vous n’avez rien à faire. Sinon, résiliez avant ce jour, et rien ne sera prélevé :
mail-renewal-subject = Votre abonnement { $brand } sera bientôt renouvelé
mail-renewal-body = Votre formule { $plan } sera renouvelée pour un an le { $date } (UTC). Le prix est de { $price }, moins vos remises éventuelles. Si cela vous convient, vous n’avez rien à faire. Sinon, résiliez avant ce jour, et rien ne sera prélevé :
mail-price-subject = Le prix de votre formule { $brand } va changer
mail-price-body = Le prix de votre formule { $plan } change : à partir de votre premier renouvellement le { $date } (UTC) ou après, une période coûte { $new } au lieu de { $old }, moins vos remises éventuelles. D’ici là, rien ne change. Si cela vous convient, vous n’avez rien à faire. Sinon, résiliez avant ce renouvellement, et plus rien ne sera prélevé :
mail-renewal-action = Voir mon abonnement

mail-soon-subject = Votre abonnement { $brand } se termine bientôt
mail-soon-body = Votre abonnement à la formule { $plan } se termine le { $date } (UTC) et ne sera pas renouvelé. Vos appareils seront alors hors ligne.
mail-soon-resume = Pour le garder, annulez la résiliation :
mail-soon-resume-action = Garder mon abonnement
mail-soon-longer = Pour le garder, payez une autre période avec votre crédit, ou choisissez une formule :
mail-soon-longer-action = Payer une autre période

mail-back-subject = Vos appareils chez { $brand } vous attendent
mail-back-body = Votre abonnement à la formule { $plan } s’est terminé le { $date } (UTC). Vos appareils sont gardés tels quels : abonnez-vous de nouveau, et ils reviennent en ligne avec les fichiers qu’ils ont. Nous ne posons la question qu’une fois :

notices-title = Messages sur votre abonnement
notices-intro = Nous écrivons quand il y a quelque chose à savoir à temps. Choisissez ce que vous voulez apprendre.
notices-save = Enregistrer le choix
notices-saved = Votre choix est enregistré.
notices-always = Ce qui vient toujours
notices-always-body = Les messages sur la sécurité de votre compte et sur la fin de votre service, et ceux-ci :
notice-payment-failing = Un paiement a été refusé
notice-quota-used = Le volume de données est épuisé
notice-price-change = Le prix de l’abonnement change
notice-quota-most = 80 % du volume de données sont utilisés
notice-card-expiring = La carte expire : un mois et une semaine avant
notice-trial-ending = L’essai se termine : trois jours avant
notice-renewal-ahead = Une formule annuelle est renouvelée : un mois et une semaine avant
notice-ending = Un abonnement que vous ne renouvelez pas se termine : trois jours et un jour avant
notice-come-back = Un jour après sa fin, une seule fois

unsubscribe-title = Les messages que vous ne voulez pas
unsubscribe-question = Ceci arrête les messages de ce genre :
unsubscribe-submit = Ne plus recevoir ces messages
unsubscribe-done = Vous ne recevrez plus de messages de ce genre :
unsubscribe-again = Si vous changez d’avis, vous pouvez les rétablir dans votre compte.
error-unsubscribe-link-invalid = Ce lien n’est pas complet. Copiez-le en entier depuis le message, ou connectez-vous et choisissez vos messages sous « Sécurité ».
error-notice-necessary = Ces messages sont nécessaires et viennent toujours.

privacy-held-subscription-cards = La carte qui paie un abonnement : une empreinte de ce par quoi le service de paiement la reconnaît, et le mois où elle expire.
privacy-held-price-moves = Un prix de votre abonnement qui vous a été annoncé, et à partir de quand il vaut.
privacy-held-notices = Les avis que vous avez reçus, pourquoi et quand, pendant un peu plus d’un an, pour qu’aucun ne vienne deux fois.
privacy-held-notice-refusals = Les genres de messages auxquels vous renoncez, et depuis quand.
