import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { operatorQueries } from "@/api/operator";

const FRESH_MS = 60_000;

function useAccountName(id: string): string | undefined {
  const params = { path: { account_id: id } };
  return operatorQueries.useQuery("get", "/v1/operator/accounts/{account_id}", { params }, { staleTime: FRESH_MS, retry: false }).data?.name;
}

/** What an account is called; its id until that is known, and where nobody can tell any more. */
export function AccountName({ id }: { id: string }) {
  const name = useAccountName(id);
  return (
    <Text size="sm" title={id}>
      {name ?? id}
    </Text>
  );
}

/** The same, leading to the account once its name is known. */
export function AccountLink({ id }: { id: string }) {
  const name = useAccountName(id);
  if (!name) return <AccountName id={id} />;
  return (
    <Anchor component={Link} to="/app/operator/accounts" search={{ q: name } as never} underline="always" size="sm" title={id}>
      {name}
    </Anchor>
  );
}
