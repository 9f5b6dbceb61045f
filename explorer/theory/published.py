"""Accuracy as it was published, with who published it: none of it is measured here."""

from __future__ import annotations

from explorer.findings.network import Published

_TORCHVISION = "torchvision, IMAGENET1K_V1"
_PAPER = "Huang et al. 2017, {table}"


def _imagenet(top1: float) -> Published:
    return Published("ImageNet", top1, _TORCHVISION)


def _cifar(error: float) -> Published:
    return Published("CIFAR-10+", round(100 - error, 2), _PAPER.format(table="table 2"))


def _he(error: float) -> Published:
    return Published("CIFAR-10+", round(100 - error, 2), "He et al. 2015, table 6")


#: Name → accuracy: single crop at 224²; CIFAR-10 with flips and shifts, last epoch.
PUBLISHED: dict[str, Published] = {
    "densenet121": _imagenet(74.434),
    "densenet161": _imagenet(77.138),
    "densenet169": _imagenet(75.600),
    "densenet201": _imagenet(76.896),
    "densenet264": Published("ImageNet", 77.85, _PAPER.format(table="table 3")),
    "resnet20": _he(8.75),
    "resnet32": _he(7.51),
    "resnet44": _he(7.17),
    "resnet56": _he(6.97),
    "resnet110": _cifar(6.61),  # as the authors of DenseNet have it; the best of five runs was 6.43
    "resnet18": _imagenet(69.758),
    "resnet34": _imagenet(73.314),
    "resnet50": _imagenet(76.130),
    "resnet101": _imagenet(77.374),
    "resnet152": _imagenet(78.312),
    "densenet40-k12": _cifar(5.24),
    "densenet100-k12": _cifar(4.10),
    "densenet100-k24": _cifar(3.74),
    "densenet-bc100-k12": _cifar(4.51),
    "densenet-bc250-k24": _cifar(3.62),
    "densenet-bc190-k40": _cifar(3.46),
}
