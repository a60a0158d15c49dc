import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/api/client";
import { type Campaign, isWritten } from "@/areas/campaigns/draft";

/** A person who has everything, for whoever has no contact at hand. */
export const SAMPLE = { first_name: "Łucja", last_name: "Nowak", city: "Gdynia", company: "Sklep Łąka", birth_date: "1990-05-17" };

/** A content as one contact would get it, or an invented person; asked anew when the writer rests. */
export function usePreview(channel: Campaign["channel"], content: Campaign["content"], contactId: string | null) {
  const [settled] = useDebouncedValue(content, 500);
  const body = {
    channel,
    content: settled,
    ...(contactId ? { contact_ids: [contactId] } : { samples: [{ address: "", fields: SAMPLE }] }),
  };
  return useQuery({
    queryKey: ["preview", body],
    queryFn: () => bodyOf(api.POST("/v1/contents/preview", { body: body as never })),
    enabled: isWritten(channel, settled),
    placeholderData: keepPreviousData,
    retry: false,
  });
}
