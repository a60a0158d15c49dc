import { Text } from "@mantine/core";
import { operatorQueries } from "@/api/operator";

const FRESH_MS = 60_000;

/** What an account is called; its id until that is known, and where nobody can tell any more. */
export function AccountName({ id }: { id: string }) {
  const params = { path: { account_id: id } };
  const account = operatorQueries.useQuery("get", "/v1/operator/accounts/{account_id}", { params }, { staleTime: FRESH_MS, retry: false });
  return (
    <Text size="sm" title={id}>
      {account.data?.name ?? id}
    </Text>
  );
}
