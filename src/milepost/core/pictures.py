"""Pictures as people send them: whether they are what they say, and of a size that everybody can show.

Pillow is large, and loaded in the process alone that children are forked from.
"""

import io

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.sandbox import Unreadable, confined

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
MAX_PIXELS = 4_000_000  # a picture of a few kilobytes can unpack to gigabytes wherever it is shown


class UnreadablePicture(Unreadable):
    """The file is not a picture that can be shown; the message says what to do about it."""

    sentence = gettext_lazy("The picture can’t be read. Save it anew as PNG, JPEG or WebP.")


@confined(UnreadablePicture, loads=("PIL.JpegImagePlugin", "PIL.PngImagePlugin", "PIL.WebPImagePlugin"))
def media_type(content: bytes) -> str:
    """The media type of a picture that was read to its end. Raises `UnreadablePicture`, `TooManyFiles`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=list(FORMATS)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            picture.load()
            return FORMATS[str(picture.format)]
    except Image.DecompressionBombError as error:  # or Pillow’s own, of one that is far larger
        message = _("The picture has more than %(count)d million pixels. Save a smaller one.")
        raise UnreadablePicture(message % {"count": MAX_PIXELS // 1_000_000}) from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UnreadablePicture from error


@confined(UnreadablePicture, loads=("PIL.JpegImagePlugin", "PIL.PngImagePlugin", "PIL.WebPImagePlugin"))
def size_of(content: bytes) -> tuple[int, int]:
    """Width and height in pixels of a picture that was taken. Raises `UnreadablePicture`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=list(FORMATS)) as picture:
            return picture.width, picture.height
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UnreadablePicture from error
