# Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…, or its public key, whpk_…
require "json"
require "openssl"
require "rack"

PATH = "/webhooks/herald"
SECRET = ENV.fetch("WEBHOOK_SECRET")
TOLERANCE = 5 * 60 # seconds that a message may be old, or ahead of this clock

# What says whether one of the given signatures is the one over these bytes.
MATCHES =
  if SECRET.start_with?("whpk_")
    # Of a webhook with asymmetric signing: needs Ruby 3.1 or later. The hex digits stand before the 32 bytes of every
    # ed25519 key in the form that OpenSSL reads.
    key = OpenSSL::PKey.read(["302a300506032b6570032100"].pack("H*") + SECRET.delete_prefix("whpk_").unpack1("m0"))
    ->(signed, given) { given.match?(%r{\Av1a,[A-Za-z0-9+/]{86}==\z}) && key.verify(nil, given[4..].unpack1("m0"), signed) }
  else
    key = SECRET.delete_prefix("whsec_").unpack1("m0")
    ->(signed, given) { Rack::Utils.secure_compare(given, "v1," + [OpenSSL::HMAC.digest("SHA256", key, signed)].pack("m0")) }
  end

class Refused < StandardError; end

# Raises Refused unless these bytes were signed with the key, and lately.
def verify(id, timestamp, signatures, body)
  unless !id.empty? && timestamp.match?(/\A[0-9]+\z/)
    raise Refused, "webhook-id or webhook-timestamp is missing or malformed"
  end
  raise Refused, "the message is too old, or this clock is wrong" if (Time.now.to_i - timestamp.to_i).abs > TOLERANCE

  signed = "#{id}.#{timestamp}.".b + body
  # While a secret is being rotated there are two signatures, with a space between them.
  return if signatures.split.any? { |given| MATCHES.call(signed, given) }

  raise Refused, "no signature matches: another secret, or not the exact body"
end

# The status to answer with.
def receive(request)
  return 404 unless request.post? && request.path == PATH

  # The raw bytes: JSON that was parsed and written again has another signature.
  body = request.body.read.b
  headers = %w[HTTP_WEBHOOK_ID HTTP_WEBHOOK_TIMESTAMP HTTP_WEBHOOK_SIGNATURE].map { |name| request.get_header(name).to_s }
  verify(*headers, body)
  event = JSON.parse(body)
  # Put it into a queue here, unless its EVENT_ID is known already, and do the work after the answer.
  puts "#{event["EVENT_TYPE"]} #{event["EVENT_ID"]}"
  204
rescue Refused => problem
  warn "refused: #{problem.message}"
  401
end

run ->(env) { [receive(Rack::Request.new(env)), {}, []] }
