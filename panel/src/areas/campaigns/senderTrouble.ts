import type { Schemas } from "@/api/client";

type Domain = Pick<Schemas["SenderDomain"], "domain" | "state" | "campaigns_stop_at">;
type Address = Pick<Schemas["SenderAddress"], "email" | "state">;

/** Why nothing can leave from an address, with what that is about. */
export interface Trouble {
  why: "none" | "unverified" | "unconfirmed" | "elsewhere" | "lost";
  what: string;
}

/** From which domains and addresses mails can leave. */
export const readyOf = (domains: Domain[], addresses: Address[]) => [
  ...domains.filter((one) => one.state === "verified").map((one) => one.domain),
  ...addresses.filter((one) => one.state === "verified").map((one) => one.email),
];

/** What keeps mails from leaving by `email`; while nothing is written, what would keep any. Null: nothing. */
export function troubleOf(email: string, domains: Domain[], addresses: Address[]): Trouble | null {
  const written = email.trim().toLowerCase();
  const host = written.split("@")[1] ?? "";
  const domain = domains.find((one) => one.domain === host);
  const address = addresses.find((one) => one.email.toLowerCase() === written);
  const first = domains[0];
  if (domain?.campaigns_stop_at) return { why: "lost", what: domain.domain };
  if (domain?.state === "verified" || address?.state === "verified") return null;
  if (domain) return { why: "unverified", what: domain.domain };
  if (address) return { why: "unconfirmed", what: address.email };
  if (domains.length + addresses.length === 0) return { why: "none", what: "" };
  if (host) return { why: "elsewhere", what: host };
  if (readyOf(domains, addresses).length > 0) return null;
  return first ? { why: "unverified", what: first.domain } : { why: "unconfirmed", what: addresses[0]?.email ?? "" };
}
