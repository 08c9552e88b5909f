"""How much a question is like examples of each intent, in the space of the text encoder.

Sentences about the same topic lie near each other there, whatever is asked. The examples are about the same topics for
every intent, so that the spread within the intents is mostly topic: likeness is measured in a space in which that
spread is levelled (linear discriminant analysis, Fisher 1936, with a shrunk covariance, Ledoit and Wolf 2004).
"""

from __future__ import annotations

import hashlib
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from encoders.bundle import Encoders
from encoders.types import TextEncoder, Vectors

DATA = Path(__file__).parent / "data"
"""Where the examples lie, and what was learnt from them for the encoder that ships with Kinodex."""

SHRINK = 0.3
"""Share of the common covariance that is replaced by a sphere. Source: five-fold cross-validation on the examples; from
0.2 to 0.5 all do as well (80 % of 18 kinds; the nearest single example, whose topic decides, 40 %)."""

SHARPNESS = 0.3
"""Factor of the discriminants before they become probabilities. Source: least log loss in the same cross-validation;
the plain model (1) is far too sure."""


LONGEST = 200
"""Characters of a text that are compared: questions are shorter, and a page takes a second. Ours."""


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence and what it stands for: an `Intent`, or an `Idle` reason."""

    kind: str
    text: str


@cache
def examples() -> tuple[Example, ...]:
    """All examples, with their topics filled in."""
    table = tomllib.loads((DATA / "examples.toml").read_text(encoding="utf-8"))
    fillings = table.pop("fillings")
    found: list[Example] = []
    for language, words in fillings.items():
        turns: dict[str, Iterator[str]] = {name: cycle(values) for name, values in words.items()}
        for kind, sentences in table.items():
            found += [Example(kind, _filled(sentence, turns)) for sentence in sentences[language]]
    return tuple(found)


def _filled(sentence: str, turns: dict[str, Iterator[str]]) -> str:
    for name, values in turns.items():
        while f"{{{name}}}" in sentence:
            sentence = sentence.replace(f"{{{name}}}", next(values), 1)
    return sentence[:1].upper() + sentence[1:] if sentence[-1:] in ".?!" else sentence


def fingerprint() -> str:
    """Of the examples, in their order; kept vectors belong to one."""
    return hashlib.sha256("\n".join(example.text for example in examples()).encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Tells kinds apart in one encoder's space.

    Attributes:
        kinds: k names of intents and idle reasons.
        middle: (d,), of all examples.
        weights: (d, k).
        bias: (k,).
    """

    kinds: tuple[str, ...]
    middle: Vectors
    weights: Vectors
    bias: Vectors

    @classmethod
    def learnt(cls, vectors: Vectors) -> Likeness:
        """From the vectors (n, d) of the examples."""
        named = [example.kind for example in examples()]
        kinds = tuple(dict.fromkeys(named))
        of = np.array([kinds.index(kind) for kind in named])
        data = np.asarray(vectors, dtype=np.float64)
        middle = data.mean(axis=0)
        data = data - middle
        means = np.stack([data[of == kind].mean(axis=0) for kind in range(len(kinds))])
        rest = data - means[of]
        spread = rest.T @ rest / max(1, len(data) - len(kinds))
        spread = (1 - SHRINK) * spread + SHRINK * np.trace(spread) / len(spread) * np.eye(len(spread))
        weights = np.linalg.solve(spread, means.T)
        bias = -0.5 * np.einsum("kd,dk->k", means, weights)
        return cls(kinds, middle.astype(np.float32), weights.astype(np.float32), bias.astype(np.float32))

    @classmethod
    def kept(cls, name: str) -> Likeness | None:
        """As it ships for an encoder; None if it does not, or the examples have changed since."""
        path = DATA / f"examples-{name}.npz"
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["fingerprint"]) != fingerprint():
                return None
            return cls(tuple(map(str, kept["kinds"])), kept["middle"], kept["weights"], kept["bias"])

    def keep(self, name: str) -> None:
        """Write it where `kept` finds it."""
        np.savez_compressed(
            DATA / f"examples-{name}.npz",
            fingerprint=np.array(fingerprint()),
            kinds=np.array(self.kinds),
            middle=self.middle,
            weights=self.weights,
            bias=self.bias,
        )

    def probabilities(self, vector: Vectors) -> dict[str, float]:
        """Of each kind for one vector (d,), sum 1."""
        scores = ((vector - self.middle) @ self.weights + self.bias) * SHARPNESS
        scores = np.exp(scores - scores.max())
        return dict(zip(self.kinds, (scores / scores.sum()).tolist(), strict=True))


_lock = threading.Lock()
_made: WeakKeyDictionary[TextEncoder, Likeness] = WeakKeyDictionary()


def likeness_for(encoder: TextEncoder) -> Likeness:
    """The likeness in an encoder's space: the one that ships with Kinodex, or made once from the examples."""
    with _lock:
        made = _made.get(encoder)
        if made is None:
            made = Likeness.kept(encoder.name)
            made = made or Likeness.learnt(encoder.encode_queries([example.text for example in examples()]))
            _made[encoder] = made
        return made


def kinds_of(text: str, encoder: TextEncoder) -> dict[str, float]:
    """The probability of each intent and idle reason for a text, sum 1."""
    return likeness_for(encoder).probabilities(encoder.encode_queries([text[:LONGEST]])[0])


def build() -> None:
    """Learn from the examples in the space of the profile ``embedded``, which takes seconds, so that no first question
    has to wait for it."""
    with Encoders.open("embedded", threads=2) as encoders:
        vectors = encoders.text.encode_queries([example.text for example in examples()])
        Likeness.learnt(vectors).keep(encoders.text.name)


if __name__ == "__main__":
    build()
