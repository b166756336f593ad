"""Pages whose frame never changes: drawn once with slots, and filled for each answer.

For the few pages that very many people ask for: drawing the frame costs ten times what its
contents do. A template puts `slot("name")` where a value goes; the values are safe HTML.
"""

import re
from collections.abc import Mapping

from markupsafe import Markup

SLOT = re.compile("\u27e6([^\u27e6\u27e7]+)\u27e7")


def slot(name: str) -> Markup:
    """Stands in a template for the value called `name`."""
    return Markup(f"\u27e6{name}\u27e7")


class Mould:
    """HTML with slots, taken apart once. What a value contains is never looked at for slots."""

    def __init__(self, html: str) -> None:
        pieces = SLOT.split(html)
        self._fixed, self.names = pieces[0::2], pieces[1::2]

    def filled(self, values: Mapping[str, str]) -> str:
        """The HTML with every slot filled that `values` knows.

        Values are put in as they are: they must be HTML already. What looks like a slot but
        is none of ours was somebody's text, and stays.
        """
        pieces = [self._fixed[0]]
        for name, after in zip(self.names, self._fixed[1:], strict=True):
            pieces += (values[name] if name in values else slot(name), after)
        return "".join(pieces)
