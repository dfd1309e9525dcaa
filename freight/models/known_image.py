"""What registries told of images, kept across restarts: facts of digests, and the digests tags had."""

from django.db import models


class KnownImage(models.Model):
    """What a digest stands for; rewritten by nobody, forgotten when unused for long."""

    repository = models.CharField(max_length=512, help_text="host/path, as in docker.io/library/nginx.")
    digest = models.CharField(max_length=140)
    # {"createdAt": iso or null, "annotations": {}, "labels": {}, "children": [["linux", "arm64", "v8", {}], ...]}
    facts = models.JSONField()
    used_on = models.DateField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("repository", "digest"), name="known_image_once"),)
        indexes = (models.Index(fields=("used_on",), name="known_image_used"),)

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}"


class KnownTag(models.Model):
    """The digest a tag had when it was last asked for."""

    repository = models.CharField(max_length=512)
    tag = models.CharField(max_length=128)
    digest = models.CharField(max_length=140)
    seen_at = models.DateTimeField()
    has_moved = models.BooleanField(default=False, help_text="It had another digest before: it may move again.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("repository", "tag"), name="known_tag_once"),)
        indexes = (models.Index(fields=("seen_at",), name="known_tag_seen"),)

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"
