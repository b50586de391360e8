"""Back ends: whoever computes a network, the pixels are the same."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.backends import backend
from understudy.nodes.learning.backends.backend import BROUGHT_BY, PACKAGES, Load, Split, installed, swapped
from understudy.nodes.learning.networks.unet import UNet

OTHERS = [name for name in PACKAGES if name != "torch"]


def _load(precision: str = "float32") -> Load:
    return Load(channels=3, precision=precision, at_once=2, threads=1)


def _network(*, colour: bool) -> UNet:
    """A small network with large weights in its last layer, so that a difference would show."""
    torch.manual_seed(4)
    network = UNet(3, 3 if colour else 1, size="small", colour=colour).eval()
    nn.init.normal_(network.last.weight, std=0.5)
    return network


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest) -> str:
    """The name of each back end but torch."""
    pytest.importorskip(PACKAGES[request.param])
    return str(request.param)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (2, 3, 48, 160)])
@torch.inference_mode()
def test_the_pixels_are_those_of_torch(other: str, shape: tuple[int, ...], colour: bool) -> None:  # noqa: FBT001 - a test's parameter
    """In float32 nothing but rounding differs, for any batch and size; outputs are about 1 in size."""
    network, pixels = _network(colour=colour), torch.randn(shape)
    found = swapped(network, other, _load())(pixels)
    assert network(pixels).shape == found.shape
    torch.testing.assert_close(found, network(pixels), atol=1e-4, rtol=0)


@torch.inference_mode()
def test_what_wants_float32_stays_in_float32() -> None:
    """Where bfloat16 has nothing to add, a colour effect is its input to the bit."""
    pytest.importorskip("openvino")
    network = _network(colour=True)
    for layer in (network.last, network.colour_branch.third):  # type: ignore[union-attr]
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    pixels = torch.randn(1, 3, 64, 64)
    assert torch.equal(swapped(network, "openvino", _load("bfloat16"))(pixels), pixels)


@torch.inference_mode()
def test_a_network_that_says_nothing_is_computed_whole(other: str) -> None:
    """Networks without a spatial part of their own are computed in float32 even where bfloat16 is asked."""
    network = nn.Conv2d(3, 2, 3, padding=1)
    pixels = torch.randn(1, 3, 32, 48)
    found = swapped(network, other, _load("bfloat16"))
    assert not isinstance(found, Split)
    torch.testing.assert_close(found(pixels), network(pixels), atol=1e-5, rtol=0)


def test_torch_leaves_a_network_alone() -> None:
    """The back end torch is the network itself."""
    network = _network(colour=False)
    assert swapped(network, "torch", _load()) is network


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a back end that is not there learns what to install."""
    monkeypatch.setattr(backend, "find_spec", lambda name: name == "torch" or None)
    assert installed() == ("torch",)
    for name in OTHERS:
        with pytest.raises(UnderstudyError, match=re.escape(f"pip install '{BROUGHT_BY[name]}'")):
            swapped(_network(colour=False), name, _load())


class _Odd(nn.Module):
    """Uses an operator that neither library has."""

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return torch.special.i1(x_NCHW)


def test_a_network_that_it_cant_compute_is_refused_in_a_sentence(other: str) -> None:
    """The error says which library and why."""
    with pytest.raises(UnderstudyError, match=r"can't (compute|hold) this network: "):
        swapped(_Odd(), other, _load())


def test_a_signal_is_survived_after_another_thread_let_go_of_a_network() -> None:
    """OpenVINO lends the thread that loads it a stack for signals: it stays as long as the thread."""
    pytest.importorskip("openvino")
    code = """
import os, signal, threading
from torch import nn
from understudy.nodes.learning.backends.backend import Load
from understudy.nodes.learning.backends.openvino import compiled

caught = []
signal.signal(signal.SIGTERM, lambda *_: caught.append(True))
networks = [compiled(nn.Conv2d(3, 3, 1), Load(channels=3, precision="float32", at_once=1, threads=1))]
thread = threading.Thread(target=networks.clear)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGTERM)
raise SystemExit(0 if caught else 1)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_first_frames_at_the_same_moment_do_not_wait_for_each_other() -> None:
    """Three threads of a new process infer at once, and all of them end; of ten such processes three hung.

    What is made at the first inference is made before, so that no thread holds what another waits for.
    """
    pytest.importorskip("openvino")
    code = """
import sys, threading
import torch
from understudy.nodes.learning.backends.backend import Load
from understudy.nodes.learning.backends.openvino import compiled

network = compiled(torch.nn.Conv2d(3, 3, 1), Load(channels=3, precision="float32", at_once=2, threads=1))
gate = threading.Barrier(3)
sys.setswitchinterval(1e-6)

def first():
    gate.wait()
    network(torch.ones(1, 3, 8, 8))

threads = [threading.Thread(target=first, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
sys.exit(any(thread.is_alive() for thread in threads))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=90).returncode == 0
