"""Git as the settings of this installation have it."""

from promotions.engine.capabilities import SiteGit
from promotions.engine.site import read_site


def test_the_identity_its_key_and_the_push_policy_come_from_the_settings(settings):
    settings.GIT_NAME, settings.GIT_EMAIL = "Robot", "robot@example.com"
    settings.GIT_SIGNING_KEY, settings.GIT_PUSH_POLICY = "-----BEGIN hunter2", "RebaseOrFail"

    site = read_site()
    git = SiteGit(site)

    assert (git.identity.name, git.identity.email) == ("Robot", "robot@example.com")
    assert git.identity.signing_key == "-----BEGIN hunter2"
    assert git.push_policy == "RebaseOrFail"
    assert "hunter2" not in f"{site!r} {git.identity!r}"


def test_by_default_nothing_is_signed_and_commits_are_rebased():
    git = SiteGit(read_site())

    assert git.identity.signing_key == ""
    assert git.push_policy == "AlwaysRebase"
