"""Verifies mails with dkimpy, an implementation that is not ours: verify_dkim.py FILE KEYS.

KEYS is JSON: by DNS name, the TXT record. Prints a JSON array: for each signature, whether it verifies and the headers it covers.
"""
import json
import re
import sys

import dkim

message = open(sys.argv[1], "rb").read()
records = json.load(open(sys.argv[2]))


def answer(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()


def valid(index):
    try:
        return bool(dkim.DKIM(message, minkey=2048).verify(idx=index, dnsfunc=answer))
    except dkim.ValidationError:
        return False


verifier = dkim.DKIM(message, minkey=2048)
count = len([h for h in verifier.headers if h[0].lower() == b"dkim-signature"])
result = []
for index in range(count):
    fields = verifier.headers[[i for i, h in enumerate(verifier.headers) if h[0].lower() == b"dkim-signature"][index]][1]
    covered = re.search(rb"\bh=([^;]+)", fields).group(1)
    result.append({
        "valid": valid(index),
        "headers": [h.strip().decode().lower() for h in covered.split(b":")],
    })
print(json.dumps(result))
