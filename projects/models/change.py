"""Changes for pages that watch, used where the database cannot notify (SQLite)."""

from django.db import models


class Change(models.Model):
    """Something a page may show has changed; short-lived, read in the order of the key."""

    project_name = models.CharField(max_length=253)
    topic = models.CharField(max_length=300)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.project_name} {self.topic}"
