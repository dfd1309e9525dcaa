"""LeasedRow: the columns of a row that is itself the work (due time and lease)."""

from django.db import models


class LeasedRow(models.Model):
    """Abstract. `due_at` says when somebody should look; the lease says who is looking now.

    Written only by `projects.leases`, but for `due_at`, which whoever makes work also sets.
    """

    due_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=200, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
