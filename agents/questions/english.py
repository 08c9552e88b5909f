"""The grammar of questions in English: which form of words asks for what.

Rules are tried in order, the special before the general. They name words of questions and of video players, never
topics.
"""

from __future__ import annotations

import re

from agents.questions.question import Intent, Relation, Wants
from agents.questions.reading import GUESS, LIKELY, Reading, Rule, first_rule, kind_of
from agents.questions.things import things_in_english


def _form(pattern: str) -> re.Pattern[str]:
    for name, part in _PARTS.items():
        pattern = pattern.replace(f"<{name}>", part)
    return re.compile(pattern, re.I)


_PARTS = {
    "VIDEOS": r"(?:videos|clips|recordings|movies|films|files|footage|episodes)",
    "VIDEO": r"(?:videos?|clips?|recordings?|movies?|films?|footage|files?|episodes?)",
    "BE": r"(?:is|are|was|were|been|being)",
    "DO": r"(?:do|does|did|can|could|will|would|has|have|had)",
    "SAY": r"(?:says?|said|saying|tells?|told|talk(?:s|ed|ing)?|mention(?:s|ed|ing)?|discuss(?:es|ed|ing)?|"
    r"explain(?:s|ed|ing)?|claim(?:s|ed|ing)?|argu(?:es?|ed|ing)|promis(?:es?|ed|ing)|recommend(?:s|ed|ing)?|"
    r"suggest(?:s|ed|ing)?|advis(?:es?|ed|ing)|warn(?:s|ed|ing)?|repl(?:y|ies|ied)|answer(?:s|ed)?|ask(?:s|ed)?|"
    r"announc(?:es?|ed)|speak(?:s|ing)?|spoke|spoken|utter(?:s|ed)?|shout(?:s|ed)?|state(?:s|d)|"
    r"think(?:s)?|thought|comment(?:s|ed)?|quot(?:es?|ed))",
    "SHOW": r"(?:shows?|shown|showing|display(?:s|ed)?|see|seen|visible|appear(?:s|ed|ing)?|depict(?:s|ed)?|"
    r"pictured|contain(?:s|ed)?|feature[sd]?|includ(?:es?|ing))",
    "MORE": r"(?:more|less|fewer|longer|shorter|bigger|larger|smaller|taller|faster|slower|older|newer|younger|louder|"
    r"brighter|darker|better|worse|earlier|later|cheaper|heavier|higher|lower|warmer|colder|busier|expensive)",
    "MOST": r"(?:longest|shortest|biggest|largest|smallest|newest|oldest|most|least|fewest|earliest|latest|loudest|"
    r"brightest|darkest|highest|lowest|fastest|slowest)",
    "FILE": r"(?:this|that|the|each|every|your|my|which|what)(?: \w+)? (?:video|clip|recording|movie|film|file|footage|"
    r"episode)",
}

