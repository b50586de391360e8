"""How far off a deformer may be: per pose and vertex, in scene units, and how errors of poses go together.

A net gets the Laplace approximation of its last layer (Kristiadi et al. 2020, "Being Bayesian, even just a
bit, fixes overconfidence in ReLU networks"): Bayesian regression on its last hidden features. A kernel has
the variance of its Gaussian process. Several nets that were trained beside each other have the variance
between them (Lakshminarayanan et al. 2017, "Simple and scalable predictive uncertainty estimation using deep
ensembles"). All tell poses apart well and are wrong in size, so that it is fitted on validation poses: for
each coefficient of a segment, and for each vertex.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from understudy.nodes.learning.deformers.local import LocalKernel
from understudy.nodes.learning.deformers.net import NumpyNet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.deformers.local import LocalRidge
    from understudy.nodes.learning.deformers.measuring import Errors
    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.media.meshes.posed import PosedMeshes

    Floats = NDArray[np.float32]

_BLOCK = 32
_MOST_DIRECTIONS = 128
_PRIOR_POSES = 5


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Variances of a deformer's coefficients.

    Attributes:
        roots: For each segment a matrix R `(F_s, R_s)`, flattened, float64: of features f, |f R|^2 is the
            variance (of a net or ridge), or what is known of it (of a kernel). Of nets that are apart the
            features are how far, and there is no matrix: F_s is 0.
        sizes: `(S, 2)`, F_s and R_s.
        noise: `(S, K)` float32, variance of each coefficient where that variance is 1.
        scale: What the standard deviation of each vertex is multiplied by, `(V,)`; fitted on validation
            poses. One number for all vertices `()` in models that are older.
    """

    roots: NDArray[np.float64]
    sizes: NDArray[np.int64]
    noise: NDArray[np.float32]
    scale: NDArray[np.floating[Any]]

    def shares(self, deformer: Deformer, inputs: Floats) -> NDArray[np.float64]:
        """Of inputs `(N, D)`: how unlike the training poses each segment finds them, `(N, S)`."""
        found = np.empty((len(inputs), len(self.sizes)))
        starts = np.concatenate([[0], np.cumsum(self.sizes.prod(axis=1))])
        for segment, features, prior in _features(deformer.predictor, inputs):
            root = self.roots[starts[segment] : starts[segment + 1]].reshape(self.sizes[segment])
            explained = (_through(features, root) ** 2).sum(axis=1)
            found[:, segment] = explained if prior is None else np.maximum(prior - explained, 1e-12)
        return found

    def of_vertices(self, deformer: Deformer, inputs: Floats) -> Floats:
        """Of standardised inputs `(N, D)`: the deviation of each vertex, `(N, V)`, in scene units."""
        variances = np.asarray(self.shares(deformer, inputs)[:, :, None] * self.noise, np.float32)
        decoder: Any = deformer.decoder
        return np.asarray(np.sqrt(decoder.variances(variances)) * self.scale, np.float32)

    def played(self, deformer: Deformer, poses: PosedMeshes) -> Iterator[Floats]:
        """The standard deviations of a sequence, blocks `(n, V)` in scene units."""
        inputs = deformer.seen(poses.controls, poses.joint_matrices)
        for block in poses.blocks(_BLOCK):
            yield self.of_vertices(deformer, inputs[block])

    def of_poses(self, deformer: Deformer, poses: PosedMeshes) -> NDArray[np.float64]:
        """The expected root mean square error of each pose, `(N,)`, in scene units."""
        played = self.played(deformer, poses)
        return np.concatenate([np.sqrt((block.astype(np.float64) ** 2).mean(axis=1)) for block in played])

    def beliefs(self, deformer: Deformer, inputs: Floats) -> Beliefs:
        """Of standardised inputs `(N, D)`: how the errors of the poses go together; N of some hundreds."""
        predictor: Any = deformer.predictor
        starts = np.concatenate([[0], np.cumsum(self.sizes.prod(axis=1))])
        together, noise = np.empty((len(self.sizes), len(inputs), len(inputs))), np.ones(len(self.sizes))
        for segment, features, prior in _features(predictor, inputs):
            root = self.roots[starts[segment] : starts[segment + 1]].reshape(self.sizes[segment])
            explained = _through(features, root)
            together[segment] = explained @ explained.T
            if prior is not None:
                together[segment] = predictor.alike(segment, inputs, inputs) - together[segment]
                noise[segment] = predictor.strengths[segment]
        own = np.zeros((len(self.sizes), *self.noise.shape), np.float32)
        own[np.arange(len(own)), np.arange(len(own))] = self.noise
        decoder: Any = deformer.decoder
        return Beliefs((decoder.variances(own) * self.scale**2).mean(axis=1), together, noise)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        return {"roots": self.roots, "sizes": self.sizes, "noise": self.noise, "scale": self.scale}

    @classmethod
    def built(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """The uncertainty that gave these arrays."""
        return cls(arrays["roots"], arrays["sizes"], arrays["noise"], arrays["scale"])


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What a Gaussian model believes of the errors of some poses.

    Attributes:
        sizes: `(S,)`, a segment's part in the mean squared error of a pose where its variance is 1.
        together: `(S, N, N)`, covariances between poses.
        noise: `(S,)`, the variance of what a captured pose tells.
    """

    sizes: NDArray[np.floating[Any]]
    together: NDArray[np.float64]
    noise: NDArray[np.float64]

    def expected(self) -> NDArray[np.float64]:
        """The expected mean squared error of each pose, `(N,)`."""
        return np.asarray(self.sizes @ self._own())

    def told(self) -> NDArray[np.float64]:
        """By how much capturing each pose would lower the sum of `expected`, `(N,)`."""
        return np.asarray(self.sizes @ ((self.together**2).sum(axis=1) / (self._own() + self.noise[:, None])))

    def after(self, row: int) -> Beliefs:
        """What is believed once this pose has been captured."""
        column = self.together[:, :, row] / np.sqrt(self._own()[:, row] + self.noise)[:, None]
        return replace(self, together=self.together - column[:, :, None] * column[:, None])

    def _own(self) -> NDArray[np.float64]:
        return np.maximum(np.diagonal(self.together, axis1=1, axis2=2), 0.0)


def fit_uncertainty(
    deformer: Deformer, prepared: Prepared, validation: PosedMeshes, found: Errors
) -> Uncertainty:
    """Fits the variances on the training poses, and their size on the validation poses.

    Args:
        deformer: Whose errors are told.
        prepared: What it was made from.
        validation: Poses never trained on.
        found: Its errors on them.
    """
    predictor = deformer.predictor
    trained = predictor.poses if isinstance(predictor, LocalKernel) else prepared.training[0]
    strengths = predictor.strengths if isinstance(predictor, LocalKernel) else np.zeros(0)
    apart = isinstance(predictor, NumpyNet) and predictor.members > 1
    roots = [
        np.zeros((0, 0)) if apart else _root(features, None if prior is None else float(strengths[segment]))
        for segment, features, prior in _features(predictor, trained)
    ]
    blank = np.ones(prepared.training[1].shape[1:], np.float32)
    sizes = np.array([root.shape for root in roots], np.int64)
    raw = Uncertainty(np.concatenate([root.ravel() for root in roots]), sizes, blank, np.ones((), np.float32))
    inputs, targets = prepared.validation
    missed = ((targets - predictor.predict(inputs)).astype(np.float64) ** 2).mean(axis=0)
    shares = raw.shares(deformer, inputs).mean(axis=0)
    raw = replace(raw, noise=(missed / np.maximum(shares, 1e-30)[:, None]).astype(np.float32))
    return replace(raw, scale=_scale(raw, deformer, validation, found))


def _scale(raw: Uncertainty, deformer: Deformer, validation: PosedMeshes, found: Errors) -> Floats:
    """Rms error over rms deviation of each vertex, drawn to that of all as by some poses more."""
    squares = sum((block.astype(np.float64) ** 2).sum(axis=0) for block in raw.played(deformer, validation))
    told = np.asarray(squares) / len(validation)
    told = np.maximum(told, 1e-6 * told.mean() + 1e-30)
    usual = found.rms**2 / told.mean()
    ratio = (len(validation) * found.vertices**2 / told + _PRIOR_POSES * usual) / (
        len(validation) + _PRIOR_POSES
    )
    return np.asarray(np.sqrt(ratio), np.float32)


def _through(features: NDArray[Any], root: NDArray[np.float64]) -> NDArray[Any]:
    return features @ root if len(root) else features.astype(np.float64)


def _root(features: NDArray[Any], strength: float | None) -> NDArray[np.float64]:
    """R with R R^T the inverse of H^T H + 1 of features H; of a kernel's own matrix, that of K + strength."""
    gram = (features.T @ features if strength is None else features).astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    if strength is not None:
        values, vectors = values[-_MOST_DIRECTIONS:], vectors[:, -_MOST_DIRECTIONS:]
    added = 1.0 if strength is None else strength
    return np.asarray(vectors / np.sqrt(np.maximum(values, 0.0) + added))


def _features(predictor: Any, inputs: Floats) -> Iterator[tuple[int, NDArray[Any], float | None]]:
    """For each segment its features `(N, F)`; and for a Gaussian process the variance far from all poses.

    The features are how far several nets are from their mean, last hidden layer and 1 of one net, inputs and
    1 of a ridge, nearness to the training poses of a kernel.
    """
    ones = np.ones((len(inputs), 1), np.float32)
    if isinstance(predictor, NumpyNet) and predictor.members > 1:
        for segment, apart in enumerate(predictor.disagreement(inputs)):
            yield segment, apart, None
        return
    if isinstance(predictor, NumpyNet):
        for segment, hidden in enumerate(predictor.hidden(inputs)):
            yield segment, np.concatenate([hidden, ones], axis=1), None
        return
    ridge: LocalRidge = predictor.ridge if isinstance(predictor, LocalKernel) else predictor
    for segment, weights in enumerate(ridge.weights):
        if isinstance(predictor, LocalKernel) and predictor.kept[segment]:
            yield segment, predictor.nearness(int(segment), inputs), 1.0
        else:
            used = np.abs(weights).max(axis=1) > 0.0
            yield segment, np.concatenate([inputs[:, used], ones], axis=1), None
