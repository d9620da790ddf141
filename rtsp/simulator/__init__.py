"""RTSP cameras made from files, with faults on command: our own server, so that a demo needs nothing but wheels."""

from rtsp.simulator.faults import Fault, FaultPlan
from rtsp.simulator.simulator import Simulator

__all__ = ["Fault", "FaultPlan", "Simulator"]