_RULES = (
    Rule("summarise", _form(r"\bsummar(?:i[sz]e|y|ies|i[sz]ing)\b|\boverview\b|\brecap\b|\btl;?dr\b|\bsum (?:it|this|that|up)\b|\bgist\b|\bsynopsis\b")),
    Rule("summarise", _form(r"\b(?:main|key|central|most important) (?:points?|topics?|ideas?|takeaways?|messages?|themes?|events?)\b|\boutline (?:of )?(?:the|this)\b|\bwalk me through (?:the|this|that) <VIDEO>")),
    Rule("summarise", _form(r"^(?:describe|outline|explain) (?:\w+ )?(?:the|this|that|it|these|each)?\s?(?:whole |entire |full )?(?:<VIDEO>|library|collection|it)?(?: (?:to me|briefly|in (?:short|brief|detail|one sentence|a few \w+|\w+ (?:words|sentences))))*\W*$")),
    Rule("summarise", _form(r"\bwhat (?:is|are|was|were) (?:(?:the|this|that|these|those|my|each|all)(?: (?:of )?(?:the|this|these))?(?: \w+)? (?:<VIDEO>|library|collection)|it|this|that|they|these) (?:all )?(?:about|dealing with)\b|\bwhat (?:the|this|that)(?: \w+)? <VIDEO> (?:is|are|was) about\b")),
    Rule("summarise", _form(r"\bwhat (?:happens|happened|is happening|goes on|is going on|is shown|takes place|can be seen)(?: \w+)? (?:in|during|throughout|over the course of) (?:the|this|that)(?: \w+)? (?:<VIDEO>)\W*$")),
    Rule("summarise", _form(r"\bin (?:a nutshell|short|brief|a few (?:words|sentences))\b|\bwhat is (?:in|inside) (?:the|this|my) (?:library|collection)\b|\bwhat kinds? of <VIDEOS> (?:are|do)\b|\bwhat <VIDEO> (?:are|do (?:i|we|you)) (?:there|have)\b")),
    Rule("quote", _form(r"\b(?:last|first|final|exact|very|opening|closing) words\b")),
    Rule("summarise", _form(r"^what (?:is|are|was|were) (?:the|this|that) (?:\w+ )?\w+ (?:all )?about\W*$"), LIKELY),
    Rule("tags", _form(r"(?<!price )(?<!name )(?<!dog )(?<!\bits )(?<!\bthe )\b(?:hash)?tags?\b(?! (?:on|hang|say))|\bthe tags\b|\bits tags\b|\bkeywords?\b|\bcategor(?:y|ies)\b|\bfacets?\b|\bclassified\b")),
    Rule("tags", _form(r"^how (?:is|are|was|were) .*(?:tagged|labelled|labeled)\b")),
    Rule("which_videos", _form(r"<VIDEO>\b.* (?:tagged|labelled|labeled)\b|\b(?:tagged|labelled|labeled) .*<VIDEO>")),
    Rule("tags", _form(r"\b(?:tagged|labelled|labeled)\b")),
    Rule("metadata", _form(r"\bhow long (?:is|are|was|were)(?: (?:\S+\.\w{2,4}|it|this|that|these|they))?\W*$|\bhow long (?:is|are|was|were)(?: the| this| that| each| your| my)?(?: \w+)? ?(?:<VIDEO>)\W*|\b(?:duration|length|running time|run ?time|play(?:ing)? time) of (?:the|this|that|it|each|every|\W|$)(?: \w+)? ?(?:<VIDEO>|$)?|\bduration\b")),
    Rule("metadata", _form(r"\bresolution\b|\bframe ?rate\b|\bfps\b|\bframes (?:per|a) second\b|\bcodec\b|\bbit ?rate\b|\bfile (?:size|name|format|type)\b|\baspect ratio\b|\bmega ?(?:bytes|pixels)\b|\bgigabytes?\b|\b[mg]b\b|\bsound ?track\b|\baudio track\b|\b(?:portrait|landscape|vertical|horizontal)(?: or (?:portrait|landscape|vertical|horizontal)| (?:mode|format|orientation|video))\b|\bmeta ?data\b|\bmono or stereo\b|\bstereo\b|\bcontainer format\b")),
    Rule("metadata", _form(r"\b(?:<BE>) (?:it|this|that|<FILE>|\W+)? ?(?:recorded|filmed|shot|uploaded|added|imported|indexed|ingested|created|modified|made|taken)\W*(?:on|at|in)?\W*$|\b(?:have|has|with|without|any) (?:any |a )?(?:sound|audio)\W*$|\bhow (?:big|large|heavy) (?:is|are)(?: the| this| that)? ?(?:<VIDEO>|it)?\W*$|\bwhat (?:format|quality|size) (?:is|are|does)(?: \w+)? ?(?:<VIDEO>|it)?\W*|\b(?:is|are) (?:it|<FILE>) (?:in )?(?:hd|4k|silent|muted|black and white|colou?r|full hd)\W*$|\bhow many (?:seconds|minutes|hours)(?: long)? (?:is|are|does)(?: (?:it|<FILE>)?| \W*)(?: long| last| run| have| take| contain)?\W*$|\bhow many (?:frames|pixels)\b")),
    Rule("metadata", _form(r"\b(?:which|what)(?: of the| of my| of these)? (?:<VIDEO>|one) (?:is|has|was|are) (?:the )?(?:longest|shortest|biggest|largest|smallest|newest|oldest|latest)\b|\b(?:longest|shortest|newest|oldest|largest|smallest) (?:<VIDEO>)\b")),
    Rule("metadata", _form(r"\bhow long (?:does|do|will|did)(?: (?:the|this|that|each|it))?(?: \w+)?(?: <VIDEO>)? (?:last|run|go on)\W*$|^(?:is there|are there|does (?:it|<FILE>) have|has (?:it|<FILE>)) (?:any |a )?(?:sound|audio)\b(?! (?:of|like))")),
    Rule("compare", _form(r"\bagree (?:on|about|with each other)\b|\bboth\b.*\bagree\b|\b(?:more|less) \w+ than\b(?! (?:\d|one|two|three|a))|\b(?:\w{2,}er) than\b(?! (?:\d|one|two|three|four|five|ten|a minute|an hour))(?<!rather than)(?<!other than)|\bdiffer(?:s|ent|ence|ences)?\b(?! (?:kinds?|types?|colou?rs?|animals?|people|things?|objects?|speakers?|tags?|languages?|<VIDEO>))|\bcompar(?:e|es|ed|ing|ison)\b|\bin common\b|\bsimilarit(?:y|ies)\b|\bversus\b|\bvs\.?(?:\s|$)|\bcontrast\b|\bthe same (?:\w+ )?(?:as|in (?:both|the two|all))\b|\bthe same\b.*\b(?:and|both|two)\b|\bin both\b|\bboth (?:of )?(?:the |these )?<VIDEOS>|\b(?:is|are) (?:.+ )?similar\b")),
    Rule("compare", _form(r"\b(?:which|who|what)\b(?: (?:one|\w+|of (?:the|these|them)(?: two)?(?: \w+)?)){0,3} (?:<BE>|<DO>|shows?|contains?|lasts?|costs?|looks?|runs?|seems?) (?:\w+ ){0,3}<MORE>\b(?! than (?:\d|one|two|three|four|five|ten|a minute|an hour))|\b<MORE>\b.* than\b(?! (?:\d|one|two|three|four|five|ten|a minute|an hour))|\bas (?:many|much) .+ as\b|\bas (?:\w+) as\b(?! possible)|\bthe (?:longer|shorter|bigger|larger|newer|older) (?:one|<VIDEO>|of)\b")),
    Rule("find", _form(r"\b(?:any|some|the) footage of\b"), 0.8),
    Rule("which_videos", _form(r"\b(?:which|what)(?: of (?:the|these|my|our|all)(?: \w+)?)? (?:other )?<VIDEO>\b|\bin (?:which|what|how many) <VIDEO>\b|\bwhich (?:ones?|of (?:them|these|those))\b.*(?:<SHOW>|<SAY>|with|about|in)\b|\bwhere (?:else )?(?:in (?:the|my) (?:library|collection))\b|\bhow many <VIDEOS>.*\band which\b")),
    Rule("which_videos", _form(r"^(?:(?:list|show|find|give|get|name|display|search(?: for)?|i(?: am| want| need)?(?: looking for| to see)?)(?: me| us)? )?(?:(?:all|of|the|my|our|other|some|more) )*(?:<VIDEOS>|(?:every|each|any|a|another) <VIDEO>) (?:\w+ )?(?:with|of|that|where|which|in which|showing|about|on|containing|featuring|mentioning|from|recorded|longer|shorter|without|have|has|has got|tagged)\b")),
    Rule("which_videos", _form(r"^(?:<BE>|<DO>) (?:there|(?:i|we|you)(?: have)?|any) ?(?:any|a|some|other|more|another|of my|of the)? ?(?:other )?<VIDEO> (?:\w+ )?(?:with|of|that|where|which|in which|showing|about|on|containing|featuring|mentioning|from|shows?|contains?|mentions?)\b|^(?:list|show|give|name)(?: me)? (?:all|every|the|my|each|all of my|all the)(?: the| my)? ?<VIDEO>\W*$")),
    Rule("order", _form(r"\b(?:steps|sequence|order)\b(?! (?:of magnitude|a |the |some |food))(?!ed)|\bstep by step\b|\b(?:first|second|third|next|last|final|previous) (?:thing|step|action|event|task|scene|part|stage|topic|ingredient|item|point|sentence|words?|speaker|question|shot)\b|\bone after (?:the other|another)\b|\bchronological(?:ly)?\b|\btimeline\b")),
    Rule("order", _form(r"^(?:and )?(?:what|who|which|how|whom)\b.*\b(?:comes?|came|happens?|happened|happening|goes|does|did|do|is|are|was|were|says?|said|shown?|speaks?|appears?|follows?|followed)\b.*\b(?:(?:right |just |directly |immediately |shortly |straight )?(?:after|before|afterwards?|beforehand|next|then|following|prior to|first|last|between|once|until|as soon as))\b(?! (?:all|name|names))")),
    Rule("order", _form(r"^(?:after|before|once|as soon as|following|prior to) .*,? (?:what|who|which|where|how)\b|\bwhat (?:follows|precedes|followed|preceded|leads? (?:up )?to|led (?:up )?to)\b|^(?:<BE>|<DO>) .*\b(?:before|after)\b|\bwhich (?:comes|came|is|was|happens|happened|appears?|one) .*(?:first|last|earlier|later)\b|\bwhat (?:is )?next\b")),
    Rule("order", _form(r"^(?:and )?(?:what|who|which)\b.*\b(?:first|last|next)\W*$|^in (?:which|what) order\b")),
    Rule("count", _form(r"\bhow many\b(?! (?:seconds|minutes|hours|days|weeks|months|years|times more|euros|dollars|pounds|yuan|rmb|cents|degrees|percent|kilometers|kilometres|meters|metres|miles|kilos|kilograms|grams|liters|litres|calories|centimet\w+|inches|feet|watts|volts)\b)|\b(?:the )?(?:number|count|amount|total) of (?!the (?:house|room|bus|flight|phone))|^count\b|\bhow often\b.* <SAY>\b|\bhow many times\b")),
    Rule("when", _form(r"^(?:and )?(?:since |until |from |by )?when (?:was|were|did|will|should|must|is|has|had) .*\b(?:born|built|founded|invented|discovered|published|released|opened|established|died|launched|die|married|constructed|completed|elected|due)\b"), 0.5),
    Rule("when", _form(r"\bwhere(?:abouts)? in the (?:<VIDEO>|recording|timeline)|\btime ?(?:stamps?|codes?)\b|\b(?:at|from|in|by|until|around) (?:which|what) (?:second|minute|point|moment|time|timestamp|hour|stage)\b|\b(?:which|what) (?:second|minute)\b|\bhow often\b|\bhow frequently\b|\bhow (?:soon|late|early)\b|\bfor how long\b|\bhow far in\b|\bat what (?:time|point|moment|second)\b")),
    Rule("when", _form(r"\bhow (?:long|many (?:seconds|minutes)) (?:<BE>|<DO>) .*(?:<SHOW>|on screen|on camera|in (?:the )?(?:frame|shot|picture|view)|speak(?:s|ing)?|talk(?:s|ing)?|danc\w+|runn?\w*|walk\w*|sing\w*|play\w*|sleep\w*|swim\w*|stay\w*|remain\w*)\b")),
    Rule("when", _form(r"^(?:and |so )?(?:since |until |from )?when\b(?! (?:\w+ ){1,6}(?:,|what|who|which|where|how)\b)|\bwhen (?:exactly|precisely)\b|^(?:the )?(?:first|last) time\b|\btell when\b|^(?:exactly |precisely )?what time (?:does|do|did|is|are) .*(?:<SHOW>|<SAY>|enter\w*|leave\w*|start\w*|begin\w*|end\w*)"), 0.75),
    Rule("who", _form(r"\b(?:who|whose|whom|who else)\b(?<!those who)(?<!people who)(?<!person who)(?<!man who)(?<!woman who)(?<!one who)|\b(?:which|what) (?:person|man|woman|boy|girl|actor|actress|player|speaker|presenter|character|singer|team member|people|guests?|author|artist|politician|president)\b(?! (?:is|are) (?:doing|wearing|holding))|\bnames? of (?:the|this|that|his|her|their) (?:\w+ )?(?:man|woman|person|people|speaker|presenter|teacher|host|guest|player|boy|girl|singer|author|artist|director|doctor|chef|interviewee|narrator|guy|lady|actor|actress|driver|coach|owner|manager|boss|student|child|kid|father|mother|son|daughter|wife|husband|friend|neighbou?r)s?\b|\b(?:his|her|their|(?:the )?(?:\w+ )?(?:man|woman|person|speaker|presenter|teacher|host|guest|boy|girl|guy|lady)'s) (?:\w+ )?names?\b|\b\w+(?:er|or|ist|ian|ant|ess|man|woman)'s (?:\w+ )?names?\b|\bwhat (?:is|are|was|were) (?:he|she|they|(?:the|this|that) (?:\w+ )?(?:man|woman|person|speaker|presenter|teacher|host|guest|boy|girl|guy|lady)) (?:called|named)\b|\bnames? of (?:all |the )?(?:people|persons|speakers)\b|\bby whom\b")),
    Rule("where", _form(r"^(?:and |so )?(?:from )?where\b|\bin (?:which|what) (?:\w+ )?(?:city|country|place|room|town|village|street|state|region|area|building|part)\b|\b(?:which|what) (?:city|country|place|location|town|village|street|region|room|building|beach|island|continent)\b|\bwhereabouts\b|\b(?:the )?location of\b|\bat which place\b|\bwhere (?:is|are|was|were|does|do|did|can)\b")),
    Rule("quote", _form(r"\b(?:what|which|how) (?:else )?(?:text|words?|writing|caption|captions|title|titles|headline|sentence|slogan|subtitles?|letters|inscription|message)\b|\b(?:written|printed|spelled|labelled on|displayed on the screen|text on|text in)\b|\b(?:exact|very|literal) words\b|\bverbatim\b|\bquot(?:e|es|ation|ed)\b|\btranscri(?:pt|be|ption)\b|\bread (?:out|me|aloud)\b|\bon-screen text\b|\bword for word\b|\bwhat (?:does|do|did) .*\b(?:sign|signs|label|banner|poster|screen|slide|caption|title|board|t-?shirt|shirt|note|letter|page|book|headline|sticker|plate|menu|subtitle|subtitles|inscription|logo) (?:say|says|read)\b")),
    Rule("fact", _form(r"^(?:and |so |but )?why\b|\bfor what reason\b|\bwhat (?:is|was|are) the reasons?\b|\bhow come\b|\breasons? (?:for|why|behind)\b|\bwhat (?:causes?|caused|makes|made)\b|\bwhat (?:is|was|are|were) .+ (?:used )?for\W*$|\bthe purpose of\b")),
    Rule("quote", _form(r"^(?:and |so )?(?:what|which) (?:advice|tips?|arguments?|recommendations?|claims?|warnings?|promises?|opinions?|suggestions?)\b")),
    Rule("fact", _form(r"^(?:and |so )?(?:what|which) (?:price|year|date|age|amount|percentage|score|temperature|number|size|speed)\b")),
    Rule("quote", _form(r"\bwhat (?:else )?(?:<DO>|<BE>) .*<SAY>\b|\b(?:what|everything|anything|something|things|all) .{0,40}(?:<SAY>)(?: about| of| on)?\b|\bhow (?:<DO>|<BE>) .*(?:describe[sd]?|explain|define[sd]?|introduce[sd]?|phrase[sd]?|comment on|put it)\b|^(?:repeat|recite) |\bopinion (?:on|of|about)\b|\bview (?:on|of|about)\b|\b(?:statement|remark|advice|tips?|recommendations?|comment)s? (?:about|on|regarding|for)\b|\baccording to\b|^(?:<BE>|<DO>) .*\b<SAY>\b|^(?:what )?(?:advice|tips?)\b|\bwhat .*\b(?:subject|topic)s?\b")),
    Rule("fact", _form(r"\bhow (?:much|old|tall|far|heavy|deep|hot|cold|fast|expensive|wide|high|strong|big|large)\b|\bhow many\b|\bhow long\b|\b(?:price|cost|costs|fees?|percentage|percent|score|age|population|temperature|speed|weight|height|distance|budget|salary|revenue|phone number|email|address|deadline|recipe|amount|website|url|password|version)\b|\bhow (?:to|<DO>|can|should|must|<BE>)\b(?! .*(?:dressed|look|looks|looking|weather|feel|feeling)\b)|\bwhat (?:price|year|date|day|month|percentage|score|age|amount|number|temperature|speed|language|brand|model|time)\b|\bwhat (?:does|do) .* (?:mean|stand for|consist of|cost|weigh|need|require|cause|depend on|do for a living)\b|\bmade (?:of|from|out of)\b|\bname of\b|\bcalled\b|\bnamed\b|\bwhich (?:team|company|brand|party|university|year|date|day|month|language|model|number|version|bus|train|platform|floor|school|hotel|restaurant)\b|\bresult of\b|\bwon\b")),
    Rule("shown", _form(r"\b(?:what|which) (?:<COLOUR>)\b|\b(?:<COLOUR>) of\b".replace("<COLOUR>", "colou?rs?|shape|pattern|kind of clothes|clothes|clothing|outfit|hairstyle"))),
    Rule("find", _form(r"^(?:find|search(?: for)?|look(?:ing)? (?:for|up)|show|locate|take me to|jump to|go to|skip to|play|display|get me|bring up|give me|pull up|i (?:want|need|would like|am looking for)|let me see)\b|\b(?:scenes?|moments?|shots?|parts?|passages?|sequences?|bits?|footage|clips?) (?:with|of|where|in which|when|showing|about|that)\b"), 0.8),
    Rule("find", _form(r"^(?:is|are|was|were) there\b|^(?:any|anything|anyone|anybody|some)\b|^(?:can|could|do|did) (?:you|we|one|i) (?:see|find|spot|hear|notice|have)\b|\b(?:be seen|visible|appear(?:s|ed)?|show up|on screen)\W*$|^(?:<DO>) (?:the|this|that|any|it|one)(?: of (?:the|these))? ?(?:<VIDEO>)? ?(?:show|contain|feature|include|have|depict)\b|^(?:<BE>|<DO>) .*\b(?:in|on) (?:the|this|that|any|one)(?: of (?:the|these))? (?:<VIDEO>|scene|picture|shot|frame|screen|image)s?\W*$"), 0.75),
    Rule("shown", _form(r"^(?:and |so )?(?:what|which)\b.*\b(?:hold(?:s|ing)?|wear(?:s|ing)?|carr(?:y|ies|ying)|look(?:s|ing)? (?:like|at)|doing|visible|seen?|shown|shows?|appears?|pictured|in (?:his|her|their|its) (?:hands?|mouth|pocket|bag|arms?)|on (?:the|his|her|their|top of)|in (?:the|front of)|under|behind|beside|next to|near|happening|background|foreground)\b|\bhow (?:is|are|does|do|was|were) .*\b(?:dressed|look|looks|looking|weather)\b|^describe\b|\bappearance\b|\bwhat (?:is|are|was|were) (?:he|she|it|they|the|a|an|this|that|these|those|someone|somebody|people|everyone|there) ?.*\b\w{2,}ing\b|^what (?:do|does|did) (?:the |a |an |he|she|it|they|people|someone|one|we|you|this|that|two|three)"), 0.7),
    Rule("fact", _form(r"^(?:and |so )?what (?:is|was|are|were) (?:his|her|their|its|the|your)\b(?: (?!in\b|on\b|under\b|behind\b|near\b|next\b|inside\b|beside\b)[\w'-]+){1,7}\W*$"), 0.45),
    Rule("shown", _form(r"^(?:and |so )?(?:what|which) (?:kinds?|types?|sorts?|breeds?|species) of\b|^(?:and |so )?(?:what|which) (?:else )?(?:\w+ )?(?:is|are|can|do|does)\b|^what (?:is|are) there\b"), 0.5),
    Rule("shown", _form(r"^(?:<BE>|<DO>) .*(?:\b\w{3,}ing\b|\bwear\b|\bhold\b|\bcarry\b|\bopen\b|\bclosed\b|\bsmile\b|\b(?:red|green|blue|yellow|black|white|brown|grey|gray|pink|orange|purple)\b)"), 0.65),
    Rule("shown", _form(r"^(?:is|are|was|were) (?:the|this|that|it|he|she|they|these|those) "), 0.55),
    Rule("fact", _form(r"^(?:what|which|how|<DO>|<BE>)\b"), 0.4),
)

