"""What a description in OpenAPI cannot say: times that have not come yet, keys that are used once, cursors that must have
been given out, names that must differ, and whom to call."""

import datetime
import os
import uuid

import schemathesis
from hypothesis import strategies as st

# Publishing refuses times that lie ahead.
PAST = st.datetimes(min_value=datetime.datetime(1970, 1, 2), max_value=datetime.datetime(2026, 1, 1))
schemathesis.openapi.format("date-time", PAST.map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")))

# The cursors that lists have answered.
CURSORS = set()


@schemathesis.hook
def before_call(context, case, kwargs):
    # Whatever host was invented, nobody out there is called: webhooks lead to the server itself.
    if isinstance(case.body, dict) and is_url(case.body.get("url")):
        case.body["url"] = f"{os.environ['HERALD_URL']}/{uuid.uuid4().hex}"
    if case.meta is None or case.meta.generation.mode.is_positive:
        put_in_order(case)


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code == 200 and response.headers.get("content-type") == ["application/json"]:
        answer = response.json()
        if isinstance(answer, dict) and isinstance(answer.get("next_cursor"), str):
            CURSORS.add(answer["next_cursor"])


def put_in_order(case):
    """Makes a request that the description allows one that the rules allow, too."""
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.headers:
        # Nothing here remembers what was seen; the versions of things have tests of their own.
        case.headers.pop("If-Match", None)
    if case.query and case.query.get("cursor") not in CURSORS:
        case.query.pop("cursor", None)
    if isinstance(case.body, dict) and is_to_come(case.body.get("since")):
        case.body["since"] = "2020-01-01T00:00:00Z"
    if isinstance(case.body, dict) and not is_period(case.body.get("since"), case.body.get("until")):
        case.body.pop("until")
    if isinstance(case.body, dict) and isinstance(case.body.get("headers"), list):
        for number, header in enumerate(case.body["headers"]):
            header["name"] = f"X-{number}"
            # The one webhook that is changed here has no headers whose values it could keep.
            header["value"] = header.get("value") or "value"


def is_to_come(since):
    """Whether that is a time that lies ahead: other answers have such, from which a request is made."""
    return isinstance(since, str) and datetime.datetime.fromisoformat(since) > datetime.datetime.now(datetime.UTC)


def is_period(since, until):
    """Whether the one comes before the other; true where one of them is missing."""
    if not isinstance(since, str) or not isinstance(until, str):
        return True
    return datetime.datetime.fromisoformat(since) < datetime.datetime.fromisoformat(until)


def is_url(value):
    return isinstance(value, str) and value.strip().lower().startswith(("http:", "https:"))
