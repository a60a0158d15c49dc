import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";

const PERSONAL = ["first_name", "last_name", "city", "company", "birth_date"];

/** What of a person can be put into a text: a click puts it at the end. */
export function Variables({ channel, insert }: { channel: "sms" | "email"; insert: (word: string) => void }) {
  const { t } = useTranslation();
  const own = queries.useQuery("get", "/v1/contact-fields", { params: { query: { limit: 1000 } } });
  const names = [...PERSONAL, ...(own.data?.items.map((field) => field.key) ?? []), ...(channel === "email" ? ["unsubscribe_url"] : [])];
  return (
    <div>
      <Text size="sm" mb={4}>
        {t("wizard.variables")}
      </Text>
      <Group gap={6}>
        {names.map((name) => (
          <Button key={name} size="compact-xs" variant="default" onClick={() => insert(`{{ ${name} }}`)}>
            {name}
          </Button>
        ))}
      </Group>
    </div>
  );
}
