// Ten operations by openapi-fetch, over the types of openapi-typescript.
import createClient from "openapi-fetch";
import type { paths } from "./api";

declare const process: { env: Record<string, string> };

const { GET, POST, PATCH, DELETE } = createClient<paths>({
  baseUrl: process.env.WICI_URL,
  headers: { Authorization: `Bearer ${process.env.WICI_TOKEN}` },
});
const word = crypto.randomUUID().slice(0, 8);
const email = `ola.${word}@poczta.example`;
const rules = { all: [{ field: "email", op: "eq", value: email }, { field: "city", op: "is_empty" }] };

function found<T>(answer: { data?: T; error?: { code: string }; response: Response }): T {
  if (!answer.response.ok) throw new Error(`${answer.response.url}: ${answer.error?.code}`);
  return answer.data as T;
}

function ensure(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

async function call(): Promise<void> {
  ensure(Boolean(found(await GET("/v1/me")).account_id), "getMe");
  const group = found(await POST("/v1/groups", { body: { name: `Stali ${word}` } }));
  const person = { email, first_name: "Ola", group_ids: [group.id!] };
  const contact_id = found(await POST("/v1/contacts", { body: person })).id!;
  const path = { contact_id };
  found(await PATCH("/v1/contacts/{contact_id}", { params: { path }, body: { last_name: "Nowak" } }));
  ensure(found(await GET("/v1/contacts/{contact_id}", { params: { path } })).last_name === "Nowak", "updateContact");
  const page = found(await GET("/v1/contacts", { params: { query: { group_id: group.id! } } }));
  ensure(page.items?.[0]?.id === contact_id, "listContacts");
  ensure(found(await POST("/v1/segments/count", { body: { rules } })).count === 1, "countSegment");
  const segment_id = found(await POST("/v1/segments", { body: { name: `Ola ${word}`, rules } })).id!;
  const segment = { params: { path: { segment_id } } };
  ensure(found(await GET("/v1/segments/{segment_id}", segment)).rules?.all?.[0]?.value === email, "getSegment");
  ensure(found(await GET("/v1/segments/{segment_id}/contacts", segment)).items?.length === 1, "listSegmentContacts");
  found(await DELETE("/v1/contacts/{contact_id}", { params: { path } }));
  const refused = await GET("/v1/contacts/{contact_id}", { params: { path } });
  ensure(refused.error?.code === "contact.not_found", "a contact that was deleted is found");
}

void call();
