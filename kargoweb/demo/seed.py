"""Fills an empty demo: repositories, first images, manifests, accounts. Does nothing the second time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from integrations.loopback.git_repositories import GitRepositories
from integrations.loopback.oci_registry import OciRegistry
from kargoweb.demo import content
from kargoweb.demo.environment import ACCOUNTS, ADMINISTRATOR, PASSWORD, demo_dir, read_ports
from projects.actors import OPERATOR
from projects.models import Member, Project, RoleGrant
from promotions.changesets import SourceText, apply_changes, plan_changes


def seed(data_dir: Path, *, now: datetime) -> None:
    """Make everything that the demo shows, once."""
    ports = read_ports(data_dir)
    git, registry = f"http://127.0.0.1:{ports['git']}", f"127.0.0.1:{ports['registry']}"
    _fill_repositories(demo_dir(data_dir), registry)
    if Project.objects.filter(name="guestbook").exists():
        return
    text = content.manifests(git=git, registry=registry)
    with transaction.atomic():
        apply_changes(OPERATOR, plan_changes([SourceText("demo.yaml", text)]), now=now)
        project = Project.objects.get(name="guestbook")
        for name, role, stages, _ in ACCOUNTS:
            user = User.objects.create_user(name, f"{name}@example.com", PASSWORD)
            member = Member.objects.create(project=project, user=user)
            RoleGrant.objects.create(member=member, role=role, stages=list(stages))
        User.objects.create_superuser(ADMINISTRATOR, f"{ADMINISTRATOR}@example.com", PASSWORD)


def _fill_repositories(directory: Path, registry: str) -> None:
    repositories = GitRepositories(directory / "git")
    if not repositories.path(content.CONFIG).exists():
        repositories.create(content.CONFIG, content.config_files(registry))
    if not repositories.path(content.FLAGS).exists():
        repositories.create(content.FLAGS, content.FLAG_FILES)
    images = OciRegistry(storage=directory / "images")
    if images.storage.find_tags(content.IMAGE):
        return
    begun = datetime.now(UTC) - timedelta(days=len(content.FIRST_TAGS))
    for number, tag in enumerate(content.FIRST_TAGS):
        images.push_image(content.IMAGE, tag, created=begun + timedelta(days=number))
