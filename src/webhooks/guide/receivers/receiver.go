// Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…, or its public key, whpk_…
package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const path = "/webhooks/herald"

// How old a message may be, or how far ahead of this clock.
const tolerance = 5 * time.Minute

// verify says why these bytes were not signed with the key, or not lately.
func verify(header http.Header, body []byte, matches func(signed []byte, given string) bool) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return errors.New("webhook-id or webhook-timestamp is missing or malformed")
	}
	if age := time.Since(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return errors.New("the message is too old, or this clock is wrong")
	}
	signed := append([]byte(id+"."+timestamp+"."), body...)
	// While a secret is being rotated there are two signatures, with a space between them.
	for _, given := range strings.Fields(header.Get("webhook-signature")) {
		if matches(signed, given) {
			return nil
		}
	}
	return errors.New("no signature matches: another secret, or not the exact body")
}

func bySecret(key []byte) func([]byte, string) bool {
	return func(signed []byte, given string) bool {
		mac := hmac.New(sha256.New, key)
		mac.Write(signed)
		expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		return hmac.Equal([]byte(given), []byte(expected))
	}
}

// byKeyPair is for a webhook with asymmetric signing.
func byKeyPair(key ed25519.PublicKey) func([]byte, string) bool {
	return func(signed []byte, given string) bool {
		signature, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(given, "v1a,"))
		return err == nil && strings.HasPrefix(given, "v1a,") && ed25519.Verify(key, signed, signature)
	}
}

func receive(matches func([]byte, string) bool) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodPost || request.URL.EscapedPath() != path {
			response.WriteHeader(http.StatusNotFound)
			return
		}
		// The raw bytes: JSON that was parsed and written again has another signature.
		body, err := io.ReadAll(request.Body)
		if err != nil {
			response.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := verify(request.Header, body, matches); err != nil {
			log.Println("refused:", err)
			response.WriteHeader(http.StatusUnauthorized)
			return
		}
		var event struct {
			ID   string `json:"EVENT_ID"`
			Type string `json:"EVENT_TYPE"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			response.WriteHeader(http.StatusBadRequest)
			return
		}
		// Put it into a queue here, unless its EVENT_ID is known already, and do the work after the answer.
		log.Println(event.Type, event.ID)
		response.WriteHeader(http.StatusNoContent)
	}
}

func main() {
	secret := os.Getenv("WEBHOOK_SECRET")
	isPublic := strings.HasPrefix(secret, "whpk_")
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimPrefix(secret, "whsec_"), "whpk_"))
	if secret == "" || err != nil || isPublic && len(key) != ed25519.PublicKeySize {
		log.Fatal("Set WEBHOOK_SECRET to the signing secret of the webhook.")
	}
	matches := bySecret(key)
	if isPublic {
		matches = byKeyPair(key)
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8000"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Println("listening on", listener.Addr())
	log.Fatal(http.Serve(listener, receive(matches)))
}
