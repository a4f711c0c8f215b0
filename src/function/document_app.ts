/** The app that functions declared in documents belong to: registered by the server itself, never polled. */

/** Its name, and what the slugs of its functions begin with. */
export const documentApp = 'cue';
