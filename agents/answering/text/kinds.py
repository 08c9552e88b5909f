"""The kinds of things that questions ask for, how they are told, and words that an answer need not repeat."""

from __future__ import annotations

import re
from typing import Literal

from agents.answering.text.matching import forms_of

Kind = Literal[
    "price",
    "percent",
    "phone",
    "email",
    "link",
    "year",
    "date",
    "clock",
    "duration",
    "age",
    "measure",
    "number",
    "place",
    "name",
    "person",
    "role",
    "reason",
    "purpose",
    "meaning",
    "title",
    "colour",
    "code",
    "often",
    "how",
    "quote",
    "thing",
]

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("code", r"\b(code|password|passcode|pin)\b|密码|验证码|口令|优惠码|暗号"),
    (
        "often",
        r"\bhow (often|frequently|regularly)\b|\bhow many times (a|an|per|each|every)\b|"
        r"多久.{0,4}一[次班趟回]|每隔多久|几天一次",
    ),
    ("email", r"\be-?mail\b|邮箱|电子邮件|邮件地址"),
    ("link", r"\b(web ?site|url|web ?page|web ?address|link|domain)\b|网址|网站|链接|域名"),
    (
        "phone",
        r"\b(tele)?phone numbers?\b|\b(phone|telephone|call|hotline|number (to|do|should|"
        r"can) \w* ?call|dial)\b.*\bnumber\b|"
        r"\bwhat number\b.*\b(call|dial|ring)\b|\bhotline\b|电话|手机号|热线|联系方式|拨打",
    ),
    (
        "percent",
        r"\bper ?cent(age)?\b|\bhow (big|large|much) (is|was) the discount\b|\bdiscount\b|百分之几|百分比|"
        r"打几折|几折|多少折|折扣",
    ),
    (
        "price",
        r"\b(price|prices|cost|costs|fee|fees|fare|charge|charged|charges)\b|"
        r"\bhow much (is|are|was|were|does|do|did|would|will|can|money|for)\b(?!.*\b(weigh|weight|"
        r"time|rain|snow|need|needs|hold|contain)\b)|"
        r"\bhow much\b.*\b(pay|paid|cost|charge|sell|sold|spend|spent|worth)\b|"
        r"多少钱|票(?:是|要)?多少|价格|价钱|售价|票价|几块钱|几元|多少元|多少块|卖多少|怎么卖|收费|费用",
    ),
    ("year", r"\b(what|which) year\b|哪一?年|何年|几几年"),
    ("clock", r"\b(what|which) time\b|\bat what hour\b|几点|什么时间|何时"),
    (
        "date",
        r"\b(what|which) (date|day|month|weekday)\b|\bwhen\b|\bdate of\b|\bdeadline\b|几月|几号|哪[一天日]|"
        r"什么时候|什么日[子期]|星期几|周几|日期",
    ),
    (
        "duration",
        r"\bhow long\b(?! (is|are|was|were) the (rope|table|road|river|bridge|wall|board|snake|fish|"
        r"tunnel|boat|ship|trail|track|cable)\b)|"
        r"\bhow many (seconds|minutes|hours|days|weeks|months|years)\b|\bfor how (long|many)\b|多久|"
        r"多长时间|几[分秒]钟?|几个?小时|[几多少]+[天周年]|几个(月|星期)",
    ),
    ("age", r"\bhow old\b|\bwhat age\b|几岁|多大(年纪|岁数|年龄)|年龄|多少岁"),
    (
        "measure",
        r"\b(?:what|which) size\b|"
        r"\bhow (tall|far|heavy|fast|deep|high|wide|long|big|large|hot|cold|warm|thick|strong|loud|much)\b|"
        r"\b(weight|height|length|width|depth|speed|distance|temperature|altitude|volume|capacity|degrees)\b|"
        r"多[高远重快深宽长厚]|重量|高度|长度|宽度|深度|速度|距离|温度|海拔|容量|多大(?!年纪|岁数|年龄)|尺寸|"
        r"多少[度米克斤吨公里升]|[几多少]+(公里|千克|公斤|毫升|厘米)",
    ),
    (
        "number",
        r"\bhow many\b|\bwhat (is the )?(number|score|amount)\b|\bnumber of\b|\bscore\b|多少|"
        r"星期几|周几|礼拜几|几[个次位名条只人种本张台件杯勺间层楼页步班趟门节]|数量|人数|第几|比分",
    ),
    (
        "reason",
        r"\bwhy\b|\breasons?\b|\bhow come\b|\bwhat (is|was) the cause\b|\bwhat cause[sd]?\b|为什么|为何|原因|怎么会",
    ),
    (
        "meaning",
        r"\bwhat (does|do|did)\b.*\b(mean|stand for|refer to)\b|\bdefinition\b|\bdefined?\b|"
        r"\bmeaning of\b|什么意思|代表什么|含义|定义",
    ),
    (
        "purpose",
        r"\bwhat (is|are|was|were|does|do|'s)\b.*\bfor\s*([,?.]|$)|\bwhat\b.*\b(used|use|meant|"
        r"intended|good) for\b|\bpurpose\b|"
        r"\bwhat for\b|用来(做|干)?什么|做什么用|有什么用|干什么用|用途|作用|用于",
    ),
    ("quote", r"\b(the|which|what|exact|whole) (words|sentence|line|quote|quotation)\b|^\W*quote\b|原话|原文|那句"),
    ("title", r"\b(title|headline|heading)\b|标题|片名|题目"),
    (
        "role",
        r"\b(what|which) (is|was) .*\b(job|role|position|profession|occupation|title)\b|"
        r"\bwhat does .* do for a living\b|"
        r"\b(what|which) (job|position|role|profession|occupation)\b|职位|职业|职务|做什么工作|什么职|"
        r"[教负]责?(?:的是)?(?:什么|哪门|哪一?科)|担任什么",
    ),
    ("colour", r"\bwhat colou?rs?\b|\bwhich colou?rs?\b|什么颜色|颜色"),
    (
        "person",
        r"^\W*who\b|\bwho (is|was|are|were|won|made|wrote|said|says|directed|invented|built|founded|"
        r"leads|teaches)\b|\bwhose\b|\bwhich (man|woman|person|guy|speaker|player|actor|artist|"
        r"author)\b|"
        r"\bwhat (is|was|'s) (his|her|their) name\b|谁|哪一?位",
    ),
    (
        "name",
        r"\bname (of|for)\b|\b(called|named)\b|\bwhat (is|was|'s|are|were) the names?\b|\bwhat name\b|"
        r"\b(what|which) is (his|her|its) name\b|"
        r"\b\w+['’]s name\b|叫什么|名字|名称|什么名|叫做|姓什么",
    ),
    (
        "place",
        r"\bwhere\b|\b(what|which) (city|country|town|village|street|place|state|"
        r"island|room|hall|floor|building|station|address|location|continent)\b|\b(address|"
        r"location) of\b|\baddress\b|"
        r"哪里|哪儿|在哪|什么地方|哪个(城市|国家|地方|省|房间|车站|大厅)|哪国|地址|地点|位置",
    ),
    (
        "quote",
        r"\bwhat (does|do|did|is|was|has|have)\b.*\b(say|said|says|tell|told|mention|mentioned|"
        r"recommend\w*|advise\w*|suggest\w*|promise\w*|"
        r"announce\w*|claim\w*|explain\w*|think|thinks|warn\w*)\b|\bwhat (is|was) (said|written|"
        r"told)\b|\bsay about\b|说了?什么|怎么说|讲了?什么|写了?什么|写着什么|如何评价|建议",
    ),
    ("how", r"^\W*how (do|does|did|can|should|to|is|are|was|were|will|would)\b|怎么|怎样|如何"),
)
PATTERNS = tuple((kind, re.compile(pattern, re.I)) for kind, pattern in _KINDS)

