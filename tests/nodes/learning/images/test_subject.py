"""Pairs of frames: how they are drawn, measured and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from understudy.nodes.learning.images.subject import ImageSubject


def test_a_batch_is_a_function_of_the_step(make_subject: Callable[..., ImageSubject]) -> None:
    """Whoever draws a step's batch, and whatever was drawn before, it is the same."""
    one, other = make_subject(), make_subject()
    other.batch(1, 2)
    for drawn, again in zip(one.batch(7, 2), other.batch(7, 2), strict=True):
        assert torch.equal(drawn, again)


def test_an_epoch_uses_every_pair_once(subject: ImageSubject) -> None:
    """Five steps of one crop draw each of five pairs once, in an order that the next epoch changes."""
    epochs = [[subject.described(5 * e + s, 1)[0].split(",")[0] for s in range(1, 6)] for e in range(6)]
    assert all(len(set(epoch)) == 5 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_held_out_pairs_are_measured_only(make_subject: Callable[..., ImageSubject]) -> None:
    """A held-out pair never comes up in a batch, and gives the same loss each time it is measured."""
    subject = make_subject(pairs=4, held_out=2)
    frames = {subject.described(step, 1)[0].split(",")[0] for step in range(1, 41)}
    assert frames == {f"frame {number}" for number in range(4)}
    network = subject.network()
    assert subject.validate(network) == subject.validate(network)
    assert make_subject().validate(network) is None


def test_the_contact_sheet_is_a_function_of_the_step(subject: ImageSubject) -> None:
    """The same network and step give the same picture; another step shows other crops."""
    network = subject.network()
    sheets = [np.asarray(subject.contact_sheet(network, step)) for step in (1, 1, 2)]
    assert np.array_equal(sheets[0], sheets[1])
    assert not np.array_equal(sheets[0], sheets[2])
