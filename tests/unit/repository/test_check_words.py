"""`docs/check_words.py`: what it finds, what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from docs.check_words import TABLE, findings

WORDS = """
    checked = ["room", "README.md", "docs"]
    skipped = ["room/history"]

    [[former]]
    instead = "staged output"
    parts = ["parcel"]
    text = ["parcel"]

    [[former]]
    instead = "on_progress"
    names = ["told"]

    [[former]]
    instead = "visual_stats"
    strings = ["look"]

    [[former]]
    instead = "frame hashes"
    phrases = ['\\bof\\s+prints\\b']

    [[former]]
    instead = "replace"
    code = ['\\bdef take\\b']
    within = ["room/vectors"]
"""


def found(tmp_path: Path, files: Mapping[str, str], more: str = "") -> list[str]:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dedent(text), encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(dedent(WORDS) + dedent(more))
    return [str(one) for one in findings(tmp_path, table)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("parcel = 1", "room/a.py:1: parcel -> staged output"),
        ("import room\n\nstaged_parcel = 1", "room/a.py:3: parcel in staged_parcel -> staged output"),
        ("class ParcelFile: ...", "room/a.py:1: parcel in ParcelFile -> staged output"),
        ("x.told(1)", "room/a.py:1: told -> on_progress"),
        ("x = f'{told:>3}'", "room/a.py:1: told -> on_progress"),
        ('"""Says.\n\nA parcel is\nhere."""', "room/a.py:3: parcel -> staged output"),
        ("x = 1  # Parcels? A PARCEL.", "room/a.py:1: PARCEL -> staged output"),
        ("x = 'a parcel is lost'", "room/a.py:1: parcel -> staged output"),
        ("stage = 'look'", "room/a.py:1: look -> visual_stats"),
        ('"""How many\nof\nprints."""', "room/a.py:2: of prints -> frame hashes"),
    ],
)
def test_a_former_word_is_found_in_code(tmp_path: Path, text: str, line: str):
    assert found(tmp_path, {"room/a.py": text}) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("One\n\na parcel", "README.md:3: parcel -> staged output"),
        ("`verify(told)`", "README.md:1: told -> on_progress"),
        ("| `look` | 1 frame/s |", "README.md:1: look -> visual_stats"),
        ("```python\nx = 1\nx.told()\n```", "README.md:3: told -> on_progress"),
    ],
)
def test_a_former_word_is_found_in_a_page(tmp_path: Path, text: str, line: str):
    assert found(tmp_path, {"README.md": text}) == [line]


def test_a_file_may_not_be_named_so(tmp_path: Path):
    assert found(tmp_path, {"room/parcel_files.py": "x = 1"}) == [
        "room/parcel_files.py:1: parcel in parcel_files -> staged output"
    ]


def test_ordinary_english_is_left_alone(tmp_path: Path):
    files = {
        "room/a.py": '''
            """The worker is told to look; what it prints goes to stderr."""

            def take(looks: int) -> str:
                return f"as I told you, {x['told']}, look"  # The writer was told.
        ''',
        "README.md": "You are told where to look.",
    }
    assert found(tmp_path, files) == []


def test_an_entry_may_hold_for_one_folder_only(tmp_path: Path):
    files = dict.fromkeys(("room/vectors/a.py", "room/vectors_of/a.py", "room/history/b.py"), "def take(): ...")
    assert found(tmp_path, files) == ["room/vectors/a.py:1: def take -> replace"]


def test_what_is_not_checked_is_left_alone(tmp_path: Path):
    assert found(tmp_path, {"room/history/a.py": "parcel = 1", "elsewhere/a.py": "parcel = 1"}) == []


def test_what_is_allowed_is_allowed_there_alone_and_while_it_is_needed(tmp_path: Path):
    allowed = """
        [[allowed]]
        file = "room/a.py"
        terms = ["parcel", "look"]
        reason = "a key of a document"
    """
    files = {"room/a.py": "x['parcel']", "room/b.py": "x['parcel']"}
    assert found(tmp_path, files, allowed) == [
        "room/a.py:1: look -> is not said here: remove it from former_words.toml",
        "room/b.py:1: parcel -> staged output",
    ]


def test_the_script_says_where_and_fails(tmp_path: Path):
    (tmp_path / "README.md").write_text("Whole.\nA parcel.\n", encoding="utf-8")
    script = TABLE.with_name("check_words.py")
    ended = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "README.md:2: parcel -> staged output, StagingArea" in ended.stdout.splitlines()
