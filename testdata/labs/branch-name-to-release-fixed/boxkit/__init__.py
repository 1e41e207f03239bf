"""Boxes around things in pictures: a detector and what goes around it."""

from boxkit.boxes import overlap, suppress

__all__ = ["overlap", "suppress"]
