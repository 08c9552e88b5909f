"""What a planted film shows and says, as data: whoever asks about it reads the truth here."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]

GREY, NAVY, WHITE, BLACK = (128, 128, 128), (22, 34, 92), (240, 240, 240), (16, 16, 16)
GREEN, SAND, TEAL, WINE = (40, 120, 60), (214, 190, 140), (20, 110, 115), (110, 24, 48)


@dataclass(frozen=True, slots=True)
class Put:
    """A photo on the screen from ``start`` to ``end`` seconds.

    Attributes:
        photo: a name of `tests.planted.photos.PHOTOS`.
        at: its centre, as fractions of the picture; ``to``: where it has moved by ``end``, None for still.
        height: as a fraction of the picture's; ``grown``: by ``end``, None for the same.
        colour: what its coloured parts are turned to, "" for as they are.
    """

    photo: str
    start: float
    end: float
    at: tuple[float, float] = (0.5, 0.5)
    to: tuple[float, float] | None = None
    height: float = 0.9
    grown: float | None = None
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text on the screen; ``at`` is its centre, ``size`` its height as a fraction of the picture's."""

    text: str
    start: float
    end: float
    at: tuple[float, float] = (0.5, 0.12)
    size: float = 0.09


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence, spoken from ``start`` on.

    ``voice`` is an espeak voice with a variant, e.g. ``en-us+f4``; some variants (f2, f3) never sound twice the same.
    """

    text: str
    start: float
    voice: str = "en-us"
    speed: int = 120


@dataclass(frozen=True, slots=True)
class Beep:
    """A tone of ``hertz``."""

    start: float
    end: float
    hertz: float = 660.0


@dataclass(frozen=True, slots=True)
class Film:
    """One video.

    Attributes:
        name: of the file.
        backgrounds: (from second, colour) in turn.
        silent: whether the file has no sound track at all.
    """

    name: str
    seconds: float
    backgrounds: tuple[tuple[float, Colour], ...]
    puts: tuple[Put, ...] = ()
    texts: tuple[Text, ...] = ()
    says: tuple[Say, ...] = ()
    beeps: tuple[Beep, ...] = ()
    silent: bool = False
