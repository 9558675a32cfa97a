#!/usr/bin/env python3
"""The bill of materials of the worker and the relay, CycloneDX 1.6 JSON, from the lock files alone: the same lock files, the same document.

What is only built, tested or measured with is in it too, with scope "excluded": it is not part of what runs.
"""
import base64
import hashlib
import json
import pathlib
import sys
import uuid

SHIPPED = ("Notifier.Domain", "Notifier.Hosting", "Notifier.Worker", "Notifier.Relay")
BUILD_ONLY = {"Microsoft.CodeAnalysis.BannedApiAnalyzers"}  # PrivateAssets: it is in no output


def component(purl, name, version, shipped, digest, group=None):
    hashes = [{"alg": "SHA-512", "content": base64.b64decode(digest).hex()}] if digest else []
    return {
        "type": "library", "bom-ref": purl, **({"group": group} if group else {}), "name": name, "version": version, "purl": purl,
        "scope": "required" if shipped else "excluded", **({"hashes": hashes} if hashes else {}),
    }


def add(components, found):
    known = components.setdefault(found["purl"], found)
    if found["scope"] == "required":
        known["scope"] = "required"


def nuget(root, components, dependencies):
    for file in sorted(root.glob("Notifier.*/packages.lock.json")):
        for packages in json.loads(file.read_text(encoding="utf-8"))["dependencies"].values():
            resolved = {name.lower(): (name, p["resolved"]) for name, p in packages.items() if p["type"] != "Project"}
            for name, p in packages.items():
                if p["type"] == "Project":
                    continue
                purl = f"pkg:nuget/{name}@{p['resolved']}"
                add(components, component(purl, name, p["resolved"], file.parent.name in SHIPPED and name not in BUILD_ONLY, p.get("contentHash")))
                needs = dependencies.setdefault(purl, set())
                for other in p.get("dependencies", {}):
                    if other.lower() in resolved:
                        needs.add("pkg:nuget/{}@{}".format(*resolved[other.lower()]))


def npm(root, components, dependencies):
    for file in sorted(root.glob("Notifier.*/package-lock.json")):
        for path, p in json.loads(file.read_text(encoding="utf-8"))["packages"].items():
            if not path:
                continue
            full = path.rsplit("node_modules/", 1)[1]
            group, _, name = full.rpartition("/")
            purl = f"pkg:npm/{full.replace('@', '%40')}@{p['version']}"
            digest = p.get("integrity", "").removeprefix("sha512-") if p.get("integrity", "").startswith("sha512-") else None
            add(components, component(purl, name, p["version"], False, digest, group or None))
            dependencies.setdefault(purl, set())


def main():
    root = pathlib.Path(sys.argv[1])
    components, dependencies = {}, {}
    nuget(root, components, dependencies)
    npm(root, components, dependencies)
    ordered = [components[purl] for purl in sorted(components)]
    serial = uuid.UUID(bytes=hashlib.sha256(json.dumps(ordered).encode()).digest()[:16], version=4)
    json.dump({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "notifier", "name": "Notifier", "licenses": [{"license": {"id": "MIT"}}]}},
        "components": ordered,
        "dependencies": [{"ref": purl, "dependsOn": sorted(needs)} for purl, needs in sorted(dependencies.items())],
    }, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
