"""Decoding a 1080x1440 JPEG for a 256 px input: Pillow, OpenCV and kdxf, in one run.

    python benchmarks/decode.py [--image PHOTO.jpg] [--quality 75 85 95] [--repeat 50]

Every way ends in a 256 px short edge with bilinear interpolation, on one thread; times are processor time. The ratio
depends on the amount of coded data: reduced scale saves the inverse transform and the pixels, not the reading of the
coded bits. Uploaded photographs of this size have about one bit per pixel.

Measured on two Intel Xeon cores, Pillow 13.0, OpenCV 5.0, times Pillow's speed: 6.2 at quality 75 (0.8 bits per pixel;
14.0 ms against 2.2 ms), 5.2 at 85 (1.2 bits), 3.4 at 95 (2.6 bits). On a 348x348 JPEG in full, kdxf adds 1 % to OpenCV.
"""

import argparse
import io
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw
from PIL import __version__ as pillow_version

from kdxf_runtime.io.images import decode_image

EDGE = 256
SMALL = 348  # the photographs of GroceryStoreDataset


def draw_photo(width: int, height: int, quality: int) -> bytes:
    """Draw soft light, hard edges, lettering and sensor noise."""
    random = np.random.default_rng(0)
    light = Image.fromarray(random.integers(40, 216, (6, 5, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    pen = ImageDraw.Draw(light)
    for _ in range(80):
        x, y, size = random.integers((0, 0, 10), (width, height, width // 6)).tolist()
        colour = tuple(random.integers(0, 256, 3).tolist())
        pen.ellipse((x, y, x + size, y + size // 2), fill=colour)
        pen.text((y % width, x % height), "SALE 50% milk 3,0", fill=colour, font_size=max(8, width // 40))
    pixels = np.asarray(light) + random.normal(0, 2.5, (height, width, 3))
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def shrink(image: np.ndarray | None) -> np.ndarray:
    """Resize to the short edge, as MMPretrain's ResizeEdge does."""
    if image is None:
        raise ValueError("OpenCV cannot decode this image")
    scale = EDGE / min(image.shape[:2])
    return cv2.resize(image, (round(image.shape[1] * scale), round(image.shape[0] * scale)))


def pillow(data: bytes, draft: bool) -> np.ndarray:
    """Decode as torchvision's pipelines do, optionally with Pillow's own reduced scale."""
    image = Image.open(io.BytesIO(data))
    if draft:
        image.draft("RGB", (EDGE, EDGE))
    scale = EDGE / min(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    return np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR))


def opencv(data: bytes) -> np.ndarray | None:
    """Decode at full size."""
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def measure(ways: Mapping[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Time the ways in turns, under the same load; return the median processor time of each in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeat + 3):
        for name, way in ways.items():
            start = time.process_time()
            way()
            times[name].append((time.process_time() - start) * 1e3)
    return {name: statistics.median(values[3:]) for name, values in times.items()}


def machine() -> str:
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


def compare(data: bytes, repeat: int) -> None:
    """Print one line per way to get from ``data`` to a small picture."""
    width, height = Image.open(io.BytesIO(data)).size
    print(f"{width}x{height}, {len(data) / 1024:.0f} KiB, {len(data) * 8 / width / height:.2f} bits per pixel")
    ways = {
        "Pillow": lambda: pillow(data, draft=False),
        "Pillow, draft": lambda: pillow(data, draft=True),
        "OpenCV": lambda: shrink(opencv(data)),
        "kdxf": lambda: shrink(decode_image(data, EDGE)),
    }
    times = measure(ways, repeat)
    for name, value in times.items():
        print(f"  {name:<14} {value:6.2f} ms   {times['Pillow'] / value:4.1f} times Pillow")


def main() -> None:
    """Print a table for the large image, and the overhead of kdxf over OpenCV on a small one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path, help="a JPEG to decode instead of drawn ones")
    parser.add_argument("--quality", type=int, nargs="+", default=[75, 85, 95], help="JPEG qualities of drawn ones")
    parser.add_argument("--repeat", type=int, default=50)
    args = parser.parse_args()
    cv2.setNumThreads(0)
    print(f"{machine()}, Pillow {pillow_version}, OpenCV {cv2.__version__}")
    images = [args.image.read_bytes()] if args.image else [draw_photo(1080, 1440, quality) for quality in args.quality]
    for data in images:
        compare(data, args.repeat)
    small = draw_photo(SMALL, SMALL, 90)
    times = measure({"OpenCV": lambda: opencv(small), "kdxf": lambda: decode_image(small)}, args.repeat * 10)
    print(f"{SMALL}x{SMALL}, {len(small) / 1024:.0f} KiB, no scaling: OpenCV {times['OpenCV']:.3f} ms, ", end="")
    print(f"kdxf {times['kdxf']:.3f} ms ({times['kdxf'] / times['OpenCV'] - 1:+.1%})")


if __name__ == "__main__":
    main()
