"""Digits rendered from system fonts, then distorted: 28×28 greyscale with noise, rotation, shift, scale, shear, bending and stroke changes."""

import glob
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont

SIZE = 28
MASTER = 64
# Faces whose digits look like no digits (mathematical alphabets) are left out; these are held out of training altogether.
EXCLUDED = ("DejaVuMathTeXGyre",)
HELD_OUT_FACES = ("LiberationSerif-Italic", "LiberationMono-Bold", "DejaVuSerifCondensed", "DejaVuSans-ExtraLight")


def font_files():
    """Font files of Debian's fonts-dejavu and fonts-liberation, sorted by name."""
    files = glob.glob("/usr/share/fonts/truetype/dejavu/*.ttf") + glob.glob("/usr/share/fonts/truetype/liberation/*.ttf")
    named = {os.path.basename(f)[:-4]: f for f in files}
    return [(name, named[name]) for name in sorted(named) if not name.startswith(EXCLUDED)]


def render(path, digit):
    """One digit, white on black, centred in a MASTER×MASTER image in [0, 1]."""
    image = Image.new("L", (MASTER, MASTER), 0)
    font = ImageFont.truetype(path, 52)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = draw.textbbox((0, 0), str(digit), font=font)
    draw.text(((MASTER - left - right) / 2, (MASTER - top - bottom) / 2), str(digit), fill=255, font=font)
    return np.asarray(image, dtype=np.float32) / 255


def masters(held_out):
    """All (face, digit) master images: tensor [faces·10, 1, MASTER, MASTER] and labels. @param held_out which faces to take."""
    faces = [path for name, path in font_files() if (name in HELD_OUT_FACES) == held_out]
    images = np.stack([render(path, digit) for path in faces for digit in range(10)])
    return torch.from_numpy(images)[:, None], torch.arange(10).repeat(len(faces))


def uniform(generator, n, lo, hi):
    return lo + (hi - lo) * torch.rand(n, generator=generator)


def change_strokes(images, generator):
    """Thickens, thins or leaves the strokes of each image, one third each."""
    choice = torch.randint(0, 3, (len(images), 1, 1, 1), generator=generator)
    thick = F.max_pool2d(images, 5, 1, 2)
    thin = 0.5 * images - 0.5 * F.max_pool2d(-images, 3, 1, 1)
    return torch.where(choice == 0, thick, torch.where(choice == 1, thin, images))


def warp_grid(n, generator):
    """Sampling grid [n, SIZE, SIZE, 2]: rotation ±25°, shear, scale per axis, shift, and a smooth random bending."""
    angle = uniform(generator, n, -25, 25) * math.pi / 180
    shear = uniform(generator, n, -0.35, 0.35)
    scale_x, scale_y = (uniform(generator, n, 0.72, 1.25) for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * scale_x, (shear * cos - sin) * scale_y
    theta[:, 1, 0], theta[:, 1, 1] = sin * scale_x, (shear * sin + cos) * scale_y
    theta[:, 0, 2], theta[:, 1, 2] = uniform(generator, n, -0.2, 0.2), uniform(generator, n, -0.2, 0.2)
    bending = torch.randn(n, 2, 4, 4, generator=generator) * 0.07
    bending = F.interpolate(bending, size=(SIZE, SIZE), mode="bicubic", align_corners=True)
    return F.affine_grid(theta, (n, 1, SIZE, SIZE), align_corners=False) + bending.permute(0, 2, 3, 1)


def degrade(images, generator):
    """Blur, random contrast and background, Gaussian noise and dead pixels; result rounded to uint8."""
    n = len(images)
    blurred = F.avg_pool2d(F.pad(images, (1, 1, 1, 1)), 3, 1)
    blur = uniform(generator, n, 0, 0.9).view(n, 1, 1, 1)
    images = blur * blurred + (1 - blur) * images
    background = uniform(generator, n, 0, 0.25).view(n, 1, 1, 1)
    contrast = uniform(generator, n, 0.55, 1.0).view(n, 1, 1, 1)
    sigma = uniform(generator, n, 0.02, 0.13).view(n, 1, 1, 1)
    images = background + contrast * images * (1 - background) + sigma * torch.randn(images.shape, generator=generator)
    dead = torch.rand(images.shape, generator=generator) < 0.01
    images = torch.where(dead, torch.rand(images.shape, generator=generator), images)
    return (images.clamp(0, 1) * 255).round().to(torch.uint8)


def samples(n, seed, held_out):
    """n distorted digits: uint8 [n, 1, 28, 28] and labels [n]. Deterministic in `seed` on one machine and one thread."""
    generator = torch.Generator().manual_seed(seed)
    images, labels = masters(held_out)
    parts = []
    picks = torch.randint(0, len(images), (n,), generator=generator)
    for chunk in picks.split(2000):
        strokes = change_strokes(images[chunk], generator)
        warped = F.grid_sample(strokes, warp_grid(len(chunk), generator), align_corners=False)
        parts.append(degrade(warped, generator))
    return torch.cat(parts), labels[picks]
