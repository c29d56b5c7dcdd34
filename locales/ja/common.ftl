# 多くの場所にある言葉。

month = { $month }
