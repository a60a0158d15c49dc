import dayjs from "dayjs";
import timezone from "dayjs/plugin/timezone";
import utc from "dayjs/plugin/utc";

dayjs.extend(utc);
dayjs.extend(timezone);

/** The moment at which the clocks of a zone show this (`2027-03-01 10:00`); none where it is no time. */
export function momentIn(zone: string, clock: string | undefined): string | undefined {
  const moment = clock ? dayjs.tz(clock, zone) : undefined;
  return moment?.isValid() ? moment.toISOString() : undefined;
}
