import numpy as np

from boxkit import overlap, suppress

BOXES = np.array([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.9], [5.0, 5.0, 6.0, 6.0]])


def test_a_box_covers_itself():
    assert overlap(BOXES, BOXES).diagonal().tolist() == [1.0, 1.0, 1.0]


def test_the_weaker_of_two_goes():
    assert suppress(BOXES, np.array([0.9, 0.8, 0.7])) == [0, 2]
