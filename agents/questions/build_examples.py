"""Writes what the examples teach in the space of the profile ``embedded``: `python -m agents.questions.build_examples`."""

from __future__ import annotations

from agents.questions.examples import Likeness, examples
from encoders.bundle import Encoders


def build() -> None:
    """Encode all examples, which takes seconds, so that no first question has to wait for it."""
    with Encoders.open("embedded", threads=2) as encoders:
        vectors = encoders.text.encode_queries([example.text for example in examples()])
        Likeness.learnt(vectors).keep(encoders.text.name)


if __name__ == "__main__":
    build()
