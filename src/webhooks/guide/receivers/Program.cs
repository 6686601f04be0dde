// Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…, or its public key, whpk_…
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using NSec.Cryptography;

const string path = "/webhooks/herald";
const long tolerance = 5 * 60; // seconds that a message may be old, or ahead of this clock

var secret = Environment.GetEnvironmentVariable("WEBHOOK_SECRET")
    ?? throw new InvalidOperationException("Set WEBHOOK_SECRET to the signing secret of the webhook.");
var matches = secret.StartsWith("whpk_", StringComparison.Ordinal)
    ? ByKeyPair(Convert.FromBase64String(secret[5..]))
    : BySecret(Convert.FromBase64String(secret.StartsWith("whsec_", StringComparison.Ordinal) ? secret[6..] : secret));
var port = Environment.GetEnvironmentVariable("PORT") ?? "8000";

var app = WebApplication.CreateBuilder(args).Build();
app.Run(async context => context.Response.StatusCode = await Receive(context));
app.Run($"http://127.0.0.1:{port}");

// The status to answer with.
async Task<int> Receive(HttpContext context)
{
    // The path as it was sent: Request.Path has its percent-escapes decoded.
    var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
    if (context.Request.Method != "POST" || target.Split('?')[0] != path)
    {
        return 404;
    }
    // The raw bytes: JSON that was parsed and written again has another signature.
    using var buffer = new MemoryStream();
    await context.Request.Body.CopyToAsync(buffer);
    var body = buffer.ToArray();
    if (WhyNot(context.Request.Headers, body) is { } problem)
    {
        app.Logger.LogWarning("refused: {Problem}", problem);
        return 401;
    }
    using var message = JsonDocument.Parse(body);
    var type = message.RootElement.GetProperty("EVENT_TYPE").GetString();
    var id = message.RootElement.GetProperty("EVENT_ID").GetString();
    // Put it into a queue here, unless its EVENT_ID is known already, and do the work after the answer.
    app.Logger.LogInformation("{Type} {Id}", type, id);
    return 204;
}

// Why these bytes were not signed with the key, or not lately; null if they were.
string? WhyNot(IHeaderDictionary headers, byte[] body)
{
    var id = headers["webhook-id"].ToString();
    var timestamp = headers["webhook-timestamp"].ToString();
    if (id == "" || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var sent))
    {
        return "webhook-id or webhook-timestamp is missing or malformed";
    }
    var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    if (sent < now - tolerance || sent > now + tolerance)
    {
        return "the message is too old, or this clock is wrong";
    }
    byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
    // While a secret is being rotated there are two signatures, with a space between them.
    foreach (var given in headers["webhook-signature"].ToString().Split(' '))
    {
        if (matches(signed, given))
        {
            return null;
        }
    }
    return "no signature matches: another secret, or not the exact body";
}

// What says whether one of the given signatures is the one over these bytes.
static Func<byte[], string, bool> BySecret(byte[] key) => (signed, given) =>
{
    var expected = "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed));
    return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));
};

// Of a webhook with asymmetric signing. .NET 8 and 9 have no ed25519 of their own: this is all that needs NSec.Cryptography.
static Func<byte[], string, bool> ByKeyPair(byte[] key)
{
    var publicKey = PublicKey.Import(SignatureAlgorithm.Ed25519, key, KeyBlobFormat.RawPublicKey);
    return (signed, given) =>
    {
        var signature = new byte[SignatureAlgorithm.Ed25519.SignatureSize];
        return given.StartsWith("v1a,", StringComparison.Ordinal)
            && Convert.TryFromBase64String(given[4..], signature, out var length)
            && length == signature.Length
            && SignatureAlgorithm.Ed25519.Verify(publicKey, signed, signature);
    };
}
