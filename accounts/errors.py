"""What can go wrong with a sign-in, with a key or password of one's own, and with what others may do."""

from snapotter.common.errors import Conflict, PermissionRefused, SnapOtterError, ValidationFailed


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
    """This reaches beyond what you may do yourself."""

    code = "ESCALATION_DENIED"


class SelfDemotion(ValidationFailed):
    """You cannot take your own rights away; somebody else can."""

    code = "SELF_DEMOTE"


class SelfDeletion(ValidationFailed):
    """You cannot delete yourself."""

    code = "SELF_DELETE"


class SelfReset(ValidationFailed):
    """You cannot reset your own password; change it, which asks for the current one."""

    code = "SELF_RESET"


class LastAdmin(ValidationFailed):
    """This is the last administrator; make another one first."""

    code = "LAST_ADMIN"


class UserLimitReached(PermissionRefused):
    """This server has as many users as it may have."""

    code = "USER_LIMIT_REACHED"


class NotManageable(ValidationFailed):
    """This user stands for everybody while sign-in is switched off, so it stays as it is."""


class BuiltinRole(ValidationFailed):
    """The built-in roles cannot be changed."""
