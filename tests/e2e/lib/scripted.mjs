// Providers whose every byte, and when it comes, a test says.
import { createServer } from 'node:http';

// A provider that does what `script(res, stream)` says; `open` counts calls that run, `cut` those that were given up.
export async function scripted() {
    const p = { script: undefined, asked: 0, open: 0, cut: 0 };
    const server = createServer((req, res) => {
        const chunks = [];
        req.on('data', (d) => chunks.push(d));
        req.on('end', () => {
            const body = JSON.parse(Buffer.concat(chunks));
            p.asked++;
            p.open++;
            res.on('close', () => {
                p.open--;
                p.cut += !res.writableFinished;
            });
            p.script(res, body.stream ?? false, body.model);
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    p.url = `http://127.0.0.1:${server.address().port}/v1`;
    p.stop = async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
    };
    return p;
}
