"""From Traditional to Simplified characters, keeping Hong Kong's words."""

from functools import cache

from opencc import OpenCC

FIXES = (("衞", "卫"), ("帳", "帐"), ("账户", "帐户"), ("记录", "纪录"), ("谘询", "咨询"))
"""What OpenCC leaves, or turns into words that Hong Kong's Simplified pages do not use."""


def simplified(traditional: str) -> str:
    """`traditional` in Simplified characters; other characters stay as they are."""
    plain: str = _converter().convert(traditional)
    for wrong, right in FIXES:
        plain = plain.replace(wrong, right)
    return plain


@cache
def _converter() -> OpenCC:
    return OpenCC("hk2s")
