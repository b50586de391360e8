"""The player that needs nothing but numpy."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_deformer import deformer_of, write_deformer

from understudy.nodes.export.exporting import export
from understudy.nodes.export.models import playable
from understudy.nodes.export.models.describing import described, drawn_inputs
from understudy.nodes.export.models.player import Player
from understudy.nodes.learning.deformers.net import _ACTIVATIONS, NumpyNet
from understudy.nodes.networks.differential_deformer import DifferentialDeformer
from understudy.nodes.networks.global_deformer import GlobalDeformer
from understudy.nodes.networks.kernel_deformer import KernelDeformer
from understudy.nodes.networks.local_deformer import LocalDeformer

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.meshes.recipes import DeformerNode


def played(deformer: Deformer) -> Player:
    """The player of a deformer, without a folder."""
    told = described(deformer)
    told["understudy"] |= {"activation": playable.activation(deformer)}
    return Player(told, playable.numbers(deformer), playable.bases(deformer))


def differs(deformer: Deformer, inputs: np.ndarray) -> float:
    """How far the player is off, as a share of the diagonal."""
    given = deformer.inputs.clamped(inputs) if deformer.clamp else inputs
    ours = deformer.decoder.deltas(deformer.predictor.predict(deformer.inputs.standardised(given)))
    return float(np.abs(played(deformer).deltas(inputs) - ours).max()) / deformer.rig.diagonal


RECIPES = {
    "local": LocalDeformer("n"),
    "kernel": KernelDeformer("n"),
    "differential": DifferentialDeformer("n"),
    "global": GlobalDeformer("n"),
    "deltas": GlobalDeformer("n", {"output_mode": "delta"}),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_it_gives_the_deltas_of_the_original(tmp_path: Path, recipe: DeformerNode) -> None:
    """For every predictor and decoder; 1e-6 of the diagonal is rounding."""
    deformer = deformer_of(tmp_path, recipe)

    assert differs(deformer, drawn_inputs(deformer)) < 1e-6


@pytest.mark.parametrize("activation", list(_ACTIVATIONS))
def test_every_activation_is_played(tmp_path: Path, activation: str) -> None:
    """A net with random weights in every layer, which an untrained one has not."""
    deformer = deformer_of(tmp_path, LocalDeformer("n"))
    draw = np.random.Generator(np.random.Philox(key=4))
    assert isinstance(deformer.predictor, NumpyNet)
    weights = {
        name: each + 0.1 * draw.standard_normal(each.shape).astype(np.float32)
        if each.dtype == np.float32
        else each
        for name, each in deformer.predictor.weights.items()
    }
    shaken = replace(deformer, predictor=NumpyNet(activation, weights))

    assert differs(shaken, drawn_inputs(shaken)) < 1e-6


def test_inputs_are_held_inside_the_range_where_the_model_does(tmp_path: Path) -> None:
    """Far outside, too."""
    deformer = deformer_of(tmp_path, KernelDeformer("n")).clamped()

    assert differs(deformer, 5.0 * drawn_inputs(deformer)) < 1e-6


def test_the_folder_plays_itself_without_this_package(tmp_path: Path) -> None:
    """`python player.py inputs.npy deltas.npy`, isolated from everything but numpy; no torch is loaded."""
    deformer = deformer_of(tmp_path, LocalDeformer("n"))
    folder = tmp_path / "bar.mldf"
    export(write_deformer(tmp_path / "bar.cat", deformer), "mldf", folder)
    inputs = drawn_inputs(deformer)
    np.save(tmp_path / "inputs.npy", inputs)
    code = (
        "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__'); "
        "print([name for name in ('torch', 'understudy', 'onnx', 'scipy') if name in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-I", "-c", code, "bar.mldf/player.py", "inputs.npy", "deltas.npy"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    ours = deformer.decoder.deltas(deformer.predictor.predict(deformer.inputs.standardised(inputs)))
    assert told.stdout.strip() == "[]"
    assert np.abs(np.load(tmp_path / "deltas.npy") - ours).max() < 1e-6 * deformer.rig.diagonal
