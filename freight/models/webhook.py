"""Receiver and its deliveries: where senders knock, and what they brought."""

from django.db import models
from django.db.models import Q

from projects.models import Project


class Receiver(models.Model):
    """One configured receiver. A row exists so that its address is found quickly and deliveries have an owner.

    The configuration and the secret are the truth: both are read again for every request.
    """

    # None: it speaks for all projects.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="receivers", null=True, blank=True)
    name = models.CharField(max_length=253)
    sender = models.CharField(max_length=16, help_text="Kind of sender, as in the configuration.")
    # SHA-256 of the secret path: who reads this table cannot knock.
    address = models.CharField(max_length=64, db_index=True)
    # Counts requests of the running minute, for the limit.
    window_began_at = models.DateTimeField(null=True, blank=True)
    window_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="receiver_name_once_in_project"),
            models.UniqueConstraint(
                fields=("name",), condition=Q(project__isnull=True), name="receiver_name_once_shared"
            ),
        )

    def __str__(self) -> str:
        return f"{self.sender}/{self.name}"


class Delivery(models.Model):
    """One request of a sender and what came of it."""

    receiver = models.ForeignKey(Receiver, on_delete=models.CASCADE, related_name="deliveries")
    received_at = models.DateTimeField()
    event = models.CharField(max_length=100, blank=True, help_text="As the sender names it.")
    sender_id = models.CharField(max_length=200, blank=True, help_text="The sender's id of the delivery.")
    # [[name, value]]; those that prove who sends are left out.
    headers = models.JSONField(default=list)
    query = models.JSONField(default=list, help_text="[[name, value]] of the address.")
    size_bytes = models.PositiveIntegerField(default=0)
    # Compressed and encrypted; empty when even so it is too large to be kept.
    sealed_body = models.BinaryField(default=bytes)
    status = models.PositiveSmallIntegerField(help_text="HTTP status of the answer.")
    answer = models.JSONField(default=dict)
    result = models.TextField(blank=True, help_text="What was woken, or why nothing was.")
    # The sender proved who it is, or its address is all there is to prove; only then it may be delivered again.
    is_genuine = models.BooleanField(default=False)
    is_repeat = models.BooleanField(default=False, help_text="The sender sent it before; nothing was done.")
    redelivery_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # News for whoever stands above: [{"kind": "pull-request", "url", "repoURLs", "number"}], or
    # [{"kind": "promotion", "action", "name", "labels", "labelExpressions", "indices"}].
    news = models.JSONField(default=list)
    has_news = models.BooleanField(default=False)

    class Meta:
        ordering = ("-received_at", "-id")
        indexes = (
            models.Index(fields=("receiver", "-received_at", "-id"), name="delivery_newest"),
            models.Index(fields=("id",), name="delivery_has_news", condition=Q(has_news=True)),
        )

    def __str__(self) -> str:
        return f"{self.event} at {self.received_at}"


class SeenDelivery(models.Model):
    """A delivery that was taken: the same one is not taken twice within a day."""

    receiver = models.ForeignKey(Receiver, on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the sender's id and the body.")
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("receiver", "fingerprint"), name="delivery_seen_once"),)

    def __str__(self) -> str:
        return self.fingerprint
