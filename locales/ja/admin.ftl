# 運営のページの言葉。

admin-title = 運営
admin-code-needed = 先にログインコードを有効にしてください。運営のページはそれがないと開けません。
admin-customers = お客様
admin-figures = 数字
admin-plans = プラン
admin-keys = APIキー
admin-jobs = ジョブ
admin-mails = メール
admin-events = Stripeのイベント
admin-audit = 操作の記録

# The customers.

admin-search = お客様を探す
admin-search-hint = メールアドレス、アカウントの番号、Stripeの顧客番号（cus_…）、デバイスの公開鍵、またはトンネル内のアドレス。書かれているとおりに入力してください。
admin-search-submit = 探す
admin-unknown = 見つかりませんでした。つづりをご確認ください。
admin-waiting = 待っているもの
admin-waiting-dead = あきらめたジョブ
admin-waiting-jobs = 待機中のジョブ
admin-waiting-events = まだ適用されていないStripeのイベント
admin-waiting-servers = 稼働中で問題のあるサーバー
admin-what = 内容
admin-count = 件数
admin-none = ありません。
admin-no = なし
admin-account = アカウント
admin-role = 役割
admin-joined = 登録日
admin-verified = アドレス確認日
admin-stripe-customer = Stripeの顧客番号
admin-code = お友だち用コード
admin-credit = クレジット
admin-suspended = 停止日
admin-deleted = 削除日
admin-sponsor = 紹介者
admin-network = ネットワーク
admin-paid-until = 支払い済みの期限
admin-plan = プラン
admin-public-key = 公開鍵
admin-paid = 支払額
admin-refunded = 返金額
admin-dispute = 異議申し立て
admin-when = 日時（UTC）
admin-rewards = 紹介の特典
admin-friend = お友だち
admin-sessions = セッション
admin-letter = 手紙
admin-sent = 送信
admin-not-sent = 未送信
admin-help = できること
admin-suspend = アカウントを停止する
admin-suspend-ask = { $account } はログインできなくなり、すべてのセッションが終了します。デバイスと支払いは続きます。
admin-reinstate = 停止を解除する
admin-reinstate-ask = { $account } は再びログインできるようになります。
admin-end-sessions = すべてのセッションを終了する
admin-end-sessions-ask = { $account } はどの端末でも再ログインが必要になります。デバイスは続きます。
admin-grant = クレジットを付与する
admin-grant-ask = { $account } に { $amount } のクレジットを付与します。理由：{ $reason }
admin-take = クレジットを減らす
admin-take-ask = { $account } のクレジットを { $amount } 減らします。理由：{ $reason }
admin-amount = 金額
admin-amount-hint = 例：5.00
admin-currency = 通貨
admin-reason = 理由（記録に残ります）
admin-done-suspended = アカウントを停止しました。
admin-done-reinstated = 停止を解除しました。
admin-done-sessions = すべてのセッションを終了しました。
admin-done-granted = クレジットを付与しました。
admin-done-taken = クレジットを減らしました。
admin-refund = 支払いを返金する
admin-refund-ask = { $account } に Stripe を通じて { $amount } を返金します。理由：{ $reason }
admin-refund-invoice = 支払い
admin-refund-hint = 空欄なら残り全額。現在の期間の全額を返金すると契約は終了します。
admin-done-refunded = 返金しました。
error-nothing-to-refund = この支払いには返金できる残りがありません。
error-refund-changed = この支払いの一部がその間に返金されました。さらに返金する前に、残りをご確認ください。

# The audit log.

admin-actor = 実行者
admin-action = 操作
admin-subject = 対象
admin-detail = 詳細
admin-whom = アカウントまたは名前
admin-whom-hint = アカウントの番号、サーバーまたはキーの名前。実行者でも対象でも見つかります。
admin-action-hint = 先頭だけでも構いません。例：user. でアカウントへの操作すべて。
admin-filter = 表示する
admin-next = 以前のもの

# The servers.

