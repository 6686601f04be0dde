"""Before the run: the description is valid OpenAPI 3.1, and there is one of everything to find."""

import json
import os
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

BASE = os.environ["HERALD_URL"] + "/api/v1"


def call(method, path, body=None):
    request = urllib.request.Request(
        BASE + path,
        method=method,
        headers={"Authorization": "Bearer " + os.environ["HERALD_API_KEY"], "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


OpenAPIV31SpecValidator(call("GET", "/openapi.json")).validate()
call("POST", "/webhooks", {"name": "Check", "url": os.environ["HERALD_URL"] + "/", "events": ["PROJECT_CREATED"]})
event = {"event_type": "PROJECT_CREATED", "entity_ids": ["1"], "performed_by": "john@responsive.io"}
assert call("POST", "/events", event)["deliveries"] == 1
project = call("POST", "/projects", {"name": "Check"})
section = call("POST", f"/projects/{project['id']}/sections", {"name": "Check"})
call("POST", f"/sections/{section['id']}/questions", {"question": "Is it so?"})
call("POST", "/answers", {"question": "Is it so?", "answer": "It is."})
call("POST", "/intakes", {"title": "Check"})
