import torch

from fastattn import attention


def test_rows_are_means():
    q, k = torch.zeros(1, 1, 4, 8), torch.zeros(1, 1, 4, 8)
    v = torch.arange(32.0).reshape(1, 1, 4, 8)
    assert torch.allclose(attention(q, k, v), v.mean(-2, keepdim=True).expand_as(v))
