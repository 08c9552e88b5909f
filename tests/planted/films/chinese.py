"""Six Chinese films. The synthesised Mandarin is seldom understood, so most is written; what is said was heard."""

from __future__ import annotations

from tests.planted.film import BLACK, GREEN, GREY, NAVY, SAND, TEAL, WHITE, WINE, Film, Put, Say, Text

_LOW = (0.5, 0.88)

CHINESE = (
    Film(
        "zhineng-shoubiao.mp4",
        22,
        ((0, NAVY), (6, WHITE), (14, TEAL)),
        texts=(
            Text("新款智能手表", 0.3, 6, (0.5, 0.35), 0.15),
            Text("星河科技有限公司", 0.3, 6, (0.5, 0.68), 0.09),
            Text("电池续航十四天", 6.2, 14, (0.5, 0.25), 0.11),
            Text("防水五十米", 6.2, 14, (0.5, 0.5), 0.11),
            Text("颜色：黑色、银色", 6.2, 14, (0.5, 0.75), 0.11),
            Text("价格：1299元", 14.2, 22, (0.5, 0.22), 0.13),
            Text("上市日期：3月15日", 14.2, 22, (0.5, 0.5), 0.1),
            Text("客服电话：400-123-4567", 14.2, 22, (0.5, 0.76), 0.09),
        ),
        silent=True,
    ),
    Film(
        "shouji-pingce.mp4",
        18,
        ((0, GREY), (6, WHITE), (12, GREEN)),
        texts=(
            Text("手机评测 第八期", 0.3, 6, (0.5, 0.4), 0.14),
            Text("售价：3000元", 6.2, 12, (0.5, 0.2), 0.12),
            Text("屏幕：6.7英寸", 6.2, 12, (0.5, 0.5), 0.12),
            Text("重量：190克", 6.2, 12, (0.5, 0.8), 0.12),
            Text("优点：拍照清楚", 12.2, 18, (0.5, 0.3), 0.12),
            Text("缺点：充电太慢", 12.2, 18, (0.5, 0.65), 0.12),
        ),
        silent=True,
    ),
    Film(
        "fanqie-chaodan.mp4",
        24,
        ((0, WINE), (5, SAND), (10, WHITE), (15, GREEN), (19.5, GREY)),
        texts=(
            Text("番茄炒蛋", 0.3, 5, (0.5, 0.4), 0.16),
            Text("第一步：打三个鸡蛋", 5.2, 10, (0.5, 0.5), 0.12),
            Text("第二步：番茄切块", 10.2, 15, (0.5, 0.5), 0.12),
            Text("第三步：热锅倒油", 15.2, 19.5, (0.5, 0.5), 0.12),
            Text("第四步：加盐出锅", 19.7, 24, (0.5, 0.5), 0.12),
        ),
        silent=True,
    ),
    Film(
        "gongsi-caifang.mp4",
        22,
        ((0, TEAL), (9, GREY), (16, NAVY)),
        puts=(Put("officer", 0, 9, (0.4, 0.5), height=0.98), Put("astronaut", 9, 16, (0.6, 0.5), height=0.98)),
        texts=(
            Text("王明 产品经理", 0.5, 9, _LOW, 0.1),
            Text("李芳 首席设计师", 9.3, 16, _LOW, 0.1),
            Text("公司成立于2015年", 16.2, 22, (0.5, 0.3), 0.11),
            Text("员工人数：320人", 16.2, 22, (0.5, 0.55), 0.11),
            Text("总部：杭州", 16.2, 22, (0.5, 0.8), 0.11),
        ),
        says=(Say("今天是星期五，我们去吃饭。", 6.5, "cmn+Annie", 110),),
    ),
    Film(
        "hupan-lvyou.mp4",
        22,
        ((0, GREEN), (8, SAND), (15, BLACK)),
        puts=(Put("geese", 0, 8, (0.5, 0.55), height=0.88), Put("window", 8, 15, (0.5, 0.55), height=0.88)),
        texts=(
            Text("第一站：湖边看大雁", 0.3, 8, (0.5, 0.09), 0.1),
            Text("第二站：老教堂", 8.3, 15, (0.5, 0.09), 0.1),
            Text("门票：60元", 15.2, 22, (0.5, 0.25), 0.12),
            Text("开放时间：8:00-17:30", 15.2, 22, (0.5, 0.5), 0.1),
            Text("星期二休息", 15.2, 22, (0.5, 0.75), 0.1),
        ),
        says=(Say("今天天气很好，我们去公园看花。", 1.5, "cmn+Annie", 110),),
    ),
    Film(
        "yangguang-xiaoxue.mp4",
        18,
        ((0, GREEN), (6, WHITE), (12, WINE)),
        texts=(
            Text("阳光小学", 0.3, 6, (0.5, 0.4), 0.16),
            Text("张老师 数学", 6.2, 12, (0.5, 0.5), 0.14),
            Text("上课时间：8:20", 12.2, 18, (0.5, 0.25), 0.12),
            Text("全校共有24个班", 12.2, 18, (0.5, 0.5), 0.12),
            Text("校车每天两班", 12.2, 18, (0.5, 0.75), 0.12),
        ),
        says=(Say("我是一名老师，我住在上海。", 6.5, "cmn+Mike", 150),),
    ),
)
