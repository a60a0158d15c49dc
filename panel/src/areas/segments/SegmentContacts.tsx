import { keepPreviousData } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { type Order, useContactColumns, useOrders } from "@/areas/contacts/ContactList";
import { Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";

/** Whoever fits a segment at this moment, as contacts are listed. */
export function SegmentContacts() {
  const { t } = useTranslation();
  const { segmentId } = useParams({ strict: false }) as { segmentId: string };
  const { search } = useListSearch();
  const path = { segment_id: segmentId };
  const segment = queries.useQuery("get", "/v1/segments/{segment_id}", { params: { path } });
  const query = { limit: 50, sort: search.sort as Order, cursor: search.cursor };
  const contacts = queries.useQuery("get", "/v1/segments/{segment_id}/contacts", { params: { path, query } }, { placeholderData: keepPreviousData });
  const name = segment.data?.name ?? "";
  return (
    <Page title={t("segments.contactsOf", { name })} lead={t("segments.contactsLead")} parent={{ to: `/app/segments/${segmentId}`, label: name || t("segments.title") }}>
      <Filters choices={[useOrders()]} />
      <ListOf label={t("contacts.title")} of={contacts} columns={useContactColumns()} keyOf={(contact) => contact.id} empty={<Empty title={t("segments.nobody")}>{t("segments.nobodyHint")}</Empty>} />
    </Page>
  );
}
