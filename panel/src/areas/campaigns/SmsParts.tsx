import { Alert, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import { useFormats } from "@/kit/times";

export interface SmsPartsProps {
  text: string;
  replaceDiacritics: boolean;
  shortLinks: boolean;
  audience: Schemas["Audience"];
}

/** What one part holds: alone, and where a text takes several, each of which says which one it is. */
const LETTERS = { gsm: [160, 153], ucs2: [70, 67] };

/** What a text takes and costs, for its audience once there is one; nothing while nothing is written. */
function useCountedParts({ text, replaceDiacritics, shortLinks, audience }: SmsPartsProps) {
  const hasAudience = Boolean(audience.groups?.length || audience.segments?.length || audience.follow_up);
  const [settled] = useDebouncedValue(text, hasAudience ? 1_000 : 250);
  const body = {
    text: settled,
    replace_diacritics: replaceDiacritics,
    short_links: shortLinks,
    ...(hasAudience && { audience }),
  };
  const { data } = useQuery({
    queryKey: ["parts", body],
    queryFn: () => bodyOf(api.POST("/v1/sms/parts", { body })),
    enabled: settled.trim() !== "",
    placeholderData: keepPreviousData,
    retry: false,
  });
  return settled.trim() ? data : undefined;
}

/** How many characters and parts a text takes, which letters make it dear, and what plain ones would save. */
export function SmsParts(props: SmsPartsProps) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const count = useCountedParts(props);
  if (!count) return <Text size="sm">{t("parts.none")}</Text>;
  const { characters, parts, encoding, offenders, replaced, recipients } = count;
  return (
    <div aria-live="polite">
      <Text size="sm">
        {t("parts.count", { count: parts, characters: number(characters) })} · {t("parts.letters", { letters: LETTERS[encoding][parts > 1 ? 1 : 0] })}
      </Text>
      {recipients?.typical && recipients.longest && (
        <Text size="sm">{t("parts.recipients", { typical: recipients.typical.parts, longest: recipients.longest.parts })}</Text>
      )}
      <Prices count={count} />
      {offenders.length > 0 && !props.replaceDiacritics && (
        <Alert color="blue" variant="light" mt="xs" p="xs">
          <Text size="sm">{t("parts.offenders", { letters: offenders.map((one) => one.character).join(" ") })}</Text>
          {replaced && replaced.parts_saved > 0 && <Text size="sm">{t("parts.saved", { count: replaced.parts_saved })}</Text>}
        </Alert>
      )}
    </div>
  );
}

/** What a text costs, alone. */
export function SmsPrices(props: SmsPartsProps) {
  const count = useCountedParts(props);
  return count && <Prices count={count} />;
}

/** What the text costs: of an audience in all where every place of its sample has a price, else by place. Nothing where no price is set. */
function Prices({ count }: { count: Schemas["CountedParts"] }) {
  const { t } = useTranslation();
  const { money, number } = useFormats();
  const { total, reachable } = count.recipients ?? {};
  if (total) {
    const sums = { sum: money(total.estimate), most: money(total.most), people: number(reachable ?? 0) };
    return <Text size="sm">{t(total.most.amount > total.estimate.amount ? "parts.totalAtMost" : "parts.total", sums)}</Text>;
  }
  return (
    <>
      {count.prices.map(({ network, cost }) => (
        <Text key={network} size="sm">
          {t("parts.price", { sum: money(cost), place: network ?? t("parts.everywhere") })}
        </Text>
      ))}
    </>
  );
}
