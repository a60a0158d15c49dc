import { queries } from "@/api/client";

/** What rights allow, in the words of the API; by its name a right that the API does not tell of any more. */
export function Rights({ names }: { names: string[] }) {
  const permissions = queries.useQuery("get", "/v1/permissions");
  if (permissions.isPending) return null;
  const words = new Map(permissions.data?.items.map(({ name, summary }) => [name, summary]));
  return (
    <ul style={{ margin: 0, paddingInlineStart: "1.2em" }}>
      {names.map((name) => (
        <li key={name} title={name}>
          {words.get(name) ?? name}
        </li>
      ))}
    </ul>
  );
}
