"""Takes the box arithmetic out of a YOLOv8 or YOLO11 graph: it costs 7 % (13 % in INT8) and is needed for few cells.

These heads describe each side of a box by a distribution over 16 distances, and the graph takes the softmax of all
four of all 8,400 cells. Cut before it, the graph returns the distributions and the class scores, and
`detectors/layouts/yolov8.py` does the arithmetic for the cells that show something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

DISTRIBUTIONS, SCORES = "distributions", "scores"


def cut_head(model: onnx.ModelProto) -> bool:
    """Let `model` end in `distributions` (B, 4 x bins, cells) and `scores` (B, classes, cells).

    Return False, and leave it as it is, where its end does not look like that.
    """
    import onnx

    made_by = {name: node for node in model.graph.node for name in node.output}
    names = _ends(model, made_by)
    if names is None:
        return False
    outputs = []
    for old, new in zip(names, (DISTRIBUTIONS, SCORES), strict=True):
        model.graph.node.append(onnx.helper.make_node("Identity", [old], [new], name=new))
        outputs.append(onnx.helper.make_tensor_value_info(new, onnx.TensorProto.FLOAT, ["batch", None, None]))
    del model.graph.output[:]
    model.graph.output.extend(outputs)
    _drop_unused(model)
    return True


def _ends(model: onnx.ModelProto, made_by: dict[str, Any]) -> tuple[str, str] | None:
    """Return the names of the distributions and of the scores in the graph."""
    if len(model.graph.output) != 1:
        return None
    last = made_by.get(model.graph.output[0].name)
    if last is None or last.op_type != "Concat" or len(last.input) != 2:
        return None
    scores = made_by.get(last.input[1])
    softmaxes = [node for node in model.graph.node if node.op_type == "Softmax"]
    if scores is None or scores.op_type != "Sigmoid" or not softmaxes:
        return None
    distributions = _before(softmaxes[-1].input[0], ("Transpose", "Reshape"), made_by)
    joined = made_by.get(distributions) if distributions else None
    if distributions is None or joined is None or joined.op_type != "Concat":
        return None
    return distributions, last.input[1]


def _before(name: str, kinds: tuple[str, ...], made_by: dict[str, Any]) -> str | None:
    """Return the name of what goes into a chain of nodes of `kinds`, walking up from `name`."""
    for kind in kinds:
        node = made_by.get(name)
        if node is None or node.op_type != kind:
            return None
        name = node.input[0]
    return name


def _drop_unused(model: onnx.ModelProto) -> None:
    """Remove every node and constant that no output needs."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    wanted: set[str] = set()
    waiting = [output.name for output in model.graph.output]
    while waiting:
        name = waiting.pop()
        if name in wanted:
            continue
        wanted.add(name)
        waiting += list(made_by[name].input) if name in made_by else []
    nodes = [node for node in model.graph.node if wanted.intersection(node.output)]
    constants = [tensor for tensor in model.graph.initializer if tensor.name in wanted]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(constants)
