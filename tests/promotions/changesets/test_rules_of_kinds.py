"""Rules inside one object: warehouses, policies, analysis templates."""

import pytest

from projects.documents import SourceText
from promotions.changesets import lint_texts

HEAD = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
"""


def lint(text):
    return lint_texts([SourceText("f.yaml", text)])


@pytest.mark.parametrize(
    ("subscription", "message"),
    [
        ("{}", 'Exactly one of "git", "image", "chart" must be set.'),
        ("{image: {repoURL: 'https://ghcr.io/x/y'}}", '"https://ghcr.io/x/y" is not an image repository.'),
        ("{git: {repoURL: git.example.com/x}}", '"git.example.com/x" is not the URL of a git repository.'),
        ("{chart: {repoURL: 'https://c.example.com'}}", "A chart of an http(s) repository needs a name."),
        (
            "{chart: {repoURL: 'oci://c.example.com/x', name: x}}",
            "The URL of an oci:// repository names the chart already.",
        ),
        ("{image: {repoURL: x/y, imageSelectionStrategy: Digest}}", 'Strategy "Digest" needs a constraint.'),
        (
            "{image: {repoURL: x/y, discoveryLimit: 101}}",
            "spec.subscriptions[0].image.discoveryLimit must be at most 100, not the number 101.",
        ),
        ("{image: {repoURL: x/y, platform: amd64}}", '"amd64" is not a platform.'),
        (
            "{git: {repoURL: 'https://g.example.com/x', commitSelectionStrategy: Newest}}",
            'spec.subscriptions[0].git.commitSelectionStrategy cannot be the text "Newest".',
        ),
        ("{s3-object: {config: {}}, name: x}", 'Unknown field "s3-object" in spec.subscriptions[0].'),
    ],
)
def test_subscriptions_follow_kargos_rules(subscription, message):
    report = lint(HEAD.format(kind="Warehouse", name="w") + f"spec: {{subscriptions: [{subscription}]}}\n")

    assert message in [error.message for error in report.errors]


@pytest.mark.parametrize("field", ["allowTagsRegexes: ['(']", "includePaths: ['regex:(']", "semverConstraint: '>>1'"])
def test_rules_of_selection_are_checked_when_read(field):
    spec = f"spec: {{subscriptions: [{{git: {{repoURL: 'https://g.example.com/x', {field}}}}}]}}\n"

    assert len(lint(HEAD.format(kind="Warehouse", name="w") + spec).errors) == 1


def test_one_repository_is_subscribed_to_once():
    both = "[{git: {repoURL: 'https://g.example.com/x.git'}}, {git: {repoURL: 'https://G.example.com/x'}}]"

    (error,) = lint(HEAD.format(kind="Warehouse", name="w") + f"spec: {{subscriptions: {both}}}\n").errors

    assert error.message == "This repository is already subscribed to by subscriptions[0]."


def test_policies_are_checked():
    text = HEAD.format(kind="ProjectConfig", name="shop") + (
        "spec:\n  promotionPolicies:\n"
        "  - {stage: dev, autoPromotionEnabled: true}\n"
        "  - {stageSelector: {name: dev}}\n"
        "  - {stageSelector: {name: 'glub:x'}}\n"
        "  - {stageSelector: {name: 'regex:('}}\n"
        "  - {autoPromotionEnabled: true}\n"
    )

    messages = [error.message for error in lint(text).errors]

    assert '"glub:" is not a known prefix of a selector.' in messages
    assert any(message.startswith('"(" is not a valid regular expression') for message in messages)
    assert 'Exactly one of "stage", "stageSelector" must be set.' in messages


def test_a_policy_names_a_stage_once():
    policies = "[{stage: dev}, {stageSelector: {name: dev}}]"

    (error,) = lint(
        HEAD.format(kind="ProjectConfig", name="shop") + f"spec: {{promotionPolicies: {policies}}}\n"
    ).errors

    assert error.message == '"dev" is already defined at promotionPolicies[0].'


def test_analysis_templates_are_checked():
    head = HEAD.format(kind="AnalysisTemplate", name="a").replace("kargo.akuity.io", "argoproj.io")
    metrics = (
        "[{name: x, count: 3, provider: {web: {url: u}}}, {name: y, provider: {}}, "
        "{name: z, count: many, provider: {job: {}}}, {name: q, count: '{{args.n}}', provider: {webb: {}}}]"
    )

    messages = [error.message for error in lint(head + f"spec: {{metrics: {metrics}}}\n").errors]

    assert "A metric with a count above 1 needs an interval." in messages
    assert '"many" is not a whole number.' in messages
    assert 'Unknown field "webb" in spec.metrics[3].provider.' in messages
    assert len(messages) == 4
