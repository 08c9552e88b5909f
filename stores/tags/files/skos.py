"""Vocabularies as SKOS, in RDF/XML or Turtle. Source: W3C, SKOS Simple Knowledge Organization System Reference, 2009.

A tag is a ``skos:Concept``: name ``prefLabel``, aliases ``altLabel``, parent ``broader``; a facet is a
``skos:Collection`` of its tags; a retired one is ``owl:deprecated``. Nothing is fetched, whatever a file names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote, unquote
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from stores.core.records import Tag
from stores.tags.files.vocabulary_file import Gathering, VocabularyFile, invalid

if TYPE_CHECKING:
    from rdflib import Graph

_OURS = "urn:kinodex:tag:"
_FACET = "urn:kinodex:facet:"
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_OWL = "http://www.w3.org/2002/07/owl#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/terms/"
_XSD_TRUE = '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'

_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
"""What RDF takes for a language. Source: BCP 47, as in Turtle's grammar."""

# What XML 1.0 cannot hold.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_skos(path: object, raw: bytes, form: str, language: str, remarks: Sequence[str]) -> VocabularyFile:
    """The concepts of a SKOS file.

    Args:
        form: ``xml`` or ``turtle``.
        language: of the label that is the name, where there are several; "" for the untagged or English one.

    Raises:
        TagFileError: TAG_FILE_INVALID.
    """
    graph = _parsed(path, raw, form)
    from rdflib import RDF, Literal, URIRef

    skos = {name: URIRef(_SKOS + name) for name in ("Concept", "Collection", "prefLabel", "altLabel", "hiddenLabel")}
    skos |= {name: URIRef(_SKOS + name) for name in ("broader", "narrower", "member")}
    concepts = sorted({*graph.subjects(RDF.type, skos["Concept"])}, key=str)
    facets = {
        member: str(label)
        for label, group in ((label, group) for group, label in graph.subject_objects(skos["prefLabel"]))
        if (group, RDF.type, skos["Collection"]) in graph
        for member in graph.objects(group, skos["member"])
    }
    broader: defaultdict[Any, set[str]] = defaultdict(set)
    for one, other in graph.subject_objects(skos["broader"]):
        broader[one].add(_id(other))
    for other, one in graph.subject_objects(skos["narrower"]):
        broader[one].add(_id(other))
    found = Gathering(path, "concept")
    several = 0
    for number, concept in enumerate(concepts, 1):
        labels = [one for one in graph.objects(concept, skos["prefLabel"]) if isinstance(one, Literal)]
        if not labels:
            found.wrong(number, f"{str(concept)[:80]} has no skos:prefLabel")
            continue
        labels.sort(key=lambda one: (_rank(one.language or "", language), str(one)))
        others = [*graph.objects(concept, skos["altLabel"]), *graph.objects(concept, skos["hiddenLabel"])]
        parents = sorted(broader[concept])
        several += len(parents) > 1
        known = graph.value(concept, URIRef(_DC + "language"))
        retired = graph.value(concept, URIRef(_OWL + "deprecated"))
        values = {
            "id": _id(concept),
            "name": str(labels[0]),
            "aliases": [*map(str, labels[1:]), *sorted(map(str, others))],
            "parent": parents[0] if parents else "",
            "facet": facets.get(concept, ""),
            "language": labels[0].language or str(known or ""),
            "status": "retired" if str(retired).lower() in ("true", "1") else "active",
        }
        found.add(number, values)
    notes = list(remarks)
    if several:
        notes.append(f"{several} concepts have several broader ones; the first of each is the parent")
    fields = ("id", "name", "facet", "aliases", "parent", "language", "status")
    return found.finished(fields, notes, ordered=False)


def write_skos(path: Path, tags: Iterable[Tag], form: str) -> None:
    """Writes tags as SKOS; `read_skos` returns the same ones, but for the order of tags and aliases.

    What XML cannot hold (control characters) is left out of RDF/XML.

    Raises:
        OSError: if the file cannot be written.
    """
    facets: defaultdict[str, list[str]] = defaultdict(list)
    with path.open("w", encoding="utf-8", newline="\n", errors="replace") as file:
        (_xml if form == "xml" else _turtle)(file, tags, facets)


def _rank(tag: str, wanted: str) -> int:
    order = (wanted, "", "en")
    return next((at for at, one in enumerate(order) if one == tag or (one and tag.startswith(one + "-"))), len(order))


def _id(concept: object) -> str:
    text = str(concept)
    return unquote(text.removeprefix(_OURS)) if text.startswith(_OURS) else text


def _uri(tag_id: str) -> str:
    # Concepts of other vocabularies keep their names.
    plain = re.fullmatch(r"(?:https?|urn):[A-Za-z0-9:/#?&=._~%+-]+", tag_id) and not tag_id.startswith(_OURS)
    return tag_id if plain else _OURS + quote(tag_id, safe="", errors="replace")


