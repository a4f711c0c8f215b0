/** Another port for a developer whose usual one is taken. */

const candidatesMax = 20;
/** The port beside the server's is where SDK workers look for the Connect gateway. */
const gatewayPort = 8289;

/** `wanted` or the next port after it that nothing listens on; null when all candidates are taken. */
export function nextFreePort(host: string, wanted: number): number | null {
  for (let port = wanted; port <= wanted + candidatesMax; port++) {
    if (port !== gatewayPort && isFree(host, port)) return port;
  }
  return null;
}

function isFree(hostname: string, port: number): boolean {
  try {
    Bun.listen({ hostname, port, socket: { data: () => undefined } }).stop(true);
    return true;
  } catch {
    // Taken, or not ours to take; if it is the host that is wrong, starting the server will say so.
    return false;
  }
}
