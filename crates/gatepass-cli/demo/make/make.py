#!/usr/bin/env python3
"""Makes the pictures and the film of the demo site.

Usage: python3 make.py [pictures] [film]      (no argument: both)

Pictures need the standard library only; the film needs numpy and ffmpeg.
All randomness is seeded, so the pictures are the same on every run, and the
film is the same for the same versions of numpy and ffmpeg.
"""

import math
import pathlib
import random
import shutil
import subprocess
import sys

SITE = pathlib.Path(__file__).resolve().parent.parent / "site"


# ---------------------------------------------------------------- pictures


def n(value):
    """A short number for SVG."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def mix(a, b, t):
    """Mix two "#rrggbb" colors."""
    pa = [int(a[i : i + 2], 16) for i in (1, 3, 5)]
    pb = [int(b[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(x + (y - x) * t):02x}" for x, y in zip(pa, pb))


def svg(title, body):
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 600" '
        f'width="800" height="600" role="img">\n<title>{title}</title>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def hill(rng, base, height, fill, bottom=600):
    phases = [rng.uniform(0, math.tau) for _ in range(3)]
    points = []
    for x in range(0, 801, 20):
        u = x / 800 * math.tau
        y = (
            math.sin(u * 0.8 + phases[0])
            + 0.5 * math.sin(u * 1.7 + phases[1])
            + 0.2 * math.sin(u * 3.1 + phases[2])
        )
        points.append(f"{x} {n(base - y * height)}")
    return f'<path fill="{fill}" d="M0 {bottom}L{"L".join(points)}L800 {bottom}z"/>'


def public_gate():
    """The wall with its closed gate, by day: what anyone may see."""
    rng = random.Random(11)
    out = [
        '<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">'
        '<stop offset="0" stop-color="#9fc9d6"/>'
        '<stop offset="1" stop-color="#f3ead8"/></linearGradient>'
        '<linearGradient id="door" x1="0" y1="0" x2="1" y2="0">'
        '<stop offset="0" stop-color="#1d6a62"/>'
        '<stop offset="1" stop-color="#15534d"/></linearGradient></defs>',
        '<rect width="800" height="600" fill="url(#sky)"/>',
        '<circle cx="628" cy="112" r="42" fill="#fff6df"/>',
        hill(rng, 300, 30, "#b9cfc0"),
        hill(rng, 330, 22, "#9dbdaa"),
    ]
    # Trees that look over the wall.
    for i in range(15):
        x = 30 + i * 53 + rng.uniform(-16, 16)
        y = 285 + rng.uniform(-30, 24)
        r = rng.uniform(34, 58)
        tone = mix("#5f9a80", "#3f7d68", rng.random())
        out.append(f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(r)}" fill="{tone}"/>')
        out.append(
            f'<circle cx="{n(x - r * 0.25)}" cy="{n(y - r * 0.28)}" r="{n(r * 0.55)}" '
            'fill="#7db497" fill-opacity=".45"/>'
        )
    # The wall, stone by stone.
    out.append('<rect y="296" width="800" height="224" fill="#b8a68c"/>')
    y = 300
    while y < 516:
        x = -rng.uniform(0, 60)
        while x < 800:
            w = rng.uniform(44, 92)
            tone = mix("#e0d1b8", "#cbb999", rng.random())
            out.append(
                f'<rect x="{n(x + 1.5)}" y="{y + 1}" width="{n(w - 3)}" height="21" '
                f'rx="5" fill="{tone}"/>'
            )
            x += w
        y += 24
    out.append('<rect x="-10" y="280" width="820" height="22" rx="6" fill="#d9c8ab"/>')
    out.append('<rect x="-10" y="297" width="820" height="5" fill="#8f7f67" fill-opacity=".45"/>')
    # The arch: stones around the opening.
    cx, top, radius = 400, 318, 104
    out.append(f'<path d="M256 520V{top}a144 144 0 0 1 288 0V520z" fill="#c2ae8d"/>')
    steps = 13
    for i in range(steps):
        a0 = math.pi * (i + 0.06) / steps
        a1 = math.pi * (i + 0.94) / steps
        p = [
            (cx - math.cos(a) * r, top - math.sin(a) * r)
            for a, r in ((a0, 108), (a0, 140), (a1, 140), (a1, 108))
        ]
        tone = mix("#efe3cc", "#dccbac", rng.random())
        d = "M" + "L".join(f"{n(px)} {n(py)}" for px, py in p) + "z"
        out.append(f'<path d="{d}" fill="{tone}" stroke="{tone}" stroke-width="3" stroke-linejoin="round"/>')
    for side in (260, 508):
        for i in range(8):
            tone = mix("#efe3cc", "#dccbac", rng.random())
            out.append(
                f'<rect x="{side}" y="{322 + i * 25}" width="32" height="22" rx="4" fill="{tone}"/>'
            )
    # The two leaves of the gate, closed.
    out.append(f'<path d="M{cx - radius} 520V{top}a{radius} {radius} 0 0 1 {2 * radius} 0V520z" fill="url(#door)"/>')
    for i in range(-4, 5):
        x = cx + i * 23
        half = math.sqrt(max(0, radius**2 - (i * 23) ** 2))
        width, tone = (4, "#0c3532") if i == 0 else (2, "#0f443f")
        out.append(
            f'<path d="M{x} {n(top - half + 1)}V520" stroke="{tone}" stroke-width="{width}"/>'
        )
    for y in (336, 470):
        for x0, x1 in ((302, 382), (498, 418)):
            out.append(
                f'<path d="M{x0} {y}H{x1}" stroke="#0c3532" stroke-width="9" stroke-linecap="round"/>'
            )
    for x in (386, 414):
        out.append(f'<circle cx="{x}" cy="412" r="8" fill="none" stroke="#e7c878" stroke-width="4"/>')
    # The path that leads there.
    out.append('<rect y="516" width="800" height="84" fill="#8fb08a"/>')
    out.append('<path d="M300 516H500L600 600H200z" fill="#e9dcc2"/>')
    for _ in range(34):
        x = rng.uniform(0, 1)
        y = rng.uniform(522, 596)
        spread = 100 + (y - 516) / 84 * 96
        px = 400 + (x * 2 - 1) * spread
        out.append(
            f'<ellipse cx="{n(px)}" cy="{n(y)}" rx="{n(3 + (y - 516) / 14)}" ry="{n(1.4 + (y - 516) / 40)}" '
            'fill="#cdbb98" fill-opacity=".7"/>'
        )
    for _ in range(90):
        x = rng.uniform(0, 800)
        y = rng.uniform(520, 594)
        if abs(x - 400) < 118 + (y - 516) * 1.2:
            continue
        h = rng.uniform(6, 13)
        out.append(
            f'<path d="M{n(x - 3)} {n(y)}l2 {n(-h)}M{n(x + 1)} {n(y)}v{n(-h * 1.2)}M{n(x + 4)} {n(y)}l-1 {n(-h)}" '
            'stroke="#5f8a67" stroke-width="1.6" stroke-linecap="round"/>'
        )
    return svg("A closed gate in a garden wall", out)


def seal(number, ink):
    """A small mark in the corner: this is a private picture."""
    return (
        f'<g fill="none" stroke="{ink}" stroke-width="3" stroke-linecap="round">'
        '<path d="M36 568v-20a12 12 0 0 1 24 0v20z"/>'
        + "".join(f'<path d="M{76 + i * 10} 552v16"/>' for i in range(number))
        + "</g>"
    )


def private_bloom():
    """One flower, by the golden angle."""
    rng = random.Random(23)
    out = [
        '<defs><radialGradient id="bg" cx=".5" cy=".47" r=".75">'
        '<stop offset="0" stop-color="#6d2440"/><stop offset=".55" stop-color="#3b1530"/>'
        '<stop offset="1" stop-color="#1a0b1c"/></radialGradient></defs>',
        '<rect width="800" height="600" fill="url(#bg)"/>',
    ]
    cx, cy = 400, 300
    golden = math.pi * (3 - math.sqrt(5))
    # Loose petals, far away and dim.
    for _ in range(70):
        a = rng.uniform(0, math.tau)
        r = rng.uniform(300, 540)
        out.append(
            f'<ellipse cx="{n(cx + math.cos(a) * r)}" cy="{n(cy + math.sin(a) * r * 0.8)}" '
            f'rx="{n(rng.uniform(3, 9))}" ry="{n(rng.uniform(1.5, 3.5))}" fill="#ff9a76" '
            f'fill-opacity="{rng.uniform(0.08, 0.3):.2f}" '
            f'transform="rotate({n(math.degrees(a) + rng.uniform(-50, 50))} '
            f'{n(cx + math.cos(a) * r)} {n(cy + math.sin(a) * r * 0.8)})"/>'
        )
    count = 430
    for i in range(count, 0, -1):
        t = i / count
        r = 242 * math.sqrt(t)
        a = i * golden
        x, y = cx + math.cos(a) * r, cy + math.sin(a) * r
        if t > 0.42:
            k = (t - 0.42) / 0.58
            fill = mix("#ffcf70", "#e8456b", k) if k < 0.6 else mix("#e8456b", "#8f2f6b", (k - 0.6) / 0.4)
            length, width = 17 + 32 * k, 7.5 + 7.5 * k
            d = f"M{n(-length * 0.5)} 0Q0 {n(-width)} {n(length)} 0Q0 {n(width)} {n(-length * 0.5)} 0z"
            out.append(
                f'<path d="{d}" fill="{mix(fill, "#ffffff", rng.uniform(0, 0.1))}" stroke="#3b1530" '
                f'stroke-width=".8" stroke-opacity=".5" '
                f'transform="translate({n(x)} {n(y)}) rotate({n(math.degrees(a) % 360)})"/>'
            )
        else:
            k = t / 0.42
            fill = mix("#fff0c2", "#e0803c", k)
            out.append(f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(3.2 + 2.6 * k)}" fill="{fill}"/>')
    out.append(seal(1, "#ffcf70"))
    return svg("Private picture 1: a flower in bloom", out)


def private_pond():
    """The pond at night: rings that meet, and the moon."""
    rng = random.Random(31)
    out = [
        '<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">'
        '<stop offset="0" stop-color="#0b1438"/><stop offset="1" stop-color="#3a5290"/></linearGradient>'
        '<linearGradient id="water" x1="0" y1="0" x2="0" y2="1">'
        '<stop offset="0" stop-color="#2c4684"/><stop offset="1" stop-color="#070d26"/></linearGradient>'
        '<radialGradient id="glow"><stop offset="0" stop-color="#dbe9ff" stop-opacity=".55"/>'
        '<stop offset="1" stop-color="#dbe9ff" stop-opacity="0"/></radialGradient>'
        '<clipPath id="pond"><rect y="290" width="800" height="310"/></clipPath></defs>',
        '<rect width="800" height="600" fill="url(#sky)"/>',
    ]
    for _ in range(120):
        out.append(
            f'<circle cx="{n(rng.uniform(0, 800))}" cy="{n(rng.uniform(0, 250))}" '
            f'r="{n(rng.choice((0.7, 0.9, 1.2, 1.7)))}" fill="#e9f1ff" fill-opacity="{rng.uniform(0.3, 0.95):.2f}"/>'
        )
    out.append('<circle cx="560" cy="120" r="150" fill="url(#glow)"/>')
    out.append('<circle cx="560" cy="120" r="50" fill="#f2f6ff"/>')
    for dx, dy, r in ((-14, -8, 11), (16, 12, 8), (6, -24, 6), (-8, 22, 5)):
        out.append(f'<circle cx="{560 + dx}" cy="{120 + dy}" r="{r}" fill="#cfdcf3"/>')
    out.append(hill(rng, 258, 24, "#2a3c74", 300))
    out.append(hill(rng, 276, 13, "#182552", 300))
    out.append('<rect y="290" width="800" height="310" fill="url(#water)"/>')
    out.append('<g clip-path="url(#pond)" fill="none">')
    # The moon's path on the water.
    for i in range(46):
        y = 294 + i * 6.6
        w = 14 + i * 2.1 + rng.uniform(-8, 8)
        x = 560 + rng.uniform(-9, 9)
        out.append(
            f'<path d="M{n(x - w)} {n(y)}H{n(x + w)}" stroke="#e6efff" stroke-width="2.6" '
            f'stroke-linecap="round" stroke-opacity="{max(0.06, 0.62 - i * 0.0125):.2f}"/>'
        )
    for cx, cy, rings, gap in ((250, 448, 15, 21), (480, 520, 9, 17), (700, 372, 7, 13)):
        for i in range(1, rings + 1):
            r = i * gap * (1 + i * 0.018)
            fade = 1 - i / (rings + 1)
            out.append(
                f'<ellipse cx="{cx}" cy="{cy}" rx="{n(r)}" ry="{n(r * 0.34)}" stroke="{mix("#5f8be0", "#bfe3ff", fade)}" '
                f'stroke-width="{n(0.9 + 2 * fade)}" stroke-opacity="{0.15 + 0.75 * fade:.2f}"/>'
            )
    out.append("</g>")
    # Lily pads and reeds.
    for x, y, r in ((96, 520, 46), (176, 566, 34), (668, 556, 52), (752, 500, 30), (330, 336, 15), (392, 346, 10)):
        out.append(
            f'<path d="M{x} {y}L{n(x + r * 0.94)} {n(y - r * 0.12)}A{r} {n(r * 0.36)} 0 1 1 '
            f'{n(x + r * 0.8)} {n(y - r * 0.22)}z" fill="{mix("#1d6a5c", "#123f4d", rng.random())}" '
            'stroke="#4fae98" stroke-opacity=".45" stroke-width="1.5"/>'
        )
    for i in range(26):
        x = rng.choice((rng.uniform(-5, 70), rng.uniform(735, 805)))
        h = rng.uniform(90, 230)
        bend = rng.uniform(-26, 26)
        out.append(
            f'<path d="M{n(x)} 604Q{n(x)} {n(604 - h * 0.6)} {n(x + bend)} {n(604 - h)}" fill="none" '
            f'stroke="{mix("#0a1533", "#14304a", rng.random())}" stroke-width="{n(rng.uniform(2.5, 5))}" stroke-linecap="round"/>'
        )
    out.append('<g transform="translate(60 0)">' + seal(2, "#bfe3ff") + "</g>")
    return svg("Private picture 2: the pond at night", out)


def pictures():
    for path, text in (
        ("public/gate.svg", public_gate()),
        ("private/picture-1.svg", private_bloom()),
        ("private/picture-2.svg", private_pond()),
    ):
        target = SITE / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"{path}: {len(text.encode())} bytes")


# -------------------------------------------------------------------- film

WIDTH, HEIGHT, FPS, SECONDS, SEGMENT = 640, 360, 24, 12, 2


def film():
    import numpy as np

    rng = random.Random(47)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    xs += 0.5
    ys += 0.5
    shore = 262.0

    def color(text):
        return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)

    def cover(distance, soft=1.0):
        """1 inside a shape, 0 outside, from a signed distance."""
        return np.clip(0.5 - distance / soft, 0.0, 1.0)

    def over(image, mask, ink):
        image += (np.asarray(ink) - image) * mask[..., None]

    def capsule(x0, y0, x1, y1, radius):
        dx, dy = x1 - x0, y1 - y0
        u = np.clip(((xs - x0) * dx + (ys - y0) * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
        return np.hypot(xs - x0 - u * dx, ys - y0 - u * dy) - radius

    # A day in four keys: dawn, noon, dusk, night.
    top = [color(c) for c in ("#4f5f9c", "#4f9fd0", "#4b3d80", "#0a1232")]
    low = [color(c) for c in ("#ffc59b", "#d8eff2", "#ff9a6b", "#2d4278")]
    light = [0.62, 1.0, 0.55, 0.16]

    def key(values, p):
        i = int(p * 4) % 4
        u = p * 4 - int(p * 4)
        u = u * u * (3 - 2 * u)
        return values[i] * (1 - u) + values[(i + 1) % 4] * u

    def ridge(base, parts):
        y = np.full(WIDTH, float(base))
        for amplitude, waves, phase in parts:
            y -= amplitude * np.sin(xs[0] / WIDTH * math.tau * waves + phase)
        return y

    ridges = [
        (ridge(196, ((20, 0.9, 0.4), (9, 2.3, 1.0), (3, 6.1, 0.2))), color("#7c9fb0"), 0.55),
        (ridge(222, ((16, 1.1, 2.6), (7, 2.9, 0.3), (2, 7.3, 1.1))), color("#4f8a84"), 0.30),
        (ridge(246, ((9, 0.8, 5.2), (4, 3.3, 2.2))), color("#2f6a58"), 0.12),
    ]
    masks = [cover(y[None, :] - ys) for y, _, _ in ridges]

    trees = np.zeros_like(xs)
    trunks = np.zeros_like(xs)
    crown_light = np.zeros_like(xs)
    for x, size in ((62, 30), (104, 20), (148, 14), (474, 17), (522, 27), (580, 36)):
        ground = float(ridges[2][0][x]) + 3
        trunks = np.maximum(trunks, cover(capsule(x, ground, x, ground - size, size * 0.09)))
        for _ in range(6):
            ox, oy = rng.uniform(-0.55, 0.55) * size, rng.uniform(-0.45, 0.4) * size
            r = size * rng.uniform(0.5, 0.7)
            cx, cy = x + ox, ground - size * 1.55 + oy
            trees = np.maximum(trees, cover(np.hypot(xs - cx, ys - cy) - r))
            crown_light = np.maximum(
                crown_light, 0.5 * cover(np.hypot(xs - cx + r * 0.25, ys - cy + r * 0.3) - r * 0.5, r * 0.5)
            )
    crown_light *= trees

    stars = [(rng.uniform(0, WIDTH), rng.uniform(4, 170), rng.uniform(0.6, 1.3), rng.randrange(1, 4), rng.random()) for _ in range(70)]
    star_shapes = []
    for x, y, r, beat, phase in stars:
        x0, y0 = int(max(0, x - 4)), int(max(0, y - 4))
        window = (slice(y0, y0 + 9), slice(x0, x0 + 9))
        star_shapes.append((window, cover(np.hypot(xs[window] - x, ys[window] - y) - r, 1.4), beat, phase))
    clouds = []
    for x, y, scale in ((40, 64, 1.0), (330, 40, 0.7), (560, 92, 1.2)):
        puffs = [(rng.uniform(-44, 44) * scale, rng.uniform(-7, 5) * scale, rng.uniform(13, 25) * scale) for _ in range(7)]
        clouds.append((x, y, puffs))
    flies = [(rng.uniform(60, 580), rng.uniform(205, 254), rng.randrange(1, 4), rng.random(), rng.uniform(10, 26)) for _ in range(16)]

    # Digits of seven strokes, so that no font is needed.
    strokes = {"a": (0, 0, 1, 0), "b": (1, 0, 1, 1), "c": (1, 1, 1, 2), "d": (0, 2, 1, 2), "e": (0, 1, 0, 2), "f": (0, 0, 0, 1), "g": (0, 1, 1, 1)}
    digits = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")

    def digit(value, x, y, w, h, radius):
        mask = np.zeros_like(xs)
        for name in digits[value]:
            x0, y0, x1, y1 = strokes[name]
            mask = np.maximum(mask, cover(capsule(x + x0 * w, y + y0 * h / 2, x + x1 * w, y + y1 * h / 2, radius)))
        return mask

    labels = [np.maximum(digit(s // 10, 30, 304, 15, 30, 2.6), digit(s % 10, 58, 304, 15, 30, 2.6)) for s in range(SECONDS)]
    panel = cover(np.hypot(np.maximum(abs(xs - 51.5) - 30, 0), np.maximum(abs(ys - 319) - 22, 0)) - 9)

    def frame(index):
        p = index / (FPS * SECONDS)
        day = key(light, p)
        horizon = key(low, p)
        image = np.empty((HEIGHT, WIDTH, 3))
        u = np.clip(ys / 235, 0, 1)[..., None]
        image[:] = key(top, p) * (1 - u) + horizon * u

        night = max(0.0, -math.sin(math.tau * p) + 0.1) ** 0.8 if math.sin(math.tau * p) < 0.1 else 0.0
        for window, mask, beat, phase in star_shapes:
            glow = night * (0.65 + 0.35 * math.sin(math.tau * (p * beat * 4 + phase)))
            image[window] += (np.array([236.0, 242, 255]) - image[window]) * (mask * min(1, glow))[..., None]

        for offset, ink, radius in ((0.0, color("#fff0c4"), 25), (0.5, color("#eef3ff"), 20)):
            a = math.tau * (p + offset)
            sx, sy = 320 - 250 * math.cos(a), 236 - 178 * math.sin(a)
            if sy < 300:
                d = np.hypot(xs - sx, ys - sy)
                over(image, np.exp(-d / (60 if offset == 0 else 34)) * (0.75 if offset == 0 else 0.4), ink)
                over(image, cover(d - radius, 1.4), ink)

        for cx, cy, puffs in clouds:
            x = (cx + 760 * p) % 760 - 60
            mask = np.zeros_like(xs)
            for px, py, r in puffs:
                mask = np.maximum(mask, cover(np.hypot((xs - x - px), (ys - cy - py) * 1.7) - r, 9.0))
            over(image, mask * (0.16 + 0.5 * day), horizon * 0.35 + color("#ffffff") * (0.2 + 0.45 * day))

        for (line, ink, haze), mask in zip(ridges, masks):
            over(image, mask, (ink * (0.25 + 0.75 * day)) * (1 - haze) + horizon * haze)
        over(image, trunks, color("#3a3b33") * (0.3 + 0.7 * day))
        over(image, trees, color("#245846") * (0.3 + 0.7 * day))
        over(image, crown_light * day, color("#6fae7c"))

        for i, (bx, by) in enumerate(((0, 0), (-26, 13), (-30, -11), (-56, 24))):
            x = -80 + 1500 * p + bx
            if x > 720:
                continue
            y = 104 + by - 26 * math.sin(p * math.tau) + 5 * math.sin(math.tau * (p * 6 + i * 0.2))
            flap = 5.5 * math.sin(math.tau * (p * 30 + i * 0.23))
            for side in (-1, 1):
                over(image, cover(capsule(x, y, x + side * 9, y - 2 - flap, 1.1)), color("#22324a"))

        # The pond mirrors what stands above it.
        rows = np.arange(int(shore), HEIGHT)
        depth = (rows - shore + 0.5)[:, None]
        wave = np.sin(depth * (0.9 - depth * 0.0035) - math.tau * p * 12) * (0.6 + depth * 0.045)
        wave = wave + 0.6 * np.sin(xs[rows] * 0.045 + depth * 0.3 + math.tau * p * 6)
        source_y = np.clip(shore - depth * 2.1 + wave * 0.9, 0, shore - 1).astype(int)
        source_x = np.clip(xs[rows] + wave * 2.2, 0, WIDTH - 1).astype(int)
        mirror = image[np.broadcast_to(source_y, source_x.shape), source_x]
        fade = np.clip(0.18 + depth / 260, 0, 0.6)[..., None]
        image[rows] = mirror * (1 - fade) + color("#0d2a3c") * (0.35 + 0.65 * day) * fade
        over(image, cover(abs(ys - shore) - 0.8, 1.5) * 0.35, color("#ffffff") * (0.4 + 0.6 * day))

        # Rings that open where a drop falls, one each segment of the film.
        for k in range(SECONDS // SEGMENT):
            age = (p * SECONDS - k * SEGMENT - 0.2) % SECONDS
            if age < 2.4:
                cx, cy = (215, 402, 300, 470, 250, 360)[k], (306, 322, 330, 300, 318, 296)[k]
                d = np.hypot(xs - cx, (ys - cy) * 3.0)
                for ring in (0, 13):
                    r = age * 34 - ring
                    if r > 0:
                        over(image, cover(abs(d - r) - 0.7, 2.4) * (ys > shore) * 0.6 * (1 - age / 2.4), color("#ffffff") * (0.45 + 0.55 * day))

        for fx, fy, beat, phase, reach in flies:
            glow = night * max(0.0, math.sin(math.tau * (p * beat * 3 + phase)))
            if glow > 0.01:
                x = fx + reach * math.sin(math.tau * (p * beat + phase))
                y = fy + reach * 0.4 * math.sin(math.tau * (p * beat * 2 + phase))
                d = np.hypot(xs - x, ys - y)
                over(image, np.clip(np.exp(-d / 3.2) * glow * 1.4, 0, 1), color("#ffe58a"))

        # The counter: seconds, and one bar for each segment.
        second = index // FPS
        over(image, panel * 0.5, color("#071218"))
        over(image, labels[second], color("#ffffff"))
        for k in range(SECONDS // SEGMENT):
            x0 = 104 + k * 84
            done = min(1.0, max(0.0, (index / FPS - k * SEGMENT) / SEGMENT))
            over(image, cover(capsule(x0, 337, x0 + 72, 337, 2.4)) * 0.3, color("#ffffff"))
            if done > 0:
                over(image, cover(capsule(x0, 337, x0 + 72 * done, 337, 2.4)) * 0.95, color("#ffffff"))
        return np.clip(image + 0.5, 0, 255).astype(np.uint8)

    target = SITE / "private" / "film"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    command = [
        "ffmpeg", "-hide_banner", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-",
        "-an", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", "1",
        "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
        "-c:v", "libx264", "-profile:v", "main", "-level:v", "3.0", "-preset", "veryslow", "-crf", "25",
        "-g", str(FPS * SEGMENT), "-keyint_min", str(FPS * SEGMENT), "-sc_threshold", "0", "-bf", "2",
        # Closed groups, so that each segment stands alone; no encoder banner in the stream.
        "-x264-params", "open-gop=0", "-bsf:v", "filter_units=remove_types=6",
        "-f", "hls", "-hls_time", str(SEGMENT), "-hls_playlist_type", "vod",
        "-hls_segment_type", "fmp4", "-hls_flags", "independent_segments",
        "-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", "segment-%d.m4s", "film.m3u8",
    ]  # fmt: skip
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=target)
    for index in range(FPS * SECONDS):
        encoder.stdin.write(frame(index).tobytes())
    encoder.stdin.close()
    if encoder.wait() != 0:
        sys.exit("ffmpeg failed")
    for path in sorted(target.iterdir()):
        print(f"private/film/{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["pictures", "film"]
    if "pictures" in wanted:
        pictures()
    if "film" in wanted:
        film()
