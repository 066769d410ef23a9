"""Colour arithmetic for brands: contrast as WCAG 2.2 defines it, and a lighter twin for the dark theme."""

import colorsys


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1, of a colour like #0f5c4d (WCAG 2.2, "relative luminance")."""
    red, green, blue = (_linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21, of two colours (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lighten_until_readable(colour: str, *, on: str, ratio: float = 7.0) -> str:
    """The colour made as little lighter as makes it readable `on` a dark ground; its hue and strength stay."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    while lightness < 1.0:
        lighter = _hex(colorsys.hls_to_rgb(hue, lightness, saturation * 0.85))
        if contrast(lighter, on) >= ratio:
            return lighter
        lightness += 0.02
    return "#ffffff"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
