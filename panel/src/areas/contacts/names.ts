import type { Schemas } from "@/api/client";

/** What a person is called: the name, else an address. */
export function nameOf(contact: Pick<Schemas["Contact"], "first_name" | "last_name" | "email" | "phone" | "external_id">): string {
  const name = [contact.first_name, contact.last_name].filter(Boolean).join(" ");
  return name || contact.email || contact.phone || contact.external_id || "–";
}

/** The fields that every contact has and a file may bring, with what they are called. */
export const FIELDS = {
  phone: "contacts.phone", email: "contacts.email", first_name: "contacts.firstName", last_name: "contacts.lastName",
  company: "contacts.company", city: "contacts.city", birth_date: "contacts.birthDate", external_id: "contacts.externalId",
} as const;
