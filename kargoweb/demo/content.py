"""What the demo serves and applies: files of its repositories, and its manifests. Pure data."""

IMAGE = "acme/guestbook"
CONFIG, FLAGS = "guestbook-config", "feature-flags"
FIRST_TAGS = ("1.0.0", "1.0.1", "1.1.0")

_KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: guestbook-{env}
resources:
- deployment.yaml
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: guestbook
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: guestbook}}
  template:
    metadata:
      labels: {{app: guestbook}}
    spec:
      containers:
      - name: guestbook
        image: {image}
"""
_VALUES = """\
# Settings of the guestbook in {env}; the promotion writes the two revisions.
revision: none
flags:
  revision: none  # commit of feature-flags
"""
_REPLICAS = {"dev": 1, "staging": 2, "prod-east": 6, "prod-west": 6, "prod-west-canary": 1}


def config_files(registry: str) -> dict[str, str]:
    """Files of the repository that the environments are rendered from."""
    files = {"README.md": "# guestbook-config\n\nOne directory an environment; the branches env/* are rendered.\n"}
    for env, replicas in _REPLICAS.items():
        files[f"env/{env}/kustomization.yaml"] = _KUSTOMIZATION.format(env=env)
        files[f"env/{env}/deployment.yaml"] = _DEPLOYMENT.format(replicas=replicas, image=f"{registry}/{IMAGE}")
        files[f"env/{env}/values.yaml"] = _VALUES.format(env=env)
    return files


FLAG_FILES = {"flags.yaml": "dark-mode: false\nsigned-entries: true\n"}

# What a new release says; the next one is chosen by the number of releases so far.
SUBJECTS = (
    "Fix pagination of long guest lists",
    "Show entries in the visitor's time zone",
    "Escape HTML in guest names",
    "Cache the front page for ten seconds",
    "Let visitors edit an entry for five minutes",
    "Log slow queries with their trace id",
)
AUTHORS = (
    ("Kim Ito", "kim@example.com"),
    ("Lena Brandt", "lena@example.com"),
    ("Sam Okafor", "sam@example.com"),
)

_TASK = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: PromotionTask
metadata:
  name: publish
  namespace: guestbook
  annotations:
    kargo.akuity.io/description: Render one environment to its branch.
spec:
  vars:
  - name: environment
  - name: branch
  - name: config
    value: {git}/guestbook-config.git
  - name: flags
    value: {git}/feature-flags.git
  - name: image
    value: {registry}/acme/guestbook
  steps:
  # The configuration as the freight has it (while its slot is empty: the newest), and the branch the cluster reads.
  - uses: git-clone
    config:
      repoURL: ${{{{ vars.config }}}}
      checkout:
      - commit: ${{{{ commitFrom(vars.config)?.ID ?? "" }}}}
        path: ./src
      - branch: ${{{{ vars.branch }}}}
        path: ./out
        create: true
  # The branch holds what is rendered and nothing else.
  - uses: git-clear
    config:
      path: ./out
  # Each of the three only when its freight was ever promoted here: a slot of the stage may be empty.
  - uses: kustomize-set-image
    as: set-image
    if: ${{{{ imageFrom(vars.image) != nil }}}}
    config:
      path: ./src/env/${{{{ vars.environment }}}}
      images:
      - image: ${{{{ vars.image }}}}
        tag: ${{{{ quote(imageFrom(vars.image).Tag) }}}}
  - uses: yaml-update
    as: set-revision
    if: ${{{{ commitFrom(vars.config) != nil }}}}
    config:
      path: ./src/env/${{{{ vars.environment }}}}/values.yaml
      updates:
      - key: revision
        value: ${{{{ quote(commitFrom(vars.config).ID) }}}}
  - uses: yaml-update
    as: set-flags
    if: ${{{{ commitFrom(vars.flags) != nil }}}}
    config:
      path: ./src/env/${{{{ vars.environment }}}}/values.yaml
      updates:
      - key: flags.revision
        value: ${{{{ quote(commitFrom(vars.flags).ID) }}}}
  - uses: copy
    config:
      inPath: ./src/env/${{{{ vars.environment }}}}
      outPath: ./out
  - uses: git-commit
    as: commit
    config:
      path: ./out
      message: ${{{{ task.outputs['set-image']?.commitMessage ?? "Take the newest feature flags" }}}}
  - uses: git-push
    as: push
    if: ${{{{ status('commit') == 'Succeeded' }}}}
    config:
      path: ./out
  - uses: delete
    config:
      path: ./out
  - uses: compose-output
    config:
      commit: ${{{{ task.outputs.commit.commit }}}}
"""

_HEAD = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Project
metadata:
  name: guestbook
  annotations:
    kargo.akuity.io/description: A small web shop's guestbook, from commit to two regions.
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata:
  name: guestbook
  namespace: guestbook
spec:
  interval: 30s
  subscriptions:
  - image:
      repoURL: {registry}/acme/guestbook
      constraint: ^1.0.0
  - git:
      repoURL: {git}/guestbook-config.git
      branch: main
      includePaths: [env]
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata:
  name: flags
  namespace: guestbook
spec:
  interval: 30s
  subscriptions:
  - git:
      repoURL: {git}/feature-flags.git
      branch: main
"""

_STAGE = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata:
  name: {name}
  namespace: guestbook
spec:
  requestedFreight:
  - origin:
      kind: Warehouse
      name: guestbook
    sources:
      {source}
  - origin:
      kind: Warehouse
      name: flags
    sources:
      {source}
"""
_STEPS = """\
  promotionTemplate:
    spec:
      steps:
"""
_USE = """\
      - task:
          name: publish
        as: {alias}
        vars:
        - name: environment
          value: {environment}
        - name: branch
          value: env/{environment}
"""


def manifests(*, git: str, registry: str) -> str:
    """All manifests of the demo as one YAML text; `git` is a base URL, `registry` is host:port."""

    def stage(name: str, source: str, *environments: str) -> str:
        uses = "".join(
            _USE.format(alias=f"publish-{e}" if len(environments) > 1 else "publish", environment=e)
            for e in environments
        )
        return _STAGE.format(name=name, source=source) + (_STEPS + uses if environments else "")

    documents = (
        _HEAD.format(git=git, registry=registry),
        _TASK.format(git=git, registry=registry),
        stage("dev", "direct: true", "dev"),
        stage("staging", "stages: [dev]", "staging"),
        stage("regions", "stages: [staging]"),
        stage("prod-east", "stages: [regions]", "prod-east"),
        stage("prod-west", "stages: [regions]", "prod-west-canary", "prod-west"),
    )
    return "---\n".join(documents)
