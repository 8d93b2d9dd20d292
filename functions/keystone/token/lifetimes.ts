/** Seconds, as Keystone's [token] options. */
export const TOKEN_S = 3600;
/** Services' own tokens: minted anew when half of this is left. */
export const SERVICE_TOKEN_S = 12 * 3600;
/** How long after its end a service may still ask about a token (allow_expired_window). */
export const ALLOW_EXPIRED_WINDOW_S = 48 * 3600;
