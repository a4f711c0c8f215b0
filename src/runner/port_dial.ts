/** Whether anything listens on a port of this machine: much cheaper to ask than four HTTP requests. */
import { connect } from 'node:net';

const dialTimeoutMs = 2_000;

/** Never rejects. */
export function isPortOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(dialTimeoutMs, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
