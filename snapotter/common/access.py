"""The two words an operation may declare instead of a permission. Apart, as DRF's views load what reads them."""

from typing import Final

PUBLIC: Final = "public"
SIGNED_IN: Final = "signed-in"
