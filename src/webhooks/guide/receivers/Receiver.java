// Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final String PATH = "/webhooks/herald";
    /** Seconds that a message may be old, or ahead of this clock. */
    static final long TOLERANCE = 5 * 60;

    /** Throws unless these bytes were signed with the key, and lately. */
    static void verify(Headers headers, byte[] body, byte[] key) throws GeneralSecurityException {
        String id = header(headers, "webhook-id");
        String timestamp = header(headers, "webhook-timestamp");
        if (id.isEmpty() || !timestamp.matches("[0-9]{1,18}")) {
            throw new GeneralSecurityException("webhook-id or webhook-timestamp is missing or malformed");
        }
        if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > TOLERANCE) {
            throw new GeneralSecurityException("the message is too old, or this clock is wrong");
        }
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        String signature = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        byte[] expected = signature.getBytes(StandardCharsets.UTF_8);
        // While a secret is being rotated there are two signatures, with a space between them.
        for (String given : header(headers, "webhook-signature").split(" ")) {
            if (MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), expected)) {
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
    static int receive(HttpExchange exchange, byte[] key) throws IOException {
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

    public static void main(String[] arguments) throws IOException {
        String secret = System.getenv("WEBHOOK_SECRET");
        if (secret == null) {
            throw new IllegalStateException("Set WEBHOOK_SECRET to the signing secret of the webhook.");
        }
        byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8000"));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                exchange.sendResponseHeaders(receive(exchange, key), -1);
            }
        });
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
        System.out.println("listening on port " + server.getAddress().getPort());
    }
}
