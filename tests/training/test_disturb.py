"""Disturbed images in closed form."""

import torch

from grader.training.disturb import moved, with_noise


def test_noise_is_at_most_four_grey_levels() -> None:
    images = torch.full((50, 28, 28), 100, dtype=torch.uint8)
    noise = with_noise(images, torch.Generator().manual_seed(0)).int() - 100
    assert sorted(noise.unique().tolist()) == list(range(-4, 5))
    assert abs(float(noise.float().mean())) < 0.05


def test_noise_stays_between_black_and_white() -> None:
    black, white = torch.zeros(9, 28, 28, dtype=torch.uint8), torch.full((9, 28, 28), 255, dtype=torch.uint8)
    assert with_noise(black, torch.Generator().manual_seed(0)).max() == 4
    assert with_noise(white, torch.Generator().manual_seed(0)).min() == 251


def test_every_image_moves_by_one_pixel() -> None:
    images = torch.zeros(200, 28, 28, dtype=torch.uint8)
    images[:, 10, 20] = 255
    places = {tuple(place) for place in moved(images, torch.Generator().manual_seed(0)).nonzero()[:, 1:].tolist()}
    assert places == {(9, 20), (11, 20), (10, 19), (10, 21)}
    assert int((moved(images, torch.Generator().manual_seed(1)) > 0).sum()) == 200


def test_what_leaves_the_edge_is_gone() -> None:
    images = torch.full((100, 28, 28), 9, dtype=torch.uint8)
    assert {int(image.sum()) for image in moved(images, torch.Generator().manual_seed(0))} == {9 * 28 * 27}
