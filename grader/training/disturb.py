"""Images that a person would read as before: off by a few grey levels, or moved by one pixel."""

import torch

_GREY_LEVELS = 4  # of 255


def with_noise(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """(N, H, W) uint8, each pixel off by -4 to 4 grey levels, uniformly drawn."""
    noise = torch.randint(-_GREY_LEVELS, _GREY_LEVELS + 1, images.shape, generator=generator)
    return (images.short() + noise.to(images.device)).clamp(0, 255).to(torch.uint8)


def moved(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """(N, H, W) uint8, each image moved by one pixel up, down, left or right; black comes in at the edge."""
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    height, width = images.shape[1:]
    directions = torch.randint(4, (len(images),), generator=generator).to(images.device)
    result = images.clone()
    for number, (top, left) in enumerate(((0, 1), (2, 1), (1, 0), (1, 2))):
        chosen = directions == number
        result[chosen] = padded[chosen, top : top + height, left : left + width]
    return result
