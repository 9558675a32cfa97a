"""Reads mails with Python's email package, an implementation that is not ours: read_mails.py FILE, one mail a line, in base64.

Prints JSON lines: every header field there is, by name and decoded value, what went wrong in reading, the addresses and the parts.
"""
import base64
import email
import email.policy
import json
import sys

for line in open(sys.argv[1]):
    mail = email.message_from_bytes(base64.b64decode(line), policy=email.policy.default)
    parts = list(mail.walk())
    print(json.dumps({
        "fields": [[name, str(value)] for name, value in mail.items()],
        "defects": [type(d).__name__ for part in parts for d in part.defects]
        + [f"{name}: {type(d).__name__}" for name, value in mail.items() for d in value.defects],
        "from": [[a.display_name, a.addr_spec] for a in mail["From"].addresses],
        "to": [[a.display_name, a.addr_spec] for a in mail["To"].addresses],
        "types": [part.get_content_type() for part in parts],
        "text": mail.get_body(("plain",)).get_content(),
        "html": mail.get_body(("html",)).get_content(),
    }))
