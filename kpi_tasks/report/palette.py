"""The one family of colours: from a dark blue to a pale green, each step lighter than the one before.

The steps differ in lightness, not in hue, so they can be told apart by colour-blind people and in a black and white
print.
"""

from __future__ import annotations

STEPS = ("#14365d", "#1f5f8b", "#3a8bac", "#72b3c0", "#a6d2cd", "#cfe6da", "#ecf4ea")
"""From the heaviest criterion, or place 1, to the lightest, or the last place."""


def ramp(count: int) -> list[str]:
    """Return ``count`` colours spread over the steps, from dark to light."""
    if count == 1:
        return [STEPS[0]]
    return [shade(step, count - 1) for step in range(count)]


def shade(step: int, last_step: int) -> str:
    """Return the colour of one step of a scale from 0 (dark) to ``last_step`` (light)."""
    if last_step <= 0:
        return STEPS[0]
    # Whole numbers throughout: the colour never depends on rounding of floats.
    position, rest = divmod(step * (len(STEPS) - 1), last_step)
    if rest == 0:
        return STEPS[position]
    parts = zip(_parts(STEPS[position]), _parts(STEPS[position + 1]), strict=True)
    mixed = [(low * (last_step - rest) + high * rest) // last_step for low, high in parts]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _parts(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
