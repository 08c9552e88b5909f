"""The pages in Chinese: no English word in what is to be read, but what is the user's own, and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from kinodex.library import Library
from tests.browser.pages import Tab, tab
from tests.browser.served import serving
from tests.planted import film as planted
from tests.planted.film import Put, Say, Text
from tests.planted.making import make

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAID = ("欢迎来到厨房，今天我们烤面包。", "现在我们喝一杯咖啡。")

FILM = planted.Film(
    "厨房.mp4",
    12,
    ((0, planted.GREY), (6, planted.WHITE)),
    puts=(Put("coffee", 6, 12),),
    texts=(Text("面包 250 克", 0.5, 5.5, (0.5, 0.3), 0.13),),
    says=tuple(Say(text, 0.5 + 6 * n, "cmn") for n, text in enumerate(SAID)),
)

TAGS = "id,name,aliases\nt1,coffee,espresso;咖啡\nt2,bread,面包\nt3,kitchen,厨房\n"

NAMES = {
    *("COCO", "ImageNet", "VGGFace2", "Whisper", "mov", "m4a", "gp", "g2", "mj2"),
    *("Kinodex", "API", "HTTP", "HTTPS", "GPU", "CPU", "Python", "Ray", "English", "MCP", "OpenAI"),
    *("SRT", "WebVTT", "OTIO", "EDL", "FCPXML", "JPEG", "AAC", "Enter", "Shift", "Ctrl", "Esc", "Home", "End"),
    *("MB", "GB", "TB", "kB", "fps", "mp", "mp3", "mp4", "h264", "aac", "vid"),
}
"""Names, formats, keys and units, which are the same in Chinese."""

_READ = """() => {
  const found = [], own = 'code, pre, kbd, tbody, .mono, .finding, .id, [data-own]';
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const parent = node.parentElement, text = node.textContent.trim();
    if (!text || !parent.checkVisibility({visibilityProperty: true}) || parent.closest('script, style')) continue;
    if (!parent.closest(own)) found.push(text);
  }
  for (const node of document.querySelectorAll('[placeholder], [aria-label]'))
    if (node.checkVisibility() && !node.closest(own))
      found.push(node.getAttribute('placeholder') ?? '', node.getAttribute('aria-label') ?? '');
  return found.filter(Boolean);
}"""
"""Texts that are seen, without those of elements that hold identifiers: codes, settings, ids."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("chinese")
    make((FILM,), folder / "media")
    (folder / "tags.csv").write_text(TAGS, encoding="utf-8")
    with Library.open(folder / "library", create=True) as made:
        made.ingest(folder / "media")
        made.import_tags(folder / "tags.csv")
        made.tag()
        yield made


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with serving(library) as found:
        yield found


@pytest.fixture(scope="module")
def words(library: Library) -> tuple[str, ...]:
    """What was said and written in the film, as it was recognised: the user's, in whatever language."""
    video = library.videos()[0].video_id
    found = [line for channel in ("speech", "screen") for line in library.store.catalog.evidence_of(video, channel)]
    return (video, *sorted((line.text for line in found), key=len, reverse=True))


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Tab]:
    opened = tab(browser, address, locale="zh-CN")
    yield opened
    opened.page.context.close()


def english(shown: Tab, *own: str) -> list[str]:
    """The texts in sight that hold an English word, without the parts that are ``own``: what is the user's."""
    left = []
    for text in shown.page.evaluate(_READ):
        rest = text
        for one in own:
            rest = rest.replace(one, "")
        if set(re.findall(r"[A-Za-z][A-Za-z0-9]+", rest)) - NAMES:
            left.append(text)
    return sorted(set(left))


def in_english(shown: Tab, path: str) -> Any:
    """What the server answers a program that asks in no language."""
    return shown.page.evaluate("path => fetch(path, {headers: {'Accept-Language': 'de'}}).then(a => a.json())", path)


def test_a_video_with_all_its_panels(page: Tab, words: tuple[str, ...]) -> None:
    video_id = words[0]
    page.go(f"/videos/{video_id}?t=7")
    seen = in_english(page, f"/api/v1/videos/{video_id}/lines?kind=label")["lines"]
    assert any("cup" in one["text"] or "espresso" in one["text"] for one in seen), "else there is nothing to translate"
    for name in ("文字稿", "屏幕文字", "画面内容", "标签", "相似", "详情"):
        page.page.get_by_role("tab", name=name).click()
        page.page.wait_for_load_state("networkidle")
        page.page.wait_for_timeout(150)
        assert english(page, *words) == [], name
        if name == "画面内容":
            assert page.page.locator(".lines .text").count() > 0
    page.clean()


