"""What was exported comes back: corrected lines and decisions, a file as a whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pysubs2
import pytest
from sqlalchemy import event

from kinodex.exports.reading import cues
from kinodex.exports.subtitles import srt, vtt
from kinodex.exports.wording import one_line
from kinodex.library import Library
from kinodex.usecases.exchange.exporting import ExportRequest, export, lines_of
from kinodex.usecases.exchange.importing import Imported, ImportOptions, import_file
from stores.core.errors import UsageError
from stores.core.records import Decision
from stores.tags.review import Judgement
from tests.unit.exports.films import HOSTILE, film
from tests.unit.exports.test_exporting import run
from tests.unit.kinodex.chat_library import copied, make

NEW = "Today we bake <b>bread</b> & 面包, =not pizza."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("imports"))


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tags.csv").write_text("id,name\nt1,披萨\nt2,boats\n")
    place = copied(made, tmp_path)
    with Library.open(place, create=False) as library:
        library.import_tags(tmp_path / "tags.csv")
        pizza = library.resolve("pizza.mp4")
        decided = [Decision(pizza, tag, "accepted", 0.9, ("speech",), ("utt_pizza_0",)) for tag in ("t1", "t2")]
        library.store.tags.save_decisions(pizza, decided)
    return place


@pytest.fixture
def library(root: Path) -> Iterator[Library]:
    with Library.open(root, create=False) as opened:
        yield opened


def exported(library: Library, form: str, video: str = "pizza.mp4") -> bytes:
    ids = [library.resolve(video)]
    (file,) = export(library.store, ExportRequest(form, ids), lambda *_: pytest.fail("nothing is searched"))
    return file.data


def imported(library: Library, name: str, data: bytes, **options: object) -> Imported:
    return import_file(library.store, lambda: library.encoders, name, data, ImportOptions(**options))  # type: ignore[arg-type]


def said(library: Library, video: str = "pizza.mp4") -> list[str]:
    return [one_line(line.text) for line in lines_of(library.store, library.resolve(video)) if line.kind == "speech"]


def edit_csv(data: bytes, change: Callable[[dict[str, str]], None]) -> bytes:
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    for row in rows:
        change(row)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("form", ["srt", "vtt", "lines.csv", "lines.jsonl", "lines.parquet"])
def test_what_was_exported_changes_nothing_however_hostile(library: Library, form: str) -> None:
    data = exported(library, form)
    done = imported(library, f"pizza.{form}" if "." not in form else form, data)
    assert (done.changed, done.faulty) == (0, 0)
    assert done.unchanged >= 3


def _in_table(data: bytes, form: str) -> bytes:
    if form == "lines.csv":

        def change(row: dict[str, str]) -> None:
            if row["evidence_id"] == "utt_pizza_0":
                row["text"] = NEW

        return edit_csv(data, change)
    if form == "lines.jsonl":
        rows = [json.loads(line) for line in data.splitlines()]
    else:
        table = pyarrow.parquet.read_table(io.BytesIO(data))
        rows = table.to_pylist()
    for row in rows:
        row["text"] = NEW if row["evidence_id"] == "utt_pizza_0" else row["text"]
    if form == "lines.jsonl":
        return "\n".join(json.dumps(row) for row in rows).encode()
    out = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, schema=table.schema), out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["lines.csv", "lines.jsonl", "lines.parquet"])
def test_a_corrected_table_wins_and_can_be_imported_again(library: Library, form: str) -> None:
    data = _in_table(exported(library, form), form)
    assert imported(library, form, data, author="Ann").changed == 1
    assert said(library)[0] == NEW
    again = imported(library, form, data)
    assert (again.changed, again.faulty) == (0, 0)
    assert len(library.store.corrections.of_video(library.resolve("pizza.mp4"))) == 1
    assert json.loads(exported(library, "lines.jsonl").splitlines()[0])["corrected"] is True


def _bomb(form: str) -> bytes:
    if form == "jsonl":
        return b"\n".join(b'{"c%d":1}' % n for n in range(20_000))
    if form == "csv":
        return b",".join(b"c%d" % n for n in range(20_000)) + b"\n"
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * 100_000])
    if form == "large":
        long = pa.array(["x" * 10_000] * 100_000, pa.large_string())
    short = pa.array(["v"] * 100_000)
    out = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"video_id": short, "evidence_id": short, "text": long}), out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "large"])
def test_a_small_file_that_would_become_a_huge_table_is_refused(library: Library, form: str) -> None:
    data = _bomb(form)
    assert len(data) < 10_000_000
    with pytest.raises(UsageError) as caught:
        imported(library, f"x.{'parquet' if form == 'large' else form}", data)
    assert caught.value.code.name == "TOO_LARGE"


@pytest.mark.parametrize("time", ["1e999999999", "1e-999999999", "inf", "nan", "-1e308", "1/0", ""])
def test_a_time_that_is_none_is_told_at_once(library: Library, time: str) -> None:
    row = {"video_id": library.resolve("pizza.mp4"), "evidence_id": "none", "text": "x", "start": time, "end": time}
    done = imported(library, "x.jsonl", json.dumps(row).encode())
    assert done.faults[0].message == "The video has no line with this id, and none at this time."


def test_a_transcript_corrected_in_another_program_is_matched_by_time(library: Library) -> None:
    read = pysubs2.SSAFile.from_string(exported(library, "srt").decode(), format_="srt")
    read[1].text = "The oven must be at 180\\Ndegrees."
    read[1].start += 300
    done = imported(library, "pizza.srt", read.to_string("srt").encode())
    assert done.changed == 1
    assert said(library)[1] == "The oven must be at 180 degrees."


@pytest.mark.parametrize(
    ("film_name", "transcript"),
    [
        ("bœuf: 100 % \n牛肉? .mp4", "bœuf_ 100 % 牛肉_.srt"),
        ("bœuf: 100 % \n牛肉? .mp4", "bœuf: 100 %  牛肉?.srt"),
        ("_.mp4", "_.srt"),
        ("???.mp4", "___.srt"),
        ("a" * 150 + ".mp4", "a" * 120 + ".srt"),
    ],
)
def test_a_transcript_is_of_the_film_that_its_name_means(library: Library, film_name: str, transcript: str) -> None:
    store, video_id = library.store, library.resolve("pizza.mp4")
    here = Path(str(store.catalog.path(video_id))).with_name(film_name)
    store.catalog.register(here, store.catalog.sha256(video_id), 1, 1)
    read = pysubs2.SSAFile.from_string(exported(library, "srt").decode(), format_="srt")
    read[1].text = "The oven must be at 180 degrees."
    statements: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert imported(library, transcript, read.to_string("srt").encode()).changed == 1
    assert said(library)[1] == "The oven must be at 180 degrees."
    located = [one for one in statements if "FROM locations" in one]
    assert located
    assert all("WHERE" in one for one in located)


@pytest.mark.parametrize("names", [("x_y.mp4", "x:y.mp4"), ("x:y.mp4", "x_y.mp4"), ("x:y.mp4", "x?y.mp4")])
def test_a_transcript_that_may_be_of_two_films_is_refused(library: Library, names: tuple[str, str]) -> None:
    store = library.store
    for name, film_name in zip(names, ("pizza.mp4", "boats.mp4"), strict=True):
        video_id = library.resolve(film_name)
        here = Path(str(store.catalog.path(video_id))).with_name(name)
        store.catalog.register(here, store.catalog.sha256(video_id), 1, 1)
    text = exported(library, "srt").replace(b"250 degrees", b"180 degrees")
    with pytest.raises(UsageError, match="More than one video") as refused:
        imported(library, "x_y.srt", text)
    assert refused.value.code.name == "UNKNOWN_VIDEO"
    pizza = library.resolve("pizza.mp4")
    done = imported(library, "x_y.srt", exported(library, "srt"), editable=frozenset({pizza}))
    assert (done.changed, done.faulty) == (0, 0)


def test_a_vtt_names_its_lines_whatever_the_file_is_called(library: Library) -> None:
    text = exported(library, "vtt").decode().replace("Today we bake a pizza at home.", "<v Ann>Wir backen &amp; essen.")
    assert imported(library, "renamed.vtt", text.encode()).changed == 1
    assert said(library)[0] == "Wir backen & essen."


def test_corrections_are_found_and_chat_reads_them(library: Library) -> None:
    text = exported(library, "vtt").decode().replace("250 degrees", "180 degrees")
    assert imported(library, "pizza.vtt", text.encode()).changed == 1
    found = library.search("the oven must be at 180 degrees")
    assert found.moments[0].video_id == library.resolve("pizza.mp4")
    assert "180" in library.ask("At how many degrees must the oven be?").text


def test_a_wrong_line_keeps_the_whole_file_out(library: Library) -> None:
    rows = [json.loads(line) for line in exported(library, "lines.jsonl").splitlines()]
    rows[0]["text"] = "changed"
    rows[1] |= {"evidence_id": "utt_no", "start": 500.0, "end": 501.0}
    rows[2]["text"] = " "
    data = "\n".join([*(json.dumps(row) for row in rows), "no json", json.dumps(rows[0] | {"video_id": "vid_no"})])
    done = imported(library, "lines.jsonl", data.encode())
    assert done.changed == 0
    wrong = {fault.line: fault.message for fault in done.faults}
    assert set(wrong) == {2, 3, len(rows) + 1, len(rows) + 2}
    assert said(library)[0] == "Today we bake a pizza at home."


@pytest.mark.parametrize(
    "number", ["1e999999999", "-1e999999999", "9" * 5000, "inf", "nan", "1/0", "1_0", "\u0663", ""]
)
def test_no_number_is_too_much(library: Library, number: str) -> None:
    rows = edit_csv(exported(library, "lines.csv"), lambda row: row.update(evidence_id="gone", start=number))
    assert imported(library, "lines.csv", rows).faulty


@pytest.mark.parametrize("row", [{"evidence_id": "e", "text": "t"}, {"tag_id": "\udc00", "decision": "accepted"}])
def test_halves_of_characters_are_no_ids(library: Library, row: dict[str, str]) -> None:
    made = imported(library, "x.jsonl", json.dumps({"video_id": "\ud800", **row}).encode())
    assert made.faulty == 1


def test_the_same_line_twice_is_a_fault(library: Library) -> None:
    line = exported(library, "lines.jsonl").splitlines()[0]
    (fault,) = imported(library, "lines.jsonl", line + b"\n" + line).faults
    assert (fault.line, "line 1" in fault.message) == (2, True)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_decisions_come_back_as_those_of_a_person(library: Library, form: str) -> None:
    data = exported(library, f"tags.{form}")
    assert imported(library, f"tags.{form}", data).changed == 0
    if form == "csv":
        data = data.replace(b",t2,boats,accepted", b",t2,boats,rejected")
    elif form == "jsonl":
        data = data.replace(b'"boats", "decision": "accepted"', b'"boats", "decision": "rejected"')
    else:
        rows = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
        rows[1]["decision"] = "rejected"
        out = io.BytesIO()
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), out)
        data = out.getvalue()
    done = imported(library, f"tags.{form}", data)
    assert (done.kind, done.changed, done.unchanged) == ("decisions", 1, 1)
    pizza = library.resolve("pizza.mp4")
    decided = {one.tag_id: one.decision for one in library.store.tags.decisions(pizza)}
    assert decided == {"t1": "accepted", "t2": "rejected"}
    # A new automatic run does not undo it.
    library.store.tags.save_decisions(pizza, [Decision(pizza, "t2", "accepted", 0.9, (), ())])
    assert {one.tag_id: one.decision for one in library.store.tags.decisions(pizza)}["t2"] == "rejected"


def test_one_who_is_unsure_stays_so(library: Library) -> None:
    pizza = library.resolve("pizza.mp4")
    library.store.reviews.decide([Judgement(pizza, "t1", "unsure"), Judgement(pizza, "t2", "rejected")], "", "Ann")
    before = library.store.tags.decisions(pizza)
    data = exported(library, "tags.csv")
    assert imported(library, "tags.csv", data).changed == 0
    library.store.tags.save_decisions(
        pizza, [Decision(pizza, tag, "accepted", 1.0, (), ()) for tag in ("t1", "t2")], "person"
    )
    assert imported(library, "tags.csv", data).changed == 2
    after = library.store.tags.decisions(pizza)
    assert {(one.tag_id, one.decision) for one in after} == {(one.tag_id, one.decision) for one in before}
    assert {one.tag_id: one.confidence for one in after}["t2"] == 0.0


def test_decisions_are_saved_whole_though_a_video_is_forgotten_meanwhile(library: Library) -> None:
    pizza = library.resolve("pizza.mp4")
    before = library.store.tags.decisions(pizza)
    made = {one: [Decision(one, "t1", "rejected", 0.0, (), ())] for one in (pizza, "vid_gone")}
    with pytest.raises(UsageError, match="vid_gone"):
        library.store.tags.save_of_videos(made, "person")
    assert library.store.tags.decisions(pizza) == before


def test_wrong_decisions_are_told_by_line(library: Library) -> None:
    pizza = library.resolve("pizza.mp4")
    text = f"video_id;tag_id;decision\n{pizza};t1;maybe\n{pizza};t9;accepted\nvid_no;t1;accepted\n{pizza};t2\n"
    done = imported(library, "tags.csv", text.encode())
    assert [fault.line for fault in done.faults] == [2, 3, 4, 5]
    assert library.store.tags.decisions(pizza)[0].decision == "accepted"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.docx", b"x"),
        ("x.csv", b"id,name\n1,x\n"),
        ("x.csv", "name\n中".encode("gbk")),
        ("x.parquet", b"PAR1 no"),
        ("nobody.srt", b"1\n00:00:01,000 --> 00:00:02,000\nx\n"),
    ],
)
def test_what_is_no_export_is_refused_with_a_way_out(library: Library, name: str, data: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        imported(library, name, data)
    assert caught.value.hint


def test_a_principal_changes_only_what_it_may(library: Library) -> None:
    data = exported(library, "lines.jsonl")
    done = imported(library, "lines.jsonl", data, editable=frozenset())
    assert done.faulty == len(data.splitlines())
    assert "There is no video" in done.faults[0].message


def test_cues_survive_both_formats() -> None:
    one = film()
    spoken = one.of_kind("speech")
    for text in (srt(spoken), vtt(spoken)):
        read = cues(text)
        assert [cue.text for cue in read] == [one_line(line.text) for line in spoken]
        assert [float(cue.start) for cue in read] == [1.001, 4.004, 8.508, 12.012]
    assert one_line(HOSTILE) in [cue.text for cue in cues(vtt(spoken))]
    assert [cue.name for cue in cues(vtt(spoken))] == [line.evidence_id for line in spoken]


def test_the_command_says_what_changed_and_what_is_wrong(root: Path, tmp_path: Path) -> None:
    assert run(root, "export", "vtt", "pizza.mp4", "-o", "pizza.vtt")[0] == 0
    path = tmp_path / "pizza.vtt"
    path.write_text(path.read_text().replace("250", "180"))
    code, out, _ = run(root, "import", "pizza.vtt", "--dry-run", "--json")
    assert (code, json.loads(out)["files"][0]["changed"]) == (0, 1)
    code, out, _ = run(root, "import", "pizza.vtt")
    assert (code, b"1 lines changed" in out) == (0, True)
    (tmp_path / "bad.vtt").write_text("WEBVTT\n\n00:50.000 --> 00:51.000\nNobody said so.\n")
    code, _, told = run(root, "import", "bad.vtt", "--video", "pizza.mp4")
    assert (code, "bad.vtt:3:" in told) == (3, True)
    code, _, told = run(root, "import", "nowhere.vtt")
    assert (code, "FILE_MISSING" in told) == (1, True)
    code, out, _ = run(root, "show", "pizza.mp4", "--json")
    assert b"180 degrees" in out
