<?php // Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…, or its public key, whpk_…
declare(strict_types=1);

const PATH = '/webhooks/herald';
const TOLERANCE = 5 * 60; // seconds that a message may be old, or ahead of this clock

/** Why these bytes were not signed with the secret, or not lately; null if they were. */
function why_not(string $id, string $timestamp, string $signatures, string $body, string $secret): ?string
{
    if ($id === '' || !preg_match('/^[0-9]{1,18}$/D', $timestamp)) {
        return 'webhook-id or webhook-timestamp is missing or malformed';
    }
    if (abs(time() - (int) $timestamp) > TOLERANCE) {
        return 'the message is too old, or this clock is wrong';
    }
    $is_public = str_starts_with($secret, 'whpk_'); // of a webhook with asymmetric signing
    $key = base64_decode(preg_replace('/^(whsec|whpk)_/', '', $secret), true);
    if ($key === false || $key === '' || $is_public && strlen($key) !== SODIUM_CRYPTO_SIGN_PUBLICKEYBYTES) {
        return 'WEBHOOK_SECRET is not the signing secret of a webhook';
    }
    $signed = "$id.$timestamp.$body";
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    // While a secret is being rotated there are two signatures, with a space between them.
    foreach (explode(' ', $signatures) as $given) {
        if (!$is_public && hash_equals($expected, $given)) {
            return null;
        }
        $signature = $is_public && str_starts_with($given, 'v1a,') ? base64_decode(substr($given, 4), true) : false;
        if ($signature !== false && strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES
            && sodium_crypto_sign_verify_detached($signature, $signed, $key)) {
            return null;
        }
    }
    return 'no signature matches: another secret, or not the exact body';
}

/** The status to answer with. */
function receive(): int
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST' || explode('?', $_SERVER['REQUEST_URI'])[0] !== PATH) {
        return 404;
    }
    // The raw bytes: JSON that was parsed and written again has another signature.
    $body = file_get_contents('php://input');
    $problem = why_not(
        $_SERVER['HTTP_WEBHOOK_ID'] ?? '',
        $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '',
        $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '',
        $body,
        getenv('WEBHOOK_SECRET') ?: '',
    );
    if ($problem !== null) {
        error_log("refused: $problem");
        return 401;
    }
    $event = json_decode($body, true, 128, JSON_THROW_ON_ERROR);
    // Put it into a queue here, unless its EVENT_ID is known already, and do the work after the answer.
    error_log("{$event['EVENT_TYPE']} {$event['EVENT_ID']}");
    return 204;
}

http_response_code(receive());
