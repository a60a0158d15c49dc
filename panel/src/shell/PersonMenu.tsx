import "@/mantineRest.css";
import { ActionIcon, Menu, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import * as session from "@/api/session";

/** What a person does with their own log-in; open from the start, for it was asked for. */
export default function PersonMenu({ login, account }: { login: string; account: string }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end" defaultOpened>
      <Menu.Target>
        <ActionIcon variant="filled" radius="xl" size="lg" aria-label={t("shell.person", { login })}>
          <span aria-hidden>{login.slice(0, 1).toUpperCase()}</span>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)">
            {login}
          </Text>
          <Text size="sm" c="var(--mantine-color-text)">
            {account}
          </Text>
        </Menu.Label>
        <Menu.Item component={Link} to="/app/account/profile">
          {t("account.tabs.profile")}
        </Menu.Item>
        <Menu.Item component={Link} to="/app/account/security">
          {t("shell.security")}
        </Menu.Item>
        <Menu.Item onClick={() => void session.logOut()}>{t("shell.logOut")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
