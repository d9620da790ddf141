"""What one training run is made of: pictures, crops, steps; read from a YAML file or left at the shipped values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

LABELS = ("smoke", "flame")


class Part(BaseModel):
    """One folder of pictures in the YOLO layout, or a flat folder of pictures without any smoke."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    folder: Path = Field(description="folder with images/ and labels/ (and index.csv naming cameras), or flat pictures")
    range: Literal["far", "near", "empty"] = Field(
        description="far: hills, plumes above land; near: close; empty: no smoke"
    )
    hold_out: frozenset[str] = Field(default=frozenset(), description="cameras kept for choosing among checkpoints")
    terms: str = Field(default="", description="who made these pictures and what they allow: stands on the card")
    hold_out_files: tuple[str, ...] = Field(
        default=(), description="name patterns of pictures kept likewise, where no index.csv names their cameras"
    )


class Mix(BaseModel):
    """How often each kind of training crop is drawn; the shares need not add up to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    far: float = Field(default=0.42, ge=0, description="around a real distant plume")
    far_anywhere: float = Field(default=0.18, ge=0, description="anywhere in a distant view, mostly without smoke")
    synthetic: float = Field(default=0.18, ge=0, description="a drawn plume on a view without smoke")
    near: float = Field(default=0.14, ge=0, description="near-range smoke and flame")
    empty: float = Field(default=0.08, ge=0, description="cloud, fog, sunrise, landscape")
    hard: float = Field(default=0.1, ge=0, description="around what the network took for smoke or flame in clear views")
    night: float = Field(default=0.06, ge=0, description="a darkened view with lamps, and often with a distant flame")


class Recipe(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    parts: tuple[Part, ...] = Field(min_length=1, description="where the pictures are")
    start: str = Field(
        default="smoke", description="model card or ONNX file to train on from: a yolov8n, COCO's or ours"
    )
    blend: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the starting weights in the result; only where they are a smoke model's",
    )
    calibration: int = Field(
        default=64, ge=16, description="pictures of the first part that the 8-bit model is made with"
    )
    crop: tuple[int, int] = Field(default=(320, 256), description="width, height of a training crop in pixels")
    scale: tuple[float, float] = Field(default=(0.6, 2.4), description="zoom of a distant view, least and most")
    wide_share: float = Field(
        default=0.3, ge=0, le=1, description="steps on crops twice as wide and high, a quarter as many: large plumes"
    )
    mine: int = Field(default=60, ge=0, description="clear views searched for false alarms at each check")
    mix: Mix = Field(default=Mix(), description="shares of the kinds of crop")
    batch: int = Field(default=16, ge=2, le=512, description="crops a step")
    steps: int = Field(default=2000, ge=1, description="optimiser steps")
    minutes: float | None = Field(default=None, gt=0, description="stop after this long, however few steps were made")
    frozen_layers: int = Field(default=0, ge=0, le=9, description="first layers left as they are: quicker, less able")
    rate: float = Field(default=1e-3, gt=0, description="highest learning rate")
    bf16: bool = Field(default=True, description="compute in bfloat16 where the machine has it")
    threads: int = Field(default=2, ge=1, description="processor threads of a run without a GPU")
    check_every: int = Field(default=250, ge=1, description="steps between two checkpoints with figures")
    seed: int = Field(default=1, description="the same seed draws the same crops")

    @field_validator("crop")
    @classmethod
    def _fits_the_strides(cls, crop: tuple[int, int]) -> tuple[int, int]:
        if any(side % 32 or side < 64 for side in crop):
            raise ValueError("both sides must be multiples of 32, at least 64")
        return crop
