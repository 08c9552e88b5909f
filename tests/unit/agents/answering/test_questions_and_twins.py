"""Questions of every kind about one small library of nineteen videos, and their twins that nothing in it answers."""

from __future__ import annotations

import pytest

from agents.answering.lines import Gathered
from encoders.bundle import Encoders
from tests.unit.agents.answering.spoken_and_read import (
    check_answered,
    check_declined,
    check_quotes,
    placed,
    said,
    together,
    written,
)

LIBRARY = {
    "tent": together(
        said(
            "Welcome back to our outdoor shop.",
            "This tent sleeps four people and weighs six kilograms.",
            "It costs only forty nine dollars this week.",
            "The lantern is twelve dollars and the sleeping bag is thirty.",
            video="tent",
        ),
        written("Now $49", "Offer ends Sunday", video="tent"),
    ),
    "people": together(
        said("We have rebuilt the pump in three weeks.", "The pump failed because a seal had frozen.", video="people"),
        placed(
            [
                ("Omar Haddad", (0.1, 0.7, 0.35, 0.76)),
                ("Lead Engineer", (0.1, 0.78, 0.3, 0.82)),
                ("Priya Nair", (0.6, 0.7, 0.8, 0.76)),
                ("Sales Director", (0.6, 0.78, 0.8, 0.82)),
            ],
            video="people",
        ),
    ),
    "intro": together(
        said(
            "Hi, my name is Lena Brandt and I'm a beekeeper from Tartu.",
            "Today I will show you how to harvest honey.",
            "First, calm the bees with smoke.",
            "Then lift the frame out of the hive.",
            "Finally, spin the frame in the extractor.",
            video="intro",
        ),
        written("www.lenasbees.ee", "Call 555 0142 781", video="intro"),
    ),
    "museum": together(
        said(
            "The oldest clock in our collection was built in 1642 in Prague.",
            "We close on Mondays for cleaning.",
            "The museum stands next to the old harbour.",
            video="museum",
        ),
        placed(
            [
                ("City Museum of Clocks", (0.2, 0.1, 0.8, 0.25)),
                ("Opening hours", (0.2, 0.4, 0.5, 0.46)),
                ("Tue - Sun 10:00 - 17:30", (0.2, 0.48, 0.7, 0.54)),
                ("Admission: 8 €", (0.2, 0.6, 0.5, 0.66)),
            ],
            video="museum",
        ),
    ),
    "cook": together(
        said(
            "Preheat the oven to 220 degrees.",
            "Mix 300 grams of flour with two eggs.",
            "Let the dough rest for half an hour.",
            "The baking soda makes the dough light.",
            "Never open the door while it bakes.",
            "This spoon is for tasting the sauce.",
            video="cook",
        ),
        written("Step 1: Mix", "Step 2: Rest", video="cook"),
    ),
    "news": together(
        said(
            "The harbour bridge will be closed on the 14th of May.",
            "The mayor, Anita Solberg, said the repair will take six weeks.",
            "Ferries run every twenty minutes from pier three.",
            "Unemployment fell by four percent last year.",
            "The Falcons won the cup final three to one.",
            video="news",
        )
    ),
    "cafe": together(
        said(
            "大家好，我叫林小雨，是这家咖啡馆的店长。",
            "我们早上八点开门，晚上十点关门。",
            "拿铁一杯二十八元，学生打八折。",
            "我们用这个小勺子来量咖啡粉。",
            "因为水管坏了，所以明天不营业。",
            "咖啡馆在图书馆旁边。",
            video="cafe",
        ),
        written("拿铁 ¥28", "电话 010-6655 2031", video="cafe"),
    ),
    "train": together(
        said(
            "这座桥建于1937年，全长一千五百米。",
            "火车每隔十五分钟一班。",
            "第一步，打开盖子。",
            "第二步，换上新的电池。",
            "最后，把盖子关好。",
            video="train",
        ),
        placed([("赵明远", (0.1, 0.7, 0.3, 0.76)), ("高级工程师", (0.1, 0.78, 0.3, 0.82))], video="train"),
    ),
    "shop2": together(
        said(
            "Look at this coat.",
            "It is made of wool and keeps you warm.",
            "Was 120 euros, now 85 euros.",
            "And these boots? They are eighty five euros too.",
            video="shop2",
        ),
        placed([("WINTER SALE 30% OFF", (0.1, 0.1, 0.9, 0.3)), ("code SNOW30", (0.1, 0.8, 0.4, 0.85))], video="shop2"),
    ),
    "lecture": together(
        said(
            "Photosynthesis is the process by which plants turn light into sugar.",
            "ATP stands for adenosine triphosphate.",
            "Chlorophyll was first isolated by Pelletier and Caventou in 1817.",
            "Without water the leaves wilt so that the plant loses less moisture.",
            video="lecture",
        ),
        placed(
            [
                ("Lecture 4: How Plants Eat", (0.1, 0.1, 0.9, 0.25)),
                ("Dr. Mei Tanaka", (0.1, 0.3, 0.4, 0.35)),
                ("Department of Botany", (0.1, 0.37, 0.5, 0.41)),
            ],
            video="lecture",
        ),
    ),
    "rules": together(
        said(
            "You must not swim here after sunset.",
            "Dogs are allowed on the beach in winter only.",
            "Lifeguards watch the beach from nine to six.",
            video="rules",
        ),
        written("No fires on the beach", video="rules"),
    ),
    "travel": together(
        said(
            "We arrived in Lisbon on a Friday.",
            "Our guide was called Rui.",
            "The tram ticket cost three euros fifty.",
            "We stayed in a small hotel called Casa Azul.",
            "The best meal was grilled sardines.",
            video="travel",
        )
    ),
    "garden": together(
        said(
            "Tomatoes need at least six hours of sun a day.",
            "Water them early in the morning, because wet leaves get sick at night.",
            "I bought these seeds from a farm near Bologna.",
            "The red bucket is used to collect rain.",
            "Before you plant the seedlings, dig a hole thirty centimeters deep.",
            "My grandmother taught me this in 1975.",
            video="garden",
        )
    ),
    "phone": together(
        said(
            "The new Orbit Nine phone comes in three colours: black, green and silver.",
            "Its battery lasts up to thirty hours.",
            "It goes on sale on the second of October for 699 dollars.",
            "The camera has 48 megapixels and shoots 4K video.",
            video="phone",
        ),
        placed([("Orbit Nine", (0.3, 0.4, 0.7, 0.55)), ("From $699", (0.4, 0.6, 0.6, 0.65))], video="phone"),
    ),
    "tour": together(
        said(
            "Behind me you can see the old lighthouse.",
            "It is forty two meters tall and was finished in eighteen ninety.",
            "Two hundred and ten steps lead to the top.",
            "The keeper, Henrik Olsen, lived here alone for thirty years.",
            "A ticket is 6 pounds, and children under five get in for free.",
            video="tour",
        )
    ),
    "school": together(
        said(
            "同学们好，今天我们学习火山。",
            "火山喷发是因为地下的岩浆压力太大。",
            "世界上最高的活火山在智利。",
            "这座火山高六千八百米。",
            "上一次喷发是在1971年3月。",
            "考试时间是下周三上午九点。",
            video="school",
        ),
        placed([("第三课 火山", (0.2, 0.1, 0.8, 0.25)), ("主讲：周文静", (0.3, 0.3, 0.6, 0.36))], video="school"),
    ),
    "market": together(
        said(
            "这个西瓜三块五一斤。",
            "苹果今天特价，十块钱三斤。",
            "我们的摊位在市场东门。",
            "鱼是今天早上从码头运来的。",
            "不要把鸡蛋放在太阳下面。",
            "买两箱送一箱。",
            video="market",
        ),
        written("满100减20", video="market"),
    ),
    "fix": together(
        said(
            "My bike has a flat tire.",
            "You need a pump, a patch and two tire levers.",
            "First take off the wheel.",
            "After that, pull out the tube.",
            "Then find the hole by holding the tube under water.",
            "Finally, inflate the tire to sixty PSI.",
            "The whole repair takes about fifteen minutes.",
            video="fix",
        )
    ),
    "badge": together(
        said(
            "Sea turtles return to the beach where they were born.",
            "A female lays around one hundred eggs.",
            "Plastic bags kill thousands of turtles, since they look like jellyfish.",
            video="badge",
        ),
        written("DIANA KOVACS", "Marine Biologist, University of Split", video="badge"),
    ),
}

