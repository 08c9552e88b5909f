"""A bare `<video>` in a page of the server, and what it shows."""

from __future__ import annotations

from typing import Any

from tests.browser.films import BITS, BLOCK, SIZE

_PAGE = """<!doctype html><title>player</title><video id="v" preload="auto" muted></video>
<canvas id="c" width="{width}" height="{height}"></canvas>"""

# The frame that is presented once the seek has ended: its time by the browser, its number by its own bits.
_SEEK = """async ([t, bits, block, width, height]) => {
  const v = document.getElementById('v');
  const presented = new Promise(done => v.requestVideoFrameCallback((_, about) => done(about.mediaTime)));
  const ended = new Promise(done => v.addEventListener('seeked', done, {once: true}));
  v.currentTime = t;
  await ended;
  const time = await Promise.race([presented, new Promise(done => setTimeout(() => done(null), 1500))]);
  const context = document.getElementById('c').getContext('2d', {willReadFrequently: true});
  context.drawImage(v, 0, 0, width, height);
  let number = 0;
  for (let bit = 0; bit < bits; bit++) {
    const pixel = context.getImageData(bit * block + block / 2, block / 2, 1, 1).data;
    if (pixel[0] > 128) number |= 1 << bit;
  }
  return {time, number};
}"""

_LOAD = """url => new Promise((done, failed) => {
  const v = document.getElementById('v');
  v.addEventListener('loadeddata', () => done(
    {seconds: v.duration, width: v.videoWidth, height: v.videoHeight}), {once: true});
  v.addEventListener('error', () => failed(new Error(v.error.message)), {once: true});
  v.src = url;
})"""

_PLAY = """async seconds => {
  const v = document.getElementById('v');
  const begun = v.currentTime;
  await v.play();
  while (v.currentTime < begun + seconds && !v.ended) await new Promise(done => setTimeout(done, 30));
  v.pause();
  const quality = v.getVideoPlaybackQuality();
  return {played: v.currentTime - begun, frames: quality.totalVideoFrames, sound: v.webkitAudioDecodedByteCount};
}"""


class BarePlayer:
    """One `<video>` of a page whose origin is the server's."""

    def __init__(self, page: Any, address: str) -> None:
        self._page = page
        html = _PAGE.format(width=SIZE[0], height=SIZE[1])
        page.route(f"{address}/bare", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(f"{address}/bare")

    def load(self, url: str) -> dict[str, Any]:
        """Seconds and size of the video behind a url, once its first frame is there."""
        loaded: dict[str, Any] = self._page.evaluate(_LOAD, url)
        return loaded

    def at(self, t: float) -> tuple[float | None, int]:
        """The time of the frame that is presented after a seek, and the number that it shows."""
        found = self._page.evaluate(_SEEK, [t, BITS, BLOCK, *SIZE])
        return found["time"], found["number"]

    def play(self, seconds: float) -> dict[str, Any]:
        """Plays for some seconds."""
        played: dict[str, Any] = self._page.evaluate(_PLAY, seconds)
        return played
