"""Exporting: a project as files that apply reads, with the author's own text where it still says the same.

Freight is left out: warehouses make it. Differs: Kargo has no export; people use kubectl.
"""

from projects.documents import SourceText
from projects.models import Project
from promotions.changesets.change_set import Stored
from promotions.changesets.kinds import Key, order_of
from promotions.changesets.parsing import Findings, parse_manifests
from promotions.changesets.planning import same
from promotions.changesets.rendering import render_object
from promotions.changesets.stored import load_stored

# Names say the order in which people read: what everything belongs to first.
_FILES = {
    "project.yaml": ("Project", "ProjectConfig"),
    "config-maps.yaml": ("ConfigMap",),
    "message-channels.yaml": ("MessageChannel",),
    "warehouses.yaml": ("Warehouse",),
    "tasks.yaml": ("PromotionTask",),
    "analysis-templates.yaml": ("AnalysisTemplate",),
    "stages.yaml": ("Stage",),
}


def export_project(project: Project) -> list[tuple[str, str]]:
    """[(file name, YAML text)]; applying them to the same project changes nothing."""
    stored = load_stored([project.name])
    own = sorted((key for key in stored if _belongs_to(key, project.name)), key=order_of)
    files = []
    for file, kinds in _FILES.items():
        documents = [_text_of(key, stored[key]) for key in own if key.kind in kinds]
        if documents:
            files.append((file, "---\n".join(documents)))
    return files


def render_row(key: Key, stored: Stored) -> str:
    """One stored object as YAML."""
    return render_object(key, stored.contents, labels=stored.labels, annotations=stored.annotations)


def _belongs_to(key: Key, project: str) -> bool:
    return key.project == project or key == Key("Project", "", project)


def _text_of(key: Key, stored: Stored) -> str:
    return stored.source if _still_says_the_same(key, stored) else render_row(key, stored)


def _still_says_the_same(key: Key, stored: Stored) -> bool:
    findings = Findings()
    entries = parse_manifests([SourceText("source", stored.source)], findings)
    if findings.errors or len(entries) != 1:
        return False
    return entries[0].key == key and same(entries[0], stored)
