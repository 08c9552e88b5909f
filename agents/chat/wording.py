"""What an answer says around its claims, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from agents.questions.question import Idle
from stores.entries import IndexHealth

_IDLE: dict[str, tuple[str, str]] = {
    "greeting": (
        "You are welcome to ask what is seen, said or written in the videos.",
        "欢迎提问：可以问视频里看得到、听得到或读得到的东西。",
    ),
    "command": (
        "That is not a question about the videos, and nothing was done. Ask what can be seen, heard or read in them.",
        "这不是关于视频的问题，什么也没有执行。可以问视频里看得到、听得到或读得到的东西。",
    ),
    "world_knowledge": (
        "The videos do not tell this, and nothing else is drawn upon. Ask what can be seen, heard or read in them.",
        "视频里没有提到这个，而这里只根据视频回答。请问视频里看得到、听得到或读得到的东西。",
    ),
    "": (
        "There is nothing to look for in this. Ask about what can be seen, heard or read in the videos.",
        "这里没有可以查找的内容。请问视频里看得到、听得到或读得到的东西。",
    ),
}


def idle(why: Idle | str, chinese: bool) -> str:
    """What is said to what is no question to a library."""
    return _IDLE.get(why, _IDLE[""])[chinese]


def unknown_video(name: str, chinese: bool) -> str:
    """That a video is not there."""
    if chinese:
        return f"视频库里没有 {name}；用 `kinodex videos` 可列出全部视频。"
    return f"No video of this library is {name}; `kinodex videos` lists all."


def needs_a_video(chinese: bool) -> str:
    """That a question in general needs a video."""
    if chinese:
        return "这样的问题只能针对一个视频来回答。请说出视频的名字，或者问具体的东西。"
    return "What there is in general can be told of one video only. Name the video, or ask about something."


def unknown_voice(name: str, chinese: bool) -> str:
    """That somebody is seen whose voice is not known."""
    if chinese:
        return f"视频里能看到{name}，但不知道哪个声音属于{name}，所以无法回答。"
    return f"{name} is seen, but it is not known which voice is theirs."


def nothing_more(chinese: bool) -> str:
    """That all that was found has been shown."""
    if chinese:
        return "没有更多了：找到的都已经列出。可以换个说法再问。"
    return "There is nothing more: all that was found for that question has been shown. Ask it in other words, perhaps."


def nothing_found(index: IndexHealth | None, looked_at: Sequence[str], chinese: bool) -> str:
    """That there is no answer, how far the library is indexed, and which videos came nearest."""
    if index is not None and index.state == "empty":
        return "视频库还没有建立索引。" if chinese else "Nothing has been indexed yet: run `kinodex ingest` first."
    partly = index is not None and index.state == "partial"
    if chinese:
        text = "在视频库里没有找到答案。" + (f"最接近的视频是 {'、'.join(looked_at)}。" if looked_at else "")
        return text + ("（部分视频尚未建立索引。）" if partly else "")
    text = "The library holds no answer to this." + (
        f" Looked closest at: {', '.join(looked_at)}." if looked_at else ""
    )
    return text + (" Part of it has not been indexed yet." if partly else "")


def joined(texts: Sequence[str], chinese: bool) -> str:
    """Claims as one text."""
    return ("；" if chinese else "; ").join(texts)
