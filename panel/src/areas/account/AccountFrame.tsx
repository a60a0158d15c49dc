import { Tabs } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/areas/session/me";
import { Page } from "@/kit/Page";

const TABS = [
  { name: "account", to: "/app/account", needs: null },
  { name: "users", to: "/app/account/users", needs: "users.manage" },
  { name: "keys", to: "/app/account/keys", needs: "account.keys" },
  { name: "security", to: "/app/account/security", needs: null },
  { name: "webhooks", to: "/app/account/webhooks", needs: "reports.webhooks" },
] as const;

/** The pages of the account, side by side. */
export function AccountFrame({ tab, actions, children }: { tab: (typeof TABS)[number]["name"]; actions?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { allowed } = useMe();
  const shown = TABS.filter((one) => !one.needs || allowed.includes(one.needs));
  return (
    <Page title={t(`account.tabs.${tab}`)} actions={actions}>
      <Tabs value={tab} onChange={(name) => void navigate({ to: TABS.find((one) => one.name === name)?.to ?? "/app/account" })} activateTabWithKeyboard={false}>
        <Tabs.List mb="md">
          {shown.map((one) => (
            <Tabs.Tab key={one.name} value={one.name}>
              {t(`account.tabs.${one.name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>{children}</Tabs.Panel>
      </Tabs>
    </Page>
  );
}
