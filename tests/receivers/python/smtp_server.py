"""A mail server for the tests: takes messages with aiosmtpd, verifies them with dkimpy, and misbehaves when asked.

It prints its port on a line of its own, then one line of JSON for each message it has taken over. The part before the @ of
a recipient says how it behaves: `defer` answers 451, `defer-once` does so the first time, `refuse` answers 550,
`refuse-late` answers 554 once it has the whole message, `drop` closes the connection then without an answer the first
time, and `hang` never answers then, the first time. `busy-once` answers 421 and closes the connection the first time,
`defer-late` answers 452 once it has the whole message, and `drop-mid` closes the connection in the middle of the message the
first time. `SMTP_RSET=drop` closes the connection at each RSET, `SMTP_SLOW_S` is waited before each greeting.
"""

import asyncio
import json
import os
import ssl
import sys

import dkim
from aiosmtpd.smtp import SMTP, AuthResult

SEEN = set()


def first_time(behaviour, address):
    """Whether this is asked for the first time."""
    key = (behaviour, address)
    if key in SEEN:
        return False
    SEEN.add(key)
    return True


def say(**facts):
    """Tells the test something."""
    print(json.dumps(facts), flush=True)


def is_signed(content):
    """What dkimpy says of the signature; nothing when there is no key to look for."""
    record = os.environ.get("SMTP_DKIM_RECORD")
    if record is None:
        return None
    try:
        return dkim.verify(content, dnsfunc=lambda name, timeout=5: record.encode())
    except dkim.DKIMException as error:
        return str(error)


class Handler:
    """Decides about recipients and messages."""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        """The greeting, in time or not."""
        session.host_name = hostname
        await asyncio.sleep(float(os.environ.get("SMTP_SLOW_S", "0")))
        return responses

    async def handle_RSET(self, server, session, envelope):
        """The end of a message that was refused."""
        if os.environ.get("SMTP_RSET") == "drop":
            server.transport.abort()
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        """One recipient."""
        behaviour = address.split("@")[0]
        if behaviour == "defer" or (behaviour == "defer-once" and first_time(behaviour, address)):
            return "451 4.7.1 come back later"
        if behaviour == "refuse":
            return "550 5.1.1 no such user here"
        if behaviour == "busy-once" and first_time(behaviour, address):
            await server.push("421 4.3.2 closing for <" + address + ">")
            server.transport.close()
            return "421 4.3.2 closing"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        """A whole message."""
        behaviours = {address.split("@")[0] for address in envelope.rcpt_tos}
        if "drop" in behaviours and first_time("drop", envelope.rcpt_tos[0]):
            say(dropped=True)
            server.transport.abort()
            return "250 never seen"
        if "hang" in behaviours and first_time("hang", envelope.rcpt_tos[0]):
            say(hanging=True)
            await asyncio.sleep(3600)
        if "refuse-late" in behaviours:
            return "554 5.7.1 not this text"
        if "defer-late" in behaviours:
            return "452 4.2.2 no room for it now"
        content = envelope.original_content
        user = session.auth_data.login.decode() if session.auth_data else None
        say(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            content=content.decode("ascii"),
            tls=server.transport.get_extra_info("sslcontext") is not None,
            user=user,
            signed=is_signed(content),
            peer=session.peer[1],
        )
        return "250 2.0.0 taken"


class Server(SMTP):
    """One that can break off in the middle of a message."""

    async def smtp_DATA(self, arg):
        """The message, or its beginning."""
        behaviours = {address.split("@")[0] for address in self.envelope.rcpt_tos}
        if "drop-mid" in behaviours and first_time("drop-mid", self.envelope.rcpt_tos[0]):
            await self.push("354 go on")
            await self._reader.readline()
            say(cut=True)
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


def authenticate(server, session, envelope, mechanism, data):
    """One sign-in."""
    expected = (os.environ["SMTP_USER"].encode(), os.environ["SMTP_PASSWORD"].encode())
    is_right = (data.login, data.password) == expected
    return AuthResult(success=is_right, handled=is_right, auth_data=data)


async def main():
    """Serves until the process is ended."""
    tls = os.environ.get("SMTP_TLS", "none")
    context = None
    if tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.environ["SMTP_CERTIFICATE"], os.environ["SMTP_KEY"])
    options = {"enable_SMTPUTF8": False, "timeout": 300}
    if tls == "starttls":
        options.update(tls_context=context, require_starttls=True)
    if "SMTP_USER" in os.environ:
        options.update(authenticator=authenticate, auth_required=True, auth_require_tls=tls == "starttls")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Server(Handler(), hostname="mail.test", **options),
        "127.0.0.1",
        0,
        ssl=context if tls == "tls" else None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
