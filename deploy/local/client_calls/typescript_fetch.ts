// Ten operations by openapi-generator's `typescript-fetch` client.
import { Configuration, ContactsApi, GroupsApi, MeApi, ResponseError, SegmentsApi } from "./typescript-fetch/index";

declare const process: { env: Record<string, string> };

const settings = new Configuration({ basePath: process.env.WICI_URL, accessToken: process.env.WICI_TOKEN });
const [contacts, groups, segments] = [new ContactsApi(settings), new GroupsApi(settings), new SegmentsApi(settings)];
const word = crypto.randomUUID().slice(0, 8);
const email = `ola.${word}@poczta.example`;
const rules = { all: [{ field: "email", op: "eq", value: email }, { field: "city", op: "is_empty" }] };

function ensure(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

async function call(): Promise<void> {
  ensure(Boolean((await new MeApi(settings).getMe()).accountId), "getMe");
  const group = await groups.createGroup({ groupCreate: { name: `Stali ${word}` } });
  const ola = await contacts.createContact({ contactCreate: { email, firstName: "Ola", groupIds: [group.id!] } });
  await contacts.updateContact({ contactId: ola.id!, contactUpdate: { lastName: "Nowak" } });
  ensure((await contacts.getContact({ contactId: ola.id! })).lastName === "Nowak", "updateContact");
  ensure((await contacts.listContacts({ groupId: group.id! })).items?.[0]?.id === ola.id, "listContacts");
  ensure((await segments.countSegment({ segmentRules: { rules } })).count === 1, "countSegment");
  const segment = await segments.createSegment({ segmentCreate: { name: `Ola ${word}`, rules } });
  const shown = await segments.getSegment({ segmentId: segment.id! });
  ensure(shown.rules?.all?.[0]?.value === email, "getSegment");
  ensure((await segments.listSegmentContacts({ segmentId: segment.id! })).items?.length === 1, "listSegmentContacts");
  await contacts.deleteContact({ contactId: ola.id! });
  const refused = await contacts.getContact({ contactId: ola.id! }).catch((error: ResponseError) => error);
  ensure(refused instanceof ResponseError && refused.response.status === 404, "a contact that was deleted is found");
}

void call();
