"""Attention that is faster than it has to be."""

from fastattn.ops import attention

__all__ = ["attention"]
