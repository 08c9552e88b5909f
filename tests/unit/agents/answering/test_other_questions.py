"""Questions of every kind about one small library of a few videos, and their twins that nothing in it answers."""

from __future__ import annotations

import pytest

from agents.answering.lines import Gathered
from encoders.bundle import Encoders
from tests.unit.agents.answering.spoken_and_read import (
    check_answered,
    check_declined,
    check_quotes,
    said,
    together,
    written,
)

LIBRARY = {
    "kiln": together(
        said(
            "So this bowl was fired at twelve hundred degrees for nine hours.",
            "The glaze gets its blue from cobalt.",
            "My teacher, Agnes Holm, always says that patience is half of the work.",
            "We sell the bowls every Saturday at the market in Ghent.",
            "A set of four goes for about sixty euros.",
            video="kiln",
        ),
        written("Studio Holm", "studio-holm.be", video="kiln"),
    ),
    "rescue": together(
        said(
            "At two in the morning the alarm rang at the fire station.",
            "Three people were trapped in the elevator.",
            "The crew needed forty minutes to free them.",
            "Nobody was hurt, thankfully.",
            "Officer Dana Reed told us the cable had snapped.",
            video="rescue",
        ),
        written("LIVE: Hotel Astoria", "Dana Reed / Fire Department", video="rescue"),
    ),
    "course": together(
        said(
            "Welcome to lesson five of our Spanish course.",
            "The word mañana means tomorrow.",
            "You should practice twenty minutes every day.",
            "The exam takes place on June the third in room B12.",
            "If you are ill, send an email to your tutor.",
            video="course",
        ),
        written("Lesson 5: Numbers and dates", "Homework: pages 42-45", video="course"),
    ),
    "yard": together(
        said(
            "This old locomotive was built in Leeds in 1921.",
            "It could pull thirty wagons up the hill.",
            "Its top speed was only fifty kilometers per hour.",
            "The driver had to shovel coal by hand.",
            "Today it stands in the garden of a retired engineer called Walt.",
            video="yard",
        ),
        written("Steam Engine No. 7", video="yard"),
    ),
    "clinic": together(
        said(
            "Hello, I'm Doctor Amara Osei.",
            "Take one tablet twice a day after meals.",
            "Do not drink alcohol during the treatment.",
            "If the fever lasts longer than three days, call us.",
            "Our clinic is on the second floor, next to the pharmacy.",
            video="clinic",
        ),
        written("Clinic hours: Mon-Fri 8:00-16:00", "Tel. 0271 44 55 66", video="clinic"),
    ),
    "boat": together(
        said(
            "We left the harbor of Split at dawn.",
            "The skipper said we would see dolphins, and we did.",
            "Lunch was fresh bread, olives and grilled squid.",
            "Afterwards we swam in a cave.",
            "The boat is called Marija and it is nineteen meters long.",
            video="boat",
        ),
        written("Day 3", video="boat"),
    ),
    "dian": together(
        said(
            "欢迎来到我们的书店，今天全场七折。",
            "这本字典原价九十八元。",
            "作家陈思远下午三点在二楼签名。",
            "儿童区在收银台的左边。",
            "我们每周一休息，因为要整理书架。",
            video="dian",
        ),
        written("新书推荐：《海边的灯塔》", "微信：haibian88", video="dian"),
    ),
    "chef": together(
        said(
            "今天我教大家做红烧鱼。",
            "先把鱼洗干净，再抹上盐。",
            "腌二十分钟以后下锅。",
            "放两勺酱油和一勺糖。",
            "小火煮十五分钟就好了。",
            "我师傅是广东人，他做菜从来不放味精。",
            video="chef",
        ),
        written("食材：鲈鱼一条", video="chef"),
    ),
}

