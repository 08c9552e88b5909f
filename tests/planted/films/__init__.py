"""The films of the planted library."""

from tests.planted.films.chinese import CHINESE
from tests.planted.films.english import ENGLISH

FILMS = (*ENGLISH, *CHINESE)
