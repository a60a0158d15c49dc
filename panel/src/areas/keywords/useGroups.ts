import { queries } from "@/api/client";
import { useAllowed } from "@/areas/session/me";

const EVERY = { params: { query: { limit: 1000 } } };

/** The account's groups as choices; none where this person may not see them. */
export function useGroups() {
  const maySee = useAllowed("contacts.read");
  const { data, error } = queries.useQuery("get", "/v1/groups", EVERY, { enabled: maySee });
  return { maySee, error, groups: data?.items.map((one) => ({ value: one.id, label: one.name })) ?? [] };
}
