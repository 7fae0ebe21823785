"""Revisions, the numbered records of applies, and the lock that lets only one apply run at a time."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from carriers.snapshots.records import Carriers, carriers_of
from carriers.snapshots.state import State
from kamailio_bridge.revisions.state_bytes import unpack

KEPT_LINES = 10_000  # of a plan, in its revision: some 2 MB; MariaDB takes 16 MB in one statement


class RevisionQuerySet(models.QuerySet["Revision"]):
    """Revisions by outcome."""

    def not_failed(self) -> RevisionQuerySet:
        """Return those that changed Kamailio's tables, or may have: their writing was interrupted, or still runs."""
        return self.exclude(outcome=Revision.Outcome.FAILED)

    def written(self) -> RevisionQuerySet:
        """Return those that are known to have changed Kamailio's tables."""
        return self.exclude(outcome__in=(Revision.Outcome.WRITING, Revision.Outcome.FAILED))

    def verified(self) -> RevisionQuerySet:
        """Return those that were verified on every node."""
        return self.filter(outcome=Revision.Outcome.VERIFIED)

    def with_snapshot(self) -> RevisionQuerySet:
        """Return those whose carriers are still kept."""
        return self.filter(snapshot__isnull=False)

    def newest(self) -> Revision | None:
        """Return the one with the highest number."""
        return self.order_by("-number").first()


_Manager = models.Manager.from_queryset(RevisionQuerySet)  # a name of its own, because mypy needs one


class RevisionManager(_Manager["Revision"]):
    """Revisions without their snapshots, which are large and seldom needed: reading the attribute loads it."""

    def get_queryset(self) -> RevisionQuerySet:
        return RevisionQuerySet(self.model, using=self._db).defer("snapshot")


class Revision(models.Model):
    """The record of one apply: who, when, what changed, and how each node answered. The key is its number.

    ``snapshot`` holds the carriers exactly as they were projected, passwords as ciphertext. It is never shown, and is
    None when it is no longer kept.
    """

    class Outcome(models.TextChoices):
        WRITING = "writing", "Interrupted while the tables were written"
        WRITTEN = "written", "Tables written, nodes not verified"
        VERIFIED = "verified", "Verified on every node"
        BEHIND = "behind", "A node is behind"
        FAILED = "failed", "Tables not written"

    number = models.AutoField(primary_key=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField("author", max_length=150, blank=True, default="")  # stays when the user is deleted
    started = models.DateTimeField(auto_now_add=True)
    # Changes saved before this are part of the revision.
    carriers_read = models.DateTimeField(null=True, editable=False)
    finished = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WRITING)
    summary = models.TextField(blank=True, default="")
    changes = models.JSONField(default=list)
    left_out = models.JSONField(default=list, editable=False)  # sentences: which objects were not applied, and why
    nodes = models.JSONField(default=list)
    snapshot = models.BinaryField(null=True, editable=False)
    spread_over = models.JSONField(default=list, editable=False)  # the nodes among which accounts were shared then

    objects = RevisionManager()

    class Meta:
        ordering = ["-number"]
        permissions = [("reload_kamailio", "Can reload Kamailio")]

    def __str__(self) -> str:
        return f"Revision {self.number}"

    def state(self) -> State | None:
        """Return the carriers of this revision with their keys; None when the snapshot is not kept."""
        return unpack(bytes(self.snapshot)) if self.snapshot else None

    def carriers(self) -> Carriers | None:
        """Return the carriers of this revision as records, to project them again; None when they are not kept."""
        state = self.state()
        return carriers_of(state) if state is not None else None


class RollBackQuerySet(models.QuerySet["RollBack"]):
    def pending(self) -> RollBackQuerySet:
        """Return those that no revision has applied yet."""
        return self.filter(applied_with=None)


class RollBack(models.Model):
    """One roll back of the carriers to an earlier revision, and the revision with which it was applied."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="roll_backs")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    moment = models.DateTimeField(auto_now_add=True)
    applied_with = models.ForeignKey(Revision, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    objects = RollBackQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"Roll back to revision {self.revision_id}"


class ApplyLock(models.Model):
    """The one row that says who is applying, and when the claim expires unless it is renewed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    holder = models.CharField(max_length=128, blank=True, default="")
    token = models.CharField(max_length=32, blank=True, default="")
    life = models.CharField(max_length=200, blank=True, default="")  # where its sign of life is (``lock_holder``)
    expires = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.holder or "free"
