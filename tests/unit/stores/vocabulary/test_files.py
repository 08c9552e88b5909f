"""Vocabularies in every form: what is written is read, how a file was read is remarks, and nothing is half imported."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.core.errors import TagFileError
from stores.core.records import Tag
from stores.library_store import LibraryStore
from stores.tags.files import reading
from stores.tags.files.reading import FORMS, read_bytes, read_file, write_file
from stores.tags.files.vocabulary_file import ReadOptions, aliases_of, joined
from stores.tags.vocabulary.changes import OWNER_AUTHOR
from stores.tags.vocabulary.importing import import_vocabulary
from stores.tags.vocabulary.undoing import undo

# XML holds no control characters; everything else holds everything but NUL and halves of pairs.
PLAIN = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff\ufeff")
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def words(characters: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.text(characters, min_size=1, max_size=12).map(str.strip).filter(bool)


def vocabularies(characters: st.SearchStrategy[str]) -> st.SearchStrategy[list[Tag]]:
    word = words(characters)
    tags = st.builds(
        Tag,
        tag_id=word,
        name=word,
        facet=st.one_of(st.just(""), word),
        aliases=st.lists(word, max_size=4, unique=True).map(tuple),
        language=st.sampled_from(["", "en", "zh-Hant", "not a language"]),
        status=st.sampled_from(["active", "retired"]),
    )
    return st.lists(tags, max_size=5, unique_by=lambda tag: tag.tag_id).map(_with_parents)


def _with_parents(tags: list[Tag]) -> list[Tag]:
    return [replace(tag, parent=tags[at - 1].tag_id if at % 2 else "") for at, tag in enumerate(tags)]


def written_and_read(tags: list[Tag], form: str) -> list[Tag]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tags.{form}"
        write_file(path, tags)
        return [tag for _, tag in read_file(path).rows]


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl"])
@settings(deadline=None)
@given(tags=vocabularies(ANY))
def test_tables_and_json_hold_every_tag_in_its_order(form: str, tags: list[Tag]) -> None:
    assert written_and_read(tags, form) == tags


@pytest.mark.parametrize("form", ["ttl", "rdf"])
@settings(deadline=None)  # the first call loads a library
@given(tags=vocabularies(PLAIN))
def test_skos_holds_every_tag(form: str, tags: list[Tag]) -> None:
    def plain(some: list[Tag]) -> set[Tag]:
        return {replace(tag, aliases=tuple(sorted(tag.aliases))) for tag in some}

    # RDF holds each alias once, apart from the name as such.
    assert plain(written_and_read(tags, form)) == plain(tags)


@settings(deadline=None)
@given(st.lists(words(ANY), max_size=5, unique=True))
def test_aliases_come_back_out_of_one_cell(aliases: list[str]) -> None:
    assert aliases_of(joined(aliases)) == tuple(aliases)


def read(content: bytes | str, name: str = "tags.csv", **options: str) -> tuple[list[Tag], str]:
    raw = content.encode() if isinstance(content, str) else content
    found = read_bytes(raw, Path(name), ReadOptions(**options))
    return [tag for _, tag in found.rows], "; ".join(found.remarks)


CHINESE = "编号,标签,同义词\nt1,滑板,板子；溜冰板\nt2,图书馆,\n"


@pytest.mark.parametrize(
    ("content", "remarks"),
    [
        (CHINESE.encode("gb18030"), "read as GB18030; separated by commas"),
        (CHINESE.encode("utf-16"), "read as UTF-16; separated by commas"),
        (CHINESE.encode("utf-16-be"), "read as UTF-16; separated by commas"),
        (CHINESE.encode("utf-8-sig"), "read as UTF-8; separated by commas"),
        (CHINESE.replace(",", "\t").encode("gb18030"), "read as GB18030; separated by tabs"),
        (CHINESE.replace(",", "|").encode(), "read as UTF-8; separated by bars"),
        (CHINESE.replace(",", "||").encode(), "read as UTF-8; separated by double bars"),
        (CHINESE.replace(",", "，").encode(), "read as UTF-8; separated by full-width commas"),
        (CHINESE.replace(",", ";").replace("；", "、").encode("gbk"), "read as GB18030; separated by semicolons"),
    ],
)
def test_encoding_and_separator_are_told(content: bytes, remarks: str) -> None:
    tags, said = read(content)
    assert tags == [Tag("t1", "滑板", aliases=("板子", "溜冰板")), Tag("t2", "图书馆")]
    assert said == remarks + "; '编号' read as id; '标签' read as name; '同义词' read as aliases"


def test_other_encodings_are_told_or_taken_as_said() -> None:
    assert read("名稱\n滑板\n圖書館\n".encode("big5"))[1] == "read as Big5; one name a line; '名稱' read as name"
    assert read("name;also\ncafé;naïve\n".encode("cp1252"))[0][0].aliases == ("naïve",)
    tags, said = read("name\nスケートボード\n".encode("shift_jis"), encoding="shift_jis")
    assert (tags[0].name, said) == ("スケートボード", "read as shift_jis; one name a line")
    with pytest.raises(TagFileError, match="line 2 is not ascii"):
        read("name\n滑板\n", encoding="ascii")
    with pytest.raises(TagFileError, match="no encoding 'klingon'"):
        read("name\n", encoding="klingon")


def test_lists_and_tables_without_headers() -> None:
    assert [tag.name for tag in read("rock, paper\ndog\n'quoted\"\n", "words.txt")[0]] == [
        "rock, paper",
        "dog",
        "'quoted\"",
    ]
    tags, said = read("钓鱼||['野钓', '路亚']\n美食||[]\n", "tags.csv")
    assert tags == [Tag("", "钓鱼", aliases=("野钓", "路亚")), Tag("", "美食")]
    assert said.endswith("no headers: columns taken as name, aliases")
    tags, said = read("7,dog,x\n8,cat,y\n", columns="id,name,-")
    assert tags == [Tag("7", "dog"), Tag("8", "cat")]
    tags, said = read("Title,Name,Note\ndog,x,y\n", columns="name=Title")
    assert (tags, said) == (
        [Tag("", "dog")],
        "read as UTF-8; separated by commas; 'Title' read as name; not used: Name, Note",
    )


@pytest.mark.parametrize(
    ("content", "name", "options", "says"),
    [
        ("a,b,c\nd,e,f\n", "x.csv", {}, "say what they are"),
        ("name,x\na,b\n", "x.csv", {"columns": "name=Title"}, "no column title"),
        ("name,x\na,b\n", "x.csv", {"columns": "colour=x"}, "--columns has to name"),
        ("name,title\na,b\n", "x.csv", {}, "repeated column name"),
        ("name,aliases\n" + "x" * 201 + ",\n", "x.csv", {}, "line 2: 'xxx"),
        ('[{"name": "a"}, {"name": ""}]', "x.json", {}, "item 2: the name is empty"),
        ('[{"name": "a"}, 7]', "x.json", {}, "item 2: it is neither a name nor a tag"),
        ('[{"name": {"x": 1}}]', "x.json", {}, "item 1: the name is no text"),
        ('{"name": "a"}\n{"name": \n', "x.jsonl", {}, "line 2: it is no JSON"),
        ('{"name"', "x.json", {}, "line 1: it is no JSON"),
        ('{"name": ' + "9" * 5_000 + "}", "x.json", {}, "a number has too many digits"),
        ('{"name": "a"}\n{"name": ' + "9" * 5_000 + "}", "x.jsonl", {}, "line 2: it is no JSON"),
        ("PK\x03\x04dog\ncat\n", "x.xlsx", {}, "neither a table nor a list of names"),
        ("name,facet\na," + "x" * 201 + "\n", "x.csv", {}, "line 2: 'xxx"),
        ("[" * 100_000, "x.json", {}, "no JSON|nested too deeply"),
        (
            "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n\n<a> a skos:Concept } .\n",
            "x.ttl",
            {},
            "line 3: it is no SKOS",
        ),
        ("<?xml version='1.0'?>\n<a>\n</b>", "x.rdf", {}, "line 3: it is no XML"),
    ],
)
def test_what_is_wrong_is_named(content: str, name: str, options: dict[str, str], says: str) -> None:
    with pytest.raises(TagFileError, match=says):
        read(content, name, **options)


ENTITIES = """<?xml version="1.0"?>
<!DOCTYPE rdf [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"> %s]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="http://www.w3.org/2004/02/skos/core#">
<skos:Concept rdf:about="urn:x"><skos:prefLabel>&b;</skos:prefLabel></skos:Concept></rdf:RDF>"""


@pytest.mark.parametrize(
    "more", ["", '<!ENTITY c SYSTEM "file:///etc/passwd">', '<!ENTITY % d SYSTEM "http://127.0.0.1:9/x"> %d;']
)
def test_entities_are_refused_before_they_expand(more: str) -> None:
    with pytest.raises(TagFileError, match="line 2: it declares the entity 'a', which is refused"):
        read(ENTITIES % more, "tags.rdf")


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    text = (
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        "<http://127.0.0.1:9/o> owl:imports <http://127.0.0.1:9/other.ttl> .\n"
        '<http://127.0.0.1:9/dog> a skos:Concept ; skos:prefLabel "Hund"@de, "dog"@en ; skos:altLabel "狗"@zh ;\n'
        "  skos:broader <http://127.0.0.1:9/animal> .\n"
        '<http://127.0.0.1:9/animal> a skos:Concept ; skos:prefLabel "animal" ;\n'
        "  skos:narrower <http://127.0.0.1:9/dog> .\n"
    )
    tags, _ = read(text, "tags.ttl")
    animal, dog = "http://127.0.0.1:9/animal", "http://127.0.0.1:9/dog"
    assert tags == [Tag(animal, "animal"), Tag(dog, "dog", "", ("Hund", "狗"), animal, "en")]


def import_text(store: LibraryStore, content: str, name: str = "tags.csv", dry_run: bool = False, **options: str):
    path = Path(name)
    return import_vocabulary(
        store.engine, path, read_bytes(content.encode(), path, ReadOptions(**options)), OWNER_AUTHOR, dry_run
    )


def test_ids_are_made_once_and_are_the_same_everywhere(store: LibraryStore) -> None:
    text = "name,parent,facet\nDog,Animal,\nAnimal,,\ndog ,,\nApple,,food\nApple,,brand\n"
    report = import_text(store, text)
    assert (report.added, report.ids_made, report.remarks[-2:]) == (
        4,
        4,
        ("4 ids made of names", "1 repeated names united"),
    )
    tags = {(tag.name, tag.facet): tag for tag in store.tags.tags()}
    assert tags["Dog", ""].parent == tags["Animal", ""].tag_id
    assert tags["Dog", ""].aliases == ("dog",)
    again = import_text(store, text)
    assert (again.added, again.updated, again.unchanged, again.ids_made) == (0, 0, 4, 0)
    assert import_text(store, "DOG\nApple\n", "words.txt").added == 0


def test_a_dry_run_says_what_would_change_and_changes_nothing(store: LibraryStore) -> None:
    import_text(store, "id,name,aliases\nt1,dog,狗\nt2,cat,\n")
    before = store.tags.tags()
    report = import_text(store, "id,name\nt1,hound\nt2,cat\nt3,cow\n", dry_run=True)
    assert (report.added, report.updated, report.unchanged, report.total, report.dry_run) == (1, 1, 1, 2, True)
    assert report.changes == (("add", "t3", "cow", ()), ("update", "t1", "hound", ("name",)))
    assert (report.undo, store.tags.tags()) == ("", before)
    done = import_text(store, "id,name\nt1,hound\nt2,cat\nt3,cow\n")
    assert done.changes == report.changes
    undo(store.engine, done.undo)
    assert store.tags.tags() == before


def test_skos_changes_nothing_that_it_says_already(store: LibraryStore, tmp_path: Path) -> None:
    import_text(store, "id,name,aliases,parent,facet\nt1,animal,,,\nt2,dog,b;a;c,t1,what\n")
    for form in FORMS:
        path = tmp_path / f"tags.{form}"
        store.tags.export_csv(path)
        report = import_vocabulary(store.engine, path, read_file(path))
        assert (report.added, report.updated, report.unchanged) == (0, 0, 2), form


def test_a_hundred_thousand_tags_are_imported_at_a_bounded_cost(store: LibraryStore) -> None:
    """Not a measurement: only that nothing grows with the square of the vocabulary."""
    begin = time.monotonic()
    report = import_text(
        store,
        "name,aliases,parent\n" + "".join(f"tag {n},标签{n},tag {n // 10}\n" for n in range(1, 20_000)) + "tag 0,,\n",
    )
    assert report.added == 20_000
    assert time.monotonic() - begin < 120


def test_no_more_is_read_than_a_vocabulary_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 1_000)
    with pytest.raises(TagFileError, match="has more than 1,000 bytes"):
        read_file(Path("/dev/zero"))
    (tmp_path / "x.csv").write_text("name\n" + "dog\n" * 300)
    with pytest.raises(TagFileError, match="has more than 1,000 bytes"):
        read_file(tmp_path / "x.csv")
