"""Eleven English films: two have no sound, two no text to read, one neither speech nor text."""

from __future__ import annotations

from tests.planted.film import BLACK, GREEN, GREY, NAVY, SAND, TEAL, WHITE, WINE, Beep, Film, Put, Say, Text

_LOW = (0.5, 0.88)

ENGLISH = (
    Film(
        "coffee-maker.mp4",
        22,
        ((0, NAVY), (6, SAND), (14, TEAL)),
        puts=(Put("coffee", 6, 14, (0.35, 0.45), (0.65, 0.45), height=0.7),),
        texts=(
            Text("Nova Coffee Maker", 0.5, 6, (0.5, 0.4), 0.13),
            Text("Four cups in six minutes", 7, 14, _LOW),
            Text("Price: $89", 14.5, 22, (0.5, 0.3), 0.13),
            Text("Available from March 3", 14.5, 22, (0.5, 0.55)),
            Text("Order: 555-0142", 14.5, 22, (0.5, 0.78)),
        ),
        says=(
            Say("Hello. This is the Nova coffee maker.", 1, "en-us+f4"),
            Say("It makes four cups in six minutes, and it is very quiet.", 7.5, "en-us+f4"),
            Say("It costs eighty nine dollars. The filter can be washed.", 15, "en-us+f4"),
        ),
    ),
    Film(
        "team-interview.mp4",
        25,
        ((0, GREY), (12.5, TEAL)),
        puts=(Put("officer", 0, 12.5, (0.35, 0.5), height=0.98), Put("astronaut", 12.5, 25, (0.65, 0.5), height=0.98)),
        texts=(
            Text("Helen Brooks, Head of Design", 1, 12, _LOW, 0.08),
            Text("Sara Lindqvist, Test Pilot", 13.5, 24.5, _LOW, 0.08),
        ),
        says=(
            Say("My name is Helen. I have worked here for seven years.", 0.5, "en-us+f4"),
            Say("We started because old bicycles were too heavy.", 6.5, "en-us+f4"),
            Say("I am Sara. I test every new bicycle in the mountains.", 13, "en-us+m3"),
            Say("Last winter I broke my left arm.", 19.5, "en-us+m3"),
        ),
    ),
    Film(
        "pancakes.mp4",
        25,
        ((0, WINE), (4, WHITE), (18, GREEN)),
        puts=(Put("strawberries", 18.5, 25, (0.5, 0.55), height=0.86),),
        texts=(
            Text("Strawberry Pancakes", 0.3, 4, (0.5, 0.45), 0.13),
            Text("Step 1: Mix flour and milk", 4.2, 9, (0.5, 0.45), 0.11),
            Text("Step 2: Heat the pan", 9.2, 13.5, (0.5, 0.45), 0.11),
            Text("Step 3: Pour the batter", 13.7, 18, (0.5, 0.45), 0.11),
            Text("Step 4: Add strawberries", 18.5, 25),
        ),
        says=(
            Say("First, mix two cups of flour with one cup of milk.", 4.3, "en-us"),
            Say("Then heat the pan for three minutes.", 9.4, "en-us"),
            Say("Next, pour the batter into the pan.", 13.9, "en-us"),
            Say("Finally, add the strawberries. Do not add any sugar.", 18.6, "en-us"),
        ),
    ),
    Film(
        "village-tour.mp4",
        24,
        ((0, GREEN), (8, SAND), (16, BLACK)),
        puts=(
            Put("cottage", 0, 8, (0.5, 0.55), height=0.9),
            Put("tents", 8, 16, (0.5, 0.55), height=0.9),
            Put("window", 16, 24, (0.5, 0.55), height=0.9),
        ),
        texts=(
            Text("Stop 1: The old house", 0.5, 8),
            Text("Stop 2: Forest camp", 8.3, 16),
            Text("Stop 3: Church window", 16.3, 24),
        ),
        says=(
            Say("Welcome to the village. This house was built in sixteen forty.", 1, "en-us+f4"),
            Say("Next we visit the camp in the forest. Eight people can sleep here.", 8.8, "en-us+f4"),
            Say("The last stop is the church. It is closed on Mondays.", 17, "en-us+f4"),
        ),
    ),
    Film(
        "traffic.mp4",
        24,
        ((0, GREY), (6, SAND), (12, GREEN), (18, GREY)),
        puts=(
            Put("car", 0, 6, (0.3, 0.5), (0.7, 0.5), height=0.6, colour="red"),
            Put("car", 6, 12, (0.26, 0.5), height=0.46),
            Put("car", 6, 12, (0.74, 0.5), height=0.46),
            Put("car", 12, 18, (0.18, 0.3), height=0.36, colour="green"),
            Put("car", 12, 18, (0.5, 0.7), height=0.36, colour="green"),
            Put("car", 12, 18, (0.82, 0.3), height=0.36, colour="green"),
            Put("motorcycle", 18, 24, (0.68, 0.5), (0.32, 0.5), height=0.75),
        ),
        silent=True,
    ),
    Film(
        "pets.mp4",
        20,
        ((0, TEAL), (10, SAND)),
        puts=(Put("cat", 0, 10, (0.5, 0.5), height=0.8), Put("dog", 10, 20, (0.5, 0.5), height=0.98)),
        says=(
            Say("This is Luna. She is three years old and sleeps all day.", 1, "en-us"),
            Say("And this is our dog Bruno. He likes carrots.", 10.8, "en-us"),
            Say("He is afraid of thunder.", 16, "en-us"),
        ),
    ),
    Film(
        "rocket-lecture.mp4",
        25,
        ((0, WHITE), (7, NAVY)),
        puts=(Put("rocket", 7, 25, (0.5, 0.45), height=0.75),),
        texts=(
            Text("Lecture 3: How rockets fly", 0.3, 7, (0.5, 0.3), 0.1),
            Text("Omar Haddad, Lead Engineer", 0.3, 7, (0.5, 0.55), 0.08),
            Text("14 May 2024", 0.3, 7, (0.5, 0.78), 0.08),
            Text("Speed: 28000 km/h", 15, 25, (0.5, 0.92), 0.08),
        ),
        says=(
            Say("Good morning. Today I explain how a rocket flies.", 1, "en-us+m3"),
            Say("A rocket needs fuel and oxygen.", 7.2, "en-us+m3"),
            Say("The first stage burns for two minutes.", 11.2, "en-us+m3"),
            Say("Then the second stage carries it into orbit.", 15.5, "en-us+m3"),
            Say("Next week we will talk about the moon.", 20.3, "en-us+m3"),
        ),
    ),
    Film(
        "city-news.mp4",
        24,
        ((0, NAVY), (9, GREY), (17, WINE)),
        texts=(
            Text("CITY NEWS", 0.3, 4, (0.5, 0.4), 0.16),
            Text("Old bridge closed until June 12", 4.2, 16.5, (0.5, 0.5), 0.1),
            Text("Tigers 4 : 2 Bears", 17.2, 24, (0.5, 0.4), 0.14),
            Text("Attendance: 18500", 17.2, 24, (0.5, 0.7), 0.09),
        ),
        says=(
            Say("The old bridge is closed because of a storm.", 4.5, "en-us+f4"),
            Say("The mayor says the repair will cost two million dollars.", 9.5, "en-us+f4"),
            Say("It rained during the whole game.", 18, "en-us+f4"),
        ),
    ),
    Film(
        "workshop-safety.mp4",
        24,
        ((0, SAND), (8, WHITE), (16, GREY)),
        puts=(Put("drum", 8, 16, (0.5, 0.52), height=0.75), Put("shoe", 16, 24, (0.5, 0.5), height=0.95)),
        texts=(Text("Workshop Rules", 0.3, 8, (0.5, 0.4), 0.14), Text("Room 214", 0.3, 8, (0.5, 0.7), 0.1)),
        says=(
            Say("Never open the cover while the lamp is red.", 1, "en-us"),
            Say("This drum costs two hundred dollars.", 9, "en-us"),
            Say("Always wear black leather shoes. Sandals are not allowed.", 16.5, "en-us"),
        ),
    ),
    Film(
        "birds.mp4",
        18,
        ((0, GREEN), (9, BLACK)),
        puts=(
            Put("geese", 0, 9, (0.5, 0.5), height=0.98),
            Put("eagle", 9, 18, (0.5, 0.5), height=0.6, grown=1.0),
        ),
        beeps=(Beep(2, 3), Beep(5, 6), Beep(8, 8.8)),
    ),
    Film(
        "meeting-room.mp4",
        16,
        ((0, WHITE), (8, GREEN)),
        puts=(Put("chairs", 0, 8, (0.5, 0.56), height=0.86),),
        texts=(
            Text("Meeting Room B", 0.3, 8, (0.5, 0.1)),
            Text("Wi-Fi: maple27", 8.3, 16, (0.5, 0.3), 0.11),
            Text("Closed after 18:00", 8.3, 16, (0.5, 0.6), 0.11),
        ),
        silent=True,
    ),
)
