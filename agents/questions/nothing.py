"""What is no question to a library: greetings, small talk, orders to the system, knowledge of the world, keystrokes.

Forms of words decide what they can decide. The likeness to examples (`examples`) speaks for or against the rest: a short
question about a topic that any video could be about is never stopped by likeness alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agents.questions.question import Idle
from agents.questions.wording import is_in_chinese
from agents.words import nothing_to_look_for

STOPPED = 0.5
"""Strength from which there is nothing to answer. Ours: the middle."""

_FORM = 0.75
"""Strength of a form of words that a library's question hardly has."""

LIKENESS = 0.4
"""How far likeness moves the strength of a form: by half of it up or down. Ours."""

CERTAIN = 0.86
"""Likeness to idle examples from which it stops a sentence without any form. Ours: above all questions to a library of
two lists of ours, but for those with a definite thing ("the filter"), which need `DEFINITE`."""

DEFINITE = 0.95
"""The same for a sentence that speaks of a definite thing, as one does of what is to be seen."""


@dataclass(frozen=True, slots=True)
class Idleness:
    """Why there is nothing to answer, and how likely that is, in [0, 1]. ``reason`` is "" below `STOPPED`."""

    reason: Idle
    strength: float


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_TO_THE_LIBRARY = _form(
    r"\b(?:videos?|clips?|footage|recordings?|films?|movies?|scenes?|shots?|frames?|on screen|library|transcript|subtitles?|"
    r"timestamps?|speakers?|narrator|presenter|shown|mention(?:s|ed)?|seen|visible|appears?|wearing|holding|"
    r"(?:he|she|they) (?:says?|said|do|does|did|is|are|was|were)|(?:does|do|did|is|are|was|were) (?:he|she|they|it)|the (?:man|woman|person|people|boy|girl))\b|"
    r"视频|影片|片段|录像|片子|画面|镜头|场景|字幕|屏幕|里面|提到|说话|出现|这个|那个|这段|那段|手里|穿着|拿着|他|她|主持人|讲解员"
)
_POINTS = _form(
    r"^(?:who|what|where|when|why|how|which|is|are|was|does|did)\b.*\b(?:that|this|it|he|she|they|there|these|those|him|her|them)\b|^why\W*$|(?:谁|什么|哪|为什么|怎么).*(?:他|她|它|这|那)|(?:他|她|它|这|那).*(?:谁|什么|哪|为什么|怎么)"
)
_ENDING = re.compile("[\\s？?。.！!]+$")
_SENTENCE = _form(
    r"^(?:who|what|where|when|why|how|which|is|are|was|were|do|does|did|can|could|should|will|would|tell|explain|define|give)\b.* .*\w|^(?:i|you|my|your)\b|\b(?:me|you|your|my)\W*$"
)
_DEFINITE = _form(r"\b(?:the|this|that|these|those|his|her|their|its) (?!(?:world|earth|sun|moon|universe|best|most|\w+est)\b)[a-z]")
_NAMES_VIDEOS = _form(r"\b(?:videos?|clips?|footage|recordings?|films?|library)\b|视频|影片|片段|录像|资料库|视频库")
_SENTENCE_IN_CHINESE = re.compile("谁|什么|哪|为什么|怎么|如何|多少|几|吗|呢|[你我]")
_CHANGES_VIDEOS = _form(
    r"^(?:now |just |ok |and |then )*(?:delete|erase|wipe|remove|drop|rename|upload|download|overwrite|reset|format|destroy|clear) "
    r"(?:all|every|everything|the|this|that|these|those|my|it|them|any|your|clips?|videos?|files?|tags?|data)\b(?!.*\b(?:scene|shot|moment)\b)|"
    r"^(?:now |just |ok |and |then )*(?:cut|trim|split|crop|merge|export|convert|compress|move|copy|edit|rotate|blur|share|post|publish|burn|back ?up|encrypt|"
    r"re-?index|ingest|import|update|install|uninstall|upgrade|turn|mute|stop|pause) (?:\w+ ){0,3}(?:videos?|clips?|files?|library|database|index|recordings?|it|them|everything|software|app|volume|lights?|tv|music)\b|"
    r"^(?:shut ?down|reboot|restart|log ?out|exit|quit)\b(?: (?:now|the (?:computer|system|server|machine)))?\W*$|\b(?:drop|truncate|alter) tables?\b|\bdelete from\b|;\s*--|\brm -rf\b"
)
_WRITES = _form(
    r"^(?:now |just |ok |and |then )*(?:write|compose|draft|invent|make up|generate|draw|paint me|sketch|code|program|design|sing|rap|tell) "
    r"(?:me |us |for me )?(?:(?:a|an|some|another|my|the|your)\b )?(?:\w+ ){0,3}(?:poem|poems|story|stories|essay|song|songs|letter|e-?mail|haiku|lyrics|code|script for|function|"
    r"program|speech for|joke|jokes|riddle|novel|article|blog|tweet|resume|cv|image|picture of|logo for|rhyme|limerick|paragraph|something|fairy tale|report about)\b"
)
_ORDERS = _form(
    r"\b(?:ignore|disregard|forget|override|bypass) (?:all |any |your |the |my |everything|previous|prior|these|those|what)|\bsystem prompt\b|"
    r"\b(?:hidden|secret|initial|developer) (?:rules|instructions|prompt)\b|\bjailbreak\b|"
    r"^(?:please |now )*(?:pretend|act|behave|respond|answer|talk) (?:to be|as if|as an?|like an?|as my|only with|you are|that you)\b|"
    r"^from now on\b|^you are (?:now|no longer)\b|"
    r"^(?:please |now |just )*(?:order|book|buy|reserve|hire|call|ring) (?:me |us )?(?:a|an|some|my|two|three|\d+|the next) (?!.*\b(?:scene|shot|moment|clip|footage|video)s?\b)|"
    r"^(?:please |now |just )*(?:send|e-?mail|text|message|remind|wake|pay|transfer) (?:me|us|him|her|them|my|an?|the|this|it|that|(?-i:[A-Z]\w+))\b(?!.*\b(?:scene|shot|moment|clip|footage)s?\b)|"
    r"^(?:please |now |just )*(?:set|schedule|create) (?:an?|the|my) (?:alarm|timer|reminder|meeting|appointment|event|volume)\b|"
    r"^(?:play|put on) (?:some |a |my |me )*(?:music|song|playlist|radio|jazz|rock|spotify)\b|^(?:google|browse|surf) |"
    r"\b(?:change|reveal|print|show|give|tell)(?: me| us)? (?:your|the|my) (?:\w+ )?(?:password|api key|prompt|instructions|source code|secrets)\b|^(?:fix|debug|refactor|review|proofread) (?:my|this|the) (?:code|text|essay|bug|program|grammar)\b|^solve\b|^(?:calculate|compute)\b"
)
_ORDERS_IN_CHINESE = re.compile(
    "^(?:请|帮我|给我|快|现在|马上|立刻|把|你)*(?:将)?(?:删除(?!键|按钮|线)|删掉|删了|清空|清除|抹掉|移除|重命名|上传|下载|剪辑|裁剪|合并|转换|转成|压缩|格式化|重置|关机|重启|关闭|打开(?:灯|空调|门|窗)|"
    "发(?:邮件|短信|消息|微信)|发送|打电话|预订|预定|订(?:一|张|个|份|机|酒)|点(?:一|个|份)?(?:外卖|份|披萨)|买|定(?:个|一个).*闹钟|设(?:置|个|一个).*(?:闹钟|提醒|密码)|提醒我|安装|卸载|修改(?:密码|文件)|放(?:点|首|一首|些|一些)?.{0,4}(?:音乐|歌|乐)$|播放音乐)(?!的)|"
    "^(?:请|帮我|你)?把.{1,14}(?:删|关|剪|转成|改名|改成|上传|下载|发给|合并|清空|打开|移到|复制|备份|关掉|调)|(?:删除|清空|删掉)(?:所有|全部|这个|整个)|"
    "^(?:请|帮我|给我|替我|为我|你|能|可以|现在|用.{1,10})*(?:给.{1,6}|帮.{1,6})?(?:写|作|编|创作|来)(?:一)?(?:首|篇|个|封|段|份)?.{0,16}(?:诗|作文|文章|故事|歌词|代码|程序|函数|邮件|小说|信|脚本|论文|段子|简历|情书|对联)$|^(?:写|编写)(?:代码|程序)|发(?:一)?封.{0,6}(?:邮件|信)|叫我起床|叫醒我|"
    "^(?:请|帮我|给我|替我|为我|你|能)*(?:画(?=[一几]?[张幅个只匹条朵棵])|生成|绘制|做)[一几]?(?:张|幅|个|出|只|匹|条|朵|棵).{1,12}(?:图|画|图片|照片|新视频)$|忽略.{0,8}(?:指令|指示|规则|提示|要求|一切|所有|上面|以上|之前)|无视.{0,8}(?:指令|指示|规则)|系统提示|提示词|隐藏(?:的)?(?:规则|指令)|"
    "(?:假装|扮演|假设你|从现在起|从现在开始)|你现在是|忘(?:掉|记)(?:我|之前|所有|以上|你的|那些|全部)|翻译成|(?:修|改|调试)(?:一下)?我的代码|当我的|密码告诉|告诉我.{0,4}密码$"
)
_SMALL_TALK = _form(
    r"^\W*(?:(?:hi|hello|hey|hallo|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|night|day)|welcome|bye|good ?bye|see (?:you|ya)|cheers|thanks|thank you|thx|ok|okay|"
    r"cool|nice|great|wow|awesome|perfect|lol|haha+|hmm+|sorry|congratulations|happy (?:birthday|new year|holidays)|merry christmas|never ?mind|got it|i see|well done|good (?:job|work|bot)|"
    r"yes|no|yep|nope|sure|fine|please|again|there|everyone|all|my friend|buddy|mate|bot|assistant|so much|a lot|very much|later|take care|for your help|you|to you|too|and|the help|tomorrow|guys|"
    r"(?:that|it|this) (?:was|is) (?:very |really |so )?(?:great|helpful|nice|good|perfect|awesome|all|enough|fine|cool|useful)|have a (?:nice|good|great) (?:day|evening|weekend|one|night)|sweet dreams|that was helpful|i'm back|very helpful|talk to you)\b\W*)++$|"
    r"\b(?:how are you|how do you do|how are (?:things|u|ya)|how is it going|how is life|how was your (?:day|weekend|night)|how have you been|how do you feel|what is up|what are you up to|nice to meet|pleased to meet)\b|"
    r"\b(?:are|were) you (?:a |an |really |just |still |even )*(?:robot|human|bot|real|ai|alive|there|sentient|conscious|chatgpt|gpt|alexa|siri|happy|sad|sure|ok|okay|ready|busy|married|single|smart|stupid|hungry|tired|angry|bored|male|female|person|machine|free|awake|listening|serious)\b|"
    r"\b(?:who|what) (?:are|made|created|built|trained|programmed|designed) you\b|\bwhat is your (?:name|favou?rite|age|purpose|hobby|opinion|job|problem)\b|\bwhere (?:are|do) you (?:from|live|come)\b|\bhow old are you\b|"
    r"\bwhat (?:can|could|do|are) you (?:do|able|good at|know|capable)\b(?! (?:about|of)\b)|\bhow do you work\b|\bwhich model are you\b|\bdo you (?:like|love|have|feel|want|dream|sleep|eat|believe|enjoy|speak|think i|know me|remember me|hate|prefer|get)\b(?! (?:any|a|an|some|video|clip|footage|the) )|"
    r"\b(?:can|could) you (?:help me|dance|sing|think|speak \w+|hear me|understand me|feel|cook|swim|see me)\W*$|\bi (?:love|like|hate|miss|adore) you\b|^you(?: are|'re) (?:so |very |really |such a |a |an |the |not )*(?:funny|stupid|smart|great|awesome|useless|cute|dumb|best|amazing|nice|idiot|genius|boring|wrong|slow|helpful|good|bad|kind|clever)\b|"
    r"\b(?:tell|know|crack|say|hear|another|give)\b.*\b(?:jokes?|riddles?|fun fact|something (?:funny|nice|interesting|sweet))\b|\bmake me laugh\b|\bknock knock\b|^i(?: am|'m) (?:so |very |a bit |really |feeling |just )*(?:bored|tired|sad|happy|hungry|lonely|fine|good|great|sick|sleepy|angry|back|hurt|cold|stressed)\b|"
    r"^(?:my name is|i am called|call me)\b|\blet(?:'s| us) (?:chat|talk|be friends|play a game)\b|\bwill you marry me\b|\bmarry me\b|^test(?:ing)?(?: test)*[\W\d]*$|^sing (?:me )?(?:a|something)|^(?:are you|you) there\W*$|\bguess what\b|\bflip a coin\b|\broll (?:a|the) dice\b|\brock,? paper,? scissors\b|\bhave a nice day\b"
)
_SMALL_TALK_IN_CHINESE = re.compile(
    "^(?:你好呀?|您好|嗨|嘿+|哈喽|哈啰|喂|早上好|早安?|上午好|中午好|下午好|晚上好|晚安|大家好|谢谢(?:你|您|啦|了)?|多谢|感谢|非常|十分|太(?!棒)|很(?!高)|再见|拜拜|回头见|明天见|好的|好吧|好|行|嗯+|哦+|哈+|呵呵|嘿+|对不起|是的|对|不是|不客气|不|没事|没关系|辛苦了|抱歉|不好意思|算了|知道了|明白了|"
    "太棒了|真棒|棒|厉害|赞|牛|干得好|做得好|加油|生日快乐|新年快乐|圣诞快乐|节日快乐|恭喜|你|您|啊|呀|吧|了|呢|哟|在吗|在不在|有人吗|测试|test|ok|hello|hi|帮大忙了|你的帮助|帮助|的|，|,|。|！|!|？|\\?|~|\\s)++$|"
    "你(?:今天|最近|现在|过得)*(?:还)?(?:好吗|怎么样|过得好吗|忙吗|开心吗|累吗|在吗|在干嘛|在做什么|吃了吗|睡了吗)|最近(?:怎么样|好吗|如何|过得)|你(?:是|就是)(?:谁|什么|人|真人|机器人|一个|ai|男|女|chatgpt|哪个模型)|你(?:叫|姓)(?:什么|啥)|你的名字|你(?:多大|几岁)|你(?:从|来自|住|家在)哪|"
    "你(?:会|能|可以)(?:做|干|帮我)?(?:些|点)?(?:什么|啥|吗|跳舞|唱歌|说话|思考|做饭)(?!时候)|你能帮(?:我|助)|你(?:最|更|也|会|很)*(?:说|讲|懂|喜欢|爱|讨厌|想|有没有|有)(?!.*视频)(?!没有)(?!看到)(?!什么(?:视频|片段)).{0,8}(?:吗|什么|谁|感情|朋友)|我(?:爱|喜欢|讨厌|想)你|你(?:真|好|太|很|是个)(?:笨|傻|聪明|可爱|棒|厉害|有趣|好玩|逗|坏|烦|慢|美|天才|白痴)|"
    "(?:讲|说|来|听|出|猜)(?:一)?(?:个|段|点|几个)?(?:笑话|段子|故事吧|冷笑话|谜语|相声|绕口令)|逗我(?:笑|开心)|陪我(?:聊|玩|说)|聊(?:聊天|会儿|天)|我(?:今天|现在|有点|好|很|真|太)+(?:无聊|累|难过|开心|饿|困|烦|孤单|生气|伤心)|谁(?:创造|制造|开发|发明|做|设计|训练)了?你|你是谁(?:做|开发|造)|我叫|嫁给我|娶我|给我唱|猜猜看|很高兴认识"
)
_MATHS = re.compile(
    r"^\W*(?:what(?: is|'s)|how much is|calculate|compute|solve|evaluate)?\s*[-(]*\d[\d\s.,]*(?:\s*(?:[-+*/x×÷^%=()]|plus|minus|times|multiplied by|divided by|over|to the power of|squared|cubed|mod)\s*[-(]*\d*[\d\s.,)]*)+\s*(?:\?|=|equals?)*\s*\W*$|"
    r"\b(?:square|cube|cubic) root of\b|\bfactorial\b|\bderivative of\b|\bintegral of\b|\bsolve (?:for )?[xy]\b|\bprime numbers?\b|\b\d+ (?:percent|%) of \d+|\bpi\b(?=.*digits)|"
    "^\\D{0,6}[\\d一二三四五六七八九十百两]+(?:加|减|乘以?|除以|的平方|[+*/×÷x-])[\\d一二三四五六七八九十百两]*.{0,3}(?:等于|是|得)?(?:多少|几)?[？?]?$|平方根|立方根|阶乘|求导|解方程",
    re.I,
)
_OWN_DAY = _form(
    r"\bweather\b.*\b(?:today|tomorrow|tonight|now|right now|this week|weekend|like in|in [A-Z]\w+|forecast|outside|next week)|^(?:what is |how is )?(?:the )?weather\W*$|\b(?:what|how) is the weather(?: like)?\W*$|\bforecast\b|\bwill it (?:rain|snow|be (?:sunny|cold|hot|warm))\b|\bis it going to (?:rain|snow)\b|\bis it (?:raining|snowing|sunny|cold|hot|going to rain)\b.*\b(?:today|tomorrow|now|outside|in [A-Z])|"
    r"\bwhat (?:time|day|date|year|month) is it\b(?!.*\b(?:in the|on the|shown|clock|video|scene))|\bwhat is (?:the )?(?:current |today's |exact )?(?:time|date|day)(?: (?:today|now|in [A-Z]\w+|right now|is it))*\W*$|\btoday's (?:date|news|weather)\b|\b(?:latest|breaking|today's|recent) news\b|\bnews today\b|"
    r"\bstock (?:price|market)\b|\bshare price\b|\bexchange rate\b|\bbitcoin\b.*\b(?:buy|price|worth|invest)|\b(?:buy|invest in|price of) (?:bitcoin|stocks|gold|crypto)|\b(?:should|shall|can|do|how (?:do|can|should)) (?:i|we)\b(?!.*\b(?:see|find|hear|watch|have (?:any|a|videos?))\b).*\b(?:eat|cook|wear|buy|invest|lose weight|do today|tonight|for dinner|my|date|marry|quit|learn|sleep better|get rich|make money|be happy|become|apply)\b|"
    r"^should i (?!see|look|watch)|\bwhat should i\b|\brecommend (?:me )?(?:a|some|any) (?:good )?(?:book|restaurant|movie|film|song|hotel|laptop|phone)s?\b|\bbest (?:restaurant|hotel|pizza|place to eat)s? (?:in|near)\b|\bnear me\b|\bmy (?:horoscope|homework|taxes|wife|husband|boss|girlfriend|boyfriend|mother|mom|dad|car|phone|computer|account)\b(?! (?:in|appear|seen|video))|\bhoroscope\b|\blottery numbers\b"
)
_OWN_DAY_IN_CHINESE = re.compile(
    "(?:今天|明天|后天|今晚|现在|这周|周末|本周|北京|上海|外面).{0,4}(?:天气|会下雨|下雨|下雪|冷|热|气温|温度)|天气预报|(?:今天|明天|昨天|现在)(?:是)?(?:几号|星期几|周几|礼拜几|几月|几点|什么日子|什么时间|哪天|哪一年)|^(?:现在)?几点(?:了|钟)?(?:了)?$|现在(?:是)?几点|(?:最新|今日|今天的?|最近的?)(?:的)?新闻|股价|股票|汇率|比特币|"
    "我(?:应该|该|要不要|能不能|可以|怎么|如何|怎样)(?!.*(?:看到|找到|找|看))|(?:今晚|今天|晚饭|晚上|中午|午饭)吃(?:什么|啥)(?:好)?|怎么(?:减肥|赚钱|学英语|追女生|变美|找工作|睡得好|理财)|推荐(?:一|几)?(?:本|家|部|首|个|款)?(?:好)?(?:书|餐厅|电影|歌|酒店|手机|电脑)|附近(?:有)?(?:什么|哪里|的).*(?:餐厅|好吃|超市|医院)|星座|运势|彩票"
)
_ENCYCLOPAEDIC = _form(
    r"\b(?:capital(?: city)?|president|prime minister|king|queen|population|currency|flag|national (?:anthem|animal|dish|flower)|official language|chancellor|ceo|founder|gdp|area code|time zone) of (?:the )?(?-i:[A-Z])|"
    r"\bcapital(?: city)? of (?!(?:the|this|that|a|an|our|his|her) (?!(?:us|usa|uk|united|netherlands|philippines|world)\b))|\bchemical (?:symbol|formula)\b|\b(?:boiling|freezing|melting) point\b|\bspeed of (?:light|sound)\b|\bmeaning of life\b|\bsolar system\b|\bperiodic table\b|\batomic (?:number|mass|weight)\b|"
    r"\b(?:largest|biggest|smallest|tallest|highest|longest|deepest|fastest|richest|oldest|most populous|hottest|coldest) (?:\w+ )?(?:country|ocean|planet|city|mountain|river|lake|animal|mammal|bird|building|person|man|desert|island|continent|organ|bone|land animal)(?: (?:in|on|of) (?:the |our )?(?:world|earth|universe|africa|europe|asia|america|solar system|the human body|human body))?\W*$|"
    r"\bhow (?:far|big|old|tall|heavy|hot|large|high|deep|long|fast) is (?:the )?(?:moon|sun|earth|mars|universe|venus|jupiter|saturn|mount \w+|everest|eiffel tower|nile|amazon|great wall|light)\b|"
    r"\bhow many (?:planets|continents|countries|oceans|days|hours|weeks|months|seconds|minutes|states|legs|bones|teeth|grams|inches|feet|bytes|letters|players|people) (?:are|does|do|is|live|have|has)?(?: there)?(?: in| on)? ?(?:a|an|the|one)? ?(?:world|solar system|year|day|week|month|hour|minute|united states|us|usa|earth|human body|spider|insect|octopus|alphabet|kilo|kilogram|mile|foot|megabyte|adult|football team|leap year|human|universe)\b|"
    r"\bhow many (?:planets|continents|oceans|countries|us states|states|galaxies|languages) (?:are there|exist|do we have)\W*$|"
    r"\bwho (?:was|is) (?:the )?(?:first|current|last|\d+(?:st|nd|rd|th)) (?:\w+ )?(?:president|prime minister|king|queen|emperor|man on the moon|person on the moon|man in space|human in space|pope|chancellor|woman in space|person to)\b|"
    r"\bwho (?:is|was) (?:the )?(?:president|prime minister|king|queen|pope|chancellor|emperor)\W*$|\bwho (?:invented|discovered|founded|painted|composed|wrote|directed|sang) (?:(?:the )?(?-i:[A-Z])|(?:the |a )?(?:telephone|light ?bulb|wheel|radio|television|computer|internet|airplane|steam engine|printing press|penicillin|gravity|electricity|dynamite|paper|zero|bible|national anthem)\b)|"
    r"\bwho won (?:the )?(?:\d{4}|world cup|super bowl|nobel|oscar|champions league|election in|olympic|euro)|\b(?:world|civil|cold) war(?: (?:i|ii|1|2|one|two))?\b.*\b(?:end|start|begin|begun|win|won|happen|break out|over)|\b(?:end|start|begin|won|win) .*\bworld war\b|\bnobel (?:prize|peace)\b|\bfrench revolution\b|\broman empire\b|"
    r"\b(?:translate|translation of)\b|\bhow (?:do|would|can|does) (?:you|i|we|one) (?:say|spell|pronounce|write) .+(?: in [A-Z]\w+)?\W*$|\bsynonyms? (?:of|for)\b|\bantonyms? (?:of|for)\b|\bplural of\b|\bdefinition of\b|^define \w+|"
    r"^(?:explain|what is|what are|tell about) (?:the )?(?:theory of )?(?:quantum|relativity|photosynthesis|gravity|blockchain|black holes?|dna|evolution|inflation|democracy|capitalism|socialism|philosophy|string theory|big bang|love|happiness|an? atom|atoms|a prime|artificial intelligence|osmosis|mitosis|pythagoras)\b|"
    r"\b(?:is|are) the earth (?:round|flat)\b|\bdoes god exist\b|\bwhy is the sky blue\b|\bdo aliens exist\b|\bchicken or the egg\b|\bwhat language (?:is spoken|do they speak|do people speak) in (?-i:[A-Z])|\bwhich continent\b|\bwhich planet\b|\bconvert \d|\b\d+ (?:miles|feet|pounds|euros|dollars|usd|celsius|fahrenheit|inches) (?:in|to) \w+"
)
_ENCYCLOPAEDIC_IN_CHINESE = re.compile(
    "(?:首都|省会|总统|首相|国王|女王|国旗|国歌|国花|人口|货币|官方语言|面积|时区|主席|总理)(?:是|有|叫|多|的)?(?:什么|哪|多少|几|多大|在哪)|(?:国|省|州|任|挪威|瑞典|丹麦|芬兰|荷兰|比利时|西班牙|葡萄牙|意大利|希腊|土耳其|俄罗斯|乌克兰|波兰|日本|印度|巴西|阿根廷|墨西哥|加拿大|澳大利亚|新西兰|埃及|南非|以色列|伊朗|越南|新加坡|马来西亚|菲律宾|印尼|奥地利|瑞士|爱尔兰|美|法|英|俄|德|日|韩)(?:的)?(?:总统|首相|国王|女王|总理|主席)|(?:的|国|省|州|任)(?:首都|省会)|gdp|国内生产总值|化学(?:符号|式|元素)|元素符号|沸点|熔点|冰点|光速|音速|太阳系|元素周期表|原子(?:序数|量|质量)|人生的意义|生命的意义|"
    "(?:世界上?|地球上?|全球|中国|亚洲|欧洲|非洲|宇宙)(?:里|中)?(?:上)?(?:的)?最(?:大|高|长|深|小|快|富|古老|热|冷)的?|最(?:大|高|长|深)的(?:海洋|山|河|湖|国家|沙漠|岛|行星|动物|城市|山峰|大洲)|(?:月亮|月球|太阳|地球|火星|宇宙|珠穆朗玛峰|珠峰|长城|埃菲尔铁塔|尼罗河|长江|黄河)(?:离地球|距离?地球|到地球)?(?:有)?(?:多)(?:远|大|高|长|重|热|老)|"
    "(?:一年|一天|一小时|一周|一个月|太阳系|世界上?|地球上?|全世界|人体|蜘蛛|昆虫|章鱼|一公斤|闰年|人)有(?:几|多少)(?:个|颗|天|条|块|月|小时|国家|大洲|骨头|秒|分钟|季节|只脚|只眼)|(?:谁|哪个人|何人)(?:发明|发现|创立|创作|写|画|创办|建立)了|(?:电话|电灯|灯泡|飞机|蒸汽机|互联网|万有引力|相对论|青霉素|造纸术|印刷术|指南针|火药|哈姆雷特|蒙娜丽莎|红楼梦|西游记|三国演义|水浒传)(?:是)?(?:谁|什么时候|哪年|哪一年)|"
    "(?:第[一二]次世界大战|一战|二战|世界大战|冷战|辛亥革命|法国大革命|鸦片战争|抗日战争)|世界杯.*(?:谁|哪).*(?:赢|冠军|夺)|(?:谁|哪).*(?:赢|夺).*世界杯|诺贝尔|奥斯卡|用?[一-鿿]{1,4}(?:语|文)(?:怎么|如何|该怎么)(?:说|写|讲|读)|翻译(?:成|一下|这)|(?:近义词|反义词|同义词|成语接龙)|的拼音|怎么拼写|(?:什么是|解释一下?|介绍一下?)(?:量子|相对论|光合作用|引力|重力|万有引力|区块链|黑洞|dna|进化论|通货膨胀|民主|资本主义|爱情|幸福|人工智能|大爆炸|哲学)|"
    "^(?:一共|世界上|地球上)?有(?:几|多少)个?(?:大洲|大洋|行星|国家)|地球是(?:圆|平)的|有没有上帝|上帝存在|有外星人吗|外星人存在|天空为什么是蓝|天为什么是蓝|先有鸡还是先有蛋|(?:[一-鿿]{2,4})(?:人)?说(?:什么|哪种)语言"
)


