import json
import socket

import pytest

from integrations.errors import Rejected, Unauthorized, Unreachable
from integrations.http import HttpPolicy
from integrations.http_transport import BlockedAddress
from promotions.steps.base import Done
from tests.promotions.steps.messages.sending import make_channel
from tests.servers import mail
from tests.servers.mail import MailServer


@pytest.fixture(scope="module")
def mail_server(tmp_path_factory):
    server = MailServer(tmp_path_factory.mktemp("mail"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def plain_mail_server(tmp_path_factory):
    server = MailServer(tmp_path_factory.mktemp("mail"), tls=False, login=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mail_channel(mail_server):
    mail_server.forget()
    spec = {
        "host": "localhost",
        "port": mail_server.port,
        "from": "Kargo <kargo@example.com>",
        "to": ["a@example.com"],
    }
    secret = {"username": mail.USERNAME, "password": mail.PASSWORD}
    return make_channel({"smtp": {**spec, "insecureSkipVerify": True}}, secret)


def test_a_mail_goes_over_tls_with_a_login(send, mail_server, mail_channel):
    assert send(mail_channel, "It is done.\n", smtp={"subject": "Release ✓"}) == Done({"smtp": {}})

    (got,) = mail_server.mails
    assert (got["From"], got["To"], got["Subject"]) == ("Kargo <kargo@example.com>", "a@example.com", "Release ✓")
    assert got.get_content() == "It is done.\r\n"
    assert got.get_content_type() == "text/plain"


def test_a_list_of_recipients_html_and_one_as_text(send, mail_server, mail_channel):
    to = ["First <one@example.com>", "two@example.com"]
    send(mail_channel, "<b>done</b>", smtp={"to": to, "html": True})
    send(mail_channel, "done", smtp={"to": "three@example.com"})

    first, second = mail_server.mails
    assert (first["To"], first["Cc"]) == ("First <one@example.com>", "two@example.com")
    assert (first.get_content_type(), first["Subject"]) == ("text/html", "Kargo: shop/uat")
    assert second["To"] == "three@example.com"
    assert mail_server.envelopes[0][1] == ["one@example.com", "two@example.com"]


def test_the_same_mail_twice_has_the_same_id_and_another_one_has_not(send, mail_server, mail_channel):
    for text in ("a", "a", "b"):
        send(mail_channel, text)

    first, again, other = (got["Message-ID"] for got in mail_server.mails)
    assert first == again != other


def test_a_line_end_in_the_subject_makes_no_header(send, mail_server, mail_channel):
    send(mail_channel, "x", smtp={"subject": "Hi\r\nBcc: evil@example.com\r\n\r\nbody"})

    (got,) = mail_server.mails
    assert got["Bcc"] is None
    assert got["Subject"] == "Hi Bcc: evil@example.com body"
    assert mail_server.envelopes[0][1] == ["a@example.com"]


@pytest.mark.parametrize(
    "address",
    ["a@example.com\r\nBcc: b@example.com", "a@b.c, d@e.f", "nobody", "@", "<>", "a@b.c>x"],
)
def test_what_is_not_one_address_is_refused(send, mail_server, mail_channel, address):
    with pytest.raises(Rejected, match="is not a mail address"):
        send(mail_channel, smtp={"to": [address]})

    assert not mail_server.mails


def test_a_mail_as_a_payload(send, mail_server, mail_channel):
    text = json.dumps({"subject": "S", "body": "<i>B</i>", "to": ["x@example.com"], "html": True})

    send(mail_channel, text, encodingType="json", smtp={"to": "ignored@example.com", "subject": "ignored"})

    (got,) = mail_server.mails
    assert (got["Subject"], got["To"], got.get_content_type()) == ("S", "x@example.com", "text/html")


def test_without_anybody_to_send_to_there_is_no_mail(send, mail_channel):
    spec = {key: value for key, value in mail_channel.spec["smtp"].items() if key != "to"}

    with pytest.raises(Rejected, match="no recipient"):
        send(make_channel({"smtp": spec}, dict(mail_channel.secret)))


def test_a_wrong_password_an_untrusted_certificate_and_refused_recipients(send, mail_server, mail_channel):
    spec = mail_channel.spec["smtp"]
    with pytest.raises(Unauthorized, match="refuses user name or password") as caught:
        send(make_channel({"smtp": spec}, {"username": mail.USERNAME, "password": "wrong-password"}))
    assert "wrong-password" not in str(caught.value)
    with pytest.raises(Rejected, match="no TLS that can be trusted"):
        send(make_channel({"smtp": {**spec, "insecureSkipVerify": False}}, dict(mail_channel.secret)))
    mail_server.refused = {"a@example.com": "550 no such user", "b@example.com": "450 later"}
    with pytest.raises(Rejected, match='550 "no such user"'):
        send(mail_channel)
    with pytest.raises(Unreachable, match='450 "later"'):
        send(mail_channel, smtp={"to": "b@example.com"})


def test_who_is_refused_while_others_get_the_mail_is_told(send, mail_server, mail_channel):
    mail_server.refused = {"b@example.com": "550 no such user"}
    lines = []

    send(mail_channel, smtp={"to": ["a@example.com", "b@example.com"]}, lines=lines)

    assert lines[0] == "The mail server refused b@example.com; the others get the mail"


def test_a_server_without_tls_is_used_only_when_told(send, plain_mail_server):
    spec = {"host": "127.0.0.1", "port": plain_mail_server.port, "from": "k@example.com", "to": ["a@example.com"]}

    with pytest.raises(Rejected, match="Look at useTLS"):
        send(make_channel({"smtp": spec}))
    assert send(make_channel({"smtp": {**spec, "useTLS": False}})) == Done({"smtp": {}})


def test_a_mail_server_that_is_away_or_out_of_bounds(send, mail_channel):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    spec = {**mail_channel.spec["smtp"], "port": free}
    with pytest.raises(Unreachable, match="cannot be reached") as caught:
        send(make_channel({"smtp": spec}))
    assert not caught.value.permanent
    with pytest.raises(BlockedAddress, match="loopback"):
        send(mail_channel, policy=HttpPolicy())
