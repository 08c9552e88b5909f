"""Small films for the chaos suite; each one different, and cheap to process."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.media import write_video


def make_films(folder: Path, count: int, *, first: int = 100, seconds: float = 1.0) -> list[Path]:
    """``count`` films of half of ``seconds``, ``seconds`` and half more by turns, every third of them with a tone."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        write_video(
            folder / f"film-{first + number:03d}.mp4",
            seconds=seconds * (number % 3 + 1) / 2,
            sound=number % 3 == 1,
            seed=first + number,
        )
        for number in range(count)
    ]
