"""App configuration of projects."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """People, access, credentials, audit."""

    name = "projects"
