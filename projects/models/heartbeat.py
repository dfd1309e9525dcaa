"""Signs of life of workers and the scheduler, for health checks and banners."""

from django.db import models


class Heartbeat(models.Model):
    """The newest sign of life of one process."""

    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=16)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
