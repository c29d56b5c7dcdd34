# Help without waiting.
help-title = ヘルプ
help-seen = これかもしれません
help-else = それとも別のことですか?
help-go = ページを開く
help-solved = 解決しました
help-human = 人に相談する
help-back = 戻る
help-glad = お役に立ててうれしく思います。
faq-help = うまくいかないときはこちら
admin-ticket-way = 経路
admin-help-ends = ヘルプの結果
admin-help-body = 過去三十日間に、答えで解決した回数と、人に相談した回数です。
admin-help-node = 回答
admin-help-solved = 解決
admin-help-human = 相談
admin-help-rate = チケット不要
