"""The tables of projects, one file an aggregate."""

from projects.models.audit_entry import AuditEntry
from projects.models.change import Change
from projects.models.credential import Credential, CredentialKind
from projects.models.event import Event
from projects.models.heartbeat import Heartbeat
from projects.models.leased_row import LeasedRow
from projects.models.member import Member, Role, RoleGrant
from projects.models.project import Project, ProjectConfig

__all__ = [
    "AuditEntry",
    "Change",
    "Credential",
    "CredentialKind",
    "Event",
    "Heartbeat",
    "LeasedRow",
    "Member",
    "Project",
    "ProjectConfig",
    "Role",
    "RoleGrant",
]
