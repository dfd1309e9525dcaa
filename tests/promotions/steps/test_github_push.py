import subprocess

import pytest

from integrations.credentials import BasicAuth, SshKey
from integrations.errors import Rejected, Unauthorized
from integrations.gitproviders.github_commits import Commit, Signature, build_commit
from promotions.steps.base import StepErrored, StepFailed, Would, WouldPush
from promotions.steps.capabilities import GitHubPushRules
from promotions.steps.registry import find_step
from tests.servers.forge import TOKEN, Reply
from tests.servers.github import GitHubServer
from tests.servers.keys import make_gpg_key, make_ssh_key

STAGING = "refs/kargo/staging/uat.01jab.fine"
TREE = "a" * 40
GENERATED = "kargo/promotion/uat.01jab.fine"


class RacingServer(GitHubServer):
    """Somebody else's commit arrives right before each of the next commits is made again."""

    races = 0

    def _make_commit(self, body):
        if self.races:
            self.races -= 1
            self.commit("acme/app", {f"race{self.races}": "x"}, "Race")
        return super()._make_commit(body)


@pytest.fixture
def forge(tmp_path, bench):
    server = RacingServer(tmp_path / "github")
    server.start()
    bench.credentials.by_url[server.repo_url] = BasicAuth("x", TOKEN)
    bench.run(
        "git-clone", {"repoURL": server.repo_url, "checkout": [{"path": "src", "branch": "main"}]}, alias="clone"
    )
    yield server
    server.stop()


def _change(bench, path="ours", message="", text="ours"):
    bench.write(f"src/{path}", text)
    config = {"path": "src", "message": message or f"Change {path}"}
    return bench.run("git-commit", config, alias=f"commit {path}").output["commit"]


def _push(bench, **config):
    return bench.run("github-push", {"path": "src", **config}, alias="push")


