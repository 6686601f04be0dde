// Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…, or its public key, whpk_…
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final String PATH = "/webhooks/herald";
    /** Seconds that a message may be old, or ahead of this clock. */
    static final long TOLERANCE = 5 * 60;

    /** Says whether one of the given signatures is the one over these bytes. */
    interface Key {
        boolean matches(byte[] signed, String given) throws GeneralSecurityException;
    }

    static Key bySecret(byte[] key) throws GeneralSecurityException {
        SecretKeySpec secret = new SecretKeySpec(key, "HmacSHA256");
        return (signed, given) -> {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(secret);
            String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(signed));
            return MessageDigest.isEqual(utf8(given), utf8(expected));
        };
    }

    /** Of a webhook with asymmetric signing: needs Java 15 or later. */
    static Key byKeyPair(byte[] key) throws GeneralSecurityException {
        // What stands before the 32 bytes of every ed25519 key in the form that Java reads.
        byte[] start = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
        X509EncodedKeySpec encoded = new X509EncodedKeySpec(joined(start, key));
        PublicKey publicKey = KeyFactory.getInstance("Ed25519").generatePublic(encoded);
        return (signed, given) -> {
            if (!given.matches("v1a,[A-Za-z0-9+/]{86}==")) {
                return false;
            }
            Signature signature = Signature.getInstance("Ed25519");
            signature.initVerify(publicKey);
            signature.update(signed);
            return signature.verify(Base64.getDecoder().decode(given.substring(4)));
        };
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** Throws unless these bytes were signed with the key, and lately. */
    static void verify(Headers headers, byte[] body, Key key) throws GeneralSecurityException {
        String id = header(headers, "webhook-id");
        String timestamp = header(headers, "webhook-timestamp");
        if (id.isEmpty() || !timestamp.matches("[0-9]{1,18}")) {
            throw new GeneralSecurityException("webhook-id or webhook-timestamp is missing or malformed");
        }
        if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > TOLERANCE) {
            throw new GeneralSecurityException("the message is too old, or this clock is wrong");
        }
        byte[] signed = joined(utf8(id + "." + timestamp + "."), body);
        // While a secret is being rotated there are two signatures, with a space between them.
        for (String given : header(headers, "webhook-signature").split(" ")) {
            if (key.matches(signed, given)) {
                return;
            }
        }
        throw new GeneralSecurityException("no signature matches: another secret, or not the exact body");
    }

    static String header(Headers headers, String name) {
        String value = headers.getFirst(name);
        return value == null ? "" : value;
    }

    /** The status to answer with. */
    static int receive(HttpExchange exchange, Key key) throws IOException {
        // The raw bytes: JSON that was parsed and written again has another signature.
        byte[] body = exchange.getRequestBody().readAllBytes();
        boolean isOurs = exchange.getRequestURI().getRawPath().equals(PATH);
        if (!isOurs || !exchange.getRequestMethod().equals("POST")) {
            return 404;
        }
        try {
            verify(exchange.getRequestHeaders(), body, key);
        } catch (GeneralSecurityException problem) {
            System.err.println("refused: " + problem.getMessage());
            return 401;
        }
        // Put it into a queue here, unless its EVENT_ID is known already, and do the work after the answer.
        System.out.println(new String(body, StandardCharsets.UTF_8));
        return 204;
    }

    public static void main(String[] arguments) throws IOException, GeneralSecurityException {
        String secret = System.getenv("WEBHOOK_SECRET");
        if (secret == null) {
            throw new IllegalStateException("Set WEBHOOK_SECRET to the signing secret of the webhook.");
        }
        byte[] bytes = Base64.getDecoder().decode(secret.replaceFirst("^wh(sec|pk)_", ""));
        Key key = secret.startsWith("whpk_") ? byKeyPair(bytes) : bySecret(bytes);
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8000"));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/", exchange -> {
            try {
                exchange.sendResponseHeaders(receive(exchange, key), -1);
            } finally {
                exchange.close();
            }
        });
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
        System.out.println("listening on port " + server.getAddress().getPort());
    }
}
