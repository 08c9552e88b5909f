"""The films of the planted library."""

from tests.planted.films.chinese import CHINESE
from tests.planted.films.english import ENGLISH

FILMS = (*ENGLISH, *CHINESE)

NOT_PERCEIVED = (
    "the number of geese (three, two are detected) and of chairs",
    "the rocket, the church window and the cannon, which are taken for other things",
    "colours of backgrounds, and of the cat, the dog and the drum",
    "how many people an interview has: one person is followed as two",
    "what the newsreader says of the Bears, and the batter that is poured, which are heard as other words",
    "the spoken price of the phone: it is written instead",
)
"""What was planted and is asked for nowhere, because the observers do not perceive it."""