_KINDS: tuple[tuple[Wants, re.Pattern[str]], ...] = (
    ("reason", _form(r"^(?:and |so |but )?why\b|\bfor what reason\b|\breasons?\b|\bhow come\b|\bwhat (?:causes?|caused)\b|\bpurpose\b")),
    ("colour", _form(r"\bcolou?rs?\b(?! tv| film| photo)")),
    ("price", _form(r"\bprices?\b|\bcosts?\b|\bfees?\b|\bhow (?:expensive|cheap)\b|\bhow much (?:is|are|was|were|do|does|did|will|money|would|should|for)\b(?! .*\b(?:weigh|sugar|flour|water|salt|milk|time|oil|rice|butter|sleep|space|memory|weight)\b)|\bhow many (?:euros|dollars|pounds|yuan|rmb|cents)\b|\bsalary\b|\bbudget\b")),
    ("duration", _form(r"\bhow long\b|\bduration\b|\bhow many (?:seconds|minutes|hours|days|weeks|months|years)\b|\brun(?:ning)? ?time\b|\bhow much time\b|\b(?:longest|shortest) <VIDEO>|\blonger\b|\bshorter\b|\b<VIDEO> (?:is|are|was) (?:the )?(?:longest|shortest)\b")),
    ("number", _form(r"\bhow (?:many|much|old|tall|far|heavy|deep|hot|cold|fast|wide|high|big|large|often)\b|\bnumber of\b|\bcount\b|\bpercent(?:age)?\b|\bscore\b|\bwhat (?:number|age|amount|temperature|speed)\b|\b(?:phone|flight|room|bus|house) number\b|\bpopulation\b|\bage of\b|\b(?:temperature|speed|weight|height|distance|frame ?rate|fps|resolution|file size|bit ?rate)\b")),
    ("date", _form(r"\b(?:what|which) (?:year|date|day|month|weekday)\b|\bdate\b|\bdeadline\b|\bwhen (?:was|were|did|will|is|should|must|has) .*\b(?:born|built|founded|invented|discovered|published|released|opened|established|died|launched|die|married|constructed|completed|elected|due|recorded|filmed|shot|uploaded|added|created|indexed|made)\b")),
    ("time", _form(r"^(?:and |so )?(?:since |until |from )?when\b|\b(?:what|which) (?:time|second|minute|moment|point)\b|\btime ?(?:stamps?|codes?)\b|\bwhere(?:abouts)? in the <VIDEO>|\bhow (?:soon|early|late)\b")),
    ("text", _form(r"\bwritten\b|\bprinted\b|\b(?:what|which) (?:text|words?|caption|title|headline|slogan|subtitles?|letters|inscription)\b|\btext\b|\bverbatim\b|\bquot(?:e|es|ation)\b|\btranscript\b|\bread (?:out|me|aloud)\b|\b(?:exact|very) words\b|\bsigns?\b.* (?:say|read)s?\b|\b(?:label|banner|poster|slide|caption|board|headline|menu|shirt|subtitles?) (?:say|read)s?\b")),
    ("place", _form(r"^(?:and |so )?(?:from )?where\b|\b(?:which|what) (?:city|country|place|location|town|village|street|region|room|building|beach|island)\b|\blocation\b|\baddress\b")),
    ("name", _form(r"\b(?:who|whose|whom)\b(?<!people who)(?<!person who)(?<!man who)(?<!woman who)|\bnames?\b|\bcalled\b|\bnamed\b|\bwhich (?:person|man|woman|actor|actress|player|speaker|team|company|brand|party|university|school|hotel|restaurant)\b|\bwhat (?:brand|company|team|is the title)\b")),
    ("action", _form(r"\bwhat (?:<BE>|<DO>) .*\b(?:do|doing|happen(?:s|ing|ed)?|going on)\b|\bwhat (?:happens|happened|comes|came)\b|\bhow (?:to|do|does|did) (?!.*(?:look|feel)\b)")),
    ("object", _form(r"^(?:and |so )?(?:what|which) (?:<BE>|<DO>) .*\b(?:hold(?:ing)?|carry(?:ing)?|wear(?:ing)?|eat(?:ing)?|drink(?:ing)?|cut(?:ting)?|play(?:ing)?(?: with)?|us(?:e|ing)|driv(?:e|ing)|rid(?:e|ing)|throw(?:ing)?|catch(?:ing)?|push(?:ing)?|pull(?:ing)?|cook(?:ing)?|mak(?:e|ing)|paint(?:ing)?|build(?:ing)?|pick(?:ing)? up|put(?:ting)?(?: on| in| into)?|buy(?:ing)?|open(?:ing)?|look(?:ing)? at|feed(?:ing)?|wash(?:ing)?|read(?:ing)?|fix(?:ing)?|repair(?:ing)?|sit(?:ting)? on|stand(?:ing)? on|lying on|see|seen|visible)\b|\bwhat (?:is|are|was|were) (?:there )?(?:on|in|under|behind|beside|next to|near|inside|above|below|at|around|between) |^(?:and |so )?(?:what|which) (?:kinds?|types?|sorts?|breeds?|species) of\b|^(?:and |so )?(?:what|which) (?!is\b|are\b|was\b|were\b|do\b|does\b|did\b|can\b|will\b|has\b|have\b|happens|about\b|comes\b|<VIDEO>\b|else\b|next\b|time\b|if\b|one\b|ones\b|of\b|tags?\b|to\b)\w+(?: \w+)? (?:is|are|was|were|can|do|does|appears?)\b")),
)

