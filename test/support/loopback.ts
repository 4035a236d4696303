/** The only address that tests bind, advertise or dial. */
export const loopback = "127.0.0.1";
