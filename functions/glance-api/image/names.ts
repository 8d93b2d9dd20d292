/** The one image store's name. */
export const STORE = 's3';
