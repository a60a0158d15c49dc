import { Card, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, queries } from "@/api/client";
import { Ask } from "@/areas/senders/Ask";
import { Dmarc } from "@/areas/senders/Dmarc";
import { SenderDomain } from "@/areas/senders/SenderDomain";
import { Answered } from "@/kit/States";

const EVERY = { params: { query: { limit: 100 } } };

/** Domains that mails come from. */
export function SenderDomains() {
  const { t } = useTranslation();
  const domains = queries.useQuery("get", "/v1/sender-domains", EVERY);
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("senders.domains")}
        </Title>
        <Text>{t("senders.domainsHint")}</Text>
        <Answered of={domains}>
          {({ items }) =>
            items.length === 0 ? (
              <Text>{t("senders.noDomains")}</Text>
            ) : (
              <>
                {items.map((one) => (
                  <SenderDomain key={one.id} domain={one} />
                ))}
                <Dmarc domains={items} />
              </>
            )
          }
        </Answered>
        <Ask
          fields={[{ name: "domain", label: t("senders.domain"), hint: t("senders.domainHint") }]}
          seldom={[
            { name: "selector", label: t("senders.selector"), hint: t("senders.selectorHint"), isOptional: true },
            { name: "return_path_label", label: t("senders.returnPath"), hint: t("senders.returnPathHint"), isOptional: true },
            { name: "link_label", label: t("senders.linkLabel"), hint: t("senders.linkLabelHint"), isOptional: true },
          ]}
          button={t("senders.add")}
          send={({ domain = "", ...names }) => api.POST("/v1/sender-domains", { body: { domain, ...names } })}
        />
      </Stack>
    </Card>
  );
}