admin-active = 接続中
admin-reported = 最新の報告（UTC）
admin-trouble = 問題
admin-server-pending = 未登録
admin-server-retired = 廃止
admin-server-add = サーバーを追加する
admin-server-add-body = ゲートウェイの登録に使うトークンが発行されます。一度だけ、十五分以内に使えます。
admin-server-add-ask = { $name } を追加します。稼働するとお客様に表示されます。
admin-country = 国（二文字）
admin-city = 都市
admin-endpoint = エンドポイント（ホスト:ポート）
admin-capacity = 想定デバイス数
admin-bandwidth = 帯域（Mbit/s）
admin-public-key-hint = 当社のゲートウェイがないサーバーの場合だけ入力してください。鍵があるとすぐに稼働します。
admin-token = トークンを発行する
admin-token-ask = { $name } のゲートウェイを登録するトークンを発行します。十五分間有効です。新しいゲートウェイが登録されるまで、今のものが動き続けます。
admin-token-title = { $name } のトークン
admin-token-body = 表示は今回だけで、十五分間有効です。サーバーで mirai gateway enroll に渡してください。
admin-seen = 控えました
admin-status-seen = 観測された状態
admin-status-set = 設定された状態
admin-status-change = 状態を変更する
admin-up-ask = { $name } はデバイスを受け付けます。
admin-draining-ask = { $name } は今のデバイスを保ち、新しいものは受け付けません。持ち主に移動をお願いします。
admin-down-ask = { $name } は停止します。持ち主が移動するまで、そのデバイスは通信できません。
admin-retired-ask = { $name } は廃止され、お客様に表示されなくなります。持ち主が移動するまで、そのデバイスは通信できません。
admin-gateway = ゲートウェイ
admin-gateway-body = トークンで新しいゲートウェイを登録できます。失効させると、今のゲートウェイの資格はただちに無効になります。
admin-revoke = 資格を失効させる
admin-revoke-ask = { $name } のゲートウェイはただちに切り離され、サーバーは停止になります。デバイスは期限まで通信できます。
admin-enrolled = 登録（UTC）
admin-lag = まだ適用していない変更
admin-drops = 毎秒の破棄パケット
admin-cpu = プロセッサ
admin-memory = メモリ
admin-skew = 時計の進み
admin-done-status = 完了しました。
admin-done-revoked = 資格は無効になり、サーバーは停止しました。

# The work inside.

admin-job-dead = あきらめたもの
admin-job-queued = 待機中
admin-job-running = 実行中
admin-attempts = 試行回数
admin-due = 予定（UTC）
admin-last-error = 最後のエラー
admin-retry = もう一度試す
admin-retry-all = すべてもう一度試す
admin-done-retried = ジョブを再び待機に入れました。
admin-mails-body = どの手紙を、いつ、送信できたかを一か月分。内容はここでは読めません。
admin-events-body = Stripeからの通知。内容は含みません。
admin-event = イベント
admin-received = 受信（UTC）
admin-outcome = 結果
admin-waits = 待機

# API keys.

admin-keys-body = APIを呼ぶプログラムのキーです。キーの文字列は作成時に一度だけ表示されます。
admin-opens = 使える範囲
admin-opens-hint = 選ばないとすべて使えます。
admin-everything = すべて
admin-made = 作成（UTC）
admin-ends = 終了（UTC）
admin-days = 日数
admin-days-hint = この日数で自動的に終了します。空欄なら失効させるまで有効です。
admin-key-add = キーを追加する
admin-key-add-ask = キー { $name } を作成します。持っている人はAPIを呼べます。
admin-key-title = キー { $name }
admin-key-body = 表示は今回だけです。プログラムが読む場所に保管してください。
admin-key-revoke = 失効させる
admin-key-revoke-ask = キー { $name } は五秒以内に使えなくなります。取り消しはできません。
admin-done-key-revoked = キーを失効させました。

# Plans.

