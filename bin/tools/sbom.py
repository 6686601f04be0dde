"""Writes the bill of materials (CycloneDX 1.5, JSON) of a built program.

What cargo resolved for this platform, without what only tests and builds of tests need: each crate with its version, licence and
the digest under which the registry has it, and which one needs which. Build scripts and macros are in it: they ran to make the
program. The same inputs make the same bytes; SOURCE_DATE_EPOCH, or the time of the commit, is its date.

    sbom.py METADATA PROGRAM CARGO_LOCK
"""

import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid


def main(metadata_file, program_file, lock_file):
    with open(metadata_file, encoding="utf-8") as file:
        metadata = json.load(file)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    needs = reach(root, nodes)
    digests = locked(lock_file)

    components = sorted((component(packages[id], digests) for id in needs if id != root), key=lambda c: c["bom-ref"])
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": date(),
            "component": component(packages[root], digests)
            | {"type": "application", "hashes": [{"alg": "SHA-256", "content": digest(program_file)}]},
        },
        "components": components,
        "dependencies": sorted(
            ({"ref": reference(packages[id]), "dependsOn": sorted(reference(packages[on]) for on in on_what)}
             for id, on_what in needs.items()),
            key=lambda d: d["ref"],
        ),
    }
    content = json.dumps(document, sort_keys=True)
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    json.dump(document, sys.stdout, indent=2, sort_keys=True)
    print()


def reach(root, nodes):
    """What is needed to build `root`, and by whom: for the program and its build scripts, not for tests."""
    needs, open_ids = {}, [root]
    while open_ids:
        id = open_ids.pop()
        if id in needs:
            continue
        on = {d["pkg"] for d in nodes[id]["deps"] if any(kind["kind"] in (None, "build") for kind in d["dep_kinds"])}
        needs[id] = on
        open_ids.extend(on)
    return needs


def component(package, digests):
    name, version = package["name"], package["version"]
    found = {
        "type": "library",
        "bom-ref": reference(package),
        "name": name,
        "version": version,
        "purl": reference(package),
    }
    if package.get("license"):
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package.get("description"):
        found["description"] = " ".join(package["description"].split())
    if package.get("repository"):
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    if (name, version) in digests:
        found["hashes"] = [{"alg": "SHA-256", "content": digests[name, version]}]
    return found


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def locked(lock_file):
    """Digests by name and version."""
    with open(lock_file, encoding="utf-8") as file:
        text = file.read()
    entry = re.compile(r'name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([0-9a-f]{64})"')
    return {(name, version): checksum for name, version, checksum in entry.findall(text)}


def digest(file):
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def date():
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or subprocess.run(
        ["git", "log", "-1", "--format=%ct"], capture_output=True, text=True, check=True
    ).stdout
    return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


main(*sys.argv[1:])
