// Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…, or its public key, whpk_…
import { createHmac, createPublicKey, timingSafeEqual, verify as verifyEd25519 } from "node:crypto";
import { createServer } from "node:http";

const PATH = "/webhooks/herald";
const TOLERANCE = 5 * 60; // seconds that a message may be old, or ahead of this clock
const SECRET = process.env.WEBHOOK_SECRET ?? "";

/** Throws unless these bytes were signed with the secret, and lately. */
function verify(headers, body, secret) {
  const header = (name) => String(headers[name] ?? "");
  const id = header("webhook-id");
  const timestamp = header("webhook-timestamp");
  if (!id || !/^\d+$/.test(timestamp)) {
    throw new Error("webhook-id or webhook-timestamp is missing or malformed");
  }
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) {
    throw new Error("the message is too old, or this clock is wrong");
  }
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const matches = secret.startsWith("whpk_") ? byKeyPair(secret, signed) : bySecret(secret, signed);
  // While a secret is being rotated there are two signatures, with a space between them.
  if (!header("webhook-signature").split(" ").some(matches)) {
    throw new Error("no signature matches: another secret, or not the exact body");
  }
}

function bySecret(secret, signed) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = Buffer.from(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  return (one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
}

/** Of a webhook with asymmetric signing. */
function byKeyPair(publicKey, signed) {
  // What stands before the key's 32 bytes says that they are one of ed25519.
  const prefix = Buffer.from("302a300506032b6570032100", "hex");
  const bytes = Buffer.from(publicKey.replace(/^whpk_/, ""), "base64");
  const der = Buffer.concat([prefix, bytes]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return (one) => one.startsWith("v1a,") && verifyEd25519(null, signed, key, Buffer.from(one.slice(4), "base64"));
}

/** The status to answer with. */
async function receive(request) {
  // The raw bytes: JSON that was parsed and written again has another signature.
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (request.method !== "POST" || request.url?.split("?")[0] !== PATH) return 404;
  try {
    verify(request.headers, body, SECRET);
  } catch (problem) {
    console.error("refused:", problem);
    return 401;
  }
  const event = JSON.parse(body.toString());
  // Put it into a queue here, unless its EVENT_ID is known already, and do the work after the answer.
  console.log(event.EVENT_TYPE, event.EVENT_ID);
  return 204;
}

if (!SECRET) throw new Error("Set WEBHOOK_SECRET to the signing secret of the webhook.");
const server = createServer(async (request, response) => {
  try {
    response.writeHead(await receive(request)).end();
  } catch (problem) {
    console.error(problem);
    response.writeHead(500).end();
  }
});
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") console.log(`listening on port ${address.port}`);
});
