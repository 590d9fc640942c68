"""Checking and shrinking large photographs: the data tools and plain Pillow, in one run.

    python benchmarks/workshop_images.py [--image PHOTO.jpg] [--edge 600] [--repeat 10]

Plain Pillow decodes at full size; to shrink, it uses the same filter and saves at the same quality. Times are processor
times of one image on one thread, including reading and writing of the files.

Measured on two Intel Xeon cores that other work shared, Pillow 13.0, OpenCV 5.0: checking 2.4 times Pillow's speed (44
against 18 ms), shrinking to 600 px 4.1 times (138 against 34 ms); a photograph of 1.6 MB: 3.3 and 4.5 times.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from kdxf.data.pictures.resize import Resizing, resize_image
from kdxf.data.verification.image_checks import check_image
from kdxf.data.verification.options import Limits

QUALITY = 90


def draw_photo(path: Path, width: int = 3000, height: int = 4000) -> None:
    """Draw soft light with sensor noise, with about as many bytes as a phone would write."""
    random = np.random.default_rng(0)
    light = Image.fromarray(random.integers(40, 216, (24, 18, 3), dtype=np.uint8))
    pixels = np.asarray(light.resize((width, height), Image.Resampling.BICUBIC)) + random.normal(
        0, 4, (height, width, 3)
    )
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=QUALITY)


def pillow_check(path: Path) -> None:
    """Decode at full size."""
    with Image.open(path) as image:
        image.load()


def pillow_shrink(path: Path, out: Path, edge: int) -> None:
    """Decode at full size, shrink and save."""
    with Image.open(path) as image:
        scale = edge / max(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        image.resize(size, Image.Resampling.LANCZOS).save(out, quality=QUALITY)


def measure(ways: Mapping[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Time the ways in turns, under the same load; return the median processor time of each in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeat + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            times[name].append((time.process_time() - start) * 1e3)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path, help="a JPEG to use instead of a drawn one of 3000x4000")
    parser.add_argument("--edge", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "photo.jpg"
        if args.image:
            source.write_bytes(args.image.read_bytes())
        else:
            draw_photo(source)
        job = Resizing(folder, folder / "out", edge=args.edge, quality=QUALITY, overwrite=True)
        times = measure(
            {
                "Pillow, check": lambda: pillow_check(source),
                "kdxf, check": lambda: check_image(source, Limits()),
                "Pillow, shrink": lambda: pillow_shrink(source, folder / "small.jpg", args.edge),
                "kdxf, shrink": lambda: resize_image("photo.jpg", job),
            },
            args.repeat,
        )
        width, height = Image.open(source).size
        print(f"{width}x{height}, {source.stat().st_size / 1e6:.1f} MB, longest edge {args.edge}")
    for task in ("check", "shrink"):
        plain, ours = times[f"Pillow, {task}"], times[f"kdxf, {task}"]
        print(f"  {task:<7} Pillow {plain:6.1f} ms, kdxf {ours:6.1f} ms: {plain / ours:.1f} times as fast")


if __name__ == "__main__":
    main()
