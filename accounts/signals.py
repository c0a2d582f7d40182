"""What the apps above must know of."""

from django.dispatch import Signal

user_deleted = Signal()
"""`user` is about to be deleted. Sent in the transaction, while all rows of the user are still there.

Who keeps bytes elsewhere notes here which, and removes them in `transaction.on_commit`.
"""
