import { ActionIcon } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

const menu = () => import("@/shell/PersonMenu");
const PersonMenu = lazy(menu);

/** Who one is; the menu behind it is fetched when somebody goes for it. */
export function Person({ login, account }: { login: string; account: string }) {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState(false);
  const button = (
    <ActionIcon
      variant="filled"
      radius="xl"
      size="lg"
      aria-label={t("shell.person", { login })}
      aria-haspopup="menu"
      aria-expanded={false}
      onMouseEnter={() => void menu()}
      onFocus={() => void menu()}
      onClick={() => setWanted(true)}
    >
      <span aria-hidden>{login.slice(0, 1).toUpperCase()}</span>
    </ActionIcon>
  );
  return wanted ? (
    <Suspense fallback={button}>
      <PersonMenu login={login} account={account} />
    </Suspense>
  ) : (
    button
  );
}
