"""The training loop: crops in, checkpoints with figures out; can be stopped at any time and taken up again."""

from __future__ import annotations

import copy
import json
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.training.check import balance, check, false_alarms, row, to_planes
from models.training.crops import Crop, CropMaker
from models.training.pictures import Labelled
from models.training.recipe import Recipe

WARM_UP_STEPS = 60
SMALLEST_RATE = 0.02  # of the highest, at the end of the cosine
AVERAGE_KEEPS = 0.998  # a few hundred steps of memory: short runs profit from less than the usual 0.9999

Tell = Callable[[dict[str, Any]], None]


def train(model: Any, maker: CropMaker, held: Sequence[Labelled], recipe: Recipe, folder: Path, tell: Tell) -> Any:
    """Train `model` in place and return its running average with the best figures on `held`.

    Every `recipe.check_every` steps `folder/last.pt` holds all that is needed to go on, and `folder/best.pt` the best
    average so far; `tell` is given the figures.
    """
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(recipe.threads)
    model = model.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval()
    optimiser = _optimiser(model, recipe)
    step, best, spent_s = _take_up(folder / "last.pt", model, average, optimiser)
    rng = np.random.default_rng(recipe.seed + step)
    if recipe.mine:
        maker.search_hard(false_alarms(average, device, rng))
    began, spent_before = time.monotonic(), spent_s
    started, losses = began, []
    for batch in _batches(maker, recipe, recipe.steps - step):
        spent_s = spent_before + time.monotonic() - began
        share = max(step / recipe.steps, spent_s / 60 / recipe.minutes if recipe.minutes else 0.0)
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * _schedule(step, min(1.0, share))
        losses.append(_one_step(model, optimiser, batch, device, recipe))
        _follow(average, model, min(AVERAGE_KEEPS, (1 + step) / (10 + step)))
        step += 1
        is_over = step == recipe.steps or share >= 1
        if step % recipe.check_every == 0 or is_over:
            found = check(average, held, device)
            score = balance(found) if found else float(step)
            if score >= best:
                best = score
                torch.save(average.state_dict(), folder / "best.pt")
            _keep(folder / "last.pt", (step, best, spent_s), model, average, optimiser)
            per_s = len(losses) * recipe.batch / (time.monotonic() - started)
            mined = maker.search_hard(false_alarms(average, device, rng)) if recipe.mine else 0
            tell(
                {
                    "mined": mined,
                    "step": step,
                    "loss": round(float(np.mean(losses)), 3),
                    "crops_per_s": round(per_s, 2),
                    **row(found),
                }
            )
            started, losses = time.monotonic(), []
        if is_over:
            break
    average.load_state_dict(torch.load(folder / "best.pt", weights_only=True))
    return average


def as_batch(crops: Sequence[Crop]) -> dict[str, npt.NDArray[np.float32]]:
    """Return what Ultralytics' loss reads: img, batch_idx (M,), cls (M, 1), bboxes (M, 4) as x y w h, 0..1."""
    boxes = np.concatenate([crop.boxes for crop in crops])
    middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    counts = [len(crop.boxes) for crop in crops]
    return {
        "img": np.stack([to_planes(crop.pixels) for crop in crops]),
        "batch_idx": np.repeat(np.arange(len(crops), dtype=np.float32), counts),
        "cls": np.concatenate([crop.classes for crop in crops]).astype(np.float32)[:, None],
        "bboxes": np.hstack([middle, size]).astype(np.float32),
    }


def _batches(maker: CropMaker, recipe: Recipe, count: int) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
    """Yield `count` batches, drawn ahead in a thread so that the network never waits for pictures."""
    ready: queue.Queue[dict[str, npt.NDArray[np.float32]]] = queue.Queue(maxsize=3)
    stop = threading.Event()

    def draw() -> None:
        while not stop.is_set():
            batch = as_batch(maker.batch())
            while not stop.is_set():
                try:
                    ready.put(batch, timeout=0.5)
                    break
                except queue.Full:
                    continue

    worker = threading.Thread(target=draw, name="crops", daemon=True)
    worker.start()
    try:
        for _ in range(count):
            yield ready.get()
    finally:
        stop.set()
        worker.join()


def _one_step(
    model: Any, optimiser: Any, arrays: dict[str, npt.NDArray[np.float32]], device: Any, recipe: Recipe
) -> float:
    import torch

    model.train()
    for layer in model.model[: recipe.frozen_layers]:
        layer.eval()  # its normalisation stays as measured, too
    batch = {name: torch.from_numpy(value).to(device) for name, value in arrays.items()}
    batch["img"] = batch["img"].to(memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bf16):
        outputs = model(batch["img"])
    loss, _ = model.loss(batch, _as_float(outputs))
    loss = loss.sum() * (recipe.batch / len(arrays["img"]))  # wide steps have fewer crops and weigh the same
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
    optimiser.step()
    return float(loss.detach()) / recipe.batch


def _as_float(outputs: Any) -> Any:
    if isinstance(outputs, dict):
        return {name: _as_float(value) for name, value in outputs.items()}
    if isinstance(outputs, list | tuple):
        return type(outputs)(_as_float(value) for value in outputs)
    return outputs.float() if hasattr(outputs, "float") else outputs


def _optimiser(model: Any, recipe: Recipe) -> Any:
    """Return AdamW that decays kernels alone; norms and biases shift freely."""
    import torch

    frozen = {p for layer in model.model[: recipe.frozen_layers] for p in layer.parameters()}
    for name, parameter in model.named_parameters():
        parameter.requires_grad = parameter not in frozen and ".dfl." not in name  # that is a fixed ramp, not a weight
    free = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.99))


def _schedule(step: int, share: float) -> float:
    """Return the part of the highest rate at `step`, `share` 0..1 of the run: a short ramp, then half a cosine."""
    ramp = min(1.0, (step + 1) / WARM_UP_STEPS)
    return ramp * (SMALLEST_RATE + (1 - SMALLEST_RATE) * 0.5 * (1 + math.cos(math.pi * share)))


def _follow(average: Any, model: Any, keeps: float) -> None:
    import torch

    with torch.no_grad():
        for kept, fresh in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(fresh, 1 - keeps)
            else:
                kept.copy_(fresh)


def _keep(file: Path, so_far: tuple[int, float, float], model: Any, average: Any, optimiser: Any) -> None:
    import torch

    state = {"so_far": so_far, "model": model.state_dict(), "average": average.state_dict()}
    torch.save({**state, "optimiser": optimiser.state_dict()}, file.with_suffix(".new"))
    file.with_suffix(".new").replace(file)


def _take_up(file: Path, model: Any, average: Any, optimiser: Any) -> tuple[int, float, float]:
    """Return (steps made, best score, seconds spent) of the run that `file` keeps; nothing yet where there is none."""
    import torch

    if not file.exists():
        return 0, -1.0, 0.0
    state = torch.load(file, weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    step, best, spent_s = state["so_far"]
    return step, best, spent_s


def write_row(file: Path, row: dict[str, Any]) -> None:
    """Append one line of JSON."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row) + "\n")
