import socket
import subprocess

import pytest

from integrations.confinement import Room, confine, is_available

pytestmark = pytest.mark.skipif(not is_available(), reason="this kernel has no Landlock")


@pytest.fixture
def run(tmp_path):
    """Run a shell line in a room that may read `open` and write `desk`."""
    for name in ("open", "desk", "closed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)

    def run(line, **room):
        room = Room(read=[tmp_path / "open"], write=[tmp_path / "desk"], **room)
        return subprocess.run(
            confine(["/bin/sh", "-c", line], room), cwd=tmp_path / "open", capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize(
    ("line", "works"),
    [
        ("cat file", True),
        ("cat ../desk/file && echo x > ../desk/new && rm ../desk/new", True),
        ("cat ../closed/file", False),
        ("ls ../closed", False),
        ("echo x > file", False),
        ("echo x > ../closed/new", False),
        ("cat /etc/passwd", False),
        ("cat /proc/$PPID/environ", False),
        ("cp /bin/true ../desk/program; ../desk/program", False),
        ("echo x > /dev/null", True),
    ],
)
def test_a_command_reaches_only_its_room(run, line, works):
    assert (run(line).returncode == 0) is works


def test_names_may_be_listed_without_the_files_being_read(run, tmp_path):
    assert run("ls ../closed", listed=[tmp_path]).stdout == "file\n"
    assert run("cat ../closed/file", listed=[tmp_path]).returncode != 0


def test_the_network_is_closed_unless_it_is_asked_for(run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}"
        bash = f"bash -c '{line}'"
        assert run(bash).returncode != 0
        assert run(bash, network=True).returncode == 0


def test_what_is_missing_is_no_obstacle(run, tmp_path):
    assert run("cat file", programs=[tmp_path / "nope"]).returncode == 0
