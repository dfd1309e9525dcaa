"""The tables of projects, one file an aggregate."""

from projects.models.audit_entry import AuditEntry
from projects.models.change import Change
from projects.models.config_map import ConfigMap
from projects.models.credential import Credential, CredentialKind, CredentialTest, CredentialTestPhase
from projects.models.event import Event
from projects.models.heartbeat import Heartbeat
from projects.models.leased_row import LeasedRow
from projects.models.member import Member, Role, RoleGrant
from projects.models.project import ClusterConfig, Project, ProjectConfig

__all__ = [
    "AuditEntry",
    "Change",
    "ClusterConfig",
    "ConfigMap",
    "Credential",
    "CredentialKind",
    "CredentialTest",
    "CredentialTestPhase",
    "Event",
    "Heartbeat",
    "LeasedRow",
    "Member",
    "Project",
    "ProjectConfig",
    "Role",
    "RoleGrant",
]
