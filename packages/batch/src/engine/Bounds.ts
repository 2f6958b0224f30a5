/**
 * Bounds of the engine, for those who only name them.
 */

/** The most requests that are under way at once. */
export const mostAtOnce = 64