ANSWERED = [
    ("tent", "How much does the tent cost?", "forty nine|$49"),
    ("tent", "What is the price of the lantern?", "twelve"),
    ("tent", "How much is the sleeping bag?", "thirty"),
    ("tent", "How many people does the tent sleep?", "four"),
    ("tent", "How much does the tent weigh?", "six kilograms"),
    ("tent", "When does the offer end?", "Sunday"),
    ("people", "Who is the lead engineer?", "Omar Haddad"),
    ("people", "Who is the sales director?", "Priya Nair"),
    ("people", "What is Omar Haddad's job?", "Lead Engineer"),
    ("people", "Who is Priya Nair?", "Sales Director"),
    ("people", "Why did the pump fail?", "seal had frozen"),
    ("people", "How long did it take to rebuild the pump?", "three weeks"),
    ("intro", "What is the name of the beekeeper?", "Lena Brandt"),
    ("intro", "Who is the speaker?", "Lena Brandt"),
    ("intro", "Where is the beekeeper from?", "Tartu"),
    ("intro", "What is the website of the beekeeper?", "lenasbees.ee"),
    ("intro", "What phone number is shown?", "555 0142 781"),
    ("intro", "How do you calm the bees?", "smoke"),
    ("intro", "What does Lena do for a living?", "beekeeper"),
    ("intro", "What is the beekeeper's website?", "lenasbees.ee"),
    ("museum", "What are the opening hours of the museum?", "10:00 - 17:30"),
    ("museum", "How much is admission?", "8 €"),
    ("museum", "In what year was the oldest clock built?", "1642"),
    ("museum", "Where was the oldest clock built?", "Prague"),
    ("museum", "Why is the museum closed on Mondays?", "cleaning"),
    ("museum", "Where is the museum?", "harbour"),
    ("cook", "How hot should the oven be?", "220 degrees"),
    ("cook", "How much flour do you need?", "300 grams"),
    ("cook", "How long should the dough rest?", "half an hour"),
    ("cook", "What is the spoon for?", "tasting"),
    ("cook", "What does the baking soda do?", "light"),
    ("cook", "What should you never open while it bakes?", "door"),
    ("cook", "Should the oven be at 220 degrees?", "Yes"),
    ("cook", "Should the oven be at 180 degrees?", "No"),
    ("news", "When will the bridge be closed?", "14th of May"),
    ("news", "Who is the mayor?", "Anita Solberg"),
    ("news", "How long will the repair take?", "six weeks"),
    ("news", "How often do the ferries run?", "twenty minutes"),
    ("news", "From where do the ferries leave?", "pier three"),
    ("news", "By what percentage did unemployment fall?", "four percent"),
    ("news", "Which team won the cup final?", "Falcons"),
    ("news", "What was the score of the cup final?", "three to one"),
    ("news", "Did the Falcons win the cup final?", "Yes"),
    ("cafe", "咖啡馆的店长叫什么名字？", "林小雨"),
    ("cafe", "拿铁多少钱？", "二十八元|28"),
    ("cafe", "咖啡馆几点开门？", "八点"),
    ("cafe", "咖啡馆几点关门？", "十点"),
    ("cafe", "学生打几折？", "八折"),
    ("cafe", "为什么明天不营业？", "水管坏了"),
    ("cafe", "咖啡馆在哪里？", "图书馆旁边"),
    ("cafe", "电话号码是多少？", "010-6655 2031"),
    ("cafe", "小勺子是用来做什么的？", "量咖啡粉"),
    ("cafe", "林小雨是做什么工作的？", "店长"),
    ("train", "高级工程师是谁？", "赵明远"),
    ("train", "赵明远的职位是什么？", "高级工程师"),
    ("train", "这座桥是哪一年建的？", "1937"),
    ("train", "这座桥有多长？", "一千五百米"),
    ("train", "火车多久一班？", "十五分钟"),
    ("train", "第一步做什么？", "打开盖子"),
    ("shop2", "How much does the coat cost now?", "85 euros"),
    ("shop2", "What is the coat made of?", "wool"),
    ("shop2", "How much are the boots?", "eighty five"),
    ("shop2", "What discount is advertised?", "30%"),
    ("shop2", "What is the discount code?", "SNOW30"),
    ("shop2", "What does the speaker say about the coat?", "wool"),
    ("lecture", "What is photosynthesis?", "turn light into sugar"),
    ("lecture", "What does ATP stand for?", "adenosine triphosphate"),
    ("lecture", "When was chlorophyll first isolated?", "1817"),
    ("lecture", "Who first isolated chlorophyll?", "Pelletier"),
    ("lecture", "Why do the leaves wilt without water?", "loses less moisture"),
    ("lecture", "What is the title of the lecture?", "How Plants Eat"),
    ("lecture", "Who gives the lecture on plants?", "Mei Tanaka"),
    ("rules", "When are dogs allowed on the beach?", "winter"),
    ("rules", "Are dogs allowed on the beach in winter?", "Yes"),
    ("rules", "Can you swim here after sunset?", "No"),
    ("rules", "When do lifeguards watch the beach?", "nine to six"),
    ("rules", "What is not allowed on the beach?", "fires"),
    ("travel", "What was the name of the guide?", "Rui"),
    ("travel", "Which city did they arrive in on a Friday?", "Lisbon"),
    ("travel", "What was the hotel called?", "Casa Azul"),
    ("travel", "How much did the tram ticket cost?", "three euros fifty"),
    ("travel", "What was the best meal?", "sardines"),
    ("garden", "How many hours of sun do tomatoes need?", "six hours"),
    ("garden", "Why should you water them in the morning?", "wet leaves get sick"),
    ("garden", "Where did the speaker buy the seeds?", "Bologna"),
    ("garden", "What is the red bucket used for?", "collect rain"),
    ("garden", "How deep should the hole be?", "thirty centimeters"),
    ("phone", "What colours does the Orbit Nine come in?", "black, green and silver"),
    ("phone", "How long does the battery last?", "thirty hours"),
    ("phone", "When does the Orbit Nine go on sale?", "second of October"),
    ("phone", "What does the Orbit Nine cost?", "699"),
    ("phone", "How many megapixels does the camera have?", "48"),
    ("phone", "What is the name of the phone?", "Orbit Nine"),
    ("tour", "How tall is the lighthouse?", "forty two meters"),
    ("tour", "When was the lighthouse finished?", "eighteen ninety"),
    ("tour", "How many steps lead to the top?", "Two hundred and ten"),
    ("tour", "Who was the keeper of the lighthouse?", "Henrik Olsen"),
    ("tour", "How long did the keeper live there?", "thirty years"),
    ("tour", "How much is a ticket?", "6 pounds"),
    ("tour", "Do children under five get in for free?", "Yes"),
    ("school", "火山为什么会喷发？", "岩浆压力太大"),
    ("school", "最高的活火山在哪个国家？", "智利"),
    ("school", "这座火山有多高？", "六千八百米"),
    ("school", "上一次喷发是什么时候？", "1971年3月"),
    ("school", "考试是什么时候？", "下周三"),
    ("market", "西瓜多少钱一斤？", "三块五"),
    ("market", "苹果怎么卖？", "十块钱三斤"),
    ("market", "摊位在哪里？", "市场东门"),
    ("market", "鱼是从哪里运来的？", "码头"),
    ("market", "不要把什么放在太阳下面？", "鸡蛋"),
    ("fix", "How do you find the hole?", "under water"),
    ("fix", "How long does the repair take?", "fifteen minutes"),
    ("fix", "What do you do after taking off the wheel?", "pull out the tube"),
    ("badge", "Who is the marine biologist?", "DIANA KOVACS"),
    ("badge", "How many eggs does a female lay?", "one hundred"),
    ("badge", "Where do sea turtles return to?", "beach where they were born"),
    ("badge", "Why do plastic bags kill turtles?", "jellyfish"),
    ("badge", "What does the biologist say about plastic bags?", "jellyfish"),
]

