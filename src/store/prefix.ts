/** The key prefix of an installation: KEYS[1] of every script. Its braces keep all keys in one hash slot of a Cluster. */
export const defaultPrefix = '{inngest}';
