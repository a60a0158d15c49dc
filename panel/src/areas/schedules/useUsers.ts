import { queries } from "@/api/client";
import { useAllowed } from "@/areas/session/me";

const EVERY = { params: { query: { limit: 1000 } } };

/** The account's users; none where this person may not see them. */
export function useUsers() {
  const maySee = useAllowed("users.manage");
  const { data, error } = queries.useQuery("get", "/v1/users", EVERY, { enabled: maySee });
  return { maySee, error, users: data?.items ?? [] };
}
