// A process of ours: started, read line by line, ended by its id.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { seen } from './canaries.mjs';

const START_MS = 20_000;
const STOP_MS = 20_000;

export const program = process.env.LLMUX ?? new URL('../../../build/llmux', import.meta.url).pathname;

export class Process {
    lines = [];
    errors = '';
    #child;
    #reader;
    #ended;
    #wake = () => {};

    // of: another program than the usual one.
    constructor(args, of = program) {
        this.args = args;
        this.#child = spawn(of, args, { stdio: ['ignore', 'pipe', 'pipe'] });
        this.#child.stderr.on('data', (d) => { this.errors += d; });
        this.#reader = createInterface({ input: this.#child.stdout }).on('line', (line) => {
            this.lines.push(line);
            this.#wake();
        });
        this.#ended = new Promise((resolve) => {
            this.#child.on('close', (code, signal) => {
                this.exit = signal ?? code;
                this.#wake();
                resolve();
            });
        });
    }

    // Read nothing that it writes, and read on.
    pause() {
        this.#reader.pause();
    }

    resume() {
        this.#reader.resume();
    }

    get pid() {
        return this.#child.pid;
    }

    // What `find` makes of the first line for which it gives something, be it old or new.
    async line(find, ms = START_MS) {
        const end = Date.now() + ms;
        for (let i = 0; ;) {
            for (; i < this.lines.length; i++) {
                const found = find(this.lines[i]);
                if (found)
                    return found;
            }
            const left = end - Date.now();
            if (this.exit !== undefined || left <= 0)
                throw new Error(`llmux ${this.args.join(' ')}: ${this.exit !== undefined
                    ? `ended with ${this.exit}` : 'did not say what was expected'}\n${this.errors}`);
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, left);
                this.#wake = () => { clearTimeout(timer); resolve(); };
            });
        }
    }

    // Ask it to end; a crash, a leak report or a refusal to end is an error, and so is a secret in what it has written.
    async stop() {
        if (this.exit === undefined)
            this.#child.kill('SIGTERM');
        const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
        await this.#ended;
        clearTimeout(timer);
        if (this.exit !== 0)
            throw new Error(`llmux ${this.args.join(' ')}: ended with ${this.exit}\n${this.errors}`);
        const leaks = this.args[0] === 'serve' ? seen(`${this.lines.join('\n')}\n${this.errors}`) : [];
        if (leaks.length)
            throw new Error(`llmux ${this.args.join(' ')}: has written ${leaks}`);
    }
}