_YES_OR_NO = _form(r"^(?:and |so |but |or )?(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|should|any(?:one|body|thing)?|isn't|aren't|doesn't)\b(?! (?:you|u) (?:tell|show|find|list|give|describe|explain|summari))|^(?:if|whether)\b|, (?:right|correct|isn't it|yes|no)\W*$")
_OR = _form(r"\bor\b(?! not\b)")

_RELATIONS: tuple[tuple[Relation, re.Pattern[str]], ...] = (
    ("between", _form(r"\bbetween (?P<anchor>.+? and .+)")),
    ("after", _form(r"\b(?:after|following|once|as soon as|since)\b (?!all\b)(?P<anchor>(?!how\b|what\b|who\b|when\b|that\b|\w+ing (?:is|are)\b)[^,?]+)|\b(?:afterwards?|next|then)\W*$|\bfollow(?:s|ed) (?P<anchor2>.+)|\bwhat (?:is |comes |happens |happened )?next\b")),
    ("before", _form(r"\b(?:before|prior to|until|till)\b (?P<anchor>[^,?]+)|\bbeforehand\b|\bprecede[sd]? (?P<anchor2>.+)|\bled? (?:up )?to (?P<anchor3>.+)|\bprevious\b")),
    ("first", _form(r"\bfirst\b(?! (?:name|aid|class|floor|lady|world|place|language|prize|grade))|\bearliest\b|\bat the (?:very )?(?:beginning|start)\b|\bto begin with\b|\binitially\b|\bopening\b(?= (?:scene|shot|words|sentence))")),
    ("last", _form(r"(?<!how long )\blast\b(?<!does it last)(?<!video last)(?<!clip last)(?<!recording last)(?! (?:name|year|week|month|night|for|long|\d|until|summer|winter))|\blatest\b|\bfinal(?:ly)?\b|\bat the (?:very )?end\b|\bin the end\b|\bends? with\b|\bclosing\b(?= (?:scene|shot|words|sentence))")),
    ("least", _form(r"\b(?:least|fewest|shortest|smallest|lowest|slowest|shorter|smaller|fewer|less|lower|slower|cheaper|cheapest|youngest|younger|lightest)\b(?! than (?:\d|a|one|two|ten))(?<!at least)")),
    ("most", _form(r"\b(?:most|longest|biggest|largest|highest|fastest|tallest|oldest|loudest|longer|bigger|larger|more|higher|faster|taller|older|heavier|heaviest|louder)\b(?! than (?:\d|one|two|ten))(?! (?:about|on|of|from|like this)\b)")),
)


