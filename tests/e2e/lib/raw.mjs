// HTTP by hand, for what no client library would send.
import { connect } from 'node:net';

// Send pieces (strings, bytes, or a number of ms to wait) and return all that comes until the end,
// as latin1 text.
export async function exchange(port, pieces, ms = 10_000) {
    const socket = connect(port, '127.0.0.1');
    const chunks = [];
    socket.on('data', (d) => chunks.push(d));
    const closed = new Promise((resolve) => {
        socket.on('error', () => {}); // a reset is an end too
        socket.on('close', resolve);
    });
    const timer = setTimeout(() => socket.destroy(new Error('too slow')), ms);
    for (const piece of pieces) {
        if (typeof piece === 'number')
            await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, piece))]);
        else if (socket.writable)
            socket.write(piece, 'latin1');
    }
    await closed;
    clearTimeout(timer);
    return Buffer.concat(chunks).toString('latin1');
}

export const statusOf = (reply) => Number(/^HTTP\/1\.1 (\d+)/.exec(reply)?.[1]);

export function post(path, body, headers = {}) {
    const bytes = Buffer.from(body, 'latin1');
    const lines = Object.entries({ host: 'llmux', connection: 'close',
                                   'content-type': 'application/json',
                                   'content-length': bytes.length, ...headers })
        .filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`);
    return [`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, bytes];
}