ANSWERED = [
    ("kiln", "At what temperature was the bowl fired?", "twelve hundred degrees"),
    ("kiln", "How long was the bowl fired?", "nine hours"),
    ("kiln", "Where does the blue of the glaze come from?", "cobalt"),
    ("kiln", "What does Agnes Holm always say?", "patience"),
    ("kiln", "On what day do they sell the bowls?", "Saturday"),
    ("kiln", "In which city is the market?", "Ghent"),
    ("kiln", "How much is a set of four bowls?", "sixty euros"),
    ("kiln", "What's the web address of the studio?", "studio-holm.be"),
    ("rescue", "When did the alarm ring?", "two in the morning"),
    ("rescue", "How many people were trapped in the elevator?", "Three"),
    ("rescue", "How long did the crew need to free them?", "forty minutes"),
    ("rescue", "What had snapped according to the officer?", "cable"),
    ("rescue", "Was anybody hurt?", "No"),
    ("rescue", "Which hotel is shown?", "Astoria"),
    ("rescue", "Who spoke about the cable?", "Dana Reed"),
    ("course", "What does mañana mean?", "tomorrow"),
    ("course", "How long should you practice every day?", "twenty minutes"),
    ("course", "When does the exam take place?", "June the third"),
    ("course", "In which room is the exam?", "B12"),
    ("course", "What is the homework?", "42-45"),
    ("course", "What should you do if you are ill?", "email"),
    ("course", "What is lesson 5 about?", "Numbers and dates"),
    ("yard", "Where was the locomotive built?", "Leeds"),
    ("yard", "When was the locomotive built?", "1921"),
    ("yard", "How many wagons could it pull?", "thirty"),
    ("yard", "What was the top speed of the locomotive?", "fifty kilometers per hour"),
    ("yard", "What is the engineer's name?", "Walt"),
    ("yard", "What did the driver have to do by hand?", "shovel coal"),
    ("clinic", "Who is the doctor?", "Amara Osei"),
    ("clinic", "How often should you take the tablet?", "twice a day"),
    ("clinic", "What should you not drink during the treatment?", "alcohol"),
    ("clinic", "Where is the clinic?", "second floor"),
    ("clinic", "What are the clinic hours?", "8:00-16:00"),
    ("clinic", "What's the telephone number of the clinic?", "0271 44 55 66"),
    ("clinic", "May I drink alcohol during the treatment?", "No"),
    ("boat", "What is the boat called?", "Marija"),
    ("boat", "How long is the boat?", "nineteen meters"),
    ("boat", "What did they have for lunch?", "bread"),
    ("boat", "Where did they swim?", "cave"),
    ("boat", "Which harbor did they leave?", "Split"),
    ("boat", "What did they do after lunch?", "swam"),
    ("dian", "今天书店打几折？", "七折"),
    ("dian", "字典原价多少钱？", "九十八元"),
    ("dian", "在二楼签名的作家是谁？", "陈思远"),
    ("dian", "陈思远几点签名？", "三点"),
    ("dian", "儿童区在哪里？", "收银台的左边"),
    ("dian", "书店星期几休息？", "周一"),
    ("dian", "为什么每周一休息？", "整理书架"),
    ("dian", "推荐的新书叫什么？", "海边的灯塔"),
    ("dian", "微信号是多少？", "haibian88"),
    ("chef", "鱼要腌多久？", "二十分钟"),
    ("chef", "放几勺酱油？", "两勺"),
    ("chef", "小火煮多长时间？", "十五分钟"),
    ("chef", "师傅是哪里人？", "广东"),
    ("chef", "师傅做菜从来不放什么？", "味精"),
    ("chef", "今天做什么菜？", "红烧鱼"),
]

DECLINED = [
    "What gives the glaze its red colour?",
    "How much is a teapot?",
    "How long was the vase fired?",
    "What does Agnes Holm say about marriage?",
    "Who founded the factory?",
    "How many firefighters were injured?",
    "What was the name of the hotel manager?",
    "When did the earthquake happen?",
    "What does the word perro mean?",
    "Which room is the party in?",
    "How much does the course cost?",
    "How many passengers could it carry?",
    "Where was the airplane built?",
    "What is the name of the conductor?",
    "How heavy is the locomotive?",
    "Who is the nurse?",
    "How much does the treatment cost?",
    "How often should you change the bandage?",
    "What did they have for breakfast?",
    "How many sails does the boat have?",
    "Where did they sleep?",
    "地图多少钱？",
    "老板叫什么名字？",
    "洗手间在哪里？",
    "为什么电视坏了？",
    "鸡肉要腌多久？",
    "放几勺醋？",
    "师傅今年多大？",
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


def test_a_line_that_only_asks_is_no_answer_and_one_that_tells_is(encoders: Encoders) -> None:
    asks = written("Anyone know what this pocket is for", video="launch")
    check_declined(together(asks), "What is this pocket for?", encoders)
    tells = said("This pocket is for the new phone.", video="launch")
    check_answered(together(asks, tells), "What is this pocket for?", "the new phone", "launch", encoders)
