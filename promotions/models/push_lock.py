"""PushLock: pushes of ours to one branch of one repository happen one after the other, whoever pushes."""

from django.db import models

from projects.models import LeasedRow


class PushLock(LeasedRow):
    """One branch. It is free when it is due; a killed holder frees it when the lease runs out."""

    key = models.CharField(max_length=64, unique=True, help_text="SHA-256 of repository and branch.")

    def __str__(self) -> str:
        return self.key