def idleness(asked: str, given: str = "", kinds: Mapping[str, float] | None = None) -> Idleness:
    """How likely it is that there is nothing to answer.

    Args:
        asked: the text without politeness (`wording`), contractions spelled out; Chinese in Simplified characters.
        given: the same with politeness, in which small talk can be recognised: "tell me something funny".
        kinds: the probability of each intent and idle reason (`examples.kinds_of`); None without an encoder.
    """
    if not any(character.isalnum() for character in asked):
        return Idleness("empty", 1.0) if nothing_to_look_for(asked) else Idleness("", 0.0)
    reason, strength = _by_form(asked)
    if not strength and given and given != asked:
        reason, strength = _by_form(given)
        strength = strength if reason in ("greeting", "command") else 0.0
    if not strength and nothing_to_look_for(asked) and not _POINTS.search(asked):
        return Idleness("gibberish", 0.9)
    addressed = bool(_TO_THE_LIBRARY.search(asked))
    if kinds and not addressed:
        reason, strength = _with_likeness(asked, reason, strength, kinds)
    if reason in ("world_knowledge", "greeting") and (_NAMES_VIDEOS.search(asked) or (addressed and strength < 0.9)):
        strength *= 0.5
    strength = min(0.95 if reason == "world_knowledge" else 1.0, max(0.0, strength))
    return Idleness(reason if strength >= STOPPED else "", strength)


