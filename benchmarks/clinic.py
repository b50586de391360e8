"""What the clinic finds, what it wrongly finds, and what it costs; and what its quarantine gains.

    python benchmarks/clinic.py                        all of these but spoilt: some three minutes
    python benchmarks/clinic.py pairs speed            parts by name
    python benchmarks/clinic.py spoilt                 trainings on clean, spoilt and quarantined sets

Needs the folder of real clips (UNDERSTUDY_SHARED_DATA). Pairs and copies are made of them by the functions
below, with numbers drawn from a fixed seed. The thresholds were chosen with these sets in view, but those of
`unseen`, which says what other footage gives.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from real_pictures import (
    CLIPS,
    DAVIS,
    SHARED,
    eight_bits,
    encoded,
    look,
    moved,
    movie,
    photos,
    pixels_of,
    scaled,
)
from scipy import ndimage

from understudy import Graph
from understudy.nodes.diagnosis.duplicates import duplicates
from understudy.nodes.diagnosis.measures import measure
from understudy.nodes.diagnosis.reducing import grey
from understudy.nodes.diagnosis.sets import set_faults
from understudy.nodes.diagnosis.sharpness import sharpness_and_noise
from understudy.nodes.diagnosis.transfer import srgb_decoded, srgb_encoded
from understudy.nodes.media.images.reading import read_frame
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from real_pictures import Pairs, Pixels

# --- pairs -------------------------------------------------------------------------------------------------


def healthy_sets() -> dict[str, Pairs]:
    """Forty real pairs in sets of one job each: mattes, clean pages, a movie, a deblurring, a film look."""
    sets: dict[str, Pairs] = {}
    for clip in CLIPS:
        numbers = (1, 11, 21, 28, 37)
        sets[f"mattes of {clip}"] = [
            (pixels_of(DAVIS / clip / f"frames/{n:05d}.jpg"), pixels_of(DAVIS / clip / f"masks/{n:05d}.png"))
            for n in numbers
        ]
    office = SHARED / "paired_cleanup_noisyoffice"
    with (office / "pairs.csv").open() as file:
        names = [row["file"] for row in csv.DictReader(file)]
    sets["cleaned pages"] = [
        (pixels_of(office / "input" / name), pixels_of(office / "target" / name)) for name in names[::4]
    ]
    distorted, pristine = (
        movie(SHARED / f"paired_video_carphone/carphone_{kind}.mp4") for kind in ("distorted", "pristine")
    )
    sets["movie restored"] = [(distorted[n], pristine[n]) for n in range(3, 120, 20)]
    frames = [pixels_of(DAVIS / "libby" / f"frames/{n:05d}.jpg") for n in range(2, 49, 7)]
    sets["deblurred"] = [(ndimage.gaussian_filter(one, (1.2, 1.2, 0)), one) for one in frames[:6]]
    graded = look()
    frames = [pixels_of(DAVIS / "blackswan" / f"frames/{n:05d}.jpg") for n in range(3, 50, 7)]
    sets["film look"] = [(one, graded(one)) for one in frames]
    return sets


def spoilt(fault: str, source: Pixels, truth: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """A pair with a fault."""
    if fault == "swapped":
        return truth, source
    if fault == "misaligned":
        x, y = (rng.integers(3, 20, 2) * rng.choice((-1, 1), 2)).tolist()
        return source, moved(truth, x, y)
    if fault == "gamma":
        curve = (srgb_decoded, srgb_encoded)[int(rng.integers(2))]
        return source, np.asarray(curve(truth), np.float32)
    assert fault == "empty matte"
    return source, np.zeros_like(truth)


def faulty_cases(sets: dict[str, Pairs]) -> Iterator[tuple[str, str, int, list[tuple[Pixels, Pixels]]]]:
    """Forty cases: a set, the fault that one of its pairs was given, and which."""
    rng = np.random.default_rng(8)
    plan = {name: ["misaligned", "swapped", "empty matte"] for name in sets if name.startswith("mattes")}
    plan |= {name: ["misaligned", "swapped", "gamma"] for name in sets if name not in plan}
    count = 0
    for turn in range(10):
        for name, faults in plan.items():
            if turn < 2 * len(faults) and count < 40:
                fault, place = faults[turn % len(faults)], int(rng.integers(len(sets[name])))
                pairs = list(sets[name])
                pairs[place] = spoilt(fault, *pairs[place], rng)
                count += 1
                yield name, fault, place, pairs


def pairs_table() -> None:
    """Healthy pairs, and cases with a fault in one pair."""
    sets = healthy_sets()
    alarms = {name: sum(map(bool, set_faults(pairs))) for name, pairs in sets.items()}
    count = sum(map(len, sets.values()))
    print(f"pairs: {count} healthy, false alarms {sum(alarms.values())}")
    right: dict[str, list[bool]] = {}
    others = 0
    for name, fault, place, pairs in faulty_cases(sets):
        found = set_faults(pairs)
        kinds = {one.kind for one in found[place]}
        right.setdefault(fault, []).append(kinds == {fault})
        others += sum(bool(one) for number, one in enumerate(found) if number != place)
        if kinds != {fault}:
            print(f"  missed: {fault} in {name}: found {kinds or 'nothing'}")
    for fault, named in right.items():
        print(f"  {fault:12} {sum(named)} of {len(named)} named rightly")
    total = sum(map(len, right.values()))
    print(f"  together {sum(map(sum, right.values()))} of {total}; false alarms beside them {others}")


def unseen_table() -> None:
    """Faults in pairs of sets that had no part in choosing thresholds."""
    from unseen_sets import compare

    compare()


# --- sharpness ---------------------------------------------------------------------------------------------


def sharpness_table() -> None:
    """Triplets of real blur, and made ladders of blur."""
    triplets: dict[str, dict[str, float]] = {}
    for path in sorted((SHARED / "photos_blur_triplets").glob("*.jpg")):
        scene, _, kind = path.stem.rpartition("_")
        triplets.setdefault(scene, {})[kind] = sharpness_and_noise(grey(pixels_of(path)))[0]
    right = sum(one["S"] > max(one["F"], one["M"]) for one in triplets.values())
    print(f"sharpness: sharp before both blurred ones in {right} of {len(triplets)} triplets")
    for scene, one in triplets.items():
        print(f"  {scene:24}" + "  ".join(f"{kind} {value:.3f}" for kind, value in one.items()))
    steps = (0.0, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0)
    pictures = [pixels_of(path) for path in sorted((SHARED / "photos_kodak").glob("*.png"))]
    ladders = [
        [sharpness_and_noise(grey(ndimage.gaussian_filter(one, (s, s, 0))))[0] for s in steps]
        for one in pictures
    ]
    falls = [after < before for ladder in ladders for before, after in pairwise(ladder)]
    print(f"  ladders of blur: {np.mean(falls):.1%} of {len(falls)} neighbouring steps in order")
    across = np.mean([one[0] > other[7] for one in ladders for other in ladders])
    print(f"  any photo before any other one that is blurred by 2 pixels: {across:.1%}")


# --- duplicates --------------------------------------------------------------------------------------------


def brighter(plain: Pixels) -> Pixels:
    """One stop brighter, and clipped."""
    display = srgb_encoded(2 * srgb_decoded(plain.astype(np.float64)))
    return np.asarray(eight_bits(display.astype(np.float32)), np.float32) / 255


COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "JPEG of quality 50": lambda plain: encoded(plain, 50),
    "5 % smaller": lambda plain: scaled(plain, 0.95),
    "5 % larger": lambda plain: scaled(plain, 1.05),
    "one stop brighter": brighter,
    "all three": lambda plain: encoded(brighter(scaled(plain, 0.95)), 75),
}


def duplicates_table() -> None:
    """Copies hidden among photographs and the frames of four clips, of which neighbours are alike."""
    frames = [pixels_of(path) for clip in CLIPS for path in sorted((DAVIS / clip / "frames").iterdir())]
    frames += movie(SHARED / "paired_video_carphone/carphone_pristine.mp4")
    pictures = photos()
    originals = dict(enumerate(measure(one, linear=False) for one in pictures + frames))
    false = duplicates(originals)
    print(f"duplicates: among {len(originals)} different frames, false ones {len(false)}")
    hidden, of = dict(originals), {}
    copied = [*range(len(pictures)), *range(len(pictures) + 4, len(originals), 9)]
    for number in copied:
        plain = (pictures + frames)[number]
        for name, change in COPIES.items():
            of[len(hidden)] = (number, name)
            hidden[len(hidden)] = measure(change(plain), linear=False)
    began = time.process_time()
    found = duplicates(hidden)
    seconds = time.process_time() - began
    for name in COPIES:
        rows = [(copy, number) for copy, (number, kind) in of.items() if kind == name]
        print(f"  {name:20} {sum(found.get(copy) == number for copy, number in rows)} of {len(rows)} found")
    wrong = sum(number not in of for number in found)
    print(f"  false ones {wrong}; {seconds:.2f} CPU s for {len(hidden)} frames")


# --- speed -------------------------------------------------------------------------------------------------


def speed_table() -> None:
    """The clinic against merely decoding the same frames, as many at a time, in turn."""
    from concurrent.futures import ThreadPoolExecutor

    cores = os.cpu_count() or 1
    print(f"speed: of merely decoding, by {cores} threads; wall clock and CPU seconds")
    for name, pattern, repeats in (
        ("JPEG 854 x 480", DAVIS / "blackswan/frames/#####.jpg", 6),
        ("EXR 2048 x 1556", SHARED / "exr_sequence_beachball/Beachball__singlepart.####.exr", 5),
    ):
        with tempfile.TemporaryDirectory() as folder:
            paths = _copies(pattern, Path(folder), repeats)
            spent = np.zeros((2, 2))
            for turn in range(4):
                clocks = time.perf_counter(), time.process_time()
                with ThreadPoolExecutor(cores) as pool:
                    list(pool.map(lambda path: read_frame(path).pixels.shape, paths))
                middle = time.perf_counter(), time.process_time()
                _examine(paths, Path(folder) / f"clinic{turn}.jsonl")
                after = time.perf_counter(), time.process_time()
                if turn:  # the first warms the files up
                    spent += np.array([np.subtract(middle, clocks), np.subtract(after, middle)])
            each = spent / len(paths) / 3 * 1000
            print(
                f"  {name:16} decoding {each[0, 0]:.1f} ms ({each[0, 1]:.1f} CPU), "
                f"clinic {each[1, 0]:.1f} ms ({each[1, 1]:.1f} CPU): "
                f"{each[0, 0] / each[1, 0]:.2f} x, {each[0, 1] / each[1, 1]:.2f} x by CPU"
            )


def _copies(pattern: Path, folder: Path, repeats: int) -> list[Path]:
    """A longer sequence of links to the same files."""
    from understudy.graph.ranges import find_frames

    files = list(find_frames(pattern).values()) * repeats
    paths = [folder / f"f.{number:04d}{pattern.suffix}" for number in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.symlink_to(file)
    return paths


def _examine(paths: list[Path], kept: Path) -> None:
    import threading

    from understudy.nodes.diagnosis.examination import Examination
    from understudy.nodes.diagnosis.findings import diagnose
    from understudy.nodes.media.images.sequence import FileFrames
    from understudy.runtime.context import Context
    from understudy.runtime.store import Store

    frames = FileFrames(dict(enumerate(paths)), str)
    context = Context("clinic", "", "", "", Graph(), Settings(), kept.parent, Store(None), threading.Event(),
                      lambda _: None)  # fmt: skip
    diagnose(Examination(frames, None, kept).run(context, frames.numbers))


# --- a spoilt set ------------------------------------------------------------------------------------------


def spoilt_table(steps: int) -> None:
    """Trainings on a clean set, on the same with a fifth of its pairs spoilt, and with the quarantine."""
    from spoilt_sets import compare

    compare(steps)


PARTS: dict[str, Callable[[], Any]] = {
    "pairs": pairs_table,
    "unseen": unseen_table,
    "sharpness": sharpness_table,
    "duplicates": duplicates_table,
    "speed": speed_table,
}


def main() -> None:
    """Prints the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "spoilt", []], help="the parts; all but spoilt")
    parser.add_argument("--steps", type=int, default=600, help="of each training on a spoilt set")
    asked = parser.parse_args()
    for part in asked.parts or PARTS:
        spoilt_table(asked.steps) if part == "spoilt" else PARTS[part]()


if __name__ == "__main__":
    main()
