<?php // Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…
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
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
    if ($key === false || $key === '') {
        return 'WEBHOOK_SECRET is not the signing secret of a webhook';
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    // While a secret is being rotated there are two signatures, with a space between them.
    foreach (explode(' ', $signatures) as $given) {
        if (hash_equals($expected, $given)) {
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
