"""Networks that give labels: several that learn side by side."""

from __future__ import annotations

import torch

from understudy.nodes.learning.networks.labels import Ensemble, LabelNet, mlp
from understudy.nodes.learning.tables.recipes import build_network, description, restore_network
from understudy.nodes.networks.mlp import MLP

INPUTS = torch.randn(5, 1, 4, generator=torch.Generator().manual_seed(2))


def ensemble(members: int) -> Ensemble:
    """Small networks, their heads far from zero, so that their answers differ."""
    torch.manual_seed(1)
    nets = [mlp((1, 4), 3, neurons=6, layers=1) for _ in range(members)]
    for net in nets:
        torch.nn.init.normal_(net.head.weight)
    return Ensemble(nets).eval()


def test_a_ensemble_answers_with_the_mean_of_its_members() -> None:
    """Through features and head, as a trained model is applied, too."""
    net = ensemble(3)
    mean = torch.stack([member(INPUTS) for member in net.members]).mean(dim=0)
    torch.testing.assert_close(net(INPUTS), mean)
    torch.testing.assert_close(net.head(net.features(INPUTS)), mean)
    assert (net.members[0](INPUTS) - mean).abs().max() > 0.1


def test_each_member_learns_by_itself() -> None:
    """In training each gives an answer, so that its gradient is what it would be alone, shared by two."""
    net = ensemble(2).train()
    net(INPUTS).square().mean().backward()
    gradients = [net.members[0].get_parameter("head.weight").grad.clone()]  # type: ignore[union-attr]
    net.zero_grad()
    net.members[0](INPUTS).square().mean().backward()
    torch.testing.assert_close(gradients[0], 0.5 * net.members[0].get_parameter("head.weight").grad)  # type: ignore[operator]


def test_members_begin_with_weights_of_their_own() -> None:
    """All drawn by the one seed; a single member is the plain network that it was before."""
    recipe = MLP("n", {"ensemble": 2})
    net, again = (build_network(recipe, (1, 4), 3, seed=4) for _ in range(2))
    assert isinstance(net, Ensemble)
    first, second = (member.get_parameter("body.1.weight") for member in net.members)
    assert not torch.equal(first, second)
    assert torch.equal(first, again.get_parameter("members.0.body.1.weight"))
    assert isinstance(build_network(MLP("n"), (1, 4), 3, seed=4), LabelNet)


def test_a_checkpoint_from_before_there_were_ensembles_has_one_network() -> None:
    """Its header says nothing of them."""
    old = description(MLP("n"), (1, 4), 3)
    del old["knobs"]["ensemble"]
    assert isinstance(restore_network(old), LabelNet)
    assert len(restore_network(description(MLP("n", {"ensemble": 4}), (1, 4), 3)).members) == 4  # type: ignore[arg-type]
