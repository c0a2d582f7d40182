"""SnapOtter: the project package."""

__version__ = "3.0.0"
