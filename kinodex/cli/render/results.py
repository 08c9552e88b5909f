"""The same payloads that `--json` prints, as tables for people. Everything from a video or a name is data."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinodex.cli.render import describing as render_describing
from kinodex.cli.render.cells import counted, witness
from kinodex.cli.render.cells import data as _data
from kinodex.cli.render.cells import status as _status
from kinodex.cli.render.cells import table as _table
from kinodex.text import clock, several, shell_word, size
from stores.core.uris import path_of

Payload = dict[str, Any]
_KNOWN = {"known": "already known", "copy": "a copy of another file", "new": "empty", "problem": "unreadable"}
_NAMED = 5
"""Abstained tags that are named for each video; ``--json`` has them all."""
_RATES = {
    "measured": "speed measured in this library",
    "shipped": "speed measured on another machine",
    "unknown": "speed unknown, so not counted",
}


def _name(uri: str) -> str:
    return uri.rsplit("/", 1)[-1] or uri


def _opening(moment: Payload) -> Text:
    # `path_of` gives the file's real name, which the uri writes in printable characters only.
    path = shell_word(str(path_of(moment["uri"])))
    return _data(f"open the first: mpv --start={moment['start']:.1f} {path}")


def _error(error: dict[str, str] | None) -> str:
    return f"{error['code']}: {error['message']}" if error else ""


def ingest(console: Console, payload: Payload, verbose: bool = False) -> None:
    """What was not done, by name, then the totals; if ``verbose``, also the names of files that are not videos."""
    for video in payload["videos"]:
        if video["status"] not in ("done", "postponed"):
            console.print(_status(video["status"]), _data(video["uri"]), _data(_error(video["error"])))
    totals = payload["totals"]
    counts = ", ".join(
        f"{totals[name]} {name}" for name in ("done", "failed", "quarantined", "postponed") if totals[name]
    )
    console.print(
        f"{several(totals['inputs'], 'input')}: {counts or 'nothing found'} ({totals['reused']} known already)"
    )
    if totals["media_seconds"]:
        console.print(
            f"{clock(totals['media_seconds'])} of video in {clock(totals['wall_seconds'])}, "
            f"{totals['speed']:.1f}x real time"
        )
    if skipped := payload.get("skipped"):
        hint = "" if verbose else " (--verbose names them)"
        console.print(f"skipped {several(len(skipped), 'file')} without a video extension{hint}")
        for uri in skipped if verbose else ():
            console.print("skipped", _data(uri), soft_wrap=True)
    if payload["stopped"]:
        console.print(_data(f"stopped: {payload['stopped']}", "yellow"))
        left = "1 input is" if totals["postponed"] == 1 else f"{totals['postponed']} inputs are"
        console.print(f"{left} left for another run; run the same command to go on")
    if payload["report"]:
        console.print(_data(f"report: {payload['report']}", "dim"), soft_wrap=True)


def plan(console: Console, payload: Payload) -> None:
    """What an ingest would do, and what it would cost."""
    table = _table("video", "length", "would do", "work", "disk", right=("length", "work", "disk"))
    for video in payload["videos"]:
        cost = video["cost"]
        what = ", ".join(video["pending"]) or _error(video["error"]) or f"nothing: {_KNOWN[video['state']]}"
        costs = (clock(cost["work_seconds"]), size(cost["bytes"])) if video["pending"] else ("", "")
        length = clock(video["media_seconds"]) if video["media_seconds"] else ""
        table.add_row(_data(video["uri"]), length, _data(what), *costs)
    console.print(table)
    totals = payload["totals"]
    if not totals["videos"]:
        unread = sum(video["error"] is not None for video in payload["videos"])
        why = f": {several(unread, 'input')} cannot be read" if unread else ""
        console.print(f"Nothing to do{why}.")
        return
    console.print(
        f"{totals['videos']} of {several(totals['inputs'], 'input')} to work on, "
        f"{clock(totals['media_seconds'])} of video: about {clock(totals['wall_seconds'])} with "
        f"{several(totals['workers'], 'worker')} ({clock(totals['work_seconds'])} of work)"
    )
    console.print(f"disk: about {size(totals['bytes'])}, {size(totals['free_bytes'])} are free")
    if totals["tokens"]:
        price = f", about {totals['money']:.2f} USD" if totals["priced"] else ", no price is set"
        console.print(f"language model: about {totals['tokens']} tokens{price}")
    else:
        console.print("language model: not used, so 0 tokens and 0.00 USD")
    if payload.get("over_budget"):
        console.print(_data(f"over the budget: {payload['over_budget']}", "yellow"))
    for rate, text in _RATES.items():
        names = [stage["stage"] for stage in payload["stages"] if stage["rate"] == rate]
        if names:
            console.print(f"{text}: {', '.join(names)}", style="dim")


def videos(console: Console, payloads: Sequence[Payload], after: str = "", more: str = "") -> None:
    """One line a video.

    Args:
        after: where the page begins; "" at the first video.
        more: the command for the next page; "" if there is none.
    """
    if not payloads:
        empty = "The library is empty. Begin with: kinodex ingest PATH"
        console.print(_data(f"No video follows {after}.") if after else empty)
        return
    table = _table("video", "length", "picture", "status", "name", right=("length",), whole=("video",))
    for video in payloads:
        media = video["media"]
        table.add_row(
            _data(video["video_id"]),
            clock(media["seconds"]) if media else "",
            f"{media['width']}x{media['height']}" if media else "",
            _status(video["status"]),
            _data(_name(video["uri"])),
        )
    console.print(table)
    if more:
        console.print(_data(f"more: {more}"), soft_wrap=True)


def show(console: Console, payload: Payload) -> None:
    """Everything known of one video."""
    console.print(_data(payload["video_id"], "bold"), _status(payload["status"]), _data(_error(payload["error"])))
    for uri in payload["uris"]:
        console.print(_data(uri))
    if payload["status"] == "partial" and not payload["error"]:
        left = "not searchable yet; run kinodex ingest to do what is left"
        console.print(_data(left, "yellow"))
    if media := payload["media"]:
        rate = f"{media['frame_rate']:.2f} frames/s{' (varying)' if media['variable_frame_rate'] else ''}"
        sound = f"sound {media['audio_codec']}" if media["audio_codec"] else "no sound"
        console.print(
            f"{clock(media['seconds'])}, {media['width']}x{media['height']}, {rate}, "
            f"{media['video_codec']}, {sound}, {size(media['size'])}"
        )
        for warning in media["warnings"]:
            console.print(_data(warning, "yellow"))
    for status in dict.fromkeys(payload["stages"].values()):
        names = [stage for stage, how in payload["stages"].items() if how == status]
        console.print(_data(f"stages {status}: {', '.join(names)}"))
    if payload["tags"]:
        console.print(_data("tags: " + ", ".join(f"{tag['name']} {tag['confidence']:.2f}" for tag in payload["tags"])))
    if not payload["evidence"]:
        return
    table = _table("from", "to", "channel", "what", "confidence", right=("from", "to", "confidence"))
    for line in payload["evidence"]:
        if (line["channel"], line["text"]) == ("object", "background"):
            continue  # every video has one, of the scenery
        said = f"{line['speaker']}: {line['text']}" if line["speaker"] else line["text"]
        table.add_row(
            clock(line["start"]), clock(line["end"]), line["channel"], _data(said), f"{line['confidence']:.2f}"
        )
    console.print(table)


def status(console: Console, payload: Payload, ended: str = "") -> None:
    """The library as a whole.

    Args:
        ended: how the last run ended if it did not finish: the code of an error, or INTERRUPTED; "" if that is unknown.
    """
    index, counts = payload["index"], payload["counts"]
    console.print(_data(payload["library"], "bold"), f"profile {payload['profile']}")
    for name, url in payload["places"].items():
        console.print(_data(f"{name}: {url}"))
    console.print(
        f"index {index['state']}: {index['videos_indexed']} of {several(index['videos_known'], 'video')} "
        "can be searched"
    )
    render_describing.counts(console, payload["descriptions"])
    by_status = ", ".join(f"{count} {name}" for name, count in counts["by_status"].items())
    console.print(
        several(counts["videos"], "video")
        + (f" ({by_status})" if by_status else "")
        + f", {several(counts['tags'], 'tag')}"
    )
    console.print("disk: " + ", ".join(f"{name} {size(count)}" for name, count in payload["disk"].items()))
    table = _table("stage", "outcomes")
    for stage, outcomes in payload["stages"].items():
        table.add_row(stage, ", ".join(f"{count} {name}" for name, count in outcomes.items()))
    if payload["stages"]:
        console.print(table)
    for one in payload["parts"]:
        counts_of_parts = ", ".join(f"{count} {name}" for name, count in one["parts"].items())
        console.print(_data(f"parts of {one['stage']} of {one['video_id']}: {counts_of_parts}"))
    if payload["quarantined"]:
        console.print(
            f"quarantined: {several(payload['quarantined'], 'stage')} (see kinodex quarantine list)", style="yellow"
        )
    if run := payload["last_run"]:
        console.print(_last_run(run, ended))


def _last_run(run: Payload, ended: str) -> Text:
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(run["started"]))
    if run["ended"] is None:
        how = f"stopped by {ended}" if ended else "not finished: it is still running, or it was killed"
        how = "interrupted; the same command goes on" if ended == "INTERRUPTED" else how
        return _data(f"last run: {begun}, {how}", "yellow")
    totals = run["totals"]
    counts = ", ".join(
        f"{totals[name]} {name}" for name in ("done", "failed", "quarantined", "postponed") if totals.get(name)
    )
    return _data(f"last run: {begun}, {clock(run['ended'] - run['started'])}: {counts or 'nothing to do'}")


def search(console: Console, payload: Payload, failed: int = 0, narrowed: bool = False) -> None:
    """Moments, and what their absence means.

    Args:
        failed: how many of the videos that are not indexed failed, and so will not be without help.
        narrowed: whether only some videos were searched; the counts are about them.
    """
    index = payload["index"]
    if not index["videos_indexed"]:
        if index["videos_unserved"]:
            console.print("Indexed by a model that is not available here. To index with yours: kinodex reembed")
            return
        if narrowed:
            console.print(_not_indexed(index, failed))
        else:
            console.print("Nothing is indexed yet, so nothing can be searched. To begin: kinodex ingest PATH")
        return
    if payload["verdict"] == "no_match":
        console.print(f"No match in {several(index['videos_indexed'], 'indexed video')}.")
        if payload["results"]:
            console.print("Nearest moments, though none is likely:")
    if payload["results"]:
        console.print(_moments(payload["results"]))
    if payload["verdict"] == "match":
        console.print(_opening(payload["results"][0]))
    if index["videos_known"] > index["videos_indexed"]:
        console.print(_not_indexed(index, failed))
    if index["videos_unserved"]:
        console.print(
            f"{several(index['videos_unserved'], 'video')} with vectors of a model that is not available here: found "
            "by words, or not at all (repair: kinodex reembed)."
        )
    if index["videos_former"]:
        console.print(
            f"{several(index['videos_former'], 'video')} searched by vectors of a former model (update: kinodex "
            "reembed)."
        )


def _not_indexed(index: Payload, failed: int) -> str:
    """What is not searched: videos that wait for an ingest, and those that it could not do."""
    known = index["videos_known"]
    waiting = known - index["videos_indexed"] - failed
    left = [f"{waiting} not indexed yet"] * (waiting > 0) + [f"{failed} failed, see kinodex errors"] * (failed > 0)
    how = "Partly indexed" if index["videos_indexed"] else "Not indexed"
    first, *rest = left
    number, what = first.split(" ", 1)
    return f"{how}: " + "; ".join([f"{number} of {several(known, 'video')} {what}", *rest]) + "."


def _moments(results: list[Payload]) -> Table:
    table = _table("#", "score", "from", "to", "video", "why", "channels", right=("#", "score", "from", "to"))
    for moment in results:
        channels = sorted(moment["channels"].items(), key=lambda item: -item[1])
        table.add_row(
            str(moment["rank"]),
            f"{moment['score']:.2f}",
            clock(moment["start"]),
            clock(moment["end"]),
            _data(_name(moment["uri"])),
            _data(moment["text"] + _also(moment)),
            " ".join(f"{name} {worth:.2f}" for name, worth in channels),
        )
    return table


def _also(moment: Payload) -> str:
    """Names near-duplicates that were left out; if there are many, the first two."""
    near_duplicates = [f"{_name(duplicate['uri'])} {clock(duplicate['start'])}" for duplicate in moment["also"]]
    more = f" and {len(near_duplicates) - 2} more" if len(near_duplicates) > 2 else ""
    return f" (also in {', '.join(near_duplicates[:2])}{more})" if near_duplicates else ""


def answer(console: Console, payload: Payload) -> None:
    """The answer, and every claim with the moments it rests on."""
    console.print(_data(payload["answer"], "" if payload["abstained"] else "bold"))
    lines = (
        f"  {clock(citation['start'])}–{clock(citation['end'])} {_name(citation['uri'])} "
        f"{witness(citation['channel'], citation['quote'])}"
        for claim in payload["claims"]
        for citation in claim["citations"]
    )
    for line in dict.fromkeys(lines):  # several claims may rest on one moment
        console.print(_data(line))
    for line in counted(dict.fromkeys(claim["sql"] for claim in payload["claims"] if claim["sql"])):
        console.print(_data(line, "dim"))
    first = next((citation for claim in payload["claims"] for citation in claim["citations"]), None)
    if first is not None:  # a count of nothing cites nothing
        console.print(_opening(first))
    if payload["mode"] == "extractive":
        console.print("(put together from the evidence, without a language model)", style="dim")


def tags(console: Console, payload: Payload) -> None:
    """The tag library."""
    table = _table("id", "name", "facet", "aliases", "status")
    for tag in payload["tags"]:
        table.add_row(
            *(
                _data(cell)
                for cell in (tag["tag_id"], tag["name"], tag["facet"], "; ".join(tag["aliases"]), tag["status"])
            )
        )
    console.print(table if payload["tags"] else "The tag library is empty. To fill it: kinodex tags import FILE.csv")


def decisions(console: Console, payload: Payload) -> None:
    """The tags given to each video with the best moment for each; of other decisions the first few are named."""
    for video in payload["videos"]:
        console.print(_data(_name(video["uri"]), "bold"), _data(video["video_id"], "dim"))
        table = _table("tag", "facet", "confidence", "moment", "because", right=("confidence", "moment"))
        others: defaultdict[str, list[str]] = defaultdict(list)
        for made in video["decisions"]:
            if made["decision"] != "accepted":
                others[made["decision"]].append(made["name"] or made["tag_id"])
                continue
            line = made["evidence"][0] if made["evidence"] else None
            table.add_row(
                _data(made["name"]),
                _data(made["facet"]),
                f"{made['confidence']:.2f}",
                clock(line["start"]) if line else "",
                _data(f"{line['channel']}: {line['text']}" if line else ", ".join(made["recalled_by"])),
            )
        console.print(table if table.row_count else "  no tag fits well enough")
        for decision, names in others.items():
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            # What was rejected needs no look; what was abstained from does.
            named = f": {', '.join(names[:_NAMED])}{more}" if decision == "abstained" else ""
            console.print(_data(f"  {len(names)} {decision}{named}", "dim"))


def models(console: Console, payload: Payload) -> None:
    """The profile's models and what they cannot do."""
    console.print(f"profile {payload['profile']}, device {payload['device']}")
    for model in payload["models"]:
        console.print(
            _data(model["name"], "bold"),
            f"{model['task']}, {model['licence']}, revision {model['revision']},",
            "weights are here" if model["present"] else "weights are not here",
        )
        if not model["present"] and any(source.startswith("hf:") for source in model["sources"]):
            console.print(_data(f"  to download them: kinodex models pull {model['name']}"))
        else:
            console.print(
                Text("  "), _status("ok" if model["verified"] else "failed"), _data(model["problem"] or "verified")
            )
        for source in model["sources"]:
            console.print(_data(f"  from {source}"))
        console.print(_data(f"  limits: {model['limits']}"))
        console.print(_data(f"  {model['citation']}", "dim"))
    if payload["missing"]:
        console.print(_data(f"not on this machine: {', '.join(payload['missing'])}. {payload['hint']}"))


