import type { Schemas } from "@/api/client";

/** What a person is called: the name, else an address. */
export function nameOf(contact: Pick<Schemas["Contact"], "first_name" | "last_name" | "email" | "phone" | "external_id">): string {
  const name = [contact.first_name, contact.last_name].filter(Boolean).join(" ");
  return name || contact.email || contact.phone || contact.external_id || "–";
}
