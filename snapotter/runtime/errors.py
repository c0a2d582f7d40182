"""What can be wrong with a change of settings."""

from snapotter.common.errors import ValidationFailed


class UnknownSetting(ValidationFailed):
    """There is no such setting."""

    code = "UNKNOWN_SETTING"


class ReadonlySetting(ValidationFailed):
    """This setting cannot be changed."""

    code = "READONLY_SETTING"