def pulled(console: Console, payload: Payload) -> None:
    """What was downloaded, and what was there already."""
    table = _table("model", "file", "size", "sha256", right=("size",))
    for model in payload["models"]:
        for file in model["fetched"]:
            table.add_row(_data(model["name"]), _data(file["path"]), size(file["size"]), _data(file["sha256"][:16]))
    if table.row_count:
        console.print(table)
    for model in payload["models"]:
        if model["pinned"]:
            console.print(_data(f"{model['name']} is now pinned to {model['pinned']}"))
    there = [model["name"] for model in payload["models"] if not model["fetched"]]
    before = f"; complete already: {', '.join(there)}" if there else ""
    console.print(_data(f"{several(table.row_count, 'file')} downloaded{before}"))


def verified_models(console: Console, payload: Payload) -> None:
    """One line for each model, with its files that are not as they should be."""
    table = _table("", "model", "files")
    for model in payload["models"]:
        wrong = [file for file in model["files"] if file["state"] != "ok"]
        wrong_files = [f"{file['state']}: {file['path'] or file['name']}" for file in wrong]
        table.add_row(
            _status(model["state"]),
            _data(model["name"]),
            _data("; ".join(wrong_files) or f"{len(model['files'])} intact"),
        )
    console.print(table)


def doctor(console: Console, payload: Payload) -> None:
    """One line for each check."""
    table = _table("", "check", "finding")
    for check in payload["checks"]:
        table.add_row(_status(check["result"]), check["name"], _data(check["finding"]))
    console.print(table)
