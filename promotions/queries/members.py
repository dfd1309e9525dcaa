"""What the forms of a project's members offer: the stages a role can be limited to."""

from projects.models import Project


def list_stage_names(project: Project) -> list[str]:
    """Stages that can be promoted to, in the order of the map."""
    return [stage.name for stage in project.stages.all() if not stage.is_control_flow]
