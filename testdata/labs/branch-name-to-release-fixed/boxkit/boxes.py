"""Geometry of boxes: overlap, and keeping the best of those that overlap."""

import numpy as np


def overlap(a, b):
    """Intersection over union of each box of `a` with each of `b`; boxes are x0, y0, x1, y1."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    area = lambda boxes: (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    return shared / (area(a)[:, None] + area(b)[None, :] - shared)


def suppress(boxes, scores, most=0.5):
    """Indices of the boxes that stay, best first."""
    order = np.argsort(-scores)
    kept = []
    for index in order:
        if all(overlap(boxes[[index]], boxes[[k]])[0, 0] <= most for k in kept):
            kept.append(int(index))
    return kept