KIND_WORDS: dict[Kind, str] = {
    "price": "price cost fee fare charge much money pay paid dollar euro pound yuan worth amount sell sold buy",
    "percent": "percent percentage discount per cent big large much off rate",
    "phone": "phone telephone number call hotline dial contact ring",
    "email": "email e-mail mail address contact",
    "link": "website web site url link address page domain visit webpage",
    "year": "year",
    "date": "date day month weekday when",
    "clock": "time hour clock",
    "duration": "long last take seconds minute hour day week month year duration time",
    "age": "old age year",
    "measure": "tall far heavy fast deep high wide long big large hot cold warm thick weight height length width depth "
    "speed distance temperature altitude volume capacity degree much weigh size",
    "number": "number amount score total count final game match result",
    "place": "place location address located situated city country town village street state island "
    "building take hold held live",
    "name": "name called named",
    "person": "name called named job whose role position",
    "role": "job role position profession occupation title living work",
    "reason": "reason why cause come",
    "purpose": "purpose used use meant intended good serve",
    "meaning": "mean stand refer definition define meaning",
    "title": "title headline heading name",
    "colour": "colour color",
    "code": "code password passcode pin",
    "often": "often frequently regularly time",
    "how": "way method",
    "quote": "say tell mention recommend advise suggest promise announce claim explain think warn about advice word",
    "thing": "",
}
GENERAL = frozenset(
    "speaker narrator presenter host woman man lady guy girl boy person people somebody someone voice video clip film "
    "movie scene screen slide caption subtitle text sign poster banner board written read say "
    "said says saying tell told "
    "mention mentioned state stated speak speaking spoke talk according show shown shows showing display displayed "
    "appear appears appearing visible audio speech recording library footage card label line announcement announce "
    "announced word sentence quote line tour answer question exactly actually according visitor "
    "customer guest viewer user audience kind type sort "
    "thing please advertised given give listed stands stand".split()
)
"""Words for who speaks and where it stands: they restrict the channel, and need not be said themselves."""

_LIGHT = frozenset(
    "need use take get make give ask want do go come find bring put call happen offer quote "
    "become should must let keep "
    "work look play like have new own main about leave run stay hold say receive include contain consist currently "
    "today originally really last long goe doe going until till during while besides beside serve "
    "group area world company part".split()
)
"""Words of little content: an answer often says these in another way."""

LIGHT_FORMS = frozenset(form for word in _LIGHT for form in forms_of(word))

CLASSES = frozenset(
    "team company sport animal city country town village colour color brand person food fruit "
    "vegetable drink instrument "
    "tool vehicle language planet material ingredient dish game song book film movie subject "
    "course month day bird fish "
    "flower tree plant insect dog cat car plane ship boat metal gas liquid shape number letter word part room building "
    "street place area region state island river mountain lake sea ocean airport station hotel "
    "restaurant shop store bank "
    "school university museum church group band club party organisation organization event festival holiday season "
    "animals appliance machine device product item object product app program website channel paper newspaper magazine "
    "profession job hobby activity exercise dance step stop stage rule problem reason thing "
    "advice tip topic theme headline".split()
)
"""Nouns for a class: the answer to "which team" is a name, and need not say "team". Attributes ("salary") are none."""
