# お知らせ: そのメール、選ぶページ、止めるページ。

mail-notice-support = ご不明な点は { $support } までご連絡ください。
mail-notice-optional = この種類のメールは、一回のクリックで止められます。
mail-notice-stop = この種類のメールを止める

mail-failed-subject = { $brand } のお支払いができませんでした
mail-failed-body = { $brand } のご契約の代金 { $amount } をいただけませんでした。お支払いが拒否されました。
mail-failed-online = デバイスは { $date }(UTC)までそのまま使えます。
mail-failed-offline = お支払いが済むまで、デバイスはオフラインです。
mail-failed-next = { $date } にもう一度お支払いを試みます。
mail-failed-do = お支払い方法をご確認いただくか、別のものをご登録ください。
mail-failed-action = お支払い方法を確認する

mail-quota-most-subject = { $brand } のデータ量の大部分を使用しました
mail-quota-most-body = 今期のデータ量の 80 % を使用しました。使い切ると、今期が終わる { $date }(UTC)まで、デバイスはオフラインに(プランによっては低速に)なります。上位のプランにすると、すぐに増えます。
mail-quota-used-subject = { $brand } のデータ量を使い切りました
mail-quota-used-body = 今期のデータ量を使い切ったため、{ $date }(UTC)までデバイスはオフラインです。上位のプランにすると、すぐに復旧します。
mail-quota-slowed-body = 今期のデータ量を使い切りました。{ $date }(UTC)までデバイスの速度は { $mbit } Mbit/s になります。上位のプランにすると、すぐに速くなります。
mail-quota-action = 使用量とプランを見る

mail-card-subject = { $brand } のお支払いのカードがまもなく期限切れになります
mail-card-body = ご契約のお支払いに使われているカードの有効期限は { $date } です。新しいカードが届いていましたら、次回のお支払いが通り、デバイスがそのまま使えるように、ご登録ください。
mail-card-action = 新しいカードを登録する

mail-trial-subject = { $brand } のお試し期間がまもなく終わります
mail-trial-body = プラン「{ $plan }」のお試し期間は { $date }(UTC)に終わり、その後は有料のご契約になります。料金は { $price } です(割引がある場合は差し引かれます)。このままでよろしければ、何もする必要はありません。続けない場合は、その日より前に解約してください。ご請求はありません。
mail-renewal-subject = { $brand } のご契約がまもなく更新されます
mail-renewal-body = プラン「{ $plan }」は { $date }(UTC)にもう一年更新されます。料金は { $price } です(割引がある場合は差し引かれます)。このままでよろしければ、何もする必要はありません。続けない場合は、その日より前に解約してください。ご請求はありません。
mail-price-subject = { $brand } のプラン料金が変わります
mail-price-body = プラン「{ $plan }」の料金が変わります。{ $date }(UTC)以降の最初の更新から、一期間の料金は { $old } ではなく { $new } になります(割引がある場合は差し引かれます)。それまでは何も変わりません。このままでよろしければ、何もする必要はありません。続けない場合は、その更新より前に解約してください。以後のご請求はありません。
mail-renewal-action = ご契約を見る

mail-soon-subject = { $brand } のご契約がまもなく終わります
mail-soon-body = プラン「{ $plan }」のご契約は { $date }(UTC)に終わり、更新されません。それ以降、デバイスはオフラインになります。
mail-soon-resume = 続けるには、解約を取り消してください。
mail-soon-resume-action = 契約を続ける
mail-soon-longer = 続けるには、クレジットでもう一期間お支払いいただくか、プランをお選びください。
mail-soon-longer-action = もう一期間支払う

mail-back-subject = { $brand } のデバイスがお待ちしています
mail-back-body = プラン「{ $plan }」のご契約は { $date }(UTC)に終わりました。デバイスはそのまま残してあります。再びご契約いただくと、今の設定ファイルのまま使えるようになります。このご案内は一度だけお送りします。

notices-title = ご契約についてのメール
notices-intro = 早めにお知らせしたいことがあるときに、メールをお送りします。受け取るものをお選びください。
notices-save = 選択を保存する
notices-saved = 選択を保存しました。
notices-always = いつも届くもの
notices-always-body = アカウントの安全とサービスの終了についてのメール、そして次のもの:
notice-payment-failing = お支払いが拒否されたとき
notice-quota-used = データ量を使い切ったとき
notice-price-change = ご契約の料金が変わる
notice-quota-most = データ量の 80 % を使用したとき
notice-card-expiring = カードの期限が切れるとき: 一か月前と一週間前
notice-trial-ending = お試し期間が終わるとき: 三日前
notice-renewal-ahead = 年間プランが更新されるとき: 一か月前と一週間前
notice-ending = 更新しないご契約が終わるとき: 三日前と一日前
notice-come-back = その終了の一日後に、一度だけ

unsubscribe-title = 不要なメール
unsubscribe-question = 次の種類のメールを止めます:
unsubscribe-submit = このメールを止める
unsubscribe-done = 次の種類のメールは、もう届きません:
unsubscribe-again = 気が変わったら、アカウントでまた受け取れるようにできます。
error-unsubscribe-link-invalid = このリンクは途中で切れています。メールから全体をコピーするか、ログインして「セキュリティ」でメールをお選びください。
error-notice-necessary = これらのメールは必要なもので、いつも届きます。

privacy-held-subscription-cards = ご契約のお支払いに使われるカード: 決済サービスがカードを見分ける値のハッシュと、有効期限の月。
privacy-held-price-moves = お知らせ済みのご契約の新しい料金と、その適用開始日。
privacy-held-notices = どのお知らせを、なぜ、いつお送りしたか。二度届かないように、一年あまり。
privacy-held-notice-refusals = 不要とされたメールの種類と、その日時。
