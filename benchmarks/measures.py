"""From samples to ratios: what is compared with what, and whether it is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """One target in one round: answers a second, and the web server's processor time for one."""

    rate: float
    milliseconds: float


Samples = Mapping[str, list[Sample]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A claim: `target` reaches at least `gate` of the rate of `base`; without gate it is told."""

    target: str
    base: str
    gate: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a comparison came to: the medians of both sides, and the ratio of their rates."""

    comparison: Comparison
    target: Sample
    base: Sample
    ratio: float

    @property
    def word(self) -> str:
        """Pass, fail, or a dash where nothing is claimed."""
        if self.comparison.gate is None:
            return "-"
        return "pass" if self.ratio >= self.comparison.gate else "fail"


def compare(comparison: Comparison, samples: Samples) -> Result:
    """Return the median of the ratios of each round, so that a slow minute counts for both sides.

    `samples` holds one sample a round for each target. Raises ValueError where rounds are missing.
    """
    targets, bases = samples[comparison.target], samples[comparison.base]
    ratios = [target.rate / base.rate for target, base in zip(targets, bases, strict=True)]
    return Result(comparison, _middle(targets), _middle(bases), median(ratios))


def _middle(samples: list[Sample]) -> Sample:
    return Sample(
        rate=median(sample.rate for sample in samples),
        milliseconds=median(sample.milliseconds for sample in samples),
    )


def needed(comparisons: Iterable[Comparison]) -> list[str]:
    """Return the targets that comparisons speak of, each once, in order of mention."""
    names = [name for found in comparisons for name in (found.base, found.target)]
    return list(dict.fromkeys(names))


def in_turn(names: list[str], round_number: int) -> list[str]:
    """Return the order of a round: each target comes first as often as the others."""
    cut = round_number % len(names)
    return names[cut:] + names[:cut]
