"""A real SMTP server (aiosmtpd) that keeps mails, and fails where it is told to.

Standard input: one JSON object a line, {"op": "fault" | "release" | "clear" | "sync", "id": n, ...}; each is acknowledged.
With --certificate, a PEM file of key and certificate, it offers STARTTLS, and after it AUTH, which takes any password.

Standard output: one JSON object a line, {"event": "ready" | "ack" | "connection" | "closed" | "command" | "reached" | "mail", ...}.
Every line carries the time, in Unix seconds. It ends when its standard input does.
With --journal, a file, it appends the same lines there, and also {"event": "content", ...} for what came in whole, kept or not.
"""
import argparse
import asyncio
import base64
import email
import email.policy
import functools
import json
import re
import ssl
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--certificate")
parser.add_argument("--journal")
options = parser.parse_args()

tls = None
if options.certificate:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(options.certificate)

faults = []
connections = 0
journal = open(options.journal, "a") if options.journal else None


def note(event, **more):
    line = json.dumps({"event": event, "at": time.time(), **more})
    if journal:
        print(line, file=journal, flush=True)
    return line


def tell(event, **more):
    print(note(event, **more), flush=True)


class Fault:
    def __init__(self, order):
        self.id = order["id"]
        self.step = order["step"]
        self.address = order.get("address")
        self.message = order.get("message")
        self.reply = order.get("reply")
        self.drop = order.get("drop", False)
        self.keep = order.get("keep", False)
        self.hang = order.get("hang", False)
        self.times = order.get("times")
        self.released = asyncio.Event()

    def take(self, step, addresses, content):
        if step != self.step or self.times == 0 or (self.address and self.address.lower() not in addresses):
            return False
        if self.message and self.message.encode() not in content:
            return False
        if self.times:
            self.times -= 1
        return True


class Handler:
    async def handle_DATA(self, server, session, envelope):
        if journal:
            read = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
            note("content", connection=server.number, rcpt_to=envelope.rcpt_tos, message_id=read["Message-ID"], text=read.get_body(("plain",)).get_content())
        if await server.failed("DOT"):
            return ""
        server.keep()
        return "250 2.0.0 kept"


class Oracle(SMTP):
    def __init__(self):
        secured = {"tls_context": tls, "authenticator": lambda *_: AuthResult(success=True)} if tls else {}
        super().__init__(Handler(), enable_SMTPUTF8=True, hostname="localhost", ident="oracle", timeout=3600, **secured)
        global connections
        connections += 1
        self.number = connections
        for verb, method in list(self._smtp_methods.items()):
            self._smtp_methods[verb] = self.wrapped(verb, method)

    def wrapped(self, verb, method):
        @functools.wraps(method)
        async def run(argument):
            tell("command", connection=self.number, verb=verb, argument=argument or "")
            if not await self.failed(verb, re.findall("<([^>]*)>", argument or "") if verb == "RCPT" else None):
                await method(argument)
        return run

    async def failed(self, step, addresses=None):
        """Does what was scripted for this step; whether the step is thereby done with."""
        addresses = self.envelope.rcpt_tos if addresses is None else addresses
        content = self.envelope.original_content or b""
        fault = next((f for f in faults if f.take(step, [a.lower() for a in addresses], content)), None)
        if fault is None:
            return False
        if fault.keep:
            self.keep()
        tell("reached", fault=fault.id, connection=self.number)
        if fault.hang:
            await fault.released.wait()
        if fault.reply:
            await self.push(fault.reply)
        if fault.drop or (fault.reply or "").startswith("421"):
            self.transport.close()
            await asyncio.Event().wait()  # until the lost connection cancels this
        return bool(fault.reply)

    def keep(self):
        if not getattr(self.envelope, "kept", False):
            self.envelope.kept = True
            content = base64.b64encode(self.envelope.original_content).decode()
            tell("mail", connection=self.number, mail_from=self.envelope.mail_from, rcpt_to=self.envelope.rcpt_tos, message=content)

    async def _handle_client(self):
        tell("connection", connection=self.number)
        if not await self.failed("CONNECT"):
            await super()._handle_client()

    def connection_lost(self, error):
        tell("closed", connection=self.number)
        super().connection_lost(error)

    async def push(self, status):
        if not status:
            return  # a fault has answered already
        await super().push(status)
        if status[:3] == "354":
            # Reached when the first bytes of the content are there.
            if any(f.step == "CONTENT" and f.times != 0 for f in faults):
                if not self._reader._buffer:
                    await self._reader._wait_for_data("content")
                await self.failed("CONTENT")


def obey(order):
    if order["op"] == "fault":
        faults.append(Fault(order))
    elif order["op"] == "release":
        next(f for f in faults if f.id == order["fault"]).released.set()
    elif order["op"] == "clear":
        for fault in faults:
            fault.times = 0
            fault.released.set()
    tell("ack", id=order["id"])


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Oracle, "127.0.0.1", 0)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    tell("ready", port=server.sockets[0].getsockname()[1])
    while line := await orders.readline():
        obey(json.loads(line))


asyncio.run(main())
