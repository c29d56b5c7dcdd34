# Mails of incidents and webhooks: asking for them, what they say, and the operators’ page.

status-subscribe = 障害のお知らせメール
status-subscribe-body = 障害が起きたとき、続報があるとき、復旧したとき、メンテナンスをお知らせするときにメールをお送りします。
status-subscribe-submit = メールを受け取る
status-subscribe-sent = このアドレスがまだ登録されていなければ、リンクを記したメールをお送りします。リンクは 1 日間有効です。
status-confirm-body = このボタンを押すと、障害のお知らせメールが届くようになります。
status-confirm-submit = はい、受け取ります
status-confirm-done = これから障害のお知らせメールが届きます。どのメールにも、配信を止めるリンクがあります。
status-mails = 稼働状況ページからの障害とメンテナンスのお知らせ
unsubscribe-again-status = 気が変わったら、稼働状況のページでもう一度お申し込みください。
error-subscribe-link-invalid = このリンクは途中で切れているか、1 日を過ぎています。稼働状況のページでもう一度お申し込みください。

mail-status-confirm-subject = { $brand } の障害のお知らせメールの確認
mail-status-confirm-body = { $brand } に障害があったときのお知らせを、このアドレスで受け取る申し込みがありました。お心当たりがあれば、1 日以内にこのリンクを開き、ボタンを押してください。
mail-status-confirm-action = 障害のお知らせメールを受け取る
mail-status-confirm-after = お心当たりがなければ、何もなさらなくて結構です。これ以上メールはお送りせず、アドレスは 1 日で削除されます。
mail-status-opened-subject = 障害: { $what }
mail-status-updated-subject = 障害の続報: { $what }
mail-status-resolved-subject = 復旧: { $what }
mail-status-work-subject = メンテナンス: { $what }
mail-status-canceled-subject = 中止: { $what }
mail-status-canceled-body = このメンテナンスは行われません。
mail-status-body = { $what }: { $since } からの障害です。
mail-status-action = 稼働状況を見る
mail-status-optional = このメールは、ワンクリックで止められます。
mail-status-stop = このメールを止める
mail-status-footer = このメールは、{ $brand } の稼働状況ページで登録されたアドレスにお送りしています。

admin-subscribers = 購読者
admin-subscribers-count = 障害のお知らせメールを受け取る人: { $confirmed }。確認を待っている人: { $waiting }。
admin-subscriber-remove = このアドレスを削除
admin-done-subscriber-removed = アドレスを削除しました。
error-subscriber-unknown = このアドレスには障害のお知らせメールは届いていません。
admin-webhooks = Webhook
admin-webhooks-body = 購読者と同じ内容を、署名付きのメッセージで受け取る自社のプログラムです。
admin-webhook-url = URL
admin-webhook-url-hint = 公開されたインターネット上の https の URL。
admin-webhook-state = 状態
admin-webhook-works = 正常
admin-webhook-failing = { $at } から届いていません: { $trouble }
admin-webhook-disabled = 停止しました、{ $at }: { $trouble }
admin-webhook-add = Webhook を追加
admin-webhook-add-ask = 障害のたびに { $url } へ送信されます。
admin-webhook-resume = 再開
admin-webhook-remove = 削除
admin-webhook-remove-ask = 以後は何も送信されず、シークレットも削除されます。
admin-done-webhook-resumed = Webhook への送信を再開しました。
admin-done-webhook-removed = Webhook を削除しました。
admin-webhook-secret = Webhook のシークレット
admin-webhook-secret-body = 受信側は、これでメッセージの署名を確かめます。表示されるのは今回だけです。
error-webhook-url-invalid = 500 文字以内の https の URL を、ユーザー名やパスワードを含めずに入力してください。
error-webhook-url-not-public = 公開されたインターネットのアドレスではありません。
error-webhooks-full = これ以上 Webhook を追加できません。先に一つ削除してください。

privacy-held-status-subscribers = 障害のお知らせメールを受け取るアドレス、その言語と開始日時。ワンクリックで止めるまで。確認を待っているアドレスは 1 日間。
privacy-held-status-tellings = どのお知らせメールを購読者に送ったか。二度届かないように、1 か月間。
