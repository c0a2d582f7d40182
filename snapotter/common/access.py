"""What an operation may declare instead of a permission. Apart, because DRF's views load what reads it."""

from typing import Final

PUBLIC: Final = "public"
SIGNED_IN: Final = "signed-in"
