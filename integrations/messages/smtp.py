"""Mail over SMTP: one message, over TLS unless told otherwise, only to hosts that the policy allows.

Source: RFC 5321, 5322; Python's smtplib and email.
"""

import contextlib
import hashlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

import httpcore

from integrations.errors import IntegrationError, Rejected, Unauthorized, Unreachable
from integrations.http_policy import HttpPolicy
from integrations.http_transport import allowed_addresses

_TIMEOUT_SECONDS = 20
_IMPLICIT_TLS_PORT = 465


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. With `use_tls` the connection is encrypted from the start (port 465) or by STARTTLS."""

    host: str
    port: int
    use_tls: bool = True
    verify_tls: bool = True
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: the first of `to` is its recipient, the others get a copy. The same `key` and text: the same mail."""

    sender: str
    to: tuple[str, ...]
    subject: str
    body: str
    is_html: bool = False
    key: str = ""


def send_mail(server: Server, mail: Mail, *, policy: HttpPolicy) -> tuple[str, ...]:
    """Hand a mail to the server; answers the recipients that it refused while it took others."""
    message = _build(mail)
    with _explained(server), _connect(server, policy) as connection:
        if server.username or server.password:
            connection.login(server.username, server.password)
        # That all recipients are refused is an error, which smtplib raises.
        refused = connection.send_message(message)
    return tuple(refused)


def _build(mail: Mail) -> EmailMessage:
    if not mail.to:
        raise Rejected("The mail has no recipient. Give one in the step or in the channel.")
    message = EmailMessage()
    message["From"] = _read_address(mail.sender)
    message["To"] = _read_address(mail.to[0])
    if mail.to[1:]:
        message["Cc"] = [_read_address(address) for address in mail.to[1:]]
    # Line ends in a subject would begin further headers.
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = formatdate()
    domain = mail.sender.rpartition("@")[2].strip(" >")
    digest = hashlib.sha256("\0".join((mail.key, *mail.to, mail.subject, mail.body)).encode()).hexdigest()
    # The same for the same mail: a reader can tell that it came twice.
    message["Message-ID"] = f"<{digest[:32]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body.replace("\x00", ""), subtype="html" if mail.is_html else "plain")
    return message


def _read_address(text: str) -> Address:
    """One address, with or without a name. Raises Rejected."""
    name, bracket, rest = text.strip().rpartition("<")
    spec = rest.removesuffix(">").strip()
    try:
        # Refuses line ends, commas and everything else that is not one address.
        found = Address(name.strip().strip('"') if bracket else "", addr_spec=spec)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise Rejected(f'"{text[:100]}" is not a mail address.') from error
    if not found.domain or not found.username:
        raise Rejected(f'"{text[:100]}" is not a mail address.')
    return found


@contextlib.contextmanager
def _connect(server: Server, policy: HttpPolicy) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if not server.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    is_implicit = server.use_tls and server.port == _IMPLICIT_TLS_PORT
    connection = _GuardedSMTP(server, policy, context if is_implicit else None)
    try:
        connection.connect(server.host, server.port)
        if server.use_tls and not is_implicit:
            connection.starttls(context=context)
        yield connection
        with contextlib.suppress(smtplib.SMTPException, OSError):
            connection.quit()
    finally:
        connection.close()


class _GuardedSMTP(smtplib.SMTP):
    """Connects to the address that was checked, so that a name cannot lead elsewhere between check and call."""

    def __init__(self, server: Server, policy: HttpPolicy, context: ssl.SSLContext | None) -> None:
        self._policy, self._context = policy, context
        super().__init__(timeout=_TIMEOUT_SECONDS)
        # What STARTTLS verifies the certificate for.
        self._host = server.host

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        failure: OSError = OSError("the name has no address")
        for address in allowed_addresses(self._policy, host, port):
            try:
                plain = socket.create_connection((str(address), port), timeout)
            except OSError as error:
                failure = error
                continue
            return plain if self._context is None else self._context.wrap_socket(plain, server_hostname=host)
        raise failure


@contextlib.contextmanager
def _explained(server: Server) -> Iterator[None]:
    where = f"The mail server {server.host}:{server.port}"
    try:
        yield
    except IntegrationError:
        raise
    except smtplib.SMTPAuthenticationError as error:
        raise Unauthorized(f"{where} refuses user name or password ({error.smtp_code}). Check the secret.") from error
    except smtplib.SMTPNotSupportedError as error:
        raise Rejected(
            f"{where} does not offer what is needed: {error}. Look at useTLS, the port and the secret of the channel."
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        raise _answered(where, f"recipients ({', '.join(error.recipients)})", code, reason) from error
    except smtplib.SMTPSenderRefused as error:
        raise _answered(where, f'sender "{error.sender}"', error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        raise _answered(where, "mail", error.smtp_code, error.smtp_error) from error
    except ssl.SSLError as error:
        raise Rejected(
            f"{where} has no TLS that can be trusted ({error.reason}). Check host and port, or set "
            "insecureSkipVerify if its certificate is your own."
        ) from error
    except (smtplib.SMTPException, OSError, httpcore.ConnectError) as error:
        raise Unreachable(f"{where} cannot be reached: {error}. It is tried again later.") from error


def _answered(where: str, what: str, code: int, reason: bytes | str) -> IntegrationError:
    said = " ".join((reason.decode(errors="replace") if isinstance(reason, bytes) else reason).split())[:200]
    if 400 <= code < 500:
        return Unreachable(f'{where} does not take the {what} now: {code} "{said}". It is tried again later.')
    return Rejected(f'{where} refuses the {what}: {code} "{said}".')