def _by_form(asked: str) -> tuple[Idle, float]:
    chinese = is_in_chinese(asked)
    plain = _ENDING.sub("", asked) if chinese else asked
    if (_SMALL_TALK_IN_CHINESE if chinese else _SMALL_TALK).search(plain):
        return "greeting", 0.9
    orders = (_ORDERS_IN_CHINESE,) if chinese else (_ORDERS, _CHANGES_VIDEOS, _WRITES)
    if any(form.search(plain) for form in orders):
        return "command", 0.9
    if _MATHS.search(plain):
        return "world_knowledge", 0.9
    if (_OWN_DAY_IN_CHINESE if chinese else _OWN_DAY).search(plain):
        return "world_knowledge", 0.9
    if (_ENCYCLOPAEDIC_IN_CHINESE if chinese else _ENCYCLOPAEDIC).search(plain):
        return "world_knowledge", _FORM
    return "", 0.0


def _with_likeness(asked: str, reason: Idle, strength: float, kinds: Mapping[str, float]) -> tuple[Idle, float]:
    """Likeness moves what forms found a little; what they did not find it stops only where it is all but certain, and
    only a sentence: a few words are a search."""
    likely = {name: kinds.get(name, 0.0) for name in _AS_REASON}
    total = sum(likely.values())
    if strength:
        moved = strength + LIKENESS * (total - 0.5) if reason == "world_knowledge" else strength
        return reason, moved
    closest = max(likely, key=likely.__getitem__)
    whole = bool((_SENTENCE_IN_CHINESE if is_in_chinese(asked) else _SENTENCE).search(asked))
    if not whole:
        return _AS_REASON[closest], 0.3 * total
    least = DEFINITE if _DEFINITE.search(asked) else CERTAIN
    return _AS_REASON[closest], 0.6 * total if total > least else 0.45 * total


_AS_REASON: dict[str, Idle] = {"greeting": "greeting", "world_knowledge": "world_knowledge", "command": "command"}
