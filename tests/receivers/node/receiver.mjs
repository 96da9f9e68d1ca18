// Verifies deliveries with the standardwebhooks library of the npm registry.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const secret = process.env.RECEIVER_SECRET;
const webhook = new Webhook(secret);

function verify(body, headers) {
  const event = webhook.verify(body, headers);
  if (process.env.RECEIVER_HEADERS === "standard") return;
  const wanted = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const given = Buffer.from(headers["x-novapulse-signature"] ?? "");
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Error("X-NovaPulse-Signature");
  if (headers["x-novapulse-event"] !== event.type) throw new Error("X-NovaPulse-Event");
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    try {
      verify(Buffer.concat(parts).toString("utf8"), request.headers);
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
