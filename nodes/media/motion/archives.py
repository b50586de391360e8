"""Reads motion from .npz files of joint rotations, and from DeepMimic's JSON."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError
from understudy.nodes.media.motion.clip import Clip, check_numbers, named_apart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ARRAYS = ("expmap", "rotations")
"""An .npz that has one of these is motion."""

NAMES = "joints.txt"
"""The file with the joints' names, in the order of the arrays, beside the clips or above them."""

RATE = 30.0
"""Frames a second of an .npz that does not say."""

JOINTS = ("root", "chest", "neck", "right_hip", "right_knee", "right_ankle", "right_shoulder", "right_elbow",
          "left_hip", "left_knee", "left_ankle", "left_shoulder", "left_elbow")  # fmt: skip
"""DeepMimic's humanoid (Peng et al. 2018), in the order of its frames."""

HINGES = ("right_knee", "right_elbow", "left_knee", "left_elbow")
"""Its joints that turn about z only: one angle instead of a quaternion."""

WIDE = 44
"""Numbers of a frame: seconds, root, and the joints."""


def read_npz(path: Path) -> Clip:
    """A clip from an .npz.

    `expmap` is `(N, 1 + J, 3)`: where the root is, then each joint's rotation vector. `rotations` is
    `(N, J, 3)` rotation vectors, `(N, J, 4)` quaternions w, x, y, z or `(N, J, 3, 3)` matrices, with `root`
    `(N, 3)` beside it. `fps` and `joints` are optional.

    Raises:
        MediaError: An array is absent, damaged or of another shape.
    """
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except OSError as error:
        raise MediaError(path, f"It can't be read: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        raise MediaError(path, f"It is no whole .npz file ({error}). It may have been cut short.") from error
    vectors, root = _rotations(path, arrays)
    check_numbers(path, vectors, root)
    rate = float(arrays["fps"]) if "fps" in arrays else RATE
    return Clip(path, _names(path, arrays, vectors.shape[1]), None, None, vectors, root, rate)


def _rotations(path: Path, arrays: dict[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np
    from scipy.spatial.transform import Rotation

    if "expmap" in arrays:
        found = np.asarray(arrays["expmap"], np.float64)
        if found.ndim != 3 or found.shape[2] != 3 or found.shape[1] < 2:
            raise MediaError(path, f'"expmap" has the shape {found.shape}; expected (frames, 1 + joints, 3).')
        return found[:, 1:], found[:, 0]
    turned = np.asarray(arrays["rotations"], np.float64)
    root = np.asarray(arrays.get("root", np.zeros((len(turned), 3))), np.float64)
    if root.shape != (len(turned), 3):
        raise MediaError(path, f'"root" has the shape {root.shape}; expected ({len(turned)}, 3).')
    if turned.shape[2:] == (3,):
        return turned, root
    if turned.shape[2:] == (4,):
        flat = Rotation.from_quat(turned.reshape(-1, 4)[:, [1, 2, 3, 0]])
    elif turned.shape[2:] == (3, 3):
        flat = Rotation.from_matrix(turned.reshape(-1, 3, 3))
    else:
        raise MediaError(
            path, f'"rotations" has the shape {turned.shape}; expected (frames, joints, 3), 4 or 3 x 3.'
        )
    return flat.as_rotvec().reshape(*turned.shape[:2], 3), root


def _names(path: Path, arrays: dict[str, Any], count: int) -> tuple[str, ...]:
    names: list[str] = []
    if "joints" in arrays:
        names = [str(name) for name in arrays["joints"]]
    else:
        beside = next((folder / NAMES for folder in (path.parent, path.parent.parent)
                       if (folder / NAMES).is_file()), None)  # fmt: skip
        if beside is not None:
            names = beside.read_text(encoding="utf-8").split()
    names = names[1:] if len(names) == count + 1 else names
    if names and len(names) != count:
        raise MediaError(path, f"It has {count} joints, and {len(names)} names are given for them.")
    return named_apart(names) if names else tuple(f"joint{place}" for place in range(count))


def is_deep_mimic(path: Path) -> bool:
    """Whether a file is motion of DeepMimic, by its beginning."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(200)
    except OSError:
        return False
    return head.lstrip().startswith(b"{") and b'"Loop"' in head


def read_deep_mimic(path: Path) -> Clip:
    """A clip of DeepMimic's humanoid: x is forwards, y up, z to the right.

    Raises:
        MediaError: It is no whole JSON, or a frame has another number of values.
    """
    import numpy as np
    from scipy.spatial.transform import Rotation

    try:
        frames = json.loads(path.read_text(encoding="utf-8"))["Frames"]
        values = np.array(frames, np.float64)
    except OSError as error:
        raise MediaError(path, f"It can't be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise MediaError(path, f"It is no whole motion of DeepMimic ({error}). Was it cut short?") from error
    if values.ndim != 2 or values.shape[1] != WIDE:
        raise MediaError(path, f"Its frames are {values.shape}; expected {WIDE} values in each.")
    check_numbers(path, values)
    vectors, at = np.zeros((len(values), len(JOINTS), 3)), 4
    for joint, name in enumerate(JOINTS):
        if name in HINGES:
            vectors[:, joint, 2] = values[:, at]
        else:
            turned = values[:, at : at + 4][:, [1, 2, 3, 0]]
            vectors[:, joint] = Rotation.from_quat(turned).as_rotvec()
        at += 1 if name in HINGES else 4
    times = values[:-1, 0] if len(values) > 1 else values[:, 0]
    return Clip(path, JOINTS, None, None, vectors, values[:, 1:4], 1.0 / float(np.median(times)))