def test_what_the_timeline_names(page: Tab, library: Library) -> None:
    page.go(f"/videos/{library.videos()[0].video_id}")
    canvas = page.page.locator("canvas")
    box = canvas.bounding_box()
    tips = set()
    for part in (0.2, 0.75):
        for y in range(8, int(box["height"]), 6):
            page.page.mouse.move(box["x"] + box["width"] * part, box["y"] + y)
            page.page.wait_for_timeout(30)
            tips |= set(page.page.locator(".tip .cut").all_inner_texts())
    assert any(re.search("[\u4e00-\u9fff]", tip) for tip in tips)
    assert [tip for tip in tips if re.search("[A-Za-z]{2}", tip)] == []


@pytest.mark.parametrize("query", ["咖啡", "杯子"])
def test_hits_and_why_they_were_found(page: Tab, words: tuple[str, ...], query: str) -> None:
    page.go(f"/search?q={query}")
    assert page.page.locator(".hits li").count() > 0
    assert english(page, *words) == []
    page.page.locator(".frame").first.click()
    page.page.wait_for_timeout(300)
    assert english(page, *words) == []


def test_tags_go_by_their_chinese_names_and_keep_their_own_in_the_tooltip(page: Tab, words: tuple[str, ...]) -> None:
    page.go("/")
    page.page.get_by_role("button", name="标签").click()
    row = page.page.locator(".picker li").filter(has_text="咖啡")
    assert row.locator(".cut").get_attribute("title") == "coffee"
    assert english(page, *words) == []


def test_questions_that_are_suggested_answers_and_their_sources(page: Tab, words: tuple[str, ...]) -> None:
    page.go("/chat")
    page.page.locator(".start li").first.wait_for()
    assert english(page, *words) == []
    for question in ("视频里有杯子吗？", "厨房里烤什么？"):
        box = page.page.locator("textarea").first
        box.fill(question)
        box.press("Enter")
        page.page.locator("article[aria-busy=false]").last.locator(".sources, .calm").first.wait_for(timeout=60_000)
    page.page.locator(".log button").first.click()
    page.page.wait_for_timeout(500)
    assert page.page.locator(".sources .quote").count() > 0
    assert english(page, *words) == []


@pytest.mark.parametrize(
    "part", ["general", "keyboard", "health", "models", "configuration", "collections", "users", "keys"]
)
def test_settings(page: Tab, library: Library, part: str) -> None:
    page.go(f"/settings/{part}")
    page.page.wait_for_timeout(800)
    own: set[str] = set()
    if part == "models":  # Models, profiles and devices have names, not words.
        found = in_english(page, "/api/v1/models")
        own = {found["profile"], found["device"], *(one["name"] for one in found["models"])}
    assert english(page, str(library.settings.library), *own) == []


def test_findings_of_the_checks_are_said_in_chinese(page: Tab) -> None:
    page.go("/settings/health")
    found = page.page.locator(".finding")
    found.first.wait_for()
    texts = dict(zip(page.page.locator("li .name").all_inner_texts(), found.all_inner_texts(), strict=True))
    assert texts["语言模型"] == "没有设置：标签和回答只由证据组成"
    assert re.fullmatch(r".+：1 个视频，3 个标签", texts["视频库"])
    assert "所在磁盘剩余" in texts["磁盘"]
    assert "完好" in texts["模型文件"]


def test_another_language_is_there_at_once(page: Tab, library: Library) -> None:
    page.go(f"/videos/{library.videos()[0].video_id}")
    page.page.get_by_role("tab", name="画面内容").click()
    page.page.locator(".lines .text").first.wait_for()
    page.page.get_by_role("button", name="语言与主题").click()
    page.page.get_by_label("English").click()
    page.page.get_by_role("tab", name="Seen").wait_for()
    page.page.wait_for_load_state("networkidle")
    texts = page.page.locator(".lines .text").all_inner_texts()
    assert texts
    assert [text for text in texts if re.search("[\u4e00-\u9fff]", text)] == []