def _parsed(path: object, raw: bytes, form: str) -> Graph:
    if form == "xml":
        _without_entities(path, raw)
    try:
        from rdflib import Graph
    except ImportError as error:
        raise invalid(path, "SKOS needs the package rdflib, which is not installed (pip install rdflib)") from error
    graph = Graph(bind_namespaces="none")
    try:
        graph.parse(data=raw, format=form, publicID="http://kinodex.invalid/")
    except Exception as error:
        line = getattr(error, "lines", None)
        where = f"line {line + 1}: " if isinstance(line, int) else _where(error)
        if isinstance(error, IndexError):
            raise invalid(path, "it ends in the middle of a statement") from error
        said = " ".join(str(getattr(error, "_why", "") or error).split())[:200]
        raise invalid(path, f"{where}it is no SKOS in {'RDF/XML' if form == 'xml' else 'Turtle'}, {said}") from error
    return graph


def _where(error: Exception) -> str:
    number = getattr(error, "getLineNumber", lambda: None)()
    return f"line {number}: " if number else ""


def _without_entities(path: object, raw: bytes) -> None:
    """Refuses entities before anything expands or fetches them."""
    parser = expat.ParserCreate()

    def refuse(name: str, *_: object) -> None:
        line = parser.CurrentLineNumber
        raise invalid(path, f"line {line}: it declares the entity {name[:40]!r}, which is refused; save it without")

    parser.EntityDeclHandler = refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise invalid(path, f"line {error.lineno}: it is no XML, {expat.errors.messages[error.code]}") from error


def _turtle(file: TextIO, tags: Iterable[Tag], facets: defaultdict[str, list[str]]) -> None:
    file.write(f"@prefix skos: <{_SKOS}> .\n@prefix owl: <{_OWL}> .\n@prefix dct: <{_DC}> .\n\n")
    for tag in tags:
        said = [f"skos:prefLabel {_literal(tag.name)}{_suffix(tag.language)}"]
        said += [f"skos:altLabel {_literal(one)}" for one in tag.aliases]
        said += [f"skos:broader <{_uri(tag.parent)}>"] if tag.parent else []
        said += [f"dct:language {_literal(tag.language)}"] if tag.language and not _suffix(tag.language) else []
        said += [f"owl:deprecated {_XSD_TRUE}"] if tag.status == "retired" else []
        file.write(f"<{_uri(tag.tag_id)}> a skos:Concept ;\n  " + " ;\n  ".join(said) + " .\n")
        if tag.facet:
            facets[tag.facet].append(_uri(tag.tag_id))
    for facet, members in facets.items():
        named = f"<{_FACET}{quote(facet, safe='', errors='replace')}> a skos:Collection ; skos:prefLabel"
        file.write(
            f"{named} {_literal(facet)} ;\n  skos:member " + ",\n    ".join(f"<{one}>" for one in members) + " .\n"
        )


def _literal(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + "".join(one if one >= " " and one != "\x7f" else f"\\u{ord(one):04X}" for one in plain) + '"'


def _suffix(language: str) -> str:
    # RDF does not tell upper from lower case in languages, so only what is lower case comes back as it was.
    return f"@{language}" if _LANGUAGE.fullmatch(language) and language == language.lower() else ""


def _xml(file: TextIO, tags: Iterable[Tag], facets: defaultdict[str, list[str]]) -> None:
    spaces = f'xmlns:rdf="{_RDF}" xmlns:skos="{_SKOS}" xmlns:owl="{_OWL}" xmlns:dct="{_DC}"'
    file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF {spaces}>\n')
    for tag in tags:
        file.write(f"  <skos:Concept rdf:about={quoteattr(_uri(tag.tag_id))}>\n")
        file.writelines(f"    {line}\n" for line in _elements(tag))
        file.write("  </skos:Concept>\n")
        if tag.facet:
            facets[tag.facet].append(_uri(tag.tag_id))
    for facet, members in facets.items():
        about = quoteattr(_FACET + quote(facet, safe="", errors="replace"))
        file.write(f"  <skos:Collection rdf:about={about}>\n    <skos:prefLabel>{_text(facet)}</skos:prefLabel>\n")
        file.writelines(f"    <skos:member rdf:resource={quoteattr(one)}/>\n" for one in members)
        file.write("  </skos:Collection>\n")
    file.write("</rdf:RDF>\n")


def _elements(tag: Tag) -> Iterator[str]:
    spoken = f' xml:lang="{tag.language}"' if _suffix(tag.language) else ""
    yield f"<skos:prefLabel{spoken}>{_text(tag.name)}</skos:prefLabel>"
    for alias in tag.aliases:
        yield f"<skos:altLabel>{_text(alias)}</skos:altLabel>"
    if tag.parent:
        yield f"<skos:broader rdf:resource={quoteattr(_uri(tag.parent))}/>"
    if tag.language and not spoken:
        yield f"<dct:language>{_text(tag.language)}</dct:language>"
    if tag.status == "retired":
        yield "<owl:deprecated>true</owl:deprecated>"


def _text(text: str) -> str:
    return escape(_NO_XML.sub("", text), {"\r": "&#13;"})