def read_english(asked: str) -> Reading:
    """What the words of an English question say about it.

    Args:
        asked: without politeness, contractions spelled out (`wording`).
    """
    rule = first_rule(_RULES, asked) or Rule("find", re.compile(""), GUESS if asked.endswith("?") else LIKELY)
    intent = rule.intent
    relation, anchor = _relation(asked, intent)
    yes_or_no = bool(_YES_OR_NO.search(asked)) and not (intent == "compare" and _OR.search(asked))
    wants = kind_of(_KINDS, asked)
    if yes_or_no and wants in ("object", "action", "price", "name", "number", "duration", "time", "date"):
        wants = "anything"
    if intent == "when" and wants == "date":
        intent = "fact"
    if intent not in ("order", "when", "find", "quote") and relation in ("before", "after", "between"):
        relation, anchor = "", ""
    if relation in ("most", "least") and intent not in ("compare", "which_videos", "metadata", "count", "who", "when", "shown"):
        relation = ""
    return Reading(
        intent, rule.certainty, wants, relation, anchor, things_in_english(asked, intent), yes_or_no
    )


def _relation(asked: str, intent: Intent) -> tuple[Relation, str]:
    for relation, form in _RELATIONS:
        if intent == "compare" and relation not in ("most", "least"):
            continue
        found = form.search(asked)
        if found:
            anchors = [words for words in found.groupdict().values() if words]
            return relation, (anchors[0].strip(" ?.!,") if anchors else "")
    return "", ""
