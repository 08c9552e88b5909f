from __future__ import annotations

import pytest

from agents.answering.text.asked import asked_of
from agents.answering.text.readers import read
from agents.answering.text.readers.numbers import value, values_in
from agents.answering.text.readers.reading import Reading
from agents.questions.understanding import understand

CASES = [
    ("How much is it?", "Now only $49 for members", ["$49"]),
    ("How much is it?", "It costs eighty nine dollars.", ["eighty nine dollars"]),
    ("How much is it?", "Tickets from 12,50 € or £9.99", ["£9.99"]),
    ("How much is it?", "Between 20 and 30 people came.", []),
    ("多少钱？", "这个西瓜三块五一斤", ["三块五一斤"]),
    ("多少钱？", "现价1299元，学生八折", ["1299元"]),
    ("What discount is there?", "Today 30% off everything", ["30% off"]),
    ("打几折？", "会员打八五折", ["八五折"]),
    ("What is the phone number?", "Call us on +44 20 7946 0018 today", ["+44 20 7946 0018"]),
    ("What is the phone number?", "From 2019-2021 we sold 100000 units on 2021-05-04", []),
    ("What is the phone number?", "call five five five oh one four two now", ["five five five oh one four two"]),
    ("电话号码是多少？", "热线：400-123-4567", ["400-123-4567"]),
    ("What is the e-mail address?", "Write to info@lake-house.example.org please", ["info@lake-house.example.org"]),
    ("What is the website?", "Visit www.lake-house.com/rooms for more", ["www.lake-house.com/rooms"]),
    ("What is the website?", "See you at 3 p.m. on deck no. 4", []),
    ("In which year was it built?", "It was built in 1642 for 2000 people.", ["1642"]),
    ("In which year was it built?", "It was built in nineteen eighty four.", ["nineteen eighty four"]),
    ("是哪一年建的？", "这座桥建于1937年", ["1937年"]),
    ("When does it open?", "It opens on the 14th of May, rain or shine.", ["14th of May"]),
    ("When does it open?", "We open next Friday.", ["next Friday"]),
    ("When does it open?", "We may open it in a bowl.", []),
    ("什么时候上市？", "3月15日上市", ["3月15日"]),
    ("What time does it start?", "Doors at half past seven, show 8:30 pm", ["half past seven", "8:30 pm"]),
    ("几点开门？", "早上八点半开门", ["早上八点半"]),
    ("How long does it take?", "Bake it for twenty five minutes.", ["twenty five minutes"]),
    ("How long does it take?", "It is closed until June 12.", ["until June 12"]),
    ("How long does it take?", "She is three years old.", []),
    ("要多久？", "大概需要两个半小时", ["两个半小时"]),
    ("How old is she?", "She is three years old.", ["three years old"]),
    ("How heavy is it?", "It is 2 meters long and weighs 35 kg.", ["35 kg"]),
    ("How long is the rope?", "It is 2 meters long and weighs 35 kg.", ["2 meters"]),
    ("How hot is the oven?", "Set it to 180 °C for 20 minutes.", ["180 °C"]),
    ("How many eggs are in it?", "Take two large eggs and three cups of milk.", ["two"]),
    ("How many eggs are in it?", "Take three cups of milk.", []),
    ("How often does the ferry run?", "The ferry runs every twenty minutes.", ["every twenty minutes"]),
    ("What is the password?", "The password is maple27.", ["maple27"]),
    ("Who is it?", "Hi, my name is Lena Brandt and this is fun.", ["Lena Brandt"]),
    ("Who is it?", "Monday was the best day.", []),
    ("她叫什么名字？", "大家好，我叫林小雨，是店长", ["林小雨"]),
    ("Why is it closed?", "It is closed because of a storm.", ["a storm"]),
    ("为什么关门？", "因为水管坏了，所以今天不开门", ["水管坏了，"]),
    ("What is it used for?", "The bucket is used to collect rain.", ["to collect rain"]),
    ("What does HTML stand for?", "HTML stands for hypertext markup language.", ["hypertext markup language"]),
]


@pytest.mark.parametrize(("question", "text", "wanted"), CASES)
def test_things_of_the_kind_asked_for_are_read(question: str, text: str, wanted: list[str]) -> None:
    found = read(asked_of(understand(question)), text)
    assert [one.text for one in found if one.strength >= 0.6] == wanted
    assert all(text[one.start : one.end] == one.text for one in found)


def test_readings_say_where_they_stand_in_the_text() -> None:
    (found,) = read(asked_of(understand("How much is it?")), "the price: $7 a day")
    assert found == Reading("$7 a day", 11, 19, 1.0)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,200", 1200),
        ("twenty five", 25),
        ("two hundred and ten", 210),
        ("nineteen eighty four", 1984),
        ("two thousand five", 2005),
        ("a dozen", 12),
        ("二十三", 23),
        ("两百五十", 250),
        ("一千五百", 1500),
        ("三万二千", 32000),
        ("一九三七", 1937),
        ("2.5", 2.5),
    ],
)
def test_numbers_are_numbers_in_any_form(text: str, number: float) -> None:
    assert value(text) == number


def test_values_of_a_sentence() -> None:
    assert values_in("Mix two cups with 300 grams") == {2, 300}
