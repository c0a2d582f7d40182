"""What can go wrong with a sign-in, and with a key or password of one's own."""

from snapotter.common.errors import Conflict, PermissionRefused, SnapOtterError


class InvalidCredentials(SnapOtterError):
    """Invalid user name or password"""

    status = 401
    code = "INVALID_CREDENTIALS"


class AccountDisabled(PermissionRefused):
    """This account is disabled."""

    code = "USER_DISABLED"


class SignInDisabled(PermissionRefused):
    """Signing in is turned off on this server; everybody may use it."""

    code = "AUTH_DISABLED"


class WrongPassword(SnapOtterError):
    """The current password is wrong."""

    status = 401
    code = "INVALID_PASSWORD"


class PasswordChanged(Conflict):
    """The password was changed by somebody else just now; sign in again."""

    code = "PASSWORD_CHANGED"


class KeyNotEnough(PermissionRefused):
    """An API key cannot do this; sign in with your password."""


class EscalationDenied(PermissionRefused):
    """An API key cannot make one that may do more or lasts longer than itself."""

    code = "ESCALATION_DENIED"
