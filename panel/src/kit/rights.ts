import { queries } from "@/api/client";

/** What a right allows, in the words of the API; null of one that the API does not tell of (any more, or yet). */
export function useRightWords() {
  const permissions = queries.useQuery("get", "/v1/permissions");
  return (name: string) => permissions.data?.items.find((one) => one.name === name)?.summary ?? null;
}
