"""How large files and folders may grow (CONTRIBUTING, "House rules")."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("kinodex", "workflows", "agents", "pipeline", "encoders", "stores", "benchmarks")
MODULES = 15
LINES = 500
MANY = ("encoders/reference", "stores/sql/migrations/versions")
"""Folders of many independent modules: one for each model of a paper, one for each change of the tables."""


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_folder_has_too_many_modules():
    folders = Counter(
        path.parent.relative_to(ROOT).as_posix() for path in modules(*ROOMS) if path.name != "__init__.py"
    )
    assert {folder: n for folder, n in folders.items() if n > MODULES and not folder.startswith(MANY)} == {}


def test_no_file_has_too_many_lines():
    sizes = {
        path.relative_to(ROOT).as_posix(): len(path.read_bytes().splitlines()) for path in modules(*ROOMS, "tests")
    }
    assert len(sizes) > 300
    assert {file: lines for file, lines in sizes.items() if lines > LINES} == {}
