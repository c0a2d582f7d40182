"""What is in the fast lane."""

from __future__ import annotations

from processing.lane import FastLane


def work_of(lane: FastLane) -> list[float]:
    return sorted(place.work for place in lane._places)