DECLINED = [
    "How much does the kayak cost?",
    "What is the price of the canoe?",
    "How many dogs does the tent sleep?",
    "Who invented the tent?",
    "Who is the pilot?",
    "What is the name of the chief accountant?",
    "Why did the elevator fail?",
    "Who is Tomas Berg?",
    "What is the e-mail address of the beekeeper?",
    "In which year was the cathedral built?",
    "Where is the airport?",
    "How many onions are needed?",
    "How much butter do you need?",
    "How long should the chicken roast?",
    "What is the ladle for?",
    "Which team won the ice hockey final?",
    "When will the tunnel be closed?",
    "By what percentage did inflation rise?",
    "Who is the prime minister?",
    "Did the Falcons lose the cup final?",
    "红茶多少钱？",
    "厨师叫什么名字？",
    "为什么电梯停了？",
    "书店在哪里？",
    "隧道是哪一年建的？",
    "会计是谁？",
    "这座塔有多高？",
    "How much is the scarf?",
    "What is the hat made of?",
    "What is mitosis?",
    "What does DNA stand for?",
    "Who discovered penicillin?",
    "Are cats allowed on the beach?",
    "When are horses allowed on the beach?",
    "How much did the bus ticket cost?",
    "What was the name of the driver?",
    "What was the restaurant called?",
    "How many hours of sun do cucumbers need?",
    "What is the blue bucket used for?",
    "Where did the speaker buy the fertilizer?",
    "How deep is the lake?",
    "How much does the charger cost?",
    "What colours does the laptop come in?",
    "How many speakers does the phone have?",
    "When does the tablet go on sale?",
    "How tall is the windmill?",
    "Who painted the lighthouse?",
    "How many windows does the lighthouse have?",
    "地震为什么会发生？",
    "最深的海在哪里？",
    "运动会是什么时候？",
    "校长是谁？",
    "香蕉多少钱一斤？",
    "牛肉是从哪里运来的？",
    "葡萄怎么卖？",
    "How do you fix the brakes?",
    "How long does the painting take?",
    "How many eggs does a crocodile lay?",
    "What does the biologist say about sharks?",
    "Where do salmon return to?",
]


@pytest.fixture(scope="module")
def everything() -> Gathered:
    return together(*LIBRARY.values())


@pytest.mark.parametrize(("video", "question", "wanted"), ANSWERED)
def test_the_thing_asked_for_is_answered(
    encoders: Encoders, everything: Gathered, video: str, question: str, wanted: str
) -> None:
    check_answered(everything, question, wanted, video, encoders)


@pytest.mark.parametrize("question", DECLINED)
def test_what_the_lines_do_not_hold_is_not_answered(encoders: Encoders, everything: Gathered, question: str) -> None:
    check_declined(everything, question, encoders)


def test_every_answer_stands_in_the_lines_that_it_cites(encoders: Encoders, everything: Gathered) -> None:
    for _, question, _ in ANSWERED:
        check_quotes(everything, question, encoders)
