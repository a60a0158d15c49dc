import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";

const PERSONAL = [
  ["first_name", "contacts.firstName"],
  ["last_name", "contacts.lastName"],
  ["city", "contacts.city"],
  ["company", "contacts.company"],
  ["birth_date", "contacts.birthDate"],
] as const;

/** What of a person can be put into a text: `insert` is of `useInsertion`. */
export function Variables({ channel, insert }: { channel: string; insert: (word: string) => void }) {
  const { t } = useTranslation();
  const own = queries.useQuery("get", "/v1/contact-fields", { params: { query: { limit: 1000 } } });
  const names: [string, string][] = [
    ...PERSONAL.map(([name, label]): [string, string] => [name, t(label)]),
    ...(own.data?.items.map((field): [string, string] => [field.key, field.label]) ?? []),
    ...(channel === "email" ? [["unsubscribe_url", t("wizard.unsubscribeLink")] satisfies [string, string]] : []),
  ];
  return (
    <div>
      <Text size="sm" mb={4}>
        {t("wizard.variables")}
      </Text>
      <Group gap={6}>
        {names.map(([name, label]) => (
          <Button key={name} size="compact-xs" variant="default" onClick={() => insert(`{{ ${name} }}`)} title={`{{ ${name} }}`}>
            {label}
          </Button>
        ))}
      </Group>
    </div>
  );
}