admin-plans-body = 購入済みのお客様は、プランが変わるまで約束どおりの内容です。
admin-plan-body = 空欄は無制限です。使い切った後の速度が空欄なら、使い切るとデバイスは切断されます。新しい価格は mirai admin stripe sync の実行後に販売されます。
admin-plan-set = プランを変更する
admin-plan-set-ask = { $name } は今後この内容で販売されます。購入済みのお客様は約束どおりです。
admin-price = 価格
admin-quota = 期間ごとの容量（GB）
admin-speed = 速度（Mbit/s）
admin-slow = 使い切った後の速度（Mbit/s）
admin-no-limit = 無制限
admin-off = 切断
admin-stripe-price = Stripeの価格
admin-prices-now = 現在の価格
admin-prices-so-far = これまでの価格
admin-trial = 最初の無料日数
admin-plan-regions = 地域（コンマ区切り、空欄はすべて）
admin-listed = 価格表に載せる
admin-price-set = 価格を設定する
admin-price-body = 別の期間または通貨の価格です。mirai admin stripe sync の実行後に購入できます。金額を空にすると価格表から外れます。購入済みのお客様はその価格のままです。
admin-period = 間隔
admin-sync = 価格を Stripe に作成する
admin-sync-body = すべてのプランについて、Stripe にない価格を作成します。新しい価格はその後に販売されます。お支払い中の料金は変わりません。
admin-done-sync = すべての価格が Stripe にあります。
admin-move = 既存のお客様をこの価格に移す
admin-move-body = 購入済みのお客様は、お知らせするまで約束どおりの価格です。価格表と異なる料金のお客様全員にメールが届きます。値上げは予告期間後の最初の更新から、値下げは次の更新から適用されます。
admin-move-days = 予告の日数
admin-move-ask = 今メールが届くのは、値上げが { $raised } 件、値下げが { $lowered } 件です。{ $left } 件はそのままです(その期間と通貨の価格が表にないか、別のプランを選択済みです)。
admin-done-move = お客様にお知らせしました。
admin-done-plan = プランを変更しました。

# Figures.

admin-figures-body = 帳簿、契約、ゲートウェイの報告から。月と日はUTCです。
admin-as-table = 表で見る
admin-month = 月
admin-revenue = 売上（{ $currency }）
admin-revenue-body = 売上から返金などを引いた額、月別。最高：{ $most }
admin-sold = 販売
admin-disputed = 異議
admin-kept = 残額
admin-tax = 税
admin-subscriptions = 有効な契約
admin-subscriptions-body = 各月末。最高：{ $most }。クレジット払いの期間はそれぞれ一件と数えます。
admin-before = 月初
admin-began = 開始
admin-ended = 終了
admin-after = 月末
admin-churn = 解約率
admin-traffic = ネットワークの通信量
admin-traffic-body = 日別、全デバイスの合計。最高：{ $most }
admin-from-devices = デバイスから
admin-to-devices = デバイスへ
admin-load = サーバーの現在の負荷

# What can go wrong.

error-operator-own-account = ご自身のアカウントです。ほかの運営者に依頼してください。
error-operator-team-account = チームのアカウントです。管理者だけが操作できます。
error-account-not-suspended = このアカウントは停止されていません。
error-reason-invalid = 理由を1～200文字で入力してください。
error-amount-invalid = 5.00 のような金額を、10,000.00 まで入力してください。
error-currency-invalid = USD のような三文字です。
error-movement-known = すでに実行済みです。重ねての変更はしていません。
error-server-name-invalid = a～z、0～9、ハイフンを1～40文字。
error-endpoint-invalid = vpn1.example.net:51820 のようなホスト:ポート。
error-country-invalid = JP のような二文字。
error-city-invalid = 1～64文字。
error-number-invalid = この数値は使えません。
error-server-status-unknown = その状態はありません。一覧から選んでください。
error-server-not-enrolled = このサーバーには鍵がありません。先にゲートウェイを登録してください。
error-server-no-gateway = このサーバーにはゲートウェイがありません。
error-server-key-in-use = この鍵はほかのサーバーが使っています。
error-name-in-use = この名前は使われています。
error-name-invalid = 名前は1～64文字です。
error-scope-unknown = APIにその範囲はありません。
