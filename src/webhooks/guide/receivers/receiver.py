# Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…, or its public key, whpk_…
import base64
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = "/webhooks/herald"
SECRET = os.environ["WEBHOOK_SECRET"]
TOLERANCE = 5 * 60  # seconds that a message may be old, or ahead of this clock


def verify(headers, body, secret):
    """Raises ValueError unless these bytes were signed with the secret, and lately."""
    event_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not event_id or not timestamp.isdecimal():
        raise ValueError("webhook-id or webhook-timestamp is missing or malformed")
    if abs(time.time() - int(timestamp)) > TOLERANCE:
        raise ValueError("the message is too old, or this clock is wrong")
    signed = f"{event_id}.{timestamp}.".encode() + body
    matches = by_key_pair if secret.startswith("whpk_") else by_secret
    # While a secret is being rotated there are two signatures, with a space between them.
    given = headers.get("webhook-signature", "").encode().split()
    if not any(matches(secret, signed, one) for one in given):
        raise ValueError("no signature matches: another secret, or not the exact body")


def by_secret(secret, signed, given):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    return hmac.compare_digest(given, expected)


def by_key_pair(public_key, signed, given):
    """Of a webhook with asymmetric signing: needs the package cryptography."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    try:
        mark, signature = given.split(b",", 1)
        key.verify(base64.b64decode(signature, validate=True), signed)
        return mark == b"v1a"
    except (ValueError, InvalidSignature):
        return False


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        # The raw bytes: JSON that was parsed and written again has another signature.
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(self.receive(body))
        self.end_headers()

    def receive(self, body):
        if self.path.split("?")[0] != PATH:
            return 404
        try:
            verify(self.headers, body, SECRET)
        except ValueError as problem:
            self.log_error("refused: %s", problem)
            return 401
        event = json.loads(body)
        # Put it into a queue here, unless its EVENT_ID is known already, and do the work after the answer.
        print(event["EVENT_TYPE"], event["EVENT_ID"], flush=True)
        return 204


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 8000))), Receiver)
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()
