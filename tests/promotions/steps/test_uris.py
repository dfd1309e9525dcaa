import pytest

from promotions.steps.uris import is_uri


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://github.com/acme/app.git", True),
        ("HTTPS://github.com/acme/app", True),
        ("ssh://git@github.com:22/acme/app.git", True),
        ("file:///srv/app.git", True),
        ("https://ann@git.corp:8443/a%20b", True),
        ("https://[fd00::1]:8443/a", True),
        ("mailto:ann@example.com", True),
        ("https://git.corp/a b", True),
        ("git@github.com:acme/app.git", False),
        ("github.com/acme/app", False),
        ("/srv/app.git", False),
        ("", False),
        ("1http://a", False),
        ("https://git corp/a", False),
        ("https://git.corp:port/a", False),
        ("https://git.corp/%zz", False),
        ("https://git.corp/a\\b", False),
        ("https://git.corp/a\nb", False),
        ("https://[fd00::1/a", False),
    ],
)
def test_tells_what_is_a_uri(text, expected):
    assert is_uri(text) is expected
