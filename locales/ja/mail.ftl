# お客様へのメール。

mail-footer = このメールは、{ $brand } のアカウントをお持ちの方にお送りしています。

mail-verify-subject = { $brand } のメールアドレスの確認
mail-verify-body = { $brand } へようこそ。このアドレスがご本人のものであることを確認するため、次のリンクを開いてください。
mail-verify-action = アドレスを確認する
mail-verify-after = リンクは一度だけ、24 時間有効です。登録した覚えがなければ、このメールは無視してください。何も起こりません。

mail-already-subject = { $brand } のアカウントはすでにあります
mail-already-body = どなたか(おそらくご本人)がこのアドレスで { $brand } に登録しようとしました。アカウントはすでにあります。ログインはこちらです。
mail-already-login = ログイン
mail-already-forgotten = パスワードをお忘れの場合は、こちらで新しく設定してください。
mail-already-reset = 新しいパスワードを設定する
mail-already-after = 心当たりがなければ、このメールは無視してください。何も変更されていません。

mail-reset-subject = { $brand } の新しいパスワード
mail-reset-body = { $brand } の新しいパスワードのご依頼を受けました。こちらで設定してください。
mail-reset-action = 新しいパスワードを設定する
mail-reset-after = リンクは一度だけ、1 時間有効です。ご依頼でなければ、このメールは無視してください。パスワードは変わりません。

mail-password-changed-subject = { $brand } のパスワードが変更されました
mail-password-changed-body = { $brand } のアカウントのパスワードが変更され、ほかのセッションはすべて終了しました。

mail-started-subject = { $brand } のご契約が有効になりました
mail-started-body = お支払いを確認し、プラン { $plan } が有効になりました。最初のデバイスを追加してください。
mail-started-action = デバイスを追加する

mail-ending-subject = { $brand } のご契約はまもなく終了します
mail-ending-body = ご契約は解約されました。{ $until }(UTC)までご利用になれます。それまでは、ダッシュボードで解約を取り消せます。

mail-ended-subject = { $brand } のご契約が終了しました
mail-ended-body = { $brand } のご契約が終了し、デバイスはオフラインになりました。デバイスの名前は残っています。再びご契約いただくと元に戻ります。
mail-ended-action = プランを見る

mail-not-you = 心当たりがなければ、すぐに { $support } までご連絡ください。
mail-signed-in-subject = { $brand } への新しいログイン
mail-signed-in-body = { $day }(UTC)に、{ $brand } のアカウントがこれまで使われていなかった { $client } で使われました。ご本人であれば何もする必要はありません。そうでなければ、そのセッションを終了し、パスワードを変更してください。
mail-signed-in-action = セッションを確認する
mail-second-factor-subject = { $brand } のログインコードの設定が変わりました
mail-second-factor-body = { $brand } のアカウントがログイン時に求めるコードが、オンまたはオフにされたか、新しい回復コードが作られました。
mail-address-confirm-subject = { $brand } の新しいメールアドレスの確認
mail-address-confirm-body = このアドレスを { $brand } のアカウントのアドレスにするには、次のリンクを開いてください。
mail-address-confirm-action = このアドレスを使う
mail-address-confirm-after = リンクは一度だけ、1 時間有効です。ご依頼でなければ、このメールは無視してください。何も起こりません。
mail-address-changing-subject = { $brand } のメールアドレスの変更が依頼されました
mail-address-changing-body = パスワードを知っている方が、{ $brand } のアカウントのアドレス変更を依頼しました。新しいアドレスに届いたメールのリンクが開かれるまで、何も変わりません。
mail-address-changed-subject = { $brand } のアカウントのアドレスが変わりました
mail-address-changed-body = { $brand } のアカウントのアドレスが変更されました。このアドレスはもうアカウントのものではありません。
mail-deleted-subject = { $brand } のアカウントを削除しました
mail-deleted-body = { $brand } のアカウントを削除しました。デバイスはオフラインになり、今後のご請求はありません。請求書は法律に従い、お名前なしで保管します。

mail-disputed-subject = { $brand } のお支払いに異議が申し立てられました
mail-disputed-body = { $brand } のご契約のお支払いに異議が申し立てられたと、銀行から連絡がありました。結論が出るまで、デバイスはオフラインになります。
mail-disputed-after = 手違いの場合は、銀行で異議を取り下げるか、{ $support } までご連絡ください。

mail-reward-subject = お友だちの紹介で { $amount }
mail-reward-body = ご紹介のお友だちが継続され、{ $amount } があなたのものになりました。クレジットはカードなしの期間に使えます。
mail-reward-action = 紹介とクレジットを見る

mail-alarm-subject = { $brand }:確認が必要です
mail-alarm-body = 夜間の検査で、あってはならない状態が見つかりました。対処は docs/operations.md にあります。
mail-alarm-action = 運営ページを開く
mail-outage-subject = { $server } が応答しません
mail-outage-body = { $server } は { $since } から正常に動作していません。このお知らせは一度だけ送信され、復旧時にもう一度メールが届きます。
mail-outage-action = 稼働状況を見る
mail-outage-over-subject = { $server } が復旧しました
mail-outage-over-body = { $server } は { $since } から { $until } まで正常に動作していませんでしたが、復旧しました。
mail-server-away-subject = { $brand } のサーバーが利用できません
mail-server-away-body = サーバー { $server } に接続できないか、まもなく停止します。次の端末が使用しています: { $devices }。ワンクリックで別のサーバーに移し、アプリに新しい設定を読み込ませてください:
mail-server-away-action = 端末を移す
