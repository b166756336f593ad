"""Reads a telephone's HEIC photograph; apart from other pictures, as its library loads slowly."""

import pillow_heif

from portal.infra.scanning import images

# Depth maps, previews and the second picture of a "live" photograph are not the document.
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

read = images.read
