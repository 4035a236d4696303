/** Facilities of syslog with their numbers (RFC 5424, table 1), by the names that Serf's users configure. */
export const syslogFacilities = {
  KERN: 0,
  USER: 1,
  MAIL: 2,
  DAEMON: 3,
  AUTH: 4,
  SYSLOG: 5,
  LPR: 6,
  NEWS: 7,
  UUCP: 8,
  CRON: 9,
  AUTHPRIV: 10,
  FTP: 11,
  LOCAL0: 16,
  LOCAL1: 17,
  LOCAL2: 18,
  LOCAL3: 19,
  LOCAL4: 20,
  LOCAL5: 21,
  LOCAL6: 22,
  LOCAL7: 23,
} as const;

/** One of the keys of `syslogFacilities`. */
export type SyslogFacility = keyof typeof syslogFacilities;
