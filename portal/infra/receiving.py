"""Requests whose uploads never touch a disk in the clear."""

import os
from typing import IO

from htmx_flask.requests import HtmxAwareRequest


class UploadRequest(HtmxAwareRequest):  # type: ignore[misc]  # the package has no types
    """As any request, but uploads wait in memory, not in a temporary folder.

    How much that may be is bounded by the request's MAX_CONTENT_LENGTH.
    """

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return open(os.memfd_create("upload"), "w+b")
