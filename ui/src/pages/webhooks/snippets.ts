// How a receiver checks a signature, in six languages and with what each brings along.
interface Snippet {
  language: string;
  code: string;
}

const javascript = `import { createHmac, timingSafeEqual } from "node:crypto";

// body: the raw bytes of the request, before anything parses them.
export function isGenuine(headers, body, secret, now = Date.now()) {
  const id = headers["webhook-id"];
  const time = headers["webhook-timestamp"];
  if (Math.abs(now / 1000 - Number(time)) > 300) return false;
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const wanted = createHmac("sha256", key).update(\`\${id}.\${time}.\`).update(body).digest();
  return headers["webhook-signature"].split(" ").some((part) => {
    const [version, value] = part.split(",");
    const given = Buffer.from(value ?? "", "base64");
    return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}`;

const python = `import base64, hashlib, hmac, time

def is_genuine(headers, body: bytes, secret: str) -> bool:
    """body: the raw bytes of the request, before anything parses them."""
    message_id, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{sent}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        hmac.compare_digest(part, f"v1,{wanted}")
        for part in headers["webhook-signature"].split(" ")
    )`;

const go = `func IsGenuine(header http.Header, body []byte, secret string) bool {
	id, sent := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(sent, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, sent)
	mac.Write(body)
	wanted := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, part := range strings.Fields(header.Get("webhook-signature")) {
		if hmac.Equal([]byte(part), wanted) {
			return true
		}
	}
	return false
}`;

const ruby = `require "base64"
require "openssl"

# body: the raw bytes of the request, before anything parses them.
def genuine?(headers, body, secret)
  id, sent = headers.values_at("webhook-id", "webhook-timestamp")
  return false if (Time.now.to_i - sent.to_i).abs > 300

  key = Base64.strict_decode64(secret.delete_prefix("whsec_"))
  wanted = "v1," + Base64.strict_encode64(OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{sent}.#{body}"))
  headers["webhook-signature"].split(" ").any? do |part|
    OpenSSL.secure_compare(part, wanted)
  end
end`;

const php = `<?php
// $body: the raw request, as file_get_contents('php://input') gives it.
function isGenuine(array $headers, string $body, string $secret): bool
{
    [$id, $sent] = [$headers['webhook-id'], $headers['webhook-timestamp']];
    if (abs(time() - (int) $sent) > 300) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$sent.$body", $key, true));
    foreach (explode(' ', $headers['webhook-signature']) as $part) {
        if (hash_equals($wanted, $part)) {
            return true;
        }
    }
    return false;
}`;

const java = `static boolean isGenuine(HttpHeaders headers, byte[] body, String secret) throws GeneralSecurityException {
    String id = headers.firstValue("webhook-id").orElseThrow();
    String sent = headers.firstValue("webhook-timestamp").orElseThrow();
    if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(sent)) > 300) return false;
    byte[] key = Base64.getDecoder().decode(secret.substring("whsec_".length()));
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    mac.update((id + "." + sent + ".").getBytes(UTF_8));
    byte[] wanted = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(UTF_8);
    String given = headers.firstValue("webhook-signature").orElse("");
    return Arrays.stream(given.split(" "))
        .anyMatch(part -> MessageDigest.isEqual(part.getBytes(UTF_8), wanted));
}`;

export const SNIPPETS: readonly Snippet[] = [
  { language: "JavaScript", code: javascript },
  { language: "Python", code: python },
  { language: "Go", code: go },
  { language: "Ruby", code: ruby },
  { language: "PHP", code: php },
  { language: "Java", code: java },
];
