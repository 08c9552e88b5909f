"""Pictures of text alone, as title cards, slides and terminals have them: made, because no package has many."""

from __future__ import annotations

from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

_WORDS = (
    "the of and time year people way day thing world life hand part place case week company system program question "
    "work number night point home water room mother area money story fact month right study book eye job word result "
    "change morning reason research moment teacher force education"
).split()
_CHINESE = "时间生活世界公司问题工作城市学习音乐电影感谢观看关注点赞第一章总结方法结果介绍目录今天我们如何使用"
_SIZE = 640, 360
_DARK = 110  # mean of red, green and blue below which text is light


def card(random: Random, fonts: list[Path]) -> Image.Image:
    """A title card, a slide, a chart or a terminal, 640 x 360."""
    return random.choice((_title, _title, _slide, _slide, _chart, _terminal))(random, fonts)


def text(random: Random, most: int) -> str:
    """Up to so many words, in English or in Chinese."""
    if random.random() < 0.4:
        return "".join(random.choice(_CHINESE) for _ in range(random.randint(2, 2 * most)))
    return " ".join(random.choice(_WORDS) for _ in range(random.randint(1, most))).capitalize()


def font_of(random: Random, fonts: list[Path], size: int) -> ImageFont.FreeTypeFont:
    """Any of the fonts."""
    return ImageFont.truetype(str(random.choice(fonts)), size)


def background(random: Random, size: tuple[int, int]) -> Image.Image:
    """A plain colour, often black or white, or a gradient."""
    kind = random.random()
    if kind < 0.5:
        grey = random.choice((0, 0, 16, 240, 255, 255))
        return Image.new("RGB", size, (grey, grey, grey))
    one, other = _colour(random), _colour(random)
    if kind < 0.75:
        return Image.new("RGB", size, one)
    ramp = Image.linear_gradient("L").rotate(random.choice((0, 90, 180, 270))).resize(size)
    return Image.composite(Image.new("RGB", size, one), Image.new("RGB", size, other), ramp)


def _colour(random: Random) -> tuple[int, int, int]:
    return random.randint(0, 255), random.randint(0, 255), random.randint(0, 255)


def _ink(random: Random, picture: Image.Image) -> tuple[int, int, int]:
    pixel = picture.resize((1, 1)).getpixel((0, 0))
    dark = sum(pixel) / 3 < _DARK if isinstance(pixel, tuple) else True
    if random.random() < 0.3:
        low, high = (130, 255) if dark else (0, 120)
        return random.randint(low, high), random.randint(low, high), random.randint(low, high)
    return (255, 255, 255) if dark else (20, 20, 20)


def _title(random: Random, fonts: list[Path]) -> Image.Image:
    picture = background(random, _SIZE)
    draw, ink = ImageDraw.Draw(picture), _ink(random, picture)
    y = random.randint(60, 200)
    for _ in range(random.randint(1, 3)):
        size = random.randint(16, 64)
        draw.text((320, y), text(random, 4), fill=ink, font=font_of(random, fonts, size), anchor="mm")
        y += int(1.4 * size)
    return picture


def _slide(random: Random, fonts: list[Path]) -> Image.Image:
    picture = background(random, _SIZE)
    draw, ink = ImageDraw.Draw(picture), _ink(random, picture)
    if random.random() < 0.5:
        draw.rectangle((0, 0, 640, random.randint(20, 70)), fill=_colour(random))
    draw.text((30, 20), text(random, 5), fill=ink, font=font_of(random, fonts, random.randint(24, 40)))
    size = random.randint(13, 22)
    small = font_of(random, fonts, size)
    for row in range(random.randint(3, 8)):
        draw.text((50, 90 + int(1.6 * size) * row), "• " + text(random, 9), fill=ink, font=small)
    if random.random() < 0.3:
        _bars(random, draw, (400, 150, 610, 330))
    return picture


def _chart(random: Random, fonts: list[Path]) -> Image.Image:
    picture = background(random, _SIZE)
    draw, ink = ImageDraw.Draw(picture), _ink(random, picture)
    draw.text((320, 24), text(random, 5), fill=ink, font=font_of(random, fonts, 26), anchor="mm")
    draw.line((60, 50, 60, 320, 610, 320), fill=ink, width=2)
    if random.random() < 0.5:
        _bars(random, draw, (80, 70, 600, 320))
    else:
        for _ in range(random.randint(1, 4)):
            points = [(60 + 55 * step, random.randint(70, 310)) for step in range(10)]
            draw.line(points, fill=_colour(random), width=random.randint(1, 4))
    small = font_of(random, fonts, 12)
    for step in range(6):
        draw.text((80 + 95 * step, 332), text(random, 1), fill=ink, font=small)
    return picture


def _bars(random: Random, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    count, colour = random.randint(3, 9), _colour(random)
    width = (right - left) / count
    for bar in range(count):
        height = random.uniform(0.1, 1.0) * (bottom - top)
        x = left + bar * width
        draw.rectangle((x, bottom - height, x + 0.7 * width, bottom), fill=colour)


def _terminal(random: Random, fonts: list[Path]) -> Image.Image:
    light = random.random() < 0.3
    ground = (250, 250, 250) if light else random.choice(((0, 0, 0), (30, 30, 30), (48, 10, 36), (0, 43, 54)))
    picture = Image.new("RGB", _SIZE, ground)
    draw, size = ImageDraw.Draw(picture), random.randint(9, 16)
    font = font_of(random, fonts, size)
    colours = [(40, 40, 40) if light else (220, 220, 220), _colour(random), _colour(random)]
    for row in range(random.randint(4, 340 // (size + 4))):
        x = 8 + random.choice((0, 0, 20, 40))
        draw.text((x, 8 + (size + 4) * row), text(random, 10), fill=random.choice(colours), font=font)
    return picture
