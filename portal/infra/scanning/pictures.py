"""Small pictures of documents, for lists and previews."""

import io

from PIL import Image

THUMBNAIL = (320, 320)

# Loads the writers now: later, in a confined child, no file can be opened.
Image.init()


def thumbnail_of(picture: Image.Image) -> bytes:
    """`picture` as WebP, at most 320 pixels on its longer side."""
    small = picture.convert("RGB")
    small.thumbnail(THUMBNAIL)
    written = io.BytesIO()
    small.save(written, "WEBP", quality=75)
    return written.getvalue()
