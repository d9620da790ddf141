"""The network to train: YOLOv8n started from weights that are read out of an ONNX file: COCO's, or our own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import ModelError
from models.training.recipe import LABELS

COCO_CLASSES = 80
LAST_BIAS = "model.22.cv3.0.2.bias"  # one number for each label
HALF = "_half"  # what `models.training.export` adds to the name of a kernel that it stores in half precision


def prepare_torchvision() -> Any:
    """Make Ultralytics importable beside a torch without torchvision's compiled operators.

    torchvision's own import looks up the schemas of two operators that a processor-only build lacks. Training
    and export never call them. Returns the registration, which lives as long as it is kept.
    """
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def started_from(onnx_file: Path, calibration: npt.NDArray[np.float32]) -> Any:
    """Return an Ultralytics `DetectionModel` with the weights and the labels of a fused yolov8n.

    calibration: (N, 3, H, W) float32 RGB 0..1, pictures like those to be trained on.

    An exported network has its batch normalisation folded into the convolutions. To train with normalisation
    again, each convolution's output is measured on `calibration`, and a normalisation with exactly these
    statistics is put behind it whose scale and shift undo them: the same function, trainable as ever.
    """
    weights = _initialisers(onnx_file)
    model = _bare(COCO_CLASSES)  # also beneath our own labels: the width of the head follows from it
    if len(weights.get(LAST_BIAS, ())) == len(LABELS):
        model = for_our_labels(model)
    convolutions = {name: module for name, module in model.named_modules() if hasattr(module, "bn")}
    for name, module in convolutions.items():
        _load_fused(name, module, weights)
    for name, module in model.named_modules():
        if getattr(module, "bias", None) is not None and f"{name}.bias" in weights:  # the plain last layers
            _copy(module.weight, weights, f"{name}.weight")
            _copy(module.bias, weights, f"{name}.bias")
    _measure(model, list(convolutions.values()), calibration)
    return model


def for_our_labels(model: Any) -> Any:
    """Give a network of other labels ours: only the last layer of each class branch is new."""
    import math

    import torch

    head = model.model[-1]
    if head.nc == len(LABELS):
        return model
    for branch, stride in zip(head.cv3, head.stride.tolist(), strict=True):
        old = branch[-1]
        new = torch.nn.Conv2d(old.in_channels, len(LABELS), 1)
        torch.nn.init.normal_(new.weight, std=0.01)
        # A prior of few objects a picture, as Ultralytics starts its own heads.
        torch.nn.init.constant_(new.bias, math.log(5 / len(LABELS) / (640 / stride) ** 2))
        branch[-1] = new
    head.nc, head.no = len(LABELS), len(LABELS) + 4 * head.reg_max
    model.nc, model.names = len(LABELS), dict(enumerate(LABELS))
    model.yaml = {**model.yaml, "nc": len(LABELS)}
    return model


def _bare(classes: int) -> Any:
    from ultralytics.nn.tasks import DetectionModel
    from ultralytics.utils import IterableSimpleNamespace

    model = DetectionModel("yolov8n.yaml", nc=classes, verbose=False)
    model.args = IterableSimpleNamespace(box=7.5, cls=0.5, dfl=1.5)  # Ultralytics' own weights of the three losses
    return model.eval()


def _initialisers(onnx_file: Path) -> dict[str, npt.NDArray[np.float32]]:
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load(onnx_file).graph
    except Exception as error:
        raise ModelError(f"{onnx_file}: not a readable ONNX file") from error
    kinds = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}
    floats = [item for item in graph.initializer if item.data_type in kinds]
    return {item.name.removesuffix(HALF): numpy_helper.to_array(item).astype(np.float32) for item in floats}


def _copy(into: Any, weights: dict[str, npt.NDArray[np.float32]], name: str) -> None:
    import torch

    found = weights.get(name)
    if found is None or found.shape != tuple(into.shape):
        raise ModelError(f"the starting weights lack {name} of shape {tuple(into.shape)}: is it a yolov8n?")
    with torch.no_grad():
        into.copy_(torch.from_numpy(found.copy()))


def _load_fused(name: str, module: Any, weights: dict[str, npt.NDArray[np.float32]]) -> None:
    _copy(module.conv.weight, weights, f"{name}.conv.weight")
    _copy(module.bn.bias, weights, f"{name}.conv.bias")
    bn = module.bn
    bn.running_mean.zero_()
    bn.running_var.fill_(1 - bn.eps)  # with this the normalisation is the identity
    bn.weight.data.fill_(1)


def _measure(model: Any, convolutions: Sequence[Any], calibration: npt.NDArray[np.float32]) -> None:
    import torch

    def watch(bn: Any, inputs: Any) -> None:
        seen = inputs[0].float()
        mean, variance = seen.mean(dim=(0, 2, 3)), seen.var(dim=(0, 2, 3)).clamp_min(1e-4)
        with torch.no_grad():
            bn.weight.copy_((variance + bn.eps).sqrt())
            bn.bias.add_(mean)
            bn.running_mean.copy_(mean)
            bn.running_var.copy_(variance)

    hooks = [module.bn.register_forward_pre_hook(watch) for module in convolutions]
    with torch.no_grad():
        model(torch.from_numpy(calibration))
    for hook in hooks:
        hook.remove()
