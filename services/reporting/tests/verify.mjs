// Verifies the requests on standard input as a customer's Node program does: [{"secret", "headers", "body"}, …].
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Webhook } = createRequire(`${process.argv[2]}/`)("standardwebhooks");
for (const { secret, headers, body } of JSON.parse(readFileSync(0, "utf8"))) {
  let verdict = "verified";
  try {
    new Webhook(secret).verify(body, headers);
  } catch (error) {
    verdict = error.name;
  }
  console.log(verdict);
}