def _git(bench, *arguments):
    command = ["git", "-c", "safe.directory=*", "-C", str(bench.workdir / "src"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _author(forge, commit):
    return forge.git("log", "-1", "--format=%an <%ae>", commit)


def test_lets_github_make_the_commits(bench, forge):
    _change(bench)

    result = _push(bench)

    made = forge.head("acme/app")
    host = forge.base_url.removeprefix("http://")
    assert result.output == {
        "commit": made,
        "branch": "main",
        "commitURL": f"https://{host}/acme/app/commit/{made}",
    }
    assert forge.read("acme/app", "main", "ours") == "ours"
    # Commits that nobody vouches for stay their author's.
    assert (_author(forge, made), forge.signed) == ("Kargo <no-reply@kargo.io>", [])
    assert bench.git.locks == ["main"]


def test_signs_everything_when_the_operator_wants_it(bench, forge):
    bench.github_push = GitHubPushRules(verify_untrusted=True)
    local = _change(bench, message="Change it\n\nWith reason")

    commit = _push(bench).output["commit"]

    assert commit != local
    assert forge.signed == [commit]
    assert _author(forge, commit) == "kargo[bot] <kargo@users.noreply.example>"
    message = forge.git("log", "-1", "--format=%B", commit)
    assert message.startswith("Change it\n\nWith reason\n")
    assert message.endswith("\n\nCo-authored-by: Kargo <no-reply@kargo.io>")
    assert _git(bench, "rev-parse", "HEAD") == commit
    assert _git(bench, "status", "--porcelain") == ""


def test_removes_the_hidden_ref_also_after_an_error(bench, forge):
    _change(bench)
    _push(bench)
    _change(bench, "more")
    forge.commit("acme/app", {"more": "theirs"}, "Theirs")

    with pytest.raises(StepFailed, match="conflict with ours in more"):
        _push(bench)

    assert f"DELETE /api/v3/repos/acme/app/git/{STAGING}" in forge.routes()
    assert not [ref for ref in forge.refs() if ref.startswith("refs/kargo")]


def test_a_hidden_ref_that_stays_is_only_told(bench, forge):
    _change(bench)
    answer = forge.answer
    forge.answer = lambda call: Reply(403, {"message": "no"}) if call.method == "DELETE" else answer(call)

    assert _push(bench).output["commit"] == forge.head("acme/app")
    assert any("staging ref could not be removed" in text for _, text in bench.lines)


def test_brings_in_what_others_pushed_in_between(bench, forge):
    _change(bench)
    forge.commit("acme/app", {"theirs": "x"}, "Theirs")

    _push(bench)

    assert forge.files("acme/app") == ["app.yaml", "ours", "theirs"]
    assert [forge.git("log", "-1", "--format=%s", commit) for commit in forge.log("acme/app")] == [
        "Change ours",
        "Theirs",
        "Begin",
    ]


def test_tries_again_when_the_branch_moves_while_it_works(bench, forge):
    _change(bench)
    forge.races = 1

    _push(bench)

    assert forge.files("acme/app") == ["app.yaml", "ours", "race0"]
    assert any("trying again (2)" in text for _, text in bench.lines)


def test_gives_up_after_the_attempts_allowed(bench, forge):
    _change(bench)
    forge.refuse_updates = 5

    with pytest.raises(StepErrored, match="refused 1 times") as caught:
        _push(bench, maxAttempts=1)

    assert not caught.value.permanent


def test_makes_a_branch_for_the_promotion_and_again(bench, forge):
    main = forge.head("acme/app")
    _change(bench)

    first = _push(bench, generateTargetBranch=True)
    _change(bench, "more")
    second = _push(bench, generateTargetBranch=True)

    assert first.output["branch"] == GENERATED
    assert forge.head("acme/app", GENERATED) == second.output["commit"]
    assert forge.head("acme/app") == main


def test_makes_a_new_branch_without_commits_of_its_own(bench, forge):
    assert _push(bench, targetBranch="env/uat").output["commit"] == forge.head("acme/app")
    assert forge.head("acme/app", "env/uat") == forge.head("acme/app")


def test_force_drops_what_the_branch_had(bench, forge):
    forge.commit("acme/app", {"theirs": "x"}, "Theirs")
    _change(bench)

    _push(bench, force=True)

    assert forge.files("acme/app") == ["app.yaml", "ours"]


def test_force_moves_a_branch_back(bench, forge):
    before = forge.head("acme/app")
    forge.commit("acme/app", {"theirs": "x"}, "Theirs")

    assert _push(bench, force=True).output["commit"] == before
    assert forge.head("acme/app") == before


def test_a_second_run_makes_nothing_again(bench, forge):
    bench.github_push = GitHubPushRules(verify_untrusted=True)
    _change(bench)
    first = _push(bench)

    assert _push(bench) == first
    assert len(forge.signed) == 1


def test_a_run_after_one_that_was_cut_off_takes_over_what_that_one_made(bench, forge):
    bench.github_push = GitHubPushRules(verify_untrusted=True)
    local = _change(bench)
    first = _push(bench)
    # As the killed worker left it: GitHub has the commit, the work tree does not know.
    _git(bench, "reset", "--hard", "--quiet", local)

    assert _push(bench) == first
    assert len(forge.signed) == 1
    assert _git(bench, "rev-parse", "HEAD") == first.output["commit"]


def test_keeps_merges_as_they_are(bench, forge):
    bench.git.push_policy = "AlwaysMerge"
    bench.github_push = GitHubPushRules(verify_untrusted=True)
    _change(bench)
    theirs = forge.commit("acme/app", {"theirs": "x"}, "Theirs")

    commit = _push(bench).output["commit"]

    parents = forge.git("log", "-1", "--format=%P", commit).split()
    assert len(parents) == 2
    assert theirs in parents
    assert forge.files("acme/app") == ["app.yaml", "ours", "theirs"]
    assert len(forge.signed) == 2


def test_refuses_more_commits_than_allowed_for_good(bench, forge):
    bench.github_push = GitHubPushRules(max_commits=1)
    _change(bench, "a")
    _change(bench, "b")

    with pytest.raises(StepErrored, match="2 commits would have to be made again, the limit here is 1") as caught:
        _push(bench)

    assert caught.value.permanent


@pytest.mark.parametrize(
    ("credential", "message"),
    [
        (None, "no credentials found for"),
        (SshKey("key"), "found an SSH key for"),
        (BasicAuth("x", ""), "are missing a password/token"),
    ],
)
def test_fails_without_a_token(bench, forge, credential, message):
    bench.credentials.by_url[forge.repo_url] = credential

    with pytest.raises(StepFailed, match=message):
        _push(bench)

    assert forge.calls == []


def test_a_wrong_token_and_a_branch_of_many_causes_are_errors(bench, forge):
    _change(bench)
    bench.credentials.by_url[forge.repo_url] = BasicAuth("x", "wr0ng")

    with pytest.raises(Unauthorized):
        _push(bench)


def test_a_name_that_cannot_be_a_branch_is_refused(bench, forge):
    _change(bench)

    with pytest.raises((Rejected, StepFailed), match="cannot be the name of a branch"):
        _push(bench, targetBranch="a..b")


def test_says_what_it_would_do(bench, forge):
    step = find_step("github-push")
    head = _change(bench)

    said = step.would(
        bench.context("push"), step.config.model_validate({"path": "src", "generateTargetBranch": True})
    )

    assert said == Would(
        f'would push {head} to branch "{GENERATED}" of {forge.repo_url} through GitHub\'s API',
        {"branch": GENERATED},
        (WouldPush(forge.repo_url, "src", GENERATED, force=True),),
    )
    assert forge.calls == []


def _commit(author=("Ann", "ann@example.com"), message="Text"):
    person = {"name": author[0], "email": author[1], "date": "2026-01-01T00:00:00Z"}
    data = {"tree": {"sha": TREE}, "message": message, "author": person, "committer": person}
    return Commit.model_validate({"sha": "c" * 40, "commit": data, "parents": [{"sha": "b" * 40}]})


@pytest.mark.parametrize(
    ("signature", "verify_untrusted", "message"),
    [
        (Signature(True, "Ann", "ann@example.com"), False, "Text"),
        (Signature(True, "Bot", "bot@example.com"), False, "Text\n\nCo-authored-by: Ann <ann@example.com>"),
        (Signature(True, "Ann", "other@example.com"), False, "Text\n\nCo-authored-by: Ann <ann@example.com>"),
        (Signature(False), True, "Text\n\nCo-authored-by: Ann <ann@example.com>"),
    ],
)
def test_a_commit_that_github_signs_names_no_author(signature, verify_untrusted, message):
    assert build_commit(_commit(), signature, verify_untrusted=verify_untrusted) == {"tree": TREE, "message": message}


def test_a_commit_of_an_unknown_author_gets_no_trailer():
    body = build_commit(_commit(author=("", "")), Signature(False), verify_untrusted=True)

    assert body == {"tree": TREE, "message": "Text"}


def test_a_commit_that_nobody_vouches_for_keeps_its_people():
    body = build_commit(_commit(), Signature(False, "Ann", "ann@example.com"), verify_untrusted=False)

    person = {"name": "Ann", "email": "ann@example.com", "date": "2026-01-01T00:00:00Z"}
    assert body == {"tree": TREE, "message": "Text", "author": person, "committer": person}


@pytest.mark.parametrize(
    ("config", "violation"),
    [
        ({"path": ""}, "path: must not be empty"),
        ({"targetBranch": "a", "generateTargetBranch": True}, "at most one of targetBranch and generateTargetBranch"),
        ({"tag": "v1"}, "tag: unknown field"),
        ({"provider": "github"}, "provider: unknown field"),
        ({"maxAttempts": 0}, "maxAttempts: "),
        ({"maxAttempts": 2147483648}, "maxAttempts: "),
        ({"force": None}, "force: must be true or false"),
    ],
)
def test_refuses_these_configs(bench, config, violation):
    with pytest.raises(StepFailed, match=f"invalid github-push config: .*{violation}"):
        _push(bench, **config)


@pytest.mark.parametrize("config", [{"targetBranch": ""}, {"targetBranch": "", "generateTargetBranch": True}])
def test_an_empty_target_is_none(config):
    find_step("github-push").config.model_validate({"path": "src", "maxAttempts": 3.0, **config})


@pytest.mark.parametrize("kind", ["gpg", "ssh"])
def test_github_signs_what_a_trusted_key_has_signed(bench, forge, tmp_path, kind):
    robot = {"name": "Robot", "email": "robot@example.com"}
    key = make_gpg_key("Robot", "robot@example.com") if kind == "gpg" else make_ssh_key(tmp_path)[0]
    checkout = [{"path": "src", "branch": "main"}]
    config = {"repoURL": forge.repo_url, "checkout": checkout, "author": {**robot, "signingKey": key}}
    bench.run("git-clone", config, alias="signing clone")
    _change(bench, "by the robot")
    bench.write("src/by ann", "ann")
    ann = {"name": "Ann", "email": "ann@example.com"}
    bench.run("git-commit", {"path": "src", "message": "By Ann", "author": ann}, alias="ann")

    _push(bench)

    unsigned, signed, _ = forge.log("acme/app")
    assert forge.signed == [signed]
    # The author is the signer, whom GitHub stands in for: no trailer.
    assert forge.git("log", "-1", "--format=%B", signed).strip() == "Change by the robot"
    assert _author(forge, unsigned) == "Ann <ann@example.com>"
